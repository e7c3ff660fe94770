//! Pages as bytes, for checkpoints.

use bytes::Bytes;

use super::id_page::{IdPage, common};
use super::page::{Mask, PAGE, Values};
use super::space::Spot;
use super::texts::{Kept, TextPage};
use crate::codec::{Malformed, Reader, put_bytes, put_number};

/// A page that can be written to disk and read back.
pub(crate) trait StoredPage: Sized {
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &Bytes) -> Result<Self, Malformed>;
}

/// A value that takes a fixed number of bytes.
pub(crate) trait StoredValue: Copy + Default + PartialEq {
    fn put(self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
}

impl StoredPage for Mask {
    fn encode(&self) -> Vec<u8> {
        self.words().iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: [[u8; 8]; 16] = words.try_into().map_err(|_| Malformed)?;
        if rest.is_empty() { Ok(Self::from_words(words.map(u64::from_le_bytes))) } else { Err(Malformed) }
    }
}

impl<T: StoredValue> StoredPage for Values<T> {
    fn encode(&self) -> Vec<u8> {
        let pairs = self.pairs();
        let mut out = Vec::with_capacity(pairs.len() * 10 + 4);
        put_number(pairs.len() as u64, &mut out);
        let mut last = 0;
        for (slot, value) in pairs {
            put_number(u64::from(slot - last), &mut out);
            last = slot;
            value.put(&mut out);
        }
        out
    }

    fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut values = Self::default();
        read_slots(&mut reader, |slot, reader| {
            values.add(slot, T::read(reader)?);
            Ok(())
        })?;
        Ok(values)
    }
}

impl StoredPage for TextPage {
    fn encode(&self) -> Vec<u8> {
        let pairs = self.pairs();
        let mut out = Vec::with_capacity(pairs.len() * 24);
        put_number(pairs.len() as u64, &mut out);
        let mut last = 0;
        for (slot, kept) in pairs {
            put_number(u64::from(slot - last), &mut out);
            last = slot;
            out.push(u8::from(kept.is_cut));
            put_bytes(kept.text.as_bytes(), &mut out);
        }
        out
    }

    fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut page = Self::default();
        read_slots(&mut reader, |slot, reader| {
            let is_cut = reader.byte()? == 1;
            let text = reader.text()?;
            page.add_kept(slot, Kept { text: &text, is_cut });
            Ok(())
        })?;
        Ok(page)
    }
}

impl StoredPage for IdPage {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len() * 24);
        put_number(self.len() as u64, &mut out);
        let mut before = String::new();
        for slot in 0..self.len() as u16 {
            let id = self.text(slot);
            let same = common(&before, &id);
            put_number(same as u64, &mut out);
            put_bytes(id.as_bytes().get(same..).unwrap_or_default(), &mut out);
            before = id;
        }
        out
    }

    fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut page = Self::default();
        let mut id = String::new();
        for slot in 0..reader.small()? {
            let slot = u16::try_from(slot).ok().filter(|slot| usize::from(*slot) < PAGE).ok_or(Malformed)?;
            let same = reader.small()? as usize;
            if same > id.len() || !id.is_char_boundary(same) {
                return Err(Malformed);
            }
            id.truncate(same);
            id.push_str(&reader.text()?);
            page.set(slot, &id);
        }
        if reader.is_at_end() { Ok(page) } else { Err(Malformed) }
    }
}

fn read_slots(
    reader: &mut Reader<'_>,
    mut value: impl FnMut(u16, &mut Reader<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let count = reader.small()?;
    let mut slot = 0u16;
    for _ in 0..count {
        let step = u16::try_from(reader.small()?).map_err(|_| Malformed)?;
        slot = slot.checked_add(step).filter(|slot| usize::from(*slot) < PAGE).ok_or(Malformed)?;
        value(slot, reader)?;
    }
    if reader.is_at_end() { Ok(()) } else { Err(Malformed) }
}

impl StoredValue for u64 {
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.fixed().map(Self::from_be_bytes)
    }
}

impl StoredValue for Spot {
    fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Point(x, y) => {
                out.push(0);
                out.extend_from_slice(&x.to_le_bytes());
                out.extend_from_slice(&y.to_le_bytes());
            }
            Self::Box(edges) => {
                out.push(1);
                edges.iter().for_each(|edge| out.extend_from_slice(&edge.to_le_bytes()));
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte()? {
            0 => Ok(Self::Point(f64::from_le_bytes(reader.fixed()?), f64::from_le_bytes(reader.fixed()?))),
            1 => {
                let mut edge = || reader.fixed().map(f32::from_le_bytes);
                Ok(Self::Box([edge()?, edge()?, edge()?, edge()?]))
            }
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_round_trip() {
        let mut mask = Mask::NONE;
        [0, 63, 64, 1023].into_iter().for_each(|slot| mask.set(slot));
        assert_eq!(Mask::decode(&mask.encode().into()), Ok(mask));
        let mut values = Values::<Spot>::default();
        for slot in 0..200 {
            values.add(slot * 5, Spot::Point(f64::from(slot), 1.5));
            values.add(slot * 5, Spot::Box([1.0, 2.0, 3.0, f32::from(slot)]));
        }
        assert_eq!(Values::<Spot>::decode(&values.encode().into()).unwrap().pairs(), values.pairs());
        let mut texts = TextPage::default();
        texts.add(3, "街", 64);
        texts.add(900, &"long".repeat(50), 64);
        texts.add(901, &"long".repeat(50), 1000);
        assert_eq!(TextPage::decode(&texts.encode().into()).unwrap().pairs(), texts.pairs());
        assert!(TextPage::decode(&Bytes::from_static(b"\x05garbage")).is_err());
        let mut ids = IdPage::default();
        ["urn:街:1", "urn:道:2", "urn:街:3"].iter().zip(0..).for_each(|(id, slot)| ids.set(slot, id));
        assert_eq!(IdPage::decode(&ids.encode().into()), Ok(ids));
        assert!(IdPage::decode(&Bytes::from_static(b"\x01\x05a")).is_err());
    }
}
