//! Tables: aligned columns, two spaces between them, no lines.

use anstyle::{AnsiColor, Style};

use super::text::shown;
use super::view::View;

const HEADER: Style = Style::new().bold();
const GAP: usize = 2;
/// No column is made narrower than this.
const NARROWEST: usize = 8;

/// How a cell stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As the rest.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// To be looked at.
    Warning,
    /// Over, refused, broken.
    Bad,
    /// Less important.
    Faint,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    is_number: bool,
    shrinks: Shrinks,
}

/// When a column gives way, where the line is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shrinks {
    Never,
    Below,
    Then,
}

/// One cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Column {
    /// A column that is as wide as it needs to be: names and ids that people copy.
    pub(crate) const fn whole(name: &'static str) -> Column {
        Column { name, is_number: false, shrinks: Shrinks::Never }
    }

    /// A column that gives way where the line is too long.
    pub(crate) const fn flexible(name: &'static str) -> Column {
        Column { name, is_number: false, shrinks: Shrinks::Then }
    }

    /// A column that stands on a line of its own below the others where the line is too long: an id beside a name, which people copy whole.
    pub(crate) const fn beside(name: &'static str) -> Column {
        Column { name, is_number: false, shrinks: Shrinks::Below }
    }

    /// A column of numbers.
    pub(crate) const fn number(name: &'static str) -> Column {
        Column { name, is_number: true, shrinks: Shrinks::Never }
    }

    /// Whether it stands in the line, where not all may fit.
    fn is_beside(&self, is_one_line: bool) -> bool {
        is_one_line || self.shrinks != Shrinks::Below
    }
}

impl Cell {
    /// A cell that stands out so.
    pub(crate) fn toned(text: impl AsRef<str>, tone: Tone) -> Cell {
        Cell { text: shown(text.as_ref()), tone }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::toned(text, Tone::Plain)
    }
}

impl Tone {
    /// The tone of how a thing stands.
    pub(crate) fn of_standing(standing: &str) -> Tone {
        match standing {
            "active" | "current" | "live" => Tone::Good,
            "suspended" | "next" => Tone::Warning,
            "revoked" => Tone::Bad,
            "expired" | "retired" | "ended" => Tone::Faint,
            _ => Tone::Plain,
        }
    }

    /// Its style on a terminal.
    pub(crate) fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Faint => Style::new().dimmed(),
        }
    }
}

/// The table as text, each line ended.
pub(crate) fn table<const N: usize>(columns: [Column; N], rows: &[[Cell; N]], view: &View) -> String {
    let mut widths = columns.map(|column| column.name.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    let is_one_line = needed(&columns, &widths, true) <= view.width;
    shrink(&columns, &mut widths, view.width, is_one_line);
    let header = columns.map(|column| Cell { text: column.name.to_uppercase(), tone: Tone::Plain });
    let mut text = lines(&columns, &header, &widths, (Some(HEADER), is_one_line));
    for row in rows {
        text.push_str(&lines(&columns, row, &widths, (None, is_one_line)));
    }
    text
}

/// How wide a line is; `is_one_line`: with what may stand below.
fn needed<const N: usize>(columns: &[Column; N], widths: &[usize; N], is_one_line: bool) -> usize {
    let beside: Vec<usize> =
        columns.iter().zip(widths).filter(|(column, _)| column.is_beside(is_one_line)).map(|(_, width)| *width).collect();
    beside.iter().sum::<usize>() + GAP * beside.len().saturating_sub(1)
}

/// Takes from the widest column that may give way, until the line fits or none can.
fn shrink<const N: usize>(columns: &[Column; N], widths: &mut [usize; N], line_width: usize, is_one_line: bool) {
    while needed(columns, widths, is_one_line) > line_width {
        let widest = columns.iter().zip(widths.iter_mut()).filter(|(column, width)| column.shrinks == Shrinks::Then && **width > NARROWEST);
        match widest.max_by_key(|(_, width)| **width) {
            Some((_, width)) => *width -= 1,
            None => break,
        }
    }
}

/// A row: its line, and what stands below it.
fn lines<const N: usize>(
    columns: &[Column; N],
    cells: &[Cell; N],
    widths: &[usize; N],
    (style, is_one_line): (Option<Style>, bool),
) -> String {
    let beside = columns.iter().zip(cells).zip(widths).filter(|((column, _), _)| column.is_beside(is_one_line));
    let mut text = line(beside.map(|((column, cell), width)| (column, cell, *width)), style);
    for (_, cell) in columns.iter().zip(cells).filter(|(column, _)| !column.is_beside(is_one_line)) {
        text.push_str(&format!("  {}\n", styled(&cell.text, style.unwrap_or_else(|| cell.tone.style()))));
    }
    text
}

fn line<'a>(cells: impl Iterator<Item = (&'a Column, &'a Cell, usize)>, style: Option<Style>) -> String {
    let mut line = String::new();
    for (place, (column, cell, width)) in cells.enumerate() {
        if place > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        let text = cut(&cell.text, width);
        let padding = " ".repeat(width - text.chars().count());
        let text = styled(&text, style.unwrap_or_else(|| cell.tone.style()));
        if column.is_number {
            line.push_str(&padding);
            line.push_str(&text);
        } else {
            line.push_str(&text);
            line.push_str(&padding);
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

fn styled(text: &str, style: Style) -> String {
    if style == Style::new() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}

/// The text, or as much of it as fits and an ellipsis.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(width: usize) -> String {
        let columns = [Column::whole("name"), Column::flexible("what it is for"), Column::number("uses")];
        let rows = [
            [Cell::from("worker"), Cell::from("takes orders from the queue and bills them"), Cell::from("7")],
            [Cell::from("a\u{1b}[2J"), Cell::toned("", Tone::Bad), Cell::from("12345")],
        ];
        anstream::adapter::strip_str(&table(columns, &rows, &View { now_seconds: 0, width })).to_string()
    }

    #[test]
    fn columns_are_aligned() {
        insta::assert_snapshot!(render(80), @"
        NAME    WHAT IT IS FOR                               USES
        worker  takes orders from the queue and bills them      7
        a�[2J                                               12345
        ");
    }

    #[test]
    fn ids_are_never_cut() {
        let columns = [Column::flexible("name"), Column::beside("id"), Column::number("uses")];
        let rows = [[Cell::from("the nightly job"), Cell::from("0199a2b3c4d57e6f8a9b0c1d2e3f4a5b"), Cell::from("7")]];
        let text = |width| anstream::adapter::strip_str(&table(columns, &rows, &View { now_seconds: 0, width })).to_string();
        insta::assert_snapshot!(text(55), @"
        NAME             ID                                USES
        the nightly job  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b     7
        ");
        insta::assert_snapshot!(text(54), @"
        NAME             USES
          ID
        the nightly job     7
          0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        ");
        assert!(text(15).contains("the nigh…     7\n  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b\n"), "{}", text(15));
    }

    #[test]
    fn what_may_give_way_does() {
        let text = render(30);
        assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
        insta::assert_snapshot!(text, @"
        NAME    WHAT IT IS FOR    USES
        worker  takes orders f…      7
        a�[2J                    12345
        ");
        assert!(render(5).contains("takes o…"));
    }
}
