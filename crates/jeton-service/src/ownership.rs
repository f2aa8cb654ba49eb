//! Whose a data folder is. Asked of what it holds, before anything of it is opened to be written.

use std::fmt;
use std::sync::Arc;

use jeton_core::deployment::{self, Deployment};
use jeton_core::key::{self, SigningKeyRecord};
use jeton_core::record::Row;
use jeton_core::root_key::{RootKeyError, RootKeys};
use jeton_oauth::Issuer;
use jeton_store::store::View;
use jeton_token::Prefix;

use crate::registry::{LoadError, keys};

/// Who wants to serve a data folder.
pub struct Owner<'a> {
    /// The issuer.
    pub issuer: &'a Issuer,
    /// The first part of every opaque token.
    pub prefix: Prefix,
    /// The root key.
    pub root_keys: &'a RootKeys,
}

/// Why a data folder is not this owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOwned {
    /// It belongs to another issuer.
    Foreign {
        /// Whose it is.
        issuer: Arc<str>,
    },
    /// Its tokens begin with another prefix: they would all be refused.
    OtherPrefix {
        /// What they begin with.
        prefix: Arc<str>,
    },
    /// What says whose it is cannot be read, or a signing key does not open under this root key.
    Unreadable(LoadError),
}

impl fmt::Display for NotOwned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOwned::Foreign { issuer } => {
                write!(
                    formatter,
                    "this data folder belongs to the issuer {issuer}\n  → start with `--issuer {issuer}`, or on another folder"
                )
            }
            NotOwned::OtherPrefix { prefix } => {
                write!(
                    formatter,
                    "the tokens of this data folder begin with `{prefix}`\n  → write `token_prefix = \"{prefix}\"` in jeton.toml"
                )
            }
            NotOwned::Unreadable(LoadError::RootKey(error @ RootKeyError::Lacks(_))) => {
                write!(formatter, "{error}\n  → start with the newest root file, or the newest copy of it (--root-key-file)")
            }
            NotOwned::Unreadable(LoadError::RootKey(error)) => {
                write!(formatter, "{error}\n  → start with the root file that belongs to this data folder (--root-key-file)")
            }
            NotOwned::Unreadable(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for NotOwned {}

impl<E: Into<LoadError>> From<E> for NotOwned {
    fn from(error: E) -> NotOwned {
        NotOwned::Unreadable(error.into())
    }
}

impl Owner<'_> {
    /// Whether what is seen is this owner's: the deployment, and each private key that is kept. A folder that nobody has claimed is anybody's.
    ///
    /// # Errors
    /// [`NotOwned`].
    pub fn check(&self, view: &dyn View) -> Result<(), NotOwned> {
        if let Some(row) = view.get(&deployment::TABLE, &vec![deployment::KEY])? {
            self.check_deployment(&row.record)?;
        }
        let mut opened = Ok(());
        view.scan(&key::TABLE, &mut |row| {
            opened = self.check_key(&row.record);
            opened.is_ok()
        })?;
        opened
    }

    /// Whether the row of the deployment names this owner.
    ///
    /// # Errors
    /// [`NotOwned`].
    pub(crate) fn check_deployment(&self, row: &Row) -> Result<(), NotOwned> {
        let deployment = Deployment::from_row(row)?;
        if *deployment.issuer != *self.issuer.as_str() {
            return Err(NotOwned::Foreign { issuer: deployment.issuer });
        }
        if *deployment.token_prefix != *self.prefix.as_str() {
            return Err(NotOwned::OtherPrefix { prefix: deployment.token_prefix });
        }
        Ok(())
    }

    fn check_key(&self, row: &Row) -> Result<(), NotOwned> {
        let record = SigningKeyRecord::from_row(row)?;
        if record.sealed.is_some() {
            keys::open(&record, self.root_keys)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_store::schema::SCHEMA;
    use jeton_store::table::Shape;

    #[test]
    fn what_it_reads_is_as_it_was_in_the_first_version() {
        let first = SCHEMA.shapes_at(1).unwrap();
        for table in [&deployment::TABLE, &key::TABLE] {
            assert!(first.contains(&Shape::of(table)), "`{}`: an older folder is looked at before it is brought up to date", table.name);
        }
    }
}
