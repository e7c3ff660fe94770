//! A reader's checkout with the program built, and two terminals in it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use super::viewer::now;
use super::{STEP, checkout};

/// Printed by the shell behind the output of each block.
const END: &str = "--end of block--";
/// The last line of the screen of `make up`.
const LAST: &str = "README";

/// A reader at work.
pub(super) struct Tour {
    folder: tempfile::TempDir,
    locale: String,
    /// What an empty city is filled with.
    demo: &'static str,
    /// The ports of the documents, each with the free one that stands for it: the city, its copy, the receiver.
    ports: [(&'static str, u16); 3],
    /// When the city last said that it is there, in milliseconds since 1970.
    pub(super) ready: i64,
    first: Option<(Child, BufReader<ChildStdout>)>,
    second: Child,
    typed: ChildStdin,
    printed: Receiver<String>,
}

impl Tour {
    /// A tour of somebody who reads the language of this locale.
    pub(super) fn speaking(locale: &str, demo: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Makefile", "scripts", "docs"] {
            symlink(checkout().join(name), folder.path().join(name)).unwrap();
        }
        fs::create_dir_all(folder.path().join("target/release")).unwrap();
        symlink(env!("CARGO_BIN_EXE_machi"), folder.path().join("target/release/machi")).unwrap();
        let mut second = Command::new("bash")
            .current_dir(folder.path())
            .env("LC_ALL", locale)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let typed = second.stdin.take().unwrap();
        let output = BufReader::new(second.stdout.take().unwrap());
        let (line, printed) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        let locale = locale.to_owned();
        let ports = ["8080", "8081", "9000"].map(|port| (port, free_port()));
        Self { folder, locale, demo, ports, ready: 0, first: None, second, typed, printed }
    }

    /// `make up` in the first terminal: its screen.
    pub(super) fn make_up(&mut self) -> String {
        self.leave_first();
        let mut make = Command::new("make")
            .arg("up")
            .current_dir(self.folder.path())
            .env("MACHI", env!("CARGO_BIN_EXE_machi"))
            .env("LC_ALL", &self.locale)
            .env("PORT", self.ports[0].1.to_string())
            .env("DEMO", self.demo)
            .env_remove("MACHI_DATA")
            .env_remove("SSH_CONNECTION")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(make.stdout.take().unwrap());
        let mut screen = String::new();
        printed.read_line(&mut screen).unwrap();
        self.ready = now();
        while !screen.contains(LAST) {
            assert!(printed.read_line(&mut screen).unwrap() > 0, "make up has ended: {screen}");
        }
        self.first = Some((make, printed));
        self.as_written(&screen)
    }

    /// Waits for the end of what runs in the first terminal.
    fn leave_first(&mut self) {
        if let Some((mut make, _)) = self.first.take() {
            let _ = make.wait();
        }
    }

    /// Types a block into the second terminal: what it prints, errors included.
    pub(super) fn type_in(&mut self, commands: &str) -> String {
        let server = format!("machi import --server http://127.0.0.1:{} ", self.ports[0].1);
        let commands = self.as_here(commands).replace("machi import ", &server);
        // Braces keep the shell's own input, which is this pipe, from the commands.
        write!(self.typed, "{{\n{commands}}} </dev/null 2>&1\nprintf '\\n%s\\n' '{END}'\n").unwrap();
        let mut text = String::new();
        loop {
            let line = self.printed.recv_timeout(STEP);
            let line = line.unwrap_or_else(|_| panic!("{STEP:?} were not enough for {commands}, which printed {text}"));
            if line == END {
                // What a command prints last may lack its line end, so the shell gives one more.
                text.pop();
                return self.as_written(&text);
            }
            text.extend([line.as_str(), "\n"]);
        }
    }

    /// A text of a document with the ports that are free here.
    pub(super) fn as_here(&self, text: &str) -> String {
        let exchange = |text: String, (written, here): &(&str, u16)| {
            text.replace(&format!(":{written}"), &format!(":{here}"))
                .replace(&format!("({written})"), &format!("({here})"))
        };
        self.ports.iter().fold(text.to_owned(), exchange)
    }

    /// A text as a reader sees it, with the ports of the documents.
    fn as_written(&self, text: &str) -> String {
        let text = text.replace(['\r', '\u{feff}'], "");
        let exchange =
            |text: String, (written, here): &(&str, u16)| text.replace(&format!(":{here}"), &format!(":{written}"));
        self.ports.iter().fold(text, exchange)
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        // Each terminal is a group of processes: the city below make, the receiver below the shell.
        for terminal in self.first.iter_mut().map(|(make, _)| make).chain([&mut self.second]) {
            let _ = kill_process_group(Pid::from_child(terminal), Signal::KILL);
            let _ = terminal.wait();
        }
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
