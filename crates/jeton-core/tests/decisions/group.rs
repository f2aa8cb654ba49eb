//! Groups: made, changed, removed, and who is in them.

use jeton_core::group::Group;
use jeton_core::group::create::{CreateGroup, create};
use jeton_core::group::delete::{OwnedKeys, delete};
use jeton_core::group::member::{self, Membership};
use jeton_core::group::update::{UpdateGroup, update};
use jeton_core::id::RoleId;
use jeton_core::record::Value;
use jeton_core::role::assign::Assignment;
use jeton_core::role::holder::Holder;

use crate::known::{NOW, actor, at, group, moment, person};
use crate::wants::{granted, refused};

#[track_caller]
fn check(shape: impl FnOnce(&mut CreateGroup), expected: Result<fn(&Group) -> bool, &str>) {
    let mut request = CreateGroup { name: "Billing".to_owned(), ..CreateGroup::default() };
    shape(&mut request);
    match (create(&request, &actor(), &mut moment()), expected) {
        (outcome, Ok(holds)) => {
            let group = granted(outcome, "+person_group group.created");
            assert!(holds(&group), "{group:?}");
            assert_eq!(Group::from_row(&group.row()), Ok(group));
        }
        (outcome, Err(words)) => refused(outcome, words),
    }
}

#[test]
fn made() {
    check(|_| {}, Ok(|group| &*group.name == "Billing" && group.id.as_str().starts_with("group_") && group.description.is_none()));
    check(|request| request.description = Some("Who bills".into()), Ok(|group| group.description.as_deref() == Some("Who bills")));
    check(|request| request.description = Some(String::new()), Ok(|group| group.description.is_none()));
    for name in ["", " a", "a\u{202e}", "a\u{0}", "group_0123456789abcdefghij", &"a".repeat(101)] {
        check(|request| request.name = name.into(), Err("name"));
    }
    for description in ["\u{1b}[2J", "a\u{2067}", " a", &"a".repeat(501)] {
        check(|request| request.description = Some(description.into()), Err("description"));
    }
}

#[test]
fn changed() {
    let before = group("billing");
    let of = |name: Option<&str>, description: Option<&str>| {
        let request = UpdateGroup { name: name.map(str::to_owned), description: description.map(str::to_owned) };
        update(&before, &request, &actor(), &mut at(NOW + 5))
    };
    assert_eq!(granted(of(None, None), ""), before);
    assert_eq!(granted(of(Some("billing"), Some("")), ""), before);
    let after = granted(of(Some("Bills"), Some("all of them")), "+person_group group.updated");
    assert_eq!((&*after.name, after.description.as_deref(), after.updated_at), ("Bills", Some("all of them"), NOW + 5));
    refused(of(Some("group_x"), None), "group_");
    refused(of(None, Some("\u{9b}")), "description");
}

#[test]
fn members_come_and_go() {
    let (billing, ada) = (group("billing"), person("ada"));
    let added = member::add(&billing, &ada, false, &actor(), &mut moment());
    assert!(added.commit.grants());
    granted(added, "+membership membership.added");
    granted(member::add(&billing, &ada, true, &actor(), &mut moment()), "");
    let removed = member::remove(&billing, &ada, true, &actor(), &mut moment());
    assert!(removed.commit.is_narrowing());
    granted(removed, "-membership membership.removed");
    granted(member::remove(&billing, &ada, false, &actor(), &mut moment()), "");
    let membership = Membership { group: billing.id.clone(), person: ada.id.clone(), created_at: NOW };
    assert_eq!(Membership::from_row(&membership.row()), Ok(membership));
    assert_eq!(member::of_key(&member::key(&billing.id, &ada.id)), Ok((billing.id, ada.id)));
    assert!(member::of_key(&vec![Value::text("g")]).is_err());
}

#[test]
fn removed_with_all_that_is_its() {
    let (billing, ada) = (group("billing"), person("ada"));
    let membership = Membership { group: billing.id.clone(), person: ada.id, created_at: NOW };
    let assignment = Assignment { role: RoleId::from("role_1"), holder: Holder::Group(billing.id.clone()), created_at: NOW };
    let of =
        |owned| delete(&billing, owned, (std::slice::from_ref(&membership), std::slice::from_ref(&assignment)), &actor(), &mut moment());
    refused(of(OwnedKeys { count: 1, has_more: false }), "has 1 key:");
    refused(of(OwnedKeys { count: 0, has_more: true }), "more than 0 keys");
    let outcome = of(OwnedKeys::default());
    assert!(outcome.commit.is_narrowing());
    granted(outcome, "-person_group -membership -assignment group.deleted");
}
