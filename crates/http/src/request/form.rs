//! A form with files, `multipart/form-data` (RFC 7578), read part by part as it arrives.

mod cutter;

use bytes::Bytes;
use machi_types::ErrorKind;

use super::BodyStream;
use super::parameters::Parameterized;
use crate::{Problem, Text};
use cutter::{BrokenForm, Cut, Cutter};

/// RFC 2046 §5.1.1: how long a boundary may be.
const LONGEST_BOUNDARY: usize = 70;

/// A form that arrives.
#[derive(Debug)]
pub struct Form {
    body: BodyStream,
    cutter: Cutter,
    is_in_part: bool,
}

/// What the head of a part says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The name of the file, where it is one.
    pub file_name: Option<String>,
    /// What it is, where that is told.
    pub content_type: Option<String>,
}

impl Form {
    /// A form whose header `Content-Type` is this one.
    pub fn new(content_type: &Parameterized, body: BodyStream) -> Result<Self, Problem> {
        let boundary = content_type.get("boundary").filter(|text| (1..=LONGEST_BOUNDARY).contains(&text.len()));
        let boundary = boundary.ok_or_else(|| {
            Problem::new(
                ErrorKind::InvalidRequest,
                Text::both(
                    format!(
                        "the Content-Type multipart/form-data has no boundary of 1 to {LONGEST_BOUNDARY} characters; let your program write this header by itself"
                    ),
                    format!(
                        "Content-Typeのmultipart/form-dataに1~{LONGEST_BOUNDARY}文字のboundaryがありません。このヘッダーは手で書かず、プログラムに任せてください"
                    ),
                ),
            )
        })?;
        Ok(Self { body, cutter: Cutter::new(boundary.as_bytes()), is_in_part: false })
    }

    /// The next part, what is left of the last one passed over; none at the end.
    pub async fn next_part(&mut self) -> Result<Option<Part>, Problem> {
        loop {
            match self.step().await? {
                Cut::Head(head) => {
                    self.is_in_part = true;
                    return part(&head).map(Some);
                }
                Cut::End => {
                    while self.body.next().await?.is_some() {}
                    return Ok(None);
                }
                Cut::Content(_) | Cut::PartEnd | Cut::More => {}
            }
        }
    }

    /// The next piece of the part; none at its end.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, Problem> {
        if !self.is_in_part {
            return Ok(None);
        }
        if let Cut::Content(piece) = self.step().await? {
            return Ok(Some(piece));
        }
        self.is_in_part = false;
        Ok(None)
    }

    /// What has not been read of the body, for whoever wants none of it.
    pub fn body(&mut self) -> &mut BodyStream {
        &mut self.body
    }

    async fn step(&mut self) -> Result<Cut, Problem> {
        loop {
            match self.cutter.cut().map_err(broken)? {
                Cut::More => match self.body.next().await? {
                    Some(piece) => self.cutter.push(&piece),
                    None => return Err(broken(BrokenForm::Unfinished)),
                },
                cut => return Ok(cut),
            }
        }
    }
}

/// Reads the head of a part; each has a name (RFC 7578 §4.2).
fn part(head: &[u8]) -> Result<Part, Problem> {
    let head = String::from_utf8_lossy(head);
    let header = |wanted: &str| {
        let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let disposition = Parameterized::parse(header("content-disposition").unwrap_or_default());
    let name = disposition.get("name").ok_or_else(|| {
        invalid(
            "a part of the form has no name; its head begins with Content-Disposition: form-data; name=\"…\"",
            "フォームに名前のない部分があります。Content-Disposition: form-data; name=\"…\"が必要です",
        )
    })?;
    Ok(Part {
        name: name.to_owned(),
        file_name: disposition.get("filename").map(str::to_owned),
        content_type: header("content-type").map(str::to_owned),
    })
}

fn broken(error: BrokenForm) -> Problem {
    let ja = match error {
        BrokenForm::NoLine => "boundaryの後で改行されていません",
        BrokenForm::LongHead => "ヘッダーが長すぎる部分があります",
        BrokenForm::Unfinished => "最後のboundaryの前で終わっています",
    };
    invalid(
        format!("the body is no multipart/form-data: {error}"),
        format!("multipart/form-dataが正しくありません: {ja}"),
    )
}

fn invalid(en: impl Into<std::borrow::Cow<'static, str>>, ja: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(ErrorKind::InvalidRequest, Text::both(en, ja))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::BodyLimits;
    use axum::body::Body;
    use http::{HeaderMap, HeaderValue};

    fn form(content_type: &str, body: &'static str) -> Result<Form, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert("content-length", HeaderValue::from(body.len()));
        let limits = BodyLimits { largest: 1000, key: "[limits] body" };
        let stream = BodyStream::new(&headers, Body::from(body), &limits).unwrap();
        Form::new(&Parameterized::parse(content_type), stream)
    }

    #[tokio::test]
    async fn parts_are_read_one_after_the_other() {
        let body = "--b\r\ncontent-disposition: form-data; name=\"mapping\"; filename=\"a.toml\"\r\n\r\nx = 1\r\n--b\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nid\r\n--b--\r\n";
        let mut form = form("multipart/form-data; boundary=b", body).unwrap();
        let mapping = form.next_part().await.unwrap().unwrap();
        assert_eq!((mapping.name.as_str(), mapping.file_name.as_deref()), ("mapping", Some("a.toml")));
        assert_eq!(form.next_piece().await.unwrap().unwrap(), "x = 1");
        assert_eq!(form.next_piece().await.unwrap(), None);
        assert_eq!(form.next_piece().await.unwrap(), None, "the next part is not entered");
        let file = form.next_part().await.unwrap().unwrap();
        assert_eq!((file.name.as_str(), file.content_type.as_deref()), ("file", Some("text/csv")));
        assert_eq!(form.next_part().await.unwrap(), None, "what is left of a part is passed over");
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        for content_type in ["multipart/form-data", "multipart/form-data; boundary=\"\""] {
            assert_eq!(form(content_type, "").unwrap_err().status(), 400);
        }
        for body in ["", "--b\r\nA: b\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf"] {
            let mut form = form("multipart/form-data; boundary=b", body).unwrap();
            let read = async {
                while form.next_part().await?.is_some() {}
                Ok::<_, Problem>(())
            };
            assert_eq!(read.await.unwrap_err().status(), 400, "{body}");
        }
    }
}
