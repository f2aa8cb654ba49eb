use http::HeaderMap;
use http::header::USER_AGENT;
use jeton_core::sender::Sender;

use super::client_address::{ClientAddress, TrustedProxies};
use crate::edge::Peer;

/// Who sends a request, as coarse as it is kept.
pub(crate) fn sender(peer: Option<&Peer>, headers: &HeaderMap, proxies: &TrustedProxies) -> Sender {
    let address = match peer.map(|peer| proxies.client_address(peer, headers)) {
        Some(ClientAddress::Network(address)) => Some(address),
        Some(ClientAddress::Local) | None => None,
    };
    Sender::of(address, headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()))
}
