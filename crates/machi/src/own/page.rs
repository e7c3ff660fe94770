//! The page at `/` of a city that was built without its console.

use axum::response::Response;
use http::HeaderValue;
use machi_http::answer;

const PAGE: &str = r#"<!doctype html>
<html lang="ja">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Machi 街</title>
<style>body{font:1rem/1.7 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>Machi 街</h1>
<p>この都市は動いています。ただし、この実行ファイルにはコンソール画面が含まれていません。Node.js 20のある環境で<code>make up</code>を実行すると、コンソール付きで作成されます。</p>
<p lang="en">The city is running, but this program was built without its console. <code>make up</code> builds it where Node.js 20 is installed.</p>
<ul>
<li><a href="/ngsi-ld/v1/types">/ngsi-ld/v1/types</a></li>
<li><a href="/openapi.json">/openapi.json</a></li>
<li><a href="/metrics">/metrics</a></li>
<li><a href="/readyz">/readyz</a></li>
</ul>
</html>
"#;

/// Answers with the page.
pub async fn page() -> Response {
    answer::of_type(HeaderValue::from_static("text/html; charset=utf-8"), PAGE)
}
