//! Which host a request is for: one that came over HTTP/1.1 says so, once and in a form that can be read
//! (RFC 9112 §3.2).

use http::header::HOST;
use http::{HeaderMap, Version};
use machi_types::ErrorKind;

use crate::{Problem, Text};

/// Why a request is none, by what it says of its host.
pub(super) fn fault(version: Version, headers: &HeaderMap) -> Option<Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => None,
        (None, _) => Some(refused("there is no Host header", "Hostヘッダーがありません")),
        (Some(_), Some(_)) => Some(refused("there is more than one Host header", "Hostヘッダーが複数あります")),
        (Some(host), None) if is_host(host.as_bytes()) => None,
        (Some(_), None) => {
            Some(refused("the Host header holds no name of a host", "Hostヘッダーの値がホスト名ではありません"))
        }
    }
}

/// RFC 9110 §7.2, RFC 3986 §3.2.2: a name or an address, also an empty one, and a port where there is one.
fn is_host(host: &[u8]) -> bool {
    let is_address = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte);
    let is_port = |rest: &[u8]| match rest.split_first() {
        None => true,
        Some((colon, port)) => *colon == b':' && port.iter().all(u8::is_ascii_digit),
    };
    if let Some(literal) = host.strip_prefix(b"[") {
        let Some(end) = literal.iter().position(|byte| *byte == b']') else { return false };
        let (address, rest) = literal.split_at(end);
        return !address.is_empty()
            && address.iter().all(is_address)
            && rest.split_first().is_some_and(|(_, rest)| is_port(rest));
    }
    let end = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
    let (name, port) = host.split_at(end);
    is_name(name) && is_port(port)
}

fn is_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let is_fine = match byte {
            b'%' => {
                let mut is_digit = || bytes.next().is_some_and(u8::is_ascii_hexdigit);
                is_digit() && is_digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

fn refused(en: &'static str, ja: &'static str) -> Problem {
    let detail = Text::both(
        format!("{en}; a request by HTTP/1.1 names its host in one Host header, such as Host: city.example.jp"),
        format!("{ja}。HTTP/1.1のリクエストには「Host: city.example.jp」のようなHostヘッダーが1つ必要です"),
    );
    Problem::new(ErrorKind::InvalidRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_what_is_none() {
        for host in
            ["", "city", "a.example.jp:8080", "192.0.2.1", "[::1]", "[2001:db8::1]:80", "a%2Db", "a_b:", "xn--0wwy37b"]
        {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in
            ["a b/c", "a/b", "a:b", "a:80:80", "user@city", "[::1", "[]", "[::1]80", "a%2", "a%zz", "街", "a?b", "a]"]
        {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
