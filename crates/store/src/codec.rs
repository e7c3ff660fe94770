//! Bytes that adapters write: numbers of variable length, bytes and texts with their length.

use bytes::Bytes;
use machi_types::Name;

/// Bytes that are not what was once written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes do not hold what they should")]
pub struct Malformed;

/// Appends a number in as few bytes as it needs.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a signed number; small ones of either sign take few bytes.
pub fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_number(((number << 1) ^ (number >> 63)) as u64, out);
}

/// Appends bytes with their length.
pub fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads what the `put_` functions wrote; slices share the input's memory.
#[derive(Debug)]
pub struct Reader<'a> {
    all: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the first byte on.
    pub fn new(all: &'a Bytes) -> Self {
        Self { all, at: 0 }
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.at == self.all.len()
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.all.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    /// So many bytes.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.all.get(self.at..).and_then(|rest| rest.first_chunk::<N>()).ok_or(Malformed)?;
        self.at += N;
        Ok(*bytes)
    }

    /// What [`put_number`] wrote.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// The same, where it has 32 bits at most.
    pub fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| Malformed)
    }

    /// What [`put_signed`] wrote.
    pub fn signed(&mut self) -> Result<i64, Malformed> {
        let number = self.number()?;
        Ok(((number >> 1) as i64) ^ -((number & 1) as i64))
    }

    /// What [`put_bytes`] wrote.
    pub fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.all.len()).ok_or(Malformed)?;
        let bytes = self.all.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    /// The same, where it is a text.
    pub fn text(&mut self) -> Result<Name, Malformed> {
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes).map(Name::from).map_err(|_| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for number in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX >> 1, u64::MAX] {
            let signed = number as i64;
            let mut out = Vec::new();
            put_number(number, &mut out);
            put_signed(signed, &mut out);
            let bytes = Bytes::from(out);
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.number(), reader.signed()), (Ok(number), Ok(signed)));
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        let mut out = Vec::new();
        put_bytes("街".as_bytes(), &mut out);
        let whole = Bytes::from(out);
        assert_eq!(Reader::new(&whole).text().as_deref(), Ok("街"));
        for end in 0..whole.len() {
            assert_eq!(Reader::new(&whole.slice(..end)).bytes(), Err(Malformed));
        }
        assert_eq!(Reader::new(&Bytes::from(vec![0xff; 10])).number(), Err(Malformed));
        assert_eq!(Reader::new(&Bytes::from(vec![1, 0xff])).text(), Err(Malformed));
    }
}
