//! The files of the web console, put into the binary by `build.rs`; none where the console was not built.

/// One file of the console.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is served; the page itself at `/`.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    /// Differs wherever the bytes do.
    pub(super) tag: &'static str,
    pub(super) bytes: &'static [u8],
}

/// All files.
pub(super) const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

impl File {
    /// Whether its name changes with its content, so that a browser may keep it for good.
    pub(super) fn is_named_by_content(&self) -> bool {
        self.path.starts_with("/assets/")
    }
}
