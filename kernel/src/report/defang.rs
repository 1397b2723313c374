//! Addresses and URLs, written so that no program makes links of them.
//!
//! A report is mailed and pasted into tickets, whose programs turn whatever looks
//! like an address into something to click on. `198.51.100.7` becomes
//! `198[.]51[.]100[.]7` and `https://example.com/a` becomes
//! `hxxps://example[.]com/a`, as is the custom. Private addresses lead nowhere,
//! and `0.0.0.0/0` is read more often than clicked on: they stay.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The text with its public addresses and URLs defanged.
pub(super) fn defang(text: &str) -> Cow<'_, str> {
    // Nearly all cells of a table hold neither.
    if !text.contains(['.', ':']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut rest, mut before) = (text, None);
    // A version, as in `Chrome/141.0.0.0`, looks like an address.
    let mut in_name = false;
    while let Some(first) = rest.chars().next() {
        let (taken, written) = if let Some(scheme) = scheme(rest) {
            url(rest, scheme)
        } else if is_part(first) && !in_name && !before.is_some_and(|c: char| c.is_alphanumeric() || c == '_')
        {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let in_word = rest[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let run = &rest[..end];
            (end, if in_word { Cow::Borrowed(run) } else { addresses(run) })
        } else {
            (first.len_utf8(), Cow::Borrowed(&rest[..first.len_utf8()]))
        };
        in_name = first == '/' && before.is_some_and(char::is_alphabetic);
        before = rest[..taken].chars().next_back();
        out.push_str(&written);
        rest = &rest[taken..];
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// The scheme that the text begins with, if it is one that programs follow.
fn scheme(text: &str) -> Option<&'static str> {
    let starts =
        |scheme: &str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "ftp://"].into_iter().find(|scheme| starts(scheme))
}

/// A URL up to the end of its host: its length, and how it is written.
fn url<'a>(text: &'a str, scheme: &str) -> (usize, Cow<'a, str>) {
    let host = &text[scheme.len()..];
    let ends = |c: char| c.is_whitespace() || "/?#\"'<>\\,;)".contains(c);
    let host = &host[..host.find(ends).unwrap_or(host.len())];
    let safe = match scheme {
        "https://" => "hxxps://",
        "http://" => "hxxp://",
        _ => "fxp://",
    };
    (scheme.len() + host.len(), Cow::Owned(format!("{safe}{}", host.replace('.', "[.]"))))
}

/// What addresses are made of.
fn is_part(c: char) -> bool {
    c.is_ascii_hexdigit() || c == '.' || c == ':'
}

/// Addresses and what is between them, as colons and a port.
fn addresses(run: &str) -> Cow<'_, str> {
    let bare = run.trim_matches(['.', ':']);
    let bracketed =
        |address: &str, mark: char| run.replace(address, &address.replace(mark, &format!("[{mark}]")));
    if bare.parse().is_ok_and(|address: Ipv6Addr| address.segments()[0] & 0xe000 == 0x2000) {
        return Cow::Owned(bracketed(bare, ':'));
    }
    let public = |part: &&str| part.trim_matches('.').parse().is_ok_and(is_public);
    match run.split(':').find(public) {
        Some(address) => Cow::Owned(bracketed(address.trim_matches('.'), '.')),
        None => Cow::Borrowed(run),
    }
}

fn is_public(address: Ipv4Addr) -> bool {
    let own = address.is_private() || address.is_loopback() || address.is_link_local();
    !own && address.octets()[0] != 0 && !address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn public_addresses_and_urls_are_defanged() {
        for (text, shown) in [
            ("203.0.113.66", "203[.]0[.]113[.]66"),
            ("from 203.0.113.66, then 198.51.100.7.", "from 203[.]0[.]113[.]66, then 198[.]51[.]100[.]7."),
            ("203.0.113.66:443", "203[.]0[.]113[.]66:443"),
            ("203.0.113.0/24", "203[.]0[.]113[.]0/24"),
            ("2001:db8::1", "2001[:]db8[:][:]1"),
            ("http://evil.example/a.b?c=d", "hxxp://evil[.]example/a.b?c=d"),
            ("(HTTPS://Evil.Example)", "(hxxps://Evil[.]Example)"),
            ("{\"url\":\"ftp://203.0.113.66/x\"}", "{\"url\":\"fxp://203[.]0[.]113[.]66/x\"}"),
        ] {
            assert_eq!(defang(text), shown);
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "10.0.0.7 172.16.1.1 192.168.0.1 127.0.0.1 169.254.169.254",
            "0.0.0.0/0 and ::/0 and fd00::1",
            "2026-10-12T08:15:00Z",
            "12:00 to 13:00",
            "iam.amazonaws.com",
            "aws-cli/2.15.30 Python/3.11.8",
            "Chrome/114.0.5735.199",
            "Chrome/141.0.0.0 Safari/537.36",
            "v1.2.3.4 x203.0.113.66 203.0.113.66x",
            "arn:aws:iam::111122223333:user/alice",
            "",
            "…",
        ] {
            assert_eq!(defang(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "([0-9a-f.:]{0,20}|https?://|[a-gé ]{0,4}){0,6}") {
            let back = defang(&text).replace("[.]", ".").replace("[:]", ":").replace("hxxp", "http");
            prop_assert_eq!(back, text);
        }
    }
}
