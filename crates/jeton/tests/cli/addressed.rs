//! Commands that are told go where the one went that told them.

use crate::desk::Desk;

#[test]
fn a_command_that_is_told_names_the_data_folder() {
    let mut desk = Desk::with_server();
    std::os::unix::fs::symlink("jeton-data", desk.folder.path().join("my data")).unwrap();
    let there = ["--data", "my data"];
    let list = |more: &[&str]| desk.done(&[&["user", "list"], more].concat());
    assert!(list(&[]).ends_with("  jeton user create --username ada\n"));
    assert!(list(&["--data", "./jeton-data"]).ends_with("  jeton user create --username ada\n"));
    assert!(list(&there).ends_with("  jeton user create --username ada --data 'my data'\n"));
    let of_environment = desk.command(&["user", "list"]).env("JETON_DATA", "my data").output().unwrap();
    assert!(String::from_utf8(of_environment.stdout).unwrap().ends_with("--username ada\n"), "the next one goes there too");
    desk.fails(&[&["audit", "show", "4711"], &there[..]].concat(), "", 1, "`jeton audit tail --data 'my data'` shows the last ones");
    // Where it lies, no server has to run.
    desk.stop_server();
    desk.fails(&[&["audit", "tail", "--client", "x"], &there[..]].concat(), "", 2, "`jeton audit tail -n 1000 -o jsonl --data 'my data'`");
    let told = desk.run(&[&["audit", "tail", "--client", "x", "--json"], &there[..]].concat(), "").err;
    assert!(told.contains("jsonl --data 'my data'`"), "{told}");
}
