//! Texts that are no token, or not in a token's one spelling.

use crate::base64url;
use crate::error::KeyError;
use crate::hostile::forge::Forge;
use crate::hostile::shape::{Collection, Kind, Shape};

pub(super) fn shapes(forge: &Forge<'_>) -> Result<Vec<Shape>, KeyError> {
    let mut malformed = Collection::new(Kind::Malformed);
    wrong_segments(forge, &mut malformed);
    around(forge, &mut malformed);
    within(forge, &mut malformed);
    other_forms(forge, &mut malformed);
    headers(forge, &mut malformed)?;
    too_long(forge, &mut malformed)?;
    Ok(malformed.shapes)
}

fn wrong_segments(forge: &Forge<'_>, malformed: &mut Collection) {
    let [header, payload, signature] = forge.segments();
    let genuine = forge.genuine();
    for (name, token) in [
        ("empty", String::new()),
        ("one dot", ".".to_owned()),
        ("two dots", "..".to_owned()),
        ("three dots", "...".to_owned()),
        ("thousand dots", ".".repeat(1000)),
        ("header alone", header.clone()),
        ("header and dot", format!("{header}.")),
        ("header and two dots", format!("{header}..")),
        ("header and payload", format!("{header}.{payload}")),
        ("no header", format!(".{payload}.{signature}")),
        ("detached", format!("{header}..{signature}")),
        ("no dots", format!("{header}{payload}{signature}")),
        ("leading dot", format!(".{genuine}")),
        ("trailing dot", format!("{genuine}.")),
        ("four segments", format!("{genuine}.{signature}")),
        ("five segments", format!("{header}.{payload}.{payload}.{payload}.{signature}")),
        ("double dot", format!("{header}..{payload}.{signature}")),
        ("turned round", format!("{signature}.{payload}.{header}")),
        ("payload first", format!("{payload}.{header}.{signature}")),
        ("twice", format!("{genuine}{genuine}")),
        ("twice with a comma", format!("{genuine},{genuine}")),
        ("twice with a dot", format!("{genuine}.{genuine}")),
        ("commas for dots", genuine.replace('.', ",")),
        ("full-width dots", genuine.replace('.', "\u{ff0e}")),
    ] {
        malformed.add(name, token);
    }
}

fn around(forge: &Forge<'_>, malformed: &mut Collection) {
    let genuine = forge.genuine();
    for (name, text) in [
        ("a space", " "),
        ("a tab", "\t"),
        ("a line end", "\n"),
        ("a carriage return", "\r"),
        ("a zero byte", "\0"),
        ("a byte-order mark", "\u{feff}"),
        ("a no-break space", "\u{a0}"),
        ("a zero-width space", "\u{200b}"),
        ("a quote", "\""),
        ("an equals sign", "="),
        ("a comma", ","),
        ("a semicolon", ";"),
        ("a hash", "#"),
        ("a percent sign", "%"),
    ] {
        malformed.add(format!("{name} before"), format!("{text}{genuine}"));
        malformed.add(format!("{name} after"), format!("{genuine}{text}"));
    }
    for prefix in ["Bearer ", "bearer ", "DPoP ", "JWT "] {
        malformed.add(format!("{prefix:?} before"), format!("{prefix}{genuine}"));
    }
}

fn within(forge: &Forge<'_>, malformed: &mut Collection) {
    let segments = forge.segments();
    for (index, segment_name) in ["header", "payload", "signature"].into_iter().enumerate() {
        let mut add = |name: &str, change: &dyn Fn(&str) -> String| {
            let mut changed = segments.clone();
            if let Some(segment) = changed.get_mut(index) {
                *segment = change(segment);
            }
            malformed.add(format!("{segment_name}: {name}"), changed.join("."));
        };
        for (name, text) in [
            ("padding", "="),
            ("double padding", "=="),
            ("escaped padding", "%3D"),
            ("line end after", "\n"),
            ("space after", " "),
            ("zero byte after", "\0"),
            ("plus after", "+"),
            ("slash after", "/"),
            ("one character more", "A"),
            ("four characters more", "AAAA"),
        ] {
            add(name, &|segment| format!("{segment}{text}"));
        }
        for (name, text) in
            [("space", " "), ("line end", "\r\n"), ("question mark", "?"), ("asterisk", "*"), ("letter beyond ASCII", "\u{e9}")]
        {
            add(&format!("{name} in the middle"), &|segment| {
                let (left, right) = segment.split_at(segment.len() / 2);
                format!("{left}{text}{right}")
            });
        }
        add("one character less", &|segment| segment.get(1..).unwrap_or_default().to_owned());
        add("left-over bits set", &with_left_over_bits);
    }
}

/// The same bytes in a second spelling: with a bit set behind the last of them. Where the length leaves no room for that, a character is added that does.
fn with_left_over_bits(segment: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let Some(last) = segment.chars().last().filter(|_| !segment.len().is_multiple_of(4)) else {
        return format!("{segment}AB");
    };
    let place = alphabet.find(last).unwrap_or_default();
    let next = alphabet.chars().nth(place | 1).unwrap_or('B');
    let body = segment.get(..segment.len() - 1).unwrap_or_default();
    format!("{body}{next}")
}

fn other_forms(forge: &Forge<'_>, malformed: &mut Collection) {
    let genuine = forge.genuine();
    let [header, payload, signature] = forge.segments();
    let flattened = format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#);
    let general = format!(r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#);
    for (name, token) in [
        ("flattened JSON", flattened),
        ("general JSON", general),
        ("as a JSON string", format!("\"{genuine}\"")),
        ("as a JSON list", format!("[\"{genuine}\"]")),
        ("base64url once more", base64url::encode(genuine.as_bytes())),
        ("lower case", genuine.to_ascii_lowercase()),
        ("upper case", genuine.to_ascii_uppercase()),
        ("as a URL", format!("https://attacker.example/?token={genuine}")),
        ("escaped dots", genuine.replace('.', "%2E")),
        ("a word", "token".to_owned()),
        ("null", "null".to_owned()),
        ("three words", "not.a.token".to_owned()),
    ] {
        malformed.add(name, token);
    }
}

/// Headers that are no JSON object of the agreed kind, signed by our key all the same.
fn headers(forge: &Forge<'_>, malformed: &mut Collection) -> Result<(), KeyError> {
    let good = String::from_utf8(forge.header()).unwrap_or_default();
    let open = good.trim_end_matches('}');
    let algorithm = forge.key.algorithm().name();
    let texts: [(&str, Vec<u8>); 24] = [
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("a number", b"1".to_vec()),
        ("a string", format!("{algorithm:?}").into_bytes()),
        ("a list", format!("[{good}]").into_bytes()),
        ("an empty object", b"{}".to_vec()),
        ("cut off", open.as_bytes().to_vec()),
        ("two objects", format!("{good}{good}").into_bytes()),
        ("text behind", format!("{good}x").into_bytes()),
        ("zero byte behind", format!("{good}\0").into_bytes()),
        ("byte-order mark", format!("\u{feff}{good}").into_bytes()),
        ("comment", format!("/**/{good}").into_bytes()),
        ("single quotes", good.replace('"', "'").into_bytes()),
        ("comma at the end", format!("{open},}}").into_bytes()),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("not UTF-8", [open.as_bytes(), b",\"x\":\"\xff\"}"].concat()),
        ("lone surrogate", format!(r#"{open},"x":"\ud800"}}"#).into_bytes()),
        ("alg twice", format!(r#"{open},"alg":"{algorithm}"}}"#).into_bytes()),
        ("alg twice, once none", format!(r#"{open},"alg":"none"}}"#).into_bytes()),
        ("alg twice, once escaped", format!(r#"{open},"\u0061lg":"none"}}"#).into_bytes()),
        ("kid twice", format!(r#"{open},"kid":"x"}}"#).into_bytes()),
        ("other member twice", format!(r#"{open},"x":1,"x":1}}"#).into_bytes()),
        ("member twice further in", format!(r#"{open},"x":{{"a":1,"a":2}}}}"#).into_bytes()),
        ("nested deeply", format!(r#"{open},"x":{}{}}}"#, "[".repeat(300), "]".repeat(300)).into_bytes()),
    ];
    for (name, text) in texts {
        malformed.add(format!("header is {name}"), forge.signed(&text, &forge.payload())?);
    }
    Ok(())
}

fn too_long(forge: &Forge<'_>, malformed: &mut Collection) -> Result<(), KeyError> {
    for size in [8 * 1024, 64 * 1024] {
        malformed.add(format!("payload over {size} bytes"), forge.signed(&forge.header(), &forge.claims_with("x", "x".repeat(size)))?);
        malformed.add(format!("{size} letters"), "A".repeat(size));
        malformed.add(format!("signature over {size} bytes"), format!("{}{}", forge.genuine(), "A".repeat(size)));
    }
    for size in [1024, 16 * 1024] {
        malformed.add(format!("header over {size} bytes"), forge.signed(&forge.header_with("x", "x".repeat(size)), &forge.payload())?);
    }
    malformed.add("kid over 128 bytes", forge.signed(&forge.header_with("kid", "k".repeat(129)), &forge.payload())?);
    Ok(())
}
