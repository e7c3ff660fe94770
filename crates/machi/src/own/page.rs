//! The page at `/`: the web console, or, in a binary that was built without it, how to build it.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderName, HeaderValue, header};
use machi_http::answer::{self, AnswerExt};
use machi_http::request::{Conditions, Etag};

use super::console::{FILES, File};

/// What the page may do: run its own script and the map's worker, wear its own style, ask its own city, and nothing
/// else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types svelte-trusted-html machi-map-worker",
);
/// The page without the console has a style in it and no script.
const PLAIN_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, but asked for each time: a new binary brings a new page.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

const HOW_TO_BUILD: &str = r#"<!doctype html>
<html lang="ja">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Machi 街</title>
<style>body{font:1rem/1.7 "Hiragino Sans","Noto Sans JP","Noto Sans CJK JP",Meiryo,system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>Machi 街</h1>
<p>この都市は動いています。ただし、この実行ファイルにはコンソール画面が含まれていません。Node.js 20以降のある環境で<code>make up</code>を実行すると、コンソール付きで作成されます。</p>
<p lang="en">The city is running, but this program was built without its console. <code>make up</code> builds it where Node.js 20 or newer is installed.</p>
<ul>
<li><a href="ngsi-ld/v1/types">/ngsi-ld/v1/types</a></li>
<li><a href="openapi.json">/openapi.json</a></li>
<li><a href="metrics">/metrics</a></li>
<li><a href="readyz">/readyz</a></li>
</ul>
</html>
"#;

/// The page and the files that it needs, each at its path.
pub fn page_routes() -> Router {
    if FILES.is_empty() {
        return Router::new().route("/", get(how_to_build));
    }
    FILES.iter().fold(Router::new(), |router, file| {
        router.route(file.path, get(move |conditions: Conditions| async move { serve(file, &conditions) }))
    })
}

async fn how_to_build() -> Response {
    secured(answer::of_type(HeaderValue::from_static("text/html; charset=utf-8"), HOW_TO_BUILD), PLAIN_POLICY)
}

fn serve(file: &'static File, conditions: &Conditions) -> Response {
    let etag = Etag::new(file.tag).expect("the build writes tags as hexadecimal digits");
    let mut response = if conditions.is_unmodified(&etag) {
        answer::not_modified(&etag)
    } else {
        answer::of_type(HeaderValue::from_static(file.content_type), file.bytes).with_etag(&etag)
    };
    let caching = if file.is_named_by_content() { FOR_GOOD } else { ASK_FIRST };
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    secured(response, POLICY)
}

fn secured(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    const FILE: File =
        File { path: "/assets/a.js", content_type: "text/javascript; charset=utf-8", tag: "00ab", bytes: b"let a;" };

    fn conditions(tag: Option<&str>) -> Conditions {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        Conditions::of(&headers).unwrap()
    }

    #[test]
    fn a_file_is_sent_with_all_that_a_browser_needs_to_know() {
        static SENT: File = FILE;
        let response = serve(&SENT, &conditions(None));
        let headers = response.headers();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(headers["etag"], "\"00ab\"");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(
            headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; script-src 'self'")
        );
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        static SENT: File = FILE;
        let response = serve(&SENT, &conditions(Some("\"00ab\"")));
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.headers().contains_key("cache-control"));
    }

    #[test]
    fn only_files_named_by_their_content_are_kept_for_good() {
        static PAGE: File = File { path: "/", ..FILE };
        assert_eq!(serve(&PAGE, &conditions(None)).headers()["cache-control"], "no-cache");
    }

    #[test]
    fn the_binary_holds_a_whole_console_or_none() {
        let paths: Vec<&str> = FILES.iter().map(|file| file.path).collect();
        assert!(paths.is_empty() || paths.contains(&"/"), "{paths:?}");
        for file in FILES {
            assert!(Etag::new(file.tag).is_ok() && HeaderValue::from_str(file.content_type).is_ok(), "{file:?}");
            assert_ne!(file.content_type, "application/octet-stream", "{}", file.path);
        }
        // Two routes at one path, or a path that is none, would panic here.
        let _ = page_routes();
    }

    #[tokio::test]
    async fn without_the_console_the_page_says_how_to_build_it() {
        let response = how_to_build().await;
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert!(HOW_TO_BUILD.contains("make up") && HOW_TO_BUILD.contains("作成されます"));
        assert!(!HOW_TO_BUILD.contains("http://") && !HOW_TO_BUILD.contains("https://"));
    }
}
