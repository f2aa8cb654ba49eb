//! Requests that are sent again: what the first one made is told once more, and nothing is made.

use jeton_core::moment::Moment;
use jeton_core::once::{self, Remembered, Repeatable};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

/// Whether a request was here before.
pub enum Recognised {
    /// It was, and made this.
    Again(Remembered),
    /// It was not: what it makes is made at this moment.
    New(Box<Moment>),
}

impl Service {
    /// Lets `make` make something, whose commit remembers it; or, where the request of this moment repeats one that did, lets `again` tell it
    /// once more.
    pub(crate) async fn once<R, Made, Again>(
        &self,
        moment: &Moment,
        make: impl FnOnce(Moment) -> Made,
        again: impl FnOnce(Remembered) -> Again,
    ) -> Result<R, Failure>
    where
        Made: Future<Output = Result<R, Failure>>,
        Again: Future<Output = Result<R, Failure>>,
    {
        let moment = match self.recognise(moment.clone()).await? {
            Recognised::Again(made) => return again(made).await,
            Recognised::New(moment) => *moment,
        };
        match make(moment.clone()).await {
            // Another of the same text may have come first: the name that is taken now is the one that it took.
            Err(failure @ (Failure::Refused(_) | Failure::Contended)) => match self.recognise(moment).await? {
                Recognised::Again(made) => again(made).await,
                Recognised::New(_) => Err(failure),
            },
            made => made,
        }
    }

    /// Whether the request of a moment repeats one that made something.
    ///
    /// # Errors
    /// `Repeated` where it says something else than that one; or [`Failure::Fault`] when the engine cannot read.
    pub async fn recognise(&self, moment: Moment) -> Result<Recognised, Failure> {
        let Some(request) = Repeatable::of(&moment) else { return Ok(Recognised::New(Box::new(moment))) };
        match self.remembered(&request).await? {
            Some(made) if self.is_remembered(&made) => {
                made.record.check(&request)?;
                Ok(Recognised::Again(made.record))
            }
            over => Ok(Recognised::New(Box::new(moment.knowing(over.map(|over| over.version))))),
        }
    }

    async fn remembered(&self, request: &Repeatable) -> Result<Option<Versioned<Remembered>>, Failure> {
        let Some(row) = self.fetch(&once::TABLE, request.row_key()).await? else { return Ok(None) };
        let record = Remembered::from_row(&row.record).map_err(damaged)?;
        Ok(Some(Versioned { version: row.version, record }))
    }

    fn is_remembered(&self, made: &Versioned<Remembered>) -> bool {
        self.moments.time().seconds() < made.record.until
    }
}

/// What a repeat is told of what is not there any more.
pub(crate) fn gone() -> Failure {
    Refusal::new(
        Reason::Conflict,
        "what this request made is gone, or its secret was replaced: with another `Idempotency-Key` it makes another",
    )
    .into()
}
