//! A token explained: who it was issued by, what was said of it and of what it belongs to, and the rule that decides over it.

use jeton_core::event::Event;
use jeton_core::explain::end::End;
use jeton_core::explain::rule::Rule;
use jeton_core::explain::statement::{Concerned, Statement};
use jeton_core::explain::token::{TokenFacts, end, rule};
use jeton_core::id::{Actor, CredentialId};
use jeton_core::moment::Moment;
use jeton_core::record::Value;
use jeton_core::token;

use crate::failure::Failure;
use crate::service::Service;
use crate::token_state::TokenState;

/// A group's tokens stand in one entry. Who issued one to somebody else is told behind it, or by the commit that it stands last of: so far
/// is looked.
const ENTRIES_BEHIND: usize = 1_000;
const ENTRIES_BEFORE: u64 = 8;

/// What lies behind a token.
pub struct TokenPast {
    /// Where the ledger tells that it was issued; `None`: its row has left.
    pub sequence: Option<u64>,
    /// Who issued it to its client, where that was not the client itself.
    pub issued_by: Option<Actor>,
    /// What was said of it, and of what it belongs to.
    pub statements: Vec<Statement>,
}

/// How a token stands, and why.
pub struct TokenExplained {
    /// The rule that decides.
    pub rule: Rule,
    /// When it ends, and why then.
    pub end: End,
}

impl Service {
    /// What lies behind a token. Reads the ledger and the negatives: for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn token_past(&self, state: &TokenState, goes_on: &dyn Fn() -> bool) -> Result<Option<TokenPast>, Failure> {
        let token = &state.token;
        let row = self.store.view()?.get(&token::TABLE, &vec![Value::Id(token.id.0)])?;
        let sequence = row.map(|row| row.version);
        let issued_by = sequence.map(|sequence| self.issuer_of(token.id, sequence)).transpose()?.flatten();
        let held = token.held.as_ref();
        let concerned = Concerned {
            person: held.map(|held| held.person.0.clone()),
            session: held.and_then(|held| held.session).map(|session| session.to_string().into()),
            family: held.map(|held| held.grant.to_string().into()),
            token: Some(token.id),
            client: Some(token.client.0.clone()),
            audience: state.api.as_ref().map(|api| api.record.audience.clone()),
            signing_keys: state.signed_by.iter().map(|by| by.key.clone()).collect(),
            ..Concerned::default()
        };
        let statements = self.statements(&concerned, goes_on)?;
        Ok(statements.map(|statements| TokenPast { sequence, issued_by, statements }))
    }

    /// How a token stands, as far as its past was found.
    #[must_use]
    pub fn explain_token(&self, state: &TokenState, past: Option<&TokenPast>, moment: &Moment) -> TokenExplained {
        let policies = self.registry.policies();
        let facts = TokenFacts {
            token: &state.token,
            standing: state.standing,
            api: state.api.as_ref().map(|api| &api.record),
            has_client: state.client.is_some(),
            not_before: state.not_before,
            now_seconds: self.ledger_time(moment).seconds(),
            policies: &policies,
            statements: past.map_or(&[], |past| &past.statements),
        };
        TokenExplained { rule: rule(&facts), end: end(&facts) }
    }

    fn issuer_of(&self, id: CredentialId, sequence: u64) -> Result<Option<Actor>, Failure> {
        let entries = self.store.tail(sequence.saturating_sub(ENTRIES_BEFORE), ENTRIES_BEHIND)?;
        let mut told = entries.iter().filter(|entry| entry.kind == "token.issued").filter_map(|entry| entry.event().ok()?);
        Ok(told.find_map(|event| match event {
            Event::TokenIssued { actor, token, .. } if token == id => Some(actor),
            _ => None,
        }))
    }
}
