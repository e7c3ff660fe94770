//! The checkout: where it lies, and the text files that people write in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A text file, by its path from the root with forward slashes.
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What is built, fetched or measured rather than written.
const NOT_WRITTEN: &[&str] = &["target", "node_modules", "dist", "data", "corpus", "artifacts", "results"];

const WRITTEN: &[&str] =
    &["c", "css", "html", "js", "json", "md", "mjs", "py", "rs", "sh", "snap", "svelte", "toml", "ts", "txt", "yml"];

/// The folder that holds the workspace.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().nth(2).expect("this crate lies in crates/house").to_path_buf()
    })
}

/// Every text file that somebody wrote, in the order of paths.
pub(crate) fn files() -> &'static [TextFile] {
    static FILES: OnceLock<Vec<TextFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        collect(root(), &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(files.len() > 20, "the walk over the checkout found next to nothing");
        files
    })
}

/// The written files with one of these endings.
pub(crate) fn files_ending(endings: &[&str]) -> impl Iterator<Item = &'static TextFile> {
    files().iter().filter(move |file| endings.contains(&ending(&file.path)))
}

/// What follows a path's last full stop.
pub(crate) fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn collect(folder: &Path, files: &mut Vec<TextFile>) {
    for entry in fs::read_dir(folder).expect("the checkout can be read") {
        let path = entry.expect("the checkout can be read").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let hidden = name.starts_with('.') && name != ".ci";
        if hidden || NOT_WRITTEN.contains(&name) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if is_written(name) {
            // A file may vanish between the listing and the reading, and a fixture need not be UTF-8.
            if let Ok(text) = fs::read_to_string(&path) {
                files.push(TextFile { path: from_root(&path), text });
            }
        }
    }
}

fn is_written(name: &str) -> bool {
    let generated = matches!(name, "package-lock.json");
    !generated && (WRITTEN.contains(&ending(name)) || name == "Makefile" || name == "run")
}

fn from_root(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("the walk began at the root");
    path.to_string_lossy().replace('\\', "/")
}
