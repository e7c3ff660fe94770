//! pyld as a process, and the comparison of what it says with what the model says.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use machi_model::context::{
    CORE_URL, Coercion, Container, Context, ContextError, Document, Limits, Resolution, core_document, resolve,
};
use machi_types::json::{self, DEFAULT_DEPTH};
use machi_types::{Json, Name};

use super::walk::{Tree, walk};

/// One context, the names to expand under it, and perhaps a document to expand with it.
pub(super) struct Case {
    pub(super) title: String,
    pub(super) context: Json<'static>,
    pub(super) names: Vec<String>,
    pub(super) document: Option<Json<'static>>,
}

/// The documents that contexts may refer to.
pub(super) type Library = BTreeMap<String, Json<'static>>;

/// The folder of this crate, or the nearest one above it, that holds this path.
pub(super) fn find_above(path: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join(path)).find(|found| found.exists())
}

pub(super) fn parse(text: &str) -> Json<'static> {
    json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap().into_owned()
}

/// Compares the model with pyld on every case, and gives the number of those that pyld itself failed at.
///
/// Where there is no pyld, it says so and does nothing.
pub(super) fn compare(library: &Library, cases: &[Case]) -> usize {
    let Some(answers) = ask(library, cases) else {
        println!("SKIPPED: there is no .venv/bin/python with pyld; `make test` makes one");
        return 0;
    };
    let documents: HashMap<Name, Arc<Document>> = library
        .iter()
        .map(|(url, context)| (Name::from(url.as_str()), Arc::new(Document::new(url, context.clone()))))
        .collect();
    assert_eq!(answers.len(), cases.len());
    let mut crashes = 0;
    for (case, answer) in cases.iter().zip(&answers) {
        let ours = match resolve(&case.context, &documents, &Limits::default()) {
            Ok(Resolution::Ready(context)) => Ok(context),
            Ok(Resolution::Needs(urls)) => panic!("{}: {urls:?} are not given", case.title),
            Err(error) => Err(error),
        };
        compare_one(case, &ours, answer);
        crashes += usize::from(answer.get("crash").is_some());
    }
    crashes
}

fn compare_one(case: &Case, ours: &Result<Arc<Context>, ContextError>, answer: &Json<'_>) {
    let title = &case.title;
    if answer.get("crash").is_some() && answer.get("names").is_none() {
        return;
    }
    match (ours, answer.get("error").map(|code| code.as_str().unwrap())) {
        (Ok(context), None) => {
            compare_names(title, context, answer.get("names").unwrap());
            compare_terms(title, context, answer.get("terms").unwrap());
            if let (Some(document), Some(tree)) = (&case.document, answer.get("tree")) {
                assert_eq!(walk(context, document), Tree::read(tree), "{title}");
            }
        }
        (Err(error), Some(code)) => assert!(error.to_string().contains(code), "{title}: {error}, not {code}"),
        (Ok(_), Some(code)) => panic!("{title}: pyld says {code}"),
        (Err(error), None) => panic!("{title}: pyld takes it, but {error}"),
    }
}

fn compare_names(title: &str, context: &Arc<Context>, names: &Json<'_>) {
    for (name, iri) in names.as_object().unwrap() {
        let ours = context.expand_name(name).ok();
        // pyld joins without a look at the result; what holds a space is no IRI, and it drops that later.
        let expected = iri.as_str().filter(|iri| !iri.contains(' '));
        assert_eq!(ours.as_deref(), expected, "{title}: {name}");
        let Some(iri) = ours.filter(|iri| !iri.starts_with('@')) else { continue };
        let short = context.compact_name(&iri).into_owned();
        assert_eq!(context.expand_name(&short).unwrap(), iri, "{title}: {name} as {short}");
    }
}

fn compare_terms(title: &str, context: &Arc<Context>, terms: &Json<'_>) {
    // That `@type` is to be written as an array is of no use to NGSI-LD, so it is not kept.
    let terms = terms.as_object().unwrap().iter().filter(|(name, _)| name != "@type");
    for (name, expected) in terms {
        let term = context.term(name).unwrap_or_else(|| panic!("{title}: {name} is not defined"));
        assert_eq!(term.iri().map(|iri| &**iri), expected.get("iri").unwrap().as_str(), "{title}: {name}");
        assert_eq!(coercion(term.coercion()), expected.get("type").unwrap().as_str(), "{title}: {name}");
        let container: Vec<&str> =
            expected.get("container").unwrap().as_array().unwrap().iter().filter_map(Json::as_str).collect();
        assert_eq!(keywords(term.container()), container, "{title}: {name}");
        assert_eq!(Some(term.is_prefix()), expected.get("prefix").unwrap().as_bool(), "{title}: {name}");
    }
}

fn coercion(coercion: &Coercion) -> Option<&str> {
    match coercion {
        Coercion::Unsaid => None,
        Coercion::Id => Some("@id"),
        Coercion::Vocab => Some("@vocab"),
        Coercion::Json => Some("@json"),
        Coercion::Untyped => Some("@none"),
        Coercion::Datatype(iri) => Some(iri),
    }
}

fn keywords(container: Container) -> Vec<&'static str> {
    let all = [
        ("@graph", container.is_graph()),
        ("@id", container.is_id()),
        ("@index", container.is_index()),
        ("@language", container.is_language()),
        ("@list", container.is_list()),
        ("@set", container.is_set()),
        ("@type", container.is_type()),
    ];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(keyword, _)| keyword).collect()
}

/// What pyld says about the cases.
fn ask(library: &Library, cases: &[Case]) -> Option<Vec<Json<'static>>> {
    let python = find_above(".venv/bin/python")?;
    let has_pyld = Command::new(&python).args(["-c", "import pyld"]).stderr(Stdio::null()).status();
    if !has_pyld.is_ok_and(|status| status.success()) {
        return None;
    }
    let script = find_above("tests/pyld/expand.py").expect("the script is part of this crate");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let request = request(library, cases).to_text();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(request.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "pyld failed");
    match parse(std::str::from_utf8(&output.stdout).unwrap()) {
        Json::Array(answers) => Some(answers),
        other => panic!("pyld answered {}", other.kind()),
    }
}

fn request(library: &Library, cases: &[Case]) -> Json<'static> {
    let core = core_document(CORE_URL).unwrap();
    let mut documents: Vec<(Cow<'static, str>, Json<'static>)> =
        library.iter().map(|(url, context)| (Cow::Owned(url.clone()), context.clone())).collect();
    // The core stands first and last already, so that its vocabulary is all that it adds in between.
    let vocab = core.get("@context").unwrap().get("@vocab").unwrap();
    for url in [CORE_URL, LATEST_URL, EARLIEST_URL] {
        let vocab_alone = Json::Object(vec![(Cow::Borrowed("@vocab"), vocab.clone())]);
        documents.push((Cow::Borrowed(url), vocab_alone));
    }
    // The proof's own context is for those who read proofs.
    documents.push((Cow::Borrowed(PROOF_URL), Json::Object(Vec::new())));
    Json::Object(vec![
        (Cow::Borrowed("core"), core.get("@context").unwrap().clone()),
        (Cow::Borrowed("documents"), Json::Object(documents)),
        (Cow::Borrowed("cases"), Json::Array(cases.iter().map(case_json).collect())),
    ])
}

const LATEST_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld";
const EARLIEST_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld";
const PROOF_URL: &str = "https://w3id.org/security/data-integrity/v2";

fn case_json(case: &Case) -> Json<'static> {
    let names = case.names.iter().map(|name| Json::from(name.clone())).collect();
    let mut members =
        vec![(Cow::Borrowed("context"), case.context.clone()), (Cow::Borrowed("names"), Json::Array(names))];
    members.extend(case.document.clone().map(|document| (Cow::Borrowed("document"), document)));
    Json::Object(members)
}
