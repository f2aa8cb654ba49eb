//! Text in lines that a terminal does not break by itself.

/// Lines of at most so many characters, broken between words. What stands between backticks is a word where a line has room for it: a command
/// that is copied stays whole. A word that is too long for a line stands alone and is left whole.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text, room) {
        let Some(line) = lines.last_mut() else { break };
        let is_first = line.is_empty();
        if is_first || line.chars().count() + 1 + word.chars().count() <= room {
            if !is_first {
                line.push(' ');
            }
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// Each line of a text in lines of at most so many characters; what goes on is as far in as what it goes on from, behind an arrow too.
pub(crate) fn fold(text: &str, width: usize) -> String {
    let folded = text.split('\n').map(|line| {
        // What has colours is a table, which fits already.
        if line.chars().count() <= width || line.contains('\u{1b}') {
            return line.to_owned();
        }
        let begin = line.chars().take_while(|letter| matches!(letter, ' ' | '→')).count();
        let (mark, rest): (String, String) = (line.chars().take(begin).collect(), line.chars().skip(begin).collect());
        let indent = " ".repeat(begin);
        let room = width.saturating_sub(begin).max(NARROWEST);
        let lines = if rest.starts_with("jeton ") || rest.starts_with("JETON_") { shell(&rest, room) } else { wrap(&rest, room) };
        let lines = lines.iter().enumerate().map(|(place, line)| format!("{}{line}", if place == 0 { &mark } else { &indent }));
        lines.collect::<Vec<_>>().join("\n")
    });
    folded.collect::<Vec<_>>().join("\n")
}

/// The lines of a command, each but the last ended so that a shell reads on: it can be copied as it stands.
pub(crate) fn shell(command: &str, room: usize) -> Vec<String> {
    const INDENT: &str = "    ";
    let lines = wrap(command, room.saturating_sub(INDENT.len() + 2).max(NARROWEST));
    let last = lines.len().saturating_sub(1);
    let shown = lines.iter().enumerate().map(|(place, line)| {
        let (indent, more) = (if place == 0 { "" } else { INDENT }, if place == last { "" } else { " \\" });
        format!("{indent}{line}{more}")
    });
    if command.chars().count() <= room { vec![command.to_owned()] } else { shown.collect() }
}

/// Narrower than this nobody can read.
const NARROWEST: usize = 20;

/// The words of a text, those between backticks taken together.
fn words(text: &str, room: usize) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut is_open = false;
    for word in text.split(' ') {
        match words.last_mut().filter(|last| is_open && last.chars().count() + 1 + word.chars().count() <= room) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
        is_open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stay_whole_where_there_is_room() {
        for (text, expected) in [
            ("run `jeton key show KEY`, then go on", "run\n`jeton key show KEY`,\nthen go on"),
            ("an `open one", "an `open one"),
            ("`a command that is far too long for it`", "`a command that is far\ntoo long for it`"),
            ("awordthatisfartoolongforaline and more", "awordthatisfartoolongforaline\nand more"),
            ("", ""),
        ] {
            assert_eq!(wrap(text, 22).join("\n"), expected);
        }
    }

    #[test]
    fn what_goes_on_is_as_far_in() {
        let failure = "jeton: the key is not accepted any more\n  → rotate it with `jeton key rotate KEY` first\n";
        assert_eq!(
            fold(failure, 30),
            "jeton: the key is not accepted\nany more\n  → rotate it with\n    `jeton key rotate KEY`\n    first\n"
        );
        assert_eq!(fold(failure, 80), failure);
        assert_eq!(
            fold("Make one:\n  jeton key create --owner external:acme --audience URI\n", 40),
            "Make one:\n  jeton key create --owner \\\n      external:acme --audience URI\n"
        );
    }
}
