//! What an import is sent: a file that is the body, or a form in which a mapping may come before the file.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderMap, HeaderValue, StatusCode};
use machi_connect::{Format, Mapping};
use machi_http::request::{BodyLimits, BodyStream, Form, Parameterized, stated_type};
use machi_http::{Language, Problem, Text};
use machi_types::ErrorKind;
use tokio::time::timeout;

use super::media::Media;
use crate::said::in_language;

/// How much of a file that comes before its mapping is held until that comes.
const LOOKED_AHEAD: usize = 4 << 20;
/// The longest mapping.
const LARGEST_MAPPING: usize = 1 << 20;
/// What follows an error is read to its end if it is no longer than this, and comes in this time, so that every client
/// hears of the error.
const PASSED_OVER: usize = 16 << 20;
const PATIENCE: Duration = Duration::from_secs(2);

/// What comes in.
#[derive(Debug)]
pub(super) struct Upload {
    stated: Parameterized,
    coming: Coming,
    /// Whether the client waits for a word before it sends anything (RFC 9110 §10.1.1).
    is_waiting: bool,
    has_ended: bool,
}

#[derive(Debug)]
enum Coming {
    Body(BodyStream),
    Form(Box<Form>),
}

/// A file, and what is told of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) media: Media,
    pub(super) mapping: Option<Mapping>,
    /// Its beginning: at least as much of it as tells its format, or all.
    pub(super) head: Vec<u8>,
}

impl Upload {
    /// The body of a request.
    pub(super) fn new(headers: &HeaderMap, body: Body, largest: u64) -> Result<Self, Problem> {
        let stated = stated_type(headers)?.unwrap_or_default();
        let body = BodyStream::new(headers, body, &BodyLimits { largest, key: "[limits] import_body" })?;
        let is_form = stated.value == "multipart/form-data";
        let coming = if is_form { Coming::Form(Box::new(Form::new(&stated, body)?)) } else { Coming::Body(body) };
        Ok(Self { stated, coming, is_waiting: headers.contains_key(EXPECT), has_ended: false })
    }

    /// Goes to the file, and reads its beginning.
    pub(super) async fn file(&mut self) -> Result<Told, Problem> {
        let (media, mut mapping) = match &mut self.coming {
            Coming::Body(_) => (Media::of_body(&self.stated)?, None),
            Coming::Form(form) => {
                self.is_waiting = false;
                before_the_file(form).await?
            }
        };
        self.is_waiting = false;
        let awaits_mapping = mapping.is_none() && matches!(self.coming, Coming::Form(_));
        let wanted = if awaits_mapping { LOOKED_AHEAD } else { Format::HEAD };
        let mut head = Vec::new();
        while head.len() < wanted {
            let Some(piece) = self.piece().await? else {
                mapping = self.behind_the_file(mapping).await?;
                break;
            };
            head.extend_from_slice(&piece);
        }
        Ok(Told { media, mapping, head })
    }

    /// Whether all of the file has come.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The next piece of the file; none at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.has_ended {
            return Ok(None);
        }
        let piece = self.piece().await?;
        if piece.is_some() {
            return Ok(piece);
        }
        match self.behind_the_file(None).await? {
            Some(_) => Err(too_late("mapping")),
            None => Ok(None),
        }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        match &mut self.coming {
            Coming::Body(body) => body.next().await,
            Coming::Form(form) => form.next_piece().await,
        }
    }

    /// Goes on to the end: behind a file there may be a mapping, if none was before it.
    async fn behind_the_file(&mut self, known: Option<Mapping>) -> Result<Option<Mapping>, Problem> {
        let mut mapping = known;
        if let Coming::Form(form) = &mut self.coming {
            while let Some(part) = form.next_part().await? {
                match part.name.as_str() {
                    "mapping" if mapping.is_none() => mapping = Some(read_mapping(form).await?),
                    name @ ("mapping" | "file") => return Err(repeated(name)),
                    other => return Err(unknown_part(other)),
                }
            }
        }
        self.has_ended = true;
        Ok(mapping)
    }

    /// Leaves off with a problem. Many clients read no answer before they have sent all; where that is too much, or takes
    /// too long, the connection ends with the answer.
    pub(super) async fn leave(mut self, problem: Problem) -> Problem {
        if self.is_waiting || problem.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return problem;
        }
        match timeout(PATIENCE, self.pass_over()).await {
            Ok(true) => problem,
            Ok(false) | Err(_) => problem.with_header(CONNECTION, HeaderValue::from_static("close")),
        }
    }

    /// Whether what is left is little, and passed over.
    async fn pass_over(&mut self) -> bool {
        let mut left = PASSED_OVER;
        loop {
            match self.rest().await {
                Ok(Some(piece)) if piece.len() <= left => left -= piece.len(),
                Ok(None) => return true,
                Ok(Some(_)) | Err(_) => return false,
            }
        }
    }

    /// The next bytes, whatever they belong to.
    async fn rest(&mut self) -> Result<Option<Bytes>, Problem> {
        match &mut self.coming {
            Coming::Body(body) => body.next().await,
            Coming::Form(form) => form.body().next().await,
        }
    }
}

/// Reads the parts before the file, and goes into that.
async fn before_the_file(form: &mut Form) -> Result<(Media, Option<Mapping>), Problem> {
    let mut mapping = None;
    while let Some(part) = form.next_part().await? {
        match part.name.as_str() {
            "file" => return Ok((Media::of_part(part.content_type.as_deref(), part.file_name)?, mapping)),
            "mapping" if mapping.is_none() => mapping = Some(read_mapping(form).await?),
            "mapping" => return Err(repeated("mapping")),
            other => return Err(unknown_part(other)),
        }
    }
    Err(invalid(
        "the form has no part \"file\"; curl sends one with -F file=@FILE",
        "フォームに\"file\"の部分がありません。curlでは-F file=@ファイル名 で送ります",
    ))
}

async fn read_mapping(form: &mut Form) -> Result<Mapping, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = form.next_piece().await? {
        text.extend_from_slice(&piece);
        if text.len() > LARGEST_MAPPING {
            return Err(Problem::new(
                ErrorKind::RequestEntityTooLarge,
                Text::both(
                    format!("the mapping is longer than {LARGEST_MAPPING} bytes"),
                    format!("対応表が{LARGEST_MAPPING}バイトを超えています"),
                ),
            ));
        }
    }
    let text = String::from_utf8(text)
        .map_err(|_| bad("the mapping is not UTF-8".to_owned(), "対応表がUTF-8ではありません".to_owned()))?;
    Mapping::parse(&text).map_err(|error| {
        let [en, ja] = [Language::English, Language::Japanese].map(|language| in_language(&error, language));
        bad(format!("the mapping cannot be used: {en}"), format!("対応表を使用できません: {ja}"))
    })
}

fn unknown_part(name: &str) -> Problem {
    let name: String = name.chars().take(60).collect();
    invalid(
        format!(
            "the form has a part \"{name}\"; its parts are \"mapping\" and \"file\", and whatever else is asked for stands in the query of the address"
        ),
        format!(
            "フォームの\"{name}\"は使えません。使えるのは\"mapping\"と\"file\"です。それ以外の指定はアドレスのクエリに書きます"
        ),
    )
}

fn repeated(name: &str) -> Problem {
    invalid(
        format!("the form has more than one part \"{name}\"; an import takes one file and one mapping"),
        format!("フォームに\"{name}\"が複数あります。1回の取り込みで使えるファイルと対応表は1つずつです"),
    )
}

/// A long file is not kept, so what is to be known of it comes before it.
fn too_late(name: &str) -> Problem {
    invalid(
        format!(
            "the part \"{name}\" comes behind a file of more than {LOOKED_AHEAD} bytes, which is read as it comes, and was read without it; send the file last (curl -F mapping=@MAPPING -F file=@FILE)"
        ),
        format!(
            "\"{name}\"が{LOOKED_AHEAD}バイトを超えるファイルの後にあります。ファイルは届いた順に読むため、対応表なしで読みました。\"file\"を最後にしてください(curl -F mapping=@対応表 -F file=@ファイル)"
        ),
    )
}

fn invalid(en: impl Into<String>, ja: impl Into<String>) -> Problem {
    Problem::new(ErrorKind::InvalidRequest, Text::both(en.into(), ja.into()))
}

fn bad(en: String, ja: String) -> Problem {
    Problem::new(ErrorKind::BadRequestData, Text::both(en, ja))
}
