//! Every crate's manifest takes its lints, edition and licence from the workspace.

use std::fs;

use toml::Table;

use crate::assert_clean;
use crate::checkout::{files_ending, root};

const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

#[test]
fn every_manifest_inherits_from_the_workspace() {
    let manifests = files_ending(&["toml"]).filter(|file| is_crate_manifest(&file.path));
    let findings: Vec<String> = manifests.flat_map(|file| complaints(&file.path, &file.text)).collect();
    assert_clean(&findings);
}

#[test]
fn a_manifest_that_goes_its_own_way_is_found() {
    let good = "[package]\nname = \"machi-a\"\nversion.workspace = true\nedition.workspace = true\n\
                rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
                [lints]\nworkspace = true\n";
    assert_eq!(complaints("crates/a/Cargo.toml", good), Vec::<String>::new());
    let own_edition = good.replace("edition.workspace = true", "edition = \"2021\"");
    assert_eq!(complaints("crates/a/Cargo.toml", &own_edition).len(), 1);
    let own_name = good.replace("machi-a", "machi-b");
    assert_eq!(complaints("crates/a/Cargo.toml", &own_name).len(), 1);
    let no_lints = good.replace("workspace = true\n\n", "").replace("[lints]\nworkspace = true\n", "");
    assert_eq!(complaints("crates/a/Cargo.toml", &no_lints).len(), 1);
    let own_version = format!("{good}[dependencies]\nserde = \"1.0\"\n");
    assert_eq!(complaints("crates/a/Cargo.toml", &own_version).len(), 1);
}

#[test]
fn the_licence_file_is_the_one_that_the_manifests_name() {
    let licence = fs::read_to_string(root().join("LICENSE")).expect("there is a LICENSE");
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0"));
}

fn is_crate_manifest(path: &str) -> bool {
    path.starts_with("crates/") && path.ends_with("/Cargo.toml")
}

fn complaints(path: &str, text: &str) -> Vec<String> {
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let package = manifest.get("package");
    let from_workspace = |key: &&&str| package.and_then(|p| p.get(**key)?.get("workspace")).is_some();
    let mut complaints: Vec<String> = INHERITED
        .iter()
        .filter(|key| !from_workspace(key))
        .map(|key| format!("{path}: write {key}.workspace = true"))
        .collect();
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
        complaints.push(format!("{path}: write workspace = true under [lints]"));
    }
    let folder = path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml");
    let name = package.and_then(|package| package.get("name")?.as_str()).unwrap_or_default();
    if name != format!("machi-{folder}") && name != folder {
        complaints.push(format!("{path}: the folder {folder} holds a crate called {name}"));
    }
    complaints.extend(
        own_versions(&manifest).map(|name| {
            format!("{path}: {name} names a version of its own; it belongs under [workspace.dependencies]")
        }),
    );
    complaints
}

fn own_versions(manifest: &Table) -> impl Iterator<Item = &String> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let lines = sections.into_iter().filter_map(|section| manifest.get(section)?.as_table()).flatten();
    lines.filter(|(_, line)| line.get("workspace").is_none()).map(|(name, _)| name)
}
