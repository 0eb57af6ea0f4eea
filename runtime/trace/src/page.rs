//! The page around a log: one file that a browser opens, with the log inside and everything that draws it.
//!
//! Styles and scripts come before the log, so that a page whose run was cut off in the middle shows what there is. A policy
//! in its head forbids the page to load anything.

use std::borrow::Cow;

/// What a log is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its lines alone.
    Lines,
    /// A page with the lines inside.
    Page,
}

/// Before the lines in a page.
const OPENING: &str = "<script type=\"application/jsonl\" id=\"log\">\n";
/// After them.
const CLOSING: &str = "</script>\n</body>\n</html>\n";

const STYLE: &str = concat!(include_str!("../page/base.css"), include_str!("../page/parts.css"));
const BODY: &str = include_str!("../page/body.html");
/// In the order in which they run; they share one scope.
const SCRIPTS: [&str; 9] = [
    include_str!("../page/tools.js"),
    include_str!("../page/log.js"),
    include_str!("../page/state.js"),
    include_str!("../page/graph.js"),
    include_str!("../page/source.js"),
    include_str!("../page/list.js"),
    include_str!("../page/request.js"),
    include_str!("../page/timeline.js"),
    include_str!("../page/main.js"),
];

impl Form {
    pub(crate) fn opening(self, program: &str) -> String {
        if self == Form::Lines {
            return String::new();
        }
        let title: String = program.chars().filter(|c| !matches!(c, '<' | '>' | '&' | '"')).collect();
        let scripts = SCRIPTS.concat();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"sglc \
             run --trace\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
             'unsafe-inline'; script-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, \
             initial-scale=1\">\n<title>{title} · trace</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{BODY}<script>\n\
             (() => {{\n\"use strict\";\n{scripts}}})();\n</script>\n{OPENING}"
        )
    }

    pub(crate) fn closing(self) -> &'static str {
        match self {
            Form::Lines => "",
            Form::Page => CLOSING,
        }
    }

    /// Lines as they stand in the file. In a page no `<` is left that a browser could take for a tag: in JSON one can only
    /// stand in a string, where `\u003c` means the same.
    pub(crate) fn escaped(self, lines: &str) -> Cow<'_, str> {
        match self {
            Form::Page if lines.contains('<') => Cow::Owned(lines.replace('<', "\\u003c")),
            _ => Cow::Borrowed(lines),
        }
    }
}

/// What stands before the lines in a file, and the lines: those inside a page, or all.
pub(crate) fn lines(file: &str) -> (&str, &str) {
    let begin = file.find(OPENING).map_or(0, |at| at + OPENING.len());
    let (before, inside) = file.split_at(begin);
    match begin {
        0 => (before, inside),
        _ => (before, inside.split("</script>").next().unwrap_or_default()),
    }
}
