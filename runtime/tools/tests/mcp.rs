//! A server of the test's own: its tools, its answers, and its misbehaviour.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use sgl_check::builtins::Builtin;
use sgl_exec::World;
use sgl_host::{Value, json};
use sgl_tools::{Allowed, Outside, Patience, Permissions};

/// The command of the example `mcp_server`, which cargo builds beside the tests.
fn server(habit: &str) -> String {
    let here = std::env::current_exe().unwrap();
    let built = here.ancestors().nth(2).map(|dir| dir.join("examples/mcp_server")).unwrap();
    assert!(Path::new(&built).is_file(), "{} is not built", built.display());
    format!("'{}' {habit}", built.display())
}

fn outside() -> Outside {
    let patience = Patience { start: Duration::from_secs(5), call: Duration::from_secs(2) };
    Outside::with_patience(Permissions { run: Allowed::All, ..Permissions::default() }, patience)
}

async fn call(outside: &Outside, command: &str, tool: &str, arguments: serde_json::Value) -> String {
    let arguments = json::from_json(&arguments, &sgl_check::types::Type::Json, &[]).unwrap();
    let arguments = vec![Value::str(command), Value::str(tool), arguments];
    match outside.perform(Builtin::McpCall, arguments).await {
        Ok(value) => json::write(&value).unwrap(),
        Err(fault) => format!("{} {}", fault.code, fault.title.replace(command, "SERVER")),
    }
}

/// As when a program is checked: on a thread that belongs to no runtime.
fn tools(outside: &Outside, command: &str) -> Result<Vec<String>, String> {
    let ask = || outside.mcp(command).map_err(|error| error.why.replace(command, "SERVER"));
    let asked = std::thread::scope(|scope| scope.spawn(ask).join().unwrap())?;
    Ok(asked.into_iter().map(|tool| tool.name).collect())
}

#[tokio::test]
async fn a_server_is_asked_and_called() {
    for habit in ["", "noise"] {
        let (outside, command) = (outside(), server(habit));
        assert_eq!(tools(&outside, &command).unwrap(), ["add-up", "echo", "plan", "refuse"]);
        let sum = call(&outside, &command, "add-up", json!({ "numbers": [1, 2, 3], "unit": null })).await;
        assert_eq!(sum, r#""6 none""#, "{habit}");
        assert_eq!(call(&outside, &command, "echo", json!({ "in": "a\nb" })).await, r#""{\"in\":\"a\\nb\"}""#);
        let null = call(&outside, &command, "echo", json!({ "any": null })).await;
        assert_eq!(null, r#""{\"any\":null}""#, "what a program sends is sent as it is");
        let refused = call(&outside, &command, "refuse", json!({})).await;
        assert_eq!(refused, "E0412 `refuse` of `SERVER` fails: it does not want to");
    }
}

#[tokio::test]
async fn a_server_that_misbehaves_is_an_error_in_time() {
    let begun = Instant::now();
    let outside = outside();
    for (habit, said) in [
        ("die", "E0412 `SERVER` has ended"),
        ("hang", "E0412 `SERVER` has not answered within 2 seconds"),
        ("huge", "E0412 `SERVER` has not answered within 2 seconds"),
    ] {
        let error = call(&outside, &server(habit), "echo", json!({})).await;
        assert_eq!(error, said, "{habit}");
    }
    let mute = tools(&outside, &server("mute")).unwrap_err();
    assert_eq!(mute, "the tools of `SERVER` are not known: `SERVER` has not answered within 5 seconds");
    assert!(tools(&outside, "cat").unwrap_err().contains("SERVER"));
    assert!(tools(&outside, "/no/such/program").unwrap_err().contains("cannot be started"));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn starting_a_server_must_be_allowed() {
    let outside = Outside::new(Permissions::default());
    let refused = outside.mcp("npx 'some server'").unwrap_err();
    assert_eq!(refused.hint, "`--allow-run=npx` allows it to start `npx` with any arguments");
    let error = call(&outside, "npx server", "echo", json!({})).await;
    assert_eq!(error, "E0411 this run may not start `npx`");
}
