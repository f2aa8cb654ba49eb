//! The text of a link: nothing of it is kept. Its secret comes out of its row and the root key, so that whoever sends it makes it again.

use jeton_token::{Environment, Kind, Label, Prefix, Secret, TokenId};

use super::Link;
use crate::id::{LinkId, PersonId};
use crate::root_key::{EpochKeys, RootKeys};

/// The text of a link of this id, person and salt under this epoch.
pub(super) fn derive((id, person, salt): (LinkId, &PersonId, &[u8; 32]), prefix: Prefix, (epoch, keys): (u16, &EpochKeys)) -> Secret {
    let label = Label { prefix, environment: Environment::Live, kind: Kind::Invitation, epoch, id: TokenId::from_bytes(id.0) };
    label.mint(&keys.derive_secret(&format!("link {id} {person}"), salt), &keys.check).into()
}

/// The text of a link, made again; `None`: the root key lacks its epoch.
#[must_use]
pub fn again(link: &Link, prefix: Prefix, root_keys: &RootKeys) -> Option<Secret> {
    let epoch = link.proof.1;
    Some(derive((link.id, &link.person, &link.salt), prefix, (epoch, root_keys.epoch(epoch)?)))
}
