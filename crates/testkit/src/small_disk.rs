//! A real file system of a limited size, in a mount namespace that lives as long as its value.
//!
//! Every process of the same user reaches it under `/proc`, so nothing else has to enter the namespace.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// How much is filled at a time.
const STEP: usize = 1 << 16;

/// A mounted file system.
#[derive(Debug)]
pub struct SmallDisk {
    // Ends by itself where the test ends without clearing up: the pipe that it reads from is closed.
    holder: Child,
    path: PathBuf,
    filler: PathBuf,
    _folder: TempDir,
}

impl SmallDisk {
    /// Mounts a file system of so many bytes; `None` where the kernel refuses.
    pub fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Root needs no user namespace; others may have one.
        ["-m", "-Urm"].into_iter().find_map(|namespaces| hold(namespaces, bytes, folder.path())).map(|holder| {
            let path = PathBuf::from(format!("/proc/{}/root{}", holder.id(), folder.path().display()));
            Self { holder, filler: path.join("filler"), path, _folder: folder }
        })
    }

    /// Where it is reached.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes all the space that is left. Returns how much that was.
    pub fn fill(&self) -> u64 {
        let file = File::options().create(true).append(true).open(&self.filler);
        let mut file = file.expect("the file that fills the disk can be opened");
        let mut taken = 0;
        let mut step = STEP;
        loop {
            match file.write(&vec![0; step]) {
                Ok(written) => taken += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull && step > 1 => step /= 2,
                Err(error) if error.kind() == ErrorKind::StorageFull => return taken,
                Err(error) => panic!("the disk cannot be filled: {error}"),
            }
        }
    }

    /// Gives the space back.
    pub fn free(&self) {
        fs::remove_file(&self.filler).expect("the file that fills the disk can be removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A process that mounts and then waits; it is the namespace's only one.
fn hold(namespaces: &str, bytes: u64, folder: &Path) -> Option<Child> {
    let script = "mount -t tmpfs -o \"size=$0\" machi \"$1\" && echo mounted && exec cat";
    let mut command = Command::new("unshare");
    command.args([namespaces, "sh", "-c", script, &bytes.to_string()]).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut line = String::new();
    let said = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
    if matches!(said, Some(Ok(_))) && line == "mounted\n" {
        return Some(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_fills_up_and_takes_again() {
        let Some(disk) = SmallDisk::mount(1 << 20) else {
            println!("SKIPPED: the kernel lets nobody mount here");
            return;
        };
        let file = disk.path().join("file");
        fs::write(&file, "before").unwrap();
        assert!(disk.fill() > 1 << 19);
        assert_eq!(fs::write(disk.path().join("more"), [1; 5000]).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(fs::read(&file).unwrap(), b"before");
        disk.free();
        fs::write(disk.path().join("more"), [1; 5000]).unwrap();
    }
}
