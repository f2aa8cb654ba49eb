//! `jeton recovery-kit`: one page for a drawer, with nothing secret on it.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::serving::Serving;
use crate::backup_settings::BackupPlace;
use crate::config::Config;
use crate::root_file;

const EXAMPLES: &str = "\
Examples:
  jeton recovery-kit
  jeton recovery-kit --data /srv/jeton/data > recovery-kit.txt

Print it, and keep it where the machine is not. There is no secret on it: it
says which identity and which root file belong together, where they are kept,
and what to do when the disk is lost.";

/// Print the page that helps when the disk is lost
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RecoveryKit {
    #[command(flatten)]
    serving: Serving,
}

impl RecoveryKit {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let could_not = |sentence: String| Failure::could_not(sentence, "run it where the server runs, as its user");
        let config = Config::load(&self.serving.overrides(context)).map_err(could_not)?;
        let keys = root_file::read(&config.root_key_file).map_err(could_not)?;
        let epochs: Vec<(u16, String)> =
            keys.numbers().filter_map(|number| Some((number, fingerprint(&keys.epoch(number)?.backup_mac(FINGERPRINT))))).collect();
        let recipients: Vec<String> = config.backup.recipients.iter().map(ToString::to_string).collect();
        let target = match &config.backup.place {
            Some(BackupPlace::Folder(folder)) => whole(folder),
            Some(BackupPlace::Bucket(address, _)) => address.clone(),
            None => "nowhere: backup_target is none".to_owned(),
        };
        let durability = if config.backup.is_sync { "sync" } else { "local" };
        let value = json!({
            "issuer": config.issuer.as_str(),
            "data": whole(&config.data),
            "target": target,
            "revocation_durability": durability,
            "recipients": recipients,
            "root_key_file": whole(&config.root_key_file),
            "root_key_epochs": epochs.iter().map(|(number, print)| json!({"epoch": number, "fingerprint": print})).collect::<Vec<_>>(),
        });
        context.show(&value, |_, _| page(&config, &target, &recipients, &epochs))
    }
}

/// A path that says the same wherever the page lies.
fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// What is fingerprinted: it says nothing of the key.
const FINGERPRINT: &[u8] = b"jeton/1/fingerprint";

/// Eight bytes in hexadecimal, in groups that can be read out.
fn fingerprint(mac: &[u8]) -> String {
    let pairs = mac.chunks(2).take(4).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    pairs.collect::<Vec<_>>().join(" ")
}

fn page(config: &Config, target: &str, recipients: &[String], epochs: &[(u16, String)]) -> String {
    let mut page = format!("RECOVERY KIT OF {}\n\n", config.issuer);
    // Writing to a text does not fail.
    let _ = writeln!(page, "Backups go to\n  {target}");
    page.push_str(if config.backup.is_sync {
        "  A revocation is answered once they have it (revocation_durability is sync).\n\n"
    } else {
        "  A revocation is answered before they have it, a second or so\n  (revocation_durability is local).\n\n"
    });
    page.push_str("They open with the identity of\n");
    match recipients {
        [] => page.push_str("  nobody but the server itself: name `backup_recipients` in jeton.toml\n"),
        some => some.iter().for_each(|recipient| page.push_str(&format!("  {recipient}\n"))),
    }
    page.push_str("  kept at: ______________________________________\n\n");
    let _ = writeln!(page, "What is in them is of use with the root file\n  {}", whole(&config.root_key_file));
    for (number, print) in epochs {
        let _ = writeln!(page, "  epoch {number}, fingerprint {print}");
    }
    page.push_str("  a copy is kept at: ____________________________\n\n");
    let data = whole(&config.data);
    let _ = write!(
        page,
        "When the disk is lost, on another machine:\n\
         1. Take this program, the root file, and the identity in a file of its own.\n\
         2. jeton backup restore --from TARGET --identity FILE \\\n\
         \x20      --root-key-file FILE --data {data}\n\
         3. Look into its jeton.toml, which came back too: the paths are the old ones.\n\
         4. jeton serve --data {data}\n\
         5. If the restore said that something may be missing: revoke again what\n\
         \x20  you know of, then: jeton backup restore accept-gap --data {data}\n"
    );
    page
}
