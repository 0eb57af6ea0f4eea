//! Documentation as HTML: Markdown in; HTML without any tag, script or address of its author's own out.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::code::pieces;
use crate::html::code;

/// The HTML of a text. Tags in it are shown as text; programs in it are coloured.
pub(crate) fn to_html(text: &str) -> String {
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut block: Option<(bool, String)> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(kind)), _) => {
                // A block without a word is a program, as everywhere in sgl's documents.
                let is_sgl = match kind {
                    CodeBlockKind::Indented => false,
                    CodeBlockKind::Fenced(word) => word.is_empty() || word.starts_with("sgl"),
                };
                block = Some((is_sgl, String::new()));
            }
            (Event::End(TagEnd::CodeBlock), _) => {
                let (is_sgl, text) = block.take().unwrap_or_default();
                let inner = if is_sgl { code(&pieces(&text), &|_| None) } else { crate::html::escape(&text) };
                events.push(Event::Html(format!("<pre><code>{inner}</code></pre>\n").into()));
            }
            (Event::Text(more), Some((_, text))) => text.push_str(&more),
            (Event::Html(tag) | Event::InlineHtml(tag), _) => events.push(Event::Text(tag)),
            (Event::Start(Tag::Link { link_type, dest_url, title, id }), _) => {
                events.push(Event::Start(Tag::Link { link_type, dest_url: safe(dest_url), title, id }));
            }
            // A page loads nothing: a picture is its description.
            (Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image), _) => {}
            (event, _) => events.push(event),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

/// An address that only leads to a page.
fn safe(address: CowStr<'_>) -> CowStr<'_> {
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default();
    let allowed = !scheme.contains(':') || address.starts_with("https:") || address.starts_with("http:");
    if allowed { address } else { "#".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_author_runs() {
        let hostile = "a <script>alert(1)</script> [x](javascript:alert(2)) ![p](http://x/y.png) `<b>`\n\n<img src=x onerror=y>\n\n\
                       ```html\n</code><script>\n```\n\n[\"><script>](<\"><script>>)";
        let page = to_html(hostile);
        for tag in ["<script", "<img", "href=\"javascript", "onerror=y>"] {
            assert!(!page.contains(tag), "{tag} in {page}");
        }
    }

    #[test]
    fn programs_are_coloured() {
        assert!(to_html("```sgl\nlet x = 1\n```").contains("<span class=\"keyword\">let</span>"));
        assert!(to_html("    indented <\n").contains("<pre><code>indented &lt;"));
    }
}
