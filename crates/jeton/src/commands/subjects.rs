//! What is revoked, suspended or resumed: one credential, or all of a subject.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::input::{self, Named};
use super::server::Server;
use crate::render::text::shown;

/// The heading of those that are many at once.
pub(super) const MANY: &str = "Many at once, by one of these";

/// How often a change is asked for at most; each time the server changes some hundreds.
const REQUESTS_MAX: usize = 10_000;

/// A kind of subject, and which one.
pub(super) type Subject<'a> = (&'static str, &'a str);

/// The members of a request that name something, and the kind of subject, where it is more than one credential.
pub(super) type Asked<'a> = (Map<String, Value>, Option<Subject<'a>>);

/// One credential, or all of a subject
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Subjects {
    /// One token, key or client secret: the id of a token or key; `-`, the text
    /// on standard input; or a file that holds it
    #[arg(value_name = "ID|-|FILE", group = "subject")]
    token: Option<String>,
    /// One API key or personal access token, by its id
    #[arg(long, value_name = "ID", group = "subject")]
    key: Option<String>,
    /// Those of a client, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    client: Option<String>,
    /// Those for an API, by its audience or id
    #[arg(long, value_name = "URI", group = "subject", help_heading = MANY)]
    api: Option<String>,
    /// Those that act for a person, by username or the claim `sub` in them, and
    /// the person's keys
    #[arg(long, value_name = "USER", group = "subject", help_heading = MANY)]
    user: Option<String>,
    /// The keys of a group, by its name or id
    #[arg(long, group = "subject", help_heading = MANY)]
    group: Option<String>,
    /// The keys of somebody outside, external:TEXT, as --owner of `jeton key create`;
    /// one that is made later is not concerned
    #[arg(long, value_name = "OWNER", group = "subject", help_heading = MANY)]
    owner: Option<String>,
    /// Those of one browser session, by the claim `sid` in them
    #[arg(long, value_name = "SID", group = "subject", help_heading = MANY)]
    session: Option<String>,
    /// Those of one chain of refresh tokens, by the claim `gid` in them
    #[arg(long, value_name = "GID", group = "subject", help_heading = MANY)]
    family: Option<String>,
}

/// What would become of many, for the question before it; `None`: nobody is to be asked, or it is not known now.
pub(super) fn planned(context: &Context, path: &str, body: &Map<String, Value>, member: &str) -> Option<Value> {
    if context.options.yes {
        return None;
    }
    let mut looking = body.clone();
    looking.insert("dry_run".to_owned(), json!(true));
    change(&context.server().ok()?, path, looking, member).ok()
}

/// Sends a change. What is more than the server changes at once is asked for again, and counted together under `member`; keys that were
/// made meanwhile are not concerned.
///
/// # Errors
/// As of the request that fails; what was changed before it stays so.
pub(super) fn change(server: &Server, path: &str, mut body: Map<String, Value>, member: &str) -> Result<Value, Failure> {
    let mut whole = server.post(path, &Value::Object(body.clone()))?;
    for _ in 0..REQUESTS_MAX {
        if whole.get("has_more") != Some(&json!(true)) {
            break;
        }
        body.extend(whole.get("before_seconds").map(|before| ("before".to_owned(), before.clone())));
        let mut more = server.post(path, &Value::Object(body.clone()))?;
        for (kind, count) in more.get_mut(member).and_then(Value::as_object_mut).into_iter().flatten() {
            let before = whole.get(member).and_then(|counts| counts.get(kind)).and_then(Value::as_u64);
            *count = json!(before.zip(count.as_u64()).map(|(before, count)| before + count));
        }
        whole = more;
    }
    Ok(whole)
}

/// What whoever gave this for a token may have meant.
fn meant(argument: &str) -> String {
    let begins = |beginning: &str| argument.starts_with(beginning);
    // As owners and holders of roles are written.
    if let Some((kind @ ("client" | "user" | "group" | "key"), name)) = argument.split_once(':') {
        let what = if kind == "user" { "a person" } else { &format!("a {kind}") };
        return format!("{what} is named by --{kind} {}", shown(name));
    }
    match argument {
        _ if begins("secret_") => "a secret of a client is named with its client: `jeton client secret list CLIENT`, and its \
                                   commands suspend, resume and revoke CLIENT SECRET"
            .to_owned(),
        _ if begins("api_") || argument.contains("://") => format!("an API is named by --api {}", shown(argument)),
        _ if begins("client_") => format!("a client is named by --client {}", shown(argument)),
        _ if begins("user_") => format!("a person is named by --user {}", shown(argument)),
        _ if begins("group_") => format!("a group is named by --group {}", shown(argument)),
        _ if begins("external:") => format!("somebody outside is named by --owner {}", shown(argument)),
        _ => format!(
            "of a client: --client {0}, a person: --user {0}, a group: --group {0}; a token or key by its id (32 hexadecimal digits), a \
             file that holds it, or `-` for standard input",
            shown(argument)
        ),
    }
}

impl Subjects {
    /// The one token, key or secret that is named, in words; `None`: its text is handed in, or there are more.
    pub(super) fn one(&self) -> Option<String> {
        match (self.token.as_deref(), self.key.as_deref()) {
            (Some("-"), _) | (None, None) => None,
            (Some(id), _) if input::is_token_id(id) => Some(format!("the token or key {id}")),
            (Some(file), _) => Some(format!("what {} holds", shown(file))),
            (None, Some(key)) => Some(format!("the key {key}")),
        }
    }

    /// What is named; `None`: nothing is.
    pub(super) fn named(&self) -> Result<Option<Asked<'_>>, Failure> {
        let object = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        if let Some(token) = &self.token {
            return Ok(Some(match input::named_or(token, &meant(token))? {
                Named::Text(token) => (object("token", json!(token.for_server().expose())), None),
                Named::Id(id) => (object("id", json!(id)), None),
            }));
        }
        if let Some(key) = &self.key {
            return Ok(Some((object("key", json!(input::key_id(key)?)), None)));
        }
        let named = [
            ("client", &self.client),
            ("api", &self.api),
            ("user", &self.user),
            ("group", &self.group),
            ("owner", &self.owner),
            ("session", &self.session),
            ("family", &self.family),
        ];
        let named = named.into_iter().find_map(|(kind, name)| Some((kind, name.as_deref()?)));
        Ok(named.map(|(kind, name)| (object(kind, json!(name)), Some((kind, name)))))
    }
}
