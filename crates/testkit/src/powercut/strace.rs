//! A second observer of what a process does below a folder: strace, which sees every system call, those that
//! pass beside the shim included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Deed, Deeds};

/// What strace is told to follow. Calls of `io_uring` are opaque to it: there must be none.
const CALLS: &str = "trace=%file,%desc,sync,syncfs,io_uring_setup";
/// Calls that change neither files nor names, however they touch them.
const HARMLESS: [&str; 42] = [
    "access",
    "chdir",
    "close",
    "dup",
    "dup2",
    "dup3",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "execve",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fchdir",
    "fcntl",
    "flock",
    "fstat",
    "fstatfs",
    "getcwd",
    "getdents64",
    "getxattr",
    "inotify_add_watch",
    "ioctl",
    "lgetxattr",
    "lseek",
    "lstat",
    "newfstatat",
    "poll",
    "pread64",
    "preadv",
    "preadv2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "stat",
    "statfs",
    "statx",
    "utimensat",
    "fchmod",
    "chmod",
];

/// A process under strace.
#[derive(Debug)]
pub struct Strace {
    prefix: PathBuf,
}

impl Strace {
    /// Output goes to files that begin with this path; `None` where processes cannot be traced here.
    pub fn new(prefix: &Path) -> Option<Self> {
        let mut command = Command::new("strace");
        command.args(["-qq", "-e", "trace=none", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        let works = command.status().is_ok_and(|status| status.success());
        works.then(|| Self { prefix: prefix.to_owned() })
    }

    /// A command that runs a program, whose arguments are to be added.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("strace");
        command.args(["-ff", "-qq", "-y", "-s", "0", "--seccomp-bpf", "-e", CALLS, "-o"]);
        command.arg(&self.prefix).arg(program);
        command
    }

    /// What was done below a folder, in which names without a folder are taken to lie.
    ///
    /// The error names a call that might change something in a way that is not known here.
    pub fn deeds(&self, root: &Path) -> Result<Deeds, String> {
        let root = fs::canonicalize(root).expect("the watched folder is there");
        let root = root.to_str().expect("the tests' folders have plain names");
        let mut deeds = Deeds::new();
        for file in self.files() {
            let bytes = fs::read(&file).expect("strace's output can be read");
            for line in String::from_utf8_lossy(&bytes).lines() {
                let Some(call) = Call::parse(line, root) else { continue };
                if let Some((deed, path, bytes)) = call.deed()? {
                    let count = deeds.entry((deed, path)).or_default();
                    *count = (count.0 + 1, count.1 + bytes);
                }
            }
        }
        Ok(deeds)
    }

    /// One per thread.
    fn files(&self) -> Vec<PathBuf> {
        let (folder, name) = (self.prefix.parent(), self.prefix.file_name());
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).expect("strace's folder is there");
        let paths = entries.map(|entry| entry.expect("the folder can be read").path());
        paths.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name))).collect()
    }
}

/// What is the same for two observers: files that are opened again and again come into being once for both.
pub fn comparable(deeds: &Deeds) -> BTreeMap<(Deed, String), (u64, u64)> {
    let once = |(key, count): (&(Deed, String), &(u64, u64))| {
        let count = if key.0 == Deed::Create { (1, 0) } else { *count };
        (key.clone(), count)
    };
    deeds.iter().map(once).collect()
}

/// A call that succeeded and touches the watched folder.
#[derive(Debug, PartialEq)]
struct Call<'a> {
    line: &'a str,
    name: &'a str,
    /// What it touches below the folder, in the order of the arguments.
    paths: Vec<String>,
    result: u64,
}

impl<'a> Call<'a> {
    /// Reads `name(5</city/a>, "/city/b", ...) = 3`.
    fn parse(line: &'a str, root: &str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        let result = result.split([' ', '<']).next()?;
        if result.starts_with('-') {
            return None;
        }
        let result = result.parse().unwrap_or(0);
        let paths = paths_in(arguments, root);
        let is_asked_for = !paths.is_empty() || matches!(name, "io_uring_setup" | "sync" | "syncfs");
        is_asked_for.then_some(Self { line, name, paths, result })
    }

    fn deed(&self) -> Result<Option<(Deed, String, u64)>, String> {
        let last = || self.paths.last().cloned().unwrap_or_default();
        let deed = match self.name {
            "open" | "openat" | "openat2" | "creat" => {
                let makes = ["O_CREAT", "O_TRUNC"].iter().any(|flag| self.line.contains(flag));
                if !makes && self.name != "creat" {
                    return Ok(None);
                }
                (Deed::Create, last(), 0)
            }
            "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => (Deed::Write, last(), self.result),
            "ftruncate" | "truncate" | "fallocate" => (Deed::Cut, last(), 0),
            "fsync" | "fdatasync" => (Deed::Sync, last(), 0),
            "rename" | "renameat" | "renameat2" => (Deed::Rename, last(), 0),
            "link" | "linkat" => (Deed::Link, last(), 0),
            "unlink" | "unlinkat" | "rmdir" => (Deed::Remove, last(), 0),
            "mkdir" | "mkdirat" => (Deed::MakeFolder, last(), 0),
            "mmap" if !(self.line.contains("MAP_SHARED") && self.line.contains("PROT_WRITE")) => return Ok(None),
            harmless if HARMLESS.contains(&harmless) => return Ok(None),
            _ => return Err(format!("an unknown way to change files: {}", self.line)),
        };
        Ok(Some(deed))
    }
}

/// The files that arguments name: descriptors as `5</path>`, names in quotes, alone or after the folder they lie in.
/// What is opened stands a second time behind the result, which is no argument.
fn paths_in(arguments: &str, root: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut base: Option<&str> = None;
    for argument in arguments.trim_end_matches([' ', ')']).split(", ") {
        let descriptor = argument.split_once("</").and_then(|(_, rest)| rest.rsplit_once('>')).map(|(path, _)| path);
        let quoted = argument.strip_prefix('"').and_then(|rest| rest.rsplit_once('"')).map(|(path, _)| path);
        if let Some(path) = descriptor {
            // The folder of a name that follows, or the file itself.
            paths.extend(base.take().and_then(|path| below(&format!("/{path}"), root)));
            base = Some(path);
        } else if let Some(name) = quoted.filter(|name| !name.is_empty()) {
            let folder = base.take().map_or(root.to_owned(), |path| format!("/{path}"));
            let absolute = if name.starts_with('/') { name.to_owned() } else { format!("{folder}/{name}") };
            paths.extend(below(&absolute, root));
        }
    }
    paths.extend(base.and_then(|path| below(&format!("/{path}"), root)));
    paths
}

fn below(path: &str, root: &str) -> Option<String> {
    let path = path.strip_prefix(root)?;
    (path.is_empty() || path.starts_with('/')).then(|| path.trim_start_matches('/').trim_end_matches("/.").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(line: &str) -> Option<(Deed, String, u64)> {
        Call::parse(line, "/r").and_then(|call| call.deed().unwrap())
    }

    #[test]
    fn calls_are_read() {
        let is = |deed: Deed, path: &str, bytes: u64| Some((deed, path.to_owned(), bytes));
        let create = r#"openat(AT_FDCWD</w>, "/r/a", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 3</r/a>"#;
        assert_eq!(deed(create), is(Deed::Create, "a", 0));
        assert_eq!(deed(r#"openat(AT_FDCWD</w>, "/r/a", O_RDONLY) = 3</r/a>"#), None);
        assert_eq!(deed(r#"openat(AT_FDCWD</r>, "a", O_CREAT, 0644) = -1 ENOSPC (No space)"#), None);
        assert_eq!(deed(r#"write(3</r/d/a>, ""..., 3)           = 3"#), is(Deed::Write, "d/a", 3));
        assert_eq!(deed(r#"pwrite64(3</r/a>(deleted), ""..., 3, 0) = 2"#), is(Deed::Write, "a", 2));
        assert_eq!(deed("writev(3</r/a>, [...], 2) = 7"), is(Deed::Write, "a", 7));
        assert_eq!(deed(r#"write(1<pipe:[7]>, ""..., 3) = 3"#), None);
        assert_eq!(deed(r#"write(3</rest/a>, ""..., 3) = 3"#), None);
        assert_eq!(deed("fsync(3</r>) = 0"), is(Deed::Sync, "", 0));
        assert_eq!(deed(r#"rename("/r/a", "/r/b") = 0"#), is(Deed::Rename, "b", 0));
        let rename = r#"renameat2(AT_FDCWD</w>, "/r/a", AT_FDCWD</w>, "/r/b", 0) = 0"#;
        assert_eq!(deed(rename), is(Deed::Rename, "b", 0));
        assert_eq!(deed(r#"unlinkat(5</r/d>, "b", 0) = 0"#), is(Deed::Remove, "d/b", 0));
        assert_eq!(deed(r#"newfstatat(3</r/a>, "", {st_mode=S_IFREG}, AT_EMPTY_PATH) = 0"#), None);
    }

    #[test]
    fn an_unknown_way_to_change_files_is_an_error() {
        for line in [
            "copy_file_range(4</x>, NULL, 3</r/a>, NULL, 7, 0) = 7",
            "mmap(NULL, 7, PROT_READ|PROT_WRITE, MAP_SHARED, 3</r/a>, 0) = 0x7f00",
            "io_uring_setup(8, {flags=0}) = 4",
        ] {
            assert!(Call::parse(line, "/r").unwrap().deed().is_err(), "{line}");
        }
    }
}
