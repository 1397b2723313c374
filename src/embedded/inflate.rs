//! gzip, whole objects at a time.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{DecompressionError, Decompressor};

/// The first bytes of every gzip member: its magic number and "deflate".
pub(super) const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];

/// Room beyond the expected end, so that libdeflate need not slow down before it.
const SLACK: usize = 512;

/// Inflates gzip objects, fast where they are as AWS writes them and to the
/// last good byte where they are not.
pub(super) struct Inflater {
    whole: Decompressor,
    /// No object is inflated beyond this many bytes.
    limit: usize,
}

/// What became of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inflated {
    /// How many bytes were written.
    pub(super) length: usize,
    pub(super) damage: Option<Cow<'static, str>>,
}

impl Inflater {
    pub(super) fn new(limit: usize) -> Self {
        Inflater { whole: Decompressor::new(), limit }
    }

    /// Inflates `gzip` into the front of `text`, which grows as needed.
    pub(super) fn inflate(&mut self, gzip: &[u8], text: &mut Vec<u8>) -> Inflated {
        if let Some(length) = self.single_member(gzip, text) {
            return Inflated { length, damage: None };
        }
        self.members(gzip, text)
    }

    /// The fast way, for a single sound member. `None` if this is something else, or may be.
    fn single_member(&mut self, gzip: &[u8], text: &mut Vec<u8>) -> Option<usize> {
        let length = u32::from_le_bytes(*gzip.last_chunk()?) as usize;
        // No deflate stream expands more than 1032 times: larger claims are lies.
        if length > self.limit || length / 1032 > gzip.len() {
            return None;
        }
        if text.len() < length + SLACK {
            text.resize(length + SLACK, 0);
        }
        match self.whole.gzip_decompress(gzip, text) {
            // The decoder stops after the first member without a word. The length at the
            // object's end is that of its last one, and another one would start with the magic number.
            Ok(inflated) if inflated == length => {
                memchr::memmem::find(&gzip[MAGIC.len()..], &MAGIC).is_none().then_some(length)
            }
            Ok(_) | Err(DecompressionError::BadData | DecompressionError::InsufficientSpace) => None,
        }
    }

    /// The careful way: member by member, as far as it goes.
    fn members(&self, gzip: &[u8], text: &mut Vec<u8>) -> Inflated {
        let mut length = 0;
        let mut rest = gzip;
        loop {
            let mut decoder = Decompress::new_gzip(15);
            let start = length;
            let damage = loop {
                if length == text.len() {
                    if length >= self.limit {
                        break Some(format!("inflates to more than {} MiB", self.limit >> 20).into());
                    }
                    text.resize((length * 2).max(1 << 16).min(self.limit), 0);
                }
                let input = &rest[decoder.total_in() as usize..];
                let outcome = decoder.decompress(input, &mut text[length..], FlushDecompress::None);
                let before = std::mem::replace(&mut length, start + decoder.total_out() as usize);
                let stuck = length == before && rest.len() == decoder.total_in() as usize;
                match outcome {
                    Ok(Status::StreamEnd) => break None,
                    Ok(Status::Ok | Status::BufError) if !stuck => {}
                    Ok(_) => break Some("gzip stream ends early".into()),
                    Err(error) => {
                        break Some(match error.message() {
                            Some(message) => format!("gzip stream is corrupt: {message}").into(),
                            None => "gzip stream is corrupt".into(),
                        });
                    }
                }
            };
            rest = &rest[decoder.total_in() as usize..];
            match damage {
                Some(_) => return Inflated { length, damage },
                None if rest.is_empty() => return Inflated { length, damage: None },
                None if rest.starts_with(&MAGIC) => {}
                None => {
                    let damage = format!("{} bytes follow the gzip stream", rest.len());
                    return Inflated { length, damage: Some(damage.into()) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut gzip = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut gzip).unwrap();
        gzip.truncate(length);
        gzip
    }

    #[track_caller]
    fn check(gzip: &[u8], text: &[u8], damage: Option<&str>) {
        // Whatever the buffer was used for before.
        for mut buffer in [Vec::new(), vec![b'x'; 10], vec![b'x'; 1 << 20]] {
            let inflated = Inflater::new(1 << 20).inflate(gzip, &mut buffer);
            assert!(&buffer[..inflated.length] == text, "{} bytes", inflated.length);
            assert_eq!(inflated.damage.as_deref(), damage);
        }
    }

    fn text() -> Vec<u8> {
        (0..20_000u32).flat_map(|i| format!("{} ", i.wrapping_mul(2_654_435_761)).into_bytes()).collect()
    }

    #[test]
    fn sound_objects() {
        check(&gzip(b"{}"), b"{}", None);
        check(&gzip(&text()), &text(), None);
        check(&gzip(b""), b"", None);
    }

    #[test]
    fn several_members_are_one_text() {
        check(&[gzip(b"one "), gzip(b"two")].concat(), b"one two", None);
        // The same length and checksum twice.
        check(&[gzip(b"same"), gzip(b"same")].concat(), b"samesame", None);
        check(&[gzip(&text()), gzip(b""), gzip(b"!")].concat(), &[text(), b"!".to_vec()].concat(), None);
    }

    #[test]
    fn what_precedes_the_damage_is_kept() {
        let whole = gzip(&text());
        for cut in [whole.len() - 8, whole.len() - 1] {
            check(&whole[..cut], &text(), Some("gzip stream ends early"));
        }
        let mut buffer = Vec::new();
        let half = Inflater::new(1 << 20).inflate(&whole[..whole.len() / 2], &mut buffer);
        assert_eq!(half.damage.as_deref(), Some("gzip stream ends early"));
        assert!(half.length > text().len() / 3 && text().starts_with(&buffer[..half.length]));
        check(&whole[..5], b"", Some("gzip stream ends early"));
    }

    #[test]
    fn corruption_and_garbage_are_told() {
        let mut wrong = gzip(&text());
        let end = wrong.len();
        wrong[end - 6] ^= 1;
        check(&wrong, &text(), Some("gzip stream is corrupt: incorrect data check"));
        let mut wrong = gzip(b"{}");
        let end = wrong.len();
        wrong[end - 1] ^= 1;
        check(&wrong, b"{}", Some("gzip stream is corrupt: incorrect length check"));
        check(&[&gzip(b"{}")[..], b"garbage"].concat(), b"{}", Some("7 bytes follow the gzip stream"));
        check(&[&gzip(b"{}")[..], &[0; 512]].concat(), b"{}", Some("512 bytes follow the gzip stream"));
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = gzip(&vec![b' '; 3 << 20]);
        let mut buffer = Vec::new();
        let inflated = Inflater::new(1 << 20).inflate(&bomb, &mut buffer);
        assert_eq!(inflated.damage.as_deref(), Some("inflates to more than 1 MiB"));
        assert_eq!((inflated.length, buffer.len()), (1 << 20, 1 << 20));
    }
}
