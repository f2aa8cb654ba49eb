//! Gives the engine's answers to the requests that wait for them.

use jeton_store::store::Answer;
use tokio::sync::mpsc::{UnboundedSender, error::SendError, unbounded_channel};

use crate::gather::Spawn;

/// Hands the answers of one turn of the engine to the reactor in one piece, which wakes its own requests for nothing; from the engine's
/// thread each would cost a system call. What it holds is bounded by the requests that wait.
pub(crate) struct Scatter(Option<UnboundedSender<Vec<Answer>>>);

impl Scatter {
    /// Tells answers in a future beside the requests; without `spawn`, on the engine's thread.
    pub(crate) fn new(spawn: Option<&Spawn>) -> Scatter {
        Scatter(spawn.map(|spawn| {
            let (sender, mut answers) = unbounded_channel::<Vec<Answer>>();
            spawn(Box::pin(async move {
                while let Some(turn) = answers.recv().await {
                    turn.into_iter().for_each(Answer::tell);
                }
            }));
            sender
        }))
    }

    pub(crate) fn tell(&self, answers: Vec<Answer>) {
        let left = match &self.0 {
            // The reactor may have ended before the engine.
            Some(sender) => sender.send(answers).err().map(|SendError(answers)| answers),
            None => Some(answers),
        };
        left.into_iter().flatten().for_each(Answer::tell);
    }
}
