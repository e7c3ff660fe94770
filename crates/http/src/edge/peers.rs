//! Who may connect while nobody has to sign in.

use std::net::IpAddr;

use crate::client::Cidr;
use crate::{Problem, Text};

/// The networks from which requests are answered; this machine itself always may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    networks: Vec<Cidr>,
}

impl Peers {
    /// This machine alone.
    pub fn loopback() -> Self {
        Self::default()
    }

    /// This machine and these networks.
    pub fn loopback_and(networks: Vec<Cidr>) -> Self {
        Self { networks }
    }

    /// Whether a peer may ask.
    pub fn admit(&self, peer: IpAddr) -> bool {
        peer.to_canonical().is_loopback() || self.networks.iter().any(|network| network.contains(peer))
    }
}

pub(super) fn refused(peer: IpAddr) -> Problem {
    Problem::forbidden(Text::both(
        format!("requests from {peer} are not answered: without sign-in this city is open only to its own machine and to the networks named by --open-to"),
        format!("{peer}からのリクエストは受け付けていません。サインインなしで利用できるのは、このマシン自身と--open-toで指定したネットワークだけです"),
    ))
    .with_header(http::header::CONNECTION, http::HeaderValue::from_static("close"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_not_admitted() {
        let peers = Peers::loopback_and(vec!["10.1.0.0/16".parse().unwrap()]);
        for (peer, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(peers.admit(peer.parse().unwrap()), expected, "{peer}");
        }
        assert!(!Peers::loopback().admit("10.1.2.3".parse().unwrap()));
    }
}
