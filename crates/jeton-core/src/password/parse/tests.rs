use super::*;
use crate::password::cost::Cost;
use crate::password::hash::{Argon2, How};

#[track_caller]
fn check(text: &str, expected: Result<&str, NotAHash>) {
    assert_eq!(parse(text).map(|hash| hash.how.name()), expected, "{text}");
}

const SALT: &str = "c29tZXNhbHRzb21lc2FsdA";
const HASH: &str = "wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";

#[test]
fn what_we_write_is_read_as_it_was_written() {
    let cost = Cost { memory_kib: 65_536, passes: 4, lanes: 1 };
    let text = Hash::argon2id(cost, b"saltsalt", &[7; 32]);
    let hash = parse(&text).unwrap();
    assert_eq!(hash.how, How::Argon2 { variant: Argon2::Id, cost, salt: b"saltsalt".to_vec() });
    assert_eq!(hash.hash.0.as_slice(), [7; 32]);
    assert_eq!(format!("{:?}", hash.hash), "32 bytes", "it is not printed");
    for (today, expected) in [(4, false), (7, false), (8, true), (2, false)] {
        assert_eq!(hash.is_to_be_made_anew(Cost { passes: today, ..cost }), expected, "{today}");
    }
    assert!(parse(&text.replace("argon2id", "argon2i")).unwrap().is_to_be_made_anew(Cost { passes: 1, ..cost }));
}

#[test]
fn argon2() {
    use NotAHash::{Malformed, TooMuch, Unknown};
    check(&format!("$argon2id$v=19$m=65536,t=4,p=1${SALT}${HASH}"), Ok("argon2id"));
    check(&format!("$argon2i$v=19$m=65536,t=4,p=1${SALT}${HASH}"), Ok("argon2i"));
    check(&format!("argon2$argon2id$v=19$m=102400,t=2,p=8${SALT}${HASH}"), Ok("argon2id"));
    check(&format!("$argon2d$v=19$m=65536,t=4,p=1${SALT}${HASH}"), Err(Unknown));
    for (about, expected) in [
        ("v=19$m=8,t=1,p=1", Ok("argon2id")),
        ("v=19$m=262144,t=16,p=16", Ok("argon2id")),
        ("v=16$m=65536,t=4,p=1", Err(Malformed)),
        ("m=65536,t=4,p=1", Err(Malformed)),
        ("v=19$m=7,t=1,p=1", Err(Malformed)),
        ("v=19$m=8,t=1,p=2", Err(Malformed)),
        ("v=19$m=65536,t=0,p=1", Err(Malformed)),
        ("v=19$m=065536,t=1,p=1", Err(Malformed)),
        ("v=19$m=65536,t=+1,p=1", Err(Malformed)),
        ("v=19$t=1,m=65536,p=1", Err(Malformed)),
        ("v=19$m=65536,t=1,p=1,x=1", Err(Malformed)),
        ("v=19$m=4294967296,t=1,p=1", Err(Malformed)),
        ("v=19$m=262145,t=1,p=1", Err(TooMuch)),
        ("v=19$m=65536,t=33,p=1", Err(TooMuch)),
        ("v=19$m=262144,t=17,p=1", Err(TooMuch)),
        ("v=19$m=65536,t=1,p=17", Err(TooMuch)),
        ("v=19$m=4294967295,t=4294967295,p=1", Err(TooMuch)),
    ] {
        check(&format!("$argon2id${about}${SALT}${HASH}"), expected);
    }
    let cost = "$argon2id$v=19$m=65536,t=1,p=1";
    check(&format!("{cost}$short${HASH}"), Err(Malformed));
    check(&format!("{cost}${SALT}$c2hvcnQ"), Err(Malformed));
    check(&format!("{cost}${SALT}${HASH}=="), Err(Malformed));
    check(&format!("{cost}${SALT}${HASH}$"), Err(Malformed));
    check(&format!("{cost}${SALT}${}", "A".repeat(600)), Err(Malformed));
    check(&format!("argon2${cost}${SALT}${HASH}"), Err(Malformed));
}

#[test]
fn bcrypt() {
    use NotAHash::{Malformed, TooMuch, Unknown};
    let rest = "DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
    for (begin, expected) in [
        ("$2a$06$", Ok("bcrypt")),
        ("$2b$15$", Ok("bcrypt")),
        ("$2y$04$", Ok("bcrypt")),
        ("bcrypt$$2b$12$", Ok("bcrypt")),
        ("bcrypt_sha256$$2b$12$", Ok("bcrypt")),
        ("$2x$06$", Err(Unknown)),
        ("$2$06$", Err(Unknown)),
        ("$2b$6$", Err(Malformed)),
        ("$2b$006$", Err(Malformed)),
        ("$2b$03$", Err(Malformed)),
        ("$2b$00$", Err(Malformed)),
        ("$2b$-6$", Err(Malformed)),
        ("$2b$16$", Err(TooMuch)),
        ("$2b$31$", Err(TooMuch)),
        ("bcrypt$2b$12$", Err(Malformed)),
    ] {
        check(&format!("{begin}{rest}"), expected);
    }
    check("$2b$12$", Err(Malformed));
    check(&format!("$2b$12${rest}A"), Err(Malformed));
    check(&format!("$2b$12${}!", &rest[1..]), Err(Malformed));
    assert!(matches!(parse(&format!("bcrypt_sha256$$2b$12${rest}")).unwrap().how, How::Bcrypt { of_digest: true, cost: 12, .. }));
}

#[test]
fn scrypt_and_pbkdf2() {
    use NotAHash::{Malformed, TooMuch, Unknown};
    let (padded, hex) = (format!("{HASH}="), "ab".repeat(32));
    for (text, expected) in [
        (format!("$scrypt$ln=14,r=8,p=1${SALT}${HASH}"), Ok("scrypt")),
        (format!("$scrypt$ln=18,r=8,p=4${SALT}${HASH}"), Ok("scrypt")),
        (format!("scrypt$16384$letters${}${padded}", "8$5"), Ok("scrypt")),
        (format!("scrypt:32768:8:1$letters${hex}"), Ok("scrypt")),
        (format!("$scrypt$ln=19,r=8,p=1${SALT}${HASH}"), Err(TooMuch)),
        (format!("$scrypt$ln=18,r=9,p=1${SALT}${HASH}"), Err(TooMuch)),
        (format!("$scrypt$ln=18,r=8,p=5${SALT}${HASH}"), Err(TooMuch)),
        (format!("$scrypt$ln=1,r=4294967295,p=4294967295${SALT}${HASH}"), Err(TooMuch)),
        (format!("$scrypt$ln=200,r=8,p=1${SALT}${HASH}"), Err(Malformed)),
        (format!("$scrypt$ln=16,r=1,p=1${SALT}${HASH}"), Err(Malformed)),
        (format!("$scrypt$ln=0,r=8,p=1${SALT}${HASH}"), Err(Malformed)),
        (format!("$scrypt$ln=14,r=8${SALT}${HASH}"), Err(Malformed)),
        (format!("scrypt:32767:8:1$letters${hex}"), Err(Malformed)),
        (format!("scrypt:32768:8:1$letters${}", hex.to_uppercase()), Err(Malformed)),
        (format!("scrypt:32768:8:1$letters${hex}a"), Err(Malformed)),
        (format!("pbkdf2_sha256$600000$letters${padded}"), Ok("PBKDF2")),
        (format!("$pbkdf2-sha256$29000${SALT}${HASH}"), Ok("PBKDF2")),
        (format!("$pbkdf2-sha256$i=600000,l=32${SALT}${HASH}"), Ok("PBKDF2")),
        (format!("$pbkdf2-sha256$i=600000,l=31${SALT}${HASH}"), Err(Malformed)),
        (format!("$pbkdf2-sha512$i=600000${SALT}${HASH}"), Ok("PBKDF2")),
        (format!("pbkdf2:sha256:5000000$letters${hex}"), Ok("PBKDF2")),
        (format!("pbkdf2:sha256:5000001$letters${hex}"), Err(TooMuch)),
        (format!("pbkdf2:sha256:0$letters${hex}"), Err(Malformed)),
        (format!("pbkdf2:sha256:01$letters${hex}"), Err(Malformed)),
        (format!("pbkdf2:md5:1000$letters${hex}"), Err(Malformed)),
        (format!("pbkdf2:sha1:1000$letters${hex}"), Err(Malformed)),
        (format!("$pbkdf2$1000${SALT}${HASH}"), Err(Malformed)),
        (format!("pbkdf2_sha256$600000$$${padded}"), Err(Malformed)),
        (format!("pbkdf2_sha256$600000$letters${HASH}"), Err(Malformed)),
        (format!("pbkdf2_sha256$600000$let ters${padded}"), Err(Malformed)),
        (format!("md5$letters${hex}"), Err(Unknown)),
        (hex.clone(), Err(Unknown)),
        ("$1$salt$hash".to_owned(), Err(Unknown)),
        ("$6$salt$hash".to_owned(), Err(Unknown)),
        ("{SSHA}abc".to_owned(), Err(Unknown)),
        (String::new(), Err(Unknown)),
        ("$".to_owned(), Err(Unknown)),
        ("\u{202e}".to_owned(), Err(Malformed)),
    ] {
        check(&text, expected);
    }
}
