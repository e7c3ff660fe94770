//! Errors of files, said with what was being done to which file.

use std::io;
use std::path::Path;

use machi_store::StoreError;
use machi_types::Text;

pub(crate) fn io_error(doing: &str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { context: format!("{doing} {}", path.display()), source }
}

pub(crate) fn damaged(path: &Path, detail: impl Into<String>) -> StoreError {
    StoreError::Damaged { file: path.display().to_string(), detail: detail.into() }
}

/// What the engine below says, with the file that it names where it names one.
pub(crate) fn engine(error: lsm_tree::Error) -> StoreError {
    match error {
        lsm_tree::Error::Io(source) => StoreError::Io { context: "reading or writing a table".to_owned(), source },
        other => StoreError::Engine(format!("{other:?}")),
    }
}

/// Why nothing can be written, for whoever wanted to write.
pub(crate) fn told(error: &StoreError) -> Text {
    let StoreError::Io { context, source } = error else {
        let en = error.to_string();
        return Text::both(en.clone(), format!("ストレージの異常です(\"{en}\")"));
    };
    let what = match source.kind() {
        io::ErrorKind::StorageFull => "ディスクに空きがありません",
        io::ErrorKind::PermissionDenied => "ディスクに書き込む権限がありません",
        io::ErrorKind::ReadOnlyFilesystem => "書き込みできないファイルシステムです",
        _ => "ディスクを読み書きできません",
    };
    Text::both(format!("{context} failed: {source}"), format!("{what}(\"{context}: {source}\")"))
}
