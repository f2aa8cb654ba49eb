//! `cargo xtask foreign`: other people's clients and a browser against the program, over https.

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::workspace;

pub(crate) const HELP: &str = "\
Runs other people's clients and a browser against `jeton serve` over https, under an authority made for it: openid-client, oauth4webapi,
Authlib, openidconnect of Rust, Debian's mod_auth_openidc, and Chromium with axe-core on every page, by keyboard.

What they are made of is installed below the build folder from the registries of their languages. Of Debian's packages (chromium,
apache2-bin, libapache2-mod-auth-openidc) what is missing is installed where CI is set, and not on people's machines. What cannot be had
is skipped, and a line says so. Needs curl, Node and Python 3. Screenshots lie in target/foreign/pages.

Usage: cargo xtask foreign [NAME…]

  NAME   a part of the name of a test; all of them where none is given

Examples:
  cargo xtask foreign
  cargo xtask foreign openid_client
";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(flag) = arguments.iter().find(|word| word.starts_with('-')) {
        return Err(Failure::usage(format!("`cargo xtask foreign` takes names of tests, not `{flag}`.")));
    }
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (ran, result) = clients(&names)?;
    result?;
    ran.skipped.iter().for_each(|sentence| println!("skipped: {sentence}"));
    Ok(())
}

/// What came of it.
pub(crate) struct Ran {
    /// The tests.
    pub(crate) tally: Tally,
    /// What was not run, each with a sentence that says why.
    pub(crate) skipped: Vec<String>,
}

/// Runs the tests of these names; all where there is none.
pub(crate) fn clients(names: &[&str]) -> Result<(Ran, Result<(), Failure>), Failure> {
    let folder = workspace::target_folder()?.join("foreign");
    // Within the whole workspace, so that no dependency is built again with other features. One after another: each uses what others install.
    let words = "test --workspace --locked --test foreign -- --nocapture --test-threads 1";
    let mut command = cargo(words.split(' '));
    command.args(names).env("JETON_FOREIGN", folder);
    let (mut tally, mut skipped) = (Tally::default(), Vec::new());
    let result = process::run_and_read(&mut command, |line| {
        tally.read(line);
        skipped.extend(skipped_in(line));
    });
    Ok((Ran { tally, skipped }, result))
}

/// The sentence of a line that says what is not run; the name of the test may stand before it.
fn skipped_in(line: &str) -> Option<String> {
    line.split_once("skipped: ").map(|(_, sentence)| sentence.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_read() {
        assert_eq!(skipped_in("test authlib ... skipped: Authlib: no pip.\n").as_deref(), Some("Authlib: no pip."));
        assert_eq!(skipped_in("test authlib ... ok"), None);
    }

    #[test]
    fn flags_are_usage_errors() {
        assert_eq!(run(&["--all".to_owned()]).expect_err("usage").exit_code(), 2);
    }
}
