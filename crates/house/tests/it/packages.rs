//! What cargo says of the workspace and of all that it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// A package of the workspace, by its name without `machi-`, and the packages that it names.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) name: String,
    pub(crate) uses: Vec<Use>,
}

/// One line of a manifest's dependencies.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) is_ours: bool,
    pub(crate) for_tests_only: bool,
}

/// A package of the whole graph on this platform.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// `None` for a package of the workspace.
    pub(crate) source: Option<String>,
    /// The ids of what it needs to be built and run; what only its tests need is left out.
    needs: Vec<String>,
}

/// The whole graph, by cargo's package ids.
pub(crate) struct Graph(BTreeMap<String, Package>);

/// The workspace's packages.
pub(crate) fn ours() -> Vec<Ours> {
    let metadata = metadata(&["--no-deps"]);
    list(&metadata, "packages").iter().map(our_package).collect()
}

/// The graph of every package, read once.
pub(crate) fn graph() -> &'static Graph {
    static GRAPH: OnceLock<Graph> = OnceLock::new();
    GRAPH.get_or_init(|| Graph::read(&metadata(&["--filter-platform", &host()])))
}

/// A crate of ours without its prefix; the binary is `machi` itself.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("machi-").unwrap_or(name)
}

impl Ours {
    /// A package that uses these of ours, for the tests of the rules.
    pub(crate) fn example(name: &str, knows: &[&str]) -> Self {
        let used = |target: &&str| Use { name: format!("machi-{target}"), is_ours: true, for_tests_only: false };
        Self { name: name.to_owned(), uses: knows.iter().map(used).collect() }
    }
}

impl Package {
    /// A package that stands alone, for the tests of the rules.
    pub(crate) fn example(licence: Option<String>, source: Option<String>) -> Self {
        Self { name: "example".to_owned(), version: "1.0.0".to_owned(), licence, source, needs: Vec::new() }
    }
}

impl Graph {
    /// Every package, whatever needs it.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.0.values()
    }

    /// What a package of ours needs to be built and run, itself included, by name.
    pub(crate) fn closure(&self, ours: &str) -> BTreeSet<&str> {
        let is_it = |package: &Package| package.source.is_none() && short(&package.name) == ours;
        let mut waiting: Vec<&str> =
            self.0.iter().filter(|(_, package)| is_it(package)).map(|(id, _)| id.as_str()).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(self.0[id].needs.iter().map(String::as_str));
            }
        }
        seen.into_iter().map(|id| self.0[id].name.as_str()).collect()
    }

    /// The packages that need one to be built and run.
    pub(crate) fn needing(&self, name: &str) -> BTreeSet<&str> {
        let needs = |package: &&Package| package.needs.iter().any(|id| self.0[id].name == name);
        self.packages().filter(needs).map(|package| package.name.as_str()).collect()
    }

    fn read(metadata: &Value) -> Self {
        let needs: BTreeMap<&str, Vec<String>> =
            list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), needs(node))).collect();
        let packages = list(metadata, "packages").iter().filter_map(|package| {
            let id = text(package, "id");
            // Cargo lists packages for other platforms too; only the graph says which are used here.
            Some((id.to_owned(), outside_package(package, needs.get(id)?.clone())))
        });
        Self(packages.collect())
    }
}

/// The packages of which the binary consists as it is built by default. The graph knows more: what a crate that is left
/// out asks of others counts there.
pub(crate) fn of_the_binary() -> BTreeSet<String> {
    let listing = ["tree", "--package", "machi", "--edges", "normal,build", "--prefix", "none", "--target", &host()];
    let output = run_cargo(&listing, &["--offline"]).or_else(|_| run_cargo(&listing, &[]));
    let listed = String::from_utf8(output.unwrap_or_else(|error| panic!("{error}"))).expect("cargo writes UTF-8");
    // A line begins with the name of a package.
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn our_package(package: &Value) -> Ours {
    let uses = list(package, "dependencies").iter().map(|dependency| Use {
        name: text(dependency, "name").to_owned(),
        is_ours: dependency["source"].is_null(),
        for_tests_only: dependency["kind"] == "dev",
    });
    Ours { name: short(text(package, "name")).to_owned(), uses: uses.collect() }
}

fn outside_package(package: &Value, needs: Vec<String>) -> Package {
    Package {
        name: text(package, "name").to_owned(),
        version: text(package, "version").to_owned(),
        licence: package["license"].as_str().map(str::to_owned),
        source: package["source"].as_str().map(str::to_owned),
        needs,
    }
}

fn needs(node: &Value) -> Vec<String> {
    let is_built = |dep: &&Value| list(dep, "dep_kinds").iter().any(|kind| kind["kind"] != "dev");
    list(node, "deps").iter().filter(is_built).map(|dep| text(dep, "pkg").to_owned()).collect()
}

/// Asks without the network first; a checkout whose packages are not all fetched needs it once.
fn metadata(arguments: &[&str]) -> Value {
    let arguments = [&["metadata", "--format-version", "1"], arguments].concat();
    let offline = run_cargo(&arguments, &["--offline"]);
    let output = offline.or_else(|_| run_cargo(&arguments, &[])).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_slice(&output).expect("cargo metadata writes JSON")
}

fn run_cargo(arguments: &[&str], more: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(more)
        .current_dir(crate::checkout::root())
        .output()
        .expect("cargo, which built this test, can be run");
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc, which built this test, can be run");
    let said = String::from_utf8(output.stdout).expect("rustc writes UTF-8");
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
