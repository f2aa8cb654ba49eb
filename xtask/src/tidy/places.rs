//! The places of a page that a link may lead to: its headings, and the anchors that it names.

use std::collections::BTreeSet;

/// The names of all places of a page, as links call them behind a `#`.
pub(crate) fn of(text: &str) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        if let Some(heading) = heading(line) {
            places.insert(called(heading));
        }
        let anchors = line.split("<a id=\"").skip(1);
        places.extend(anchors.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    places
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let depth = line.len() - rest.len();
    rest.strip_prefix(' ').filter(|_| (1..=6).contains(&depth))
}

/// Small letters, a hyphen for each space, and no other sign than hyphens and underscores.
fn called(heading: &str) -> String {
    let letter = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter),
        _ => None,
    };
    heading.trim().chars().filter_map(letter).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_anchors_are_places() {
        let text =
            "# Keys, and `jeton key`\ntext # none\n```\n# no heading\n```\n| <a id=\"cut-off\"></a>cut-off | what |\n### A_b  c\n#none";
        assert_eq!(of(text).into_iter().collect::<Vec<_>>(), ["a_b--c", "cut-off", "keys-and-jeton-key"]);
    }
}
