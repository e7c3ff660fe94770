//! A kept connection that sends any bytes as a request and reads exactly one answer to each.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Answer;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_mins(1);

/// One connection, used for request after request.
#[derive(Debug)]
pub struct KeptConnection {
    stream: BufReader<TcpStream>,
}

impl KeptConnection {
    /// Connects to an address such as `127.0.0.1:43210`.
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends the bytes of one request and reads its answer.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        // A server that refuses early may answer before it has read everything.
        let sent = self.stream.get_mut().write_all(request);
        let has_body = !request.starts_with(b"HEAD ");
        let read = self.answer(has_body);
        match (sent, read) {
            (Err(error), Err(_)) => Err(error),
            (_, read) => read,
        }
    }

    fn answer(&mut self, has_body: bool) -> Result<Answer> {
        loop {
            let status = self.line()?;
            let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
            let status: u16 = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no status line"))?;
            let mut headers = Vec::new();
            loop {
                let line = self.line()?;
                let Some((name, value)) = line.split_once(':') else { break };
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            if status == 100 {
                continue;
            }
            let has_body = has_body && !matches!(status, 204 | 304);
            let body = if has_body { self.body(&headers)? } else { Vec::new() };
            return Ok(Answer { asked: String::new(), status, headers, body });
        }
    }

    fn body(&mut self, headers: &[(String, String)]) -> Result<Vec<u8>> {
        let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if let Some(length) = header("content-length").and_then(|length| length.parse().ok()) {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body)?;
            return Ok(body);
        }
        if header("transfer-encoding") == Some("chunked") {
            return self.chunks();
        }
        let mut body = Vec::new();
        self.stream.read_to_end(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16);
            let length = length.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            (&mut self.stream).take(length).read_to_end(&mut body)?;
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// A line without its end; an error where the connection has ended.
    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the connection was closed without an answer"));
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}
