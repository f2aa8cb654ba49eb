//! The cut-off that ends a credential.

use std::sync::Arc;

use super::said::Said;
use super::statement::Statement;
use crate::event::CutOffSubject;
use crate::token::negative::Says;

/// A cut-off that reaches a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// Over what.
    pub subject: CutOffSubject,
    /// The name of that.
    pub name: Arc<str>,
    /// What was issued before this second is dead.
    pub before: i64,
    /// Who made it.
    pub said: Said,
}

/// The cut-off that ends what was issued then: of several the one that reaches furthest.
#[must_use]
pub fn cutting(statements: &[Statement], issued_at: i64) -> Option<CutOff> {
    let cut_offs = statements.iter().filter_map(|statement| match &statement.says {
        Says::CutOff(subject, name, before) if issued_at < *before => {
            Some(CutOff { subject: *subject, name: name.clone(), before: *before, said: Said::from(statement) })
        }
        _ => None,
    });
    cut_offs.max_by_key(|cut_off| cut_off.before)
}
