//! One connection for requests that are asked one after another: setting up, and measuring latencies.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, its names in small letters.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A kept connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(2)))?;
        Ok(Self { stream, buffer: vec![0; 1 << 16] })
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.stream.write_all(request)?;
        let mut bytes = Vec::new();
        let head = loop {
            self.more(&mut bytes)?;
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let length = header(&text, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while bytes.len() < head + length {
            self.more(&mut bytes)?;
        }
        Ok(Answer { status, body: bytes.split_off(head), head: text })
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        match self.stream.read(&mut self.buffer)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes.extend_from_slice(self.buffer.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The target of the Link to the next page.
    pub fn next(&self) -> Option<String> {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        let links =
            headers.filter(|(name, _)| name.eq_ignore_ascii_case("link")).flat_map(|(_, value)| value.split(", <"));
        let next = links.into_iter().find(|link| link.contains("rel=\"next\""))?;
        Some(next.trim().trim_start_matches('<').split('>').next()?.to_owned())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
