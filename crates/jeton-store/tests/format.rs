//! The vectors of docs/ledger.md, computed there without this code.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::event::{Encoded, Event};
use jeton_core::id::{Actor, ApiId, ClientId, CommitId, CredentialId};
use jeton_core::moment::Time;
use jeton_core::token::{self, AccessToken};
use jeton_store::ledger::{Entry, Frontier, Hash, issued_leaf};

const COMMITMENT: &str = "b9e9f2d467f436d69da5e71c943afa15021591bf47f9fcaa8e529b362db66709";
const LEAF: &str = "ea970f9c38ae0fb1e4ec1c7dd49b62b253662e3f56988ada9dd6d5878fd47256";
const ROW: &str = "757fbe9e26daf38c621b705733296ed3182a120bbd97d69c140c6cb480bb900d";
const ISSUED_LEAF: &str = "4629346b3d710389cc194afe0948ef345e7806b225a827534aa7bed303ea4f02";
const ROOT: &str = "633fe50489300e7b3807d30a10551c8358da17170ee944aed91bdf37ed5fb227";

#[test]
fn the_format_is_what_its_page_says() {
    let mut salt = [0; 16];
    salt.iter_mut().zip(0..).for_each(|(to, byte)| *to = byte);
    let created = Event::DeploymentCreated { actor: Actor::system(), issuer: Arc::from("https://tokens.example") };
    let first = entry(0, 1_790_000_000, created.encode().unwrap(), salt);
    assert_eq!(hexadecimal(&first.commitment), COMMITMENT);
    assert_eq!(hexadecimal(&first.leaf()), LEAF);

    let mut id = [0; 16];
    id.iter_mut().enumerate().for_each(|(place, byte)| *byte = if place % 2 == 0 { 0x01 } else { 0xa2 });
    let token = AccessToken {
        id: CredentialId(id),
        client: ClientId::from("client_a"),
        api: ApiId::from("api_b"),
        scope: Arc::from("orders:read"),
        issued_at: 1_790_000_001,
        expires_at: 1_790_003_601,
        proof: None,
        held: None,
    };
    let leaf = issued_leaf(&token::TABLE, &token.row());
    assert_eq!(hexadecimal(&leaf), ROW);

    let issued = Event::Issued { changed: 0, count: 1, root: Arc::from(ROW), table: Arc::from("access_token") };
    let second = entry(1, 1_790_000_001, issued.encode().unwrap(), [0; 16]);
    assert_eq!(hexadecimal(&second.leaf()), ISSUED_LEAF);

    let mut frontier = Frontier::default();
    frontier.append(first.leaf());
    frontier.append(second.leaf());
    assert_eq!(hexadecimal(&frontier.root()), ROOT);
}

fn entry(sequence: Sequence, seconds: i64, event: Encoded, salt: [u8; 16]) -> Entry {
    Entry::new(sequence, Time::from_seconds(seconds), CommitId([9; 16]), event, salt)
}

fn hexadecimal(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
