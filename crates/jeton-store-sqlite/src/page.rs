//! Pages as SQLite lays them out (<https://www.sqlite.org/fileformat2.html>), as far as one has to know them to tell which of their bytes hold
//! nothing.

use std::ops::Range;

/// What is known of a page of a tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    /// The bytes that hold nothing: what was there before is left in them.
    pub(crate) unused: Vec<Range<usize>>,
    /// The pages below it.
    pub(crate) children: Vec<u32>,
    /// The rows that go on elsewhere: the page, and how many bytes lie there and behind it.
    pub(crate) overflows: Vec<(u32, usize)>,
}

const INNER_INDEX: u8 = 2;
const INNER_TABLE: u8 = 5;
const LEAF_INDEX: u8 = 10;
const LEAF_TABLE: u8 = 13;

/// Reads a page of a tree, other than the file's first; `None`: it is none.
pub(crate) fn tree(page: &[u8]) -> Option<Tree> {
    let kind = *page.first()?;
    let is_inner = matches!(kind, INNER_INDEX | INNER_TABLE);
    if !is_inner && !matches!(kind, LEAF_INDEX | LEAF_TABLE) {
        return None;
    }
    let (cells, content) = (short(page, 3)?, short(page, 5)?);
    let (places, content) = (if is_inner { 12 } else { 8 }, if content == 0 { page.len() } else { content });
    let places_end = places + 2 * cells;
    if places_end > content || content > page.len() {
        return None;
    }
    let mut tree = Tree::default();
    tree.unused.push(places_end..content);
    free_blocks(page, content, &mut tree.unused)?;
    for cell in 0..cells {
        let at = short(page, places + 2 * cell).filter(|at| *at >= content)?;
        if is_inner {
            tree.children.push(long(page, at)?);
        }
        tree.overflows.extend(overflow(page, kind, if is_inner { at + 4 } else { at })?);
    }
    if is_inner {
        tree.children.push(long(page, 8)?);
    }
    Some(tree)
}

/// Blocks of free bytes amid the rows: each begins with the place of the next and its own length.
fn free_blocks(page: &[u8], content: usize, unused: &mut Vec<Range<usize>>) -> Option<()> {
    let (mut at, mut end) = (short(page, 1)?, content);
    while at != 0 {
        let length = short(page, at + 2)?;
        if at < end || length < 4 || at + length > page.len() {
            return None;
        }
        (end, at) = (at + length, {
            unused.push(at + 4..at + length);
            short(page, at)?
        });
    }
    Some(())
}

/// Where the row goes on whose length lies here, if it does.
fn overflow(page: &[u8], kind: u8, at: usize) -> Option<Option<(u32, usize)>> {
    if kind == INNER_TABLE {
        return Some(None);
    }
    let (length, mut at) = number(page, at)?;
    if kind == LEAF_TABLE {
        at = number(page, at)?.1;
    }
    let length = usize::try_from(length).ok()?;
    let most = if kind == LEAF_TABLE { page.len() - 35 } else { (page.len() - 12) * 64 / 255 - 23 };
    if length <= most {
        return Some(None);
    }
    let least = (page.len() - 12) * 32 / 255 - 23;
    let fitting = least + (length - least) % (page.len() - 4);
    let here = if fitting <= most { fitting } else { least };
    Some(Some((long(page, at + here)?, length - here)))
}

/// A page on which a row goes on: the next one, and the bytes behind the row's end.
pub(crate) fn row_goes_on(page: &[u8], left: usize) -> Option<(u32, Range<usize>)> {
    Some((long(page, 0)?, (4 + left).min(page.len())..page.len()))
}

/// The first page of the list of free pages, by the file's first page; 0: none is free.
pub(crate) fn first_free(first: &[u8]) -> Option<u32> {
    long(first, 32)
}

/// A page of the list of free pages: the next one, those it names, and the bytes behind them.
pub(crate) fn free_list(page: &[u8]) -> Option<(u32, Vec<u32>, Range<usize>)> {
    let named = usize::try_from(long(page, 4)?).ok()?;
    let end = 8_usize.checked_add(named.checked_mul(4)?).filter(|end| *end <= page.len())?;
    let free = (0..named).map(|number| long(page, 8 + 4 * number)).collect::<Option<_>>()?;
    Some((long(page, 0)?, free, end..page.len()))
}

/// Writes zeros over bytes; whether one of them was something else.
pub(crate) fn clear(page: &mut [u8], unused: &[Range<usize>]) -> bool {
    let mut is_changed = false;
    for bytes in unused {
        let Some(bytes) = page.get_mut(bytes.clone()) else { continue };
        if bytes.iter().any(|byte| *byte != 0) {
            bytes.fill(0);
            is_changed = true;
        }
    }
    is_changed
}

fn short(page: &[u8], at: usize) -> Option<usize> {
    let bytes = page.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*bytes)))
}

fn long(page: &[u8], at: usize) -> Option<u32> {
    page.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

/// A number of SQLite's in one to nine bytes, and where it ends.
fn number(page: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for (place, byte) in page.get(at..)?.iter().take(9).enumerate() {
        if place == 8 {
            return Some(((number << 8) | u64::from(*byte), at + 9));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + place + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leaf of an index with one row of three bytes, a block of eight free ones behind it, and what was there before in all the rest.
    fn leaf() -> Vec<u8> {
        let mut page = vec![0xee; 512];
        page[..8].copy_from_slice(&[LEAF_INDEX, 0x01, 0xf8, 0, 1, 0x01, 0xf0, 0]);
        page[8..10].copy_from_slice(&[0x01, 0xf0]);
        page[0x1f0..0x1f4].copy_from_slice(&[3, 7, 7, 7]);
        page[0x1f8..0x1fc].copy_from_slice(&[0, 0, 0, 8]);
        page
    }

    #[test]
    fn what_holds_nothing_is_between_the_places_and_the_rows_and_amid_them() {
        let mut page = leaf();
        let read = tree(&page).unwrap();
        assert_eq!(read, Tree { unused: vec![10..0x1f0, 0x1fc..0x200], ..Tree::default() });
        assert!(clear(&mut page, &read.unused));
        assert!(!clear(&mut page, &read.unused), "it holds zeros by now");
        assert_eq!(page.get(0x1f0..0x1fc), leaf().get(0x1f0..0x1fc), "rows stay");
        assert_eq!(tree(&page), Some(read));
    }

    #[test]
    fn what_is_no_page_of_a_tree_is_left_alone() {
        let mut other = leaf();
        other[0] = 7;
        let mut beyond = leaf();
        beyond[5..7].copy_from_slice(&[0x02, 0x01]);
        let mut round = leaf();
        round[0x1f8..0x1fa].copy_from_slice(&[0x01, 0xf8]);
        for page in [vec![], vec![LEAF_INDEX], vec![0; 512], other, beyond, round] {
            assert_eq!(tree(&page), None);
        }
    }

    #[test]
    fn a_long_row_says_where_it_goes_on() {
        let mut page = leaf();
        // 1,000 bytes, of which an index keeps (512 - 12) * 32 / 255 - 23 = 39 and what fills no page of 508: 39 + 961 % 508 is too much.
        page[0x1c0..0x1c2].copy_from_slice(&[0x87, 0x68]);
        page[5..7].copy_from_slice(&[0x01, 0xc0]);
        page[8..10].copy_from_slice(&[0x01, 0xc0]);
        page[0x1c2 + 39..0x1c2 + 43].copy_from_slice(&[0, 0, 0, 9]);
        assert_eq!(tree(&page).unwrap().overflows, [(9, 961)]);
    }

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        assert_eq!(number(&[0x7f], 0), Some((127, 1)));
        assert_eq!(number(&[0, 0x81, 0x00], 1), Some((128, 3)));
        assert_eq!(number(&[0xff; 9], 0), Some((u64::MAX, 9)));
        assert_eq!(number(&[0x80], 0), None);
    }
}
