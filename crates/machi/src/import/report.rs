//! The report of rejected rows: a CSV that a spreadsheet opens, beside the file or where the command says.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use machi_connect::RowError;
use machi_http::{Language, Text};

/// Spreadsheets take a file for UTF-8 only if it says so.
const MARK: &str = "\u{feff}";
const HEADER: (&str, &str) = ("file,row,id,wrong,right\r\n", "ファイル,行,ID,誤り,正しい書き方\r\n");

/// A report that grows.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    file: Option<File>,
    length: u64,
    language: Language,
}

impl Report {
    /// A report that goes on after its first bytes; what follows them, or an older report, goes.
    pub(super) fn open(path: &Path, length: u64, language: Language) -> io::Result<Self> {
        let mut report = Self { path: path.to_owned(), file: None, length: 0, language };
        if length == 0 {
            return match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(report),
            };
        }
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        let kept = length.min(file.metadata()?.len());
        file.set_len(kept)?;
        file.seek(SeekFrom::End(0))?;
        report.file = Some(file);
        report.length = kept;
        Ok(report)
    }

    /// Adds a row.
    pub(super) fn add(&mut self, file: &str, row: u64, id: &str, error: &RowError) -> io::Result<()> {
        let mut text = String::new();
        if self.file.is_none() {
            text.push_str(MARK);
            text.push_str(Text::from(HEADER).in_language(self.language));
        }
        let [wrong, right] = [&error.wrong, &error.right].map(|text| text.in_language(self.language));
        let cells = [file, &row.to_string(), id, wrong, right].map(cell);
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
        let out = match &mut self.file {
            Some(out) => out,
            none => none.insert(create(&self.path)?),
        };
        out.write_all(text.as_bytes())?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// How long it is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Where it is, if anything is in it.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }
}

/// A new file for its owner alone: rejected rows tell what stands in the city's lists.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A cell in quotes where it must be. One that a spreadsheet would take for a formula is made a text.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    format!("{guard}{text}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_report_goes_on_where_it_was_known_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        let error = |wrong: &'static str, right: &'static str| RowError::new((wrong, wrong), (right, "正しい書き方"));
        let mut report = Report::open(&path, 0, Language::English).unwrap();
        assert_eq!(report.path(), None);
        report.add("a.csv", 2, "urn:x:1", &error("\"x\" is wrong, quite", "=y")).unwrap();
        let known = report.length();
        report.add("a.csv", 3, "", &error("lost", "")).unwrap();
        let rights = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
        let mut report = Report::open(&path, known, Language::English).unwrap();
        report.add("a.csv", 4, "", &error("kept", "")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let rows = "a.csv,2,urn:x:1,\"\"\"x\"\" is wrong, quite\",'=y\r\na.csv,4,,kept,\r\n";
        assert_eq!(text, format!("{MARK}{}{rows}", HEADER.0));
        let mut report = Report::open(&path, 0, Language::Japanese).unwrap();
        assert!(!path.exists());
        report.add("a.csv", 2, "", &error("x", "y")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{MARK}{}a.csv,2,,x,正しい書き方\r\n", HEADER.1));
    }
}
