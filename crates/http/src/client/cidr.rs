//! Networks as operators write them: an address and a prefix length.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network such as `10.0.0.0/8` or `fd00::/8`; a bare address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCidr {
    /// No IP address stands in front.
    #[error("\"{0}\" is no network; a network looks like 10.0.0.0/8, fd00::/8 or 192.0.2.7")]
    Address(String),
    /// The prefix length is no number, or too large.
    #[error("\"{text}\" has a wrong prefix length; it is a number from 0 to {largest}")]
    Prefix {
        /// The whole text.
        text: String,
        /// The longest prefix of this kind of address.
        largest: u8,
    },
    /// Bits are set behind the prefix, so that it is unclear which network is meant.
    #[error("\"{text}\" has bits set behind its prefix; the network is {network}")]
    HostBits {
        /// The whole text.
        text: String,
        /// The network without those bits.
        network: Cidr,
    },
}

const PRIVATE: &[Cidr] = &[
    Cidr::v4(10, 0, 0, 0, 8),
    Cidr::v4(172, 16, 0, 0, 12),
    Cidr::v4(192, 168, 0, 0, 16),
    Cidr::v4(100, 64, 0, 0, 10),
    Cidr::v4(169, 254, 0, 0, 16),
    Cidr::v4(127, 0, 0, 0, 8),
    Cidr::v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    Cidr::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    Cidr::v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
];

impl Cidr {
    pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    pub(super) const fn v6(segments: [u16; 8], prefix: u8) -> Self {
        let mut bits = 0;
        let mut place = 0;
        while place < segments.len() {
            bits = bits << 16 | segments[place] as u128;
            place += 1;
        }
        Self { address: IpAddr::V6(Ipv6Addr::from_bits(bits)), prefix }
    }

    /// Whether an address lies in the network; IPv4 in its IPv6 form counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = mask_v4(self.prefix);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = mask_v6(self.prefix);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    /// Whether all of the network belongs to those that use it, and to nobody on the public internet: private (RFC 1918,
    /// RFC 4193), shared by a provider's customers (RFC 6598), on one link, or on this machine.
    pub fn is_private(&self) -> bool {
        let is_longer = |range: &Self| self.prefix >= range.prefix && range.contains(self.address);
        PRIVATE.iter().any(is_longer)
    }

    fn network(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask_v4(self.prefix))),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask_v6(self.prefix))),
        };
        Self { address, prefix: self.prefix }
    }
}

fn mask_v4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let quoted = || text.chars().take(60).collect::<String>();
        let address: IpAddr = address.parse().map_err(|_| InvalidCidr::Address(quoted()))?;
        let largest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => largest,
            Some(prefix) if prefix.bytes().all(|b| b.is_ascii_digit()) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= largest)
                .ok_or_else(|| InvalidCidr::Prefix { text: quoted(), largest })?,
            Some(_) => {
                return Err(InvalidCidr::Prefix { text: quoted(), largest });
            }
        };
        let cidr = Self { address, prefix };
        let network = cidr.network();
        if network == cidr { Ok(cidr) } else { Err(InvalidCidr::HostBits { text: quoted(), network }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "2001:db8::1", true),
            ("::1", "::1", true),
        ] {
            assert_eq!(cidr(network).contains(address.parse().unwrap()), expected, "{network} {address}");
        }
    }

    #[test]
    fn private_networks_are_those_that_lie_wholly_in_a_private_range() {
        for private in [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "172.16.0.0/12",
            "172.31.255.0/24",
            "192.168.1.7",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "127.0.0.1",
            "::1",
            "fc00::/7",
            "fd12:3456::/32",
            "fe80::/10",
            "fe80::1",
        ] {
            assert!(cidr(private).is_private(), "{private}");
        }
        for public in [
            "0.0.0.0/0",
            "8.8.8.0/24",
            "10.0.0.0/7",
            "172.0.0.0/8",
            "172.32.0.0/16",
            "192.168.0.0/15",
            "100.0.0.0/8",
            "192.0.2.7",
            "::/0",
            "::/127",
            "2001:db8::/32",
            "fe00::/7",
            "::ffff:0:0/96",
            "f000::/4",
        ] {
            assert!(!cidr(public).is_private(), "{public}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_right_one() {
        for (text, expected) in [
            ("ten", "\"ten\" is no network"),
            ("10.0.0.0/33", "a number from 0 to 32"),
            ("10.0.0.0/", "a number from 0 to 32"),
            ("10.0.0.0/+8", "a number from 0 to 32"),
            ("::/129", "a number from 0 to 128"),
            ("10.0.0.1/8", "the network is 10.0.0.0/8"),
            ("fd12::1/8", "the network is fd00::/8"),
            ("", "is no network"),
        ] {
            let error = text.parse::<Cidr>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn networks_round_trip(bits: u128, prefix in 0_u8..=128) {
            let network = Cidr { address: IpAddr::V6(Ipv6Addr::from_bits(bits)), prefix }.network();
            prop_assert_eq!(network.to_string().parse::<Cidr>(), Ok(network));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Cidr>();
        }
    }
}
