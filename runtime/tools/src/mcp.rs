//! Servers of the Model Context Protocol: a command in; its tools, and what they give, out.
//!
//! A server is started when it is first needed and kept until its [`Servers`] are dropped: checking a program asks it for its
//! tools, a run calls them. It speaks over its standard input and output. Lines that are no messages, or too long, are
//! passed over; what then never comes is an error after a time.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RunningService, ServiceError};
use sgl_check::McpTool;
use sgl_diag::plain;
use sgl_host::{Fault, Value};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::failed;
use crate::outside::Aborted;

/// How long servers may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To start and to name their tools.
    pub start: Duration,
    /// To answer a call.
    pub call: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { start: Duration::from_secs(60), call: Duration::from_secs(300) }
    }
}

/// The servers of one process. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Servers(Arc<Shared>);

struct Shared {
    patience: Patience,
    /// Servers outlive the runtimes of checking and of runs, so they have their own.
    runtime: OnceLock<Option<Runtime>>,
    running: Mutex<HashMap<String, Arc<Server>>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Not to be waited for: this may be a thread of another runtime.
        if let Some(runtime) = self.runtime.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

struct Server {
    service: RunningService<RoleClient, ()>,
    /// Killed when it is dropped.
    _child: Child,
}

impl Servers {
    pub(crate) fn new(patience: Patience) -> Servers {
        Servers(Arc::new(Shared { patience, runtime: OnceLock::new(), running: Mutex::default() }))
    }

    fn runtime(&self) -> Result<&Runtime, String> {
        let start = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
        self.0.runtime.get_or_init(start).as_ref().ok_or_else(|| "threads cannot be started".to_string())
    }

    /// The tools of a server, which is started if it does not run yet. Blocks: not for a thread of a runtime.
    pub(crate) fn tools(&self, command: &str) -> Result<Vec<McpTool>, String> {
        let servers = self.clone();
        let command = command.to_string();
        self.runtime()?.block_on(async move {
            let within = servers.0.patience.start;
            let server = servers.server(&command).await?;
            let listed = tokio::time::timeout(within, server.service.list_all_tools()).await;
            let tools = listed.map_err(|_| late(&command, within))?.map_err(|error| wrong(&command, &error))?;
            let tools = tools.into_iter().map(|tool| McpTool {
                name: tool.name.to_string(),
                doc: tool.description.map(|doc| doc.to_string()).unwrap_or_default(),
                schema: serde_json::Value::Object((*tool.input_schema).clone()),
            });
            Ok(tools.collect())
        })
    }

    /// Calls a tool; its text.
    pub(crate) async fn call(&self, command: String, tool: String, arguments: Value) -> Result<Value, Fault> {
        let arguments = sgl_host::json::to_json(&arguments).map_err(|error| failed(error.to_string()))?;
        let serde_json::Value::Object(arguments) = arguments else {
            return Err(failed(format!("the arguments of `{tool}` are no object")));
        };
        let servers = self.clone();
        let runtime = self.runtime().map_err(failed)?;
        let work = runtime.spawn(async move {
            let within = servers.0.patience.call;
            let server = servers.server(&command).await?;
            let params = CallToolRequestParams::new(tool.clone()).with_arguments(arguments);
            let answer = tokio::time::timeout(within, server.service.call_tool(params)).await;
            let answer = answer.map_err(|_| late(&command, within))?.map_err(|error| wrong(&command, &error))?;
            let texts: Vec<&str> =
                answer.content.iter().filter_map(|part| Some(part.as_text()?.text.as_str())).collect();
            let text = match (texts.is_empty(), &answer.structured_content) {
                (true, Some(content)) => content.to_string(),
                _ => texts.join("\n"),
            };
            if answer.is_error == Some(true) { Err(format!("`{tool}` of `{command}` fails: {text}")) } else { Ok(text) }
        });
        // Whoever stops waiting ends the call, not the server.
        let mut work = Aborted(work);
        match (&mut work.0).await {
            Ok(Ok(text)) => Ok(Value::str(text)),
            Ok(Err(why)) => Err(failed(why)),
            Err(error) => Err(failed(format!("the call was broken off: {error}"))),
        }
    }

    async fn server(&self, command: &str) -> Result<Arc<Server>, String> {
        // Held while a server starts: two calls at once start it once.
        let mut running = self.0.running.lock().await;
        if let Some(server) = running.get(command) {
            return Ok(server.clone());
        }
        let within = self.0.patience.start;
        let started = tokio::time::timeout(within, start(command)).await;
        let server = Arc::new(started.map_err(|_| late(command, within))??);
        running.insert(command.to_string(), server.clone());
        Ok(server)
    }
}

async fn start(command: &str) -> Result<Server, String> {
    let words = words(command);
    let Some((program, args)) = words.split_first() else { return Err("the command is empty".into()) };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {}", plain::io(&error)))?;
    let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
        return Err(format!("`{program}` has no standard input and output"));
    };
    let service = ().serve((output, input)).await.map_err(|error| format!("`{command}` is no MCP server: {error}"))?;
    Ok(Server { service, _child: child })
}

fn late(command: &str, within: Duration) -> String {
    format!("`{command}` has not answered within {} seconds", within.as_secs_f32())
}

fn wrong(command: &str, error: &ServiceError) -> String {
    match error {
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => format!("`{command}` has ended"),
        ServiceError::McpError(error) => format!("`{command}` says: {}", error.message),
        error => format!("`{command}` does not answer as it should: {error}"),
    }
}

/// The words of a command: separated by spaces, except between quotes.
pub(crate) fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in command.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => (quote, begun) = (Some(c), true),
            (None, c) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_spaces_outside_of_quotes() {
        assert_eq!(words(r#"npx  -y "@a/b c" '' d'e f'"#), ["npx", "-y", "@a/b c", "", "de f"]);
        assert!(words("  ").is_empty());
    }
}
