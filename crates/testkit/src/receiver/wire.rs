//! Just enough HTTP/1.1 to receive notifications and to serve documents.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request as it came.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Page {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

/// One connection, which may carry many requests.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(Duration::from_mins(2)))?;
        let writer = stream.try_clone()?;
        Ok(Self { reader: BufReader::new(stream), writer })
    }

    /// The next request; none where the client has closed.
    pub(super) fn next_request(&mut self) -> Result<Option<Incoming>> {
        let start = self.line()?;
        let mut words = start.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let body = self.body(&headers)?;
        Ok(Some(Incoming { method: method.to_owned(), path, headers, body }))
    }

    pub(super) fn answer(&mut self, page: &Page) -> Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\nContent-Length: {}\r\n", page.status, page.body.len());
        for (name, value) in &page.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.writer.write_all(head.as_bytes())?;
        self.writer.write_all(page.body.as_bytes())?;
        self.writer.flush()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn body(&mut self, headers: &[(String, String)]) -> Result<Vec<u8>> {
        let header = |wanted: &str| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
        };
        if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunks();
        }
        let length: u64 = header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        let mut body = Vec::new();
        self.reader.by_ref().take(length).read_to_end(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = u64::from_str_radix(self.line()?.trim(), 16).unwrap_or_default();
            self.reader.by_ref().take(size).read_to_end(&mut body)?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}
