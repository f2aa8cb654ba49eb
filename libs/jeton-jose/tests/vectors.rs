//! Public test vectors, read in place from the folder that `JETON_VECTORS` names: Project Wycheproof, the examples of the JOSE cookbook (RFC 7520, 7797, 8037) and of the RFCs themselves.
//!
//! Every vector in JWS or JWT compact form with a supported algorithm must give its stated result; every other must be refused. Nothing of them is kept here.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a vector that cannot be read fails the test by panicking"
)]

use jeton_jose::jwk::{Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys};
use jeton_jose::jws::{self, Unverified, Verified};
use jeton_jose::{Algorithm, KeyError, TokenError, base64url};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Vectors called valid that are refused on purpose: file, test id, why.
const REFUSED_ON_PURPOSE: [(&str, u64, &str); 6] = [
    ("json_web_signature_test", 346, "the key says PS256 and the token PS384: one key has one algorithm (RFC 8725 section 3.1)"),
    ("json_web_signature_test", 350, "the same"),
    ("json_web_signature_test", 347, "the key says ES521, which is no algorithm (RFC 7518 section 3.1 has ES512)"),
    ("json_web_signature_test", 351, "the same"),
    ("json_web_signature_test", 372, "a ? stands within the base64url text, which RFC 7515 section 2 does not allow"),
    ("json_web_signature_test", 373, "the same"),
];

/// Vectors called invalid that are accepted because they are, byte for byte, the valid token of test 357: the padding that should spoil them is missing from the file.
const ACCEPTED_ON_PURPOSE: [(&str, u64); 2] = [("json_web_signature_test", 367), ("json_web_signature_test", 370)];

/// The vectors hold tokens of tens of thousands of bytes only where they are JWEs.
const LIMIT_BYTES: usize = 64 * 1024;

#[test]
fn every_vector_gives_its_stated_result_or_is_refused() {
    let Some(folder) = folder() else {
        println!(
            "vectors: JETON_VECTORS is not set, so no vector was run: neither Wycheproof, nor the JOSE cookbook, nor the RFC examples. Set it to the folder that holds them."
        );
        return;
    };
    let mut tally = Tally { folder, ..Tally::default() };
    wycheproof_tokens(&mut tally);
    wycheproof_signatures(&mut tally);
    wycheproof_macs(&mut tally);
    cookbook_signatures(&mut tally);
    cookbook_encryption(&mut tally);
    cookbook_keys(&mut tally);
    rfc_tokens(&mut tally);
    rfc_keys(&mut tally);
    rfc_proofs(&mut tally);
    println!("vectors: {} gave their stated result, {} refused as unsupported", tally.stated, tally.unsupported);
    for (file, id, reason) in REFUSED_ON_PURPOSE {
        println!("vectors: refused on purpose: {file} {id}: {reason}");
    }
    for (file, id) in ACCEPTED_ON_PURPOSE {
        println!("vectors: accepted on purpose: {file} {id}: the same bytes as the valid test 357");
    }
    assert_eq!(tally.deviations, REFUSED_ON_PURPOSE.len() + ACCEPTED_ON_PURPOSE.len(), "the list of deviations is exact");
    assert!(tally.failures.is_empty(), "{} vectors failed:\n{}", tally.failures.len(), tally.failures.join("\n"));
    assert!(tally.stated > 1500 && tally.unsupported > 150, "the folder holds fewer vectors than it should");
}

#[expect(clippy::disallowed_methods, reason = "the folder of vectors is the business of this test alone, not of any configuration")]
fn folder() -> Option<PathBuf> {
    std::env::var("JETON_VECTORS").ok().filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

#[derive(Default)]
struct Tally {
    folder: PathBuf,
    stated: usize,
    unsupported: usize,
    deviations: usize,
    failures: Vec<String>,
}

impl Tally {
    fn read(&self, path: &str) -> Value {
        let path = self.folder.join(path);
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap()
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.stated += 1;
        if !holds {
            self.failures.push(what());
        }
    }

    fn refused(&mut self, accepted: bool, what: impl FnOnce() -> String) {
        self.unsupported += 1;
        if accepted {
            self.failures.push(format!("accepted though unsupported: {}", what()));
        }
    }

    /// A token that needs more than we support, judged with whatever key fits best.
    fn refused_token(&mut self, token: &str, keys: &VerifyingKeys, what: &str) {
        let found = jws::verify(token, keys, LIMIT_BYTES);
        self.refused(!found.is_err_and(|error| error.is_unsupported()), || what.to_owned());
    }
}

/// The keys of a JWK or JWK Set. Secrets are a caller's own configuration, so one bad key spoils them all; published keys are taken as published sets are.
fn keys_of(jwk: &Value, algorithm: Option<Algorithm>) -> VerifyingKeys {
    let set = if jwk.get("keys").is_some() { jwk.clone() } else { json!({"keys": [jwk]}) };
    let members = set["keys"].as_array().unwrap();
    let found = if members.iter().any(|member| member["kty"] == "oct") {
        members.iter().map(|member| key_of(member, algorithm)).collect::<Result<_, _>>().and_then(VerifyingKeys::new)
    } else {
        let public: Vec<Value> = members.iter().map(public_of).collect();
        JwkSet::parse(json!({"keys": public}).to_string().as_bytes())
            .and_then(|set| VerifyingKeys::from_jwk_set(&set, algorithm))
            .map(|(keys, _)| keys)
    };
    found.unwrap_or_default()
}

fn key_of(jwk: &Value, algorithm: Option<Algorithm>) -> Result<VerifyingKey, KeyError> {
    if jwk["kty"] == "oct" {
        return VerifyingKey::from_secret_jwk(jwk.to_string().as_bytes(), algorithm);
    }
    VerifyingKey::from_jwk(&Jwk::parse(public_of(jwk).to_string().as_bytes())?, algorithm)
}

/// Some vectors give the private key only.
fn public_of(jwk: &Value) -> Value {
    let mut public = jwk.clone();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        public.as_object_mut().unwrap().remove(private);
    }
    public
}

fn verify<'keys>(token: &str, keys: &'keys VerifyingKeys) -> Result<Verified<'keys>, TokenError> {
    jws::verify(token, keys, LIMIT_BYTES)
}

fn wycheproof_tokens(tally: &mut Tally) {
    for name in ["json_web_signature_test", "json_web_crypto_test", "json_web_key_test", "json_web_encryption_test"] {
        let file = tally.read(&format!("wycheproof/{name}.json"));
        for group in file["testGroups"].as_array().unwrap() {
            let key = group.get("public").unwrap_or(&group["private"]);
            let keys = keys_of(key, None);
            let tests = group["tests"].as_array().unwrap();
            for test in tests {
                wycheproof_token(tally, name, test, tests, &keys);
            }
        }
    }
}

fn wycheproof_token(tally: &mut Tally, file: &str, test: &Value, tests: &[Value], keys: &VerifyingKeys) {
    let id = test["tcId"].as_u64().unwrap();
    let what = || format!("{file} {id} {}", test["comment"]);
    let encrypted = test.get("jwe").is_some();
    let (token, is_json) = match test.get("jws").or(test.get("jwe")) {
        Some(Value::String(text)) => (text.clone(), text.trim_start().starts_with('{')),
        other => (other.unwrap_or(&Value::Null).to_string(), true),
    };
    let accepted = verify(&token, keys).is_ok();
    if encrypted || is_json {
        return tally.refused(accepted, what);
    }
    let valid = test["result"] == "valid";
    if valid && REFUSED_ON_PURPOSE.iter().any(|(name, known, _)| *name == file && *known == id) {
        tally.deviations += 1;
        return tally.refused(accepted, what);
    }
    if !valid && ACCEPTED_ON_PURPOSE.contains(&(file, id)) {
        tally.deviations += 1;
        let same = tests.iter().any(|other| other["tcId"] == 357 && other["jws"] == test["jws"] && other["result"] == "valid");
        return tally.expect(accepted && same, what);
    }
    tally.expect(accepted == valid, what);
}

/// Raw signatures, for the same keys that check tokens.
fn wycheproof_signatures(tally: &mut Tally) {
    for (name, algorithm) in [
        ("ecdsa_secp256r1_sha256_p1363_test", Algorithm::Es256),
        ("ecdsa_secp384r1_sha384_p1363_test", Algorithm::Es384),
        ("ecdsa_secp521r1_sha512_p1363_test", Algorithm::Es512),
        ("ed25519_test", Algorithm::Ed25519),
        ("rsa_signature_2048_sha256_test", Algorithm::Rs256),
        ("rsa_pss_2048_sha256_mgf1_32_test", Algorithm::Ps256),
    ] {
        let file = tally.read(&format!("wycheproof/{name}.json"));
        for group in file["testGroups"].as_array().unwrap() {
            let key = key_of(&wycheproof_key(group), Some(algorithm));
            for test in group["tests"].as_array().unwrap() {
                let what = || format!("{name} {} {} {key:?}", test["tcId"], test["comment"]);
                let Ok(key) = &key else {
                    // RSA keys with the exponent 3 are not taken.
                    let known = key.as_ref().err() == Some(&KeyError::BadExponent) && algorithm == Algorithm::Rs256;
                    tally.refused(!known, what);
                    continue;
                };
                let accepted = key.verify(&hex(&test["msg"]), &hex(&test["sig"])).is_ok();
                tally.expect(test["result"] == "acceptable" || accepted == (test["result"] == "valid"), what);
            }
        }
    }
}

/// The key of a group: some groups have it as a JWK, some only as a point.
fn wycheproof_key(group: &Value) -> Value {
    if let Some(jwk) = group.get("publicKeyJwk").or(group.get("keyJwk")) {
        return jwk.clone();
    }
    let point = hex(&group["publicKey"]["uncompressed"]);
    let (x, y) = point[1..].split_at(point.len() / 2);
    let curve = match point.len() {
        65 => "P-256",
        97 => "P-384",
        _ => "P-521",
    };
    json!({"kty": "EC", "crv": curve, "x": base64url::encode(x), "y": base64url::encode(y)})
}

fn wycheproof_macs(tally: &mut Tally) {
    for (name, algorithm) in
        [("hmac_sha256_test", Algorithm::Hs256), ("hmac_sha384_test", Algorithm::Hs384), ("hmac_sha512_test", Algorithm::Hs512)]
    {
        let file = tally.read(&format!("wycheproof/{name}.json"));
        for group in file["testGroups"].as_array().unwrap() {
            let whole = group["tagSize"].as_u64().unwrap() == 8 * algorithm.hash_length() as u64;
            for test in group["tests"].as_array().unwrap() {
                let what = || format!("{name} {} {}", test["tcId"], test["comment"]);
                let accepted = VerifyingKey::hmac(algorithm, &hex(&test["key"]), None)
                    .is_ok_and(|key| key.verify(&hex(&test["msg"]), &hex(&test["tag"])).is_ok());
                let long_enough = hex(&test["key"]).len() >= algorithm.hash_length();
                if whole && long_enough {
                    tally.expect(accepted == (test["result"] == "valid"), what);
                } else {
                    // Short keys (RFC 7518 section 3.2) and cut tags have no place in JWS.
                    tally.refused(accepted, what);
                }
            }
        }
    }
}

fn cookbook_signatures(tally: &mut Tally) {
    let mut files: Vec<(String, Value)> = Vec::new();
    for folder in ["jose-cookbook/jws", "jose-cookbook/rfc7797"] {
        files.extend(json_files(tally, folder));
    }
    files.push(("curve25519/jws.json".to_owned(), tally.read("jose-cookbook/curve25519/jws.json")));
    let nested = tally.read("jose-cookbook/6.nesting_signatures_and_encryption.json");
    files.push(("6.nesting sign".to_owned(), nested["sign"].clone()));
    for (name, example) in files {
        let input = &example["input"];
        // The example with several signatures has several keys; the first will do for forms that are refused.
        let (jwk, algorithm) = match &input["key"] {
            Value::Array(keys) => (&keys[0], input["alg"][0].as_str()),
            key => (key, input["alg"].as_str()),
        };
        let algorithm = Algorithm::from_name(algorithm.unwrap()).unwrap();
        let keys = keys_of(jwk, Some(algorithm));
        assert_eq!(keys.keys().len(), 1, "{name}");
        for form in ["json", "json_flat"] {
            if let Some(token) = example["output"].get(form) {
                tally.refused_token(&token.to_string(), &keys, &format!("{name} {form}"));
            }
        }
        if let Some(token) = example["output"]["compact"].as_str() {
            cookbook_compact(tally, &name, &example, token, &keys, algorithm);
        }
    }
}

fn cookbook_compact(tally: &mut Tally, name: &str, example: &Value, token: &str, keys: &VerifyingKeys, algorithm: Algorithm) {
    let found = verify(token, keys);
    let is_detached = token.contains("..");
    let is_unencoded = example["signing"]["protected"].get("b64").is_some();
    if is_detached || is_unencoded {
        return tally.refused(found.is_ok(), || name.to_owned());
    }
    let payload = example["input"]["payload"].as_str().unwrap();
    tally.expect(found.is_ok_and(|verified| verified.payload == payload.as_bytes()), || name.to_owned());
    let key = SigningKey::from_jwk(example["input"]["key"].to_string().as_bytes(), Some(algorithm)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let ours = key.sign(signed.as_bytes()).unwrap();
    let again = format!("{signed}.{}", base64url::encode(&ours));
    tally.expect(verify(&again, keys).is_ok(), || format!("{name}: our own signature"));
    if example["reproducible"] == true {
        tally.expect(base64url::encode(&ours) == signature, || format!("{name}: our own signature is the same"));
    }
}

fn cookbook_encryption(tally: &mut Tally) {
    let mut files = json_files(tally, "jose-cookbook/jwe");
    files.push(("curve25519/ecdh-es.json".to_owned(), tally.read("jose-cookbook/curve25519/ecdh-es.json")));
    let nested = tally.read("jose-cookbook/6.nesting_signatures_and_encryption.json");
    files.push(("6.nesting encrypt".to_owned(), nested["encrypt"].clone()));
    for (name, example) in files {
        for (form, token) in example["output"].as_object().unwrap() {
            let text = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
            tally.refused_token(&text, &VerifyingKeys::default(), &format!("{name} {form}"));
        }
    }
}

fn cookbook_keys(tally: &mut Tally) {
    for (file, algorithm, public) in [
        ("3_1.ec_public_key", Some(Algorithm::Es512), true),
        ("3_2.ec_private_key", Some(Algorithm::Es512), false),
        ("3_3.rsa_public_key", Some(Algorithm::Rs256), true),
        ("3_4.rsa_private_key", Some(Algorithm::Ps512), false),
        ("3_5.symmetric_key_mac_computation", None, false),
    ] {
        let text = tally.read(&format!("jose-cookbook/jwk/{file}.json")).to_string();
        let is_public = Jwk::parse(text.as_bytes()).and_then(|jwk| VerifyingKey::from_jwk(&jwk, algorithm)).is_ok();
        let is_private = SigningKey::from_jwk(text.as_bytes(), algorithm).is_ok();
        tally.expect((is_public, is_private) == (public, !public), || file.to_owned());
    }
    let text = tally.read("jose-cookbook/jwk/3_6.symmetric_key_encryption.json").to_string();
    tally.refused(VerifyingKey::from_secret_jwk(text.as_bytes(), None).is_ok(), || "jwk 3_6".to_owned());
}

fn rfc_tokens(tally: &mut Tally) {
    let rfc7515 = tally.read("rfc/rfc7515-jws.json");
    for example in rfc7515["compact"].as_array().unwrap() {
        let what = || format!("RFC 7515 {}", example["section"]);
        let token = example["compact"].as_str().unwrap();
        match Algorithm::from_name(example["alg"].as_str().unwrap()) {
            Some(algorithm) => {
                let found = verify(token, &keys_of(&example["key"], Some(algorithm))).map(|verified| verified.payload);
                let payload = base64url::decode(example["payload_b64u"].as_str().unwrap()).unwrap();
                tally.expect(found == Ok(payload), what);
            }
            None => tally.refused_token(token, &VerifyingKeys::default(), &what()),
        }
    }
    let rfc7519 = tally.read("rfc/rfc7519-jwt.json");
    let keys = keys_of(&rfc7519["sec_3_1_key"], Some(Algorithm::Hs256));
    let found = verify(rfc7519["sec_3_1"].as_str().unwrap(), &keys).unwrap();
    let claims: Value = serde_json::from_slice(&found.payload).unwrap();
    tally.expect(claims == rfc7519["sec_3_1_claims"], || "RFC 7519 3.1".to_owned());

    let rfc7516 = tally.read("rfc/rfc7516-jwe.json");
    for token in [
        &rfc7515["a6_general_json"],
        &rfc7515["a7_flattened_json"],
        &rfc7516["a1"]["compact"],
        &rfc7516["a2"]["compact"],
        &rfc7516["a3"]["compact"],
        &rfc7516["a4_general_json"],
        &rfc7519["sec_6_1_unsecured"],
        &rfc7519["a1_encrypted"],
        &rfc7519["a2_nested"],
    ] {
        let text = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
        tally.refused_token(&text, &keys, &text);
    }
    rfc7797(tally);
}

/// RFC 7797 gives headers and a payload; the tokens are made here.
fn rfc7797(tally: &mut Tally) {
    let example = tally.read("rfc/rfc7797-b64.json");
    let key = SigningKey::from_jwk(example["key"].to_string().as_bytes(), Some(Algorithm::Hs256)).unwrap();
    let keys = keys_of(&example["key"], Some(Algorithm::Hs256));
    let payload = base64url::encode(example["payload"].as_str().unwrap().as_bytes());
    for header in example["headers"].as_array().unwrap() {
        let header = header.as_str().unwrap();
        let signed = format!("{}.{payload}", base64url::encode(header.as_bytes()));
        let token = format!("{signed}.{}", base64url::encode(&key.sign(signed.as_bytes()).unwrap()));
        if header.contains("b64") {
            tally.refused_token(&token, &keys, "RFC 7797 4.2");
        } else {
            tally.expect(verify(&token, &keys).is_ok(), || "RFC 7797 4.1".to_owned());
        }
    }
}

fn rfc_keys(tally: &mut Tally) {
    let rfc7517 = tally.read("rfc/rfc7517-jwk.json");
    let rfc7638 = tally.read("rfc/rfc7638-thumbprint.json");
    let rfc8037 = tally.read("rfc/rfc8037-eddsa.json");
    let (a1, eddsa) = (&rfc7517["a1_public"], &rfc8037["a2_public"]);
    for (jwk, expected) in [
        (&a1["keys"][0], &a1["thumbprints"][0]),
        (&a1["keys"][1], &a1["thumbprints"][1]),
        (&rfc7638["jwk"], &rfc7638["sha256_thumbprint"]),
        (&eddsa["keys"][0], &eddsa["thumbprints"][0]),
    ] {
        let thumbprint = Jwk::parse(jwk.to_string().as_bytes()).unwrap().thumbprint();
        tally.expect(expected == thumbprint.as_str(), || format!("thumbprint {jwk}"));
    }
    for (name, jwk, algorithm, expected) in [
        ("RFC 7517 A.2 EC", &rfc7517["a2_private"]["keys"][0], Algorithm::Es256, Some(KeyError::WrongUse)),
        ("RFC 7517 A.2 RSA", &rfc7517["a2_private"]["keys"][1], Algorithm::Rs256, None),
        ("RFC 7517 A.3 KW", &rfc7517["a3_symmetric"]["keys"][0], Algorithm::Hs256, Some(KeyError::UnsupportedAlgorithm)),
        ("RFC 7517 A.3 HMAC", &rfc7517["a3_symmetric"]["keys"][1], Algorithm::Hs256, None),
        ("RFC 7517 C.1", &rfc7517["c1_rsa_private"], Algorithm::Rs256, Some(KeyError::WrongUse)),
        ("RFC 7519 A.2", &tally.read("rfc/rfc7519-jwt.json")["a2_sig_key"], Algorithm::Rs256, None),
        ("RFC 8037 A.1", &rfc8037["a1_private"]["keys"][0], Algorithm::EdDsa, None),
    ] {
        let found = SigningKey::from_jwk(jwk.to_string().as_bytes(), Some(algorithm));
        tally.expect(found.as_ref().err() == expected.as_ref(), || format!("{name}: {found:?}"));
    }
    let certified = VerifyingKey::from_jwk(&Jwk::parse(rfc7517["b_x5c"].to_string().as_bytes()).unwrap(), Some(Algorithm::Rs256));
    tally.expect(certified.is_ok(), || "RFC 7517 B".to_owned());

    let signed = &rfc8037["a4_jws"];
    let key: Value = serde_json::from_str(signed["key_json"].as_str().unwrap()).unwrap();
    let token = signed["jws_serialization_compact"].as_str().unwrap();
    let found = verify(token, &keys_of(&key, Some(Algorithm::EdDsa))).map(|verified| verified.payload);
    tally.expect(found == Ok(signed["payload"].as_str().unwrap().into()), || "RFC 8037 A.4".to_owned());
}

/// DPoP proofs carry their key; here the test hands it over, as a token's own key is never used.
fn rfc_proofs(tally: &mut Tally) {
    let file = tally.read("rfc/rfc9449-dpop.json");
    for proof in file["proofs"].as_array().unwrap() {
        let token = proof["proof"].as_str().unwrap();
        let jwk = Jwk::parse(proof["header"]["jwk"].to_string().as_bytes()).unwrap();
        tally.expect(proof["jkt"] == jwk.thumbprint().as_str(), || "RFC 9449 jkt".to_owned());
        let keys = VerifyingKeys::new(vec![VerifyingKey::from_jwk(&jwk, Some(Algorithm::Es256)).unwrap()]).unwrap();
        tally.expect(verify(token, &keys).is_ok() == (proof["signature_valid"] == true), || format!("RFC 9449 {token}"));
        tally.expect(verify(token, &VerifyingKeys::default()).is_err(), || "RFC 9449 without our key".to_owned());
        let unverified = Unverified::parse(token, LIMIT_BYTES).unwrap();
        let claims: Value = serde_json::from_slice(unverified.untrusted_payload()).unwrap();
        tally.expect(claims == proof["claims"], || "RFC 9449 claims".to_owned());
    }
}

fn json_files(tally: &Tally, folder: &str) -> Vec<(String, Value)> {
    let mut names: Vec<String> = std::fs::read_dir(tally.folder.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "json"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), tally.read(&format!("{folder}/{name}")))).collect()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|start| u8::from_str_radix(&text[start..start + 2], 16).unwrap()).collect()
}
