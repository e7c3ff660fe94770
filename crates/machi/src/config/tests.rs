//! What is taken, what is refused, and what the refusal says.

use std::path::Path;
use std::time::Duration;

use machi_http::edge::Origins;

use super::*;

fn read(text: &str) -> Result<Config, String> {
    let mut config = Config::default();
    config.read_file(Path::new("machi.toml"), text).map_err(|error| error.to_string())?;
    Ok(config)
}

fn with(name: &str, value: &str) -> Result<Config, String> {
    Config::load(None, &[(name.to_owned(), value.to_owned())]).map_err(|error| error.to_string())
}

#[test]
fn a_file_changes_what_it_names() {
    let text = "[server]\nlisten = \"[::1]:9\"\nqueue = 0\nidle_timeout = \"1500 ms\"\norigins = []\n[log]\nformat = \"json\"\n[limits]\nbody = \"1GiB\"\n[egress]\nallow = [\"10.0.0.0/8\"]\n";
    let config = read(text).unwrap();
    assert_eq!(config.server.listen, "[::1]:9".parse().unwrap());
    assert_eq!(config.server.queue, 0);
    assert_eq!(config.server.idle_timeout, Duration::from_millis(1500));
    assert_eq!(config.server.requests, Config::default().server.requests);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.body, ByteSize(1 << 30));
    assert_eq!(config.egress.allow.len(), 1);
    assert_eq!(read("").unwrap(), Config::default());
}

#[test]
fn origins_are_all_or_a_list() {
    let origins = |list: &str| read(&format!("[server]\norigins = {list}")).map(|config| config.server.origins);
    assert_eq!(origins("[\"*\"]"), Ok(Origins::any()));
    assert_eq!(origins("[]"), Ok(Origins::default()));
    let both = origins("[\"*\", \"https://a.example\"]").unwrap();
    assert_eq!((both.any, both.named.len()), (true, 1));
    for bad in ["a.example", "https://a.example/", "https://", "https://a\\n"] {
        assert!(origins(&format!("[\"{bad}\"]")).is_err(), "{bad}");
    }
}

#[test]
fn a_page_that_nobody_would_get_is_refused() {
    let limits =
        |page: usize, largest: usize| with_pages(page, largest).check_pages().map_err(|error| error.to_string());
    assert_eq!(limits(50, 50), Ok(()));
    let refused = limits(51, 50).unwrap_err();
    assert!(refused.starts_with("[limits] page = 51 is more than largest_page = 50; make page smaller"), "{refused}");
    assert_eq!(limits(20, 10), Ok(()), "the default gives way to what was set");
}

fn with_pages(page: usize, largest: usize) -> Config {
    read(&format!("[limits]\npage = {page}\nlargest_page = {largest}")).unwrap()
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    for (text, expected) in [
        ("[sever]", "machi.toml: there is no section [sever]; did you mean \"server\"?"),
        (
            "[weather]\nx = 1",
            "machi.toml: there is no section [weather]; there are server, log, tenants, limits, contexts, source, subscriptions, egress, history, sql, store",
        ),
        ("listen = 1", "machi.toml: \"listen\" stands outside of all sections; it belongs under [server]"),
        ("foo = 1", "machi.toml: \"foo\" stands outside of all sections"),
        ("[server]\nlisten_to = \"x\"", "machi.toml: [server] has no key \"listen_to\"; did you mean \"listen\"?"),
        ("[tenants]\nweather = 1", "machi.toml: [tenants] has no key \"weather\"; there are create, share"),
        ("[tenants]\ncreate = \"yes\"", "machi.toml: [tenants] create = \"yes\", and must be true or false"),
        ("[server]\nrequests = 0", "machi.toml: [server] requests = 0, and must be a whole number from 1 on"),
        (
            "[server]\nidle_timeout = 10",
            "machi.toml: [server] idle_timeout = 10, and must be a time with its unit (ms, s, min, h), such as \"10 s\"",
        ),
        (
            "[limits]\nbody = \"10 MB\"",
            "machi.toml: [limits] body = \"10 MB\", and must be a size with its unit (B, KiB, MiB, GiB), such as \"16 MiB\"",
        ),
        (
            "[egress]\nallow = [\"10.0.0.1/8\"]",
            "machi.toml: [egress] allow = [\"10.0.0.1/8\"], and must be a list of networks, such as [\"10.0.0.0/8\", \"fd00::/8\"]",
        ),
        (
            "[server]\norigins = [\"nope\"]",
            "machi.toml: [server] origins = [\"nope\"], and must be a list of origins such as [\"https://portal.example.jp\"], without a path, and \"*\" for all others",
        ),
        (
            "[server]\nshutdown_grace = \"11 min\"",
            "machi.toml: [server] shutdown_grace = \"11 min\", and must be a time of at most 10 min",
        ),
        ("[limits]\ndepth = 200", "machi.toml: [limits] depth = 200, and must be a whole number from 1 to 128"),
        ("[limits]\ndepth = 0", "machi.toml: [limits] depth = 0, and must be a whole number from 1 to 128"),
        ("[source]\nid = \"not iri\"", "machi.toml: [source] id = \"not iri\", and must be an IRI, such as"),
        ("[log]\nfilter = \"loud=very\"", "machi.toml: [log] filter = \"loud=very\", and must be a level"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert!(read("[server").unwrap_err().starts_with("machi.toml is no TOML:"));
    assert!(read("[log]\nformat=\"text\"\nformat=\"json\"").unwrap_err().contains("line 3"));
}

#[test]
fn the_environment_overrides() {
    assert_eq!(with("MACHI__SERVER__LISTEN", "127.0.0.1:1").unwrap().server.listen.port(), 1);
    assert_eq!(with("MACHI__SERVER__QUEUE", "5").unwrap().server.queue, 5);
    assert!(!with("MACHI__TENANTS__CREATE", "false").unwrap().tenants.create);
    assert_eq!(with("MACHI__EGRESS__ALLOW", "10.0.0.0/8, fd00::/8").unwrap().egress.allow.len(), 2);
    assert_eq!(with("MACHI__EGRESS__ALLOW", "[\"10.0.0.0/8\"]").unwrap().egress.allow.len(), 1);
    for (name, value, expected) in [
        (
            "MACHI__SERVER",
            "x",
            "environment variable MACHI__SERVER names no setting; a setting is written MACHI__SECTION__KEY",
        ),
        (
            "MACHI__SERVER__LISTN",
            "x",
            "environment variable MACHI__SERVER__LISTN: [server] has no key \"listn\"; did you mean \"listen\"?",
        ),
        (
            "MACHI__TENANTS__CREATE",
            "yes",
            "environment variable MACHI__TENANTS__CREATE: [tenants] create = \"yes\", and must be true or false",
        ),
    ] {
        let error = with(name, value).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn the_example_is_the_defaults_and_explains_each_key() {
    let text = example();
    assert_eq!(read(&text).unwrap(), Config::default());
    let golden = include_str!("../../../../docs/machi.example.toml");
    assert_eq!(text, golden, "refresh it with `cargo run -p machi -- config example > docs/machi.example.toml`");
    for (before, line) in text.lines().zip(text.lines().skip(1)) {
        assert!(!line.contains(" = ") || line.starts_with('#') || before.starts_with('#'), "{line} is not explained");
    }
}

#[test]
fn sizes_and_times_are_written_as_they_are_read() {
    for (written, read) in
        [("\"1 min\"", 60_000), ("\"90 s\"", 90_000), ("\"1500 ms\"", 1500), ("\"2 h\"", 7_200_000), ("\"0 ms\"", 0)]
    {
        assert_eq!(Duration::from_millis(read).write(), written);
    }
    for (written, read) in [("\"64 KiB\"", 65_536), ("\"1000 B\"", 1000), ("\"3 GiB\"", 3 << 30), ("\"0 B\"", 0)] {
        assert_eq!(ByteSize(read).write(), written);
        assert_eq!(ByteSize::read(&written.parse().unwrap()), Some(ByteSize(read)));
    }
}
