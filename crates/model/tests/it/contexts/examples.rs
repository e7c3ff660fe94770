//! The contexts and examples of Smart Data Models.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use machi_types::Json;
use machi_types::json;

use super::pyld::{Case, Library, compare, find_above, parse};

#[test]
fn every_example_of_smart_data_models_expands_as_with_pyld() {
    let Some(folder) = find_above("shared/data/smart-data-models") else {
        println!("SKIPPED: the folder ../shared/data/smart-data-models is missing");
        return;
    };
    let library = library(&folder);
    let mut unreachable = BTreeSet::new();
    let mut cases = Vec::new();
    for file in files(&folder) {
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(document) = json::parse(text.as_bytes(), json::DEFAULT_DEPTH) else {
            println!("no JSON: {}", file.display());
            continue;
        };
        let Some(context) = document.get("@context") else { continue };
        cases.push(Case {
            title: file.display().to_string(),
            context: reachable(context, &library, &mut unreachable),
            names: names(&document),
            document: Some(without_context(&document)),
        });
    }
    assert!(cases.len() > 40, "{} examples", cases.len());
    println!("{} examples; out of reach: {unreachable:?}", cases.len());
    cases.extend(library.iter().map(|(url, context)| Case {
        title: url.clone(),
        context: context.clone(),
        names: context.as_object().unwrap().iter().map(|(name, _)| name.to_string()).collect(),
        document: None,
    }));
    assert_eq!(compare(&library, &cases), 0);
}

/// The contexts of the models, under the URLs by which the examples refer to them.
fn library(folder: &Path) -> Library {
    let mut library = Library::new();
    for model in ["Building", "Environment"] {
        let text = std::fs::read_to_string(folder.join(model).join("context.jsonld")).unwrap();
        let context = parse(&text).get("@context").unwrap().clone();
        for url in [
            format!("https://raw.githubusercontent.com/smart-data-models/dataModel.{model}/master/context.jsonld"),
            format!("https://smart-data-models.github.io/dataModel.{model}/context.jsonld"),
        ] {
            library.insert(url, context.clone());
        }
    }
    library
}

/// The examples among the files of a folder and those within it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let is_example = path.parent().is_some_and(|parent| parent.ends_with("examples"));
        let is_json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonld");
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if is_example && is_json {
            files.push(path);
        }
    }
    files
}

/// The context without the documents that nobody here has.
fn reachable(context: &Json<'_>, library: &Library, unreachable: &mut BTreeSet<String>) -> Json<'static> {
    let items = context.as_array().map_or_else(|| vec![context.clone()], <[_]>::to_vec);
    let mut is_there = |item: &Json<'_>| {
        let Some(url) = item.as_str() else { return true };
        let is_there = library.contains_key(url) || url.starts_with("https://uri.etsi.org/ngsi-ld/v1/");
        if !is_there {
            unreachable.insert(url.to_owned());
        }
        is_there
    };
    Json::Array(items.into_iter().filter(|item| is_there(item)).map(Json::into_owned).collect())
}

fn without_context(document: &Json<'_>) -> Json<'static> {
    let members = document.as_object().unwrap().iter().filter(|(name, _)| name != "@context").cloned();
    Json::Object(members.collect()).into_owned()
}

/// Every name of a member and every type in a document.
fn names(document: &Json<'_>) -> Vec<String> {
    let mut names = BTreeSet::new();
    collect(document, &mut names);
    names.into_iter().collect()
}

fn collect(value: &Json<'_>, names: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(members) => {
            for (name, value) in members {
                names.insert(name.to_string());
                names.extend(value.as_str().filter(|_| name == "type").map(str::to_owned));
                collect(value, names);
            }
        }
        _ => {}
    }
}
