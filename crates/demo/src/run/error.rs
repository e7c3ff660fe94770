//! Why the demo city cannot be loaded or moved.

use http::StatusCode;
use machi_http::client::TrustError;
use machi_types::{Language, Text};

use crate::plan::Size;

/// What ends the simulator.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It was told to end.
    #[error("the simulator was told to end")]
    Ended,
    /// The client cannot be made.
    #[error("the client cannot be made")]
    Client(#[from] TrustError),
    /// What was given is no address.
    #[error("{0}; an address looks like http://127.0.0.1:8080")]
    Address(String),
    /// The city refuses what it is sent.
    #[error("the city at {url} answers {status}: {detail}")]
    Refused {
        /// Where it is.
        url: String,
        /// Its status.
        status: StatusCode,
        /// What it says.
        detail: String,
    },
    /// Another demo city is there already.
    #[error(
        "the city at {url} holds a demo city already, of size {size} and seed {seed}; name these, or begin anew in an empty data folder"
    )]
    Other {
        /// Where it is.
        url: String,
        /// Its size.
        size: String,
        /// Its seed.
        seed: String,
    },
    /// Somebody took the demo city away.
    #[error("the city at {url} holds no demo city any more; run the command again to load it")]
    Gone {
        /// Where it is.
        url: String,
    },
}

impl DemoError {
    /// The sentence in both languages.
    pub fn text(&self) -> Text {
        let ja = match self {
            Self::Ended => "終了を指示されました".to_owned(),
            Self::Client(_) => "クライアントを用意できません".to_owned(),
            Self::Address(why) => format!("アドレスが正しくありません({why})。例: http://127.0.0.1:8080"),
            Self::Refused { url, status, detail } => format!("{url}の都市の応答は{status}です: {detail}"),
            Self::Other { url, size, seed } => format!(
                "{url}の都市には、すでに別のデモ都市(サイズ{size}、シード{seed})があります。同じ値を指定するか、空のデータフォルダーで始めてください"
            ),
            Self::Gone { url } => {
                format!("{url}の都市からデモ都市がなくなりました。もう一度実行すると読み込みます")
            }
        };
        Text::both(self.to_string(), ja)
    }
}

/// What people are told while the simulator runs.
pub(super) fn loading(size: Size, seed: u64, url: &str, total: usize) -> Text {
    let total = grouped(total);
    Text::both(
        format!("Loading Shiomi City ({size}, seed {seed}, {total} entities) into {url}."),
        format!("汐見市(サイズ{size}、シード{seed}、{total}件)を{url}に読み込みます。"),
    )
}

pub(super) fn progress(done: usize, total: usize) -> Text {
    let (done, total) = (grouped(done), grouped(total));
    Text::both(format!("{done} of {total} entities"), format!("{total}件のうち{done}件"))
}

pub(super) fn loaded(total: usize, seconds: f64) -> Text {
    let total = grouped(total);
    Text::both(
        format!("{total} entities are loaded, in {seconds:.1} s."),
        format!("{total}件を{seconds:.1}秒で読み込みました。"),
    )
}

pub(super) fn past_told(days: i64, things: usize, values: usize, seconds: f64) -> Text {
    let (things, values) = (grouped(things), grouped(values));
    Text::both(
        format!("{days} days of past are told: {values} values of {things} entities, in {seconds:.1} s."),
        format!("過去{days}日分の履歴({things}件、{values}値)を{seconds:.1}秒で登録しました。"),
    )
}

pub(super) fn past_refused(error: &DemoError) -> Text {
    let text = error.text();
    Text::both(
        format!("The city begins without a past: {}", text.in_language(Language::English)),
        format!("過去の履歴なしで始めます: {}", text.in_language(Language::Japanese)),
    )
}

pub(super) fn there_already(size: Size, seed: u64) -> Text {
    Text::both(
        format!("Shiomi City ({size}, seed {seed}) is there already; nothing is loaded."),
        format!("汐見市(サイズ{size}、シード{seed})はすでにあるため、読み込みません。"),
    )
}

pub(super) fn moves(rate: u32) -> Text {
    Text::both(
        format!("The city moves: up to {rate} attributes a second."),
        format!("都市が動き始めました(最大で毎秒{rate}属性)。"),
    )
}

pub(super) fn silent(url: &str, why: &str) -> Text {
    Text::both(
        format!(
            "The city at {url} does not answer ({why}); it is asked again until it does. Start it, or name it with --url."
        ),
        format!(
            "{url}の都市が応答しません({why})。応答するまで繰り返します。都市を起動するか、--urlでアドレスを指定してください。"
        ),
    )
}

pub(super) fn answers_again() -> Text {
    Text::both("The city answers again.", "都市が再び応答しました。")
}

pub(super) fn flood_begins() -> Text {
    Text::both("The flood begins.", "増水が始まりました。")
}

pub(super) fn flood_is_over() -> Text {
    Text::both("The water has gone down.", "水位が下がりました。")
}

/// A number with a comma behind every thousand.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_thousands() {
        assert_eq!([7, 999, 1000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
        let told = DemoError::Gone { url: "http://a".to_owned() }.text();
        assert!(told.in_language(Language::Japanese).starts_with("http://aの都市から"));
    }
}
