//! The page at `/`: how it is served, and what a browser shows of a real city.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::*;

/// The folder of the console.
fn console() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console")
}

/// The page, where the binary holds the console.
fn page(client: &Client) -> Option<String> {
    let page = client.get("/").send().expect_status(200);
    assert_eq!(page.media_type(), "text/html");
    let text = page.text();
    text.contains("<script").then_some(text)
}

/// What a document names by `src` or `href`.
fn references(page: &str) -> Vec<String> {
    let pieces = page.split(['"', '\'']);
    pieces.filter(|piece| piece.starts_with("./assets/")).map(|piece| piece.replacen('.', "", 1)).collect()
}

#[test]
fn the_page_may_do_nothing_but_ask_its_own_city() {
    let page = city().client().get("/").send().expect_status(200);
    let policy = page.expect_header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    for lax in ["unsafe", "http", "data:", "blob:", "*"] {
        assert!(!policy.contains(lax), "{lax}: {policy}");
    }
    assert!(policy.contains("worker-src 'self'") && policy.contains("require-trusted-types-for 'script'"), "{policy}");
    page.expect_header("x-content-type-options");
    let text = page.text();
    assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "no third-party host: {text}");
}

#[test]
fn the_page_and_its_files_are_served_and_kept_by_browsers() {
    let client = city().client();
    let Some(page) = page(&client) else {
        println!("SKIPPED: the console was not built before this binary");
        return;
    };
    let files = references(&page);
    let has = |extension: &str| files.iter().any(|file| Path::new(file).extension().is_some_and(|is| is == extension));
    assert!(has("js") && has("css"), "{page}");
    for path in files.iter().map(String::as_str).chain(["/"]) {
        let file = client.get(path).send().expect_status(200);
        let expected = if path == "/" { "no-cache" } else { "public, max-age=31536000, immutable" };
        assert_eq!(file.expect_header("cache-control"), expected, "{path}");
        let tag = file.expect_header("etag").to_owned();
        let again = client.get(path).header("if-none-match", &tag).send();
        assert_eq!(again.status, 304, "{path}");
        let small = client.get(path).header("accept-encoding", "gzip").send().expect_status(200);
        assert!(small.body.len() <= file.body.len(), "{path}");
    }
    client.get("/licences.md").send().expect_status(200);
    client.get("/assets/nothing.js").send().expect_status(404);
    client.get("/assets/../Cargo.toml").send().expect_status(404);
}

#[test]
fn a_browser_shows_a_new_city_and_what_happens_in_it() {
    if let Some(city) = browsable(Options::default()) {
        browse(&city, "tests/browser/city.test.ts", &[]);
    }
}

#[test]
fn a_browser_shows_a_real_city_on_the_map() {
    if let Some(city) = browsable(Options::default()) {
        browse(&city, "tests/browser/mapcity.test.ts", &[]);
    }
}

#[test]
fn the_page_stands_bad_times() {
    // The tests end and begin a city of their own; this one only tells that the binary holds the page.
    if browsable(Options::default()).is_some() {
        run_browser("tests/browser/rough.test.ts", &[("MACHI", Path::new(env!("CARGO_BIN_EXE_machi")))], String::new);
    }
}

/// A city to whose page a browser can be sent; none, and a line that says so, where something is missing for that.
pub(crate) fn browsable(options: Options) -> Option<City> {
    if !console().join("node_modules/vitest").is_dir() || which("chromium").is_none() {
        println!("SKIPPED: the console's packages or chromium are not installed");
        return None;
    }
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), options);
    if page(&city.client()).is_none() {
        println!("SKIPPED: the console was not built before this binary");
        return None;
    }
    Some(city)
}

/// Runs browser tests before a city.
#[track_caller]
pub(crate) fn browse(city: &City, tests: &str, environment: &[(&str, &Path)]) {
    let url = format!("{}/", city.url());
    let mut environment = environment.to_vec();
    environment.push(("MACHI_URL", Path::new(&url)));
    run_browser(tests, &environment, || city.log());
}

/// Runs browser tests; `log` tells more where they fail.
#[track_caller]
fn run_browser(tests: &str, environment: &[(&str, &Path)], log: impl FnOnce() -> String) {
    let ran = Command::new("npm")
        .args(["run", "--silent", "test:browser", "--", tests])
        .current_dir(console())
        .envs(environment.iter().copied())
        .output();
    let ran = ran.expect("npm came with the console's packages");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&ran.stderr), log());
    print!("{told}");
}
