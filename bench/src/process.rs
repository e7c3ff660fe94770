//! Servers as processes of their own, so that nobody's memory and processor time are mixed up.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it takes at most until a city has looked after its archive twice.
const UPKEEP: Duration = Duration::from_secs(130);

/// A running server, ended when this goes.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a program and waits for the line that names its address.
    pub fn start(program: &str, arguments: &[&str]) -> std::io::Result<Self> {
        Self::start_in(&[], program, arguments)
    }

    /// Starts it with more in its environment.
    pub fn start_in(environment: &[(String, OsString)], program: &str, arguments: &[&str]) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().cloned()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let out = child.stdout.take().ok_or_else(|| std::io::Error::other("the program has no output"))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| std::io::Error::other(format!("the program did not start: {line}")))?;
        Ok(Self { child, address })
    }

    /// A line of the process's status in megabytes, such as `VmHWM`.
    pub fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or_default() / 1024
    }

    /// The processor time that it has used, in seconds.
    pub fn cpu(&self) -> f64 {
        crate::load::cpu_of(&self.child.id().to_string())
    }

    /// Waits until what was written is archived and in order, as far as a city does that of itself every minute.
    pub async fn rest(&self) {
        let begun = Instant::now();
        let mut is_idle = false;
        while !is_idle || begun.elapsed() < UPKEEP {
            let (before, wait) = (self.cpu(), Duration::from_secs(3));
            tokio::time::sleep(wait).await;
            is_idle = self.cpu() - before < 0.05 * wait.as_secs_f64();
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits until it has.
    pub fn stop(mut self) -> std::io::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait().map(|_| ())
    }

    /// The bytes that the process has written to disk.
    pub fn written(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id())).unwrap_or_default();
        let line = io.lines().find(|line| line.starts_with("write_bytes")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
