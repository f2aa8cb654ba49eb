//! What has to happen so that a deployment is as its files say. Pure: two states in, changes out.

use std::collections::BTreeMap;

use super::change::{Change, Step};
use super::{Declared, Noun, Thing};

/// The changes, in an order in which they can be made: what others name comes first, and goes last.
///
/// What the files do not name stays. With `prune` it goes, of those kinds of thing of which the files name any: files that name roles alone
/// do not remove every client.
pub(crate) fn difference(declared: &Declared, held: &Declared, prune: bool) -> Vec<Change> {
    let (wanted, there) = (declared.things(), held.things());
    let mut changes: Vec<Change> = wanted.iter().filter_map(|thing| made_or_changed(thing, find(&there, thing))).collect();
    let gone = |thing: &&Thing| find(&wanted, thing).is_none() && is_removed(declared, &wanted, thing, prune);
    let roles_gone = |thing: &Thing| {
        let role = Thing { noun: Noun::Role, key: thing.key.iter().take(2).cloned().collect(), members: thing.members.clone() };
        !role.is_built_in() && find(&wanted, &role).is_none()
    };
    // A role that goes takes along who holds it.
    let removed = there.iter().rev().filter(gone).filter(|thing| thing.noun != Noun::Assignment || !roles_gone(thing));
    changes.extend(removed.map(|thing| Change { step: Step::Remove, thing: thing.clone(), members: BTreeMap::new() }));
    changes
}

fn find<'a>(things: &'a [Thing], wanted: &Thing) -> Option<&'a Thing> {
    things.iter().find(|thing| thing.noun == wanted.noun && thing.key == wanted.key)
}

fn is_removed(declared: &Declared, wanted: &[Thing], thing: &Thing, prune: bool) -> bool {
    match (thing.noun, thing.key.as_slice()) {
        // The groups of a role are one list: who is not in it does not hold the role.
        (Noun::Assignment, [audience, name, ..]) => declared.says_groups_of(audience, name),
        (Noun::Role, _) if thing.is_built_in() => false,
        (noun, _) => prune && wanted.iter().any(|other| other.noun == noun),
    }
}

fn made_or_changed(wanted: &Thing, there: Option<&Thing>) -> Option<Change> {
    let Some(there) = there else {
        let members = wanted.members.iter().map(|(name, value)| (name.clone(), (None, Some(value.clone())))).collect();
        return Some(Change { step: Step::Make, thing: wanted.clone(), members });
    };
    let members: BTreeMap<_, _> = wanted
        .members
        .iter()
        .filter(|(name, value)| there.members.get(*name) != Some(value) && !(there.members.get(*name).is_none() && is_nothing(value)))
        .map(|(name, value)| (name.clone(), (there.members.get(name).cloned(), Some(value.clone()))))
        .collect();
    if members.is_empty() {
        return None;
    }
    let mut thing = there.clone();
    thing.members.extend(wanted.members.clone());
    Some(Change { step: Step::Change, thing, members })
}

/// Whether a value says the same as its absence.
fn is_nothing(value: &serde_json::Value) -> bool {
    value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str =
        "[[api]]\naudience = 'https://orders.example'\naccess_token_lifetime_seconds = 900\n[api.scopes]\n'orders:read' = 'Read'\n";

    #[track_caller]
    fn check(declared: &str, held: &str, prune: bool, expected: &[&str]) {
        let (declared, held): (Declared, Declared) = (toml::from_str(declared).unwrap(), toml::from_str(held).unwrap());
        let role = |change: &Change| (change.step != Step::Make || change.thing.noun == Noun::Assignment).then_some("role_1");
        let said: Vec<String> = difference(&declared, &held, prune)
            .iter()
            .map(|change| {
                let request = change.request(role(change));
                let body = request.body.map(|body| format!(" {body}")).unwrap_or_default();
                format!("{} {}{body}", request.method, request.path)
            })
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_as_it_should_be_is_left_alone() {
        check(ORDERS, ORDERS, true, &[]);
        check("", ORDERS, true, &[]);
        check("[[api]]\naudience = 'https://orders.example'", ORDERS, true, &[]);
        check("[[group]]\nname = 'a'\ndescription = ''", "[[group]]\nname = 'a'", false, &[]);
    }

    #[test]
    fn what_is_not_there_is_made_in_order() {
        let role = "[[role]]\naudience = 'https://orders.example'\nname = 'clerk'\nscope = ['b', 'a']\ngroups = ['sales']\n";
        let group = "[[group]]\nname = 'sales'\n";
        let policy = "[[policy]]\nkind = 'client_secret'\nclient = 'worker'\nmax_seconds = 60\n";
        check(
            &format!(
                "{policy}{role}{group}{ORDERS}[[client]]\nname = 'worker'\nmay_introspect = true\naudiences = ['https://orders.example']"
            ),
            "",
            false,
            &[
                r#"POST /api/v1/apis {"access_token_lifetime_seconds":900,"audience":"https://orders.example","scopes":{"orders:read":"Read"}}"#,
                r#"POST /api/v1/groups {"name":"sales"}"#,
                r#"POST /api/v1/clients {"audiences":["https://orders.example"],"may_introspect":true,"name":"worker"}"#,
                r#"POST /api/v1/roles {"audience":"https://orders.example","name":"clerk","scope":"a b"}"#,
                r#"PUT /api/v1/roles/role_1/assignments/group%3Asales {}"#,
                r#"PUT /api/v1/policies/client_secret {"client":"worker","max_seconds":60}"#,
            ],
        );
    }

    #[test]
    fn only_what_differs_is_changed() {
        let longer = ORDERS.replace("900", "3600");
        check(&longer, ORDERS, false, &[r#"PATCH /api/v1/apis/https%3A%2F%2Forders.example {"access_token_lifetime_seconds":3600}"#]);
        // A policy is set as a whole: what the file leaves out goes along.
        check(
            "[[policy]]\nkind = 'api_key'\nmax_seconds = 60",
            "[[policy]]\nkind = 'api_key'\nmax_seconds = 90\ndefault_seconds = 30",
            false,
            &[r#"PUT /api/v1/policies/api_key {"default_seconds":30,"max_seconds":60}"#],
        );
    }

    #[test]
    fn what_files_do_not_name_goes_when_pruned_and_only_of_kinds_they_name() {
        let held =
            format!("{ORDERS}[[group]]\nname = 'a'\n[[group]]\nname = 'b'\n[[policy]]\nkind = 'api_key'\napi = 'x:y'\nmax_seconds = 9");
        check("[[group]]\nname = 'a'", &held, false, &[]);
        check("[[group]]\nname = 'a'", &held, true, &["DELETE /api/v1/groups/b"]);
        let declared = format!("{ORDERS}[[policy]]\nkind = 'api_key'\nmax_seconds = 5");
        let expected = [r#"PUT /api/v1/policies/api_key {"max_seconds":5}"#, r#"PUT /api/v1/policies/api_key {"api":"x:y"}"#];
        check(&declared, &held, true, &expected);
    }

    #[test]
    fn the_groups_of_a_role_are_one_list() {
        let role = |groups: &str| format!("[[role]]\naudience = 'x:y'\nname = 'clerk'\n{groups}");
        check(&role("groups = ['b']"), &role("groups = ['a', 'b']"), false, &["DELETE /api/v1/roles/role_1/assignments/group%3Aa"]);
        check(&role(""), &role("groups = ['a']"), true, &[]);
        let other = "[[role]]\naudience = 'x:y'\nname = 'other'\n";
        let built_in = |groups: &str| format!("[[role]]\nbuilt_in = 'owner'\ngroups = {groups}\n");
        check(&built_in("[]"), &built_in("['root']"), false, &["DELETE /api/v1/roles/role_1/assignments/group%3Aroot"]);
        check(&built_in("['root']"), &built_in("[]"), false, &["PUT /api/v1/roles/role_1/assignments/group%3Aroot {}"]);
        check(other, &format!("{other}{}", built_in("['root']")), true, &[]);
        let held = format!("{}\n{other}", role("groups = ['a']"));
        check(other, &held, true, &["DELETE /api/v1/roles/role_1"]);
    }
}
