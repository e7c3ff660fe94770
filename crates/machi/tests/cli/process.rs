//! A running `machi`, ended when its test ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A command that has not been started; it speaks English, whoever runs the tests.
pub(crate) fn machi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
    command.args(arguments).stdin(Stdio::null()).env("LC_ALL", "C");
    command
}

/// Runs a command that ends by itself.
pub(crate) fn output(arguments: &[&str]) -> Output {
    machi(arguments).output().unwrap()
}

/// Runs a start that is to be refused: a city that comes up all the same is ended.
pub(crate) fn refused_start(data: &Path) -> String {
    let mut command = machi(&["serve", "--listen", "127.0.0.1:0", "--open", "--data"]);
    let mut child = command.arg(data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let ended = child.wait_with_output().unwrap();
    assert_eq!((&*line, ended.status.code()), ("", Some(1)), "{}", text(&ended.stderr));
    text(&ended.stderr)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A city that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) line: String,
    pub(crate) address: SocketAddr,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a city and waits for its line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(machi(arguments))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://")?.parse().ok());
        let Some(address) = address else {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("not ready: {line}{errors}");
        };
        Self { child, line, address, stdout }
    }

    /// Sends a GET and reads the whole answer.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: city\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a POST and reads the whole answer.
    pub(crate) fn post(&self, path: &str, content_type: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: city\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(&mut self, signal: Signal) -> (ExitStatus, Duration) {
        let start = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let status = self.child.wait().unwrap();
        (status, start.elapsed())
    }

    /// What else was written to standard output and standard error, once it has ended.
    pub(crate) fn rest(&mut self) -> (String, String) {
        let (mut output, mut errors) = (String::new(), String::new());
        self.stdout.read_to_string(&mut output).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (output, errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
