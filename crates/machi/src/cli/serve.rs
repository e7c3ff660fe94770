//! `machi serve`: who may reach the city, and its start.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use machi_http::client::Cidr;
use machi_http::edge::Peers;

use crate::config::{Config, overrides};
use crate::lifecycle::{self, Start};
use crate::log;

/// How a city is started.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The folder that holds the city's data; made where it is missing [setting: store.path]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one [setting: server.listen, default 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// A file with settings; `machi config example` prints one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An inside network that notifications and contexts may reach; may be given several times
    #[arg(long, value_name = "CIDR")]
    pub egress_allow: Vec<Cidr>,
    /// Let everybody on this machine in: there is no sign-in yet
    #[arg(long)]
    pub open: bool,
    /// Let a private network in too, such as 10.1.0.0/16; may be given several times
    #[arg(long, value_name = "CIDR", requires = "open")]
    pub open_to: Vec<Cidr>,
}

/// Why a city is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody could sign in.
    #[error(
        "this version has no sign-in, so whoever reaches the city can read and change everything; add --open to accept that for programs on this machine"
    )]
    NotOpen,
    /// Strangers could come in.
    #[error(
        "{listen} can be reached from other machines, and there is no sign-in; listen on 127.0.0.1, or name the private network that may come in with --open-to CIDR"
    )]
    NotLoopback {
        /// The address.
        listen: SocketAddr,
    },
    /// Strangers are among those that would be let in.
    #[error(
        "{network} is no private network, and there is no sign-in to keep its strangers out; --open-to takes networks within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, fc00::/7 and fe80::/10"
    )]
    NotPrivate {
        /// The network.
        network: Cidr,
    },
}

/// Who may come in, as long as there is no sign-in.
pub fn peers(listen: SocketAddr, open: bool, open_to: &[Cidr]) -> Result<Peers, OpenError> {
    if !open {
        return Err(OpenError::NotOpen);
    }
    if let Some(network) = open_to.iter().find(|network| !network.is_private()) {
        return Err(OpenError::NotPrivate { network: *network });
    }
    let is_loopback = listen.ip().to_canonical().is_loopback();
    if !is_loopback && open_to.is_empty() {
        return Err(OpenError::NotLoopback { listen });
    }
    Ok(Peers::loopback_and(open_to.to_vec()))
}

/// Runs a city until it is told to stop.
pub(super) fn run(arguments: &ServeArgs) -> Result<(), Box<dyn Error>> {
    let (config, peers) = settings(arguments)?;
    log::start(&config.log);
    Ok(lifecycle::run(Start { config, peers, companion: None })?)
}

/// The settings of a city, and who may come in.
pub(super) fn settings(arguments: &ServeArgs) -> Result<(Config, Peers), Box<dyn Error>> {
    let mut config = Config::load(arguments.config.as_deref(), &overrides())?;
    if let Some(path) = &arguments.data {
        config.store.path.clone_from(path);
    }
    if let Some(listen) = arguments.listen {
        config.server.listen = listen;
    }
    config.egress.allow.extend(&arguments.egress_allow);
    let let_in = |listen| peers(listen, arguments.open, &arguments.open_to);
    if let Some(address) = config.sql.address {
        let_in(address)?;
    }
    let peers = let_in(config.server.listen)?;
    Ok((config, peers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, open: bool, open_to: &[&str]) -> Result<(), String> {
        let open_to: Vec<Cidr> = open_to.iter().map(|network| network.parse().unwrap()).collect();
        peers(listen.parse().unwrap(), open, &open_to).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_city_without_sign_in_stays_at_home() {
        assert!(check("127.0.0.1:0", false, &[]).unwrap_err().contains("add --open"));
        assert_eq!(check("127.0.0.1:0", true, &[]), Ok(()));
        assert_eq!(check("[::1]:0", true, &[]), Ok(()));
        assert_eq!(check("[::ffff:127.0.0.1]:0", true, &[]), Ok(()));
        for listen in ["0.0.0.0:0", "[::]:0", "10.1.2.3:0"] {
            assert!(check(listen, true, &[]).unwrap_err().contains("--open-to CIDR"), "{listen}");
            assert_eq!(check(listen, true, &["10.1.0.0/16"]), Ok(()));
        }
    }

    #[test]
    fn a_city_without_sign_in_is_opened_to_no_public_network() {
        for network in ["0.0.0.0/0", "8.8.8.0/24", "::/0", "10.0.0.0/7"] {
            for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
                let refused = check(listen, true, &["10.1.0.0/16", network]).unwrap_err();
                assert!(refused.starts_with(network) && refused.contains("192.168.0.0/16"), "{refused}");
            }
        }
    }
}
