//! The messages of PostgreSQL's protocol, version 3: what clients send, read with care, and what they are told.

use bytes::{BufMut, Bytes, BytesMut};

use crate::postgres::Type;

/// Whether values are told as texts or as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Binary,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Statement(String),
    Portal(String),
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Query(String),
    Parse {
        name: String,
        text: String,
        types: Vec<u32>,
    },
    Bind {
        portal: String,
        statement: String,
        formats: Vec<Format>,
        values: Vec<Option<Bytes>>,
        results: Vec<Format>,
    },
    Describe(Target),
    /// No number of rows means all of them.
    Execute {
        portal: String,
        rows: Option<usize>,
    },
    Close(Target),
    Flush,
    Sync,
    Terminate,
    /// A piece of COPY, of which there is none; such pieces go unheard, as clients expect.
    Other,
}

/// A message that does not say what its kind must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Asked {
    /// Reads a message of this kind.
    pub(super) fn read(kind: u8, body: Bytes) -> Result<Self, Malformed> {
        let mut body = Body(body);
        let asked = match kind {
            b'Q' => Self::Query(body.text()?),
            b'P' => {
                let (name, text) = (body.text()?, body.text()?);
                Self::Parse { name, text, types: body.list(Body::number)? }
            }
            b'B' => Self::Bind {
                portal: body.text()?,
                statement: body.text()?,
                formats: body.list(Body::format)?,
                values: body.list(Body::value)?,
                results: body.list(Body::format)?,
            },
            b'D' => Self::Describe(body.target()?),
            b'E' => {
                let portal = body.text()?;
                let rows = usize::try_from(body.number()? as i32).ok().filter(|rows| *rows > 0);
                Self::Execute { portal, rows }
            }
            b'C' => Self::Close(body.target()?),
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'X' => return Ok(Self::Terminate),
            b'c' | b'd' | b'f' => return Ok(Self::Other),
            _ => return Err(Malformed),
        };
        if body.0.is_empty() { Ok(asked) } else { Err(Malformed) }
    }

    /// Whether an error is followed by what comes up to the next Sync.
    pub(super) const fn is_extended(&self) -> bool {
        !matches!(self, Self::Query(_) | Self::Other | Self::Sync | Self::Terminate)
    }
}

/// What is not read yet of a message.
pub(super) struct Body(pub(super) Bytes);

impl Body {
    fn take(&mut self, count: usize) -> Result<Bytes, Malformed> {
        if self.0.len() < count { Err(Malformed) } else { Ok(self.0.split_to(count)) }
    }

    fn short(&mut self) -> Result<u16, Malformed> {
        let bytes = self.take(2)?;
        bytes[..].try_into().map(u16::from_be_bytes).map_err(|_| Malformed)
    }

    pub(super) fn number(&mut self) -> Result<u32, Malformed> {
        let bytes = self.take(4)?;
        bytes[..].try_into().map(u32::from_be_bytes).map_err(|_| Malformed)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Malformed)?;
        let text = self.take(end)?;
        self.take(1)?;
        String::from_utf8(text.to_vec()).map_err(|_| Malformed)
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let count = self.short()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn format(&mut self) -> Result<Format, Malformed> {
        match self.short()? {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            _ => Err(Malformed),
        }
    }

    fn value(&mut self) -> Result<Option<Bytes>, Malformed> {
        match self.number()? as i32 {
            -1 => Ok(None),
            length => usize::try_from(length).map_err(|_| Malformed).and_then(|length| self.take(length)).map(Some),
        }
    }

    fn target(&mut self) -> Result<Target, Malformed> {
        let kind = self.take(1)?;
        let name = self.text()?;
        match kind[0] {
            b'S' => Ok(Target::Statement(name)),
            b'P' => Ok(Target::Portal(name)),
            _ => Err(Malformed),
        }
    }
}

/// How far a transaction has come, as clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    None,
    Open,
    Failed,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) of: Type,
}

/// Messages on their way to a client.
#[derive(Debug, Default)]
pub(super) struct Telling(pub(super) BytesMut);

/// What is told at once.
pub(super) const FULL: usize = 64 << 10;

impl Telling {
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= FULL
    }

    /// A message of a kind: what `body` writes, with its length before it.
    pub(super) fn message(&mut self, kind: u8, body: impl FnOnce(&mut BytesMut)) {
        self.0.put_u8(kind);
        self.sized(body);
    }

    fn sized(&mut self, body: impl FnOnce(&mut BytesMut)) {
        let start = self.0.len();
        self.0.put_u32(0);
        body(&mut self.0);
        let length = (self.0.len() - start) as u32;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn bare(&mut self, kind: u8) {
        self.message(kind, |_| {});
    }

    pub(super) fn let_in(&mut self, connection: i32, secret: i32) {
        self.message(b'R', |body| body.put_u32(0));
        self.message(b'K', |body| {
            body.put_i32(connection);
            body.put_i32(secret);
        });
    }

    /// The newest protocol that is spoken here is 3.0, and these options are not known.
    pub(super) fn negotiate(&mut self, options: &[String]) {
        self.message(b'v', |body| {
            body.put_u32(0);
            body.put_u32(options.len() as u32);
            options.iter().for_each(|option| put_text(body, option));
        });
    }

    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        self.message(b'S', |body| {
            put_text(body, name);
            put_text(body, value);
        });
    }

    pub(super) fn ready(&mut self, transaction: Transaction) {
        self.message(b'Z', |body| {
            body.put_u8(match transaction {
                Transaction::None => b'I',
                Transaction::Open => b'T',
                Transaction::Failed => b'E',
            });
        });
    }

    pub(super) fn failed(&mut self, severity: &str, code: &str, text: &str) {
        self.message(b'E', |body| {
            for (kind, text) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', text)] {
                body.put_u8(kind);
                put_text(body, text);
            }
            body.put_u8(0);
        });
    }

    pub(super) fn columns(&mut self, columns: &[Told], format: impl Fn(usize) -> Format) {
        self.message(b'T', |body| {
            body.put_u16(columns.len() as u16);
            for (place, column) in columns.iter().enumerate() {
                put_text(body, &column.name);
                // Of no table, and no column of one.
                body.put_u32(0);
                body.put_u16(0);
                body.put_u32(column.of.oid());
                body.put_i16(column.of.about().length);
                body.put_i32(-1);
                body.put_u16(matches!(format(place), Format::Binary).into());
            }
        });
    }

    pub(super) fn parameters(&mut self, types: &[Type]) {
        self.message(b't', |body| {
            body.put_u16(types.len() as u16);
            types.iter().for_each(|of| body.put_u32(of.oid()));
        });
    }

    pub(super) fn done(&mut self, tag: &str) {
        self.message(b'C', |body| put_text(body, tag));
    }

    /// A row of one text.
    pub(super) fn text_row(&mut self, text: &str) {
        self.message(b'D', |body| {
            body.put_u16(1);
            body.put_u32(text.len() as u32);
            body.put_slice(text.as_bytes());
        });
    }

    pub(super) fn parsed(&mut self) {
        self.bare(b'1');
    }

    pub(super) fn bound(&mut self) {
        self.bare(b'2');
    }

    pub(super) fn closed(&mut self) {
        self.bare(b'3');
    }

    pub(super) fn no_columns(&mut self) {
        self.bare(b'n');
    }

    pub(super) fn suspended(&mut self) {
        self.bare(b's');
    }

    pub(super) fn nothing_asked(&mut self) {
        self.bare(b'I');
    }
}

/// A text up to its end; one with an end inside would break the message.
fn put_text(body: &mut BytesMut, text: &str) {
    body.put_slice(text.split('\0').next().unwrap_or_default().as_bytes());
    body.put_u8(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_and_every_shorter_or_longer_one_is_malformed() {
        let bind = [&b"p\0s\0\0\x01\0\x01\0\x02\xff\xff\xff\xff\0\0\0\x01x\0\0"[..]].concat();
        let read = Asked::Bind {
            portal: "p".to_owned(),
            statement: "s".to_owned(),
            formats: vec![Format::Binary],
            values: vec![None, Some(Bytes::from_static(b"x"))],
            results: Vec::new(),
        };
        let parse = b"\0SELECT 1\0\0\x01\0\0\0\x17".to_vec();
        let parsed = Asked::Parse { name: String::new(), text: "SELECT 1".to_owned(), types: vec![23] };
        let describe = (b'D', b"Sa\0".to_vec(), Asked::Describe(Target::Statement("a".to_owned())));
        let execute = (b'E', b"\0\0\0\0\x05".to_vec(), Asked::Execute { portal: String::new(), rows: Some(5) });
        for (kind, body, expected) in [(b'B', bind, read), (b'P', parse, parsed), describe, execute] {
            assert_eq!(Asked::read(kind, Bytes::from(body.clone())), Ok(expected));
            for end in 0..body.len() {
                let cut = Bytes::copy_from_slice(&body[..end]);
                assert_eq!(Asked::read(kind, cut), Err(Malformed), "{} up to {end}", char::from(kind));
            }
            let more = [&body[..], b"\0"].concat();
            assert_eq!(Asked::read(kind, Bytes::from(more)), Err(Malformed), "{}", char::from(kind));
        }
        assert_eq!(Asked::read(b'?', Bytes::new()), Err(Malformed));
    }

    #[test]
    fn what_is_told_has_its_length_before_it() {
        let mut telling = Telling::default();
        telling.parameter("a", "b\0c");
        assert_eq!(&telling.0[..], b"S\0\0\0\x08a\0b\0");
    }
}
