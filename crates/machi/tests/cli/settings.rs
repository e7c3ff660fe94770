//! Settings from files and the environment.

use std::fs;

use crate::process::{Running, machi, output, text};

#[test]
fn the_printed_example_is_a_right_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machi.toml");
    fs::write(&file, output(&["config", "example"]).stdout).unwrap();
    let checked = output(&["config", "check", file.to_str().unwrap()]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert_eq!(text(&checked.stdout), format!("{} is right\n", file.display()));
}

#[test]
fn what_the_start_refuses_is_not_right() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machi.toml");
    let data = folder.path().join("city");
    for (settings, expected) in [
        ("[egress]\nauthorities = \"/no/such.pem\"\n", "[egress] authorities cannot be used: "),
        (
            "[history]\nbucket = \"city/history\"\n",
            "[history] bucket = \"city/history\", and must be a place in a bucket",
        ),
        (
            "[history]\nbucket = \"s3://city\"\ncredentials = \"/no/such\"\n",
            "the file /no/such of [history] credentials cannot be read",
        ),
        ("[server]\norigins = [\"nope\"]\n", "[server] origins = [\"nope\"], and must be a list of origins"),
        ("[limits]\npage = 2000\n", "[limits] page = 2000 is more than largest_page = 1000"),
        ("[limits]\ndepth = 200\n", "[limits] depth = 200"),
        ("[source]\nid = \"not iri\"\n", "[source] id = \"not iri\", and must be an IRI"),
    ] {
        fs::write(&file, settings).unwrap();
        for arguments in [
            ["config", "check", file.to_str().unwrap()].as_slice(),
            &["serve", "--open", "--data", data.to_str().unwrap(), "--config", file.to_str().unwrap()],
        ] {
            let refused = output(arguments);
            assert_eq!(refused.status.code(), Some(1), "{settings}");
            assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
        }
        assert!(!data.exists(), "nothing is made before all is right");
    }
}

#[test]
fn a_wrong_key_is_named_with_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machi.toml");
    fs::write(&file, "[server]\nlisten_on = \"127.0.0.1:0\"\n").unwrap();
    let data = folder.path().join("city");
    for arguments in [
        ["config", "check", file.to_str().unwrap()].as_slice(),
        &["serve", "--open", "--data", data.to_str().unwrap(), "--config", file.to_str().unwrap()],
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(1));
        let expected =
            format!("machi: {}: [server] has no key \"listen_on\"; did you mean \"listen\"?\n", file.display());
        assert_eq!(text(&refused.stderr), expected);
    }
    assert!(!data.exists());
    let missing = output(&["config", "check", "missing.toml"]);
    assert!(text(&missing.stderr).starts_with("machi: the configuration file missing.toml cannot be read: "));
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machi.toml");
    fs::write(&file, "[server]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let data = folder.path().join("from-environment");
    let mut command = machi(&["serve", "--open", "--config", file.to_str().unwrap()]);
    command.env("MACHI__SERVER__LISTEN", "127.0.0.1:0").env("MACHI__STORE__PATH", &data);
    let city = Running::spawn(command);
    assert!(city.line.ends_with(&format!("data {}\n", data.display())), "{}", city.line);

    let wrong = machi(&["serve", "--open"]).env("MACHI__SERVER__LISTN", "x").output().unwrap();
    let errors = text(&wrong.stderr);
    assert!(
        errors.contains("MACHI__SERVER__LISTN: [server] has no key \"listn\"; did you mean \"listen\"?"),
        "{errors}"
    );
}
