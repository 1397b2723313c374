//! The prose of a notebook as HTML.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use super::defang::defang;
use super::html::{escape, escape_lines};

/// Markdown as HTML. Raw HTML in it is shown as text, pictures by their text
/// alternative, and only links to HTTPS stay links. Headings are a level below
/// the report's own.
pub(super) fn render(source: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // Whether each of the links that are open is one.
    let mut links = Vec::new();
    let events = Parser::new_ext(source, options).filter_map(|event| match event {
        // The text of a link is its author's, and says where it leads.
        Event::Text(text) if links.contains(&true) => raw(escape_lines(&text).into()),
        Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
            raw(escape_lines(&defang(&text)).into())
        }
        Event::Code(text) => raw(format!("<code>{}</code>", escape(&text))),
        Event::Start(Tag::Heading { level, .. }) => Some(Event::Start(Tag::Heading {
            level: below(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        })),
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        Event::Start(Tag::Link { dest_url, .. }) => {
            links.push(dest_url.starts_with("https://"));
            match links.last() {
                Some(true) => raw(format!("<a href=\"{}\" rel=\"noreferrer\">", escape(&dest_url))),
                _ => None,
            }
        }
        Event::End(TagEnd::Link) => links.pop().filter(|&link| link).and_then(|_| raw("</a>".into())),
        Event::Start(Tag::Image { .. } | Tag::HtmlBlock) | Event::End(TagEnd::Image | TagEnd::HtmlBlock) => {
            None
        }
        // Its info string would become a class.
        Event::Start(Tag::CodeBlock(_)) => raw("<pre><code>".into()),
        Event::End(TagEnd::CodeBlock) => raw("</code></pre>\n".into()),
        event => Some(event),
    });
    let mut out = String::new();
    push_html(&mut out, events);
    out
}

/// The text of the first heading.
pub(super) fn title(source: &str) -> Option<String> {
    let mut inside = false;
    let mut title = String::new();
    for event in Parser::new_ext(source, Options::empty()) {
        match event {
            Event::Start(Tag::Heading { .. }) => inside = true,
            Event::End(TagEnd::Heading(_)) => return Some(title),
            Event::Text(text) | Event::Code(text) if inside => title.push_str(&text),
            _ => {}
        }
    }
    None
}

fn raw<'a>(html: String) -> Option<Event<'a>> {
    Some(Event::InlineHtml(CowStr::from(html)))
}

fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_rendered_and_nothing_in_it_acts() {
        for (source, html) in [
            ("# A *b*", "<h3>A <em>b</em></h3>\n"),
            ("a `x<y` b", "<p>a <code>x&lt;y</code> b</p>\n"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a <b onclick=x>c</b>", "<p>a &lt;b onclick&#61;x&gt;c&lt;/b&gt;</p>\n"),
            (
                "[a](https://example.com/?a=1)",
                "<p><a href=\"https://example.com/?a&#61;1\" rel=\"noreferrer\">a</a></p>\n",
            ),
            ("[a](javascript:alert(1))", "<p>a</p>\n"),
            ("[a](02-next.ipynb)", "<p>a</p>\n"),
            ("![alt](https://evil/x.png)", "<p>alt</p>\n"),
            ("```rust x\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"),
            ("from 203.0.113.66", "<p>from 203[.]0[.]113[.]66</p>\n"),
            ("`--ip 203.0.113.66`", "<p><code>--ip 203.0.113.66</code></p>\n"),
            ("a\u{202e}b", "<p>a\\u{202e}b</p>\n"),
        ] {
            assert_eq!(render(source), html, "{source}");
        }
    }

    #[test]
    fn the_title_is_the_first_heading() {
        assert_eq!(title("text\n\n# First `look`\n\n## More").as_deref(), Some("First look"));
        assert_eq!(title("text"), None);
    }
}
