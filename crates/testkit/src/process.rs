//! The server's process: started, watched so that it never outlives its test, and killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::preload::Environment;

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running server and its watchdog.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    watchdog: Child,
    /// Where it listens, such as `127.0.0.1:43210`.
    pub(crate) address: String,
}

impl Server {
    /// Starts the binary and waits for the one line that it prints when it is ready.
    #[track_caller]
    pub(crate) fn spawn(binary: &str, arguments: &[String], environment: &Environment, folder: &Path) -> Self {
        let log = folder.join("server.log");
        let stderr = File::options().create(true).append(true).open(&log).expect("the test's folder takes a log");
        let mut command = Command::new(binary);
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => panic!("{binary} cannot be started: {error}"),
        };
        let watchdog = watchdog(child.id(), folder);
        let line = ready_line(&mut child);
        let Some(address) = line.as_deref().and_then(address_in) else {
            let _ = child.kill();
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("the server did not become ready; it printed {line:?} and logged:\n{log}");
        };
        Self { child, watchdog, address }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server as a power failure of the process would: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.dismiss_watchdog();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the server to end (SIGTERM) and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self, within: Duration) -> ExitStatus {
        self.dismiss_watchdog();
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the server is our child") {
                return status;
            }
            if started.elapsed() > within {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("the server did not end within {within:?} of SIGTERM");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    // The watchdog goes first: it must not meet another process that got the server's id.
    fn dismiss_watchdog(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

/// Kills the server and removes its folder when this process ends, however it ends: the pipe that
/// the watchdog reads from is closed by the kernel.
fn watchdog(server: u32, folder: &Path) -> Child {
    Command::new("sh")
        .args(["-c", "cat >/dev/null; kill -9 \"$0\" 2>/dev/null; sleep 0.1; rm -rf \"$1\""])
        .arg(server.to_string())
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a POSIX shell is there")
}

fn ready_line(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|length| length > 0) && !line.contains("http://") {
            line.clear();
        }
        let _ = sender.send(line);
        // A server that prints more than its one line must not block on a full pipe.
        let _ = reader.read_to_end(&mut Vec::new());
    });
    receiver.recv_timeout(READY_WITHIN).ok()
}

fn address_in(line: &str) -> Option<String> {
    let (_, after) = line.split_once("http://")?;
    let is_address = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']');
    let address: String = after.chars().take_while(|c| is_address(*c)).collect();
    address.contains(':').then(|| address.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_ready_line() {
        let check = |line: &str, address: Option<&str>| assert_eq!(address_in(line).as_deref(), address);
        check("ready: http://127.0.0.1:4321, data in /d\n", Some("127.0.0.1:4321"));
        check("Machi serves http://127.0.0.1:4321/ngsi-ld/v1.\n", Some("127.0.0.1:4321"));
        check("hello\n", None);
    }
}
