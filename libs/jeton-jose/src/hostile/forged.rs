//! Well-formed tokens that our key has not signed.

use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::error::KeyError;
use crate::hostile::forge::{Forge, joined, signed_by, tagged};
use crate::hostile::shape::{Collection, Kind, Shape};
use crate::jwk::{PublicParts, SigningKey};
use serde_json::{Value, json};

pub(super) fn shapes(forge: &Forge<'_>) -> Result<Vec<Shape>, KeyError> {
    let mut forged = Collection::new(Kind::Forged);
    unsigned(forge, &mut forged);
    public_key_as_secret(forge, &mut forged);
    other_algorithms(forge, &mut forged)?;
    other_keys(forge, &mut forged)?;
    key_names(forge, &mut forged)?;
    changed_claims(forge, &mut forged)?;
    changed_header(forge, &mut forged);
    changed_signature(forge, &mut forged);
    Ok(forged.shapes)
}

fn unsigned(forge: &Forge<'_>, forged: &mut Collection) {
    let names =
        ["none", "None", "NONE", "nOnE", "noNE", "NonE", "none ", " none", "none\0", "\u{ff4e}one", "", "null", "unsecured", "plain"];
    for name in names {
        let header = forge.header_with("alg", name);
        forged.add(format!("alg {name:?} without signature"), joined(&header, &forge.payload(), &[]));
        forged.add(format!("alg {name:?} with the genuine signature"), joined(&header, &forge.payload(), forge.signature()));
        forged.add(format!("alg {name:?} with any signature"), joined(&header, &forge.payload(), &[0; 64]));
    }
    let bare = br#"{"alg":"none"}"#;
    forged.add("alg none alone", joined(bare, &forge.payload(), &[]));
    forged.add("no signature", joined(&forge.header(), &forge.payload(), &[]));
}

/// CVE-2015-9235 and its many sisters: the published key used as an HMAC secret.
fn public_key_as_secret(forge: &Forge<'_>, forged: &mut Collection) {
    let numbers = match forge.jwk.parts() {
        PublicParts::EllipticCurve { x, y, .. } => [x.as_slice(), y].concat(),
        PublicParts::Ed25519 { x } => x.to_vec(),
        PublicParts::Rsa { n, .. } => n.clone(),
    };
    let jwk = forge.jwk_text();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", base64url::encode(&numbers));
    let secrets: [(&str, Vec<u8>); 11] = [
        ("the JWK", jwk.clone()),
        ("the JWK Set", [&br#"{"keys":["#[..], &jwk, b"]}"].concat()),
        ("the numbers", numbers.clone()),
        ("the point", [&[4], numbers.as_slice()].concat()),
        ("the numbers as base64url", base64url::encode(&numbers).into_bytes()),
        ("a PEM", pem.clone().into_bytes()),
        ("a PEM with a line end", format!("{pem}\n").into_bytes()),
        ("the kid", forge.key.key_id().as_bytes().to_vec()),
        ("nothing", Vec::new()),
        ("the issuer", forge.claim("iss").into_bytes()),
        ("the word secret", b"secret".to_vec()),
    ];
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let header = forge.header_with("alg", algorithm.name());
        for (name, secret) in &secrets {
            forged.add(format!("{algorithm} over {name}"), tagged(algorithm, secret, &header, &forge.payload()));
        }
    }
}

fn other_algorithms(forge: &Forge<'_>, forged: &mut Collection) -> Result<(), KeyError> {
    let rsa = SigningKey::generate(Algorithm::Rs256)?.to_private_bytes()?;
    for algorithm in Algorithm::ALL.into_iter().filter(|other| *other != forge.key.algorithm()) {
        let header = forge.header_with("alg", algorithm.name());
        forged.add(format!("alg {algorithm} with the genuine signature"), joined(&header, &forge.payload(), forge.signature()));
        let key = match algorithm.family() {
            Family::Rsa => SigningKey::from_private_bytes(algorithm, &rsa)?,
            _ => SigningKey::generate(algorithm)?,
        };
        forged.add(format!("{algorithm} by another key under our kid"), signed_by(&key, &header, &forge.payload())?);
        let own_kid = json!({"alg": algorithm.name(), "kid": key.key_id(), "typ": "at+jwt"}).to_string();
        forged.add(format!("{algorithm} by another key under its kid"), signed_by(&key, own_kid.as_bytes(), &forge.payload())?);
    }
    let lowered = forge.key.algorithm().name().to_ascii_lowercase();
    let unknown =
        ["ES256K", "ES521", "ES224", "RSA1_5", "RS1", "HS1", "PS1", "A256GCMKW", "dir", "PBES2-HS256+A128KW", "ML-DSA-44", "X", &lowered];
    for name in unknown {
        let header = forge.header_with("alg", name);
        forged.add(format!("unknown alg {name}"), joined(&header, &forge.payload(), forge.signature()));
    }
    Ok(())
}

/// CVE-2018-0114 and its sisters: a key that the token brings along or points to.
fn other_keys(forge: &Forge<'_>, forged: &mut Collection) -> Result<(), KeyError> {
    let other = SigningKey::generate(forge.key.algorithm())?;
    let jwk = serde_json::to_value(other.to_jwk()?).unwrap_or_default();
    let mut renamed = jwk.clone();
    if let Some(members) = renamed.as_object_mut() {
        members.insert("kid".to_owned(), forge.key.key_id().into());
    }
    let url = "https://attacker.example/jwks.json";
    let members: [(&str, Value); 9] = [
        ("jwk", jwk.clone()),
        ("jwk", renamed),
        ("jwk", json!({"keys": [jwk.clone()]})),
        ("jku", url.into()),
        ("jku", "http://127.0.0.1/jwks.json".into()),
        ("x5u", url.into()),
        ("x5c", json!(["MIIBAA"])),
        ("x5t", "AAAAAAAAAAAAAAAAAAAAAAAAAAA".into()),
        ("x5t#S256", other.key_id().into()),
    ];
    for (index, (name, value)) in members.into_iter().enumerate() {
        let ours = forge.header_with(name, value.clone());
        forged.add(format!("{name} {index} under our kid"), signed_by(&other, &ours, &forge.payload())?);
        let mut header = json!({"alg": forge.key.algorithm().name(), "typ": "at+jwt"});
        if let Some(header) = header.as_object_mut() {
            header.insert(name.to_owned(), value);
        }
        forged.add(format!("{name} {index} without kid"), signed_by(&other, header.to_string().as_bytes(), &forge.payload())?);
    }
    forged.add("another key under our kid", signed_by(&other, &forge.header(), &forge.payload())?);
    forged.add("another key without kid", signed_by(&other, &forge.header_without("kid"), &forge.payload())?);
    forged.add("another key under its kid", signed_by(&other, &forge.header_with("kid", other.key_id()), &forge.payload())?);
    Ok(())
}

/// Names of keys that look like something else to a careless reader.
fn key_names(forge: &Forge<'_>, forged: &mut Collection) -> Result<(), KeyError> {
    let other = SigningKey::generate(forge.key.algorithm())?;
    let ours = forge.key.key_id();
    let texts = [
        "../../../../dev/null".to_owned(),
        "/dev/null".to_owned(),
        "' UNION SELECT 'x".to_owned(),
        "x' OR '1'='1".to_owned(),
        "$(id)".to_owned(),
        "| id".to_owned(),
        "*".to_owned(),
        "%00".to_owned(),
        format!("{ours}\0"),
        format!("{ours} "),
        format!(" {ours}"),
        format!("{ours}/../{ours}"),
        ours.to_ascii_uppercase(),
        ours.chars().take(ours.len() / 2).collect(),
        "https://attacker.example/key".to_owned(),
    ];
    for text in &texts {
        let header = forge.header_with("kid", text.as_str());
        forged.add(format!("kid {text:?} by another key"), signed_by(&other, &header, &forge.payload())?);
    }
    for (name, value) in
        [("null", Value::Null), ("0", json!(0)), ("true", json!(true)), ("a list", json!([ours])), ("an object", json!({"$ne": ""}))]
    {
        let header = forge.header_with("kid", value);
        forged.add(format!("kid {name} by another key"), signed_by(&other, &header, &forge.payload())?);
    }
    for path in ["/dev/null", "../../../../dev/null"] {
        let header = json!({"alg": "HS256", "kid": path, "typ": "at+jwt"}).to_string();
        forged.add(format!("kid {path} with an empty HMAC secret"), tagged(Algorithm::Hs256, &[], header.as_bytes(), &forge.payload()));
    }
    Ok(())
}

fn changed_claims(forge: &Forge<'_>, forged: &mut Collection) -> Result<(), KeyError> {
    let header = forge.header();
    for (name, value) in [
        ("iss", json!("https://attacker.example")),
        ("sub", json!("administrator")),
        ("aud", json!("https://attacker.example")),
        ("client_id", json!("attacker")),
        ("exp", json!(forge.now_seconds + 1_000_000)),
        ("iat", json!(forge.now_seconds - 1)),
        ("nbf", json!(forge.now_seconds - 1)),
        ("jti", json!("another")),
        ("scope", json!("admin")),
        ("ver", json!(2)),
        ("act", json!({"sub": "attacker"})),
        ("cnf", json!({"jkt": "attacker"})),
        ("extra", json!(true)),
    ] {
        forged.add(format!("claim {name} changed"), joined(&header, &forge.claims_with(name, value), forge.signature()));
    }
    for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti"] {
        forged.add(format!("claim {name} removed"), joined(&header, &forge.claims_without(name), forge.signature()));
    }
    let payload = forge.payload();
    forged.add("space before the claims", joined(&header, &[b" ", payload.as_slice()].concat(), forge.signature()));
    forged.add("space after the claims", joined(&header, &[payload.as_slice(), b" "].concat(), forge.signature()));
    forged.add("no payload", joined(&header, &[], forge.signature()));
    forged.add("header as payload", joined(&header, &header, forge.signature()));

    let other = forge.claims_with("jti", "another");
    let another = forge.key.sign(joined(&header, &other, &[]).trim_end_matches('.').as_bytes())?;
    forged.add("signature of another token", joined(&header, &payload, &another));
    Ok(())
}

fn changed_header(forge: &Forge<'_>, forged: &mut Collection) {
    let payload = forge.payload();
    let header = forge.header();
    for (name, changed) in [
        ("member added", forge.header_with("x", 1)),
        ("jwk added", forge.header_with("jwk", serde_json::to_value(&forge.jwk).unwrap_or_default())),
        ("typ changed", forge.header_with("typ", "JWT")),
        ("typ removed", forge.header_without("typ")),
        ("kid removed", forge.header_without("kid")),
        ("alg removed", forge.header_without("alg")),
        ("space added", [b" ", header.as_slice()].concat()),
        ("line end added", [header.as_slice(), b"\n"].concat()),
    ] {
        forged.add(format!("header: {name}"), joined(&changed, &payload, forge.signature()));
    }
}

fn changed_signature(forge: &Forge<'_>, forged: &mut Collection) {
    let genuine = forge.signature();
    let length = genuine.len();
    let mut add = |name: String, signature: &[u8]| forged.add(name, joined(&forge.header(), &forge.payload(), signature));
    for index in (0..length).step_by(length.div_ceil(24)) {
        for mask in [1, 0x80] {
            let mut signature = genuine.to_vec();
            if let Some(byte) = signature.get_mut(index) {
                *byte ^= mask;
            }
            add(format!("signature byte {index} flipped by {mask}"), &signature);
        }
    }
    for kept in [1, length / 2, length - 1] {
        add(format!("signature cut to {kept} bytes"), genuine.get(..kept).unwrap_or_default());
    }
    let (r, s) = genuine.split_at(length / 2);
    let zero = vec![0; length / 2];
    let one = [zero.get(1..).unwrap_or_default(), &[1]].concat();
    let full = vec![0xff; length / 2];
    // CVE-2022-21449: r and s of zero pass where nobody checks their range.
    for (name, left, right) in [
        ("zero, zero", zero.as_slice(), zero.as_slice()),
        ("zero, one", &zero, &one),
        ("one, zero", &one, &zero),
        ("one, one", &one, &one),
        ("r, zero", r, &zero),
        ("zero, s", &zero, s),
        ("all bits", &full, &full),
        ("r, all bits", r, &full),
        ("s, r", s, r),
        ("r, r", r, r),
        ("s, s", s, s),
        ("r, s, zero byte", genuine, &[0]),
        ("zero byte, r, s", &[0], genuine),
        ("twice", genuine, genuine),
    ] {
        add(format!("signature of {name}"), &[left, right].concat());
    }
    let reversed: Vec<u8> = genuine.iter().rev().copied().collect();
    add("signature reversed".to_owned(), &reversed);
    // A genuine ECDSA signature in the form of X.509: SEQUENCE of two INTEGERs, each with a leading zero.
    let half = u8::try_from(length / 2 + 1).unwrap_or(u8::MAX);
    let der = [&[0x30, half.saturating_mul(2).saturating_add(4), 2, half, 0], r, &[2, half, 0], s].concat();
    add("signature as DER".to_owned(), &der);
    add("signature as text".to_owned(), base64url::encode(genuine).as_bytes());
}
