//! Removing a client: its secrets go and its tokens die with it.

use super::secret::{self, ClientSecret};
use super::{Client, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::token::cut_off::{beyond_all_issued, cut_off};

/// Removes a client with its secrets and cuts off its tokens; `latest_cut_off_seconds` is the latest cut-off over any of them.
pub fn delete(client: &Client, secrets: &[ClientSecret], latest_cut_off_seconds: i64, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::ClientDeleted { actor: actor.clone(), client: client.id.clone() };
    let mut commit = Commit::new(moment).delete(&TABLE, vec![Value::Text(client.id.0.clone())]).tell(event);
    for secret in secrets {
        commit = commit.delete(&secret::TABLE, vec![Value::Text(secret.id.0.clone())]);
    }
    let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
    Outcome::grant((), cut_off(commit, CutOffSubject::Client, client.id.0.clone(), before, actor, moment))
}
