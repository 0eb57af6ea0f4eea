//! Pages: modules in, the files of a folder that a browser can open out. Nothing in them is loaded from elsewhere.

use std::fmt::Write as _;

use crate::code::{Class, Piece, text};
use crate::markdown::to_html;
use crate::{Item, Kind, Member, Module};

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name.
    pub file: String,
    /// What it holds.
    pub text: String,
}

/// An index, one page a module, and the style.
pub fn pages(title: &str, modules: &[Module]) -> Vec<Page> {
    let mut names: Vec<String> = vec!["index".into(), "style".into()];
    let files: Vec<String> = modules.iter().map(|module| unique(&module.name, &mut names)).collect();
    let mut list = String::new();
    for (module, file) in modules.iter().zip(&files) {
        let about = module.docs.split("\n\n").next().unwrap_or_default();
        let _ = writeln!(
            list,
            "<dt><a href=\"{file}.html\">{}</a></dt>\n<dd>{}</dd>",
            escape(&module.name),
            to_html(about)
        );
    }
    let index = frame(title, "", &format!("<h1>{}</h1>\n<dl class=\"modules\">\n{list}</dl>\n", escape(title)));
    let mut out = vec![
        Page { file: "index.html".into(), text: index },
        Page { file: "style.css".into(), text: include_str!("style.css").into() },
    ];
    for (module, file) in modules.iter().zip(&files) {
        out.push(Page { file: format!("{file}.html"), text: page(title, module) });
    }
    out
}

/// The name of a module as one of a file that no other module has.
fn unique(name: &str, taken: &mut Vec<String>) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' }).collect();
    let plain = plain.trim_start_matches(['.', '-']).to_lowercase();
    let mut file = plain.clone();
    for n in 2.. {
        if !file.is_empty() && !taken.contains(&file) {
            break;
        }
        file = format!("{plain}-{n}");
    }
    taken.push(file.clone());
    file
}

const GROUPS: &[(Kind, &str)] = &[
    (Kind::Prompt, "Prompts"),
    (Kind::Fn, "Functions"),
    (Kind::Tool, "Tools"),
    (Kind::Struct, "Structs"),
    (Kind::Type, "Types"),
    (Kind::Const, "Constants"),
    (Kind::Model, "Models"),
];

fn page(title: &str, module: &Module) -> String {
    let mut nav = String::new();
    let mut body = format!("<h1>{}</h1>\n{}", escape(&module.name), to_html(&module.docs));
    for (kind, heading) in GROUPS {
        let items: Vec<&Item> = module.items.iter().filter(|item| item.kind == *kind).collect();
        if items.is_empty() {
            continue;
        }
        let _ = writeln!(nav, "<h2>{heading}</h2>\n<ul>");
        let _ = writeln!(body, "<h2>{heading}</h2>");
        for item in items {
            let (name, anchor) = (escape(&item.name), escape(&anchor(&item.name)));
            let _ = writeln!(nav, "<li><a href=\"#{anchor}\">{name}</a></li>");
            let _ = writeln!(
                body,
                "<section id=\"{anchor}\">\n<h3><a href=\"#{anchor}\"><code>{}</code></a></h3>\n{}",
                signature(&item.signature, module),
                to_html(&item.docs)
            );
            members(&item.members, module, &mut body);
            body.push_str("</section>\n");
        }
        nav.push_str("</ul>\n");
    }
    frame(&format!("{} · {title}", module.name), &nav, &body)
}

fn members(members: &[Member], module: &Module, out: &mut String) {
    if members.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for member in members {
        let (signature, docs) = (signature(&member.signature, module), to_html(&member.docs));
        let _ = writeln!(out, "<dt><code>{signature}</code></dt>\n<dd>{docs}</dd>");
    }
    out.push_str("</dl>\n");
}

/// The head of an item; names of types that the module has are links to them.
fn signature(pieces: &[Piece], module: &Module) -> String {
    let is_type = |item: &Item| matches!(item.kind, Kind::Struct | Kind::Type);
    code(pieces, &|name| {
        let found = module.items.iter().find(|item| is_type(item) && item.name == name)?;
        Some(format!("#{}", anchor(&found.name)))
    })
}

/// Pieces of a program as HTML; `link` says where the name of a type leads.
pub(crate) fn code(pieces: &[Piece], link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for Piece { class, text } in pieces {
        let shown = escape(text);
        let name = match class {
            Class::Keyword => "keyword",
            Class::Type => "type",
            Class::Number => "number",
            Class::Text => "text",
            Class::Comment => "comment",
            Class::Plain => {
                out.push_str(&shown);
                continue;
            }
        };
        let _ = match link(text).filter(|_| *class == Class::Type) {
            Some(to) => write!(out, "<a class=\"{name}\" href=\"{}\">{shown}</a>", escape(&to)),
            None => write!(out, "<span class=\"{name}\">{shown}</span>"),
        };
    }
    out
}

/// What an address within a page can hold: letters, digits, dots.
fn anchor(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' }).collect()
}

/// What tells our pages from other files in their folder.
const GENERATOR: &str = "<meta name=\"generator\" content=\"sglc doc\">";

/// Whether a text is a page that [`pages`] has made, now or in an earlier run.
pub fn is_page(text: &str) -> bool {
    text.contains(GENERATOR)
}

fn frame(title: &str, nav: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{GENERATOR}\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<link rel=\"stylesheet\" \
         href=\"style.css\">\n</head>\n<body>\n<nav>\n<a href=\"index.html\">index</a>\n{nav}</nav>\n<main>\n{body}</main>\n</body>\n\
         </html>\n"
    )
}

/// Text for content and for attributes in quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The head of an item as plain text.
pub fn plain(item: &Item) -> String {
    text(&item.signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module;

    #[test]
    fn a_page_has_anchors_links_and_nothing_unescaped() {
        let text = "/// A <b>verdict</b>.\nstruct Report {\n    /// Why & how.\n    why: str\n}\n/// Judges.\nfn judge(essay: str = \"<x>\") -> \
                    list<Report> { [] }\n";
        let pages = pages("<project>", &[module("./a<b>.sgl", text), module("./a-b-.sgl", "")]);
        let files: Vec<_> = pages.iter().map(|page| page.file.as_str()).collect();
        assert_eq!(files, ["index.html", "style.css", "a-b-.sgl.html", "a-b-.sgl-2.html"]);
        insta::assert_snapshot!(pages[2].text);
    }
}
