//! Roles: made, changed, removed, and who holds them.

use jeton_core::event::Event;
use jeton_core::id::RoleId;
use jeton_core::record::Value;
use jeton_core::role::Role;
use jeton_core::role::assign::{self, Assignment, assign, unassign};
use jeton_core::role::create::{CreateRole, create};
use jeton_core::role::delete::delete;
use jeton_core::role::holder::Holder;
use jeton_core::role::update::{UpdateRole, update};

use crate::known::{NOW, actor, api, at, group, moment, person, role};
use crate::wants::{granted, refused};

#[track_caller]
fn check(shape: impl FnOnce(&mut CreateRole), expected: Result<fn(&Role) -> bool, &str>) {
    let mut request = CreateRole { name: "clerk".to_owned(), scopes: "write read".to_owned(), ..CreateRole::default() };
    shape(&mut request);
    match (create(&request, &api("orders"), &actor(), &mut moment()), expected) {
        (outcome, Ok(holds)) => {
            let role = granted(outcome, "+role role.created");
            assert!(holds(&role), "{role:?}");
            assert_eq!(Role::from_row(&role.row()), Ok(role));
        }
        (outcome, Err(words)) => refused(outcome, words),
    }
}

#[test]
fn made() {
    check(|_| {}, Ok(|role| role.scopes.as_str() == "read write" && role.api == api("orders").id && role.created_at == NOW));
    check(|request| request.description = Some("Who sells".into()), Ok(|role| role.description.as_deref() == Some("Who sells")));
    for scopes in ["", "admin", "read admin", " read", "read  write"] {
        check(|request| request.scopes = scopes.into(), Err("scope"));
    }
    for name in ["", "a\u{2069}", "a\n", "role_0123456789abcdefghij"] {
        check(|request| request.name = name.into(), Err("name"));
    }
    check(|request| request.description = Some("\u{8}".into()), Err("description"));
}

/// What an update tells: each kind, and the scopes or members it names.
fn told(before: &Role, request: &UpdateRole) -> (String, bool) {
    let outcome = update(before, request, &api("orders"), &actor(), &mut at(NOW + 5));
    let words = outcome.commit.events.iter().map(|event| match event {
        Event::RoleUpdated { changed, .. } => format!("updated({changed})"),
        Event::RoleNarrowed { scopes, .. } => format!("narrowed({scopes})"),
        Event::RoleWidened { scopes, .. } => format!("widened({scopes})"),
        other => panic!("{other:?}"),
    });
    (words.collect::<Vec<_>>().join(" "), outcome.commit.is_narrowing())
}

#[test]
fn what_is_given_and_what_is_taken_is_told_apart() {
    let (reader, clerk) = (role(&api("orders"), "reader", "read"), role(&api("orders"), "clerk", "read write"));
    let scopes = |scopes: &str| UpdateRole { scopes: Some(scopes.to_owned()), ..UpdateRole::default() };
    let check = |before: &Role, request: UpdateRole, expected: &str, narrows: bool| {
        assert_eq!(told(before, &request), (expected.to_owned(), narrows), "{request:?}");
    };
    check(&reader, UpdateRole::default(), "", false);
    check(&reader, scopes("read"), "", false);
    check(&reader, scopes("read write"), "widened(write)", false);
    check(&clerk, scopes("read"), "narrowed(write)", true);
    check(&reader, scopes("write"), "narrowed(read) widened(write)", false);
    check(&clerk, UpdateRole { name: Some("seller".into()), ..scopes("write") }, "updated(name) narrowed(read)", true);
    check(&clerk, UpdateRole { description: Some("x".into()), ..UpdateRole::default() }, "updated(description)", false);
    let after = granted(update(&reader, &scopes("write"), &api("orders"), &actor(), &mut at(NOW + 5)), "+role role.narrowed role.widened");
    assert_eq!((after.scopes.as_str(), after.updated_at), ("write", NOW + 5));
    for (request, words) in
        [(scopes("admin"), "`admin`"), (scopes(""), "at least one"), (UpdateRole { name: Some(String::new()), ..scopes("read") }, "name")]
    {
        refused(update(&reader, &request, &api("orders"), &actor(), &mut moment()), words);
    }
}

#[test]
fn held_and_taken() {
    let clerk = role(&api("orders"), "clerk", "read");
    for holder in [Holder::Person(person("ada").id), Holder::Group(group("billing").id)] {
        let given = assign(&clerk, &holder, false, &actor(), &mut moment());
        assert!(given.commit.grants());
        granted(given, "+assignment role.assigned");
        granted(assign(&clerk, &holder, true, &actor(), &mut moment()), "");
        let taken = unassign(&clerk, &holder, true, &actor(), &mut moment());
        assert!(taken.commit.is_narrowing());
        granted(taken, "-assignment role.unassigned");
        granted(unassign(&clerk, &holder, false, &actor(), &mut moment()), "");
        let assignment = Assignment { role: clerk.id.clone(), holder: holder.clone(), created_at: NOW };
        assert_eq!(Assignment::from_row(&assignment.row()), Ok(assignment.clone()));
        assert_eq!(assign::of_key(&assign::key(&clerk.id, &holder)), Ok((clerk.id.clone(), holder)));
        let outcome = delete(&clerk, &[assignment], &actor(), &mut moment());
        assert!(outcome.commit.is_narrowing());
        granted(outcome, "-role -assignment role.deleted");
    }
    assert!(assign::of_key(&vec![Value::Text(RoleId::from("r").0), Value::text("client:c")]).is_err());
}
