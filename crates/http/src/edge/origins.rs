//! Which pages in browsers may use the city, and under which names it is asked.
//!
//! A browser sends requests for whatever page is open in it, also to this machine. Those that only read are kept from
//! foreign pages by the browser itself; those that change something are refused here, for some of them are sent without
//! asking first. A page whose name leads to this machine all of a sudden (DNS rebinding) passes for one of ours in its
//! browser, and is told by the name that it asks for.

use std::net::IpAddr;

use http::header::{HOST, UPGRADE};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};

use super::Asked;
use crate::{Face, Problem, Text};

/// Sites whose pages may use the city.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Whether pages of every site may use the NGSI-LD API, and nothing else.
    pub any: bool,
    /// Sites whose pages may use everything, such as `https://portal.example.jp`.
    pub named: Vec<HeaderValue>,
    /// Names of the city, beside the hosts of the named sites and those that nobody else can own.
    pub hosts: Vec<String>,
}

/// Endings of names that no stranger can own (RFC 6761 §6.3, RFC 6762 §3, and the one reserved for private use).
const PRIVATE_ENDINGS: [&str; 3] = [".localhost", ".local", ".internal"];

impl Origins {
    /// Pages of every site may use the NGSI-LD API.
    pub fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// Whether pages of a foreign site may use what belongs to a face.
    pub(super) fn admit(&self, face: Face, origin: &HeaderValue) -> bool {
        (self.any && face == Face::NgsiLd) || self.named.contains(origin)
    }

    /// Why a request is not answered; `is_open` are addresses that tell nothing but how the city is.
    pub(super) fn refusal(&self, asked: &Asked, headers: &HeaderMap, is_open: bool) -> Option<Problem> {
        let host = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
        let is_guarded = if asked.face == Face::NgsiLd { !self.any } else { !is_open };
        if let Some(host) = host
            && is_guarded
            && !self.knows(host)
        {
            return Some(unknown_name(host));
        }
        let origin = asked.origin.as_ref()?;
        // Browsers apply no CORS to WebSockets, and ask beforehand for few of the requests that change something.
        let acts = !asked.method.is_safe() || headers.contains_key(UPGRADE);
        let is_welcome = || self.admit(asked.face, origin) || host.is_some_and(|host| is_page_of(origin, host));
        (acts && !is_welcome()).then(|| foreign_page(origin))
    }

    /// Whether a name in Host is one of the city: an address, a name that no stranger can own, or one that was named.
    fn knows(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        let is_address = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let is_private = || !name.contains('.') || PRIVATE_ENDINGS.iter().any(|ending| name.ends_with(ending));
        let of_site = |site: &HeaderValue| site.to_str().ok().and_then(authority).and_then(name_of);
        is_private()
            || is_address()
            || self.hosts.iter().any(|host| name_of(host).is_some_and(|known| known == name))
            || self.named.iter().any(|site| of_site(site).is_some_and(|known| known == name))
    }
}

/// The name in the value of Host, without port.
fn name_of(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    Some(authority.host().trim_end_matches('.').to_ascii_lowercase())
}

/// What stands behind `https://` in an origin.
fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

/// Whether the page was loaded from the host that it asks; before a proxy the two may differ in their scheme.
fn is_page_of(origin: &HeaderValue, host: &str) -> bool {
    origin.to_str().ok().and_then(authority).is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn foreign_page(origin: &HeaderValue) -> Problem {
    let origin = super::access_log::cut(origin.to_str().unwrap_or_default());
    Problem::forbidden(Text::both(
        format!("pages of {origin} may not do this here; [server] origins names the sites whose pages may"),
        format!("{origin}のページからこの操作はできません。許可するサイトは設定の[server] originsで指定します"),
    ))
}

fn unknown_name(host: &str) -> Problem {
    let host = super::access_log::cut(host);
    Problem::forbidden(Text::both(
        format!(
            "this city does not go by the name {host}; ask by its address, or add http://{host} to [server] origins if the name is its own"
        ),
        format!(
            "この都市は{host}という名前では応答しません。IPアドレスを使うか、正しい名前なら設定の[server] originsにhttp://{host}を追加してください"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> HeaderValue {
        text.parse().unwrap()
    }

    #[test]
    fn a_city_goes_by_its_addresses_and_by_names_that_no_stranger_can_own() {
        let origins = Origins {
            any: true,
            named: vec![value("https://portal.example.jp")],
            hosts: vec!["city.example.jp:8080".to_owned()],
        };
        for known in [
            "127.0.0.1:8080",
            "10.1.2.3",
            "[::1]:8080",
            "[fd00::1]",
            "localhost",
            "LOCALHOST:8080",
            "machi:8080",
            "a.localhost:1",
            "machi.default.svc.cluster.local",
            "city.example.jp",
            "city.example.jp.:9",
            "portal.example.jp",
        ] {
            assert!(origins.knows(known), "{known}");
        }
        for unknown in
            ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "example.jp", "a b", ""]
        {
            assert!(!origins.knows(unknown), "{unknown}");
        }
    }

    #[test]
    fn only_named_sites_may_use_more_than_the_standard() {
        let origins = Origins { named: vec![value("https://a.example")], ..Origins::any() };
        assert!(origins.admit(Face::NgsiLd, &value("https://b.example")));
        assert!(origins.admit(Face::Own, &value("https://a.example")));
        for foreign in ["https://b.example", "https://a.example:8443", "http://a.example", "null"] {
            assert!(!origins.admit(Face::Own, &value(foreign)), "{foreign}");
        }
        assert!(!Origins::default().admit(Face::NgsiLd, &value("https://b.example")));
    }

    #[test]
    fn a_page_is_of_the_host_that_it_was_loaded_from() {
        assert!(is_page_of(&value("http://127.0.0.1:8080"), "127.0.0.1:8080"));
        assert!(is_page_of(&value("https://City.example.jp"), "city.example.jp"));
        for (origin, host) in
            [("http://127.0.0.1:5173", "127.0.0.1:8080"), ("null", "null"), ("http://a.example", "127.0.0.1")]
        {
            assert!(!is_page_of(&value(origin), host), "{origin} {host}");
        }
    }
}
