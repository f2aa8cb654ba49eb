//! Other people's clients and a browser against the running program, over https under an authority of the test's own.
//!
//! What they need comes from the registries of their languages into the folder that `JETON_FOREIGN` names; `cargo xtask foreign` names one.
//! Without it, or where something cannot be had, a line says that nothing was run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong here must fail the test, and what is skipped is said"
)]

mod apache;
mod packages;
mod place;
mod program;
mod visitor;

use apache::Apache;
use jeton_http::pages::routes::{WITH_FORMS, WITHOUT_FORMS};
use packages::{Packages, debian};
use place::{CALLBACK, PASSWORD, Place};
use program::Program;
use serde_json::json;
use visitor::Visitor;

/// What each client does, in its order.
const WALK: [&str; 7] = ["discovery", "code", "id_token", "userinfo", "refresh", "introspect", "revoke"];

/// Runs a client that is there to be had, and compares what it did.
fn check(name: &str, program: fn(&Packages) -> Result<Program, String>, expected: &[&str]) {
    let made = Packages::named().and_then(|packages| program(&packages));
    let program = match made {
        Ok(program) => program,
        Err(sentence) => return println!("skipped: {name}: {sentence}"),
    };
    let place = Place::new();
    let mut settings = place.application(name, CALLBACK);
    settings["device"] = json!(place.device("television"));
    assert_eq!(program.run(&place, &settings), expected, "{name}");
}

#[test]
fn openid_client() {
    check("openid-client", |packages| packages.node("openid_client.mjs", include_str!("openid_client.mjs")), &WALK);
}

#[test]
fn oauth4webapi() {
    let walk = ["discovery", "par", "code", "id_token", "userinfo", "access_token", "refresh", "introspect", "revoke"];
    check("oauth4webapi", |packages| packages.node("oauth4webapi.mjs", include_str!("oauth4webapi.mjs")), &walk);
}

#[test]
fn authlib() {
    check("Authlib", |packages| packages.python("authlib_client.py", include_str!("authlib_client.py")), &WALK);
}

#[test]
fn openidconnect() {
    let made = |packages: &Packages| {
        packages.rust("openidconnect", include_str!("openidconnect/manifest.toml"), include_str!("openidconnect/main.rs"))
    };
    check("openidconnect", made, &["discovery", "code", "id_token", "userinfo", "refresh"]);
}

#[test]
fn devices_and_requests_that_are_handed_in() {
    let walk = ["device_authorization", "device_code", "refresh", "par", "code"];
    check("openid-client on a device", |packages| packages.node("devices.mjs", include_str!("devices.mjs")), &walk);
}

#[test]
fn mod_auth_openidc() {
    let module = "/usr/lib/apache2/modules/mod_auth_openidc.so";
    if let Err(sentence) = Packages::named().and_then(|_| debian(module, &["apache2-bin", "libapache2-mod-auth-openidc"])) {
        return println!("skipped: mod_auth_openidc: {sentence}");
    }
    let place = Place::new();
    let apache = Apache::serve(&place);
    let ada = Visitor::new(&place, "ada");
    assert_eq!(apache.read(&ada, "/index.html"), "hello");
    let first = apache.session(&ada, "");
    assert_eq!(first["userinfo"]["preferred_username"], "ada", "{first}");
    assert_eq!(first["id_token"]["iss"], *place.issuer, "{first}");
    let next = apache.session(&ada, "&access_token_refresh_interval=0");
    assert_ne!((&first["access_token"], &first["refresh_token"]), (&next["access_token"], &next["refresh_token"]));
    let token = next["access_token"].as_str().unwrap();
    assert!(apache.lets_in(token), "it asks what the token is good for");
    assert!(!apache.lets_in("jtn_at_x"));
    apache.sign_out(&ada);
    assert!(!apache.lets_in(token), "it revokes what it has when somebody signs out");
}

/// Somebody walks over the pages with a browser of each width, in each of these colours; where there is one, with a closer look at each path alone.
fn walk_pages(of: &str, kinds: &[(&str, u32, &str)]) {
    let browser = "/usr/bin/chromium";
    let made = Packages::named().and_then(|packages| {
        debian(browser, &["chromium"])?;
        Ok((packages.folder("pages"), packages.node("pages.mjs", include_str!("pages.mjs"))?))
    });
    let (pictures, program) = match made {
        Ok(made) => made,
        Err(sentence) => return println!("skipped: {of}: {sentence}"),
    };
    let mut place = Place::new();
    let person = |(username, width, colours): &(&str, u32, &str)| {
        let link = place.invite(username);
        json!({ "username": username, "link": link, "width": width, "colours": colours })
    };
    let mut settings = place.application("shop", CALLBACK);
    settings.as_object_mut().unwrap().extend([
        ("browser".to_owned(), json!(browser)),
        ("pictures".to_owned(), json!(pictures)),
        ("password".to_owned(), json!(PASSWORD)),
        ("all".to_owned(), json!(kinds.len() > 1)),
        ("device".to_owned(), json!(place.device("television"))),
        ("people".to_owned(), kinds.iter().map(person).collect()),
        ("paths".to_owned(), WITH_FORMS.iter().chain(&WITHOUT_FORMS).copied().collect()),
    ]);
    place.provider("corp");
    place.write_letters();
    assert_eq!(program.run(&place, &settings), ["pages"]);
}

#[test]
fn pages_small_and_light() {
    walk_pages("the pages", &[("grace", 360, "light")]);
}

#[test]
fn pages_at_every_size_and_in_every_colour() {
    let kinds = [("grace", 360, "light"), ("joan", 360, "dark"), ("barbara", 1280, "light"), ("frances", 1280, "dark")];
    walk_pages("the pages at every size", &kinds);
}
