//! UTF-8 and CP932, the two encodings in which Japan's open data comes.

use std::borrow::Cow;

use encoding_rs::SHIFT_JIS;
use serde::Deserialize;

use crate::RowError;

/// An encoding of text files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// Shift JIS as Windows writes it.
    Cp932,
}

/// The byte order mark in UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    /// The text of these bytes, or what is wrong with them.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, RowError> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
                let place = error.valid_up_to() + 1;
                RowError::new(
                    (
                        format!("the bytes are no UTF-8 text (from byte {place} of the value)"),
                        format!("UTF-8の文字列ではありません(値の{place}バイト目から)"),
                    ),
                    (
                        "save the file as UTF-8, or say --encoding cp932 (over HTTP encoding=cp932) if it is Shift JIS",
                        "UTF-8で保存し直すか、Shift JISの場合は--encoding cp932(HTTPではencoding=cp932)を指定してください",
                    ),
                )
            }),
            Self::Cp932 => SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
                RowError::new(
                    ("the bytes are no Shift JIS (CP932) text", "Shift JIS(CP932)の文字列ではありません"),
                    (
                        "save the file as UTF-8, or say --encoding utf8 (over HTTP encoding=utf8) if it is that already",
                        "UTF-8で保存し直すか、すでにUTF-8の場合は--encoding utf8(HTTPではencoding=utf8)を指定してください",
                    ),
                )
            }),
        }
    }
}

/// Finds a file's encoding from its bytes, piece by piece: what is valid UTF-8 to the end is UTF-8.
#[derive(Clone, Debug, Default)]
pub struct EncodingDetector {
    /// The beginning of a character that the last piece cut off.
    cut: Vec<u8>,
    /// Whether anything came that is more than ASCII, which means the same in each encoding.
    is_telling: bool,
    is_broken: bool,
}

/// The encoding of a file that is read as it comes: where nobody tells it, the first record with more than ASCII does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged(pub(crate) Option<Encoding>);

impl Judged {
    /// The encoding in which these fields are to be read.
    pub(crate) fn by(&mut self, fields: &[Vec<u8>]) -> Encoding {
        if self.0.is_none() {
            let mut detector = EncodingDetector::default();
            for field in fields {
                detector.push(field);
                detector.push(b",");
            }
            self.0 = detector.so_far();
        }
        self.0.unwrap_or_default()
    }
}

impl EncodingDetector {
    /// Looks at the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        if self.is_broken {
            return;
        }
        self.is_telling |= !piece.is_ascii();
        let joined;
        let piece = if self.cut.is_empty() {
            piece
        } else {
            joined = [&self.cut, piece].concat();
            &joined
        };
        let rest = match std::str::from_utf8(piece) {
            Ok(_) => Vec::new(),
            Err(error) if error.error_len().is_none() => piece.get(error.valid_up_to()..).unwrap_or_default().to_vec(),
            Err(_) => {
                self.is_broken = true;
                Vec::new()
            }
        };
        self.cut = rest;
    }

    /// The encoding as far as what has come tells it; none while that is ASCII.
    pub fn so_far(&self) -> Option<Encoding> {
        let told = if self.is_broken { Encoding::Cp932 } else { Encoding::Utf8 };
        self.is_telling.then_some(told)
    }

    /// The encoding, once all pieces were seen.
    pub fn finish(&self) -> Encoding {
        if self.is_broken || !self.cut.is_empty() { Encoding::Cp932 } else { Encoding::Utf8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(bytes: &[u8], piece: usize) -> Encoding {
        let mut detector = EncodingDetector::default();
        bytes.chunks(piece.max(1)).for_each(|piece| detector.push(piece));
        detector.finish()
    }

    #[test]
    fn both_encodings_are_told_apart_and_read() {
        let (cp932, _, _) = SHIFT_JIS.encode("名称,福井駅①");
        assert_eq!(found(&cp932, 3), Encoding::Cp932);
        assert_eq!(Encoding::Cp932.decode(&cp932).unwrap(), "名称,福井駅①");
        assert_eq!(found("名称,福井駅①".as_bytes(), 1), Encoding::Utf8);
        assert_eq!(found(b"name", 1), Encoding::Utf8);
        assert!(Encoding::Utf8.decode(&cp932).unwrap_err().to_string().contains("--encoding cp932"));
        assert!(Encoding::Cp932.decode(b"\x81").is_err());
    }

    #[test]
    fn the_first_record_with_more_than_ascii_tells() {
        let (cp932, _, _) = SHIFT_JIS.encode("駅");
        let mut judged = Judged(None);
        assert_eq!(judged.by(&[b"id".to_vec(), b"name".to_vec()]), Encoding::Utf8);
        assert_eq!((judged.0, judged.by(&[b"1".to_vec(), cp932.to_vec()])), (None, Encoding::Cp932));
        assert_eq!(judged.by(&["駅".as_bytes().to_vec()]), Encoding::Cp932, "it stays what it is");
        assert_eq!(Judged(None).by(&["駅".as_bytes().to_vec()]), Encoding::Utf8);
        assert_eq!(Judged(None).by(&[cp932[..1].to_vec(), b"x".to_vec()]), Encoding::Cp932);
        let mut detector = EncodingDetector::default();
        detector.push(&"駅".as_bytes()[..2]);
        assert_eq!(detector.so_far(), Some(Encoding::Utf8), "what a piece cuts off may still come");
    }

    proptest! {
        #[test]
        fn how_the_file_is_cut_into_pieces_does_not_matter(text in ".*", piece in 1usize..8) {
            prop_assert_eq!(found(text.as_bytes(), piece), Encoding::Utf8);
        }

        #[test]
        fn any_bytes_have_an_encoding(bytes: Vec<u8>, piece in 1usize..8) {
            prop_assert_eq!(found(&bytes, piece), found(&bytes, bytes.len()));
        }
    }
}
