//! Values as they are shown: read again by the compiler, they are the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use proptest::prelude::*;
use sgl_check::NoFiles;
use sgl_check::program::ModelItem;
use sgl_exec::{Backends, Resumed, RunOptions};
use sgl_host::Value;
use sgl_repl::{Session, show};
use sgl_wire::Backend;

/// No entry here asks a model.
struct NoModel;

impl Backends for NoModel {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Err("there is none".into())
    }
}

/// The value of an expression.
fn read(expression: &str) -> Value {
    let mut session = Session::new();
    // A lone text would be one for the prompt.
    let checked = session.check(None, &format!("({expression}, 1)"), &mut NoFiles);
    let ready = checked.ready.unwrap_or_else(|| panic!("{expression}: {:?}", checked.diagnostics));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Resumed { result, .. } = runtime.block_on(ready.run(Arc::new(NoModel), RunOptions::default()));
    let (value, prompt) = result.unwrap();
    match session.accept(ready, value, prompt).value {
        Value::Tuple(parts) => parts.items()[0].clone(),
        other => panic!("{expression}: {other:?}"),
    }
}

fn again(value: &Value) {
    let shown = show::text(value, &[]);
    assert_eq!(read(&shown), *value, "{shown}");
}

#[test]
fn what_a_program_would_take_for_something_else_is_escaped() {
    for text in [
        "one\n\"\"\"\ntwo",
        "\"\"\"\"\"\n\"\"\"\"",
        "a\\nb\n\\",
        "{name}\n}{",
        "  two\n    four\n  two",
        "\ttab\n\ttab",
        "a\n   \n\u{2003}\nb",
        "\n\na\n\n",
        "crlf\r\nend\r",
        "\u{1b}[31m\n\u{9b}",
    ] {
        again(&Value::Str(text.into()));
    }
    let block = show::text(&Value::Str("  if x {\n\n    y\n  }".into()), &[]);
    assert_eq!(block, "\"\"\"\n\\u{20} if x \\{\n\n    y\n  \\}\n\"\"\"", "no more than it takes");
}

#[test]
fn patterns_are_read_again() {
    for pattern in ["re\"[a-z]+\\\"\"", "re\"\\\\\\\"\"", "re\"\"\"\n(?x) [\"] # a quote\n  b\n\"\"\""] {
        assert_eq!(show::text(&read(pattern), &[]), pattern);
    }
}

/// Texts of what means something in a program, and of anything.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s)[ a\"\\\\{}\\n\\t\\r\u{1b}\u{85}\u{2003}]{0,12}",
        "(\n| |  |\"\"\"|\"|a|\\{b\\}|\\\\u|\t){0,10}",
        "(?s).{0,20}",
    ]
}

proptest! {
    #[test]
    fn a_shown_text_is_read_as_itself(text in text(), other in text(), number: i64, float in -1e300..1e300) {
        let text = Value::Str(text.into());
        again(&text);
        let other = Value::Str(other.into());
        let all = [text.clone(), other.clone(), Value::Int(number.max(-i64::MAX)), Value::Float(float)];
        again(&Value::tuple(all.to_vec()).unwrap());
        again(&Value::list(vec![other, text]).unwrap());
    }
}
