//! Objects are whole and ours, or nothing of them is looked at; what is wrong is named.

use std::io::Read as _;

use jeton_backup::identity::{Identity, Recipient};
use jeton_backup::object::{Kind, PLAIN_BYTES_MAX, SEALED_BYTES_MAX};
use jeton_backup::open::Opening;
use jeton_backup::problem::What;
use jeton_backup::target::Target;

use crate::stage::{keys, root_keys};

const NAME: &str = "snapshots/20261126T191327Z-01020304/part-00001.age";

fn sealed(identity: &Identity) -> Vec<u8> {
    let (sealing, _) = keys(identity);
    let mut lines = sealing.begin(Kind::Part, NAME).unwrap();
    for number in 0..40 {
        lines.push(&format!("{{\"row\":\"client\",\"version\":{number},\"values\":[]}}"));
    }
    sealing.seal(lines).unwrap()
}

#[test]
fn what_was_sealed_opens_with_its_identity_and_root_key_under_its_name() {
    let identity = Identity::generate();
    let (bytes, (_, opening)) = (sealed(&identity), keys(&identity));
    let opened = opening.open(NAME, &bytes).unwrap();
    assert_eq!((opened.lines().count(), opened.header.kind), (40, Kind::Part));
    let check = |opening: &Opening, name: &str, expected: What| {
        let problem = opening.open(name, &bytes).unwrap_err();
        assert_eq!(problem.what, expected);
        assert!(problem.to_string().starts_with(name), "{problem}");
    };
    check(&Opening { identity: Identity::generate(), ..opening.clone() }, NAME, What::WrongIdentity);
    check(&Opening { root_keys: root_keys(2), ..opening.clone() }, NAME, What::Forged);
    check(&opening, "snapshots/20261126T191327Z-01020304/part-00002.age", What::Forged);
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let identity = Identity::generate();
    let (bytes, (_, opening)) = (sealed(&identity), keys(&identity));
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(opening.open(NAME, &flipped).is_err(), "a bit of byte {place} of {}", bytes.len());
        assert!(opening.open(NAME, &bytes[..place]).is_err(), "cut after {place} bytes of {}", bytes.len());
    }
    assert!(opening.open(NAME, &[&bytes[..], b"more"].concat()).is_err());
}

#[test]
fn a_newer_format_is_named_and_not_misread() {
    let identity = Identity::generate();
    let (sealing, opening) = keys(&identity);
    let mut plain = br#"{"jeton_backup":2,"something":"new"}"#.to_vec();
    plain.extend_from_slice(b"\n{\"end\":{}}\n");
    let packed = zstd::bulk::compress(&plain, 1).unwrap();
    let recipient: age::x25519::Recipient = sealing.recipients[1].to_string().parse().unwrap();
    let sealed = age::encrypt(&recipient, &packed).unwrap();
    let problem = opening.open(NAME, &sealed).unwrap_err();
    assert_eq!(problem.what, What::Newer(2));
    assert!(problem.to_string().contains("newer `jeton`"), "{problem}");
}

/// Whoever knows a recipient can seal for it.
#[test]
fn what_unpacks_to_more_than_an_object_has_is_not_unpacked() {
    let identity = Identity::generate();
    let (sealing, opening) = keys(&identity);
    let zeros = std::io::repeat(b' ').take(PLAIN_BYTES_MAX as u64 + 1);
    let packed = zstd::stream::encode_all(zeros, 1).unwrap();
    let recipient: age::x25519::Recipient = sealing.recipients[1].to_string().parse().unwrap();
    let sealed = age::encrypt(&recipient, &packed).unwrap();
    assert!(sealed.len() < PLAIN_BYTES_MAX / 100, "it is small as it comes");
    assert_eq!(opening.open(NAME, &sealed).unwrap_err().what, What::TooLarge);
}

#[tokio::test]
async fn what_is_larger_than_an_object_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::folder(folder.path()).unwrap();
    // Without a block on the disk.
    let file = std::fs::File::create(folder.path().join("large.age")).unwrap();
    file.set_len(SEALED_BYTES_MAX + 1).unwrap();
    assert_eq!(target.get("large.age").await.unwrap_err().what, What::TooLarge);
}

#[test]
fn recipients_and_identities_are_told_apart_and_identities_are_not_shown() {
    let identity = Identity::generate();
    let text = identity.reveal();
    assert!(text.parse::<Recipient>().unwrap_err().contains("identity"));
    assert!("age1nonsense".parse::<Recipient>().is_err());
    assert_eq!(format!("{identity:?}"), "Identity(…)");
    let file = format!("# created: today\n# public key: {}\n{}\n", identity.recipient(), *text);
    assert_eq!(Identity::from_file_text(&file).unwrap().recipient(), identity.recipient());
    for wrong in ["", "# nothing\n", "age1abc", &format!("{}\n{}", *text, *text)] {
        let error = Identity::from_file_text(wrong).unwrap_err();
        assert!(!error.contains(&**text), "{error}");
    }
}
