//! Settings as the environment gives them: one `NAME=value` a line.

use machi::config::Config;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "settings",
    run,
    seeds,
    words: &[
        "MACHI__SERVER__",
        "MACHI__LIMITS__",
        "MACHI__LOG__FILTER=",
        "LISTEN=",
        "BODY=",
        "KiB",
        "MiB",
        "ms",
        " s",
        "min",
        "[\"",
        "\"]",
        "true",
        "0",
        "18446744073709551615",
        "info,machi=debug",
        "10.0.0.0/8",
        "127.0.0.1:0",
    ],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let overrides: Vec<(String, String)> = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    match Config::load(None, &overrides) {
        Ok(config) => planted::fault((2..10).contains(&config.limits.page.get())),
        Err(error) => {
            let _ = error.to_string();
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "MACHI__LIMITS__PAGE=1\nMACHI__TENANTS__CREATE=true",
        "MACHI__SERVER__LISTEN=127.0.0.1:8080\nMACHI__SERVER__ORIGINS=[\"https://a.example\"]",
        "MACHI__LIMITS__BODY=4 MiB\nMACHI__LIMITS__QUERY_TIME=1.5 s\nMACHI__EGRESS__ALLOW=[\"10.0.0.0/8\"]",
    ])
}
