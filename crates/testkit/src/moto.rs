//! The package moto as a service that speaks S3, with a gate before it that can be shut.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::{Client, eventually};

/// A service without a past; it ends with this value.
#[derive(Debug)]
pub struct Moto {
    child: Child,
    port: u16,
    gate: u16,
    is_open: Arc<AtomicBool>,
}

impl Moto {
    /// Starts it by a Python that has `moto`, with an empty bucket of this name.
    #[track_caller]
    pub fn start(python: &Path, bucket: &str) -> Self {
        let (child, port) = eventually("moto listens", || serve(python));
        let (listener, is_open) = (free(), Arc::new(AtomicBool::new(true)));
        let gate = listener.local_addr().expect("it has an address").port();
        let moto = Self { child, port, gate, is_open: Arc::clone(&is_open) };
        // It does not look at who asks.
        Client::new(&moto.direct(), None).put(&format!("/{bucket}")).send().expect_status(200);
        thread::spawn(move || keep_gate(&listener, port, &is_open));
        moto
    }

    /// Where it serves for the one that is tested.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gate)
    }

    /// Where it serves always.
    pub fn direct(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on nobody comes through the gate.
    pub fn shut(&self) {
        self.is_open.store(false, Ordering::SeqCst);
    }

    /// Lets everybody through again.
    pub fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it on a port that was free a moment ago; none where somebody else has taken that meanwhile.
fn serve(python: &Path) -> Option<(Child, u16)> {
    let port = free().local_addr().expect("it has an address").port();
    let mut command = Command::new(python);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("Python runs");
    eventually("moto listens or ends", || {
        let has_ended = child.try_wait().expect("it is our child").is_some();
        (has_ended || TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(())
    });
    // Who lost the race for the port ends a moment after somebody else has answered in its place.
    thread::sleep(Duration::from_millis(200));
    child.try_wait().expect("it is our child").is_none().then_some((child, port))
}

fn free() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

/// Passes on what comes while the gate is open.
fn keep_gate(listener: &TcpListener, port: u16, is_open: &Arc<AtomicBool>) {
    for inside in listener.incoming().flatten() {
        // One that is not passed on is closed; the next may be.
        let Some(outside) = passed_on(port) else { continue };
        for (from, to) in [(&inside, &outside), (&outside, &inside)] {
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
            let is_open = Arc::clone(is_open);
            thread::spawn(move || pass(from, to, &is_open));
        }
    }
}

/// A connection to the service, which may be out of breath for a moment.
fn passed_on(port: u16) -> Option<TcpStream> {
    (0..50).find_map(|_| {
        let outside = TcpStream::connect(("127.0.0.1", port));
        outside.inspect_err(|_| thread::sleep(Duration::from_millis(100))).ok()
    })
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_open: &AtomicBool) {
    let _ = from.set_read_timeout(Some(Duration::from_millis(50)));
    let mut piece = vec![0; 1 << 16];
    while is_open.load(Ordering::SeqCst) {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) if to.write_all(&piece[..length]).is_ok() => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            _ => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
