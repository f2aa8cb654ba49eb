//! How much of an address is kept.

use std::net::IpAddr;

use jeton_core::usage::origin::OriginNetwork;

/// How much of an address is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Addresses {
    /// Its network: /24 of IPv4, /48 of IPv6. A person is not told from its neighbours by it.
    #[default]
    Network,
    /// All of it.
    Full,
}

impl Addresses {
    /// The part of an address that is kept, as text.
    #[must_use]
    pub fn shown(self, address: IpAddr) -> String {
        match (self, address) {
            (Addresses::Full, address) => address.to_string(),
            (Addresses::Network, address) => OriginNetwork::from(address).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("::1", "::/48"),
            ("255.255.255.255", "255.255.255.0/24"),
        ] {
            let parsed = address.parse().unwrap();
            assert_eq!((Addresses::Network.shown(parsed), Addresses::Full.shown(parsed)), (network.to_owned(), address.to_owned()));
        }
    }
}
