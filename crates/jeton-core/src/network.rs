//! Networks in CIDR notation: from where something may be used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::plain;
use crate::refusal::Refusal;

/// A network; a single address is one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// Where the IPv4 address begins in one that is written as IPv6 (RFC 4291 section 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkError;

impl Network {
    /// The network without the bits that lie beyond its prefix.
    fn trimmed(self) -> Network {
        let cut = |bits: u128, of: u8| if of == 0 { 0 } else { bits & (u128::MAX << (128 - u32::from(of))) };
        let address = match self.address {
            IpAddr::V4(address) => {
                let bits = cut(left(address.to_bits()), self.prefix_bits) >> 96;
                IpAddr::V4(u32::try_from(bits).unwrap_or_default().into())
            }
            IpAddr::V6(address) => IpAddr::V6(cut(address.to_bits(), self.prefix_bits).into()),
        };
        Network { address, ..self }
    }

    /// Whether the address lies in the network. IPv4 written as IPv6 is IPv4 here.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.covers(address.to_canonical())
    }

    /// The same of an address as it is.
    fn covers(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(left(network.to_bits()), left(address.to_bits()), self.prefix_bits),
            (IpAddr::V6(network), IpAddr::V6(address)) => same_prefix(network.to_bits(), address.to_bits(), self.prefix_bits),
            _ => false,
        }
    }

    /// Whether every address of it lies in the other network.
    fn is_within(&self, other: &Network) -> bool {
        other.prefix_bits <= self.prefix_bits && other.covers(self.address)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix_bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits: u8 = match prefix_bits {
            None => longest,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().map_err(|_| NetworkError)?,
            Some(_) => return Err(NetworkError),
        };
        if prefix_bits > longest {
            return Err(NetworkError);
        }
        // IPv4 written as IPv6 is IPv4 here, as it is where addresses are compared.
        match (address.to_canonical(), prefix_bits.checked_sub(MAPPED_BITS)) {
            (address @ IpAddr::V4(_), Some(prefix_bits)) => Ok(Self { address, prefix_bits }),
            _ => Ok(Self { address, prefix_bits }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_bits)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a network: write an address or address/bits, such as 10.0.0.0/8 or 2001:db8::/32")
    }
}

impl std::error::Error for NetworkError {}

/// From where a key may be used. None said: from anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// The most networks of one key.
const NETWORKS_MAX: usize = 64;

impl Networks {
    /// Reads what somebody says. An address with the length of a network behind it may mean the one or the other, so it is refused.
    ///
    /// # Errors
    /// As of [`Networks::parse`], and with the one that has bits beyond its length.
    pub fn said<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Networks, Refusal> {
        let networks = Networks::parse(texts)?;
        let untrimmed = networks.iter().copied().find(|network| network.trimmed() != *network);
        match untrimmed {
            None => Ok(networks),
            Some(network) => Err(Refusal::invalid(format!(
                "{network} is an address within a network: write {} for all of it, or {} for the address alone",
                network.trimmed(),
                network.address
            ))),
        }
    }

    /// Reads networks.
    ///
    /// # Errors
    /// `InvalidRequest`, with the one that is none; or there are over 64.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Networks, Refusal> {
        let parse = |text: &str| text.parse().map_err(|problem| Refusal::invalid(format!("`{}` is {problem}", plain::cut(text, 60))));
        let mut networks: Vec<Network> = texts.into_iter().map(parse).collect::<Result<_, _>>()?;
        networks.sort_unstable();
        networks.dedup();
        if networks.len() > NETWORKS_MAX {
            return Err(Refusal::invalid(format!("a key is for at most {NETWORKS_MAX} networks")));
        }
        Ok(Networks(networks))
    }

    /// Whether it may be used from this address; one that nobody knows lies in no network.
    #[must_use]
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty() || address.is_some_and(|address| self.0.iter().any(|network| network.contains(address)))
    }

    /// Whether the others admit every address that these do. What only several of the others cover together counts as more.
    #[must_use]
    pub fn are_within(&self, others: &Networks) -> bool {
        others.0.is_empty() || (!self.0.is_empty() && self.0.iter().all(|own| others.0.iter().any(|other| own.is_within(other))))
    }

    /// Those that both admit; `None`: no address, or more networks than a key may have.
    #[must_use]
    pub fn both(&self, others: &Networks) -> Option<Networks> {
        match (self.0.is_empty(), others.0.is_empty()) {
            (true, _) => return Some(others.clone()),
            (_, true) => return Some(self.clone()),
            _ => {}
        }
        let narrower = |(own, other): (&Network, &Network)| match (own.is_within(other), other.is_within(own)) {
            (true, _) => Some(*own),
            (_, true) => Some(*other),
            _ => None,
        };
        let pairs = self.0.iter().flat_map(|own| others.0.iter().map(move |other| (own, other)));
        let mut both: Vec<Network> = pairs.filter_map(narrower).collect();
        both.sort_unstable();
        both.dedup();
        (1..=NETWORKS_MAX).contains(&both.len()).then_some(Networks(both))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Network::to_string).collect();
        formatter.write_str(&texts.join(" "))
    }
}

fn left(bits: u32) -> u128 {
    u128::from(bits) << 96
}

fn same_prefix(one: u128, other: u128, prefix_bits: u8) -> bool {
    (one ^ other).leading_zeros() >= u32::from(prefix_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.2", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "2001:db8::1", true),
            ("::ffff:10.0.0.0/104", "10.255.0.1", true),
            ("::ffff:10.0.0.0/104", "::ffff:10.255.0.1", true),
            ("::ffff:10.0.0.0/104", "11.0.0.1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("::ffff:192.0.2.1", "192.0.2.2", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network:?} {address}");
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for text in
            ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "10.0.0.0/-1", "proxy.example.com", "10.0.0.0/8/8"]
        {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }

    fn parsed(texts: &str) -> Networks {
        Networks::parse(texts.split_ascii_whitespace()).unwrap()
    }

    #[test]
    fn admitted() {
        let check = |networks: &str, address: Option<&str>, expected: bool| {
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!(parsed(networks).admit(address), expected, "{networks} {address:?}");
        };
        check("", None, true);
        check("", Some("192.0.2.1"), true);
        check("10.0.0.0/8", None, false);
        check("10.0.0.0/8 2001:db8::/32", Some("2001:db8::1"), true);
        check("10.0.0.0/8 2001:db8::/32", Some("::ffff:10.0.0.1"), true);
        check("10.0.0.0/8", Some("192.0.2.1"), false);
    }

    #[test]
    fn within() {
        let check = |own: &str, others: &str, expected: bool| {
            assert_eq!(parsed(own).are_within(&parsed(others)), expected, "{own} in {others}");
        };
        check("", "", true);
        check("10.0.0.0/8", "", true);
        check("", "10.0.0.0/8", false);
        check("10.1.0.0/16 192.0.2.1", "10.0.0.0/8 192.0.2.0/24", true);
        check("10.0.0.0/8", "10.1.0.0/16", false);
        check("0.0.0.0/0", "::/0", false);
        check("::ffff:10.1.0.0/112", "10.0.0.0/8", true);
        check("10.1.0.0/16", "::ffff:10.0.0.0/104", true);
        // Most of it lies elsewhere.
        check("::ffff:10.0.0.0/16", "10.0.0.0/8", false);
    }

    #[test]
    fn said() {
        let check = |text: &str, expected: &str| {
            let said = Networks::said([text]).map_or_else(|refusal| refusal.detail.into_owned(), |_| String::new());
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{text}: {said}");
        };
        for fine in
            ["192.0.2.0/24", "192.0.2.5", "192.0.2.5/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::1", "::ffff:10.0.0.0/104"]
        {
            check(fine, "");
        }
        check("192.0.2.5/24", "write 192.0.2.0/24 for all of it, or 192.0.2.5 for the address alone");
        check("192.0.2.129/25", "write 192.0.2.128/25");
        check("10.0.0.1/0", "write 0.0.0.0/0");
        check("2001:db8::1/32", "write 2001:db8::/32");
        check("::ffff:10.0.0.1/104", "write 10.0.0.0/8");
        check("nowhere", "`nowhere`");
    }

    #[test]
    fn at_most_64() {
        let many: Vec<String> = (0..65).map(|number| format!("10.0.0.{number}")).collect();
        assert!(Networks::parse(many.iter().map(String::as_str)).is_err());
        let networks = Networks::parse(many.iter().skip(1).chain(&many[1..]).map(String::as_str)).unwrap();
        assert_eq!(networks.iter().count(), 64);
        assert_eq!(parsed(&networks.to_string()), networks);
        assert!(Networks::parse(["10.0.0.0/8", "nowhere"]).unwrap_err().detail.contains("`nowhere`"));
    }
}
