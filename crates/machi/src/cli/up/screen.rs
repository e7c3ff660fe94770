//! The one screen of `machi up`: where the city is, what to type, where its data lies, how to stop and to begin anew.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use machi_http::Language;

use crate::config::Caller;

/// What the screen tells of.
pub(super) struct Screen {
    /// Where the city listens.
    pub(super) url: String,
    /// Where its data lies.
    pub(super) data: PathBuf,
    /// Who sits before it, where that is another machine.
    pub(super) caller: Option<Caller>,
    /// The reader's language.
    pub(super) language: Language,
}

impl Screen {
    /// Shows it, with this streetlight where there is a demo city.
    pub(super) fn show(&self, streetlight: Option<&str>) {
        let text = match self.language {
            Language::English => self.english(streetlight),
            Language::Japanese => self.japanese(streetlight),
        };
        let mut out = io::stdout().lock();
        // Nobody may be reading any more; the city runs all the same.
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    fn english(&self, streetlight: Option<&str>) -> String {
        let Self { url, .. } = self;
        let map = match streetlight {
            Some(_) => format!("  The map:       {url}/#view=map\n"),
            None => String::new(),
        };
        let tunnel = self.tunnel().map_or_else(String::new, |tunnel| {
            format!("  From your own machine, type this there first:\n    {tunnel}\n")
        });
        format!(
            "
Machi is open.

  In a browser:  {url}
{map}{tunnel}
  In another terminal:
{lines}
  The data:      {data}
  To stop:       Ctrl-C; nothing is lost, and the same command opens it again.
  To begin anew: make clean-city, or delete that folder while the city is stopped.
  To learn more: README.md has a tour of eight short steps.

",
            lines = self.lines(streetlight),
            data = whole(&self.data).display(),
        )
    }

    fn japanese(&self, streetlight: Option<&str>) -> String {
        let Self { url, .. } = self;
        let map = match streetlight {
            Some(_) => format!("  地図:       {url}/#view=map\n"),
            None => String::new(),
        };
        let tunnel = self.tunnel().map_or_else(String::new, |tunnel| {
            format!("  手元のマシンから見るには、先にそこで次を実行します:\n    {tunnel}\n")
        });
        format!(
            "
Machiが開きました。

  ブラウザー: {url}
{map}{tunnel}
  別の端末で試す:
{lines}
  データ:     {data}
  停止:       Ctrl-C。何も失われません。同じコマンドで再び開きます。
  最初から:   make clean-city、または停止中に上のフォルダーを削除します。
  次に:       README.ja.mdに8つの短い手順があります。

",
            lines = self.lines(streetlight),
            data = whole(&self.data).display(),
        )
    }

    /// Three lines to paste: one that looks around, one that asks, one that changes something.
    fn lines(&self, streetlight: Option<&str>) -> String {
        let api = format!("{}/ngsi-ld/v1", self.url);
        let lines = match streetlight {
            Some(light) => [
                format!("curl {api}/types"),
                format!(
                    "curl -G {api}/entities -d type=OffStreetParking --data-urlencode 'q=availableSpotNumber>0' -d format=simplified -d pick=id,availableSpotNumber"
                ),
                format!(
                    "curl -X PATCH {api}/entities/{light}/attrs/powerState -H 'Content-Type: application/json' -d '{{\"value\":\"on\"}}'"
                ),
            ],
            None => [
                format!("curl {api}/types"),
                format!(
                    "curl {api}/entities -H 'Content-Type: application/json' -d '{{\"id\":\"urn:ngsi-ld:Room:1\",\"type\":\"Room\",\"temperature\":{{\"value\":21}}}}'"
                ),
                format!("curl {api}/entities/urn:ngsi-ld:Room:1"),
            ],
        };
        lines.map(|line| format!("    {line}\n")).concat()
    }

    /// The command that brings the city to a machine that came over SSH.
    fn tunnel(&self) -> Option<String> {
        let Caller { user, host } = self.caller.as_ref()?;
        let (_, port) = self.url.rsplit_once(':')?;
        let to = user.as_ref().map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
        Some(format!("ssh -L {port}:127.0.0.1:{port} {to}"))
    }
}

/// The path as it is known from everywhere.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_over_ssh_is_shown_the_way() {
        let caller = Caller { user: Some("aoi".to_owned()), host: "10.1.2.3".to_owned() };
        let screen = Screen {
            url: "http://127.0.0.1:9090".to_owned(),
            data: PathBuf::from("/no/such/folder"),
            caller: Some(caller),
            language: Language::English,
        };
        for text in [screen.english(None), screen.japanese(Some("urn:x:1"))] {
            assert!(text.contains("    ssh -L 9090:127.0.0.1:9090 aoi@10.1.2.3\n"), "{text}");
            assert!(text.contains("/no/such/folder") && text.lines().count() < 24, "{text}");
        }
        let here = Screen { caller: None, ..screen };
        assert!(!here.english(None).contains("ssh"));
        assert!(here.japanese(Some("urn:x:1")).contains("/urn:x:1/attrs/powerState"));
    }
}
