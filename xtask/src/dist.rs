//! `cargo xtask dist`: what a release is made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) const HELP: &str = "\
Builds the stripped binary with the profile `dist` (slower to build, smaller) and lays a release beside it in `dist` of the
build folder:

  jeton                      the binary
  jeton.service              a unit of systemd, with its sandbox
  Dockerfile                 an image with the binary beside it
  jeton.cdx.json             what is in the binary: CycloneDX 1.6, from Cargo.lock
  jeton-VERSION-TARGET.tar.gz   all of it, with the licence
  SHA256SUMS                 of each of them

Usage: cargo xtask dist

Needs tar and sha256sum. The size of the binary is printed at the end.

Example:
  cargo xtask dist
";

const SERVICE: &str = include_str!("dist/jeton.service");
const DOCKERFILE: &str = include_str!("dist/Dockerfile");

/// What the archive holds.
const FILES: [&str; 5] = ["jeton", "jeton.service", "Dockerfile", "jeton.cdx.json", "LICENSE"];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(word) = arguments.first() {
        return Err(Failure::usage(format!("`dist` takes nothing, and was given `{word}`.")));
    }
    process::run(&mut cargo(["build", "--profile", "dist", "--locked", "--package", "jeton", "--features", "acme"]))?;
    let build = workspace::target_folder()?.join("dist");
    let folder = build.join("release");
    let could_not = |what: &str, error: &std::io::Error| Failure::could_not(format!("{what}: {error}"));
    fs::create_dir_all(&folder).map_err(|error| could_not("the folder of the release", &error))?;
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| could_not(name, &error));
    fs::copy(build.join("jeton"), folder.join("jeton")).map_err(|error| could_not("jeton", &error))?;
    fs::copy(workspace::root().join("LICENSE"), folder.join("LICENSE")).map_err(|error| could_not("LICENSE", &error))?;
    put("jeton.service", SERVICE)?;
    put("Dockerfile", DOCKERFILE)?;
    let (version, target) = (env!("CARGO_PKG_VERSION"), target()?);
    put("jeton.cdx.json", &serde_json::to_string_pretty(&bill_of_materials(&packages()?, version)).unwrap_or_default())?;
    let archive = format!("jeton-{version}-{target}.tar.gz");
    process::run(Command::new("tar").current_dir(&folder).args(["-czf", &archive]).args(FILES))?;
    let sums = output(Command::new("sha256sum").current_dir(&folder).args(FILES).arg(&archive))?;
    put("SHA256SUMS", &sums)?;
    report(&folder)
}

fn report(folder: &Path) -> Result<(), Failure> {
    let size = fs::metadata(folder.join("jeton")).map_err(|error| Failure::could_not(format!("jeton: {error}")))?.len();
    println!("\nThe release lies in {}; the binary has {:.1} MiB.", folder.display(), mebibytes(size));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a binary has far less than 2^52 bytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The triple that rustc builds for here.
fn target() -> Result<String, Failure> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| Failure::could_not("rustc does not say what it builds for.".to_owned()))
}

/// The packages that the binary is built of, each as `name version|licence`.
fn packages() -> Result<BTreeSet<String>, Failure> {
    let arguments =
        ["tree", "--locked", "--package", "jeton", "--features", "acme", "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}"];
    let said = output(&mut cargo(arguments))?;
    Ok(said.lines().filter(|line| !line.is_empty()).map(|line| line.trim_end_matches(" (*)").to_owned()).collect())
}

/// A bill of materials (CycloneDX 1.6) of packages as [`packages`] names them.
fn bill_of_materials(packages: &BTreeSet<String>, version: &str) -> Value {
    let components: Vec<Value> = packages.iter().filter_map(|line| component(line)).filter(|part| part["name"] != "jeton").collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": { "type": "application", "name": "jeton", "version": version, "bom-ref": format!("pkg:cargo/jeton@{version}") } },
        "components": components,
    })
}

/// `name v1.2.3 (what it is)|licence` as a component.
fn component(line: &str) -> Option<Value> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let purl = format!("pkg:cargo/{name}@{version}");
    let licences: Vec<Value> = Some(licence)
        .filter(|licence| !licence.is_empty())
        .map(|licence| json!({ "expression": licence.replace('/', " OR ") }))
        .into_iter()
        .collect();
    Some(json!({ "type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "licenses": licences }))
}

fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Failure::could_not(format!("`{name}` did not start: {error}")))?;
    if !output.status.success() {
        return Err(Failure::refused(format!("`{name}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_what_is_in_the_binary() {
        let lines = ["itoa v1.0.18|MIT OR Apache-2.0", "jeton v0.1.0 (/here)|Apache-2.0", "old v0.2.0 (proc-macro)|MIT/Apache-2.0"];
        let bill = bill_of_materials(&lines.into_iter().map(str::to_owned).collect(), "0.1.0");
        let components = bill["components"].as_array().unwrap();
        assert_eq!(components.len(), 2);
        assert_eq!(components[0]["purl"], "pkg:cargo/itoa@1.0.18");
        assert_eq!(components[1]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["metadata"]["component"]["name"], "jeton");
    }

    #[test]
    fn the_unit_keeps_the_root_key_apart() {
        assert!(SERVICE.contains("--root-key-file /etc/jeton/root-key") && SERVICE.contains("StateDirectory=jeton"));
        for directive in ["NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "LimitCORE=0"] {
            assert!(SERVICE.lines().any(|line| line == directive), "{directive}");
        }
    }

    #[test]
    fn the_unit_lets_a_snapshot_yield_and_an_end_take_its_time() {
        let lines: Vec<_> = SERVICE.lines().filter(|line| line.starts_with("SystemCall")).collect();
        let refused = lines.iter().position(|line| line.contains("~@privileged @resources"));
        let allowed = lines.iter().position(|line| *line == "SystemCallFilter=setpriority");
        assert!(refused.is_some() && refused < allowed, "a line holds above those before it: {lines:?}");
        assert!(lines.contains(&"SystemCallErrorNumber=EPERM"), "what is refused would end the process: {lines:?}");
        assert!(SERVICE.lines().any(|line| line == "TimeoutStopSec=2min"));
    }
}
