//! The tour of a newcomer.

use crate::desk::Desk;

#[test]
fn a_tour_that_cannot_start_says_so_at_once() {
    let desk = Desk::empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["quickstart", "serve"] {
        let said = desk.run(&[command, "--listen", &address], "");
        assert_eq!((said.code, said.out.as_str()), (3, ""), "{command}: {}", said.err);
        assert!(said.err.ends_with("  → stop what holds it, or choose another with --listen\n"), "{command}: {}", said.err);
    }
    assert!(!desk.folder.path().join("jeton-data").exists(), "a folder that was made would keep the issuer of the taken port");
    desk.done(&["init", "--listen", "127.0.0.1:8499"]);
    desk.fails(&["quickstart", "--listen", "127.0.0.1:8498"], "", 3, "the issuer of ./jeton-data is http://127.0.0.1:8499");
    desk.fails(&["quickstart", "--listen", "127.0.0.1:8498"], "", 3, "jeton quickstart --listen 127.0.0.1:8498 --data ./tour-data");
    desk.done(&["init", "--issuer", "https://id.example", "--data", "./public"]);
    desk.fails(&["quickstart", "--data", "./public"], "", 3, "plain HTTP");
}

#[test]
fn a_tour_leaves_the_folder_of_a_server_alone() {
    let mut desk = Desk::empty();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    desk.done(&["init", "--listen", &free]);
    let refused =
        "no tour was taken in it: its API and clients do not belong there\n  → give the tour a folder of its own: `jeton quickstart";
    desk.fails(&["quickstart"], "", 3, refused);
    desk.start_server();
    desk.done(&["api", "create", "--audience", "https://orders.example"]);
    desk.stop_server();
    desk.fails(&["quickstart"], "", 3, refused);
    desk.start_server();
    assert_eq!(desk.json(&["api", "list"])["items"].as_array().unwrap().len(), 1);
    assert!(desk.done(&["client", "list"]).contains("There is no client yet"));
}
