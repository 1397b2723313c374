//! One log object, read whole.

use std::{borrow::Cow, fs::File, io, io::Read, path::Path};

use sha2::{Digest, Sha256};

use super::{
    feed::Source,
    inflate::{Inflater, MAGIC},
};

/// Buffers larger than this are not kept for the next object.
const KEEP: usize = 64 << 20;

/// Reads objects one after the other into the same buffers.
pub(super) struct Reader {
    raw: Vec<u8>,
    text: Vec<u8>,
    inflater: Inflater,
    limit: usize,
    /// Whether objects are hashed.
    hash: bool,
}

/// An object's text.
pub(super) struct Object<'a> {
    /// JSON, as far as it could be read.
    pub(super) text: &'a [u8],
    /// Bytes of the object as it is stored.
    pub(super) bytes: usize,
    /// Of the object as it is stored, if that was asked for.
    pub(super) sha256: Option<[u8; 32]>,
    /// Why the text is not the whole one.
    pub(super) damage: Option<Cow<'static, str>>,
}

impl Reader {
    /// A reader for objects of at most `limit` bytes, as stored and as inflated.
    pub(super) fn new(limit: usize, hash: bool) -> Self {
        Reader { raw: vec![0; 1 << 16], text: Vec::new(), inflater: Inflater::new(limit), limit, hash }
    }

    /// Reads an object. It need not be compressed, whatever its name.
    pub(super) fn read(&mut self, source: Source) -> Object<'_> {
        for buffer in [&mut self.raw, &mut self.text] {
            if buffer.len() > KEEP {
                *buffer = vec![0; 1 << 16];
            }
        }
        let read = match source {
            Source::File(path) => self.fill(&path).map_err(|error| describe(&error)),
            Source::Body(Ok(body)) => {
                self.raw = body;
                Ok(self.raw.len())
            }
            Source::Body(Err(reason)) => Err(reason),
        };
        let (bytes, damage) = match read {
            Ok(bytes) if bytes > self.limit => {
                (self.limit, Some(format!("larger than {} MiB", self.limit >> 20).into()))
            }
            Ok(bytes) => (bytes, None),
            Err(reason) => return Object { text: &[], bytes: 0, sha256: None, damage: Some(reason) },
        };
        let raw = &self.raw[..bytes];
        let sha256 = self.hash.then(|| Sha256::digest(raw).into());
        if !raw.starts_with(&MAGIC) {
            return Object { text: raw, bytes, sha256, damage };
        }
        let inflated = self.inflater.inflate(raw, &mut self.text);
        Object { text: &self.text[..inflated.length], bytes, sha256, damage: damage.or(inflated.damage) }
    }

    /// Reads the file into the front of `raw`, one byte beyond the limit at most.
    fn fill(&mut self, path: &Path) -> io::Result<usize> {
        let mut file = File::open(path)?;
        let mut bytes = 0;
        loop {
            if bytes == self.raw.len() {
                if bytes > self.limit {
                    return Ok(bytes);
                }
                self.raw.resize((bytes * 2).min(self.limit + 1), 0);
            }
            match file.read(&mut self.raw[bytes..]) {
                Ok(0) => return Ok(bytes),
                Ok(more) => bytes += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn describe(error: &io::Error) -> Cow<'static, str> {
    match error.kind() {
        io::ErrorKind::NotFound => "vanished before it was read".into(),
        io::ErrorKind::PermissionDenied => "permissions do not allow reading".into(),
        _ => format!("could not be read: {error}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], text: &[u8], damage: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object.json.gz");
        std::fs::write(&path, content).unwrap();
        let mut reader = Reader::new(1 << 20, false);
        for _ in 0..2 {
            let object = reader.read(Source::File(path.clone()));
            assert!(object.text == text);
            assert_eq!((object.bytes, object.damage.as_deref()), (content.len().min(1 << 20), damage));
        }
    }

    #[test]
    fn plain_text_is_read_as_it_is() {
        check(b"{\"Records\":[]}", b"{\"Records\":[]}", None);
        check(b"", b"", None);
        check(&vec![b'1'; 300_000], &vec![b'1'; 300_000], None);
    }

    #[test]
    fn the_limit_holds_for_plain_text() {
        check(&vec![b'1'; 1 << 20], &vec![b'1'; 1 << 20], None);
        check(&vec![b'1'; (1 << 20) + 1], &vec![b'1'; 1 << 20], Some("larger than 1 MiB"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let mut reader = Reader::new(1 << 20, false);
        assert_eq!(
            reader.read(Source::File("/no/such/object".into())).damage.as_deref(),
            Some("vanished before it was read")
        );
        assert!(reader.read(Source::File(std::env::temp_dir())).damage.is_some());
    }
}
