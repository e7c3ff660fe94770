//! One running server with a folder of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::Database;
use crate::preload::Environment;
use crate::process::Server;
use crate::{Answer, Client};

/// How a city differs from the one that `City::start` gives.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The text of a configuration file.
    pub config: Option<String>,
    /// Further arguments of `machi serve`.
    pub arguments: Vec<String>,
    /// The folder for the data, where it is not one of the city's own.
    pub data: Option<PathBuf>,
    /// What the process is started with besides what it inherits.
    pub environment: Environment,
}

/// A running server, which ends with this value or with the test's process, whichever is first.
#[derive(Debug)]
pub struct City {
    binary: String,
    options: Options,
    // Declared before the folder and the database: the server is killed before its data go.
    server: Mutex<Option<Server>>,
    _database: Option<Database>,
    address: String,
    folder: TempDir,
}

static SHARED: OnceLock<City> = OnceLock::new();
static TENANTS: AtomicUsize = AtomicUsize::new(0);

/// How many lines of its log a city tells when a test fails.
const TOLD: usize = 40;

impl City {
    /// Starts the binary (`env!("CARGO_BIN_EXE_machi")`) on an empty folder and a free port.
    #[track_caller]
    pub fn start(binary: &str) -> Self {
        Self::start_with(binary, Options::default())
    }

    /// Starts the binary with a configuration file or further arguments.
    #[track_caller]
    pub fn start_with(binary: &str, mut options: Options) -> Self {
        let folder = tempfile::Builder::new().prefix("machi-test-").tempdir().expect("a temporary folder");
        let database = Database::of_the_run(folder.path());
        if let Some(database) = &database {
            options.environment.push(("MACHI__STORE__URL".to_owned(), database.url().into()));
        }
        if let Some(config) = &options.config {
            std::fs::write(folder.path().join("machi.toml"), config).expect("the folder takes a file");
        }
        let arguments = arguments(folder.path(), &options, "127.0.0.1:0");
        let server = Server::spawn(binary, &arguments, &options.environment, folder.path());
        let address = server.address.clone();
        Self {
            binary: binary.to_owned(),
            options,
            server: Mutex::new(Some(server)),
            _database: database,
            address,
            folder,
        }
    }

    /// The one city that all tests of this process share, each with a tenant of its own.
    #[track_caller]
    pub fn shared(binary: &str) -> &'static Self {
        SHARED.get_or_init(|| Self::start(binary))
    }

    /// Where it serves, such as `http://127.0.0.1:43210`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of the default tenant.
    pub fn client(&self) -> Client {
        Client::new(&self.url(), None)
    }

    /// A client of a named tenant.
    pub fn tenant(&self, name: &str) -> Client {
        Client::new(&self.url(), Some(name))
    }

    /// A client of a tenant that nobody has used yet.
    pub fn fresh_tenant(&self) -> Client {
        self.tenant(&format!("tenant{}", TENANTS.fetch_add(1, Ordering::Relaxed) + 1))
    }

    /// Sends bytes as they are and reads the one answer, for requests that no client would send.
    /// The server must be asked, or be made, to close the connection.
    #[track_caller]
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out can be set");
        // A server that refuses early may not read everything.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        // An answer that came before the connection was reset still counts.
        let _ = stream.read_to_end(&mut bytes);
        parsed(&String::from_utf8_lossy(request), &bytes)
    }

    /// Where it listens, such as `127.0.0.1:43210`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process id of the server.
    #[track_caller]
    pub fn process_id(&self) -> u32 {
        self.guard().as_ref().expect("the server runs").id()
    }

    /// A line of the server's process status in bytes, such as `VmHWM`, the most memory that it ever had.
    #[track_caller]
    pub fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process_id()));
        let status = status.expect("the server runs, and /proc is mounted");
        let found = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'));
        let kilobytes = found.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.expect("the status has the line") * 1024
    }

    /// The folder that holds the data.
    pub fn data(&self) -> PathBuf {
        data(self.folder.path(), &self.options)
    }

    /// What its process is started with, which commands that ask the city at rest need, too.
    pub fn environment(&self) -> &Environment {
        &self.options.environment
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Ends the server with SIGKILL.
    pub fn kill(&self) {
        if let Some(server) = self.guard().take() {
            server.kill();
        }
    }

    /// Ends the server with SIGTERM, which may take 5 s.
    #[track_caller]
    pub fn stop(&self) -> ExitStatus {
        let server = self.guard().take().expect("the server runs");
        server.stop(Duration::from_secs(5))
    }

    /// Starts the server again on the same data and the same port; clients stay valid.
    #[track_caller]
    pub fn restart(&self) {
        self.kill();
        let arguments = arguments(self.folder.path(), &self.options, &self.address);
        *self.guard() = Some(Server::spawn(&self.binary, &arguments, &self.options.environment, self.folder.path()));
    }

    fn guard(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for City {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the server logged at last:\n{}", last_lines(&self.log(), TOLD));
        }
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().rev().take(count).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn data(folder: &Path, options: &Options) -> PathBuf {
    options.data.clone().unwrap_or_else(|| folder.join("data"))
}

fn arguments(folder: &Path, options: &Options, listen: &str) -> Vec<String> {
    let mut arguments = vec!["serve".to_owned(), "--data".to_owned(), data(folder, options).display().to_string()];
    if options.config.is_some() {
        arguments.extend(["--config".to_owned(), folder.join("machi.toml").display().to_string()]);
    }
    let rest = ["--listen", listen, "--open", "--egress-allow", "127.0.0.1/32"];
    arguments.extend(rest.map(str::to_owned));
    arguments.extend(options.arguments.iter().cloned());
    arguments
}

#[track_caller]
fn parsed(request: &str, bytes: &[u8]) -> Answer {
    let asked: String = request.chars().take(2000).collect();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some((head, body)) = end.and_then(|end| bytes.split_at_checked(end)) else {
        panic!("no HTTP answer but {:?} to {asked}", String::from_utf8_lossy(bytes));
    };
    let head = String::from_utf8_lossy(head).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Answer {
        asked,
        status: status.unwrap_or_default(),
        headers: lines.filter_map(header).collect(),
        body: body.get(4..).unwrap_or_default().to_vec(),
    }
}
