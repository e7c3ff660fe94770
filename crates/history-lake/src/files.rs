//! Where the files lie: the seam between the tables and a folder of this machine, or a bucket (`machi-history-bucket`).
//!
//! Names are relative, with `/` between their parts. What was put under a name is durable when the call returns.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use machi_types::{Clock, SystemClock};

/// A place for files.
pub trait Files: Debug + Send + Sync {
    /// All of a file.
    fn read(&self, name: &str) -> io::Result<Bytes>;

    /// Opens a file for reading parts of it.
    fn open(&self, name: &str) -> io::Result<Box<dyn Parts>>;

    /// Whether there is such a file.
    fn exists(&self, name: &str) -> io::Result<bool>;

    /// The files right in a folder; none where there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>>;

    /// The names of the folders right in a folder.
    fn folders(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Begins a file, which is there once it is finished.
    fn create(&self, name: &str) -> io::Result<Box<dyn Upload>>;

    /// Writes a file unless there is one; says whether it did.
    fn put_new(&self, name: &str, content: &[u8]) -> io::Result<bool>;

    /// Writes a file in the place of the one before.
    fn put(&self, name: &str, content: &[u8]) -> io::Result<()>;

    /// Removes a file, if there is one.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    fn remove_folder(&self, folder: &str) -> io::Result<()>;

    /// The name as a person finds it.
    fn place(&self, name: &str) -> String;
}

/// A file that is open for reading.
pub trait Parts: Debug + Send + Sync {
    /// So many bytes from an offset on.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes>;
}

/// A file that is being written.
pub trait Upload: Write + Send {
    /// Makes it durable under its name.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A file in a listing.
#[derive(Debug)]
pub struct Listed {
    /// Its name in the folder.
    pub name: String,
    /// For how long it has been there.
    pub age: Duration,
}

/// Files in a folder of this machine.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// The ending of files that are not whole yet.
pub(crate) const UNFINISHED: &str = ".unfinished";

impl Folder {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        make_folder(root)?;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            // What was being removed when the process ended.
            if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write_beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
        let (unfinished, mut file) = create_beside(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(unfinished)
    }
}

impl Files for Folder {
    fn read(&self, name: &str) -> io::Result<Bytes> {
        fs::read(self.path(name)).map(Bytes::from)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Parts>> {
        Ok(Box::new(OpenFile(File::open(self.path(name))?)))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.path(name).try_exists()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let now = Duration::from_micros(SystemClock.now().micros().max(0) as u64);
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                let written = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                let age = now.saturating_sub(written);
                listed.push(Listed { name: entry.file_name().to_string_lossy().into_owned(), age });
            }
        }
        Ok(listed)
    }

    fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(self.path(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        folders.sort_unstable();
        Ok(folders)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        let path = self.path(name);
        make_folder(parent(&path))?;
        let (unfinished, file) = create_beside(&path)?;
        Ok(Box::new(NewFile { file: Some(file), unfinished, path }))
    }

    fn put_new(&self, name: &str, content: &[u8]) -> io::Result<bool> {
        let path = self.path(name);
        make_folder(parent(&path))?;
        let unfinished = Self::write_beside(&path, content)?;
        // A second name for the file: refused where there is one, atomic everywhere, and whole at once.
        let linked = fs::hard_link(&unfinished, &path);
        fs::remove_file(&unfinished)?;
        match linked {
            Ok(()) => sync_folder(parent(&path)).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        make_folder(parent(&path))?;
        fs::rename(Self::write_beside(&path, content)?, &path)?;
        sync_folder(parent(&path))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.path(folder);
        // Gone at once, however long the removal lasts; what a crash leaves of it is no tenant's name.
        let unfinished = unfinished(&path);
        match fs::rename(&path, &unfinished) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            renamed => renamed?,
        }
        sync_folder(parent(&path))?;
        fs::remove_dir_all(unfinished)
    }

    fn place(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// A name beside a file for as long as that is not whole, which nobody else of this process has.
fn unfinished(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{next}{UNFINISHED}", std::process::id()));
    name.into()
}

/// A file of such a name. A process that ended in the middle, and had the number that this one has, may have left some.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let unfinished = unfinished(path);
        match File::create_new(&unfinished) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            file => return Ok((unfinished, file?)),
        }
    }
}

#[derive(Debug)]
struct OpenFile(File);

impl Parts for OpenFile {
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }
}

/// A file under the name that it has while it is not whole; gone unless it is finished.
struct NewFile {
    file: Option<File>,
    unfinished: PathBuf,
    path: PathBuf,
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().ok_or(ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for NewFile {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        file.sync_all().and_then(|()| fs::rename(&self.unfinished, &self.path)).inspect_err(|_| {
            let _ = fs::remove_file(&self.unfinished);
        })?;
        sync_folder(parent(&self.path))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a folder and those above it where they are missing, with durable names.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = if parent(path).as_os_str().is_empty() { Path::new(".") } else { parent(path) };
    make_folder(above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}
