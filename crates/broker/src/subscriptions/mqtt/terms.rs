//! What a broker of MQTT 5 says about itself when it takes a connection (MQTT 5 §3.2.2.3).

use super::packet::Garbled;

/// The terms on which a broker takes messages; those of MQTT 3.1.1 say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How many messages may be unacknowledged at once.
    pub(crate) receive_maximum: u16,
    /// The highest quality of service that it takes.
    pub(crate) maximum_quality: u8,
    /// The largest packet that it takes.
    pub(crate) packet_maximum: u32,
    /// Within how many seconds it wants to hear of us, where it does not leave that to us; 0 is never.
    pub(crate) keep_alive_seconds: Option<u16>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { receive_maximum: u16::MAX, maximum_quality: 2, packet_maximum: u32::MAX, keep_alive_seconds: None }
    }
}

impl Terms {
    /// Reads properties, without the length before them.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, Garbled> {
        let mut terms = Self::default();
        while let Some((&name, rest)) = bytes.split_first() {
            bytes = rest;
            let value = match name {
                0x24 | 0x25 | 0x28 | 0x29 | 0x2a => need(&mut bytes, 1)?,
                0x13 | 0x21 | 0x22 => need(&mut bytes, 2)?,
                0x11 | 0x27 => need(&mut bytes, 4)?,
                0x12 | 0x15 | 0x16 | 0x1a | 0x1c | 0x1f => text(&mut bytes)?,
                0x26 => text(&mut bytes).and_then(|_| text(&mut bytes))?,
                _ => return Err(Garbled),
            };
            let number = || value.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            match name {
                // "It is a Protocol Error to include the value 0."
                0x21 if number() == 0 => return Err(Garbled),
                0x21 => terms.receive_maximum = number() as u16,
                0x24 => terms.maximum_quality = number().min(1) as u8,
                0x27 => terms.packet_maximum = number(),
                0x13 => terms.keep_alive_seconds = Some(number() as u16),
                _ => {}
            }
        }
        Ok(terms)
    }
}

/// So many bytes.
fn need<'b>(bytes: &mut &'b [u8], count: usize) -> Result<&'b [u8], Garbled> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(Garbled)?;
    *bytes = rest;
    Ok(taken)
}

/// A text or other bytes, with their length before them.
fn text<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], Garbled> {
    let length = need(bytes, 2)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    need(bytes, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_terms_of_a_broker_are_read_among_what_else_it_says() {
        assert_eq!(Terms::read(&[]), Ok(Terms::default()));
        let said = [
            0x22, 0, 10, 0x21, 0, 20, 0x24, 1, 0x26, 0, 1, b'a', 0, 2, b'b', b'c', 0x27, 0, 1, 0, 0, 0x12, 0, 1, b'x',
            0x13, 0, 7,
        ];
        let read =
            Terms { receive_maximum: 20, maximum_quality: 1, packet_maximum: 65_536, keep_alive_seconds: Some(7) };
        assert_eq!(Terms::read(&said), Ok(read));
        for garbled in [&[0x21, 0, 0][..], &[0x21, 0], &[0x99], &[0x12, 0, 9, b'x']] {
            assert_eq!(Terms::read(garbled), Err(Garbled), "{garbled:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Terms::read(&bytes);
        }
    }
}
