use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use tokio::sync::futures::OwnedNotified;

use super::draining::Draining;

/// What a connection hears of the server's end, each word once.
#[derive(Debug)]
pub(super) struct Stop<'a> {
    draining: &'a Draining,
    aborting: &'a Draining,
    /// The word that is waited for: draining's, then aborting's. Polled once, to be woken; after that the flag is looked at, which is cheaper.
    word: Pin<&'a mut OwnedNotified>,
    listening: bool,
    heard: Option<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Finish what is in flight, begin nothing.
    Drain,
    /// End now.
    Abort,
}

impl<'a> Stop<'a> {
    /// `word` is one of `draining`.
    pub(super) fn new(word: Pin<&'a mut OwnedNotified>, draining: &'a Draining, aborting: &'a Draining) -> Self {
        Self { draining, aborting, word, listening: false, heard: None }
    }

    /// The next word, if it was said since the last one; the task is woken when it is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Word> {
        let (said, word) = match self.heard {
            None => (self.draining, Word::Drain),
            Some(Word::Drain) => (self.aborting, Word::Abort),
            Some(Word::Abort) => return None,
        };
        if !self.listening {
            self.listening = true;
            let _ = self.word.as_mut().poll(cx);
        }
        if !said.has_begun() {
            return None;
        }
        self.heard = Some(word);
        self.word.set(self.aborting.word());
        self.listening = false;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn each_word_is_heard_once_and_in_order() {
        let (draining, aborting) = (Draining::new(), Draining::new());
        let word = pin!(draining.word());
        let mut stop = Stop::new(word, &draining, &aborting);
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(stop.poll(cx), None);
        aborting.begin();
        assert_eq!(stop.poll(cx), None, "abort follows drain");
        draining.begin();
        assert_eq!(stop.poll(cx), Some(Word::Drain));
        assert_eq!(stop.poll(cx), Some(Word::Abort));
        assert_eq!(stop.poll(cx), None);
    }
}
