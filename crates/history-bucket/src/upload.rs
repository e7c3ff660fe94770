//! A file on its way into a bucket: at once where it is small, in parts where it is large.

use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use machi_history_lake::Upload;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};

use crate::bucket::Line;
use crate::trouble::told;

/// How large the parts of a file are; S3 wants 5 MiB at least, and 10,000 parts at most.
const PART: usize = 8 << 20;

/// A file that is being written, and is not there until it is finished.
pub(crate) struct NewObject {
    line: Line,
    path: Path,
    waiting: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl NewObject {
    pub(crate) fn new(line: Line, path: Path) -> Self {
        Self { line, path, waiting: Vec::new(), upload: None }
    }

    fn send_part(&mut self) -> io::Result<()> {
        let part = Bytes::from(mem::take(&mut self.waiting));
        let upload = match &mut self.upload {
            Some(upload) => upload,
            empty => {
                let (store, path) = (self.line.store(), self.path.clone());
                let begun = self.line.wait(async move { store.put_multipart(&path).await });
                empty.insert(begun.map_err(|error| told(&error))?)
            }
        };
        self.line.wait(upload.put_part(part.into())).map_err(|error| told(&error))
    }
}

impl Write for NewObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PART {
            self.send_part()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for NewObject {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.upload.is_some() && !self.waiting.is_empty() {
            self.send_part()?;
        }
        let done = if let Some(mut upload) = self.upload.take() {
            self.line.wait(async move { upload.complete().await })
        } else {
            let (store, path) = (self.line.store(), self.path.clone());
            let all = Bytes::from(mem::take(&mut self.waiting));
            self.line.wait(async move { store.put(&path, all.into()).await })
        };
        done.map(drop).map_err(|error| told(&error))
    }
}

impl Drop for NewObject {
    fn drop(&mut self) {
        // Parts of what is given up would lie there, unseen and paid for.
        if let Some(mut upload) = self.upload.take() {
            self.line.begin(async move { upload.abort().await });
        }
    }
}
