//! What somebody may have meant.

/// The nearest of these names; `None` where none is near.
pub(crate) fn nearest<'a>(names: impl IntoIterator<Item = &'a str>, unknown: &str) -> Option<&'a str> {
    // With more than a third of its letters wrong it is another word.
    let near = names.into_iter().map(|name| (distance(name, unknown), name)).filter(|(distance, _)| distance * 3 <= unknown.len());
    near.min().map(|(_, name)| name)
}

/// How many letters must change to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, other_letter) in row.iter_mut().skip(1).zip(other.chars()) {
            let above = *cell;
            left = (above + 1).min(left + 1).min(diagonal + usize::from(letter != other_letter));
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
