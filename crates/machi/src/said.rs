//! What the command line says to people, in their language.

use std::error::Error;

use machi_http::Language;
use machi_store::StoreError;

use crate::cli::OpenError;
use crate::control::ControlError;
use crate::lifecycle::StartError;

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
        .or_else(|| error.downcast_ref().and_then(of_control))
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
        StoreError::NewerFormat { file, found, known } => {
            format!(
                "{file}の形式は{found}ですが、このMachiが読めるのは{known}までです。書き込んだバージョン以降のMachiを使ってください"
            )
        }
        StoreError::Missing { folder, what: "backup" } => format!("{folder}にバックアップはありません"),
        StoreError::Missing { folder, .. } => format!("{folder}に都市データはありません"),
        StoreError::Damaged { file, detail } => format!("{file}が壊れています({detail})"),
        StoreError::ReadOnly { reason } => format!("現在書き込みを受け付けていません: {reason}"),
        _ => return None,
    })
}

fn of_start(error: &StartError) -> Option<String> {
    Some(match error {
        StartError::Store(_) => "都市データを開けません".to_owned(),
        StartError::PortTaken { listen } => {
            format!(
                "{listen}は別のプログラムが使用中です。そのプログラムを終了するか、--listenで別のポートを指定してください(ポート0なら空きポートを使います)"
            )
        }
        StartError::Listen { listen, .. } => format!(
            "{listen}で待ち受けできません。このマシンのアドレスと、rootでない場合は1024以上のポートを指定してください"
        ),
        StartError::Origin(origin) => {
            format!("[server] originsの\"{origin}\"はオリジンではありません。例: https://portal.example.jp")
        }
        StartError::Trust(_) => "[egress] authoritiesを使用できません".to_owned(),
        StartError::Control(_) | StartError::Restore(_) | StartError::Runtime(_) => return None,
    })
}

fn of_opening(error: &OpenError) -> String {
    match error {
        OpenError::NotOpen => {
            "このバージョンにはサインインがなく、接続できる人は誰でもすべてを読み書きできます。このマシンのプログラムに限って許可するなら--openを付けてください".to_owned()
        }
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
