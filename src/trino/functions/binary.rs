//! Bytes: their texts, numbers and parts.

use std::borrow::Cow;

use super::string::padded;
use super::{Function, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("to_hex", TO_TEXT, |values| match values {
        [Value::Varbinary(bytes)] => Ok(Value::text(hex(bytes))),
        _ => unexpected(values),
    }),
    plain("from_hex", FROM_TEXT, from_hex),
    plain("to_base64", TO_TEXT, |values| encode(values, &BASE64)),
    plain("from_base64", FROM_TEXT, |values| decode(values, &BASE64)),
    plain("to_base64url", TO_TEXT, |values| encode(values, &BASE64URL)),
    plain("from_base64url", FROM_TEXT, |values| decode(values, &BASE64URL)),
    plain("to_base32", TO_TEXT, |values| encode(values, &BASE32)),
    plain("from_base32", FROM_TEXT, |values| decode(values, &BASE32)),
    plain("to_utf8", &["(varchar) -> varbinary"], |values| match values {
        [Value::Varchar(Cow::Borrowed(text))] => Ok(Value::bytes(text.as_bytes())),
        [Value::Varchar(text)] => Ok(Value::bytes(text.as_bytes().to_vec())),
        _ => unexpected(values),
    }),
    plain(
        "from_utf8",
        &["(varbinary) -> varchar", "(varbinary, varchar) -> varchar", "(varbinary, bigint) -> varchar"],
        from_utf8,
    ),
    plain("to_big_endian_32", &["(integer) -> varbinary"], |values| match values {
        [Value::Integer(x)] => Ok(Value::bytes((*x as i32).to_be_bytes().to_vec())),
        _ => unexpected(values),
    }),
    plain("to_big_endian_64", &["(bigint) -> varbinary"], |values| match values {
        [Value::Integer(x)] => Ok(Value::bytes(x.to_be_bytes().to_vec())),
        _ => unexpected(values),
    }),
    plain("from_big_endian_32", &["(varbinary) -> integer"], |values| {
        Ok(Value::Integer(i64::from(i32::from_be_bytes(exactly(values, "expected 4-byte input")?))))
    }),
    plain("from_big_endian_64", &["(varbinary) -> bigint"], |values| {
        Ok(Value::Integer(i64::from_be_bytes(exactly(values, "expected 8-byte input")?)))
    }),
    plain("to_ieee754_32", &["(real) -> varbinary"], |values| match values {
        [Value::Real(x)] => Ok(Value::bytes(if x.is_nan() { f32::NAN } else { *x }.to_be_bytes().to_vec())),
        _ => unexpected(values),
    }),
    plain("to_ieee754_64", &["(double) -> varbinary"], |values| match values {
        [Value::Double(x)] => Ok(Value::bytes(if x.is_nan() { f64::NAN } else { *x }.to_be_bytes().to_vec())),
        _ => unexpected(values),
    }),
    plain("from_ieee754_32", &["(varbinary) -> real"], |values| {
        Ok(Value::Real(f32::from_be_bytes(exactly(
            values,
            "Input floating-point value must be exactly 4 bytes long",
        )?)))
    }),
    plain("from_ieee754_64", &["(varbinary) -> double"], |values| {
        Ok(Value::Double(f64::from_be_bytes(exactly(
            values,
            "Input floating-point value must be exactly 8 bytes long",
        )?)))
    }),
    plain("lpad", &["(varbinary, bigint, varbinary) -> varbinary"], |values| pad(values, true)),
    plain("rpad", &["(varbinary, bigint, varbinary) -> varbinary"], |values| pad(values, false)),
    plain(
        "substr|substring",
        &["(varbinary, bigint) -> varbinary", "(varbinary, bigint, bigint) -> varbinary"],
        substr,
    ),
];

const TO_TEXT: &[&str] = &["(varbinary) -> varchar"];
const FROM_TEXT: &[&str] = &["(varchar) -> varbinary", "(varbinary) -> varbinary"];

/// Digits that stand for so many bits each, in groups that padding fills.
struct Alphabet {
    digits: &'static [u8],
    bits: u32,
    group: usize,
}

const BASE64: Alphabet = Alphabet {
    digits: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    bits: 6,
    group: 4,
};
const BASE64URL: Alphabet = Alphabet {
    digits: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    bits: 6,
    group: 4,
};
const BASE32: Alphabet = Alphabet { digits: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, group: 8 };

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn bytes_of<'v>(values: &'v [Value<'_>]) -> Option<&'v [u8]> {
    match values {
        [Value::Varbinary(bytes)] => Some(bytes),
        [Value::Varchar(text)] => Some(text.as_bytes()),
        _ => None,
    }
}

fn exactly<const N: usize>(values: &[Value<'_>], message: &'static str) -> Result<[u8; N], EvalError> {
    bytes_of(values).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| EvalError::argument(message))
}

fn from_hex<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let Some(text) = bytes_of(values) else {
        return unexpected(values);
    };
    let digits: Option<Vec<u8>> =
        text.iter().map(|b| (*b as char).to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(Value::bytes(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>()))
        }
        _ => Err(EvalError::argument("from_hex takes an even number of hexadecimal digits")),
    }
}

fn encode<'a>(values: &[Value<'a>], alphabet: &Alphabet) -> Eval<'a> {
    let [Value::Varbinary(bytes)] = values else {
        return unexpected(values);
    };
    let mut text = String::with_capacity(bytes.len() * 2);
    let (mut buffer, mut held) = (0u32, 0);
    let mut push = |index: u32| text.push(alphabet.digits[index as usize % alphabet.digits.len()] as char);
    for byte in bytes.iter() {
        buffer = buffer << 8 | u32::from(*byte);
        held += 8;
        while held >= alphabet.bits {
            held -= alphabet.bits;
            push(buffer >> held);
            buffer &= (1 << held) - 1;
        }
    }
    if held > 0 {
        push(buffer << (alphabet.bits - held));
    }
    while !text.len().is_multiple_of(alphabet.group) {
        text.push('=');
    }
    Ok(Value::text(text))
}

/// Padding may be absent, and what is there must be right.
fn decode<'a>(values: &[Value<'a>], alphabet: &Alphabet) -> Eval<'a> {
    let Some(text) = bytes_of(values) else {
        return unexpected(values);
    };
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at(end);
    // A last group of so few digits that they hold no whole byte more is cut off.
    let spare = digits.len() as u32 * alphabet.bits % 8;
    if spare >= alphabet.bits || (!padding.is_empty() && !text.len().is_multiple_of(alphabet.group)) {
        return Err(EvalError::argument(format!("Invalid input length {}", text.len())));
    }
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut buffer, mut held) = (0u32, 0);
    for digit in digits {
        let Some(index) = alphabet.digits.iter().position(|known| known == digit) else {
            return Err(EvalError::argument(format!("Unrecognized character: {}", *digit as char)));
        };
        buffer = buffer << alphabet.bits | index as u32;
        held += alphabet.bits;
        if held >= 8 {
            held -= 8;
            bytes.push((buffer >> held) as u8);
            buffer &= (1 << held) - 1;
        }
    }
    Ok(Value::bytes(bytes))
}

fn from_utf8<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (bytes, replacement) = match values {
        [Value::Varbinary(bytes)] => (bytes, "\u{FFFD}".to_owned()),
        [Value::Varbinary(bytes), Value::Varchar(text)] if text.chars().count() <= 1 => {
            (bytes, text.to_string())
        }
        [_, Value::Varchar(_)] => {
            return Err(EvalError::argument("Replacement character string must empty or a single character"));
        }
        [Value::Varbinary(bytes), Value::Integer(code)] => {
            match u32::try_from(*code).ok().and_then(char::from_u32) {
                Some(c) => (bytes, c.to_string()),
                None => return Err(EvalError::argument("Invalid replacement character")),
            }
        }
        _ => return unexpected(values),
    };
    if let Cow::Borrowed(bytes) = bytes
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Ok(Value::text(text));
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(&replacement);
        }
    }
    Ok(Value::text(text))
}

fn pad<'a>(values: &[Value<'a>], at_start: bool) -> Eval<'a> {
    let [Value::Varbinary(bytes), Value::Integer(size), Value::Varbinary(padding)] = values else {
        return unexpected(values);
    };
    let size = padded(*size)?;
    if padding.is_empty() {
        return Err(EvalError::argument("Padding bytes must not be empty"));
    }
    if size <= bytes.len() {
        return Ok(Value::bytes(bytes[..size].to_vec()));
    }
    let filler = padding.iter().cycle().take(size - bytes.len());
    Ok(Value::bytes(if at_start {
        filler.chain(bytes.iter()).copied().collect::<Vec<u8>>()
    } else {
        bytes.iter().chain(filler).copied().collect()
    }))
}

fn substr<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (bytes, start, length) = match values {
        [Value::Varbinary(bytes), Value::Integer(start)] => (bytes, *start, i64::MAX),
        [Value::Varbinary(bytes), Value::Integer(start), Value::Integer(length)] => (bytes, *start, *length),
        _ => return unexpected(values),
    };
    let skip = match start {
        0 => None,
        1.. => usize::try_from(start - 1).ok(),
        _ => start.checked_add(bytes.len() as i64).and_then(|skip| usize::try_from(skip).ok()),
    };
    let rest = skip.and_then(|skip| bytes.get(skip..)).unwrap_or(&[]);
    let length = usize::try_from(length).unwrap_or(0).min(rest.len());
    Ok(Value::bytes(rest[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn texts() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
            for base in ["base64", "base64url", "base32", "hex"] {
                check(&format!("from_utf8(from_{base}(to_{base}(to_utf8('{text}'))))"), text);
            }
        }
        check("to_base64(X'fbff')", "+/8=");
        check("to_base64url(X'fbff')", "-_8=");
        check("to_base32(to_utf8('fooba'))", "MZXW6YTB");
        check("from_utf8(from_base64('Zm8'))", "fo");
        check("from_base64('Z')", "! Invalid input length 1");
        check("from_base64('Zm=')", "! Invalid input length 3");
        check("from_base64('Zm8*')", "! Unrecognized character: *");
        check("to_hex(X'0a ff')", "0AFF");
        check("from_hex('0')", "! from_hex takes an even number");
        check("from_utf8(X'61ff62', '?')", "a?b");
    }

    #[test]
    fn numbers_and_parts() {
        check("from_big_endian_64(to_big_endian_64(-2))", "-2");
        check("to_big_endian_32(258)", "00000102");
        check("from_ieee754_64(to_ieee754_64(1.5))", "1.5E0");
        check("substr(X'010203', -2)", "0203");
        check("lpad(X'01', 3, X'aabb')", "aabb01");
        check("X'01' || X'02'", "0102");
        check("length(X'0102')", "2");
    }
}
