//! A data folder that is looked at before it is opened. By reading alone, so that whoever refuses it after the look has touched nothing.

use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_store::find::Find;
use jeton_store::store::{Fault, View};
use rusqlite::Connection;

use crate::connection;
use crate::folder::{self, Inspected};
use crate::options::Options;
use crate::read;
use crate::refused::OpenError;
use crate::start::{self, Start};
use crate::statements::Statements;

/// A data folder that is locked and found to be whole, and of which no byte was changed; or one that holds no store yet.
pub struct Unopened {
    options: Options,
    inspected: Inspected,
    look: Option<Look>,
}

impl Unopened {
    /// Looks at the header, the tables' texts and the ledger's tail of a data folder, not at every row.
    ///
    /// # Errors
    /// In words to act on.
    pub fn look(options: Options) -> Result<Unopened, OpenError> {
        options.schema.validate().map_err(OpenError::Schema)?;
        let inspected = folder::inspect(&options)?;
        let Some((database, is_log_used)) = inspected.database(&options) else {
            return Ok(Unopened { options, inspected, look: None });
        };
        let connection = connection::open_to_look(&database, is_log_used).map_err(|error| OpenError::of_sqlite(&database, &error))?;
        let start = start::check(&connection, options.schema, &database)?;
        Ok(Unopened { options, inspected, look: Some(Look { connection, start }) })
    }

    /// What it holds, as it was left: its tables are of the version that wrote it, and a table may lack what was added since. `None` where
    /// there is no store yet.
    #[must_use]
    pub fn view(&self) -> Option<&dyn View> {
        self.look.as_ref().map(|look| look as &dyn View)
    }

    /// The version of its tables, where they are older than those of this program: the next start brings them up to date.
    #[must_use]
    pub fn older_version(&self) -> Option<u32> {
        self.look.as_ref().map(|look| look.start.version()).filter(|version| *version < self.options.schema.version)
    }

    /// Ends the look, and gives what it found.
    pub(crate) fn into_parts(self) -> (Options, Inspected, Option<Start>) {
        (self.options, self.inspected, self.look.map(|look| look.start))
    }
}

/// A store that is read where it lies.
struct Look {
    connection: Connection,
    start: Start,
}

impl View for Look {
    fn as_of(&self) -> Sequence {
        self.start.head.size
    }

    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        read::get(&mut Statements::new(&self.connection), &self.start.slices, table, key)
    }

    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        read::range(&self.connection, table, index, prefix, after, limit)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        read::find(&self.connection, find)
    }

    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        read::starting_with(&self.connection, &self.start.slices, table, prefix, limit)
    }

    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        read::walk(&self.connection, &self.start.slices, table, above, after, limit)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        read::scan(&self.connection, &self.start.slices, table, each)
    }
}
