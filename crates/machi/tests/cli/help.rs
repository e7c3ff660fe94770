//! What the command line says of itself.

use crate::process::{output, text};

#[test]
fn help_teaches() {
    for (arguments, golden) in [
        (["--help"].as_slice(), include_str!("golden/help.txt")),
        (["serve", "--help"].as_slice(), include_str!("golden/serve-help.txt")),
        (&["up", "--help"], include_str!("golden/up-help.txt")),
        (&["import", "--help"], include_str!("golden/import-help.txt")),
        (&["demo", "--help"], include_str!("golden/demo-help.txt")),
        (&["tenants", "--help"], include_str!("golden/tenants-help.txt")),
        (&["tenants", "restore", "--help"], include_str!("golden/tenants-restore-help.txt")),
        (&["tenants", "erase", "--help"], include_str!("golden/tenants-erase-help.txt")),
        (&["context", "add", "--help"], include_str!("golden/context-add-help.txt")),
    ] {
        let shown = output(arguments);
        assert!(shown.status.success());
        assert_eq!(text(&shown.stdout), golden, "refresh it with `cargo run -p machi -- {}`", arguments.join(" "));
    }
}

#[test]
fn the_version_is_told() {
    let version = output(&["version"]);
    assert_eq!(text(&version.stdout), concat!("machi ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(output(&["--version"]).stdout, version.stdout);
}

#[test]
fn what_was_said_wrong_is_named() {
    for (arguments, expected) in [
        (["sreve"].as_slice(), "serve"),
        (&["serve", "--opne"], "--open"),
        (&["serve", "--listen", "here"], "--listen <ADDR:PORT>"),
        (&["serve", "--open", "--egress-allow", "10.0.0.1/8"], "the network is 10.0.0.0/8"),
        (&["serve", "--open-to", "10.0.0.0/8"], "--open"),
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
    }
}
