//! The writer as a process: started, listened to, and killed.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use machi_testkit::Watch;

use super::plan::Plan;

/// A running writer.
pub(crate) struct Writer {
    child: Child,
    lines: Receiver<String>,
    reader: JoinHandle<()>,
    /// What it has said.
    pub(crate) said: Vec<String>,
}

impl Writer {
    /// Starts a writer in a folder of its own, below which its store need not lie.
    pub(crate) fn start(folder: &Path, plan: &Plan, watch: Option<&Watch>) -> Self {
        Self::start_under(Command::new(test_binary()), folder, plan, watch)
    }

    /// Starts a writer by a command that runs this test binary.
    pub(crate) fn start_under(mut command: Command, folder: &Path, plan: &Plan, watch: Option<&Watch>) -> Self {
        plan.write(folder);
        command.args(["crash::writer::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"]);
        if let Some(watch) = watch {
            watch.around(&mut command);
        }
        let errors = std::fs::File::options().create(true).append(true).open(folder.join("stderr")).unwrap();
        let mut child = command.current_dir(folder).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let reader = std::thread::spawn(move || {
            // A line that the kill has cut off ends without a newline: nobody has read it.
            let mut out = out;
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|length| length > 0) && line.ends_with('\n') {
                let _ = sender.send(line.trim_end().to_owned());
                line.clear();
            }
        });
        Self { child, lines, reader, said: Vec::new() }
    }

    /// Listens until a line comes that is waited for. Returns whether it came in time.
    pub(crate) fn listen_until(&mut self, within: Duration, mut is_wanted: impl FnMut(&str) -> bool) -> bool {
        let started = Instant::now();
        loop {
            match self.lines.recv_timeout(within.saturating_sub(started.elapsed())) {
                Ok(line) => {
                    let is_found = is_wanted(&line);
                    self.said.push(line);
                    if is_found {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Kills it with SIGKILL. Returns all that it said, and whether it was still running.
    pub(crate) fn kill(mut self) -> (Vec<String>, bool) {
        let was_running = self.child.try_wait().is_ok_and(|status| status.is_none());
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.reader.join().unwrap();
        self.said.extend(self.lines.try_iter());
        (self.said, was_running)
    }
}

impl Writer {
    /// Waits for its own end. Returns all that it said.
    pub(crate) fn wait(mut self) -> Vec<String> {
        let _ = self.child.wait();
        self.reader.join().unwrap();
        self.said.extend(self.lines.try_iter());
        self.said
    }
}

pub(crate) fn test_binary() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    try_copy(from, to).unwrap();
}

/// The same of a folder that is at work: where files go while they are copied, it is copied anew.
pub(crate) fn copy_at_work(from: &Path, to: &Path) {
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    while let Err(error) = try_copy(from, to) {
        assert!(is_gone(&error), "{error}");
    }
}

fn try_copy(from: &Path, to: &Path) -> io::Result<()> {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            try_copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
