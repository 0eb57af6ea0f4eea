//! Grammars in lark's notation: which texts they have, against the test data, and what is said of broken ones.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{bytes_and, every_grammar, judge, matcher};
use sgl_constrain::{ConstrainError, accepts};
use sgl_wire::{Constraint, Json, Schema};

fn lark(text: &str) -> Constraint {
    Constraint::Lark(text.into())
}

#[track_caller]
fn check(text: &str, valid: &[&str], invalid: &[&str]) {
    judge(&lark(text), valid, invalid);
}

#[test]
fn every_part_of_the_notation() {
    check(r#"start: "a\n\t\"\\\x41\u00e9\U0001F980\d""#, &["a\n\t\"\\Aé🦀\\d"], &["a"]);
    check("start: \"aB\"i /c+d/i \"é\"", &["aBCCDé", "Abcdé"], &["abdé", "abcdÉ"]);
    check("start: \"a\"..\"c\" (\"x\" | \"y\")* [\"z\"]", &["a", "bxyxz"], &["d", "bzz"]);
    check("start: \"a\"~2 \"b\"~1..3 \"c\"+ \"d\"?", &["aabc", "aabbbccd"], &["abc", "aabbbbc", "aab"]);
    check("start: _x NAME -> first\n | \"1\" -> second\n_x: \"<\"\nNAME: /[a-z]+/", &["<ab", "1"], &["<", "ab"]);
    check("?start.2: a | b\n!b: \"b\"\n?!a.-3: \"a\" // comment\n# another", &["a", "b"], &["", "ab"]);
    check("start: sep{NUM, \",\"}\nsep{x, y}: x (y x)*\nNUM.3: /[0-9]+/", &["1,22,3"], &["", "1,", ",1"]);
    check("start: p{p{\"a\"}}\np{x}: \"(\" x \")\"", &["((a))"], &["(a)"]);
    check("start:\n  | \"a\"\n  | (\"b\"\n    \"c\") \\\n  \"d\"\n  |\n", &["a", "bcd", ""], &["b", "abcd"]);
    check("start: a b?\na: \"a\"\n%extend a: \"c\"\n%extend b: \"d\"\nb: \"b\"", &["a", "cd", "ab"], &["d"]);
    check("%import common.INT\nstart: INT\n%override INT: \"x\"", &["x"], &["1"]);
    check("start: \"a\" \"\\n\"\n  | /b # not a comment/ // but this\n\n", &["a\n", "b # not a comment"], &["a"]);
    check("start: /a # comment\n  b/x", &["ab"], &["a"]);
}

#[test]
fn what_is_imported_from_common() {
    let one = |name: &str| format!("start: X\n%import common.{name} -> X");
    check(&one("SIGNED_NUMBER"), &["1", "-1.", "+.5e-3", "1e5", "1.5E+10"], &["", "-", ".", "1e", "e5"]);
    check(&one("FLOAT"), &["1.", ".5", "1e5"], &["1", "-1.0"]);
    check(&one("ESCAPED_STRING"), &[r#""""#, r#""a\"b\\""#, r#""\\""#], &[r#""a"b""#, r#""\""#, "\"\n\""]);
    check(&one("C_COMMENT"), &["/**/", "/* a * b **/", "/*\n*/"], &["/*/", "/* */ */"]);
    check(&one("NEWLINE"), &["\n", "\r\n\n"], &["", "\r", "a"]);
    check(&one("CNAME"), &["_a1", "A"], &["1a", "é"]);
    check("%import common (WORD, WS)\n%ignore WS\nstart: WORD+", &["ab", "a b", " a\n b ", "ab\tc"], &["", "a1"]);
    check("%import common._STRING_ESC_INNER -> _IN\nstart: /'/ S\nS: _IN /'/", &["''", "'a\\'b'"], &["'a'b'", "'\\'"]);
}

#[test]
fn every_way_to_cut_a_text_counts() {
    check("start: A B\nA: /[a-z]+/\nB: /[a-z0-9]+/", &["ab", "abc1"], &["a", "1a"]);
    check("start: \"if\" NAME | NAME NAME\nNAME: /[a-z]+/", &["ifx", "ab", "if"], &["a"]);
    check("start: (A | B)*\nA: \"ab\" | \"a\"\nB: \"bc\"", &["abc", "aab", "abbc"], &["c", "b"]);
    check("start: \"a\"+\n%ignore \" \"\n%ignore /#.*/", &["a", " a  a#x", "a # a"], &["", "b", "#a", "# a"]);
    let commented = "start: \"a\" X*\nX: /[a-z ]/\n%import common.SH_COMMENT -> C\n%ignore C\n%ignore /[ \\n]+/";
    check(commented, &["a", "#b\na", "ab #c\n b", "a #\n#\nb", "a  b"], &["#a", "#\n#a", "a#\n1"]);
}

#[test]
fn a_terminal_is_what_a_backtracking_matcher_takes() {
    check(r#"start: /".*?"/ "x""#, &[r#""a"x"#], &[r#""a"b"x"#]);
    check("start: X \"!\"\nX: /a|ab/", &["a!"], &["ab!"]);
    check("start: X\nX: \"a\" | \"ab\"", &["a", "ab"], &[]);
    check("start: /ca?(ab)?/ /x/", &["cax", "caabx", "cx"], &["cabx", "x"]);
    check(r"start: /<!--(.|\n)*?-->/", &["<!---->", "<!-- a - -- > \n-->"], &["<!-- --> -->"]);
    check(r#"start: /".*?(?<!\\)(\\\\)*?"/"#, &[r#""a\"b""#, r#""\\""#], &[r#""a"b""#, r#""\""#]);
    check(r"start: /(?!if\b|else\b)[a-z]+/", &["iff", "elseif", "i"], &["if", "else", ""]);
    check(r"start: /[a-z]+(?<!x)(?!9)[0-9]+/", &["ab1", "ab12", "xa39"], &["x1", "a9", "a"]);
    check(r"start: /a(?=.*z)[a-z]+/", &["abz", "azb"], &["ab", "a"]);
    check(r"start: /a\b.\bb/", &["a b", "a-b"], &["axb"]);
    check(r"start: /[]a[-]+[^]x&&y~-]/", &["a[-]b", "-z"], &["ax", "a&", "a-", "a~"]);
    check(r"start: /a{,2}b{2,}c{x}\</", &["bbc{x}<", "aabbbc{x}<"], &["a", "bc{x}<"]);
}

#[test]
fn grammars_may_refer_to_themselves_in_any_way() {
    check("start: start start | \"a\" |", &["", "a", &"a".repeat(300)], &["b", "ab"]);
    check("start: a\na: a | \"x\"", &["x"], &["", "xx"]);
    check(
        "start: e\ne: e \"+\" t | t\nt: t \"*\" f | f\nf: \"(\" e \")\" | /[0-9]+/\n%ignore \" \"",
        &["1 + (2*3)"],
        &["1+"],
    );
    check("start: b start \"c\" | \"x\"\nb: \"b\"?", &["x", "xc", "bxcc", "bbxcc"], &["bx", "bbxc"]);
    check("start: \"a\" start \"a\" | \"b\" start \"b\" |", &["", "abba"], &["ab", "aba"]);
    check("start: \"a\" start \"b\" | ", &[&format!("{}{}", "a".repeat(500), "b".repeat(500))], &["aab", "ba"]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let said = |text: &str| match matcher(&lark(text), &bytes_and(&[])) {
        Err(ConstrainError::Grammar(error)) => {
            assert!(text.get(error.start..error.end).is_some(), "{text:?} {error:?}");
            assert!(!error.hint.is_empty());
            format!("{}:{} {}", error.line, error.column, error.problem)
        }
        other => format!("{:?}", other.map(|_| "fine")),
    };
    assert_eq!(said(""), "1:1 there is no rule `start`");
    assert_eq!(said("start: é"), "1:8 `é` means nothing here");
    assert_eq!(said("start: \"é\" x"), "1:12 there is no rule `x`");
    assert_eq!(said("start: \"é\" INT"), "1:12 there is no terminal `INT`");
    assert_eq!(said("start: \"a\"\nb: x\n"), "2:4 there is no rule `x`");
    assert_eq!(said("start: (\"a\"\nb: \"c\""), "1:8 this bracket is never closed");
    assert_eq!(said("start: [\"a\""), "1:8 this bracket is never closed");
    assert_eq!(said("start: \"a\")"), "1:11 nothing opens this bracket");
    assert_eq!(said("start: \"a\nb: /x/"), "1:8 this text is never closed");
    assert_eq!(said("start: /a"), "1:8 this pattern is never closed");
    assert_eq!(said("start: /a\n/"), "1:8 this pattern goes over the end of the line");
    assert_eq!(said("start: /(/"), "1:8 this pattern cannot be used: a group is not closed");
    assert_eq!(said("start: /(a)\\1/"), "1:8 this pattern cannot be used: backreferences are not supported");
    assert_eq!(
        said("start: /a*+/"),
        "1:8 this pattern cannot be used: a quantifier repeats another; put the inner one into a group"
    );
    assert_eq!(said("start: \"\""), "1:8 a terminal cannot be empty");
    assert_eq!(said("start: A\nA: /a*/"), "2:1 the terminal `A` matches the empty text");
    assert_eq!(said("start: /a(?=b)/"), "1:8 this terminal asks what follows it");
    assert_eq!(said(r"start: /if\b/"), "1:8 this terminal asks what follows it");
    assert_eq!(said(r"start: /(?<!a)b/"), "1:8 this terminal asks what stands before it");
    assert_eq!(said(r"start: /[^\s\S]/"), "1:8 this terminal matches no text");
    assert_eq!(said("start: A\nA: \"a\" B\nB: A"), "3:4 the terminal `A` contains itself");
    assert_eq!(said("start: A\nA: \"a\" b\nb: \"b\""), "2:8 the terminal `A` cannot have the rule `b` in it");
    assert_eq!(said("start: \"a\"\nstart: \"b\""), "2:1 the rule `start` is defined twice");
    assert_eq!(said("start = \"a\""), "1:7 `:` is wanted here");
    assert_eq!(said("start: \"a\" b: \"c\""), "1:13 a definition begins on a line of its own");
    assert_eq!(said("start: \"a\"\n  \"b\""), "2:3 the name of a rule or terminal is wanted here");
    assert_eq!(said("Start: \"a\""), "1:1 `Start` is the name of no rule and no terminal");
    assert_eq!(said("start: \"a\"++"), "1:12 this repeats a repetition");
    assert_eq!(said("start: *"), "1:8 `*` means nothing here");
    assert_eq!(said("start: \"a\"~3..2"), "1:11 the least count is above the most");
    assert_eq!(said("start: \"a\"~99999999999"), "1:12 this count is too large");
    assert_eq!(said("start: \"b\"..\"a\""), "1:8 this range has no characters");
    assert_eq!(said("start: \"ab\"..\"c\""), "1:8 a range goes from one character to another");
    assert_eq!(said("start: a{\"x\"}\na: \"b\""), "1:8 `a` is no template");
    assert_eq!(said("start: a{\"x\"}\na{b, c}: b c"), "1:8 the template `a` takes 2 arguments, not 1");
    assert_eq!(said("start: a\na{b}: b"), "1:8 the template `a` takes 1 arguments, not 0");
    assert_eq!(said("start: a{\"x\"}\na{b}: a{c{b}}\nc{x}: x x"), "2:1 there are more than 4096 rules");
    assert_eq!(said("%declare A\nstart: A"), "1:1 a declared terminal has no texts to write");
    assert_eq!(said("%import python.NAME\nstart: NAME"), "1:9 the grammar `python` cannot be imported");
    assert_eq!(said("%import common.NAME\nstart: NAME"), "1:16 there is no `NAME` in `common`");
    assert_eq!(said("%ignore a\nstart: a\na: \"a\""), "1:9 the rule `a` cannot be ignored");
    assert_eq!(said("%ignore\nstart: \"a\""), "1:1 this ignores nothing");
    assert_eq!(said("%foo A\nstart: \"a\""), "1:1 there is no statement `%foo`");
    assert_eq!(said("%extend a: \"x\"\nstart: \"a\""), "1:9 there is no `a` yet");
    assert_eq!(
        said("start: x | \"a\"\nx: \"b\" x | x"),
        "2:1 every text of the rule `x` would contain another one, without end"
    );
    let deep = format!("start: {}\"a\"{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(said(&deep), "1:108 more than 100 brackets stand inside each other here");
    let doubled = (1..40).map(|n| format!("T{n}: T{} T{}\n", n - 1, n - 1)).collect::<String>();
    assert!(said(&format!("start: T39\nT0: \"a\"\n{doubled}")).contains("the terminals have more than"));
}

#[test]
fn every_text_of_the_grammar_file_is_judged_rightly() {
    every_grammar("lark", lark);
}

#[test]
fn a_grammar_inside_json_is_written_as_json_writes_it() {
    let text = "start: STRING+\nSTRING: /\"[^\"]*?\"/\n%ignore \"\\n\"";
    let schema = Schema { root: Json::Lark(text.into()), defs: Vec::new() };
    let constraint = Constraint::Json(std::sync::Arc::new(schema));
    assert_eq!(accepts(&constraint, r#""\"a\"\n\"\\\"""#), Ok(true));
    assert_eq!(accepts(&constraint, r#""\"a\"\"""#), Ok(false));
}
