//! A flipped bit in any file is reported by the file's name, and never served.

use std::fs;
use std::path::{Path, PathBuf};

use crate::things::{open, set};

/// The files of a folder, those of folders below it included.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_in_any_file_is_reported_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    {
        let store = open(&good).unwrap();
        for n in 0..300 {
            set(&store, "one", n % 200, n).await.unwrap();
        }
        store.close();
    }
    let store = open(&good).unwrap();
    for n in 0..20 {
        set(&store, "one", n, n).await.unwrap();
    }
    drop(store);
    let mut all = Vec::new();
    files(&good, &mut all);
    for file in all {
        let name = file.strip_prefix(&good).unwrap();
        let length = fs::metadata(&file).unwrap().len() as usize;
        for at in [0, length / 3, length / 2, length.saturating_sub(1)] {
            if length == 0 || name == Path::new("lock") {
                continue;
            }
            let bad = folder.path().join("bad");
            copy(&good, &bad);
            let mut bytes = fs::read(bad.join(name)).unwrap();
            bytes[at] ^= 1 << (at % 8);
            fs::write(bad.join(name), bytes).unwrap();
            let verdict = open(&bad).and_then(|store| store.verify());
            let text = verdict.err().map(|error| error.to_string());
            let is_named = text.as_ref().is_some_and(|text| text.contains(&name.display().to_string()));
            assert!(is_named, "{} at byte {at} of {length}: {text:?}", name.display());
            fs::remove_dir_all(&bad).unwrap();
        }
    }
}
