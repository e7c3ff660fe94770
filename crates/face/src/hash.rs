//! A hash that stays the same over processes and versions (FNV-1a with 128 bits), for ids that follow from content.

/// Takes bytes in pieces.
#[derive(Clone, Copy, Debug)]
pub struct StableHash(u128);

impl Default for StableHash {
    fn default() -> Self {
        Self::new()
    }
}

impl StableHash {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    /// Nothing taken yet.
    pub const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Takes more bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }

    /// The same, in one line.
    #[must_use]
    pub fn with(mut self, bytes: &[u8]) -> Self {
        self.take(bytes);
        self
    }

    /// The hash of all that was taken.
    pub const fn finish(self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        assert_eq!(StableHash::new().finish(), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(StableHash::new().with(b"a").finish(), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(StableHash::new().with(b"ab").finish(), StableHash::new().with(b"a").with(b"b").finish());
    }
}
