//! A small generator of pseudo-random numbers, so that the same seed gives the
//! same bytes on every machine and with every version of every dependency.

use std::ops::Range;

/// SplitMix64: one word of state, and every seed is a good one.
#[derive(Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// A generator for one purpose, independent of those for other labels.
    pub(super) fn for_label(seed: u64, label: &str) -> Self {
        Random(hash(seed, label))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub(super) fn within(&mut self, range: Range<i64>) -> i64 {
        range.start + self.below((range.end - range.start) as u64) as i64
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// An index of `weights`, each as likely as its weight.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut at = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return index,
            }
        }
        0
    }

    /// Appends `count` characters of `alphabet`.
    pub(super) fn characters(&mut self, out: &mut Vec<u8>, count: usize, alphabet: &[u8]) {
        out.extend((0..count).map(|_| alphabet[self.below(alphabet.len() as u64) as usize]));
    }

    /// Appends a version 4 UUID.
    pub(super) fn uuid(&mut self, out: &mut Vec<u8>) {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let bits = bits & !(0xf << 76) | (4 << 76);
        let bits = bits & !(3 << 62) | (2 << 62);
        for digit in 0..32 {
            if matches!(digit, 8 | 12 | 16 | 20) {
                out.push(b'-');
            }
            out.push(HEX[(bits >> (124 - 4 * digit)) as usize & 0xf]);
        }
    }
}

pub(super) const HEX: &[u8] = b"0123456789abcdef";
pub(super) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(super) const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(super) const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(super) const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// FNV-1a of the label, mixed with the seed.
pub(super) fn hash(seed: u64, label: &str) -> u64 {
    let fnv = label.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv ^ mix(seed))
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_sequence() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn uuids_are_of_version_4() {
        let mut random = Random::new(7);
        for _ in 0..100 {
            let mut out = Vec::new();
            random.uuid(&mut out);
            let text = String::from_utf8(out).unwrap();
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert_eq!(&text[14..15], "4");
            assert!("89ab".contains(&text[19..20]), "{text}");
        }
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(3);
        let mut seen = [0u32; 3];
        for _ in 0..10_000 {
            seen[random.weighted([1, 0, 3].into_iter())] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2_300..2_700).contains(&seen[0]), "{seen:?}");
    }
}
