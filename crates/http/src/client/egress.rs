//! The guard against requests to inside addresses (server-side request forgery).
//!
//! A subscription or an @context names an address that a stranger chose. Such a request must not reach the
//! machine itself, its neighbours or a cloud's metadata service, unless the operator allows it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::lookup_host;

use super::Cidr;

/// Which addresses may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    allowed: Vec<Cidr>,
}

/// Why an address is not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The name leads nowhere.
    #[error("the name {host} cannot be resolved: {reason}")]
    NotResolved {
        /// The name.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// The name leads inside.
    #[error(
        "{host} leads to {address}, an inside address that requests from here may not reach; the operator can allow it by [egress] allow or --egress-allow"
    )]
    Refused {
        /// The name.
        host: String,
        /// The first address at fault.
        address: IpAddr,
    },
}

impl EgressError {
    /// The same in Japanese.
    pub fn in_japanese(&self) -> String {
        match self {
            Self::NotResolved { host, reason } => format!("ホスト名{host}を解決できません(\"{reason}\")"),
            Self::Refused { host, address } => format!(
                "{host}は内部のアドレス{address}を指しており、ここからのリクエストは許可されていません。運用者は[egress] allowか--egress-allowで許可できます"
            ),
        }
    }
}

/// Addresses that are not the public internet (IANA special-purpose registries), cloud metadata included.
const INSIDE: &[Cidr] = &[
    Cidr::v4(0, 0, 0, 0, 8),
    Cidr::v4(10, 0, 0, 0, 8),
    Cidr::v4(100, 64, 0, 0, 10),
    Cidr::v4(127, 0, 0, 0, 8),
    Cidr::v4(169, 254, 0, 0, 16),
    Cidr::v4(172, 16, 0, 0, 12),
    Cidr::v4(192, 0, 0, 0, 24),
    Cidr::v4(192, 0, 2, 0, 24),
    Cidr::v4(192, 88, 99, 0, 24),
    Cidr::v4(192, 168, 0, 0, 16),
    Cidr::v4(198, 18, 0, 0, 15),
    Cidr::v4(198, 51, 100, 0, 24),
    Cidr::v4(203, 0, 113, 0, 24),
    Cidr::v4(224, 0, 0, 0, 3),
    // An alias of the metadata service at one large cloud.
    Cidr::v4(168, 63, 129, 16, 32),
    Cidr::v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
    Cidr::v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    Cidr::v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    Cidr::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    Cidr::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    Cidr::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    Cidr::v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
    Cidr::v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    Cidr::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 9),
    Cidr::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

impl Egress {
    /// Wherever the caller says: for commands, whose user names the address.
    pub fn everywhere() -> Self {
        Self::allowing(vec![Cidr::v4(0, 0, 0, 0, 0), Cidr::v6([0; 8], 0)])
    }

    /// The public internet and these networks.
    pub fn allowing(allowed: Vec<Cidr>) -> Self {
        Self { allowed }
    }

    /// Whether an address may be reached.
    pub fn admit(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(address)) || is_public(address)
    }

    /// The addresses behind a name, all of which may be reached; connect to these and resolve no more.
    ///
    /// A name with one inside address among others is refused as a whole: it is an attack or a mistake.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => look_up(bare, port).await.map_err(|error| not_resolved(bare, &error.to_string()))?,
        };
        if addresses.is_empty() {
            return Err(not_resolved(bare, "it has no address"));
        }
        match addresses.iter().find(|address| !self.admit(address.ip())) {
            Some(inside) => Err(EgressError::Refused { host: bare.to_owned(), address: inside.ip() }),
            None => Ok(addresses),
        }
    }
}

async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host((host, port)).await?.collect())
}

fn not_resolved(host: &str, reason: &str) -> EgressError {
    EgressError::NotResolved { host: host.chars().take(255).collect(), reason: reason.to_owned() }
}

fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let hidden = match address {
        IpAddr::V6(address) => embedded_v4(address),
        IpAddr::V4(_) => None,
    };
    let is_inside = |address: IpAddr| INSIDE.iter().any(|network| network.contains(address));
    !is_inside(address) && !hidden.is_some_and(|hidden| is_inside(IpAddr::V4(hidden)))
}

/// The IPv4 address that a translation prefix leads to: NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(Ipv4Addr::from_bits(bits as u32)),
        [0x2002, ..] => Some(Ipv4Addr::from_bits((bits >> 80) as u32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn inside_addresses_are_refused_in_every_disguise() {
        let egress = Egress::default();
        for inside in [
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fd00:ec2::254",
        ] {
            assert!(!egress.admit(ip(inside)), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(egress.admit(ip(outside)), "{outside}");
        }
    }

    #[test]
    fn the_operator_can_allow_networks() {
        let egress = Egress::allowing(vec!["10.1.0.0/16".parse().unwrap(), "::1".parse().unwrap()]);
        assert!(egress.admit(ip("10.1.2.3")) && egress.admit(ip("::ffff:10.1.2.3")) && egress.admit(ip("::1")));
        assert!(!egress.admit(ip("10.2.0.1")) && !egress.admit(ip("127.0.0.1")));
    }

    #[tokio::test]
    async fn names_are_judged_by_their_addresses() {
        let refused = Egress::default().resolve("localhost", 80).await.unwrap_err();
        assert!(matches!(refused, EgressError::Refused { .. }), "{refused}");
        let literal = Egress::default().resolve("[::1]", 80).await.unwrap_err();
        assert_eq!(literal, EgressError::Refused { host: "::1".to_owned(), address: ip("::1") });
        let allowed = Egress::allowing(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        assert!(!allowed.resolve("localhost", 80).await.unwrap().is_empty());
        // Odd spellings of loopback are names to us, and go the same way.
        for odd in ["2130706433", "0x7f.1", "127.1"] {
            assert!(Egress::default().resolve(odd, 80).await.is_err(), "{odd}");
        }
    }
}
