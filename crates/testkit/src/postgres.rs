//! A server of PostgreSQL with a folder of its own, reached by a socket in that folder.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::eventually;

/// The user that owns a server's files where tests run as root, as which PostgreSQL refuses to run.
const OWNER: &str = "postgres";

/// A running server; it ends with this value, and leaves nothing.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    server: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one without databases. What it writes need not outlive the machine.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&["fsync=off"])
    }

    /// The same, with settings.
    #[track_caller]
    pub fn start_with(settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("machi-pg-").tempdir().expect("a folder for PostgreSQL");
        if is_root() {
            run(Command::new("chown").arg(OWNER).arg(folder.path()));
        }
        let data = folder.path().join("data");
        let initdb = ["--username=machi", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
        run(program("initdb").args(initdb).arg("-D").arg(&data));
        let mut server = program("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let log = std::fs::File::create(folder.path().join("log")).expect("a log of PostgreSQL");
        let server = server.stdout(Stdio::null()).stderr(log).process_group(0).spawn().expect("postgres starts");
        let started = Self { folder, server, databases: AtomicU32::new(0) };
        let is_ready = || started.client("pg_isready").output().ok()?.status.success().then_some(());
        eventually("PostgreSQL is ready", is_ready);
        started
    }

    /// The address of an empty database.
    #[track_caller]
    pub fn database(&self) -> String {
        let name = format!("city{}", self.databases.fetch_add(1, Ordering::SeqCst));
        run(self.client("createdb").arg(&name));
        self.address(&name)
    }

    /// The address of a database of this name.
    pub fn address(&self, name: &str) -> String {
        Self::address_in(self.folder(), name)
    }

    /// The same behind a socket in another folder, such as that of a wire.
    pub fn address_in(folder: &Path, name: &str) -> String {
        format!("host={} user=machi dbname={name}", folder.display())
    }

    /// The folder that its socket is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program of PostgreSQL that speaks to this server.
    pub fn client(&self, name: &str) -> Command {
        client(name, self.folder.path())
    }
}

/// The variable that names the socket's folder of a server which all tests of a run share.
const SHARED: &str = "MACHI_TEST_DATABASES";

impl Postgres {
    /// Starts a server whose new databases have PostGIS already, for a run of tests that is told its folder by
    /// `MACHI_TEST_DATABASES`: each city is then a city in a database.
    #[track_caller]
    pub fn for_a_run() -> Self {
        let server = Self::start_with(&["fsync=off", "max_connections=500", "shared_buffers=256MB"]);
        run(server.client("psql").args(["--quiet", "--dbname=template1", "--command=CREATE EXTENSION postgis"]));
        server
    }
}

/// A database of the run's server; it goes with this value.
#[derive(Debug)]
pub(crate) struct Database {
    folder: PathBuf,
    name: String,
}

impl Database {
    /// One for the city of a folder, where the run has a server; it has the folder's name, which no other city has.
    #[track_caller]
    pub(crate) fn of_the_run(city: &Path) -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os(SHARED)?);
        let name = city.file_name()?.to_string_lossy().into_owned();
        let made = Self { folder, name };
        run(made.client("createdb").arg(&made.name));
        Some(made)
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        Postgres::address_in(&self.folder, &self.name)
    }

    fn client(&self, name: &str) -> Command {
        client(name, &self.folder)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.client("dropdb").args(["--force", &self.name]).output();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(server) = Pid::from_raw(self.server.id() as i32) {
            // At once, without a checkpoint: the folder goes, too.
            let _ = kill_process(server, Signal::QUIT);
        }
        let _ = self.server.wait();
    }
}

/// A program that speaks to the server whose socket is in a folder.
fn client(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs().join(name));
    command.env("PGHOST", folder).env("PGUSER", "machi").current_dir("/");
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of the server, as the user that owns its files.
fn program(name: &str) -> Command {
    let path = programs().join(name);
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", OWNER, "--regid", OWNER, "--clear-groups", "--"]).arg(path);
    } else {
        command = Command::new(path);
    }
    command.current_dir("/");
    command
}

/// Where the programs of the newest PostgreSQL lie: Debian keeps those of a server out of the usual path.
#[track_caller]
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let of_version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|folder| of_version(folder));
    newest.expect("PostgreSQL is installed under /usr/lib/postgresql").join("bin")
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
