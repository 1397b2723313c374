//! Digests and checksums of bytes.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use super::{Function, plain, unexpected};
use crate::trino::value::{Eval, Value};

const DIGEST: &[&str] = &["(varbinary) -> varbinary"];
const HMAC: &[&str] = &["(varbinary, varbinary) -> varbinary"];

pub(super) const FUNCTIONS: &[Function] = &[
    plain("md5", DIGEST, digest::<Md5>),
    plain("sha1", DIGEST, digest::<Sha1>),
    plain("sha256", DIGEST, digest::<Sha256>),
    plain("sha512", DIGEST, digest::<Sha512>),
    plain("hmac_md5", HMAC, hmac::<Md5, 64>),
    plain("hmac_sha1", HMAC, hmac::<Sha1, 64>),
    plain("hmac_sha256", HMAC, hmac::<Sha256, 64>),
    plain("hmac_sha512", HMAC, hmac::<Sha512, 128>),
    plain("crc32", &["(varbinary) -> bigint"], |values| match values {
        [Value::Varbinary(bytes)] => Ok(Value::Integer(i64::from(crc32fast::hash(bytes)))),
        _ => unexpected(values),
    }),
    plain("xxhash64", DIGEST, |values| match values {
        [Value::Varbinary(bytes)] => {
            Ok(Value::bytes(twox_hash::XxHash64::oneshot(0, bytes).to_be_bytes().to_vec()))
        }
        _ => unexpected(values),
    }),
    plain("murmur3", DIGEST, |values| match values {
        [Value::Varbinary(bytes)] => Ok(Value::bytes(murmur3(bytes).to_vec())),
        _ => unexpected(values),
    }),
];

fn digest<'a, D: Digest>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varbinary(bytes)] = values else {
        return unexpected(values);
    };
    Ok(Value::bytes(D::digest(bytes).to_vec()))
}

/// RFC 2104. The key is the second argument; `BLOCK` is the digest's block in bytes.
fn hmac<'a, D: Digest, const BLOCK: usize>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varbinary(message), Value::Varbinary(key)] = values else {
        return unexpected(values);
    };
    let mut block = [0u8; BLOCK];
    if key.len() > BLOCK {
        let hashed = D::digest(key);
        block[..hashed.len()].copy_from_slice(&hashed);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = D::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Ok(Value::bytes(D::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()))
}

/// MurmurHash3 for 64-bit machines, 128 bits, seed 0.
fn murmur3(bytes: &[u8]) -> [u8; 16] {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let (mut h1, mut h2) = (0u64, 0u64);
    let blocks = bytes.chunks_exact(16);
    let tail = blocks.remainder();
    for block in blocks {
        let (low, high) = block.split_at(8);
        h1 ^= mix1(word(low));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(word(high));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= mix2(word(high));
    h1 ^= mix1(word(low));
    let length = bytes.len() as u64;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    let finish = |mut k: u64| {
        k ^= k >> 33;
        k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
        k ^= k >> 33;
        k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        k ^ k >> 33
    };
    h1 = finish(h1);
    h2 = finish(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    let mut hash = [0; 16];
    hash[..8].copy_from_slice(&h1.to_le_bytes());
    hash[8..].copy_from_slice(&h2.to_le_bytes());
    hash
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn known_answers() {
        check("md5(to_utf8('abc'))", "900150983cd24fb0d6963f7d28e17f72");
        check("sha1(to_utf8('abc'))", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check("to_hex(sha256(X''))", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
        // RFC 2202 and RFC 4231, test case 2.
        check(
            "hmac_md5(to_utf8('what do ya want for nothing?'), to_utf8('Jefe'))",
            "750c783e6ab0b503eaa86e310a5db738",
        );
        check(
            "hmac_sha256(to_utf8('what do ya want for nothing?'), to_utf8('Jefe'))",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check("crc32(to_utf8('123456789'))", "3421780262");
        check("xxhash64(X'')", "ef46db3751d8e999");
        // The little-endian words of murmur3_x64_128.
        check("murmur3(to_utf8('hello'))", "029bbd41b3a7d8cb191dae486a901e5b");
        check("sha256('text')", "! Unexpected parameters (varchar(4)) for function sha256.");
    }
}
