//! What lies between PostgreSQL and its clients: it carries everything, until a test cuts it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tempfile::TempDir;

/// The name that a server's socket has in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// When a connection breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server gets the next COMMIT.
    BeforeCommit,
    /// When the server has committed, before anybody hears of it.
    AfterCommit,
    /// The same, and nobody is connected from then on.
    ForGood,
}

/// A wire; a folder with a socket in it.
#[derive(Debug)]
pub struct Wire {
    folder: TempDir,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    to: PathBuf,
    cut: Mutex<Option<Cut>>,
    is_down: AtomicBool,
}

impl Wire {
    /// A wire to the server whose socket is in a folder.
    #[track_caller]
    pub fn to(server: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("machi-wire-").tempdir().expect("a folder for a socket");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket in the folder");
        let state = State { to: server.join(SOCKET), cut: Mutex::default(), is_down: AtomicBool::new(false) };
        let state = Arc::new(state);
        let accepting = Arc::clone(&state);
        // It ends with the process: a test that has gone connects nobody.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !accepting.is_down.load(Ordering::SeqCst) {
                    accepting.carry(client);
                }
            }
        });
        Self { folder, state }
    }

    /// The folder that clients are told instead of the server's.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Cuts the next connection that commits; the ones after it are carried as before.
    pub fn cut(&self, cut: Cut) {
        *self.state.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// Whether what was planned has happened.
    pub fn is_cut(&self) -> bool {
        self.state.cut.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl State {
    fn carry(self: &Arc<Self>, client: UnixStream) {
        let Ok(server) = UnixStream::connect(&self.to) else { return };
        let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { return };
        let swallows = Arc::new(AtomicBool::new(false));
        let (state, swallowing) = (Arc::clone(self), Arc::clone(&swallows));
        thread::spawn(move || copy(from_client, server, |bytes| state.lets_pass(bytes, &swallowing)));
        thread::spawn(move || {
            let mut answer = Vec::new();
            copy(from_server, client, |bytes| {
                if !swallows.load(Ordering::SeqCst) {
                    return Some(true);
                }
                answer.extend_from_slice(bytes);
                if contains(&answer, b"COMMIT\0") { None } else { Some(false) }
            });
        });
    }

    /// Whether bytes go on to the server; nothing where the connection ends.
    fn lets_pass(&self, bytes: &[u8], swallows: &AtomicBool) -> Option<bool> {
        if !contains(bytes, b"COMMIT\0") {
            return Some(true);
        }
        match self.cut.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => Some(true),
            Some(Cut::BeforeCommit) => None,
            Some(cut) => {
                self.is_down.fetch_or(cut == Cut::ForGood, Ordering::SeqCst);
                swallows.store(true, Ordering::SeqCst);
                Some(true)
            }
        }
    }
}

/// Carries bytes one way, as far as they may go on; both ways end together.
fn copy(mut from: UnixStream, mut to: UnixStream, mut passes: impl FnMut(&[u8]) -> Option<bool>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        match passes(&buffer[..length]) {
            Some(true) if to.write_all(&buffer[..length]).is_ok() => {}
            Some(false) => {}
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
