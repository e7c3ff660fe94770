//! The bucket as a place for files.

use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use machi_history_lake::{Files, Listed, Parts, Upload};
use machi_http::client::Client;
use machi_types::{Clock, SystemClock};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, RetryConfig};
use tokio::runtime::{Builder, Runtime};

use crate::credentials::Credentials;
use crate::place::Place;
use crate::trouble::told;
use crate::upload::NewObject;
use crate::web::Web;

/// Which bucket, and how it is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where in which bucket.
    pub place: Place,
    /// The address of the service; none for that of Amazon in the region.
    pub endpoint: Option<String>,
    /// The region, which is part of each signature.
    pub region: String,
    /// Who we are.
    pub credentials: Credentials,
    /// The client for this bucket alone: its connections live on the bucket's runtime.
    pub client: Client,
}

/// Files in a bucket.
#[derive(Debug)]
pub struct Bucket {
    line: Line,
    place: Place,
}

/// The way to the bucket: calls wait for what a runtime of its own does, wherever they come from.
#[derive(Clone)]
pub(crate) struct Line(Arc<Inner>);

struct Inner {
    store: Arc<AmazonS3>,
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // To wait for it is not allowed everywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl Line {
    pub(crate) fn store(&self) -> Arc<AmazonS3> {
        Arc::clone(&self.0.store)
    }

    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> object_store::Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.begin(async move { sender.send(work.await) });
        let ended = || Error::Generic { store: "S3", source: "the city closes".into() };
        receiver.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Begins something that nobody waits for.
    pub(crate) fn begin<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) {
        if let Some(runtime) = &self.0.runtime {
            runtime.spawn(work);
        }
    }
}

impl Bucket {
    /// A bucket, which is not asked yet.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let Settings { place, endpoint, region, credentials, client } = settings;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&place.bucket)
            .with_region(region)
            .with_access_key_id(credentials.key)
            .with_secret_access_key(credentials.secret)
            // Not every service has it, and we remove files one by one.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                max_retries: 2,
                retry_timeout: Duration::from_secs(30),
                ..RetryConfig::default()
            })
            .with_http_connector(Web(client));
        if let Some(token) = credentials.token {
            builder = builder.with_token(token);
        }
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = Arc::new(builder.build().map_err(|error| told(&error))?);
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("machi-bucket").enable_all().build()?;
        Ok(Self { line: Line(Arc::new(Inner { store, runtime: Some(runtime) })), place })
    }

    fn path(&self, name: &str) -> Path {
        let prefix = &self.place.prefix;
        let slash = if prefix.is_empty() || name.is_empty() { "" } else { "/" };
        Path::from(format!("{prefix}{slash}{name}"))
    }

    /// Does something with an object or a folder of this name.
    fn with<T: Send + 'static, Work: Future<Output = object_store::Result<T>> + Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(Arc<AmazonS3>, Path) -> Work,
    ) -> io::Result<T> {
        self.line.wait(work(self.line.store(), self.path(name))).map_err(|error| told(&error))
    }
}

impl Files for Bucket {
    fn read(&self, name: &str) -> io::Result<Bytes> {
        self.with(name, |store, path| async move { store.get(&path).await?.bytes().await })
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Parts>> {
        Ok(Box::new(OpenObject { line: self.line.clone(), path: self.path(name) }))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        match self.with(name, |store, path| async move { store.head(&path).await }) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let listed = self.with(folder, |store, path| async move { store.list_with_delimiter(Some(&path)).await })?;
        let now = SystemClock.now().micros();
        let of = |object: object_store::ObjectMeta| {
            let age = now.saturating_sub(object.last_modified.timestamp_micros()).max(0);
            let name = object.location.filename()?.to_owned();
            Some(Listed { name, age: Duration::from_micros(age.unsigned_abs()) })
        };
        Ok(listed.objects.into_iter().filter_map(of).collect())
    }

    fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let listed = self.with(folder, |store, path| async move { store.list_with_delimiter(Some(&path)).await })?;
        let names = listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        Ok(Box::new(NewObject::new(self.line.clone(), self.path(name))))
    }

    fn put_new(&self, name: &str, content: &[u8]) -> io::Result<bool> {
        let bytes = Bytes::copy_from_slice(content);
        let put = self.line.wait({
            let (store, path) = (self.line.store(), self.path(name));
            async move { store.put_opts(&path, bytes.into(), PutMode::Create.into()).await }
        });
        match put {
            Ok(_) => Ok(true),
            // Perhaps by an earlier try of ours whose answer was lost: no two commits have the same bytes.
            Err(Error::AlreadyExists { .. }) => match self.read(name) {
                Ok(found) => Ok(found == content),
                // Another one is just being written there.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                Err(error) => Err(error),
            },
            Err(error) => Err(told(&error)),
        }
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let bytes = Bytes::copy_from_slice(content);
        self.with(name, |store, path| async move { store.put(&path, bytes.into()).await }).map(drop)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.with(name, |store, path| async move { store.delete(&path).await }) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        self.with(folder, |store, path| async move {
            let found: Vec<_> = store.list(Some(&path)).try_collect().await?;
            let mut paths: Vec<Path> = found.into_iter().map(|object| object.location).collect();
            // There is no removing all at once. The newest version first: what is left is an older state, never a new
            // one behind a gap; and no data before the versions that name it.
            paths.sort_unstable_by_key(|path| (!is_log(path), std::cmp::Reverse(path.to_string())));
            for path in paths {
                match store.delete(&path).await {
                    Err(error) if !matches!(error, Error::NotFound { .. }) => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    fn place(&self, name: &str) -> String {
        let slash = if name.is_empty() { "" } else { "/" };
        format!("{}{slash}{name}", self.place)
    }
}

fn is_log(path: &Path) -> bool {
    path.parts().any(|part| part.as_ref() == "_delta_log")
}

/// An object of which parts are read.
#[derive(Debug)]
struct OpenObject {
    line: Line,
    path: Path,
}

impl Parts for OpenObject {
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let (store, path) = (self.line.store(), self.path.clone());
        let range = offset..offset + length as u64;
        let bytes = self.line.wait(async move { store.get_range(&path, range).await }).map_err(|error| told(&error))?;
        if bytes.len() == length { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}
