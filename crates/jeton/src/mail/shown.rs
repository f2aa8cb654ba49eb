//! Letters on the terminal of whoever runs a server on their own machine: there is no mail server, and nobody else to send them to.

use jeton_http::letters::{Written, write};
use jeton_oauth::Issuer;
use jeton_service::letters::{Carrier, Handing, Letter};

use crate::commands::aside::aside;

/// Shows letters where the log of a person goes.
pub(super) struct Shown {
    pub(super) issuer: Issuer,
}

impl Carrier for Shown {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Handing<'a> {
        let Written { subject, text } = write(letter, &self.issuer);
        let mut lines = vec![format!("A letter to {}, which no mail server is there to send (`smtp_host`): {subject}", letter.username)];
        lines.extend(text.expose().lines().map(|line| format!("  | {line}")));
        // Each by itself: a link that is folded leads nowhere.
        lines.iter().for_each(|line| aside(line));
        Box::pin(std::future::ready(Ok(())))
    }
}
