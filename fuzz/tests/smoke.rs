//! Every fuzz target, for a few seconds, on mutations of well-formed input.
//!
//! libFuzzer finds more (`cargo xtask fuzz`); this needs no tool, and a panic or a hang that lies near the surface ends
//! the build of the change that brought it.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test in a file of its own, functions and all")]

use std::hash::{BuildHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use jeton_fuzz::{command, core, http, jose, ledger, oauth, token};

type Target = fn(&[u8]);

/// Every public function of `src`, by the name of its program in `fuzz_targets`; tidy sees that none is missing.
const TARGETS: &[(&str, Target)] = &[
    ("command_config", command::config),
    ("command_declared", command::declared),
    ("command_flags", command::flags),
    ("command_keys", command::keys),
    ("command_receipt", command::receipt),
    ("core_client", core::client),
    ("core_names", core::names),
    ("core_networks", core::networks),
    ("core_passkey", core::passkey),
    ("core_password_hash", core::password_hash),
    ("core_provider_claims", core::provider_claims),
    ("core_rate", core::rate),
    ("http_certificate", http::certificate),
    ("http_cursor", http::cursor),
    ("http_flow", http::flow),
    ("http_headers", http::headers),
    ("http_provider", http::provider),
    ("http_provider_answer", http::provider_answer),
    ("http_session", http::session),
    ("http_time", http::time),
    ("jose_jws", jose::jws),
    ("jose_jwk", jose::jwk),
    ("jose_jwt", jose::jwt),
    ("jose_json", jose::json),
    ("ledger_key", ledger::key),
    ("ledger_note", ledger::note),
    ("ledger_event", ledger::event),
    ("ledger_image", ledger::image),
    ("oauth_form", oauth::form),
    ("oauth_requests", oauth::requests),
    ("oauth_authorization", oauth::authorization),
    ("oauth_exchange", oauth::exchange),
    ("oauth_basic", oauth::basic),
    ("oauth_bearer", oauth::bearer),
    ("oauth_error", oauth::error),
    ("oauth_scope", oauth::scope),
    ("oauth_names", oauth::names),
    ("oauth_documents", oauth::documents),
    ("oauth_feed", oauth::feed),
    ("oauth_report", oauth::report),
    ("token_parse", token::parse),
    ("token_mint", token::mint),
    ("token_counted", token::counted),
    ("token_find", token::find),
    ("token_names", token::names),
];

/// In debug builds on a busy machine; an input that takes this long is an attack.
const SLOWEST: Duration = Duration::from_secs(5);

const LONGEST_INPUT: usize = 16 * 1024;

#[test]
fn no_input_makes_a_target_panic_or_hang() {
    let seed = number_from("JETON_SEED").unwrap_or_else(random_seed);
    let seconds = number_from("JETON_FUZZ_SECONDS").unwrap_or(5);
    let first_round = number_from("JETON_FUZZ_ROUND").unwrap_or(0);
    println!("JETON_SEED={seed} JETON_FUZZ_SECONDS={seconds}");
    let share = Duration::from_secs(seconds) / u32::try_from(TARGETS.len().max(1)).expect("few");
    for (name, target) in TARGETS {
        match smoke(name, *target, seed, first_round, share) {
            Ok(rounds) => println!("{name}: {rounds} inputs"),
            Err(fault) => panic!(
                "{name} {}; repeat with JETON_SEED={seed} JETON_FUZZ_ROUND={}; the input was b\"{}\"",
                fault.what,
                fault.round,
                fault.input.escape_ascii()
            ),
        }
    }
}

/// What an input did to a target.
#[derive(Debug)]
struct Fault {
    round: u64,
    input: Vec<u8>,
    what: &'static str,
}

/// Runs the seeds as they are, then mutations of them until the time is over; the number of inputs.
///
/// Each round draws from its own dice, so that one can be repeated without those before it.
fn smoke(name: &str, target: Target, seed: u64, first_round: u64, time: Duration) -> Result<u64, Fault> {
    let begin = now();
    for round in first_round.. {
        let input = match usize::try_from(round).ok().and_then(|at| SEEDS.get(at)) {
            Some(seed) => seed.as_bytes().to_vec(),
            None => {
                let mut dice = Dice::new(
                    name.bytes().fold(seed ^ round.rotate_left(32), |state, byte| state.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)),
                );
                mutated(&mut dice)
            }
        };
        let fault = |what| Fault { round, input: input.clone(), what };
        let before = now();
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            return Err(fault("panicked"));
        }
        let after = now();
        if after - before > SLOWEST {
            return Err(fault("took too long"));
        }
        if after - begin > time && round >= u64::try_from(SEEDS.len()).expect("few") {
            return Ok(round - first_round + 1);
        }
    }
    Ok(u64::MAX)
}

/// A seed with one to eight changes, most often few.
fn mutated(dice: &mut Dice) -> Vec<u8> {
    let mut input = dice.one_of(SEEDS).as_bytes().to_vec();
    for _ in 0..=dice.below(8).min(dice.below(8)) {
        mutate(&mut input, dice);
    }
    input.truncate(LONGEST_INPUT);
    input
}

fn mutate(input: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let until = at + dice.below(input.len() - at + 1).min(dice.below(64));
    match dice.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = dice.byte();
            }
        }
        2 => input.insert(at, dice.byte()),
        3 => drop(input.drain(at..until)),
        4 => {
            let piece = input[at..until].to_vec();
            let times = 1 + dice.below(4) * dice.below(256);
            input.splice(at..at, piece.repeat(times));
        }
        5 => drop(input.splice(at..until, dice.one_of(FRAGMENTS).bytes())),
        6 => {
            let times = 1 + dice.below(4) * dice.below(256);
            input.splice(at..at, dice.one_of(FRAGMENTS).repeat(times).into_bytes());
        }
        7 => input.truncate(at),
        _ => {
            let other = dice.one_of(SEEDS).as_bytes();
            let cut = dice.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[cut..]);
        }
    }
}

/// SplitMix64: small, seedable, and good enough to shuffle bytes.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `limit - 1`; 0 for a limit of 0.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).expect("a length fits");
        usize::try_from(self.next() % limit).expect("below a length")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

#[expect(clippy::disallowed_methods, reason = "bounds how long the test runs; no target sees this reading")]
fn now() -> Instant {
    Instant::now()
}

/// A new one in each process.
fn random_seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

fn number_from(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    let number = value.to_str().and_then(|value| value.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is not a whole number")))
}

/// Well-formed input of each parser. All targets get all of them: what one expects is foreign to the next.
const SEEDS: &[&str] = &[
    "",
    // Hashes of passwords.
    "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHRzb21lc2FsdA$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    "bcrypt_sha256$$2b$12$4ZEma79.fIVof.hK0FxhXe5DAIGmK7CwLBf7HA5bLRbl/QrisB/Hy",
    "scrypt$16384$NaCl2025salt$8$5$2dB0m71jrCJ/SlzrelqIccfQlMpNYrmc20On5LuZtPEqJ+wvAAryjabmW05XBRJKkSBF62Zq1teHCZ8NlzXGzg==",
    "pbkdf2:sha256:600000$8wrANGtYtJH4PmGt$1169d6f9dfbde293bf42c6074c383261a3eaec940694e7fc57c615a7244605e0",
    // A token of Jeton's own format, one with another prefix, and text around one.
    "jtn_at_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg",
    "acme_test_pat_1zT4kQ9vB2nM7xC5wL8pR3sD6fG0hJaEyUiOqWtKrYbNmXcVzLkHgFdSaPo",
    "0123456789abcdef0123456789abcdef",
    "curl -H 'Authorization: Bearer jtn_at_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg' https://api.example.com/\n",
    // Header {"alg":"ES256","typ":"at+jwt","kid":"k1"}, claims {"iss":"https://issuer.example","exp":2000000000}.
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiZXhwIjoyMDAwMDAwMDAwfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    // Header {"alg":"none"}.
    "eyJhbGciOiJub25lIn0.e30.",
    r#"{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["exp"]}"#,
    r#"{"iss":"https://issuer.example","sub":"c1","aud":["https://api.example"],"exp":2000000000,"iat":1900000000,"nbf":1900000000,"jti":"j1","client_id":"c1","scope":"a b","cnf":{"jkt":"x"},"act":{"sub":"d"}}"#,
    r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1","alg":"ES256"}"#,
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}]}"#,
    "issuer.example+785c9844+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
    "issuer.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\ntime 1800000000\n\n\u{2014} issuer.example fYrdhgAA\n",
    "root_key.rotated\n{\"actor\":\"unix:0\",\"epoch\":2}",
    "\u{1}\0\0\0\0\0\0\0\0",
    "grant_type=client_credentials&scope=orders%3Aread+orders%3Awrite&resource=https%3A%2F%2Fapi.example&client_id=c1&client_secret=s%20s",
    "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=eyJhbGciOiJub25lIn0.e30.&grant_type=client_credentials",
    "client_id=c1&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&response_type=code&state=x&scope=openid+a&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=login&max_age=60",
    "grant_type=authorization_code&code=jtn_ac_x&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "http://127.0.0.1:3000/callback?tenant=1",
    "com.example.app:/callback",
    "token=jtn_at_x&token_type_hint=access_token",
    "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
    "Bearer realm=\"orders\", error=\"insufficient_scope\", scope=\"orders:write\"",
    "openid profile orders:read https://api.example/orders.write",
    r#"{"active":true,"scope":"a b","client_id":"c1","token_type":"Bearer","exp":2000000000,"aud":"https://api.example"}"#,
    r#"{"verifier":"0192f3a4b5c6d7e8f90a1b2c3d4e5f60","batch":3,"audience":"https://api.example","dropped":0,"items":[{"minute":1800000000,"subject":"client:c1","outcome":"accepted","count":5,"scope":"a b","network":"192.0.2.0/24","agent":"curl/8"}]}"#,
    r#"{"error":"invalid_request","error_description":"grant_type is missing","error_uri":"https://issuer.example/docs"}"#,
    r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/oauth/token","jwks_uri":"https://issuer.example/.well-known/jwks.json","grant_types_supported":["client_credentials"]}"#,
    r#"{"issuer":"https://corp.example","authorization_endpoint":"https://corp.example/authorize?tenant=7","token_endpoint":"https://corp.example/token","jwks_uri":"https://keys.example/jwks","userinfo_endpoint":"https://corp.example/me","token_endpoint_auth_methods_supported":["client_secret_post"]}"#,
    r#"{"issuer":"http://127.0.0.1:9000","authorization_endpoint":"http://127.0.0.1:9000/authorize","token_endpoint":"http://127.0.0.1:9000/token","jwks_uri":"http://127.0.0.1:9000/keys"}"#,
    r#"{"access_token":"theirs","token_type":"Bearer","expires_in":300,"id_token":"eyJhbGciOiJub25lIn0.e30."}"#,
    r#"{"iss":"https://corp.example","sub":"7","aud":"jeton","nonce":"n","iat":1700000000,"exp":1700000300,"email":"ada@corp.example","email_verified":true,"groups":["a","b"]}"#,
    r#"{"iss":"https://issuer.example","iat":5,"cursor":"1.9","part":1,"parts":2,"changes":[{"kind":"signing_keys_changed"},{"kind":"new"}]}"#,
    "event: narrowing\nid: 7f3a.2\ndata: {\"sequence\":2,\"at_micros\":1,\"kind\":\"lifetime\",\"api\":\"urn:a\",\"seconds\":5}\n\n",
    "10.0.0.0/8 2001:db8::/32 192.0.2.1 ::ffff:10.0.0.1/128 ::/0",
    "external:acme",
    "key:0192f3a4b5c6d7e8f90a1b2c3d4e5f60",
    "100/1m",
    "2026-01-31T23:59:59.5+01:30",
    "\0\0\0\0\0\0\0d\0\0\0\0\0\0\0<",
    "sha256,Name,owner,rate_limit,allow_ip,metadata.team,max_uses\nab,one,external:acme,100/1m,10.0.0.0/8 ::/0,\"x, \"\"y\"\"\nz\",5\n",
    r#"{"keys":[{"sha256":"ab","name":"one","owner":"external:acme","metadata":{"team":"x"},"expires_at":"2026-01-31T23:59:59Z"}]}"#,
    r#"{"name":"worker","grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},"contact":"ops"}"#,
    r#"{"name":"shop","grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none","redirect_uris":["https://shop.example/cb","http://127.0.0.1/cb"],"application_type":"native","refresh_window_seconds":30}"#,
    "[[api]]\naudience = 'https://orders.example'\nscopes = { 'orders:read' = 'Read' }\n[[client]]\nname = 'shop'\naudiences = ['https://orders.example']\n[[policy]]\nkind = 'api_key'\nmax_seconds = 86400\n",
    "listen = '127.0.0.1:8420'\nissuer = 'https://issuer.example'\ntrusted_proxies = ['10.0.0.0/8']\n",
    "# root\n1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n2 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n",
    "for=192.0.2.60;proto=http, for=\"[2001:db8:cafe::17]:4711\"",
    // Cookies, and what is sealed in those of a flow and of a device.
    "a=1; __Host-jeton_session=x; __Host-jeton_flow_abcdefgh=y\njeton_session=z",
    "jtn_ses_x.1800000000.AAAAAAAAAAAAAAAAAAAAAA",
    "lang=en&flow=a2b3c4d5",
    "0123456789abcdef\0\0\0\0\0\0\0\u{5}aclient_id=c1&scope=openid",
    "\u{1}0123456789abcdef\0\0\0\0\0\0\0\u{5}\u{6}user_1",
    // The beginning of a certificate in DER, as far as its times.
    "0)0'\u{2}\u{1}\u{1}0\u{0}0\u{0}0\u{1e}\u{17}\r260131235959Z\u{17}\r270131235959Z",
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n",
    ": comment\rretry: 5\r\nevent: checkpoint\r\nid: 7f3a.2\r\ndata: x\r\ndata: \r\n\r\n",
];

/// What parsers trip over.
const FRAGMENTS: &[&str] = &[
    ".",
    "..",
    "=",
    "==",
    "&",
    "%",
    "%00",
    "%ff",
    "%C0%80",
    "+",
    " ",
    "\t",
    "\r\n",
    "\0",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "é",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "{\"a\":",
    ",",
    ":",
    "_",
    "-",
    "null",
    "true",
    "-0",
    "-1",
    "1e999",
    "0.1",
    "9007199254740993",
    "18446744073709551616",
    "99999999999999999999999999",
    "\"alg\":\"none\"",
    "\"exp\":\"1\"",
    "\"crit\":[\"b64\"],\"b64\":false",
    "\"kid\":\"../../x\"",
    "scope=a&scope=b",
    "grant_type=",
    "AAAA",
    "jtn_",
    "_test_",
];

/// A smoke that never finds anything would look the same.
#[test]
fn a_planted_panic_is_found_and_its_round_repeats_it() {
    fn planted(data: &[u8]) {
        if data.contains(&0xfe) {
            // Without the panic hook, which would print.
            std::panic::resume_unwind(Box::new("planted"));
        }
    }
    let time = Duration::from_secs(60);
    let fault = smoke("planted", planted, 1, 0, time).expect_err("found");
    assert!(fault.input.contains(&0xfe));
    let again = smoke("planted", planted, 1, fault.round, Duration::ZERO);
    assert_eq!(again.expect_err("found at once").input, fault.input);
}

#[test]
fn dice_follow_their_seed() {
    let draw = |seed| {
        let mut dice = Dice::new(seed);
        (0..64).map(|_| mutated(&mut dice)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
