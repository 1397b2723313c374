//! What the tests of this folder share: hostile text, and strict readers of what is shown.

use proptest::prelude::*;

/// Any text, rich in what would do harm.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let harm = prop::sample::select(vec![
        "EVCXR_BEGIN_CONTENT text/html ",
        "EVCXR_END_CONTENT",
        "EVCXR_EXECUTION_COMPLETE",
        "EVCXR_",
        "EVCXR",
        "_",
        "\n",
        "\r\n",
        "\0",
        "\u{1b}[31m",
        "\u{9b}",
        "\u{202e}",
        "\u{200b}",
        "\u{2028}",
        "<script>alert(1)</script>",
        "</td></tr></table>",
        "</title></svg>",
        "]]>",
        "-->",
        "\" onmouseover=\"alert(1)",
        "' x='",
        "&lt;",
        "&#x3c;img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "日本語",
        "🦀",
    ]);
    let part = prop_oneof![harm.prop_map(String::from), ".{0,12}", "[a-z ]{0,40}"];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// What evcxr makes of a cell's standard output: the lines it passes on, and
/// the content blocks. Written after its `run_and_capture_output`, with
/// `contains` for its unanchored pattern.
pub(crate) fn evcxr(output: &str) -> (Vec<String>, Vec<(String, String)>) {
    assert!(output.is_empty() || output.ends_with('\n'), "the last line is not ended");
    let (mut passed, mut blocks) = (Vec::new(), Vec::new());
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if let Some((_, mime)) = line.split_once("EVCXR_BEGIN_CONTENT ") {
            let mime = mime.split(' ').next().unwrap();
            let mut content = Vec::new();
            loop {
                match lines.next().expect("a block is not ended: the cell would never finish") {
                    "EVCXR_END_CONTENT" => break,
                    "EVCXR_PANIC_NOTIFICATION" => panic!("a block is ended by data"),
                    line => content.push(line),
                }
            }
            blocks.push((mime.to_owned(), content.join("\n")));
        } else {
            assert!(!line.contains("EVCXR_"), "a marker outside of blocks: {line}");
            passed.push(line.to_owned());
        }
    }
    (passed, blocks)
}

/// The elements of some markup, with their attributes, and its text. Panics at
/// whatever a browser would have to guess about.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    pub(crate) elements: Vec<(String, Vec<String>)>,
    pub(crate) text: String,
}

pub(crate) fn markup(source: &str) -> Markup {
    const VOID: [&str; 3] = ["br", "hr", "col"];
    let (mut out, mut open, mut rest) = (Markup::default(), Vec::new(), source);
    while let Some(at) = rest.find('<') {
        push_text(&mut out.text, &rest[..at]);
        let end = tag_end(&rest[at..]);
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "an element is closed that is not open");
            continue;
        }
        let (tag, closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        assert!(!name.is_empty(), "a stray `<`: {tag:?}");
        let attributes = attributes(&tag[name.len()..]);
        if !closed && !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        if name == "style" {
            let end = rest.find("</style>").expect("a style sheet is not ended");
            rest = &rest[end..];
        }
        out.elements.push((name, attributes));
    }
    push_text(&mut out.text, rest);
    assert!(open.is_empty(), "elements are not closed: {open:?}");
    out
}

/// Where the tag that starts the text ends: at a `>` outside of quotes.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            '<' if at > 0 => panic!("`<` in a tag: {text:.60}"),
            _ => {}
        }
    }
    panic!("a tag is not ended: {text:.60}");
}

fn attributes(mut text: &str) -> Vec<String> {
    let mut names = Vec::new();
    while !text.trim_start().is_empty() {
        let trimmed = text.trim_start();
        assert!(trimmed.len() < text.len(), "attributes touch: {text}");
        let (name, rest) = trimmed.split_once('=').unwrap_or((trimmed, ""));
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ':'),
            "attribute {name:?}"
        );
        names.push(name.to_owned());
        if rest.is_empty() {
            break;
        }
        let value = rest.strip_prefix('"').expect("an attribute is not quoted");
        let end = value.find('"').expect("an attribute is not ended");
        assert!(!value[..end].contains(['<', '>']), "markup in an attribute: {value}");
        text = &value[end + 1..];
    }
    names
}

fn push_text(out: &mut String, text: &str) {
    assert!(!text.contains('>'), "a stray `>`: {text:?}");
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').expect("a stray `&`") + at;
        out.push_str(match &rest[at..=end] {
            "&amp;" => "&",
            "&lt;" => "<",
            "&gt;" => ">",
            "&quot;" => "\"",
            "&#39;" | "&apos;" => "'",
            "&#96;" => "`",
            "&#61;" => "=",
            other => panic!("an entity that we do not write: {other}"),
        });
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
}
