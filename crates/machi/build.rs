//! Lists the files of the built console for `own::console`, which puts them into the binary.
//!
//! Node is not needed: where the console was not built, the list is empty and the page says how to build it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const ENTRY: &str = "index.html";

fn main() -> io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/dist");
    // A folder that is missing counts as changed at every build, so an empty one is made. Where that is not
    // possible, builds are only slower.
    let _ = fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join(ENTRY).is_file() {
        collect(&dist, &mut files)?;
        files.sort();
    }
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    fs::write(Path::new(&out).join("console.rs"), listing(&dist, &files)?)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The list as an expression of Rust.
fn listing(dist: &Path, files: &[PathBuf]) -> io::Result<String> {
    let mut text = String::from("&[\n");
    for file in files {
        let relative = file.strip_prefix(dist).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let path = if relative == ENTRY { String::new() } else { relative };
        let (source, tag, media) = (file.canonicalize()?, hash(&fs::read(file)?), content_type(file));
        let source = source.to_string_lossy();
        writeln!(
            text,
            "File {{ path: {:?}, content_type: {media:?}, tag: \"{tag:016x}\", bytes: include_bytes!({source:?}) }},",
            format!("/{path}"),
        )
        .map_err(io::Error::other)?;
    }
    text.push_str("]\n");
    Ok(text)
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("md" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// FNV-1a: a browser that asks whether its copy is fresh is no adversary.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
