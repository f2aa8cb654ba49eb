//! Tokens: read and signed without a server, and a token of a server from its issue to its end.

use serde_json::Value;

use crate::desk::Desk;

/// A key of RFC 8037, appendix A: anybody has it.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"rfc8037",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PUBLIC: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"rfc8037","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn tokens_offline() {
    let desk = Desk::empty();
    desk.write("key.json", KEY);
    desk.write("public.json", PUBLIC);
    let claims = r#"{"iss":"https://a.example","aud":["https://b.example"],"exp":4000000000,"iat":1700000000}"#;
    let token = desk.run(&["jwt", "sign", "--key", "key.json", "--claims", "-", "--typ", "at+jwt"], claims).out;
    assert_eq!(token.trim().matches('.').count(), 2, "{token}");
    let said = desk.run(&["jwt", "decode", "-"], &token);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("2096-10-02T07:06:40Z") && said.out.contains("NOT checked"), "{}", said.out);
    let verify = ["jwt", "verify", "-", "--jwks", "public.json"];
    let said = desk.run(&verify, &token);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("Not asked: whether it was revoked"), "{}", said.out);
    for (flags, needle) in [
        (["--issuer", "https://x.example"], "another issuer\n  iss expected: https://x.example\n  iss found:    https://a.example\n"),
        (["--audience", "https://x.example"], "aud expected: https://x.example\n  aud found:    [\"https://b.example\"]\n"),
        (["--typ", "JWT"], "typ expected: JWT\n  typ found:    at+jwt\n"),
    ] {
        desk.fails(&[&verify[..], &flags[..]].concat(), &token, 1, needle);
    }
    desk.write("other.json", &PUBLIC.replace("rfc8037", "other"));
    let other = ["jwt", "verify", "-", "--jwks", "other.json"];
    desk.fails(&other, &token, 1, "kid expected: other\n  kid found:    rfc8037\n");
    desk.fails(&["jwt", "verify", "-", "--jwks", "-"], &token, 2, "both to come from standard input");
    desk.fails(&["jwt", "sign", "--key", "-"], KEY, 2, "both to come from standard input");
    let named = ["--issuer", "https://a.example", "--audience", "https://b.example", "--typ", "at+jwt"];
    let said = desk.run(&[&verify[..], &named[..]].concat(), &token);
    assert_eq!((said.code, said.out.contains("Not compared")), (0, false), "{}", said.out);
    let forged = token.replacen('.', ".e30", 1);
    desk.fails(&verify, &forged, 1, "");
    let old = desk.run(&["jwt", "sign", "--key", "key.json"], r#"{"iss":"a","aud":"b","exp":1700000000}"#).out;
    desk.fails(&verify, &old, 1, "expired\n  exp expected: after 20");
    desk.fails(&verify, &old, 1, "exp found:    2023-11-14T22:13:20Z (");
    desk.fails(&["jwt", "decode", "-"], "not a token", 1, "opaque");
    desk.fails(&["jwt", "decode", "-"], "", 2, "no token in the input");
    desk.fails(&["jwt", "decode", token.trim()], "", 2, "not given as an argument");
    desk.fails(&["jwt", "sign", "--key", "public.json"], "{}", 2, "public.json: this is a JWK Set, not one JWK");
    desk.write("pem", "-----BEGIN PRIVATE KEY-----\n");
    desk.fails(&["jwt", "sign", "--key", "pem"], "{}", 2, "pem: this is PEM, not a JWK\n  → name a file with one private JWK");
    desk.fails(
        &["jwt", "verify", "-", "--jwks", "pem"],
        &token,
        2,
        "pem: this is PEM, not a JWK\n  → name a JWK Set or a JWK; a server publishes",
    );
    // One key, without a name and an algorithm of its own: what signs with it is verified with it.
    let bare = |text: &str| text.replace(r#""kid":"rfc8037","#, "").replace(r#""alg":"EdDSA","#, "");
    desk.write("bare.json", &bare(KEY));
    desk.write("bare-public.json", bare(PUBLIC).trim_start_matches(r#"{"keys":["#).trim_end_matches("]}"));
    desk.fails(&["jwt", "sign", "--key", "bare.json"], claims, 2, "name it with --alg, such as --alg ES256");
    desk.write("bare-set.json", &bare(PUBLIC));
    for keys in ["bare.json", "bare-public.json", "bare-set.json"] {
        desk.fails(&["jwt", "verify", "-", "--jwks", keys], &token, 2, "name it with --alg, such as --alg ES256");
    }
    let signed = desk.run(&["jwt", "sign", "--key", "bare.json", "--alg", "EdDSA"], claims).out;
    for keys in ["bare.json", "bare-public.json"] {
        let said = desk.run(&["jwt", "verify", "-", "--jwks", keys, "--alg", "EdDSA"], &signed);
        assert_eq!(said.code, 0, "{keys}: {}", said.err);
    }
    desk.fails(&["jwt", "sign", "--key", "key.json"], "{\"a\":1,\"a\":2}", 2, "same member twice");
}

#[test]
fn a_token_s_life() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    assert!(desk.done(&["api", "list"]).contains("There is no API yet"));
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read=Read orders", "--scope", "orders:write"]);
    let secret = desk.json(&["client", "create", "--name", "worker", "--audience", api])["client_secret"].clone();
    assert!(secret.as_str().unwrap().starts_with("jtn_cs_"), "{secret}");
    assert!(desk.done(&["client", "list"]).contains("worker"));
    assert_eq!(desk.json(&["client", "show", "worker"]).get("client_secret"), None);
    let issued = desk.json(&["token", "issue", "--client", "worker", "--scope", "orders:read"]);
    let (token, id) = (issued["access_token"].as_str().unwrap(), issued["id"].as_str().unwrap());
    assert_eq!(desk.run(&["jwt", "verify", "--issuer", "http://127.0.0.1:8420", "--audience", api], token).code, 0);
    assert_eq!(desk.run(&["token", "introspect", "-"], token).code, 0);
    // A token is named by its id, or read from a file or standard input: everywhere.
    desk.write("token.txt", token);
    for source in [id, "token.txt"] {
        assert!(desk.done(&["token", "show", source]).contains(id), "{source}");
    }
    assert!(desk.run(&["token", "show", "-"], token).out.contains(id));
    desk.done(&["revoke", "token.txt", "--dry-run"]);
    assert_eq!(desk.json(&["token", "introspect", id])["active"], true);
    desk.done(&["token", "suspend", id]);
    desk.fails(&["token", "introspect", id], "", 1, "not active");
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    assert_eq!(desk.run(&["token", "resume", "-"], token).code, 0);
    assert_eq!(desk.run(&["revoke", "-"], token).out, "Revoked 1 access token.\n");
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    desk.fails(&["token", "resume", id], "", 1, "nothing brings it back");
    desk.fails(&["policy", "set", "client_secret", "--client", "worker", "--max", "900d"], "", 2, "lies between 1s and 366d here");
    desk.fails(&["token", "issue", "--client", "worker", "--scope", "admin"], "", 2, "admin");
    desk.json(&["token", "issue", "--client", "worker"]);
    desk.fails(&["revoke", "--client", "worker"], "y\n", 2, "add --yes");
    assert_eq!(desk.done(&["suspend", "--client", "worker", "--dry-run"]), "Would suspend 1 access token and 1 client secret.\n");
    desk.fails(&["suspend", "--client", "worker"], "", 2, "add --yes");
    desk.fails(&["suspend"], "", 2, "nothing is named");
    desk.fails(&["suspend", "--client", "worker", "--api", api], "", 2, "cannot be used with");
    assert_eq!(desk.done(&["suspend", "--client", "worker", "--yes"]), "Suspended 1 access token and 1 client secret.\n");
    desk.fails(&["token", "issue", "--client", "worker"], "", 1, "suspended");
    assert_eq!(desk.done(&["resume", "--client", "worker"]), "Resumed 1 access token and 1 client secret.\n");
    assert_eq!(desk.done(&["resume", "--client", "worker"]), "It was not suspended: nothing changed.\n");
    assert!(desk.done(&["revoke", "--client", "worker", "--dry-run"]).starts_with("Would end 1 access token"));
    assert!(desk.done(&["revoke", "--client", "worker", "--yes"]).starts_with("Revoked 1 access token"));
    assert_eq!(desk.json(&["revoke", "--everything", "--before", "now", "--yes"])["fell"]["access_tokens"], 0);
    desk.fails(&["revoke", "--user", "mallory", "--yes"], "", 1, "there is no user of this id or username");
    desk.fails(&["client", "show", "nobody"], "", 1, "jeton client list");
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "update", "worker", "--audience", api, "--audience", "a:b"]);
    desk.fails(&["token", "issue", "--client", "worker"], "", 2, "name one with --audience");
    desk.fails(&["token", "issue", "--client", "worker"], "", 2, "  → name the one that it is for: ");
    desk.fails(&["client", "create", "--name", "worker"], "", 1, "choose another name");
    desk.fails(&["api", "create", "--audience", "a:b"], "", 1, "jeton api update AUDIENCE");
    let issued = desk.json(&["token", "issue", "--client", "worker", "--audience", api]);
    let key = issued["signing_key"].as_str().unwrap();
    desk.done(&["signing-key", "revoke", key, "--yes"]);
    let said = desk.run(&["token", "introspect", "-", "--json"], issued["access_token"].as_str().unwrap());
    let state: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &state["active"], &state["standing"]), (1, &false.into(), &"revoked".into()), "{state}");
    assert_eq!(state["remark"], format!("the key that signed it, {key}, was revoked"));
}
