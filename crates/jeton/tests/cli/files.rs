//! The root file and the data folder.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use crate::desk::Desk;

/// Two at once wrote over each other, and what was sealed under the epoch that was lost could not be opened any more.
#[test]
fn a_root_key_that_is_rotated_by_many_at_once_opens_everything_afterwards() {
    let mut desk = Desk::with_server();
    let rotate = || desk.command(&["root-key", "rotate"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let rotations: Vec<Child> = std::iter::repeat_with(rotate).take(12).collect();
    let done = rotations.into_iter().filter_map(|mut rotation| rotation.wait().ok()).filter(std::process::ExitStatus::success).count();
    assert_eq!(done, 12);
    desk.stop_server();
    desk.start_server();
    assert_eq!(desk.json(&["root-key", "list"])["epochs"].as_array().unwrap().len(), 13);
}

/// `serve` named `jeton init`, which named `serve`.
#[test]
fn a_root_file_that_is_gone_is_put_back() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    let root = desk.folder.path().join("jeton-data.root-key");
    let away = desk.folder.path().join("away");
    std::fs::rename(&root, &away).unwrap();
    desk.fails(&["serve", "--listen", "127.0.0.1:0"], "", 3, "remove ./jeton-data/jeton.toml, and `jeton init` makes both anew");
    std::fs::rename(&away, &root).unwrap();
    desk.start_server();
    desk.stop_server();
    std::fs::rename(&root, &away).unwrap();
    for (command, code) in [(&["serve", "--listen", "127.0.0.1:0"][..], 3), (&["config", "check"], 1)] {
        desk.fails(command, "", code, "put your copy back, or name it with --root-key-file, and for every start as `root_key_file` in ./jeton-data/jeton.toml; without it");
    }
    std::fs::rename(&away, &root).unwrap();
    desk.start_server();
}

#[test]
fn a_folder_that_others_can_write_is_not_served() {
    let mut desk = Desk::with_server();
    desk.stop_server();
    let chmod = |name: &str, mode: u32| {
        let path = desk.folder.path().join(name);
        let before = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        before.mode()
    };
    for (name, mode) in [("jeton-data", 0o777), ("jeton-data", 0o720), ("jeton-data/jeton.db", 0o666), ("jeton-data/jeton.toml", 0o666)] {
        let before = chmod(name, mode);
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        desk.fails(&serve, "", 3, &format!("others can write ./{name}, and with it change what is refused\n  → `chmod go-w ./{name}`"));
        desk.fails(&["config", "check"], "", 1, &format!("`chmod go-w ./{name}`"));
        chmod(name, before);
    }
    chmod("jeton-data", 0o755);
    desk.start_server();
}

/// The page lies in another building: it says where things are, whatever folder it was printed in, and what a restore may lack.
#[test]
fn the_page_for_a_drawer_names_places_as_a_whole() {
    let desk = Desk::empty();
    desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
    let folder = desk.folder.path().canonicalize().unwrap().display().to_string();
    let (kit, told) = (desk.done(&["recovery-kit"]), desk.json(&["recovery-kit"]));
    for (member, name) in [("target", "jeton-data.backups"), ("data", "jeton-data"), ("root_key_file", "jeton-data.root-key")] {
        let whole = format!("{folder}/{name}");
        assert_eq!(told[member], whole.as_str());
        assert!(kit.contains(&whole), "{whole}: {kit}");
    }
    assert!(kit.contains("revocation_durability is local") && told["revocation_durability"] == "local", "{kit}");
    assert!(kit.lines().all(|line| line.len() <= 80 || line.contains(&folder)), "{kit}");
    let config = desk.folder.path().join("jeton-data/jeton.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}revocation_durability = \"sync\"\n")).unwrap();
    let (kit, told) = (desk.done(&["recovery-kit"]), desk.json(&["recovery-kit"]));
    assert!(kit.contains("revocation_durability is sync") && told["revocation_durability"] == "sync", "{kit}");
}
