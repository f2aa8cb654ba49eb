//! Whoever found a credential hands it in as leaked. They are answered before it ends: its end comes within the second, and is lost with a
//! server that is killed in it (decision 28). That alone may come back, and as it was before.

use http::Method;
use jeton_core::gap::Known;
use jeton_token::Secret;

use crate::compare::{Answered, Answers, Compared, Of};
use crate::held::{Held, end};
use crate::history::{History, ORDERS, PEOPLE};
use crate::kept::{Engine, Kept, Loss};

/// What ended by being handed in.
pub(crate) struct Report {
    /// How many entries the ledger had once it had ended.
    size: u64,
    /// How it was answered until then.
    before: Answers,
}

impl History {
    /// Whoever found one hands it in.
    pub(crate) async fn report(&mut self) {
        let all: Vec<String> = self.tokens.keys().chain(self.keys.keys()).chain(self.secrets.keys()).cloned().collect();
        let Some(text) = self.one_of(&all) else { return };
        let key = self.keys.get(&text).map(|held| held.id.clone());
        // Whatever it may take with it.
        let falls = |of: &str, held: &Held| of == text || key.as_ref().is_some_and(|key| held.id == *key);
        let before = self.answers(&self.world, &self.caller, falls).await;
        let _ = self.world.service().report(vec![Secret::from(text.as_str())]);
        if self.world.service().work_off_reports().await.unwrap() != 1 {
            return;
        }
        let size = self.world.ledger_size();
        let shown = match &key {
            Some(id) => self.tries(Method::GET, &format!("/keys/{id}"), None).await,
            None => None,
        };
        // Of a key every text falls, but where it was the one before the present one.
        let is_whole = shown.is_some_and(|shown| shown["state"] == "revoked");
        end(&mut self.keys, size, |of, held| of == text || (is_whole && Some(&held.id) == key.as_ref()));
        end(&mut self.tokens, size, |of, _| of == text);
        end(&mut self.secrets, size, |of, _| of == text);
        self.reports.push(Report { size, before });
    }

    /// How a credential was answered before it was handed in, where its end is not within so many entries: whoever was killed under `sync` has
    /// all that it answered but that.
    pub(crate) fn before_a_lost_report(&self, of: &Of, size: u64) -> Option<Answered> {
        let mut lost = self.reports.iter().filter(|report| report.size > size && self.held(of).died_at(report.size));
        lost.find_map(|report| report.before.get(of).cloned())
    }

    /// What ended by a report that is lost lives on.
    pub(crate) fn forget_reports(&mut self, known: Known, size: u64) {
        for report in std::mem::take(&mut self.reports).iter().filter(|report| known == Known::All && report.size > size) {
            for of in report.before.keys() {
                let held = self.held_mut(of);
                if held.died_at(report.size) {
                    held.forget();
                }
            }
        }
    }
}

#[tokio::test]
async fn what_was_handed_in_is_lost_with_its_second_and_nothing_else_is() {
    for is_shipped in [false, true] {
        let mut history = History::new(1).await;
        let kept = Kept::new(&history.world, true, false).await;
        kept.snapshot(&history.world).await;
        let token = history.world.token_with(&history.caller, &[("resource", ORDERS)]).await;
        history.tokens.insert(token.clone(), Held::new(&history.caller.id, ""));
        let of: Of = ("a token", token, "");
        kept.ship(false).await;
        history.report().await;
        let size = history.world.ledger_size();
        if is_shipped {
            // Whatever else is taken away waits for the target, and what came before it is there, too.
            let path = format!("/users/{}/disable", PEOPLE[0]);
            history.world.done(Method::POST, &path, None).await;
        }
        let made = kept.restore(&history.world, None, Engine::Memory, None).await;
        assert_eq!((made.known, made.size < size), (Known::All, !is_shipped));
        let before = history.before_a_lost_report(&of, made.size);
        assert_eq!(before.flatten().is_some(), !is_shipped, "the book knows");
        let caller = history.caller.clone();
        let found = Compared::new(&history, &made, &caller, Loss::KilledInSync).run(None).await;
        // Beside it there are people, who have what they had.
        let accepted = found.by_kind.get(of.0).map(|[_, _, accepted]| *accepted);
        assert_eq!((found.wrong, accepted), (vec![], Some(u64::from(!is_shipped))));
        // Of a server that was not killed it would be one.
        let found = Compared::new(&history, &made, &caller, Loss::TheEnd).run(None).await;
        assert_eq!(found.wrong.is_empty(), is_shipped, "{:?}", found.wrong);
    }
}
