//! Who sent a request, as coarse as it is kept: the network, and the class of the program.

use std::net::IpAddr;
use std::sync::Arc;

use crate::usage::origin::{OriginNetwork, agent_class};

/// From where, and by what program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// The /24 or /48; `None`: it came by a socket.
    pub network: Option<Arc<str>>,
    /// Product and major version of the User-Agent; `None`: it had none.
    pub agent: Option<Arc<str>>,
}

impl Sender {
    /// Who sends from this address, with this User-Agent.
    #[must_use]
    pub fn of(address: Option<IpAddr>, agent: Option<&str>) -> Sender {
        Sender {
            network: address.map(|address| OriginNetwork::from(address).to_string().into()),
            agent: agent.map(|agent| agent_class(agent).into()),
        }
    }

    /// Whether both are known and the same: a program that moved to another network is not taken for itself.
    #[must_use]
    pub fn is_same_as(&self, other: &Sender) -> bool {
        self.network.is_some() && self.agent.is_some() && self == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_of_one_network_and_one_program() {
        let from = |address: &str, agent: &str| Sender::of(Some(address.parse().unwrap()), Some(agent));
        let one = from("192.0.2.1", "app/3.1");
        for (other, expected) in [
            (from("192.0.2.200", "app/3.9"), true),
            (from("192.0.3.1", "app/3.1"), false),
            (from("192.0.2.1", "app/4.0"), false),
            (from("192.0.2.1", "curl/8"), false),
            (Sender::default(), false),
        ] {
            assert_eq!(one.is_same_as(&other), expected, "{other:?}");
        }
        assert!(!Sender::default().is_same_as(&Sender::default()), "what nobody knows is not the same");
    }
}
