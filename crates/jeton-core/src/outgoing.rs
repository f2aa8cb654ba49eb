//! Where this server may send requests of its own: to the public internet, and to its own machine where it is itself reached there alone. An
//! address that somebody registers must not open what only this machine can reach. The issuer of a provider is another matter: an administrator
//! trusts it with who people are, and it often stands in the network beside this server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are no place on the public internet (RFC 6890 and the registry that it began), each with its prefix in bits, beside
/// loopback and private ones.
const SPECIAL_V4: [(Ipv4Addr, u32); 11] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The same of IPv6, within what is handed out at all (`2000::/3`): protocols and tunnels, documentation, 6to4.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// How far a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the public internet.
    Internet,
    /// And to this machine, where this server is itself reached by it alone.
    ThisMachine,
    /// And to networks of their own (RFC 1918, RFC 4193), for a host that an administrator trusts as an issuer.
    Within,
}

impl Reach {
    /// How far an address leads that somebody registered; `is_on_loopback`: this server is itself reached by its own machine alone.
    #[must_use]
    pub const fn of_registered(is_on_loopback: bool) -> Reach {
        if is_on_loopback { Reach::ThisMachine } else { Reach::Internet }
    }
}

/// Whether a request may be sent to this address.
#[must_use]
pub fn may_reach(address: IpAddr, reach: Reach) -> bool {
    match address.to_canonical() {
        address if address.is_loopback() => reach != Reach::Internet,
        IpAddr::V4(address) if address.is_private() => reach == Reach::Within,
        IpAddr::V6(address) if address.is_unique_local() => reach == Reach::Within,
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(network, bits)| (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0),
        IpAddr::V6(address) => {
            let is_special = |(network, bits): &(Ipv6Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (128 - bits) == 0;
            address.to_bits() >> 125 == 1 && !SPECIAL_V6.iter().any(is_special)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: [bool; 3]) {
        let parsed = address.parse().unwrap();
        let reached = [Reach::Internet, Reach::ThisMachine, Reach::Within].map(|reach| may_reach(parsed, reach));
        assert_eq!(reached, expected, "{address}");
    }

    #[test]
    fn the_public_internet_is_reached() {
        for address in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1"] {
            check(address, [true; 3]);
        }
        for address in ["2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "::ffff:1.1.1.1"] {
            check(address, [true; 3]);
        }
    }

    #[test]
    fn this_machine_is_reached_from_itself_alone() {
        for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
            check(address, [false, true, true]);
        }
    }

    #[test]
    fn networks_of_their_own_are_reached_for_a_trusted_issuer_alone() {
        for address in ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::ffff:10.0.0.1", "fc00::1", "fdff::1"] {
            check(address, [false, false, true]);
        }
    }

    #[test]
    fn what_is_neither_is_not_reached() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff:fff::1",
            "5f00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, [false; 3]);
        }
    }
}
