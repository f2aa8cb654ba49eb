//! People who are known elsewhere, taken in.

use jeton_core::person::State;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::import::{AT_ONCE_MAX, ImportPerson, Imported, PersonToImport, Rights, import};
use jeton_core::refusal::Refusal;
use jeton_token::Secret;

use crate::known::{actor, api, group, moment, role, root_keys};
use crate::wants::wants;

const HASH: &str = "$2b$08$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

fn of(username: &str) -> PersonToImport {
    PersonToImport { described: CreatePerson { username: username.to_owned(), ..CreatePerson::default() }, ..PersonToImport::default() }
}

fn nothing(request: &PersonToImport) -> ImportPerson<'_> {
    ImportPerson { request, rights: Ok(Rights::default()), is_known: false }
}

/// What is written, and what became of each: `+` is here, `=` was here, `-` was refused.
#[track_caller]
fn check(people: &[ImportPerson<'_>], expected: (&str, &str)) -> Vec<Imported> {
    let outcome = import(people, &root_keys(), &actor(), &mut moment());
    let all = outcome.verdict.unwrap();
    let became: String = all
        .iter()
        .map(|imported| match imported {
            Imported::Made(_) => '+',
            Imported::Existed => '=',
            Imported::Refused(_) => '-',
        })
        .collect();
    assert_eq!((wants(&outcome.commit).as_str(), became.as_str()), expected);
    all
}

#[test]
fn each_by_itself() {
    let [ada, bob, wrong, upper] = ["ada", "bob", "a b", "ADA"].map(of);
    check(&[], ("", ""));
    check(&[nothing(&ada)], ("+person user.created", "+"));
    check(&[nothing(&ada), nothing(&bob)], ("+person +person user.created user.created", "++"));
    check(&[nothing(&ada), nothing(&upper), nothing(&wrong)], ("+person user.created", "+=-"));
    check(&[ImportPerson { is_known: true, ..nothing(&wrong) }], ("", "="));
    check(&[ImportPerson { rights: Err(Refusal::invalid("no")), ..nothing(&ada) }], ("", "-"));
    let many: Vec<ImportPerson<'_>> = (0..=AT_ONCE_MAX).map(|_| nothing(&ada)).collect();
    assert!(import(&many, &root_keys(), &actor(), &mut moment()).verdict.is_err());
}

#[test]
fn with_all_that_is_theirs() {
    let whole = PersonToImport { is_disabled: true, password_hash: Some(Secret::from(HASH)), ..of("ada") };
    assert!(!format!("{whole:?}").contains(HASH));
    let rights = Rights { groups: vec![group("billing")], roles: vec![role(&api("orders"), "clerk", "read")] };
    let wanted = "+person +password +membership +assignment user.created user.password_set membership.added role.assigned user.disabled";
    let all = check(&[ImportPerson { rights: Ok(rights), ..nothing(&whole) }], (wanted, "+"));
    let [Imported::Made(person)] = all.as_slice() else { panic!("{all:?}") };
    assert!(matches!(person.state, State::Disabled { .. }));
}

#[test]
fn a_hash_is_one_that_can_be_compared() {
    for (hash, words) in [
        ("", "it is no hash"),
        ("correct horse", "it begins as a hash and is none"),
        ("$2b$08$abc", "it begins as a hash and is none"),
        ("$2b$16$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "it takes more work"),
    ] {
        let request = PersonToImport { password_hash: Some(Secret::from(hash)), ..of("ada") };
        let all = check(&[nothing(&request)], ("", "-"));
        let [Imported::Refused(refusal)] = all.as_slice() else { panic!("{all:?}") };
        assert!(refusal.detail.contains(words), "{hash}: {refusal:?}");
    }
}
