//! People: taken in, changed, disabled and enabled.

use jeton_core::api_key;
use jeton_core::client;
use jeton_core::commit::Told;
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::{ApiKeyId, ClientId, GroupId, PersonId, RoleId};
use jeton_core::moment::Time;
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_core::person::alone::{Alone, ClientAlone, Dependents, GroupAlone};
use jeton_core::person::create::{CreatePerson, create};
use jeton_core::person::delete::{delete, delete_sign_ins};
use jeton_core::person::disable::disable;
use jeton_core::person::enable::enable;
use jeton_core::person::erase::{Leaving, erase, erase_entries, erase_reasons};
use jeton_core::person::update::{UpdatePerson, update};
use jeton_core::person::{Person, State, TABLE};
use jeton_core::record::Value;

use crate::known::{NO_CUT_OFF, NOW, actor, at, moment, person};
use crate::wants::{granted, refused};

#[track_caller]
fn check(shape: impl FnOnce(&mut CreatePerson), expected: Result<fn(&Person) -> bool, &str>) {
    let mut request = CreatePerson { username: "ada".to_owned(), ..CreatePerson::default() };
    shape(&mut request);
    match (create(&request, &actor(), &mut moment()), expected) {
        (outcome, Ok(holds)) => {
            let person = granted(outcome, "+person user.created");
            assert!(holds(&person), "{person:?}");
            assert_eq!(Person::from_row(&person.row()), Ok(person));
        }
        (outcome, Err(words)) => refused(outcome, words),
    }
}

#[test]
fn what_is_known_of_somebody_survives_their_row_and_nothing_is_null() {
    let plain = create(&CreatePerson { username: "ada".to_owned(), ..CreatePerson::default() }, &actor(), &mut moment()).verdict.unwrap();
    assert!(plain.row()[9..].iter().all(|value| *value == jeton_core::record::Value::Null));
    let known = Person {
        email_verified_at: Some(NOW),
        locale: Some("de".into()),
        attributes: [("room".to_owned(), "7".to_owned())].into(),
        ..plain
    };
    assert_eq!(Person::from_row(&known.row()), Ok(known.clone()));
    let known = Person { email: Some("a@b.example".into()), ..known };
    let request = UpdatePerson { email: Some("c@b.example".into()), ..UpdatePerson::default() };
    assert_eq!(update(&known, &request, &actor(), &mut moment()).verdict.unwrap().email_verified_at, None, "another address");
    let request = UpdatePerson { email: Some("a@b.example".into()), name: Some("Ada".into()), ..UpdatePerson::default() };
    assert_eq!(update(&known, &request, &actor(), &mut moment()).verdict.unwrap().email_verified_at, Some(NOW));
}

#[test]
fn taken_in() {
    check(|_| {}, Ok(|person| person.id.as_str().starts_with("user_") && &*person.username == "ada" && person.is_active()));
    check(|_| {}, Ok(|person| person.name.is_none() && person.email.is_none() && person.created_at == NOW));
    check(|request| request.username = "Ada.L-9_x".into(), Ok(|person| &*person.username == "ada.l-9_x"));
    check(|request| request.username = "a".repeat(64), Ok(|person| person.username.len() == 64));
    for username in [
        "",
        " ",
        "a b",
        ".",
        "..",
        "a@b",
        "adä",
        "-a",
        "--yes",
        "user_1",
        "USER_1",
        "self",
        "Self",
        "a\u{202e}",
        "a\n",
        "a/b",
        "a:b",
        "%00",
        &"a".repeat(65),
    ] {
        check(|request| request.username = username.into(), Err("username"));
    }
    check(|request| request.name = Some("Ada Łovelace".into()), Ok(|person| person.name.as_deref() == Some("Ada Łovelace")));
    check(|request| request.name = Some(String::new()), Ok(|person| person.name.is_none()));
    for name in [" ", "a ", "a\u{1b}[31m", "a\u{202e}b", "\u{2066}a", "a\nb", &"a".repeat(101)] {
        check(|request| request.name = Some(name.into()), Err("name"));
    }
    check(|request| request.email = Some("Ada@example.com".into()), Ok(|person| person.email.as_deref() == Some("Ada@example.com")));
    check(|request| request.email = Some(String::new()), Ok(|person| person.email.is_none()));
    check(|request| request.email = Some(format!("{}@example.com", "a".repeat(242))), Ok(|person| person.email.is_some()));
    for email in ["ada", "@example.com", "ada@", "a b@example.com", "a\u{200f}@b", "a@b\r", &format!("{}@example.com", "a".repeat(243))] {
        check(|request| request.email = Some(email.into()), Err("e-mail"));
    }
}

#[test]
fn changed() {
    let before = person("ada");
    let nothing = UpdatePerson::default;
    let check = |request: UpdatePerson, expected: &str| {
        let outcome = update(&before, &request, &actor(), &mut at(NOW + 5));
        let told = outcome.commit.events.iter().find_map(|event| match event {
            Event::UserUpdated { changed, .. } => Some(changed.to_string()),
            _ => None,
        });
        assert_eq!(told.unwrap_or_default(), expected, "{request:?}");
        assert!(!outcome.commit.is_narrowing());
        granted(outcome, if expected.is_empty() { "" } else { "+person user.updated" })
    };
    assert_eq!(check(nothing(), ""), before);
    check(UpdatePerson { username: Some("ADA".into()), ..nothing() }, "");
    let after = check(UpdatePerson { username: Some("ada.l".into()), email: Some("a@b.example".into()), ..nothing() }, "username email");
    assert_eq!((&*after.username, after.updated_at, after.created_at, &after.id), ("ada.l", NOW + 5, NOW, &before.id));
    let unnamed = update(&after, &UpdatePerson { email: Some(String::new()), ..nothing() }, &actor(), &mut moment()).verdict.unwrap();
    assert_eq!(unnamed.email, None);
    let refuse = |request, words| refused(update(&before, &request, &actor(), &mut moment()), words);
    refuse(UpdatePerson { username: Some(String::new()), ..nothing() }, "username");
    refuse(UpdatePerson { name: Some("\u{7}".into()), ..nothing() }, "name");
    let room = |text: &str| [("room".to_owned(), text.to_owned())].into();
    let at_seven = check(UpdatePerson { attributes: room("7"), ..nothing() }, "attributes");
    assert_eq!(at_seven.attributes, room("7"));
    assert_eq!(update(&at_seven, &nothing(), &actor(), &mut moment()).verdict.unwrap(), at_seven, "what is not named stays");
    let nowhere = update(&at_seven, &UpdatePerson { attributes: room(""), ..nothing() }, &actor(), &mut moment()).verdict.unwrap();
    assert!(nowhere.attributes.is_empty());
    refuse(UpdatePerson { attributes: room("\u{7}"), ..nothing() }, "attribute");
    refuse(UpdatePerson { email: Some("x".into()), ..nothing() }, "e-mail");
}

#[test]
fn disabled_and_enabled() {
    let ada = person("ada");
    for (latest, before) in [(NO_CUT_OFF, NOW + 1), (NOW + 1, NOW + 2)] {
        let outcome = disable(&ada, latest, &actor(), &mut moment());
        assert!(outcome.commit.is_narrowing());
        let Some(Event::CutOff { subject: CutOffSubject::User, name, before_seconds, .. }) = outcome.commit.events.last() else {
            panic!("no cut-off")
        };
        assert_eq!((&**name, *before_seconds), (ada.id.as_str(), before), "{latest}");
        let disabled = granted(outcome, "+person +negative user.disabled tokens.cut_off");
        assert_eq!(disabled.state, State::Disabled { at: NOW, by: actor() });
        assert_eq!(Person::from_row(&disabled.row()), Ok(disabled.clone()));
        assert_eq!(granted(disable(&disabled, latest, &actor(), &mut at(NOW + 9)), ""), disabled);
        let renamed = UpdatePerson { username: Some("gone".into()), ..UpdatePerson::default() };
        assert!(!granted(update(&disabled, &renamed, &actor(), &mut moment()), "+person user.updated").is_active());
        let enabled = enable(&disabled, &actor(), &mut at(NOW + 9));
        assert!(enabled.commit.grants());
        let enabled = granted(enabled, "+person user.enabled");
        assert_eq!((enabled.is_active(), enabled.updated_at), (true, NOW + 9));
    }
    assert_eq!(granted(enable(&ada, &actor(), &mut moment()), ""), ada);
}

#[test]
fn erased_with_groups_roles_and_what_entries_say() {
    let ada = person("ada");
    let told = |sequence| Told { sequence, time: Time::from_seconds(NOW) };
    let some = erase_entries(&ada, vec![told(1), told(2)], &actor(), &mut moment());
    assert!(some.is_narrowing());
    assert_eq!((some.erases.as_slice(), some.events.len()), (&[told(1), told(2)][..], 1));
    let rows = vec![(&api_key::TABLE, vec![]), (&client::secret::TABLE, vec![])];
    let others = erase_reasons(&ada, rows, &actor(), &mut moment());
    assert!(others.is_narrowing(), "also on a full disk");
    assert_eq!(granted(Outcome::grant((), others.clone()), "+api_key +client_secret entries.erased"), ());
    assert!(matches!(others.events[..], [Event::EntriesErased { entries: 0, reasons: 2, .. }]));
    let leaving = Leaving { groups: vec![GroupId::from("group_1")], roles: vec![RoleId::from("role_1")], is_last_owner: false };
    // Enabled again while it went on: what was issued since is dead too.
    let outcome = erase(&ada, &leaving, (vec![told(3)], 2), NO_CUT_OFF, &actor(), &mut moment());
    assert_eq!(outcome.commit.erases, [told(3)]);
    assert!(outcome.commit.is_narrowing());
    assert_eq!(granted(outcome, "-person -membership -assignment +negative tokens.cut_off user.erased"), 3);
    let disabled = granted(disable(&ada, NO_CUT_OFF, &actor(), &mut moment()), "+person +negative user.disabled tokens.cut_off");
    let outcome = erase(&disabled, &Leaving::default(), (vec![], 0), NO_CUT_OFF, &actor(), &mut moment());
    assert_eq!(granted(outcome, "-person user.erased"), 0);
    let last = Leaving { is_last_owner: true, ..leaving };
    refused(erase(&disabled, &last, (vec![told(3)], 2), NO_CUT_OFF, &actor(), &mut moment()), "another owner");
}

#[test]
fn deleted_with_groups_and_roles() {
    let ada = person("ada");
    let rows = vec![(&jeton_core::password::TABLE, vec![Value::text("user_1")]), (&jeton_core::session::TABLE, vec![Value::Id([1; 16])])];
    let signed_in = delete_sign_ins(rows, &actor(), &mut moment());
    assert!(matches!(signed_in.events[..], [Event::SignInsRemoved { count: 2, .. }]));
    assert_eq!(granted(Outcome::grant((), signed_in), "-password -session sign_ins.removed"), ());
    let leaving = Leaving { groups: vec![GroupId::from("group_1")], roles: vec![RoleId::from("role_1")], is_last_owner: false };
    // Enabled again while it went on: what was issued since is dead too.
    let outcome = delete(&ada, &leaving, NO_CUT_OFF, &actor(), &mut moment());
    assert!(outcome.commit.is_narrowing() && outcome.commit.erases.is_empty());
    granted(outcome, "-person -membership -assignment +negative tokens.cut_off user.deleted");
    let disabled = granted(disable(&ada, NO_CUT_OFF, &actor(), &mut moment()), "+person +negative user.disabled tokens.cut_off");
    granted(delete(&disabled, &Leaving::default(), NO_CUT_OFF, &actor(), &mut moment()), "-person user.deleted");
    let last = Leaving { is_last_owner: true, ..leaving };
    refused(delete(&disabled, &last, NO_CUT_OFF, &actor(), &mut moment()), "another owner");
}

#[test]
fn nobody_goes_of_whom_alone_something_depends() {
    let ada = PersonId::from("user_1");
    let group = |name: &str, keys: u8| GroupAlone {
        id: GroupId(format!("group_{name}").into()),
        name: name.into(),
        keys: (0..keys).map(|key| ApiKeyId([key; 16])).collect(),
    };
    let client = |name: &str| ClientAlone { id: ClientId(format!("client_{name}").into()), name: name.into() };
    let check = |alone: &Alone, dependents: Dependents, expected: Result<(), &str>| match (alone.check(&ada, &dependents), expected) {
        (Ok(()), Ok(())) => {}
        (Err(refusal), Err(words)) => assert!(refusal.to_string().contains(words), "{refusal}"),
        (found, expected) => panic!("{dependents:?}: {found:?}, not {expected:?}"),
    };
    let to = |owner: &str| Dependents::TransferTo(Owner::parse(owner).unwrap());
    let nothing = Alone { groups: vec![group("empty", 0)], clients: vec![] };
    check(&nothing, Dependents::Refuse, Ok(()));
    check(&nothing, to("user:user_2"), Ok(()));
    let both = Alone { groups: vec![group("empty", 0), group("billing", 2)], clients: vec![client("shop")] };
    let words = "2 keys and 1 client depend on this person alone: 2 keys of the group billing, whose last member they are; the client shop, which nobody else answers for";
    check(&both, Dependents::Refuse, Err(words));
    check(&both, Dependents::RevokeOwned, Ok(()));
    check(&both, to("group:group_desk"), Ok(()));
    check(&both, to("group:group_billing"), Err("nobody is left"));
    check(&both, to("group:group_empty"), Err("nobody is left"));
    check(&both, to("user:user_1"), Err("nobody is left"));
    check(&both, to("user:user_2"), Err("does not become a person's"));
    check(&both, to("client:shop"), Err("`group:NAME` or `user:NAME`"));
    check(&both, to("external:acme"), Err("`group:NAME` or `user:NAME`"));
    let client_alone = Alone { clients: vec![client("shop")], ..nothing.clone() };
    check(&client_alone, to("user:user_2"), Ok(()));
    check(&client_alone, Dependents::Refuse, Err("1 client depends on"));
    let many = Alone { groups: (0..7).map(|number| group(&format!("g{number}"), 1)).collect(), clients: vec![client("shop")] };
    check(&many, Dependents::Refuse, Err("7 keys and 1 client depend on this person alone: 1 key of the group g0"));
    check(&many, Dependents::Refuse, Err("; 2 more"));
    assert!(both.owns(&ada, &Owner::Group(GroupId::from("group_billing"))) && !both.owns(&ada, &Owner::Group(GroupId::from("group_x"))));
    assert!(both.owns(&ada, &Owner::Person(ada.clone())) && !both.owns(&ada, &Owner::Person(PersonId::from("user_2"))));
}

#[test]
fn half_a_state_is_damage() {
    let (state, at, by) = (4, 5, 6);
    let mut row = person("ada").row();
    for (column, value) in [(at, Value::Int(1)), (state, Value::text("disabled")), (state, Value::text("asleep"))] {
        let mut damaged = row.clone();
        *damaged.get_mut(column).unwrap() = value;
        assert_eq!(Person::from_row(&damaged).unwrap_err().table, TABLE.name);
    }
    *row.get_mut(state).unwrap() = Value::text("disabled");
    *row.get_mut(at).unwrap() = Value::Int(1);
    *row.get_mut(by).unwrap() = Value::text("unix:0");
    assert!(!Person::from_row(&row).unwrap().is_active());
}
