//! HTML that others wrote, reduced to what cannot do anything.
//!
//! A notebook is a file that anybody may have changed, and its outputs hold
//! text out of logs. So an output is read by the rules of HTML and written
//! anew: elements and attributes of the lists below, every element ended, every
//! text and value escaped. What is on no list is dropped; the text inside of it
//! stays, unless a browser would not have shown it.

use super::defang::defang;
use super::html::{escape, escape_lines};

const HTML: &[&str] = &[
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// What charts are made of. Nothing that refers to anything.
const SVG: &[&str] = &[
    "circle", "desc", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "svg", "text", "title",
    "tspan",
];

const VOID: &[&str] = &["br", "col", "hr"];

/// Dropped with all that is inside.
const HIDDEN: &[&str] = &[
    "annotation-xml",
    "foreignobject",
    "head",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "template",
    "textarea",
    "title",
    "xmp",
];

const ATTRIBUTES: &[&str] = &["aria-label", "colspan", "open", "role", "rowspan", "scope", "title"];

const SVG_ATTRIBUTES: &[&str] = &[
    "cx",
    "cy",
    "d",
    "dx",
    "dy",
    "fill",
    "fill-opacity",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "opacity",
    "points",
    "r",
    "role",
    "rx",
    "ry",
    "stroke",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// The markup with nothing in it but text, tables, lists and drawings.
pub(super) fn sanitize(source: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(source.len()), open: Vec::new(), hidden: None };
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        writer.text(&rest[..at]);
        rest = writer.markup(&rest[at..]);
    }
    writer.text(rest);
    while let Some(name) = writer.open.pop() {
        writer.end(name);
    }
    writer.out
}

struct Writer {
    out: String,
    /// The elements that are open.
    open: Vec<&'static str>,
    /// The element whose content is being dropped, and how often it is open.
    hidden: Option<(String, usize)>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        let text = decode(text);
        // A drawing has room for its texts as they are, and code is to be copied.
        let exact = self.open.iter().any(|&name| name == "svg" || name == "code");
        let text = if exact { text } else { defang(&text).into_owned() };
        self.out.push_str(&escape_lines(&text));
    }

    /// Takes what starts with `<`; gives back what comes after it.
    fn markup<'a>(&mut self, source: &'a str) -> &'a str {
        let after = |end: &str| source.find(end).map_or("", |at| &source[at + end.len()..]);
        let second = source[1..].chars().next();
        match second {
            Some('!') if source.starts_with("<!--") => after("-->"),
            Some('!' | '?') => after(">"),
            Some('/') if source[2..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let name = name(&source[2..]);
                self.close(&name.to_ascii_lowercase());
                after(">")
            }
            Some(c) if c.is_ascii_alphabetic() => {
                let name = name(&source[1..]);
                let (attributes, rest) = attributes(&source[1 + name.len()..]);
                self.open(&name.to_ascii_lowercase(), &attributes);
                // Only in drawings an element can be ended by its own tag.
                if source[..source.len() - rest.len()].ends_with("/>") && self.open.contains(&"svg") {
                    self.close(&name.to_ascii_lowercase());
                }
                rest
            }
            _ => {
                self.text("<");
                &source[1..]
            }
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        if let Some((hidden, depth)) = &mut self.hidden {
            *depth += usize::from(hidden == name);
            return;
        }
        // Names mean one thing in a drawing and another outside of it.
        let drawing = name == "svg" || self.open.contains(&"svg");
        let list = if drawing { SVG } else { HTML };
        let Some(&name) = list.iter().find(|&&known| known == name) else {
            if HIDDEN.contains(&name) {
                self.hidden = Some((name.to_owned(), 1));
            }
            return;
        };
        self.out.push('<');
        self.out.push_str(name);
        if name == "svg" {
            self.out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
        }
        let list = if drawing { SVG_ATTRIBUTES } else { ATTRIBUTES };
        let mut written: Vec<&str> = Vec::new();
        for (attribute, value) in attributes {
            let value = decode(value);
            let (attribute, value) = if attribute.eq_ignore_ascii_case("class") {
                ("class", classes(&value))
            } else {
                let Some(&known) = list.iter().find(|known| known.eq_ignore_ascii_case(attribute)) else {
                    continue;
                };
                if drawing && !is_drawing_value(&value) {
                    continue;
                }
                (known, value)
            };
            if attribute == "class" && value.is_empty() || written.contains(&attribute) {
                continue;
            }
            written.push(attribute);
            self.out.push_str(&format!(" {attribute}=\"{}\"", escape(&value)));
        }
        self.out.push('>');
        if !VOID.contains(&name) {
            self.open.push(name);
        }
    }

    fn close(&mut self, name: &str) {
        if let Some((hidden, depth)) = &mut self.hidden {
            if hidden == name {
                *depth -= 1;
            }
            if *depth == 0 {
                self.hidden = None;
            }
            return;
        }
        // What is not open cannot be ended; what is open inside ends too.
        if let Some(at) = self.open.iter().rposition(|&open| open == name) {
            while self.open.len() > at {
                if let Some(name) = self.open.pop() {
                    self.end(name);
                }
            }
        }
    }

    fn end(&mut self, name: &str) {
        self.out.push_str(&format!("</{name}>"));
    }
}

/// Our own classes: the report's must not be borrowed.
fn classes(value: &str) -> String {
    let ours = |class: &&str| *class == "tb" || class.starts_with("tb-");
    value.split_ascii_whitespace().filter(ours).collect::<Vec<_>>().join(" ")
}

/// Numbers, words, colours and `var(--tb-…)`: nothing that names another place.
fn is_drawing_value(value: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || " .,-+#%()".contains(c);
    let lower = value.to_ascii_lowercase();
    value.chars().all(harmless)
        && !lower.contains("url")
        && (!lower.contains("var(") || lower.contains("var(--tb-"))
}

fn name(source: &str) -> &str {
    let end = source.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(source.len());
    &source[..end]
}

/// The attributes of a tag, and what comes after the tag.
fn attributes(source: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut found, mut rest) = (Vec::new(), source);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        // A name may start with `=`, and only there holds one.
        let ends = |&(_, c): &(usize, char)| c.is_ascii_whitespace() || "/>=".contains(c);
        let end = rest.char_indices().skip(1).find(ends).map_or(rest.len(), |(at, _)| at);
        let (name, after) = rest.split_at(end);
        let value;
        (value, rest) = match after.trim_start().strip_prefix('=') {
            Some(after) => attribute_value(after.trim_start()),
            None => ("", after),
        };
        found.push((name, value));
    }
}

fn attribute_value(source: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = source.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    source.split_at(source.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(source.len()))
}

/// The text with its character references resolved; those that it does not know stay.
fn decode(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let reference = rest.split_once(';').filter(|(name, _)| name.len() <= 10);
        match reference.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{hostile, markup};
    use super::*;

    fn check(source: &str, clean: &str) {
        assert_eq!(sanitize(source), clean, "{source}");
        assert_eq!(sanitize(clean), clean, "it is not stable: {clean}");
    }

    #[test]
    fn tables_and_charts_stay() {
        check(
            "<div class=\"tb\"><p class=\"tb-shape\">2 rows</p><td title=\"a &amp; b\" colspan=\"2\">a</td></div>",
            "<div class=\"tb\"><p class=\"tb-shape\">2 rows</p><td title=\"a &amp; b\" colspan=\"2\">a</td></div>",
        );
        check(
            "<svg viewBox=\"0 0 8 8\" role=\"img\"><title>t</title><rect x=\"1\" fill=\"var(--tb-ok,#4a90c4)\"/><g/></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\" role=\"img\"><title>t</title>\
             <rect x=\"1\" fill=\"var(--tb-ok,#4a90c4)\"></rect><g></g></svg>",
        );
    }

    #[test]
    fn what_acts_is_dropped() {
        check("a<script>alert(1)</script>b", "ab");
        check("a<SCRIPT src=//evil>alert(1)", "a");
        check("<style>*{display:none}</style>b", "b");
        check("<p onclick=\"alert(1)\" style=\"position:fixed\" id=\"x\">a</p>", "<p>a</p>");
        check("<a href=\"javascript:alert(1)\">a</a>", "a");
        check("<img src=x onerror=alert(1)>", "");
        check("<p class=\"cover tb-note final\">a</p>", "<p class=\"tb-note\">a</p>");
        check(
            "<svg><a xlink:href=\"javascript:alert(1)\"><text>a</text></a></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>a</text></svg>",
        );
        check(
            "<svg><rect fill=\"url(https://evil)\"/></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><rect></rect></svg>",
        );
        check(
            "<svg><use href=\"#x\"/><foreignObject><p>a</p></foreignObject></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        );
        check("<title>x</title><textarea><p>a</textarea>b", "b");
        check("<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>a", "a");
        check(
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "",
        );
    }

    #[test]
    fn broken_markup_is_mended() {
        check("</div></main>a", "a");
        check("<div><b>a", "<div><b>a</b></div>");
        check("<b><i>a</b>b</i>", "<b><i>a</i></b>b");
        check("1 < 2 & 3 > 2 <", "1 &lt; 2 &amp; 3 &gt; 2 &lt;");
        check("<p title='\"><script>'>a</p>", "<p title=\"&quot;&gt;&lt;script&gt;\">a</p>");
        check("<p title=\"a\" title=\"b\">a</p>", "<p title=\"a\">a</p>");
        check("<p title=x", "<p title=\"x\"></p>");
        check("<!-- <p> -->a<!doctype html><?php ?>b", "ab");
        check("<p =x>a</p><br/>", "<p>a</p><br>");
        check("<p\u{e9}>a", "a");
    }

    #[test]
    fn hidden_characters_show() {
        check("a\u{202e}b", "a\\u{202e}b");
        assert_eq!(sanitize("a&#x202e;b&#0;&unknown;"), "a\\u{202e}b\\u{0}&amp;unknown;");
        check("<pre>a\n\tb</pre>", "<pre>a\n\tb</pre>");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_what_comes_out_is_plain(source in hostile_markup()) {
            let clean = sanitize(&source);
            for (element, attributes) in markup(&clean).elements {
                prop_assert!(HTML.contains(&element.as_str()) || SVG.contains(&element.as_str()), "{}", element);
                for name in attributes {
                    let known = ["class", "xmlns"].contains(&name.as_str())
                        || ATTRIBUTES.contains(&name.as_str())
                        || SVG_ATTRIBUTES.contains(&name.as_str());
                    prop_assert!(known, "{}", name);
                }
            }
            prop_assert_eq!(sanitize(&clean), clean);
        }
    }

    fn hostile_markup() -> impl Strategy<Value = String> {
        let tags = prop::sample::select(vec![
            "<div class=tb>",
            "<p title='",
            "'>",
            "\">",
            "</p>",
            "<svg",
            "<svg/>",
            " onload=x",
            ">",
            "/>",
            "<rect ",
            "<title>",
            "</svg>",
            "<!--",
            "-->",
            "<b/",
            "<td colspan=\"",
            "<script",
            "</script>",
            "<style>",
            "</style>",
            "&#60;",
            "&lt",
            "<math>",
            "<a href=javascript:x>",
            " fill=\"url(#x)\"",
            " fill=\"var(--tb-ok)\"",
            "<?",
            "<![CDATA[",
            "]]>",
            "=",
            "é",
        ]);
        prop::collection::vec(prop_oneof![tags.prop_map(String::from), hostile()], 0..12)
            .prop_map(|parts| parts.concat())
    }
}
