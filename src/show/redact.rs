//! Secrets that are not to be read over a shoulder or in a report.
//!
//! CloudTrail records some requests and responses whole: the session token of
//! an assumed role is in them, and now and then a password. A responder needs
//! to know that it was there, not what it was. Only what is shown is redacted;
//! the frame, JSON and NDJSON hold the value.

use std::borrow::Cow;

/// Names of fields that hold secrets, in lower case without `_` and `-`.
const SECRETS: [&str; 14] = [
    "accesstoken",
    "authorization",
    "authtoken",
    "clientsecret",
    "idtoken",
    "masteruserpassword",
    "password",
    "privatekey",
    "refreshtoken",
    "secretaccesskey",
    "secretstring",
    "securitytoken",
    "sessiontoken",
    "signintoken",
];

const REDACTED: &str = "(redacted)";

/// Whether a field or column of that name holds secrets.
fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRETS.contains(&name.as_str())
}

/// A value of a column, without secrets: all of it where the column is named
/// for one, else the values of such fields in the JSON that it holds.
pub(crate) fn redact<'a>(column: &str, text: Cow<'a, str>) -> Cow<'a, str> {
    if is_secret(column) {
        return REDACTED.into();
    }
    match without_secrets(&text) {
        Some(redacted) => redacted.into(),
        None => text,
    }
}

/// The text with the secrets in it replaced, if it has any.
fn without_secrets(text: &str) -> Option<String> {
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(end) = text[at..].find("\":").map(|found| at + found) {
        at = end + 2;
        // JSON inside of a JSON string has a backslash before its quotes.
        let name = text[..end].trim_end_matches('\\').rsplit('"').next().unwrap_or_default();
        if !is_secret(name) {
            continue;
        }
        let value = text[at..].trim_start();
        let quoted = value.trim_start_matches('\\');
        let Some(secret) = quoted.strip_prefix('"') else {
            continue;
        };
        let start = text.len() - secret.len();
        at = start + secret_length(secret, value.len() - quoted.len());
        out.push_str(&text[copied..start]);
        out.push_str(REDACTED);
        copied = at;
    }
    (copied > 0).then(|| out + &text[copied..])
}

/// Up to the quote with no more backslashes before it than the first one had;
/// all of the text where there is none, as the value may have been cut.
fn secret_length(secret: &str, backslashes: usize) -> usize {
    let ends = |&(at, _): &(usize, &str)| {
        let before = &secret[..at];
        before.len() - before.trim_end_matches('\\').len() <= backslashes
    };
    secret.match_indices('"').find(ends).map_or(secret.len(), |(at, _)| at - backslashes.min(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays() {
        for (text, shown) in [
            (
                r#"{"credentials":{"accessKeyId":"ASIA1","sessionToken":"IQoJb3JpZ2lu//","expiration":"x"}}"#,
                r#"{"credentials":{"accessKeyId":"ASIA1","sessionToken":"(redacted)","expiration":"x"}}"#,
            ),
            (r#"{"SecretAccessKey": "x"}"#, r#"{"SecretAccessKey": "(redacted)"}"#),
            (r#"{"password":"a\"b","user":"c"}"#, r#"{"password":"(redacted)","user":"c"}"#),
            (
                r#"["{\"session_token\":\"abc\",\"b\":1}"]"#,
                r#"["{\"session_token\":\"(redacted)\",\"b\":1}"]"#,
            ),
            (r#"{"password":"cut off"#, r#"{"password":"(redacted)"#),
            (r#"{"password":null,"passwordReset":"true"}"#, r#"{"password":null,"passwordReset":"true"}"#),
            ("no JSON", "no JSON"),
        ] {
            assert_eq!(redact("responseelements", text.into()), shown);
        }
        assert_eq!(redact("session_token", "abc".into()), "(redacted)");
    }

    proptest! {
        #[test]
        fn no_secret_is_left(before in "[a-z{}\":,\\\\]{0,20}", secret in "[A-Za-z0-9+/=]{12,40}", after in "[a-z{}:,]{0,20}") {
            let text = format!(r#"{before}"sessionToken":"{secret}"{after}"#);
            prop_assert!(!redact("c", text.as_str().into()).contains(&secret));
        }
    }
}
