//! `machi up`: what a newcomer sees in the first minute, and on the second start.

mod alone;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::machi;

/// A city that was opened with `machi up`.
struct Opened {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it has printed.
    screen: String,
}

impl Opened {
    /// Opens a city and reads up to the end of its screen.
    fn open(data: &Path, more: &[&str], locale: &str) -> Self {
        let mut command = machi(&["up", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        command.args(more).env("LC_ALL", locale).env_remove("SSH_CONNECTION");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut opened = Self { child, stdout, screen: String::new() };
        opened.read_until("README");
        opened
    }

    /// Reads on to a line that holds this.
    fn read_until(&mut self, what: &str) {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it ended: {}", self.screen);
            self.screen.push_str(&line);
            if line.contains(what) {
                return;
            }
        }
    }

    fn url(&self) -> &str {
        let ready = self.screen.lines().next().unwrap().strip_prefix("machi ready on ").unwrap();
        ready.split(' ').next().unwrap()
    }

    /// The lines that the screen shows to be pasted.
    fn lines(&self) -> Vec<String> {
        let lines = self.screen.lines().filter_map(|line| line.strip_prefix("    "));
        lines.filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
    }

    fn types(&self) -> String {
        paste(&format!("curl {}/ngsi-ld/v1/types", self.url()))
    }

    /// The most memory that its process has had, in bytes.
    fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a line of the screen prints in a shell.
fn paste(line: &str) -> String {
    let printed = Command::new("sh").args(["-c", &format!("{line} -sS -w ' %{{http_code}}'")]).output().unwrap();
    String::from_utf8(printed.stdout).unwrap()
}

#[test]
fn an_empty_folder_becomes_a_city_that_moves_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city");
    let first = Opened::open(&data, &[], "C");
    for told in ["Loading Shiomi City (small, seed 1, ", "#view=map", "Ctrl-C", "make clean-city"] {
        assert!(first.screen.contains(told), "{}", first.screen);
    }
    assert!(first.screen.contains(&format!("The data:      {}\n", data.canonicalize().unwrap().display())));
    let [types, parking, switch] = &*first.lines() else { panic!("three lines to paste: {}", first.screen) };
    assert!(paste(types).contains("\"Streetlight\""));
    assert!(paste(parking).starts_with("[{\"id\":\"urn:ngsi-ld:OffStreetParking:shiomi:"), "{parking}");
    assert_eq!(paste(switch), " 204", "{switch}");
    first.end();

    let started = Instant::now();
    let mut second = Opened::open(&data, &[], "ja_JP.UTF-8");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(15), "the second start loads nothing: {took:?}");
    for told in ["はすでにあるため、読み込みません。", "Machiが開きました。", "最初から:"] {
        assert!(second.screen.contains(told), "{}", second.screen);
    }
    second.read_until("都市が動き始めました");
    second.end();
}

#[test]
fn nobodys_own_data_is_covered_by_an_invented_city() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Opened::open(folder.path(), &["--demo", "none"], "C");
    assert!(!empty.screen.contains("Shiomi") && !empty.screen.contains("#view=map"), "{}", empty.screen);
    assert!(empty.types().contains("\"typeList\":[]"), "{}", empty.types());
    let [_, create, read] = &*empty.lines() else { panic!("three lines to paste: {}", empty.screen) };
    assert!(paste(create).ends_with(" 201"), "{create}");
    assert!(paste(read).contains("\"value\":21"), "{read}");
    empty.end();
    let again = Opened::open(folder.path(), &[], "C");
    assert!(again.types().contains("\"typeList\":[\"Room\"]"), "{}", again.types());
    again.end();
}

#[test]
fn another_size_than_that_of_the_city_is_refused_and_the_city_is_open_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    Opened::open(folder.path(), &[], "C").end();
    let mut other = Opened::open(folder.path(), &["--demo", "city"], "C");
    other.read_until("holds a demo city already, of size small and seed 1");
    assert!(other.types().contains("\"Streetlight\""));
    other.end();
}

#[test]
fn whoever_came_over_ssh_is_shown_the_tunnel() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("screen");
    let mut command = machi(&["up", "--demo", "none", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(folder.path().join("city")).env("SSH_CONNECTION", "10.9.8.7 50022 10.1.2.3 22").env("USER", "aoi");
    let mut child = command.stdout(fs::File::create(&file).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let shown = || fs::read_to_string(&file).unwrap();
    let started = Instant::now();
    while !shown().contains("README") && started.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = shown();
    let port = shown.split("127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap();
    assert!(shown.contains(&format!("    ssh -L {port}:127.0.0.1:{port} aoi@10.1.2.3\n")), "{shown}");
}
