//! A body as a reader for the thread that cuts it into rows: pieces come from another task, and reading waits for them.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// How many pieces may wait between the two.
const WAITING: usize = 4;

/// What is handed over.
#[derive(Debug)]
pub(super) enum Piece {
    Some(Bytes),
    /// There is no more. Where the pieces end without it, the body was broken off, perhaps in the middle of a row.
    End,
}

/// The reading end.
#[derive(Debug)]
pub(super) struct Arriving {
    current: Bytes,
    pieces: mpsc::Receiver<Piece>,
    has_ended: bool,
}

impl Arriving {
    /// A reader of what is there already and of what is sent.
    pub(super) fn after(head: Vec<u8>) -> (mpsc::Sender<Piece>, Self) {
        let (sender, pieces) = mpsc::channel(WAITING);
        (sender, Self { current: Bytes::from(head), pieces, has_ended: false })
    }
}

impl BufRead for Arriving {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.has_ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Some(piece)) => self.current = piece,
                Some(Piece::End) => self.has_ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount.min(self.current.len()));
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: Vec<Piece>) -> io::Result<String> {
        let (sender, mut arriving) = Arriving::after(b"he".to_vec());
        let sending = std::thread::spawn(move || pieces.into_iter().try_for_each(|piece| sender.blocking_send(piece)));
        let mut text = String::new();
        let read = arriving.read_to_string(&mut text).map(|_| text);
        sending.join().unwrap().unwrap();
        read
    }

    #[test]
    fn pieces_are_read_to_their_end_and_one_that_lacks_is_an_error() {
        let piece = |text: &'static str| Piece::Some(Bytes::from_static(text.as_bytes()));
        let many = (0..20).map(|_| piece("x")).chain([Piece::End]).collect();
        assert_eq!(read(many).unwrap(), format!("he{}", "x".repeat(20)));
        assert_eq!(read(vec![piece("ad"), piece(""), Piece::End]).unwrap(), "head");
        assert_eq!(read(vec![piece("ad")]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(vec![Piece::End]).unwrap(), "he");
    }
}
