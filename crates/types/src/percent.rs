//! Percent-encoding in both directions (RFC 3986 §2.1).

use std::borrow::Cow;

/// Why a text cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A `%` without two hexadecimal digits behind it.
    #[error("the % at character {position} is not followed by two hexadecimal digits; a plain % is written %25")]
    Truncated {
        /// Counted from 1.
        position: usize,
    },
    /// The bytes are no UTF-8.
    #[error("the percent-encoded bytes are not UTF-8")]
    NotUtf8,
}

/// Decodes a piece of a query: `%xx` is a byte, `+` a space.
///
/// HTML forms and most HTTP clients write a space as `+`; a plus sign itself arrives as `%2B`.
pub fn decode(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    decoded(text, b' ')
}

/// Decodes a piece of a path, where a plus sign stands for itself.
pub fn decode_path(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    decoded(text, b'+')
}

fn decoded(text: &str, plus: u8) -> Result<Cow<'_, str>, DecodeError> {
    if !text.bytes().any(|b| matches!(b, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes().enumerate();
    let mut out = Vec::with_capacity(text.len());
    while let Some((index, byte)) = bytes.next() {
        out.push(match byte {
            b'+' => plus,
            b'%' => {
                let pair = (bytes.next().and_then(|(_, b)| digit(b)), bytes.next().and_then(|(_, b)| digit(b)));
                let (Some(high), Some(low)) = pair else {
                    return Err(DecodeError::Truncated { position: index + 1 });
                };
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| DecodeError::NotUtf8)
}

/// Appends `text` so that it stands for itself in a query or in one path segment.
pub fn encode_into(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        // RFC 3986 §2.3 (unreserved), and the colon, which stands unencoded in every URN.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plus_is_a_space_in_a_query_alone() {
        assert_eq!((decode("a+b%2B").unwrap(), decode_path("a+b%2B").unwrap()), ("a b+".into(), "a+b+".into()));
        assert_eq!(decode_path("a+b%2"), Err(DecodeError::Truncated { position: 4 }));
    }

    #[test]
    fn broken_escapes_are_refused_with_their_position() {
        assert_eq!(decode("a%2"), Err(DecodeError::Truncated { position: 2 }));
        assert_eq!(decode("%zz"), Err(DecodeError::Truncated { position: 1 }));
        assert_eq!(decode("%"), Err(DecodeError::Truncated { position: 1 }));
        assert_eq!(decode("%ff"), Err(DecodeError::NotUtf8));
        assert_eq!(decode("a+b%2Bc").as_deref(), Ok("a b+c"));
        assert_eq!(decode("%E8%A1%97").as_deref(), Ok("街"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in ".*") {
            let mut encoded = String::new();
            encode_into(&text, &mut encoded);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded).unwrap(), text);
        }

        #[test]
        fn decoding_never_panics(text in ".*") {
            let _ = decode(&text);
        }
    }
}
