//! What is shown beside a place.

use insta::assert_snapshot;

use crate::{MAIN, open};

fn hover(snippet: &str) -> String {
    let (analysis, offset) = open(snippet);
    analysis.hover(MAIN, offset).map_or("nothing".to_string(), |hover| hover.text)
}

const REPORT: &str = r#"
type Grade = "A" | "B" | "C"

/// A verdict.
struct Report {
    /// One or two sentences.
    summary: str(max_len: 300),
    grade: Grade,
    confidence: int(1..=5),
}

/// Judges an essay.
prompt judge(essay: str, times: int = 1) -> Report {
    user essay
    assistant gen<Report>(max_tokens: 200)
}
"#;

fn with_report(code: &str) -> String {
    hover(&format!("{code}\n{REPORT}"))
}

#[test]
fn a_call_shows_the_item() {
    assert_snapshot!(with_report("fn main() -> int { jud<|>ge(\"x\").confidence }"));
}

#[test]
fn a_struct_shows_its_fields_and_the_shortest_json() {
    assert_snapshot!(with_report("fn main(r: Rep<|>ort) {}"));
}

#[test]
fn a_field_shows_its_type_and_documentation() {
    assert_snapshot!(with_report("fn main() -> str { judge(\"x\").sum<|>mary }"));
}

#[test]
fn a_type_shows_the_shortest_text() {
    assert_snapshot!(with_report("fn main(g: Gra<|>de) {}"));
}

#[test]
fn a_variable_has_the_type_that_is_known_there() {
    let code = |at| {
        format!(
            "fn main(n: int?) -> int {{\n    if {} != none {{ {} }} else {{ 0 }}\n}}",
            if at == 0 { "n<|>" } else { "n" },
            if at == 1 { "n<|>" } else { "n" }
        )
    };
    assert_snapshot!(hover(&code(0)), @"
    ```sgl
    n: int?
    ```
    ");
    assert_snapshot!(hover(&code(1)), @"
    ```sgl
    n: int
    ```
    ");
}

#[test]
fn a_generation_shows_its_constraint() {
    assert_snapshot!(hover("prompt p() -> bool {\n    user \"Is it?\"\n    assistant g<|>en<bool>()\n}"));
}

#[test]
fn a_method_shows_its_line_of_the_library() {
    assert_snapshot!(hover("fn main() -> list<str> { \"a,b\".spl<|>it(\",\") }"));
}

#[test]
fn an_argument_of_gen_says_what_it_does() {
    assert_snapshot!(hover("prompt p() -> str {\n    assistant gen(temper<|>ature: 0)\n}"));
}

#[test]
fn broken_text_has_types_where_it_is_whole() {
    assert_snapshot!(hover("fn main() {\n    let xs = [1, 2\n    let ys = \"a\".lines()\n    y<|>s.\n}"), @"
    ```sgl
    ys: list<str>
    ```
    ");
}

#[test]
fn a_module_shows_its_documentation() {
    let shown = hover(
        "import \"./util.sgl\" as util\nfn main() -> int { ut<|>il.one() }\n//- util.sgl\n//! Small helpers.\nfn one() -> int { 1 }\n",
    );
    assert_snapshot!(shown);
}

#[test]
fn a_type_that_is_written_out_shows_its_shortest_text() {
    let lines = |code: &str| {
        let text = hover(code).to_string();
        text.lines().filter(|line| !line.starts_with("```") && !line.is_empty()).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        lines("struct S { year: re\"[12][0-9]<|>{3}\" }")[..],
        ["re\"[12][0-9]{3}\"", "Shortest: `1000`, 1 token"]
    );
    let int = lines("prompt p() -> int {\n    assistant gen<int(1<|>0..=500)>()\n}");
    assert_eq!(int[..], ["int(10..=500)", "Shortest: `10`, 1 token"]);
    let text = lines("type T = list<st<|>r(max_len: 9, min_len: 2)>");
    assert_eq!(text[..2], ["str(max_len: 9, min_len: 2)", "Shortest: `aa`, 1 token"]);
    assert_eq!(text.len(), 3, "and what the word means: {text:?}");
    assert_eq!(lines("fn main() -> str { \"re<|>d\" }")[..], ["1 token"]);
}
