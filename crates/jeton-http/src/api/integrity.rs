use schemars::JsonSchema;
use serde::Serialize;

/// Looks over what is stored: for an engine to answer, on a thread that may block.
pub trait Integrity: Send + Sync + 'static {
    /// Reads the ledger from its first entry, and compares each hash, the root, and the last signed checkpoint. `progress` hears how many
    /// entries are done, of how many.
    ///
    /// # Errors
    /// A sentence, when it could not be read at all.
    fn verify_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<LedgerReport, String>;

    /// Checks the data folder: header, schema and the ledger's end, and where `full` every page and row. `progress` hears how much is done,
    /// of how much.
    ///
    /// # Errors
    /// A sentence, when it could not be read at all.
    fn check(&self, full: bool, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String>;
}

/// What a reading of the ledger found.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LedgerReport {
    /// How many entries were read.
    pub entries: u64,
    /// The root over them, in hexadecimal.
    pub root: String,
    /// How many entries the last signed checkpoint covers, where there is one.
    pub checkpoint_size: Option<u64>,
    /// What does not fit. None: the ledger is what was written.
    pub findings: Vec<Finding>,
}

/// What a check of the data folder found.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct CheckReport {
    /// Whether every page and row was read.
    pub full: bool,
    /// How many pages were read.
    pub pages: u64,
    /// How many rows were read.
    pub rows: u64,
    /// How many entries of the ledger were read.
    pub entries: u64,
    /// What is damaged. None: all that was read is what was written.
    pub findings: Vec<Finding>,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Finding {
    /// Where: an entry, a table and row, a page.
    pub place: String,
    /// What is wrong there, in a sentence.
    pub detail: String,
    /// What to do about it.
    pub hint: String,
}
