//! What the command line says where the environment asks for Japanese.

use std::fs;
use std::process::Output;

use crate::process::{machi, text};

fn output(arguments: &[&str]) -> Output {
    machi(arguments).env("LC_ALL", "ja_JP.UTF-8").output().unwrap()
}

#[test]
fn help_teaches_in_japanese() {
    for (arguments, golden) in [
        (["--help"].as_slice(), include_str!("golden/help-ja.txt")),
        (&["serve", "--help"], include_str!("golden/serve-help-ja.txt")),
        (&["help", "serve"], include_str!("golden/serve-help-ja.txt")),
        (&["import", "--help"], include_str!("golden/import-help-ja.txt")),
        (&["demo", "--help"], include_str!("golden/demo-help-ja.txt")),
        (&["up", "--help"], include_str!("golden/up-help-ja.txt")),
        (&["tenants", "erase", "--help"], include_str!("golden/tenants-erase-help-ja.txt")),
    ] {
        let shown = output(arguments);
        assert!(shown.status.success());
        let command = arguments.join(" ");
        assert_eq!(text(&shown.stdout), golden, "refresh it with `LC_ALL=ja_JP.UTF-8 cargo run -p machi -- {command}`");
    }
}

#[test]
fn a_command_line_that_cannot_be_understood_is_told_in_japanese() {
    let refused = output(&["serve", "--opne"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    assert!(told.starts_with("machi: 引数\"--opne\"は使えません\n\n近いもの: --open\n"), "{told}");
}

#[test]
fn settings_are_checked_in_japanese() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machi.toml");
    let path = file.to_str().unwrap();
    for (content, expected) in [
        ("[server]\nlisten_on = 1", "[server]に\"listen_on\"というキーはありません。\"listen\"の誤りではありませんか"),
        ("[servr]\na = 1", "セクション[servr]はありません。\"server\"の誤りではありませんか"),
        ("listen = 1", "\"listen\"がどのセクションにも属していません。[server]の下に書いてください"),
        ("[subscriptions]\nattempts = 0", "[subscriptions] attempts = 0は正しくありません(必要なもの: 1以上の整数)"),
    ] {
        fs::write(&file, content).unwrap();
        let refused = output(&["config", "check", path]);
        assert_eq!(text(&refused.stderr), format!("machi: {path}: {expected}\n"));
    }
    fs::write(&file, "").unwrap();
    assert_eq!(text(&output(&["config", "check", path]).stdout), format!("{path}に誤りはありません\n"));
    let missing = output(&["config", "check", "missing.toml"]);
    let expected = "machi: 設定ファイルmissing.tomlを読み込めません: ファイルまたはフォルダーがありません(OSエラー2)\n";
    assert_eq!(text(&missing.stderr), expected);
}

#[test]
fn an_address_that_is_none_is_told_in_japanese() {
    let refused = output(&["demo", "--url", "here"]);
    let told = text(&refused.stderr);
    assert!(refused.status.code() == Some(1) && told.starts_with("machi: アドレスが正しくありません("), "{told}");
}

#[test]
fn files_that_cannot_be_imported_are_told_in_japanese() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (table, mapping) = (write("a.csv", "番号,名称\n1,駅\n"), write("m.toml", "id = \"{x\"\ntype = \"T\"\n"));
    let (other, entities) = (write("o.toml", "id = \"urn:x:{y}\"\ntype = \"T\"\n"), write("e.ndjson", "{}\n"));
    let silent = ["--server", "http://127.0.0.1:1"];
    for (arguments, expected) in [
        (vec!["missing.csv"], "machi: missing.csvを読み込めません: ファイルまたはフォルダーがありません"),
        (vec![&*table], &*format!("machi: {table}: 列だけではエンティティのIDと型が分かりません")),
        (
            vec![&table, "--mapping", &mapping],
            &*format!("machi: 対応表{mapping}を使用できません: id: \"{{x\"の波かっこが"),
        ),
        (vec![&table, "--mapping", &other], &*format!("machi: {table}: 対応表の列\"y\"がファイルにありません")),
        (vec![&table, &table, "--report", "r"], "machi: --reportは1つのファイルにだけ使えます"),
        (vec!["--propose", &entities], &*format!("machi: {entities}: JSONのエンティティに対応表は必要ありません")),
    ] {
        let refused = output(&[["import"].as_slice(), &silent, &arguments].concat());
        let told = text(&refused.stderr);
        assert!(refused.status.code() == Some(1) && told.starts_with(expected), "{told}");
    }
}
