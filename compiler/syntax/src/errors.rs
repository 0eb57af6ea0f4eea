//! Places where something is wrong in; sentences for people out.
//!
//! One mistake often leaves several marks in the tree, so of marks that stand at one place only the first is told.

use std::ops::Range;

use sgl_diag::{Diagnostic, FileId, Span};
use sgl_grammar::{MAX_NESTING, Rule, words};

use crate::build::{MAX_HEIGHT, Problem, Wrong};

/// What to say: code, title, label, hint.
struct Message {
    code: &'static str,
    title: String,
    label: String,
    hint: String,
}

fn message(code: &'static str, title: impl Into<String>, label: impl Into<String>, hint: impl Into<String>) -> Message {
    Message { code, title: title.into(), label: label.into(), hint: hint.into() }
}

pub(crate) fn describe(file: FileId, text: &str, problems: &[Problem]) -> Vec<Diagnostic> {
    let span = |range: Range<usize>| Span::new(file, range.start as u32, range.end as u32);
    let mut told: Vec<Diagnostic> = Vec::new();
    let mut last: Option<Range<usize>> = None;
    let mut too_tall = false;
    let mut named: Vec<&str> = Vec::new();
    let (mut stray_end, mut broken_end): (Option<usize>, Option<usize>) = (None, None);
    for problem in problems {
        if let Some(last) = &last
            && (problem.range.start < last.end || text.get(last.end..problem.range.start).is_some_and(is_blank))
        {
            continue;
        }
        let recovered = match problem.wrong {
            Wrong::Recovered(rule) => Some(rule),
            _ => None,
        };
        let after_stray = recovered == Some(Rule::stray) && stray_end.is_some_and(|end| is_rest(text, end, problem));
        if matches!(recovered, Some(Rule::stray | Rule::miss_block)) {
            stray_end = Some(problem.range.end);
        }
        if after_stray {
            last = Some(problem.range.clone());
            continue;
        }
        // What is missing behind a mistake in the same line may only seem to be.
        let zero = problem.range.is_empty() && recovered != Some(Rule::unclosed);
        let behind = |end: usize| text.get(end..problem.range.start).is_some_and(|between| !between.contains('\n'));
        if zero && broken_end.is_some_and(behind) {
            last = Some(problem.range.clone());
            continue;
        }
        // What was taken as a name stands here again, where it is a keyword.
        if zero && named.contains(&before(text.get(..problem.range.start).unwrap_or_default())) {
            (last, broken_end) = (Some(problem.range.clone()), Some(problem.range.end));
            continue;
        }
        if recovered == Some(Rule::bad_name) {
            named.extend(text.get(problem.range.clone()).map(str::trim));
        }
        if is_echo(problem, problems) || (problem.wrong == Wrong::TooTall && too_tall) {
            continue;
        }
        if recovered != Some(Rule::bad_semi) {
            broken_end = Some(problem.range.end);
        }
        too_tall |= problem.wrong == Wrong::TooTall;
        last = Some(problem.range.clone());
        let said = say(problem, text);
        let place = match problem.wrong {
            Wrong::Recovered(Rule::unclosed) => opening(problem, text),
            _ => trimmed(problem.range.clone(), text),
        };
        let mut error = Diagnostic::error(said.code, said.title).at(span(place), said.label);
        if said.code == "E0005" {
            error = error.also(span(problem.range.clone()), "it should be closed by here");
        }
        told.push(if said.hint.is_empty() { error } else { error.hint(said.hint) });
    }
    told
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t'))
}

/// Whether this only goes on what ends at `end`, outside of all items: nothing is between, and it begins with no word that
/// says something of its own.
fn is_rest(text: &str, end: usize, problem: &Problem) -> bool {
    let between = text.get(end..problem.range.start);
    let own = habit("", text.get(problem.range.clone()).unwrap_or_default().trim_start());
    between.is_some_and(|between| between.trim().is_empty()) && own.is_none()
}

/// What does not fit in a bracket that is never closed is mostly what comes after it.
fn is_echo(problem: &Problem, problems: &[Problem]) -> bool {
    matches!(problem.wrong, Wrong::Recovered(Rule::miss_comma | Rule::bad_hole))
        && problems
            .iter()
            .any(|other| other.wrong == Wrong::Recovered(Rule::unclosed) && other.parent_range == problem.parent_range)
}

fn trimmed(range: Range<usize>, text: &str) -> Range<usize> {
    let inner = text.get(range.clone()).unwrap_or_default();
    let first_line = inner.trim_start().lines().next().unwrap_or_default().trim_end();
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..start + first_line.len()
}

/// The bracket or quote that is never closed.
fn opening(problem: &Problem, text: &str) -> Range<usize> {
    let start = problem.parent_range.start;
    let inner = text.get(problem.parent_range.clone()).unwrap_or_default();
    let found = match problem.parent {
        Rule::plain_string | Rule::triple_string | Rule::raw_string | Rule::raw_triple => None,
        Rule::regex_string | Rule::regex_triple => None,
        Rule::closure_params => inner.find('|'),
        Rule::type_args | Rule::type_params => inner.find('<'),
        Rule::fn_type => inner.find('('),
        Rule::struct_lit | Rule::struct_pat | Rule::import_names => inner.find('{'),
        _ => inner.find(['(', '[', '{']),
    };
    match found {
        Some(at) => start + at..start + at + 1,
        None => {
            let quotes = inner.len() - inner.trim_start_matches(['r', 'e']).trim_start_matches('"').len();
            let quotes = if matches!(problem.parent, Rule::plain_string | Rule::raw_string | Rule::regex_string) {
                inner.find('"').map_or(0, |at| at + 1)
            } else {
                quotes.min(inner.find('"').map_or(0, |at| at + 3))
            };
            start..start + quotes
        }
    }
}

fn say(problem: &Problem, text: &str) -> Message {
    let rule = match problem.wrong {
        Wrong::Recovered(rule) => rule,
        Wrong::TooDeep => {
            return message(
                "E0002",
                "things stand too deep inside each other",
                format!("more than {MAX_NESTING} levels are open here"),
                "give the inner parts names with `let`, or move them to a function",
            );
        }
        Wrong::TooTall => {
            return message(
                "E0003",
                "this expression has too many operators",
                format!("more than {MAX_HEIGHT} operators or calls hang on each other"),
                "split it with `let`, or use a list and `sum()` or `join()`",
            );
        }
        Wrong::TooBig => return message("E0002", "this file is bigger than 4 GiB", "", "split it"),
    };
    match rule {
        Rule::unclosed => unclosed(problem, text),
        Rule::bad_semi => message(
            "E0006",
            "there are no semicolons in sgl",
            "this one has nothing to end",
            "a newline ends a statement: take the `;` away",
        ),
        Rule::bad_tail
        | Rule::bad_stmt
        | Rule::bad_field
        | Rule::bad_args
        | Rule::bad_params
        | Rule::bad_types
        | Rule::bad_hole
        | Rule::stray => unexpected(rule, problem, text),
        Rule::bad_struct => {
            let name = before(text.get(..problem.range.start).unwrap_or_default().trim_end());
            message("E0001", "a type with fields is a `struct`", "its fields", format!("write `struct {name} {{ … }}`"))
        }
        Rule::bad_const
        | Rule::bad_role
        | Rule::bad_number
        | Rule::bad_elif
        | Rule::bad_op
        | Rule::bad_not
        | Rule::bad_optional
        | Rule::bad_closure
        | Rule::bad_name => {
            let (before, rest) = text.split_at_checked(problem.range.start).unwrap_or((text, ""));
            let line = rest.lines().next().unwrap_or_default();
            let in_comprehension = before.trim_end().ends_with('[') && line.contains(" for ");
            meant(rule, text.get(problem.range.clone()).unwrap_or_default(), in_comprehension)
        }
        _ => missing(rule, problem, text),
    }
}

/// Habits of which it is clear what is meant, so that what follows is read as if it were written so.
fn meant(rule: Rule, written: &str, in_comprehension: bool) -> Message {
    match rule {
        Rule::bad_const => message(
            "E0001",
            "a `const` stands outside of functions",
            "inside a function",
            "write `let`: nothing can be assigned to it either",
        ),
        Rule::bad_role => {
            let hint = match in_comprehension {
                true => "a list of generations is a fork: `fork x in xs { assistant gen() }`",
                false => ROLE_ALONE,
            };
            message("E0001", "a role does not stand inside an expression", "among other parts", hint)
        }
        Rule::bad_elif | Rule::bad_op | Rule::bad_not => {
            let instead = match written {
                "and" => "write `&&`",
                "or" => "write `||`",
                "not" => "write `!`, and parentheses around a comparison: `!(a == b)`",
                _ => "write `else if`",
            };
            message("E0001", format!("there is no `{written}`"), "not in sgl", instead)
        }
        Rule::bad_optional => message("E0001", "the `?` stands behind the type", "behind the name", "write `name: T?`"),
        Rule::bad_closure => message("E0001", "a function value has no `fn`", "not in sgl", CLOSURE),
        Rule::bad_name => keyword_as_name(written.trim_end()),
        _ => {
            let digits = written.replace('_', "");
            let radix = match digits.get(..2) {
                Some("0x" | "0X") => 16,
                Some("0b" | "0B") => 2,
                Some("0o" | "0O") => 8,
                _ => 10,
            };
            let value = digits.get(2..).filter(|_| radix != 10).and_then(|rest| i64::from_str_radix(rest, radix).ok());
            let hint = match value {
                Some(value) => format!("numbers are decimal: write `{value}`"),
                None => "numbers are decimal and have no letters behind them, as in `1_000`, `0.5`, `1e-3`".to_string(),
            };
            message("E0001", format!("`{written}` is not a number"), "not read as one", hint)
        }
    }
}

fn keyword_as_name(word: &str) -> Message {
    let title = format!("`{word}` is a keyword and cannot be a name");
    message("E0004", title, "a name is missing here", "choose another, for instance with a `_` at its end")
}

const ALL_PUBLIC: &str = "everything in a file can be imported but what begins with `_`: take the word away";
const CLOSURE: &str = "a function value is `|x| e`";
const CONDITION_FIRST: &str = "the condition comes first: `if c { a } else { b }`";
const NUMBERED: &str = "write `for i in 0..n` or `for (a, b) in pairs`";
const SLICE: &str = "a part of a list or a text is `xs[1..3]`, `xs[..n]`, `xs[n..]`";
const ROLE_ALONE: &str = "a role stands alone or where a value begins: give it a name first, `let x = assistant gen()`";

/// "this function", "this `if`".
fn this(rule: Rule) -> String {
    let words = words(rule).unwrap_or("a part of the program");
    let noun = words.strip_prefix("a ").or_else(|| words.strip_prefix("an ")).or_else(|| words.strip_prefix("the "));
    format!("this {}", noun.unwrap_or(words))
}

/// What stands at `at`, for people: a word, a mark, the end of the line.
fn found(text: &str, at: usize) -> String {
    let rest = text.get(at..).unwrap_or_default().trim_start_matches([' ', '\t', '\r']);
    match rest.chars().next() {
        None => "the file ends here".to_string(),
        Some('\n') => "the line ends here".to_string(),
        Some(c) if c.is_alphanumeric() || c == '_' => {
            let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            format!("found `{}`", rest.get(..len.min(40)).unwrap_or("a word"))
        }
        Some(c) => format!("found `{c}`"),
    }
}

/// The word or mark that `head` ends in.
fn before(head: &str) -> &str {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let trimmed = if head.ends_with(is_word) {
        head.trim_end_matches(is_word)
    } else {
        head.trim_end_matches(|c: char| {
            c.is_ascii_punctuation() && !matches!(c, '(' | '[' | '{' | '"' | '_' | ')' | ']')
        })
    };
    let mark = head.get(trimmed.len()..).unwrap_or_default();
    if mark.is_empty() { head.get(head.len().saturating_sub(1)..).unwrap_or_default() } else { mark }
}

fn unclosed(problem: &Problem, text: &str) -> Message {
    use Rule::*;
    let what = words(problem.parent).unwrap_or("this");
    let noun = what.trim_start_matches("a ").trim_start_matches("the ");
    let inside = text.get(opening(problem, text).end..).unwrap_or_default();
    match problem.parent {
        bind_tuple if first_word(inside.trim_start()).is_some_and(|start| ["let", "var", "int"].contains(&start)) => {
            message("E0001", "these are not names", "", NUMBERED)
        }
        list if inside.trim_start().starts_with("...") => message(
            "E0001",
            "`...` does not stand inside a list",
            "in this list",
            "lists are joined with `+`: `xs + [x]`",
        ),
        plain_string => message(
            "E0005",
            "this string is never closed",
            "it starts here",
            "put a `\"` at its end; a text over several lines stands between `\"\"\"`",
        ),
        raw_string | regex_string => {
            message("E0005", format!("this {noun} is never closed"), "it starts here", "put a `\"` at its end")
        }
        triple_string | raw_triple | regex_triple => {
            message("E0005", format!("this {noun} is never closed"), "it starts here", "put `\"\"\"` at its end")
        }
        hole | wide_hole => message(
            "E0005",
            "this hole is never closed",
            "it starts here",
            r"put a `}` after the expression, or write \{ where you mean a brace",
        ),
        parent => {
            let open = text.get(opening(problem, text)).unwrap_or("(");
            let close = match open {
                "[" => "]",
                "{" => "}",
                "<" => ">",
                "|" => "|",
                _ => ")",
            };
            let of = words(parent).map(|words| format!("it opens {words}")).unwrap_or_default();
            message("E0005", format!("this `{open}` is never closed"), of, format!("put a `{close}` where it ends"))
        }
    }
}

fn missing(rule: Rule, problem: &Problem, text: &str) -> Message {
    use Rule::*;
    let (parent, at) = (problem.parent, problem.range.end);
    let (prev, found) = (before(text.get(..at).unwrap_or_default()), found(text, at));
    let rest = text.get(at..).unwrap_or_default().trim_start_matches([' ', '\t']);
    let said = |title: String, hint: &str| message("E0004", title, found.clone(), habit(prev, rest).unwrap_or(hint));
    if let (miss_name, Some(next)) = (rule, first_word(rest)) {
        return keyword_as_name(next);
    }
    match (rule, parent) {
        (miss_name, member | module_path | import_alias | type_path) => {
            said(format!("a name is missing after `{prev}`"), "")
        }
        (miss_name, let_stmt | for_stmt | comp_for) => said(
            format!("{} binds no name", this(parent)),
            "give the value a name, `_` for none, or names in parentheses",
        ),
        (miss_name, type_params) => said("a type parameter is missing".into(), "write its name, or leave the `<>` out"),
        (miss_name, _) => said(format!("{} has no name", this(parent)), &format!("write one after `{prev}`")),
        (miss_type, _) if rest.starts_with('[') => {
            said(format!("a type is missing after `{prev}`"), "a list is of type `list<T>`, as in `list<int>`")
        }
        (miss_type, param | field | closure_param) => {
            said(format!("{} has no type", this(parent)), "write one after a `:`, as in `name: str`")
        }
        (miss_type, _) => said(format!("a type is missing after `{prev}`"), "write one, as in `str` or `list<int>`"),
        (miss_expr, hole | wide_hole) => said(
            "there is no expression in this hole".to_string(),
            r"put one between the braces, or write \{ where you mean a brace",
        ),
        (miss_expr, index) if rest.starts_with(':') => said("this index has no expression".into(), SLICE),
        (miss_expr, if_expr | else_if | while_stmt) if first_word(rest) == Some("let") => message(
            "E0004",
            format!("{} has no condition", this(parent)),
            found,
            "give the value a name first: `let x = f()`, then `if x != none { … }`",
        ),
        (miss_expr, if_expr | else_if | while_stmt) => {
            said(format!("{} has no condition", this(parent)), "write it before the `{`")
        }
        (miss_expr, _) => said(format!("an expression is missing after `{prev}`"), ""),
        (miss_block, fn_item | prompt_item | tool_item) if rest.starts_with(':') => {
            said(format!("{} has no body", this(parent)), "the type of the result stands after `->`")
        }
        (miss_block, fn_item | prompt_item | tool_item) if rest.trim_start().starts_with('{') => {
            said(format!("{} has no body on its line", this(parent)), "put the `{` at the end of this line")
        }
        (miss_block, fn_item | prompt_item | tool_item | test_item) => {
            said(format!("{} has no body", this(parent)), "write it in braces: `{ … }`")
        }
        (miss_if, _) => said(
            "this `else` has no block".into(),
            "write `else if` before a condition, and braces around a value: `else { … }`",
        ),
        (miss_block, match_expr) => {
            said("this `match` has no arms".into(), "write them in braces: `{ pattern => value }`")
        }
        (miss_block, if_expr | else_if | while_stmt) if rest.starts_with('=') => {
            said(format!("{} has no block", this(parent)), "values are compared with `==`")
        }
        (miss_block, struct_item) => said("this struct has no fields".into(), "write them in braces: `{ name: str }`"),
        (miss_block, _) => said(format!("{} has no block", this(parent)), "write it in braces: `{ … }`"),
        (miss_params, _) => said(format!("{} has no parameters", this(parent)), "write `()` where it takes none"),
        (miss_args, _) => {
            said("this `select` has no options".into(), "write them in parentheses: `select([\"a\", \"b\"])`")
        }
        (miss_path, _) => said(
            "this import does not say what it imports".into(),
            "write a module (`std.reason`), a file (`\"./util.sgl\"`) or `mcp \"command\"`",
        ),
        (miss_string, _) => {
            said(format!("{} has no name", this(parent)), "write it as a string: `test \"it adds\" { … }`")
        }
        (miss_eq, _) => {
            said(format!("a `=` is missing in {}", words(parent).unwrap_or("this")), "write the value after it")
        }
        (miss_init, _) => said(format!("{} has no value", this(parent)), "write it after a `=`"),
        (miss_in, _) => said(format!("{} has no `in`", this(parent)), "write `for name in list`"),
        (miss_arrow, _) => said("a `=>` is missing after this pattern".into(), "an arm is `pattern => value`"),
        (miss_else, _) => {
            said("this `try` has no `else`".into(), "write `try e else f`: `f` is the value where `e` fails")
        }
        (miss_comma, _) => {
            said("a comma is missing".into(), "commas stand between elements, also at the end of a line")
        }
        (miss_colon, _) => said("a `:` is missing after this key".into(), "an entry is `\"key\": value`"),
        (miss_line, _) => said("this item begins on the line of another".into(), "put it on a line of its own"),
        (miss_pattern, _) => said(format!("a pattern is missing after `{prev}`"), ""),
        _ => said(format!("something is missing after `{prev}`"), ""),
    }
}

/// The word that `text` begins with.
fn first_word(text: &str) -> Option<&str> {
    let len = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..len).filter(|word| word.starts_with(char::is_alphabetic))
}

fn unexpected(rule: Rule, problem: &Problem, text: &str) -> Message {
    use Rule::*;
    let broken = text.get(problem.range.clone()).unwrap_or_default().trim_start();
    let prev = before(text.get(..problem.range.start).unwrap_or_default().trim_end_matches([' ', '\t']));
    let argument = rule == bad_args && problem.parent == args && broken.starts_with('=');
    let said = |title: &str, label: &str, hint: &str| match habit(prev, broken) {
        _ if broken.starts_with("=>") && (argument || rule == bad_tail) => message("E0001", title, label, CLOSURE),
        _ if argument => message("E0001", title, label, "an argument is named with a `:`, as in `max_tokens: 64`"),
        habit => message("E0001", title, label, habit.unwrap_or(hint)),
    };
    if let (stray, Some(here)) = (rule, as_import(broken)) {
        return message("E0001", "an import begins with `import`", "not in sgl", format!("write `{here}`"));
    }
    match (rule, problem.parent) {
        (bad_hole, _) if !prev.ends_with('"') && broken.starts_with(':') && !broken.starts_with(": ") => said(
            "a hole holds a value and no format",
            "the value ends before this",
            "a number is cut to two decimals by `{x.round_to(2)}`",
        ),
        (bad_hole, _) => said(
            "this hole holds more than one expression",
            "the expression ends before this",
            r"write \{ where you mean a brace",
        ),
        (bad_args, bind_tuple) => said("these are not names", "", NUMBERED),
        (bad_params, _) if broken.starts_with('[') => {
            said("this is not a parameter", "", "the types that a type takes stand in `<…>`, as in `list<int>`")
        }
        (bad_params, _) => said("this is not a parameter", "", "a parameter is `name: type`"),
        (bad_types, type_params) => said(
            "this is not a type parameter",
            "",
            "a type parameter is a name, and stands for any type: `fn f<T, U>(x: T)`",
        ),
        (bad_types, _) => said("this does not fit here", "", "types stand with commas between them"),
        (bad_args, index) if broken.starts_with(':') => {
            said("an index is one expression", "it ends before this", SLICE)
        }
        (bad_args, index) => said("an index is one expression", "it ends before this", ""),
        (bad_args, import_names) => said("this does not fit here", "", "imported names stand with commas between them"),
        (bad_args, _) => said("this does not fit here", "", "elements are expressions with commas between them"),
        (bad_field, match_body) => said("this is not an arm of a `match`", "", "an arm is `pattern => value`"),
        (bad_field, struct_body) => said("this is not a field", "", "a field is `name: type`"),
        (bad_field, fork_branches) => said(
            "this is not a branch of a `fork`",
            "",
            "write `fork x in xs { … }`, `fork 3 { … }`, or `fork { name: { … } }`",
        ),
        (bad_field, _) => said("this is not a field", "", "a field is `name: value`"),
        (bad_stmt, _) => said("this is not a statement", "", ""),
        (stray, _) if broken.starts_with('}') => {
            said("this `}` closes nothing", "", "take it away, or look for the `{` that is missing before it")
        }
        (stray, _) => said(
            "this cannot stand outside a function",
            "",
            first_word(broken).and_then(misspelt).unwrap_or(
                "a file holds `import`, `type`, `struct`, `const`, `fn`, `prompt`, `tool`, `model` and `test`",
            ),
        ),
        (_, struct_body | match_body | record | struct_lit | fork_branches) => {
            said("this does not belong here", "what stands before it is complete", "put a comma or a newline before it")
        }
        _ => said(
            "this does not belong here",
            "what stands before it is complete",
            misspelt(prev).unwrap_or("put it on a line of its own"),
        ),
    }
}

/// Words that begin an item or a statement, and what is asked of someone who has not quite written them.
const BEGINNINGS: &[(&str, &str)] = &[
    ("system", "did you mean `system`?"),
    ("user", "did you mean `user`?"),
    ("assistant", "did you mean `assistant`?"),
    ("prompt", "did you mean `prompt`?"),
    ("import", "did you mean `import`?"),
    ("struct", "did you mean `struct`?"),
    ("const", "did you mean `const`?"),
    ("return", "did you mean `return`?"),
    ("while", "did you mean `while`?"),
    ("match", "did you mean `match`?"),
    ("assert", "did you mean `assert`?"),
    ("model", "did you mean `model`?"),
    ("type", "did you mean `type`?"),
    ("tool", "did you mean `tool`?"),
    ("test", "did you mean `test`?"),
    ("let", "did you mean `let`?"),
    ("for", "did you mean `for`?"),
];

/// What is asked, if a word is nearly one that begins something: a letter is missing, is one too many, is another one, or has changed places
/// with its neighbour.
fn misspelt(word: &str) -> Option<&'static str> {
    let is_nearly = |wanted: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), wanted.chars().collect());
        let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        let rest = a.len().min(b.len()) - start;
        let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        match (a.get(start..a.len() - end), b.get(start..b.len() - end)) {
            (Some([] | [_]), Some([] | [_])) => word != wanted,
            (Some([a, b]), Some([c, d])) => (a, b) == (d, c),
            _ => false,
        }
    };
    BEGINNINGS.iter().find(|(wanted, _)| is_nearly(wanted)).map(|(_, asked)| *asked)
}

/// `from std.reason import vote, judge` as it is written here.
fn as_import(broken: &str) -> Option<String> {
    let (module, names) = broken.lines().next()?.strip_prefix("from ")?.split_once(" import ")?;
    let (module, names) = (module.trim(), names.split("//").next()?.trim());
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ',' | ' ');
    (!names.is_empty() && format!("{module}{names}").chars().all(is_plain))
        .then(|| format!("import {module}.{{{names}}}"))
}

/// Habits from other languages: the word or mark before, and what is broken.
fn habit(prev: &str, broken: &str) -> Option<&'static str> {
    let after_word = match prev {
        "def" | "func" | "function" | "async" => Some("a function is `fn name(…) -> T { … }`"),
        "switch" => Some("write `match value { pattern => … }`"),
        "new" => Some("a struct value is `Name { field: … }`"),
        "throw" | "raise" => Some("to fail, write `assert false, \"why\"`"),
        "await" => Some("nothing is awaited: reading a value waits for it"),
        "mut" => Some("what changes is declared with `var`"),
        "not" => Some("write `!`"),
        "pub" | "export" | "public" => Some(ALL_PUBLIC),
        "=" if broken.starts_with('=') => Some("values are compared with `==` and `!=`"),
        "==" | "!=" if broken.starts_with('=') => Some("values are compared with `==` and `!=`"),
        "lambda" => Some(CLOSURE),
        "elif" | "elseif" => Some("write `else if`"),
        "system" | "user" | "assistant" if broken.starts_with(':') => Some("the text follows its role without a `:`"),
        "assistant" if first_word(broken).is_some_and(|word| matches!(word, "gen" | "select")) => Some(ROLE_ALONE),
        "++" | "--" => Some("write `x += 1` or `x -= 1`"),
        "+" if broken.starts_with('+') => Some("write `x += 1`"),
        _ => None,
    };
    if after_word.is_some() {
        return after_word;
    }
    let prefix = prev.len() == 1 && prev.starts_with(char::is_alphabetic);
    Some(match first_word(broken).unwrap_or_default() {
        "def" | "func" | "function" | "async" => "a function is `fn name(…) -> T { … }`",
        "if" => CONDITION_FIRST,
        "let" | "var" => "outside a function write `const NAME = value`",
        "class" | "enum" | "interface" => "records are `struct`; a choice is `type X = A | B`",
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" => "write `!`",
        "is" => "values are compared with `==` and `!=`: `x == none`, `x != none`",
        "pub" | "export" | "public" => ALL_PUBLIC,
        "elif" | "elseif" => "write `else if`",
        "else" => "an `else` follows the `}` of an `if`, or the expression of a `try`",
        "except" | "catch" => "write `try e else f`",
        "from" | "use" | "require" => "write `import std.reason.{name}` or `import \"./file.sgl\" as file`",
        "as" => "numbers are converted by calling the type: `float(x)`",
        "switch" | "case" => "write `match value { pattern => … }`",
        "" => match broken.as_bytes().first() {
            Some(b'?') if broken.starts_with("?.") => {
                "what may be `none` is asked first: `if x != none { x.a }`, or `(x ?? other).a`"
            }
            Some(b'?') if broken.lines().next().is_some_and(|line| line.contains(" : ")) => {
                "a choice is an expression: `if a { b } else { c }`"
            }
            Some(b'?') => "an error is caught with `try e else f`; a value that may be `none` with `e ?? f`",
            Some(b'\'') => "strings stand between double quotes",
            Some(b'"') if prefix => "a string has holes without a prefix: `\"… {x} …\"`",
            Some(b'`') => "a text over several lines stands between `\"\"\"`",
            Some(b'/') if broken.starts_with("/*") => "a comment starts with `//`",
            Some(b'!') => "what may be `none` has a value after `x ?? other` or `if x != none`",
            Some(b'#') => "a comment starts with `//`",
            Some(b';') => "a newline ends a statement: take the `;` away",
            _ => return None,
        },
        _ => return None,
    })
}
