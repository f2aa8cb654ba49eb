//! A verifier's report of the checks that it made by itself: `POST /api/v1/usage/reports`.
//!
//! A verifier draws an id when it starts and numbers its batches from 1. A batch that was not answered is sent again under its number,
//! so that the server counts it once; a number that is missing tells the server that a batch was lost.

mod cell;
mod told;
mod wire;

use std::fmt;

use jeton_token::{Secret, TokenId};
use serde::Serialize;

use self::wire::{Members, Wire, WireItem};
use crate::resource::Resource;

pub use cell::{Cell, Outcome, Subject};
pub use told::{AgentClass, Network};
pub use wire::NotAReport;

/// A report: a batch of counts, for one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// Who reports; drawn at its start.
    pub verifier: VerifierId,
    /// The number of the batch: 1, 2, 3 and so on.
    pub batch: u64,
    /// The API whose tokens were checked.
    pub audience: Resource,
    /// How many checks the verifier counted and could not keep since the batch before.
    pub dropped: u64,
    /// What was counted.
    pub items: Vec<Item>,
    /// How the client proves itself, where not in the `Authorization` header.
    pub proof: Proof,
}

/// So many checks of one kind in one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What they have in common.
    pub cell: Cell,
    /// How many.
    pub count: u64,
}

/// The members of a form that prove who a client is, in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// `client_id`.
    pub client_id: Option<String>,
    /// `client_secret`.
    pub client_secret: Option<Secret>,
    /// `client_assertion_type`.
    pub client_assertion_type: Option<String>,
    /// `client_assertion`.
    pub client_assertion: Option<Secret>,
}

/// The id that a verifier draws when it starts: 128 bits, printed as 32 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierId(TokenId);

impl UsageReport {
    /// The most items of a batch.
    pub const MAX_ITEMS: usize = 500;
    /// The most checks that an item counts: more go into another item of the same kind.
    pub const MAX_COUNT: u64 = 100_000_000;
    /// The longest report, in bytes.
    pub const MAX_LEN: usize = 256 * 1024;
    /// The highest number of a batch, and of dropped checks: the highest that every reader of JSON understands.
    pub const MAX_NUMBER: u64 = (1 << 53) - 1;

    /// Reads a report.
    ///
    /// # Errors
    /// [`NotAReport`]: it is longer than [`Self::MAX_LEN`], has a member that is not known, lacks one, or one is not what it should be.
    pub fn parse(text: &[u8]) -> Result<Self, NotAReport> {
        if text.len() > Self::MAX_LEN {
            return Err(NotAReport("the report is too long: at most 256 KiB"));
        }
        let Members(wire): Members<Wire<'_>> = serde_json::from_slice(text).map_err(|_| NotAReport::SHAPE)?;
        if !(1..=Self::MAX_NUMBER).contains(&wire.batch) || wire.dropped > Self::MAX_NUMBER {
            return Err(NotAReport("`batch` counts from 1, `dropped` from 0, and neither beyond 2^53"));
        }
        if wire.items.len() > Self::MAX_ITEMS {
            return Err(NotAReport("there are too many `items`: at most 500 a batch"));
        }
        Ok(Self {
            verifier: VerifierId::parse(&wire.verifier).ok_or(NotAReport("`verifier` is not 32 lowercase hexadecimal digits"))?,
            batch: wire.batch,
            audience: Resource::parse(&wire.audience).map_err(|_| NotAReport("`audience` is no absolute URI"))?,
            dropped: wire.dropped,
            items: wire.items.into_iter().map(|Members(item)| Item::read(item)).collect::<Result<_, _>>()?,
            proof: Proof {
                client_id: wire.client_id,
                client_secret: wire.client_secret.map(|text| text.0),
                client_assertion_type: wire.client_assertion_type,
                client_assertion: wire.client_assertion.map(|text| text.0),
            },
        })
    }

    /// The report as it is sent. It holds the proof in the clear: for a connection, not for a log.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let wire = Told {
            verifier: self.verifier.to_string(),
            batch: self.batch,
            audience: self.audience.as_str(),
            dropped: self.dropped,
            items: self.items.iter().map(Item::told).collect(),
            client_id: self.proof.client_id.as_deref(),
            client_secret: exposed(&self.proof.client_secret),
            client_assertion_type: self.proof.client_assertion_type.as_deref(),
            client_assertion: exposed(&self.proof.client_assertion),
        };
        // Writing texts and numbers into memory cannot fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }
}

impl Item {
    fn read(wire: WireItem<'_>) -> Result<Self, NotAReport> {
        if !(1..=UsageReport::MAX_COUNT).contains(&wire.count) {
            return Err(NotAReport("a `count` is not between 1 and 100,000,000"));
        }
        Ok(Self { cell: Cell::read(&wire)?, count: wire.count })
    }

    fn told(&self) -> ToldItem<'_> {
        let Cell { minute, subject, outcome, scope, network, agent } = &self.cell;
        ToldItem {
            minute: *minute,
            subject: subject.to_string(),
            outcome: outcome.name(),
            count: self.count,
            scope: scope.as_ref().map(crate::scope::ScopeSet::as_str),
            network: network.map(|network| network.to_string()),
            agent: agent.as_ref().map(AgentClass::as_str),
        }
    }
}

impl VerifierId {
    /// The id of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(TokenId::from_bytes(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        TokenId::parse(text).ok().map(Self)
    }
}

impl fmt::Display for VerifierId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for VerifierId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A report as it is sent.
#[derive(Serialize)]
struct Told<'r> {
    verifier: String,
    batch: u64,
    audience: &'r str,
    dropped: u64,
    items: Vec<ToldItem<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_assertion_type: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_assertion: Option<String>,
}

#[derive(Serialize)]
struct ToldItem<'r> {
    minute: i64,
    subject: String,
    outcome: &'static str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'r str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::ScopeSet;

    const ID: &str = "0192f3a4b5c6d7e8f90a1b2c3d4e5f60";

    fn with(members: &str, item: &str) -> String {
        format!(
            r#"{{"verifier":"{ID}","batch":3,"audience":"https://orders.example","items":[{{"minute":60,"subject":"client:worker","outcome":"accepted","count":5{item}}}]{members}}}"#
        )
    }

    #[test]
    fn reports_are_read_as_they_are_printed() {
        let cell = Cell {
            minute: 1_800_000_000,
            subject: Subject::client("worker \"7\"").unwrap(),
            outcome: Outcome::InsufficientScope,
            scope: ScopeSet::parse("orders:read").ok(),
            network: Network::parse("192.0.2.0/24"),
            agent: AgentClass::parse("curl/8"),
        };
        let bare = Cell { subject: Subject::Unknown, outcome: Outcome::Invalid, scope: None, network: None, agent: None, ..cell.clone() };
        let report = UsageReport {
            verifier: VerifierId::parse(ID).unwrap(),
            batch: 7,
            audience: Resource::parse("https://orders.example").unwrap(),
            dropped: 2,
            items: vec![Item { cell, count: 1 }, Item { cell: bare, count: UsageReport::MAX_COUNT }],
            proof: Proof { client_assertion_type: Some("jwt".into()), client_assertion: Some("a.b.c".into()), ..Proof::default() },
        };
        assert_eq!(UsageReport::parse(&report.to_json()), Ok(report.clone()));
        assert!(!format!("{report:?}").contains("a.b.c"));
    }

    #[test]
    fn anything_else_is_refused() {
        #[track_caller]
        fn check(members: &str, item: &str, is_report: bool) {
            let text = with(members, item);
            assert_eq!(UsageReport::parse(text.as_bytes()).is_ok(), is_report, "{text:.300}");
        }
        check("", "", true);
        check(r#","dropped":0"#, "", true);
        check(r#","dropped":9007199254740992"#, "", false);
        check(r#","dropped":-1"#, "", false);
        check(r#","new":1"#, "", false);
        check(r#","batch":4"#, "", false);
        check(r#","client_id":"a","client_secret":"b""#, "", true);
        check(r#","client_secret":5"#, "", false);
        check("", r#","scope":"orders:read orders:write""#, true);
        check("", r#","scope":"orders:\u0072ead""#, true);
        check("", r#","scope":"a  b""#, false);
        check("", r#","scope":"""#, false);
        check("", r#","network":"192.0.2.1/24""#, false);
        check("", r#","network":"192.0.2.0/23""#, false);
        check("", r#","network":"2001:db8:1::/48""#, true);
        check("", r#","agent":"curl/8.5""#, false);
        check("", r#","agent":"cu\u202erl""#, false);
        check("", r#","token":"x""#, false);
        check("", r#","count":6"#, false);
        for (from, to) in [
            ("\"batch\":3", "\"batch\":0"),
            ("\"batch\":3", "\"batch\":1.5"),
            ("\"batch\":3", "\"batch\":\"3\""),
            ("\"batch\":3,", ""),
            ("https://orders.example", "orders"),
            (ID, "0192F3A4B5C6D7E8F90A1B2C3D4E5F60"),
            (ID, ""),
            ("client:worker", "client:"),
            ("client:worker", "client:a\\u0007"),
            ("client:worker", "client:\\u202e"),
            ("client:worker", "key:7"),
            ("client:worker", "all"),
            ("client:worker", "api:orders"),
            ("accepted", "ACCEPTED"),
            ("accepted", "issued"),
            ("\"count\":5", "\"count\":0"),
            ("\"count\":5", "\"count\":-5"),
            ("\"count\":5", "\"count\":100000001"),
            ("\"count\":5", "\"count\":1e3"),
            ("\"minute\":60", "\"minute\":61"),
            ("\"minute\":60", "\"minute\":-60"),
            ("\"minute\":60", "\"minute\":9223372036854775807"),
        ] {
            let text = with("", "").replacen(from, to, 1);
            assert_ne!(text, with("", ""), "{from}");
            assert!(UsageReport::parse(text.as_bytes()).is_err(), "{text}");
        }
        // Values in a row are neither a report nor an item.
        let item = r#"{"minute":60,"subject":"unknown","outcome":"accepted","count":5}"#;
        let rows = [r#"[60,"unknown","accepted",5,null,null,null]"#.to_owned(), item.to_owned()];
        for (place, row) in rows.iter().enumerate() {
            let report = format!(r#"{{"verifier":"{ID}","batch":3,"audience":"https://orders.example","items":[{row}]}}"#);
            assert_eq!(UsageReport::parse(report.as_bytes()).is_ok(), place == 1, "{report}");
        }
        let report = format!(r#"["{ID}",3,"https://orders.example",0,[{item}],null,null,null,null]"#);
        assert!(UsageReport::parse(report.as_bytes()).is_err(), "{report}");
        let subject = format!("key:{ID}");
        assert!(UsageReport::parse(with("", "").replacen("client:worker", &subject, 1).as_bytes()).is_ok());
        for text in ["", "{}", "[]", "null", &"[".repeat(10_000), &format!("{} x", with("", ""))] {
            assert!(UsageReport::parse(text.as_bytes()).is_err(), "{text:.20}");
        }
        let item = r#"{"minute":60,"subject":"unknown","outcome":"invalid","count":1},"#;
        for (count, is_report) in [(499, true), (500, false)] {
            let text = with("", "").replacen("\"items\":[", &format!("\"items\":[{}", item.repeat(count)), 1);
            assert_eq!(UsageReport::parse(text.as_bytes()).is_ok(), is_report, "{count}");
        }
        assert!(UsageReport::parse(format!("{}{}", with("", ""), " ".repeat(UsageReport::MAX_LEN)).as_bytes()).is_err());
    }
}
