//! The suspension of what a credential belongs to.

use std::sync::Arc;

use super::said::Said;
use super::statement::Statement;
use crate::event::CutOffSubject;
use crate::token::negative::Says;

/// A subject that is suspended, and all that is its own with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// What is suspended.
    pub subject: CutOffSubject,
    /// The name of that.
    pub name: Arc<str>,
    /// Who suspended it.
    pub said: Said,
}

/// The suspension that holds: of several the first.
#[must_use]
pub fn suspending(statements: &[Statement]) -> Option<Suspension> {
    let mut suspended: Vec<Suspension> = vec![];
    for statement in statements {
        match &statement.says {
            Says::SubjectSuspended(subject, name) => {
                suspended.push(Suspension { subject: *subject, name: name.clone(), said: Said::from(statement) });
            }
            Says::SubjectResumed(subject, name) => suspended.retain(|known| known.subject != *subject || known.name != *name),
            _ => {}
        }
    }
    suspended.into_iter().next()
}
