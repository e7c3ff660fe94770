//! One line on the terminal that tells how far an import has come; nothing where nobody looks.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use machi_http::{Language, Text};

const WIDTH: u64 = 24;

/// A progress bar.
#[derive(Debug)]
pub(super) struct Progress {
    name: String,
    size: u64,
    read: Arc<AtomicU64>,
    is_shown: bool,
    language: Language,
}

/// A reader that counts its bytes.
#[derive(Debug)]
pub(super) struct Counted<R> {
    reader: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Progress {
    pub(super) fn new(name: &str, size: u64, language: Language) -> Self {
        let is_shown = io::stderr().is_terminal();
        Self { name: name.to_owned(), size, read: Arc::default(), is_shown, language }
    }

    /// Counts what is read from a file.
    pub(super) fn count<R: Read>(&self, reader: R) -> Counted<R> {
        Counted { reader, read: Arc::clone(&self.read) }
    }

    /// Draws the bar again.
    pub(super) fn show(&self, taken: u64, rejected: u64) {
        if self.is_shown {
            let counts = counts(taken, rejected);
            let counts = counts.in_language(self.language);
            let line = line(&self.name, self.read.load(Ordering::Relaxed), self.size, counts);
            // A terminal that went away must not end the import.
            let _ = write!(io::stderr(), "\r{line}\x1b[K");
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn counts(taken: u64, rejected: u64) -> Text {
    Text::both(format!("{taken} taken  {rejected} rejected"), format!("取り込み{taken}  除外{rejected}"))
}

fn line(name: &str, read: u64, size: u64, counts: &str) -> String {
    let share = |of: u64| (read.min(size) * of).checked_div(size).unwrap_or(of);
    let (done, percent) = (share(WIDTH) as usize, share(100));
    let bar = "#".repeat(done) + &".".repeat(WIDTH as usize - done);
    format!("{name} [{bar}] {percent:3}%  {counts}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        let told = counts(7, 1);
        let shown = |language| line("a.csv", 50, 100, told.in_language(language));
        assert_eq!(shown(Language::English), "a.csv [############............]  50%  7 taken  1 rejected");
        assert_eq!(shown(Language::Japanese), "a.csv [############............]  50%  取り込み7  除外1");
        assert!(line("a.csv", 0, 0, "").contains("100%"));
        assert!(line("a.csv", 200, 100, "").contains("100%"));
    }
}
