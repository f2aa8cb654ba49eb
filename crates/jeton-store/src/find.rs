//! What is looked for in a table: some rows in an order, from a place on.

use jeton_core::record::{Column, Key, Table, Value};

/// Some rows of a table that is not sliced.
#[derive(Clone, Copy, Debug)]
pub struct Find<'a> {
    /// The table.
    pub table: &'static Table,
    /// In the order of which index, and then of the key; without one, of the key alone.
    pub index: Option<usize>,
    /// What the first columns of that order are.
    pub prefix: &'a [Value],
    /// The least of the next column.
    pub from: Option<&'a Value>,
    /// What the next column is less than.
    pub until: Option<&'a Value>,
    /// Where to go on: what the columns behind the prefix were in the last row, which may be gone.
    pub after: Option<&'a [Value]>,
    /// Which end comes first.
    pub direction: Direction,
    /// How many rows at most.
    pub limit: usize,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least.
    Forward,
    /// The greatest.
    Backward,
}

impl<'a> Find<'a> {
    /// The first rows of a table.
    #[must_use]
    pub fn first(table: &'static Table, limit: usize) -> Find<'a> {
        Find { table, index: None, prefix: &[], from: None, until: None, after: None, direction: Direction::Forward, limit }
    }

    /// The columns of the order, by their places; `None`: the table has no such order, or the question does not fit it.
    #[must_use]
    pub fn order(&self) -> Option<Vec<usize>> {
        let own = match self.index {
            Some(index) => self.table.indexes.get(index)?.columns,
            None => &[],
        };
        let order: Vec<usize> = own.iter().copied().chain(0..self.table.key).collect();
        let open = order.get(self.prefix.len()..)?;
        let is_never_null = |column: &usize| self.table.columns.get(*column).is_some_and(|column| !column.nullable);
        let fits = !self.table.is_sliced()
            && !open.is_empty()
            && open.iter().all(is_never_null)
            && self.after.is_none_or(|after| after.len() == open.len());
        fits.then_some(order)
    }

    /// Of an order, the columns that the prefix leaves open, and those that it does not.
    pub(crate) fn columns(&self, order: &[usize]) -> (Vec<&'static Column>, Vec<&'static Column>) {
        let columns = |places: &[usize]| places.iter().filter_map(|place| self.table.columns.get(*place)).collect();
        let (fixed, open) = order.split_at(self.prefix.len().min(order.len()));
        (columns(open), columns(fixed))
    }

    /// The bounds of the next column and the place to go on after, as far as they say something that the others do not: of two that say where
    /// to begin, an engine might seek by the one that lies further back, and walk the rest.
    pub(crate) fn bounds(&self) -> (Option<&'a Value>, Option<&'a Value>, Option<&'a [Value]>) {
        let Some((after, next)) = self.after.and_then(|after| Some((after, after.first()?))) else {
            return (self.from, self.until, None);
        };
        match self.direction {
            Direction::Forward if self.from.is_some_and(|from| next < from) => (self.from, self.until, None),
            Direction::Forward => (None, self.until, Some(after)),
            Direction::Backward if self.until.is_some_and(|until| next >= until) => (self.from, self.until, None),
            Direction::Backward => (self.from, None, Some(after)),
        }
    }

    /// What a statement binds, in its order: the prefix, the bounds, the place to go on after.
    #[must_use]
    pub fn bound(&self) -> Key {
        let (from, until, after) = self.bounds();
        self.prefix.iter().chain(from).chain(until).chain(after.into_iter().flatten()).cloned().collect()
    }
}
