//! What can be asked of a city, running or resting, and how it is done.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use machi_archive::ArchiveError;
use machi_broker::{Broker, Export, Pieces};
use machi_face::FaceError;
use machi_http::{Language, Problem, Text};
use machi_store::{StoreError, Verified};
use machi_store_embedded::EmbeddedStore;
use machi_types::{ErrorKind, Iri, Json, TenantId, json};

use crate::ground::Ground;
use crate::past::{Past, Whole};
use crate::said;

/// How much of a file is read at once.
const PIECE: u64 = 1 << 20;

/// What can be asked. Paths are absolute, for the city may work in another folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Write a backup to this folder.
    Backup {
        /// The folder.
        to: PathBuf,
    },
    /// Check everything.
    Verify,
    /// Believe a clock that jumped ahead.
    AcceptClock,
    /// Keep a copy of a @context.
    AddContext {
        /// The address by which data names it.
        url: Iri,
        /// The document.
        text: String,
    },
    /// List the tenants with their sizes.
    ListTenants,
    /// Make a tenant that holds nothing.
    CreateTenant {
        /// Its name.
        tenant: TenantId,
    },
    /// Write a tenant to this file.
    ExportTenant {
        /// Which one.
        tenant: TenantId,
        /// The file.
        to: PathBuf,
    },
    /// Bring a tenant back from this file.
    RestoreTenant {
        /// Which one.
        tenant: TenantId,
        /// The file.
        from: PathBuf,
    },
    /// Delete a tenant for good.
    EraseTenant {
        /// Which one.
        tenant: TenantId,
    },
}

/// What commands work on.
#[derive(Clone, Debug)]
pub struct Commanded {
    /// Where it lies.
    pub ground: Ground,
    /// The broker on it.
    pub broker: Arc<Broker>,
    /// Its past.
    pub past: Past,
}

impl Asked {
    /// As it travels to a running city: a word for the path and an object for the body.
    pub(super) fn write(&self) -> (&'static str, Json<'static>) {
        let path = |path: &Path| Json::from(path.to_string_lossy().into_owned());
        let tenant = |tenant: &TenantId| ("tenant".into(), Json::from(tenant.as_str().to_owned()));
        let (word, members) = match self {
            Self::Backup { to } => ("backup", vec![("to".into(), path(to))]),
            Self::Verify => ("verify", Vec::new()),
            Self::AcceptClock => ("clock", Vec::new()),
            Self::AddContext { url, text } => {
                let url = Json::from(url.as_str().to_owned());
                ("context", vec![("url".into(), url), ("text".into(), Json::from(text.clone()))])
            }
            Self::ListTenants => ("tenants", Vec::new()),
            Self::CreateTenant { tenant: name } => ("create", vec![tenant(name)]),
            Self::ExportTenant { tenant: name, to } => ("export", vec![tenant(name), ("to".into(), path(to))]),
            Self::RestoreTenant { tenant: name, from } => ("restore", vec![tenant(name), ("from".into(), path(from))]),
            Self::EraseTenant { tenant: name } => ("erase", vec![tenant(name)]),
        };
        (word, Json::Object(members))
    }

    /// Reads what travelled.
    pub(super) fn read(word: &str, body: &[u8]) -> Option<Self> {
        let body = json::parse(body, 8).ok()?;
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let path = |name: &str| text(name).map(PathBuf::from);
        let tenant = || match text("tenant")? {
            "" => Some(TenantId::default_tenant()),
            name => name.parse().ok(),
        };
        Some(match word {
            "backup" => Self::Backup { to: path("to")? },
            "verify" => Self::Verify,
            "clock" => Self::AcceptClock,
            "context" => Self::AddContext { url: text("url")?.parse().ok()?, text: text("text")?.to_owned() },
            "tenants" => Self::ListTenants,
            "create" => Self::CreateTenant { tenant: tenant()? },
            "export" => Self::ExportTenant { tenant: tenant()?, to: path("to")? },
            "restore" => Self::RestoreTenant { tenant: tenant()?, from: path("from")? },
            "erase" => Self::EraseTenant { tenant: tenant()? },
            _ => return None,
        })
    }
}

impl Commanded {
    /// Does what is asked and says what came of it.
    pub async fn perform(&self, asked: Asked) -> Result<Text, Problem> {
        match asked {
            Asked::Backup { to } => self.backup(to).await,
            Asked::Verify => {
                let verified = match &self.ground {
                    Ground::Folder(_) => self.blocking(EmbeddedStore::verify).await?,
                    Ground::Database(store, _) => store.verify().await.map_err(refused)?,
                };
                let archived = self.of_archive(Past::verify).await?;
                Ok(whole(&verified, archived))
            }
            Asked::AcceptClock => {
                self.ground.accept_clock().map_err(refused)?;
                Ok(Text::both("the clock is believed", "時計を正しいものとして扱います"))
            }
            Asked::AddContext { url, text } => self.add_context(&url, text).await,
            Asked::ListTenants => self.list_tenants().await,
            Asked::CreateTenant { tenant } => {
                self.broker.create_tenant(&tenant).await.map_err(Problem::from)?;
                let name = tenant.word();
                Ok(Text::both(format!("tenant {name} is made"), format!("テナント{name}を作成しました")))
            }
            Asked::ExportTenant { tenant, to } => self.export(&tenant, &to).await,
            Asked::RestoreTenant { tenant, from } => self.restore(&tenant, &from).await,
            Asked::EraseTenant { tenant } => {
                self.broker.erase_tenant(&tenant).await.map_err(Problem::from)?;
                let name = tenant.word();
                Ok(Text::both(format!("tenant {name} is erased"), format!("テナント{name}を消去しました")))
            }
        }
    }

    fn in_folder(&self) -> Result<Arc<EmbeddedStore>, Problem> {
        self.ground.in_folder().map_err(|told| Problem::new(ErrorKind::OperationNotSupported, told.0))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&EmbeddedStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.in_folder()?;
        tokio::task::spawn_blocking(move || work(&store)).await.map_err(Problem::internal)?.map_err(refused)
    }

    async fn of_archive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Past) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, Problem> {
        let past = self.past.clone();
        let done = tokio::task::spawn_blocking(move || work(&past)).await.map_err(Problem::internal)?;
        done.map_err(|error| {
            let said = |language| said::in_language(&error, language);
            Problem::new(ErrorKind::BadRequestData, Text::both(said(Language::English), said(Language::Japanese)))
        })
    }

    async fn backup(&self, to: PathBuf) -> Result<Text, Problem> {
        self.in_folder()?;
        let folder = to.display().to_string();
        // The archive first: what came since is in the journal of the backup.
        let most = self.of_archive(|past| past.along(None)).await?;
        // Were any more archived until the store has its position, the backup would lack it.
        let _held = self.past.history.hold_back().await;
        let past = self.of_archive(|past| past.along(Some(most))).await?;
        let position = self.blocking(move |store| store.backup_with(&past.beside(), &to)).await?;
        Ok(Text::both(
            format!("the city up to position {position} is in {folder}"),
            format!("位置{position}までの都市データを{folder}に保存しました"),
        ))
    }

    async fn add_context(&self, url: &Iri, text: String) -> Result<Text, Problem> {
        self.broker.face().contexts.add_copy(url.as_str(), text.into()).await.map_err(Problem::from)?;
        Ok(Text::both(
            format!("{} is kept and will not be fetched", url.as_str()),
            format!("{}を保存しました。今後ネットワークからは取得しません", url.as_str()),
        ))
    }

    async fn list_tenants(&self) -> Result<Text, Problem> {
        let tenants = self.broker.tenants().await.map_err(Problem::from)?;
        let rows: Vec<[String; 3]> = tenants
            .iter()
            .map(|status| {
                let entities = status.documents.iter().find(|(name, _)| &**name == "entities").map_or(0, |(_, n)| *n);
                [status.tenant.word().to_owned(), entities.to_string(), status.bytes.to_string()]
            })
            .collect();
        let table = |head: [&str; 3]| said::table(&head, &rows);
        Ok(Text::both(table(["tenant", "entities", "bytes"]), table(["テナント", "エンティティ", "バイト"])))
    }

    async fn export(&self, tenant: &TenantId, to: &Path) -> Result<Text, Problem> {
        let place = to.to_owned();
        on_file(to, move |_| Ok(EmbeddedStore::check_outside(&place))).await?.map_err(refused)?;
        let mut export = self.broker.export_tenant(tenant).await.map_err(Problem::from)?;
        // Whoever may read the folder need not be one who may read the city.
        let open = |to: &Path| File::options().write(true).create_new(true).mode(0o600).open(to);
        let file = on_file(to, open).await?;
        if let Err(problem) = write_all(&mut export, file, to).await {
            // Half an export is none.
            let _ = on_file(to, |to| std::fs::remove_file(to)).await;
            return Err(problem);
        }
        let (name, counted, to) = (tenant.word(), export.counted(), to.display());
        let position = export.position().await.map_err(FaceError::from).map_err(Problem::from)?;
        Ok(Text::both(
            format!(
                "tenant {name} as of position {position} is in {to}: {} entities, {} other documents",
                counted.entities, counted.others
            ),
            format!(
                "位置{position}のテナント{name}を{to}に書き出しました(エンティティ{}件、その他{}件)",
                counted.entities, counted.others
            ),
        ))
    }

    async fn restore(&self, tenant: &TenantId, from: &Path) -> Result<Text, Problem> {
        let file = Arc::new(on_file(from, |from| File::open(from)).await?);
        let counted = self.broker.restore_tenant(tenant, &mut FromFile(file)).await.map_err(Problem::from)?;
        let name = tenant.word();
        Ok(Text::both(
            format!("tenant {name} is back: {} entities, {} other documents", counted.entities, counted.others),
            format!("テナント{name}を復元しました(エンティティ{}件、その他{}件)", counted.entities, counted.others),
        ))
    }
}

/// Works on a file where waiting for the disk keeps nobody else.
async fn on_file<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let own = path.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&own)).await.map_err(Problem::internal)?;
    done.map_err(|error| unusable(path, &error))
}

async fn write_all(export: &mut Export, file: File, to: &Path) -> Result<(), Problem> {
    let file = Arc::new(file);
    while let Some(piece) = export.next_piece().await.map_err(Problem::from)? {
        let file = Arc::clone(&file);
        on_file(to, move |_| (&*file).write_all(&piece)).await?;
    }
    on_file(to, move |_| file.sync_all()).await
}

/// An export in a file.
struct FromFile(Arc<File>);

impl Pieces for FromFile {
    fn next_piece(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, FaceError>> + Send + '_>> {
        let file = Arc::clone(&self.0);
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read_piece(&file)).await;
            let read = read.map_err(|_| FaceError::Bug("reading an export broke off"))?;
            read.map_err(|source| FaceError::Store(StoreError::Io { context: "reading the export".to_owned(), source }))
        })
    }
}

/// The next piece; nothing at the end.
fn read_piece(file: &File) -> io::Result<Option<Bytes>> {
    let mut piece = Vec::new();
    let length = file.take(PIECE).read_to_end(&mut piece)?;
    Ok((length > 0).then(|| piece.into()))
}

/// What a check has seen, as a sentence.
pub(super) fn whole(verified: &Verified, archived: Whole) -> Text {
    let Verified { documents, commits, facets, .. } = verified;
    let Whole { files, rows } = archived;
    Text::both(
        format!(
            "everything is whole: {documents} documents, {commits} commits, {facets} facets; of the past {rows} rows in {files} files"
        ),
        format!(
            "すべて正常です: 文書{documents}件、コミット{commits}件、ファセット{facets}件、履歴{rows}行({files}ファイル)"
        ),
    )
}

fn refused(error: StoreError) -> Problem {
    let ja = said::in_language(&error, Language::Japanese);
    Problem::new(ErrorKind::BadRequestData, Text::both(said::in_language(&error, Language::English), ja)).because(error)
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let path = path.display();
    let text = if error.kind() == io::ErrorKind::AlreadyExists {
        Text::both(
            format!("{path} is there already; name a file that is not"),
            format!("{path}はすでに存在します。別のファイル名を指定してください"),
        )
    } else {
        Text::both(format!("{path} cannot be used: {error}"), format!("{path}を使用できません: {error}"))
    };
    Problem::new(ErrorKind::BadRequestData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_travels_and_comes_back_the_same() {
        let aoi: TenantId = "aoi".parse().unwrap();
        for asked in [
            Asked::Backup { to: "/a b".into() },
            Asked::Verify,
            Asked::AcceptClock,
            Asked::AddContext { url: "https://example.org/c".parse().unwrap(), text: "{\"@context\":{}}".to_owned() },
            Asked::ListTenants,
            Asked::CreateTenant { tenant: aoi.clone() },
            Asked::ExportTenant { tenant: aoi.clone(), to: "/x".into() },
            Asked::RestoreTenant { tenant: TenantId::default_tenant(), from: "/x".into() },
            Asked::EraseTenant { tenant: aoi },
        ] {
            let (word, body) = asked.write();
            assert_eq!(Asked::read(word, body.to_text().as_bytes()), Some(asked));
        }
        assert_eq!(Asked::read("backup", b"{}"), None);
        assert_eq!(Asked::read("unknown", b"{}"), None);
    }
}
