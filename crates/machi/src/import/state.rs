//! How far an import has come, in a small file beside its report; it is there while the import is not done.

use std::path::{Path, PathBuf};
use std::{fs, io};

use machi_types::{Json, json};

use super::intake::Counts;

/// What is known to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// What is imported, how and whereto, in one word.
    pub(super) mark: String,
    pub(super) counts: Counts,
    pub(super) report_bytes: u64,
}

impl State {
    /// Where the state of a file is noted.
    pub(super) fn path(report: &Path) -> PathBuf {
        let mut name = report.file_name().unwrap_or_default().to_owned();
        name.push(".state");
        report.with_file_name(name)
    }

    /// What an earlier run noted, if it was an import of the same.
    pub(super) fn load(path: &Path, mark: &str) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let parsed = json::parse(&bytes, 4).ok()?;
        let number = |name: &str| parsed.get(name)?.as_u64();
        let state = Self {
            mark: parsed.get("import")?.as_str()?.to_owned(),
            counts: Counts { rows: number("rows")?, taken: number("taken")?, rejected: number("rejected")? },
            report_bytes: number("reportBytes")?,
        };
        (state.mark == mark).then_some(state)
    }

    /// Notes what is done: the file is whole at any time.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let Counts { rows, taken, rejected } = self.counts;
        let text = Json::Object(vec![
            ("import".into(), Json::from(self.mark.as_str())),
            ("rows".into(), Json::from(rows)),
            ("taken".into(), Json::from(taken)),
            ("rejected".into(), Json::from(rejected)),
            ("reportBytes".into(), Json::from(self.report_bytes)),
        ]);
        let new = path.with_extension("state.new");
        fs::write(&new, text.to_text())?;
        fs::rename(&new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_counts_for_the_same_import_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = State::path(&folder.path().join("a.csv.rejected.csv"));
        assert!(path.ends_with("a.csv.rejected.csv.state"));
        let state = State { mark: "m".into(), counts: Counts { rows: 5, taken: 3, rejected: 2 }, report_bytes: 99 };
        state.save(&path).unwrap();
        assert_eq!(State::load(&path, "m"), Some(state));
        assert_eq!(State::load(&path, "other"), None);
        fs::write(&path, "{").unwrap();
        assert_eq!(State::load(&path, "m"), None);
    }
}
