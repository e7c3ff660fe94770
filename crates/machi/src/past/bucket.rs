//! The archive in a bucket: which one belongs to a city, and who we are to it.
//!
//! The city remembers its bucket in its folder, so that commands find it, and so that no city begins a second past beside
//! its own. The bucket remembers its city, so that no two write into one place, such as one and its restored backup.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use machi_history_bucket::{Bucket, Credentials, Place, Settings};
use machi_history_lake::Files;
use machi_http::Language;
use machi_http::client::{Client, ClientSettings, Egress};
use machi_store_embedded::write_durably;

use super::FOLDER;
use crate::config::{self, Config, ConfigError, HistorySection, Section};
use crate::control;
use crate::said::Told;

/// What the folder of a city says of its bucket: a file of settings with the section history.
const REMEMBERED: &str = "history-bucket.toml";
/// What the bucket says of its city.
const CITY: &str = "machi-city";
/// How long a bucket has to take a connection, and how long connections are kept.
const CONNECT: Duration = Duration::from_secs(5);
const KEPT: Duration = Duration::from_secs(30);

/// The bucket of a city, if it has one; refuses where the settings name another place than the one in which its past lies.
pub(super) fn of_city(config: &Config) -> Result<Option<Arc<dyn Files>>, Told> {
    let data = &config.store.path;
    let known = remembered(data)?;
    let named = config.history.bucket.as_ref();
    match (known.as_ref().and_then(|known| known.bucket.as_ref()), named) {
        (None, None) => Ok(None),
        (Some(known), None) => Err(elsewhere(known)),
        (Some(known), Some(named)) if known != named => Err(elsewhere(known)),
        (Some(_), Some(named)) => {
            remember(data, &config.history)?;
            Ok(Some(Arc::new(open(config, named)?)))
        }
        (None, Some(named)) => Ok(Some(Arc::new(move_in(config, named)?))),
    }
}

/// Finds out whether there is what the settings name.
pub(super) fn check(config: &Config) -> Result<(), Told> {
    config.history.bucket.as_ref().map_or(Ok(()), |place| open(config, place).map(drop))
}

/// The settings by which a city that rests reaches its past.
pub(crate) fn of_resting(data: &Path) -> Result<Config, Told> {
    let mut config = Config::default();
    data.clone_into(&mut config.store.path);
    config.history = remembered(data)?.unwrap_or_default();
    Ok(config)
}

/// Opens a bucket, which is not asked yet.
fn open(config: &Config, place: &Place) -> Result<Bucket, Told> {
    let history = &config.history;
    let settings = Settings {
        place: place.clone(),
        endpoint: Some(history.endpoint.clone()).filter(|endpoint| !endpoint.is_empty()),
        region: history.region.clone(),
        credentials: credentials(history)?,
        client: client(config)?,
    };
    Bucket::new(settings).map_err(|error| unusable(place, &error))
}

/// A client that reaches whatever the operator names: a bucket may well stand in an inside network.
fn client(config: &Config) -> Result<Client, Told> {
    let everywhere = ["0.0.0.0/0", "::/0"].into_iter().filter_map(|network| network.parse().ok()).collect();
    let settings = ClientSettings {
        egress: Egress::allowing(everywhere),
        authorities: config.egress.authorities.clone(),
        connect_patience: CONNECT,
        kept_per_host: 8,
        kept_for: KEPT,
    };
    Client::new(settings)
        .map_err(|error| Told::new(error.to_string(), format!("[egress] authoritiesを使用できません: {error}")))
}

fn credentials(history: &HistorySection) -> Result<Credentials, Told> {
    let Some(path) = &history.credentials else {
        return config::bucket_credentials().ok_or_else(|| {
            Told::new(
                "[history] bucket needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or name a file by [history] credentials",
                "[history] bucketには認証情報が必要です。環境変数AWS_ACCESS_KEY_IDとAWS_SECRET_ACCESS_KEYを設定するか、[history] credentialsでファイルを指定してください",
            )
        });
    };
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Told::new(
            format!("the file {shown} of [history] credentials cannot be read: {error}"),
            format!("[history] credentialsのファイル{shown}を読めません: {error}"),
        )
    })?;
    Credentials::parse(&text).map_err(|error| {
        Told::new(
            format!("the file {shown} of [history] credentials cannot be used: {error}"),
            format!(
                "[history] credentialsのファイル{shown}を使用できません。aws_access_key_id = キー と aws_secret_access_key = シークレット の行を書いてください"
            ),
        )
    })
}

/// Takes a place for a city that had none, if neither has a past.
fn move_in(config: &Config, place: &Place) -> Result<Bucket, Told> {
    let data = &config.store.path;
    let folder = data.join(FOLDER);
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let shown = folder.display();
        return Err(Told::new(
            format!(
                "the past of this city lies in {shown}, not in {place}: copy what is in this folder to an empty place in a bucket (such as: aws s3 sync {shown} {place}), remove the folder, and start again"
            ),
            format!(
                "この都市の履歴は{place}ではなく{shown}にあります。フォルダーの中身をバケットの空の場所にコピーし(例: aws s3 sync {shown} {place})、フォルダーを削除してから起動し直してください"
            ),
        ));
    }
    let bucket = open(config, place)?;
    match bucket.put_new(CITY, control::secret().as_bytes()) {
        Ok(true) => {
            remember(data, &config.history)?;
            Ok(bucket)
        }
        Ok(false) => Err(Told::new(
            format!(
                "{place} holds the past of another city, or of this one before it was restored: name an empty place by [history] bucket"
            ),
            format!(
                "{place}には別の都市(または復元前のこの都市)の履歴があります。[history] bucketで空の場所を指定してください"
            ),
        )),
        Err(error) => Err(unusable(place, &error)),
    }
}

fn remembered_at(data: &Path) -> PathBuf {
    data.join(REMEMBERED)
}

fn remembered(data: &Path) -> Result<Option<HistorySection>, Told> {
    let path = remembered_at(data);
    if !path.exists() {
        return Ok(None);
    }
    let config = Config::load(Some(&path), &[]).map_err(|error: ConfigError| {
        Told::new(error.to_string(), format!("{}を読めません: {error}", path.display()))
    })?;
    Ok(Some(config.history))
}

/// Writes down how the bucket is reached; credentials are named, never written.
fn remember(data: &Path, history: &HistorySection) -> Result<(), Told> {
    let known = HistorySection {
        bucket: history.bucket.clone(),
        endpoint: history.endpoint.clone(),
        region: history.region.clone(),
        credentials: history.credentials.clone(),
        ..HistorySection::default()
    };
    let (known, usual) = (known.keys(), HistorySection::default().keys());
    let changed = known.iter().zip(&usual).filter(|(one, usual)| one != usual);
    let lines: Vec<String> = changed.map(|(key, _)| format!("{} = {}\n", key.name, key.value)).collect();
    let text = format!("# Where the past of this city lies.\n[history]\n{}", lines.concat());
    let path = remembered_at(data);
    if fs::read_to_string(&path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    write_durably(&path, &text).map_err(|error| {
        let shown = path.display();
        Told::new(format!("{shown} cannot be written: {error}"), format!("{shown}に書き込めません: {error}"))
    })
}

fn elsewhere(known: &Place) -> Told {
    Told::new(
        format!(
            "the past of this city lies in {known}: name it by [history] bucket; to move it, copy all of it, and correct {REMEMBERED} in the folder of the city"
        ),
        format!(
            "この都市の履歴は{known}にあります。[history] bucketで指定してください。移す場合は全体をコピーし、都市のフォルダーの{REMEMBERED}を修正してください"
        ),
    )
}

fn unusable(place: &Place, error: &io::Error) -> Told {
    let reason = machi_history_lake::reason(error);
    Told::new(
        format!("{place} cannot be used: {}", reason.in_language(Language::English)),
        format!("{place}を使用できません: {}", reason.in_language(Language::Japanese)),
    )
}
