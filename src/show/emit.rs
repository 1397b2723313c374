//! The one way from the library to standard output.
//!
//! Standard output is the channel on which a notebook cell talks to its
//! kernel. evcxr reads it line by line and acts on lines that hold its own
//! markers, all of which start with `EVCXR_`: a printed log record with such a
//! marker in it would inject trusted HTML or stop the notebook for good.
//! So nothing else in the library prints, and what is printed here cannot hold
//! a marker other than the ones around its own blocks.

use std::io::Write;

use serde_json::{Value, json};

/// What evcxr's markers have in common.
const MARKER: &str = "EVCXR_";

/// The style sheet of all that is shown. The report has it too.
const STYLE: &str = include_str!("show.css");

/// What all markup is inside of. JupyterLab would typeset what stands between two dollar signs, prices and
/// text out of logs alike, but for the second class.
const OPEN: &str = "<div class=\"tb mathjax_ignore\">";

/// One result in the forms a front end can choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundle {
    /// For JupyterLab and exports: markup without scripts or outside
    /// references, for inside of an element of class `tb`.
    pub(crate) html: String,
    /// For terminals and diffs.
    pub(crate) plain: String,
    /// For the report: where the result comes from.
    pub(crate) evidence: Option<Value>,
}

impl Bundle {
    /// One result of several, with the evidence of each.
    pub(crate) fn of(parts: &[Bundle]) -> Bundle {
        let evidence: Vec<&Value> = parts.iter().filter_map(|part| part.evidence.as_ref()).collect();
        Bundle {
            html: parts.iter().map(|part| part.html.as_str()).collect(),
            plain: parts.iter().map(|part| part.plain.as_str()).collect(),
            evidence: match evidence.as_slice() {
                [] => None,
                &[one] => Some(one.clone()),
                several => {
                    Some(json!({ "schema": "trailbook.evidence/1", "kind": "panel", "parts": several }))
                }
            },
        }
    }
}

/// Shows a result below the cell that is running.
pub(crate) fn emit(bundle: &Bundle) {
    let text = render(bundle);
    let mut out = std::io::stdout().lock();
    // It fails only when the kernel is gone, and then there is nobody to tell.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The content blocks, each line ended.
fn render(bundle: &Bundle) -> String {
    let mut out = String::with_capacity(STYLE.len() + bundle.html.len() + bundle.plain.len() + 512);
    // The replacement means the same to the reader of each format.
    let html = bundle.html.trim_end().replace(MARKER, "EVCXR&#95;");
    block(&mut out, "text/html", &format!("{OPEN}<style>\n{STYLE}</style>\n{html}\n</div>"));
    block(&mut out, "text/plain", &bundle.plain.replace(MARKER, "EVCXR\\u{5f}"));
    if let Some(evidence) = &bundle.evidence {
        let json = evidence.to_string().replace(MARKER, "EVCXR\\u005f");
        block(&mut out, "application/vnd.trailbook.evidence+json", &json);
    }
    out
}

fn block(out: &mut String, mime: &str, content: &str) {
    out.push_str("EVCXR_BEGIN_CONTENT ");
    out.push_str(mime);
    out.push('\n');
    out.push_str(content.trim_end_matches('\n'));
    out.push_str("\nEVCXR_END_CONTENT\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::testing::{evcxr, hostile};
    use proptest::prelude::*;

    #[test]
    fn a_bundle_is_one_block_a_form() {
        let bundle = Bundle {
            html: "<p>3</p>\n".into(),
            plain: "3".into(),
            evidence: Some(serde_json::json!({"kind": "answer"})),
        };
        assert_eq!(
            render(&bundle).replace(STYLE, "…\n"),
            "EVCXR_BEGIN_CONTENT text/html\n<div class=\"tb mathjax_ignore\"><style>\n…\n</style>\n<p>3</p>\n</div>\n\
             EVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\n3\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT application/vnd.trailbook.evidence+json\n{\"kind\":\"answer\"}\n\
             EVCXR_END_CONTENT\n"
        );
    }

    proptest! {
        /// Not even text that nobody escaped gets out of its block.
        #[test]
        fn no_text_reaches_the_control_channel(html in hostile(), plain in hostile(), value in hostile()) {
            let evidence = serde_json::json!({ value.clone(): value });
            let bundle = Bundle { html, plain, evidence: Some(evidence.clone()) };
            let (passed, blocks) = evcxr(&render(&bundle));
            prop_assert!(passed.is_empty());
            let mimes: Vec<_> = blocks.iter().map(|(mime, _)| mime.as_str()).collect();
            prop_assert_eq!(mimes, ["text/html", "text/plain", "application/vnd.trailbook.evidence+json"]);
            prop_assert!(blocks.iter().all(|(_, content)| !content.contains(MARKER)));
            prop_assert_eq!(serde_json::from_str::<Value>(&blocks[2].1).unwrap(), evidence);
        }
    }
}
