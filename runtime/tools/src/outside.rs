//! The world of a run: an effect with its arguments in, its value out, if it is allowed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indexmap::IndexMap;
use sgl_check::builtins::{Builtin, Effect};
use sgl_check::{McpTool, NoTools};
use sgl_exec::{Performed, World};
use sgl_host::{Fault, Value};

use crate::http::{self, Asked};
use crate::mcp::{self, Patience, Servers};
use crate::permissions::Permissions;
use crate::{failed, files, process};

/// The longest that `time.sleep` waits, in seconds.
const LONGEST_SLEEP: f64 = 86_400.0;

/// Files, servers, programs, the environment and the clock. Cloning shares it and the MCP servers that it has started.
#[derive(Clone)]
pub struct Outside {
    permissions: Arc<Permissions>,
    servers: Servers,
}

impl Outside {
    /// As much of the outside as is allowed.
    pub fn new(permissions: Permissions) -> Outside {
        Outside::with_patience(permissions, Patience::default())
    }

    /// The same, with servers that may take this long.
    pub fn with_patience(permissions: Permissions, patience: Patience) -> Outside {
        Outside { permissions: Arc::new(permissions), servers: Servers::new(patience) }
    }

    /// The same servers with other permissions.
    pub fn with(&self, permissions: Permissions) -> Outside {
        Outside { permissions: Arc::new(permissions), servers: self.servers.clone() }
    }

    /// The tools of an MCP server, which is started and kept for the run. Blocks: not for a thread of a runtime.
    pub fn mcp(&self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        let words = mcp::words(command);
        let program = words.first().map_or("", String::as_str);
        self.permissions.command(program).map_err(|refusal| NoTools {
            why: format!("the tools of `{command}` are not known: this program may not start it"),
            hint: refusal.hint.clone().unwrap_or_default(),
        })?;
        self.servers.tools(command).map_err(|why| NoTools {
            why: format!("the tools of `{command}` are not known: {why}"),
            hint: "run the command by itself to see what it says".into(),
        })
    }

    async fn effect(self, effect: Builtin, arguments: Vec<Value>) -> Result<Value, Fault> {
        let mut arguments = Arguments(arguments.into_iter());
        match effect {
            Builtin::Image | Builtin::FsRead | Builtin::FsList | Builtin::FsExists => {
                let written = arguments.text()?;
                blocking(move || {
                    let path = self.permissions.path(Effect::Read, &written)?;
                    match effect {
                        Builtin::Image => files::picture(&path, &written),
                        Builtin::FsRead => files::read(&path, &written),
                        Builtin::FsList => files::list(&path, &written),
                        _ => Ok(Value::Bool(path.exists())),
                    }
                })
                .await
            }
            Builtin::FsWrite | Builtin::FsAppend => {
                let (written, text) = (arguments.text()?, arguments.text()?);
                blocking(move || {
                    let path = self.permissions.path(Effect::Write, &written)?;
                    files::write(&path, &written, &text, effect == Builtin::FsAppend)
                })
                .await
            }
            Builtin::HttpGet | Builtin::HttpPost => {
                let url = arguments.text()?;
                let body = if effect == Builtin::HttpPost { Some(arguments.text()?) } else { None };
                let asked = Asked { url, body, headers: arguments.texts_by_name()? };
                // Alive as long as this future: what lost a race is dropped, and its request goes no further.
                let waiting = Arc::new(());
                let asker = Arc::downgrade(&waiting);
                let answer =
                    blocking(move || http::request(&self.permissions, asked, || asker.strong_count() > 0)).await;
                drop(waiting);
                answer
            }
            Builtin::ProcessRun => {
                let (command, args) = (arguments.text()?, arguments.texts()?);
                let input = match arguments.0.next() {
                    None | Some(Value::None) => None,
                    Some(value) => Some(text(value)?),
                };
                self.permissions.command(&command)?;
                process::run(&command, args, input).await
            }
            Builtin::McpCall => {
                let (command, tool) = (arguments.text()?, arguments.text()?);
                let words = mcp::words(&command);
                self.permissions.command(words.first().map_or("", String::as_str))?;
                self.servers.call(command, tool, arguments.0.next().unwrap_or(Value::None)).await
            }
            Builtin::EnvGet => {
                let name = arguments.text()?;
                self.permissions.variable(&name)?;
                // A name that no variable can have would make the operating system's call panic.
                let possible = !name.is_empty() && !name.contains(['=', '\0']);
                match possible.then(|| std::env::var_os(&name)).flatten().map(|value| value.into_string()) {
                    None => Ok(Value::None),
                    Some(Ok(value)) => Ok(Value::str(value)),
                    Some(Err(_)) => Err(failed(format!("the variable `{name}` is not UTF-8 text"))),
                }
            }
            Builtin::TimeNow => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => Ok(Value::Float(since.as_secs_f64())),
                Err(before) => Ok(Value::Float(-before.duration().as_secs_f64())),
            },
            Builtin::TimeSleep => match arguments.0.next() {
                Some(Value::Float(seconds)) if (0.0..=LONGEST_SLEEP).contains(&seconds) => {
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                    Ok(Value::None)
                }
                _ => Err(failed(format!("`time.sleep` waits between 0 and {LONGEST_SLEEP} seconds"))),
            },
            other => Err(failed(format!("`{}` is nothing that can be done outside", other.name()))),
        }
    }
}

impl World for Outside {
    fn perform(&self, effect: Builtin, arguments: Vec<Value>) -> Performed {
        Box::pin(self.clone().effect(effect, arguments))
    }
}

/// Runs what blocks beside the tasks. Whoever stops waiting takes it out of the queue; what has begun ends by itself.
async fn blocking(work: impl FnOnce() -> Result<Value, Fault> + Send + 'static) -> Result<Value, Fault> {
    let mut work = Aborted(tokio::task::spawn_blocking(work));
    match (&mut work.0).await {
        Ok(result) => result,
        Err(error) => Err(failed(format!("the work was broken off: {error}"))),
    }
}

/// Work that is given up where nobody waits for it any more.
pub(crate) struct Aborted<T>(pub tokio::task::JoinHandle<T>);

impl<T> Drop for Aborted<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A record without a name.
pub(crate) fn record<const N: usize>(fields: [(&str, Value); N]) -> Result<Value, Fault> {
    let fields: IndexMap<Arc<str>, Value> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::record(None, fields).map_err(|error| failed(error.to_string()))
}

/// Arguments one by one. The checker has seen their types.
struct Arguments(std::vec::IntoIter<Value>);

fn text(value: Value) -> Result<String, Fault> {
    match value {
        Value::Str(text) => Ok(text.to_string()),
        other => Err(failed(format!("a text is wanted here, not {}", other.kind()))),
    }
}

impl Arguments {
    fn text(&mut self) -> Result<String, Fault> {
        text(self.0.next().unwrap_or(Value::None))
    }

    fn texts(&mut self) -> Result<Vec<String>, Fault> {
        match self.0.next() {
            None | Some(Value::None) => Ok(Vec::new()),
            Some(Value::List(list)) => list.items().iter().cloned().map(text).collect(),
            Some(other) => Err(failed(format!("a list of texts is wanted here, not {}", other.kind()))),
        }
    }

    fn texts_by_name(&mut self) -> Result<Vec<(String, String)>, Fault> {
        match self.0.next() {
            None | Some(Value::None) => Ok(Vec::new()),
            Some(Value::Map(map)) => {
                map.items().iter().map(|(name, value)| Ok((name.to_string(), text(value.clone())?))).collect()
            }
            Some(other) => Err(failed(format!("a map of texts is wanted here, not {}", other.kind()))),
        }
    }
}
