//! What the command line says to people, in their language.

use std::error::Error;
use std::fmt;
use std::io;

use machi_archive::ArchiveError;
use machi_connect::{MappingError, OpenError as TableError};
use machi_demo::DemoError;
use machi_http::{Language, Text};
use machi_store::StoreError;

use crate::cli::{OpenError, RowsRefused};
use crate::config::ConfigError;
use crate::control::ControlError;
use crate::import::{CityError, FileError};
use crate::lifecycle::StartError;

/// An error that is nothing but a sentence, in both languages.
#[derive(Debug)]
pub struct Told(pub Text);

impl Told {
    /// A sentence in English and Japanese.
    pub fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self(Text::both(en.into(), ja.into()))
    }
}

impl Error for Told {}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.in_language(Language::English))
    }
}

/// An error and its causes, as one sentence.
pub fn in_language(error: &(dyn Error + 'static), language: Language) -> String {
    let mut text = one(error, language);
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&one(inner, language));
        cause = inner.source();
    }
    text
}

fn one(error: &(dyn Error + 'static), language: Language) -> String {
    let japanese = if language == Language::Japanese { japanese(error) } else { None };
    japanese.unwrap_or_else(|| error.to_string())
}

/// What operators meet; what only developers do stays in English.
fn japanese(error: &(dyn Error + 'static)) -> Option<String> {
    error
        .downcast_ref()
        .and_then(of_store)
        .or_else(|| error.downcast_ref().and_then(of_start))
        .or_else(|| error.downcast_ref().map(of_opening))
        .or_else(|| error.downcast_ref().map(of_archive))
        .or_else(|| error.downcast_ref().and_then(of_control))
        .or_else(|| error.downcast_ref().map(of_import))
        .or_else(|| error.downcast_ref().map(of_table))
        .or_else(|| error.downcast_ref().map(of_mapping))
        .or_else(|| error.downcast_ref().map(of_city))
        .or_else(|| error.downcast_ref().map(of_demo))
        .or_else(|| error.downcast_ref().map(of_rows))
        .or_else(|| error.downcast_ref().map(of_settings))
        .or_else(|| error.downcast_ref().and_then(of_system))
        .or_else(|| error.downcast_ref().map(|told: &Told| told.0.in_language(Language::Japanese).to_owned()))
}

fn of_archive(error: &ArchiveError) -> String {
    error.text().in_language(Language::Japanese).to_owned()
}

fn of_store(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::NotEmpty { folder } => {
            format!("{folder}は空ではありません。新しいフォルダーか空のフォルダーを指定してください")
        }
        StoreError::Unusable { folder, .. } => {
            format!(
                "データフォルダー{folder}を使用できません。フォルダーであること、書き込み権限があることを確認してください"
            )
        }
        StoreError::InUse { folder } => {
            format!(
                "データフォルダー{folder}は別のプロセスが使用中です。先にそのプロセスを終了するか、別のフォルダーを指定してください"
            )
        }
        StoreError::IsBackup { folder } => {
            format!(
                "{folder}はバックアップであり、書き換えられません。machi restore {folder} --data フォルダー で新しいフォルダーに復元してから使ってください"
            )
        }
        StoreError::Unfinished { folder, what } => {
            format!(
                "{folder}では{}が完了していません。終わるまで待つか、中断した場合は machi {what} をやり直してください",
                if *what == "backup" { "バックアップ" } else { "復元" }
            )
        }
        StoreError::Inside { folder, outer } => {
            format!(
                "{folder}は都市またはバックアップのフォルダー{outer}の中にあります。外のフォルダーを指定してください"
            )
        }
        StoreError::NewerFormat { file, found, known } => {
            format!(
                "{file}の形式は{found}ですが、このMachiが読めるのは{known}までです。書き込んだバージョン以降のMachiを使ってください"
            )
        }
        StoreError::Missing { folder, what: "backup" } => format!("{folder}にバックアップはありません"),
        StoreError::Missing { folder, .. } => format!("{folder}に都市データはありません"),
        StoreError::Damaged { file, detail } => format!("{file}が壊れています({detail})"),
        StoreError::Served => {
            "このデータベースの都市は別のプロセスが稼働させています。先にそのプロセスを終了してください".to_owned()
        }
        StoreError::Unnamed(reason) => format!(
            "[store] urlがデータベースのアドレス(postgres://ユーザー:パスワード@ホスト/データベース など)ではありません: {reason}"
        ),
        StoreError::Away(reason) => format!("データベースに接続できません: {reason}"),
        StoreError::ReadOnly { reason } => {
            format!("現在書き込みを受け付けていません: {}", reason.in_language(Language::Japanese))
        }
        _ => return None,
    })
}

fn of_start(error: &StartError) -> Option<String> {
    Some(match error {
        StartError::Store(_) => "都市データを開けません".to_owned(),
        StartError::Elsewhere(_) => "都市の場所が違います".to_owned(),
        StartError::PortTaken { listen } => {
            format!(
                "{listen}は別のプログラムが使用中です。そのプログラムを終了するか、--listenで別のポートを指定してください(ポート0なら空きポートを使います)"
            )
        }
        StartError::Listen { listen, .. } => format!(
            "{listen}で待ち受けできません。このマシンのアドレスと、rootでない場合は1024以上のポートを指定してください"
        ),
        StartError::SqlPortTaken { address } => format!(
            "{address}([sql] address)は別のプログラムが使用中です。そのプログラムを終了するか、別のポートを指定してください"
        ),
        StartError::SqlListen { address, .. } => format!(
            "{address}([sql] address)で待ち受けできません。このマシンのアドレスと、rootでない場合は1024以上のポートを指定してください"
        ),
        StartError::WithoutSql => {
            "[sql] addressが指定されていますが、このプログラムはSQLなしでビルドされています。make up FEATURES=sqlでビルドしてください".to_owned()
        }
        StartError::Archive(_) | StartError::Bucket(_) => "都市の履歴を開けません".to_owned(),
        StartError::Trust(_) => "[egress] authoritiesを使用できません".to_owned(),
        StartError::Control(_) | StartError::Restore(_) | StartError::Runtime(_) => return None,
    })
}

fn of_opening(error: &OpenError) -> String {
    match error {
        OpenError::NotOpen => {
            "このバージョンにはサインインがなく、接続できる人は誰でもすべてを読み書きできます。このマシンのプログラムに限って許可するなら--openを付けてください".to_owned()
        }
        OpenError::NotPrivate { network } => format!(
            "{network}は内部ネットワークではありません。サインインがないため、--open-toには10.0.0.0/8、172.16.0.0/12、192.168.0.0/16、100.64.0.0/10、169.254.0.0/16、fc00::/7、fe80::/10に含まれるネットワークだけを指定できます"
        ),
        OpenError::NotLoopback { listen } => format!(
            "{listen}には他のマシンから接続できますが、サインインがありません。127.0.0.1で待ち受けるか、接続を許可する内部ネットワークを--open-to CIDRで指定してください"
        ),
    }
}

fn of_control(error: &ControlError) -> Option<String> {
    match error {
        ControlError::Refused(reason) => Some(format!("稼働中の都市からの応答: {reason}")),
        ControlError::NotRunning { data } => Some(format!("{}で稼働中の都市はありません", data.display())),
        ControlError::NoCity { data } => Some(format!("{}に都市データはありません", data.display())),
        ControlError::File { .. } | ControlError::Client(_) => None,
    }
}

fn of_import(error: &FileError) -> String {
    match error {
        FileError::Read { path, .. } => format!("{}を読み込めません", path.display()),
        FileError::Open { path, .. } => path.display().to_string(),
        FileError::Report { path, .. } => {
            format!("記録{}を書き込めません。--reportで別の場所を指定してください", path.display())
        }
        FileError::City { path, row, .. } => {
            format!("{}は{row}行目まで取り込みました。同じコマンドで続きから再開します", path.display())
        }
    }
}

fn of_table(error: &TableError) -> String {
    match error {
        TableError::Io(_) => "ファイルを読み込めません".to_owned(),
        TableError::Header(told) => told.in_language(Language::Japanese).to_owned(),
        TableError::NeedsMapping { .. } => {
            "列だけではエンティティのIDと型が分かりません。対応表(--mapping)で指定してください".to_owned()
        }
    }
}

fn of_mapping(error: &MappingError) -> String {
    match error {
        MappingError::Text(text) => format!("TOMLとして正しくありません: {text}"),
        MappingError::Value { key, wrong } => format!("{key}: {}", wrong.in_language(Language::Japanese)),
    }
}

fn of_city(error: &CityError) -> String {
    match error {
        CityError::Silent { server, why } => format!(
            "{server}の都市が応答しません({why})。都市を起動するか、--serverでアドレスを指定して、もう一度実行してください"
        ),
        CityError::Answer { server, status, detail } => format!("{server}の都市の応答は{status}です: {detail}"),
        CityError::Request(reason) => reason.clone(),
    }
}

fn of_demo(error: &DemoError) -> String {
    error.text().in_language(Language::Japanese).to_owned()
}

fn of_rows(error: &RowsRefused) -> String {
    format!("取り込めなかった行: {}。それぞれの誤りと正しい書き方は記録にあります", error.0)
}

fn of_settings(error: &ConfigError) -> String {
    const JA: Language = Language::Japanese;
    match error {
        ConfigError::Unreadable { path, .. } => format!("設定ファイル{}を読み込めません", path.display()),
        ConfigError::Syntax { path, reason } => format!("{}はTOMLとして正しくありません: {reason}", path.display()),
        ConfigError::UnknownSection { origin, section, hint } => {
            format!("{origin}: セクション[{section}]はありません。{}", hint.in_language(JA))
        }
        ConfigError::OutsideSection { origin, key, hint } => {
            format!("{origin}: \"{key}\"がどのセクションにも属していません。{}", hint.in_language(JA))
        }
        ConfigError::UnknownKey { origin, section, key, hint } => {
            format!("{origin}: [{section}]に\"{key}\"というキーはありません。{}", hint.in_language(JA))
        }
        ConfigError::Value { origin, section, key, value, expected } => {
            format!("{origin}: [{section}] {key} = {value}は正しくありません(必要なもの: {})", expected.1)
        }
        ConfigError::Page { page, largest } => format!(
            "[limits] page = {page}がlargest_page = {largest}を超えています。pageを小さくするか、largest_pageを大きくしてください"
        ),
        ConfigError::Variable { name } => format!(
            "環境変数{name}に当たる設定はありません。MACHI__SERVER__LISTENのように、MACHI__セクション__キーの形で書いてください"
        ),
    }
}

/// What the system says, where operators meet it.
fn of_system(error: &io::Error) -> Option<String> {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "ファイルまたはフォルダーがありません",
        io::ErrorKind::PermissionDenied => "権限がありません",
        io::ErrorKind::AlreadyExists => "すでに存在します",
        io::ErrorKind::IsADirectory => "フォルダーです",
        io::ErrorKind::NotADirectory => "フォルダーではありません",
        io::ErrorKind::StorageFull => "ディスクに空きがありません",
        io::ErrorKind::ReadOnlyFilesystem => "書き込みできないファイルシステムです",
        io::ErrorKind::AddrNotAvailable => "このマシンのアドレスではありません",
        _ => return None,
    };
    let code = error.raw_os_error().map(|code| format!("(OSエラー{code})")).unwrap_or_default();
    Some(format!("{what}{code}"))
}

/// Rows under their heads, each column as wide as its widest cell.
pub fn table<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(String::as_str);
    let widths: Vec<usize> =
        (0..N).map(|column| cells(column).chain(head.get(column).copied()).map(width).max().unwrap_or(0)).collect();
    let line = |row: Vec<&str>| {
        let mut text = String::new();
        for (cell, widest) in row.into_iter().zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(widest - width(cell) + 2));
        }
        text.trim_end().to_owned()
    };
    let lines = std::iter::once(line(head.to_vec()))
        .chain(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.collect::<Vec<_>>().join("\n")
}

/// How many columns of a terminal a text takes; kana and kanji take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}') { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_read_their_own_language() {
        let error = StartError::Store(StoreError::InUse { folder: "/city".to_owned() });
        assert_eq!(
            in_language(&error, Language::English),
            "the city's data cannot be opened: the data folder /city is in use by another process; stop that one first, or name another folder"
        );
        let told = in_language(&error, Language::Japanese);
        assert!(told.starts_with("都市データを開けません: データフォルダー/cityは別のプロセスが使用中です"), "{told}");
        assert!(in_language(&OpenError::NotOpen, Language::Japanese).contains("--open"));
        // What has no Japanese is still told.
        assert_eq!(in_language(&StoreError::Closing, Language::Japanese), "the store is closing");
    }

    #[test]
    fn tables_are_straight() {
        let rows = [["aoi".to_owned(), "12".to_owned()], ["みどり".to_owned(), "3".to_owned()]];
        assert_eq!(table(&["tenant", "entities"], &rows), "tenant  entities\naoi     12\nみどり  3");
    }
}
