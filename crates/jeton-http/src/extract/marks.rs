use http::HeaderMap;
use http::header::USER_AGENT;
use jeton_service::usage::marks::Marks;

use super::client_address::{ClientAddress, TrustedProxies};
use crate::edge::Peer;

/// What a request leaves behind on the credential that it proves itself with: its network and its class of agents.
pub(crate) fn marks<'a>(peer: Option<&Peer>, headers: &'a HeaderMap, proxies: &TrustedProxies) -> Marks<'a> {
    let address = match peer.map(|peer| proxies.client_address(peer, headers)) {
        Some(ClientAddress::Network(address)) => Some(address),
        Some(ClientAddress::Local) | None => None,
    };
    Marks { address, agent: headers.get(USER_AGENT).map(|agent| agent.to_str().unwrap_or_default()), scopes: None }
}
