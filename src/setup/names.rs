//! Names that go into DDL and policies: checked before they are quoted.

use crate::aws::split_url;
use crate::{Error, Result};

use super::log_path::{is_account, is_organization};

/// A bucket's name.
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid); so do the others.
pub(super) fn bucket(name: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let fits = (3..=63).contains(&name.len()) && name.bytes().all(plain) && !name.contains("..");
    checked(name, fits, "a bucket", "it has 3 to 63 lower-case letters, digits, `.` and `-`")
}

/// What stands before `AWSLogs/` in the objects' names; may be empty.
pub(super) fn prefix(text: &str) -> Result<&str> {
    // What S3 calls safe, and what Hive and the projection's template take as it is.
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*()/+=@:, ".contains(&byte);
    let empty_part = !text.is_empty() && text.split('/').any(|part| part.is_empty() || part == "..");
    checked(
        text,
        text.bytes().all(safe) && !empty_part,
        "a prefix",
        "give it without a slash at either end and without `//`, of letters, digits and `!-_.*()+=@:,`",
    )
}

/// An account's id.
pub(super) fn account(id: &str) -> Result<&str> {
    checked(id, is_account(id), "an account", "it has 12 digits")
}

/// A region.
pub(super) fn region(name: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits =
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.contains('-') && name.bytes().all(plain);
    checked(name, fits && name.len() <= 40, "a region", "it is one like us-east-1")
}

/// An organization's id.
pub(super) fn organization(id: &str) -> Result<&str> {
    checked(
        id,
        is_organization(id) && id.len() >= 12,
        "an organization",
        "it is `o-` and 10 to 32 lower-case letters and digits",
    )
}

/// A database's or table's name, in lower case as Athena keeps it.
pub(super) fn identifier(name: &str) -> Result<String> {
    let lower = name.to_ascii_lowercase();
    let fits = (1..=255).contains(&lower.len())
        && lower.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    checked(name, fits, "a database or table", "use letters, digits and `_`")?;
    Ok(lower)
}

/// A workgroup's name.
pub(super) fn workgroup(name: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = (1..=128).contains(&name.len()) && name.bytes().all(plain);
    checked(name, fits, "a workgroup", "use up to 128 letters, digits, `.`, `_` and `-`")
}

/// The bucket and the prefix of `s3://bucket/prefix`.
pub(super) fn location(url: &str) -> Result<(&str, &str)> {
    let Some((name, path)) = split_url(url) else {
        return Err(Error::invalid(format!("`{}` is no place in S3", url.escape_debug()))
            .hint("write it as s3://bucket/prefix/"));
    };
    Ok((bucket(name)?, prefix(path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path))?))
}

fn checked<'a>(text: &'a str, fits: bool, what: &str, hint: &str) -> Result<&'a str> {
    match fits {
        true => Ok(text),
        false => Err(Error::invalid(format!("`{}` cannot be {what}", text.escape_debug())).hint(hint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for name in ["my-logs", "a.b.c", "123"] {
            assert!(bucket(name).is_ok(), "{name}");
        }
        for name in ["", "ab", "Logs", "a'b", "a/b", "a..b", "a_b", "bücket", "a\nb"] {
            assert!(bucket(name).is_err(), "{name}");
        }
        for text in ["", "a", "a/b c/d=1"] {
            assert!(prefix(text).is_ok(), "{text}");
        }
        for text in ["/a", "a/", "a//b", "a'b", "a\\b", "${region}", "a\"b", "a;b`", "a/../b", "\u{202e}"] {
            assert!(prefix(text).is_err(), "{text}");
        }
        assert!(
            account("111122223333").is_ok() && account("1111").is_err() && account("1111' OR '1").is_err()
        );
        assert!(region("us-gov-west-1").is_ok() && region("us").is_err() && region("us-east-1'").is_err());
        assert!(organization("o-exampleorgid").is_ok() && organization("o-x'").is_err());
        assert_eq!(identifier("CloudTrail_Logs").unwrap(), "cloudtrail_logs");
        assert!(identifier("a.b").is_err() && identifier("a`b").is_err() && identifier("").is_err());
        assert!(workgroup("trail.book-1").is_ok() && workgroup("a b").is_err());
    }

    #[test]
    fn places_are_buckets_with_prefixes() {
        assert_eq!(location("s3://my-results").unwrap(), ("my-results", ""));
        assert_eq!(location("s3://my-results/a/b/").unwrap(), ("my-results", "a/b"));
        for url in ["my-results", "https://x", "s3:///a", "s3://my-results//", "s3://my-results/a//b"] {
            assert!(location(url).unwrap_err().is_invalid(), "{url}");
        }
    }
}
