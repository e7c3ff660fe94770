//! The answer to what is no request, or does not become one in time: hyper refuses it with a head alone or not at
//! all, here it is told what is wrong.

use std::time::Duration;

use memchr::{memchr, memchr3, memmem};

use crate::language::wanted;
use crate::{Language, Problem, Text};
use machi_types::ErrorKind;

/// What is kept of a head from its first bytes, for the case that it turns out to be none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clue {
    /// What makes its line none.
    suspect: Option<char>,
    /// The language in which its sender reads errors, as far as that came at once.
    language: Language,
}

impl Clue {
    pub(super) fn of(head: &[u8]) -> Self {
        Self { suspect: suspect(head), language: language(head) }
    }
}

/// The language that a head asks for by `Accept-Language`.
fn language(head: &[u8]) -> Language {
    const NAME: &[u8] = b"\naccept-language:";
    const END: &[u8] = b"anguage:";
    let value = || {
        let end = memmem::find(head, END)? + END.len();
        let name = head.get(end.checked_sub(NAME.len())?..end)?;
        let rest = head.get(end..)?;
        let line = rest.split_at(memchr(b'\n', rest)?).0;
        name.eq_ignore_ascii_case(NAME).then(|| std::str::from_utf8(line).ok()).flatten()
    };
    value().map_or(Language::default(), wanted)
}

/// The first character in the line of a request that an address may only hold percent-encoded (RFC 3986 §2.1), and
/// that people forget to encode: `q=temperature>20`.
fn suspect(head: &[u8]) -> Option<char> {
    let line = head.split_at(memchr(b'\n', head).unwrap_or(head.len())).0;
    let place = memchr3(b'<', b'>', b'"', line)?;
    line.get(place).map(|byte| char::from(*byte))
}

/// The whole answer in place of the head that hyper gives by itself; none where the head is an answer of ours.
pub(super) fn instead_of(head: &[u8], clue: Clue) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(head).ok()?;
    let (_, status) = head.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let is_ours = head.lines().any(|line| line.starts_with("x-request-id:"));
    let problem = match status.get(..3)? {
        _ if is_ours => return None,
        "400" => no_request(clue.suspect),
        "414" => Problem::uri_too_long(Text::both(
            "the address of the request is longer than 65,534 bytes; send long queries by POST to \
             /ngsi-ld/v1/entityOperations/query",
            "リクエストのアドレスが65,534バイトを超えています。長い検索条件は/ngsi-ld/v1/entityOperations/queryへPOSTしてください",
        )),
        "431" => Problem::head_too_large(Text::both(
            "the address and the headers of the request are longer than is taken here ([server] head_size), or more than \
             100; send long queries by POST to /ngsi-ld/v1/entityOperations/query",
            "リクエストのアドレスとヘッダーが長すぎるか([server] head_size)、ヘッダーが100個を超えています。長い検索条件は\
             /ngsi-ld/v1/entityOperations/queryへPOSTしてください",
        )),
        _ => return None,
    };
    let is_kept = |line: &&str| !line.is_empty() && !line.starts_with("content-length:");
    let kept: String = head.lines().filter(is_kept).flat_map(|line| [line, "\r\n"]).collect();
    Some(answer(&kept, &problem, clue.language))
}

/// The whole answer to a head that comes too slowly (RFC 9110 §15.5.9).
pub(super) fn too_slow(patience: Duration, clue: Clue) -> Vec<u8> {
    let seconds = patience.as_secs_f64();
    let problem = Problem::request_timeout(Text::both(
        format!("the head of the request was not complete within {seconds} s ([server] head_timeout); send it at once"),
        format!("リクエストのヘッダーが{seconds}秒以内に完了しませんでした([server] head_timeout)"),
    ));
    answer("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n", &problem, clue.language)
}

fn answer(head: &str, problem: &Problem, language: Language) -> Vec<u8> {
    let body = problem.body(language, None);
    let told = match language {
        Language::English => "",
        Language::Japanese => "content-language: ja\r\n",
    };
    let length = body.len();
    let head = format!("{head}content-type: application/json\r\n{told}content-length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

fn no_request(suspect: Option<char>) -> Problem {
    let detail = match suspect {
        Some(character) => Text::both(
            format!(
                "the address in the request line holds the character {character:?}, which is written %{:02X} there",
                u32::from(character)
            ),
            format!("リクエスト行のアドレスの文字{character:?}は%{:02X}と書かなければなりません", u32::from(character)),
        ),
        None => Text::both(
            "the request line or a header is not written as HTTP/1.1 wants it (RFC 9112)",
            "リクエスト行またはヘッダーがHTTP/1.1の形式ではありません",
        ),
    };
    Problem::new(ErrorKind::InvalidRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: today\r\n\r\n";

    #[test]
    fn what_hyper_refuses_gets_a_body() {
        let answer =
            String::from_utf8(instead_of(REFUSAL.as_bytes(), Clue::of(b"GET /?q=a>5 HTTP/1.1\r\n")).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ndate: today\r\n"), "{head}");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.contains("InvalidRequest") && body.contains("%3E"), "{body}");
    }

    #[test]
    fn the_body_tells_the_status_that_the_head_has() {
        for (status, kind, reason) in [
            ("400 Bad Request", "InvalidRequest", "RFC 9112"),
            ("414 URI Too Long", "UriTooLong", "65,534 bytes"),
            ("431 Request Header Fields Too Large", "RequestHeadTooLarge", "[server] head_size"),
        ] {
            let refusal = REFUSAL.replace("400 Bad Request", status);
            let answer = String::from_utf8(instead_of(refusal.as_bytes(), Clue::default()).unwrap()).unwrap();
            let (code, _) = status.split_once(' ').unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            assert!(answer.contains(&format!("\"status\":{code},")), "{answer}");
            assert!(answer.contains(kind) && answer.contains(reason), "{answer}");
        }
    }

    #[test]
    fn the_language_is_that_of_the_head_as_far_as_it_came() {
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nAccept-Language: ja\r\n", Language::Japanese),
            ("GET / HTTP/1.1\r\nhost: x\r\naccept-language:ja-JP,en;q=0.5\r\n\r\n", Language::Japanese),
            ("GET / HTTP/1.1\r\naccept-language: en,ja;q=0.5\r\n\r\n", Language::English),
            ("GET / HTTP/1.1\r\ncontent-language: ja\r\n\r\n", Language::English),
            ("GET /?x=anguage:ja HTTP/1.1\r\n\r\n", Language::English),
            ("anguage: ja\r\n", Language::English),
            ("GET / HTTP/1.1\r\nAccept-Language: j", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(language(head.as_bytes()), expected, "{head}");
        }
        let clue = Clue::of(b"GET / HTTP/1.1\r\nAccept-Language: ja\r\n");
        for answer in [instead_of(REFUSAL.as_bytes(), clue).unwrap(), too_slow(Duration::from_secs(1), clue)] {
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("content-language: ja\r\n") && body.contains("リクエスト"), "{answer}");
        }
    }

    #[test]
    fn answers_of_ours_stay_as_they_are() {
        for ours in [
            REFUSAL.replace("connection: close", "x-request-id: 1"),
            REFUSAL.replace("400 Bad Request", "200 OK"),
            "the rest of a body".to_owned(),
        ] {
            assert_eq!(instead_of(ours.as_bytes(), Clue::default()), None, "{ours}");
        }
    }

    #[test]
    fn the_line_of_a_request_is_searched_and_nothing_behind_it() {
        assert_eq!(suspect(b"GET /a?q=b>20 HTTP/1.1\r\n"), Some('>'));
        assert_eq!(suspect(b"GET /a?q=b%3E20 HTTP/1.1\r\nlink: <x>\r\n"), None);
        assert_eq!(suspect(b"GET /a?q=\"b"), Some('"'));
        assert_eq!(suspect(b""), None);
    }
}
