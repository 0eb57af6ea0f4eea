//! `process.run`: a command in; what it wrote and how it ended out. Whoever stops waiting ends the program.

use std::process::Stdio;
use std::time::Duration;

use sgl_diag::plain;
use sgl_host::{Fault, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::{MAX_BYTES, failed, files};

/// The longest that a program may run.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Runs a program to its end. No shell reads the arguments.
pub(crate) async fn run(command: &str, args: Vec<String>, input: Option<String>) -> Result<Value, Fault> {
    let running = to_the_end(command, args, input);
    match tokio::time::timeout(TIMEOUT, running).await {
        Ok(result) => result,
        Err(_) => Err(failed(format!("`{command}` has not ended after {} seconds", TIMEOUT.as_secs()))),
    }
}

async fn to_the_end(command: &str, args: Vec<String>, input: Option<String>) -> Result<Value, Fault> {
    let cannot = |error: std::io::Error| failed(format!("`{command}` cannot be run: {}", plain::io(&error)));
    let mut child = Command::new(command)
        .args(args)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let stdin = child.stdin.take();
    let write = async {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A program that does not read to the end is none of our business.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let (output, error) = (child.stdout.take(), child.stderr.take());
    let (_, output, error) = tokio::join!(write, drain(output), drain(error));
    let (output, error) = (output.map_err(cannot)?, error.map_err(cannot)?);
    let (output, error) = (
        files::text(output, &format!("the output of {command}"))?,
        files::text(error, &format!("the errors of {command}"))?,
    );
    let status = child.wait().await.map_err(cannot)?;
    let Some(code) = status.code() else {
        return Err(failed(format!("`{command}` was ended from outside: {status}")));
    };
    crate::outside::record([("code", Value::Int(code.into())), ("output", output), ("error", error)])
}

/// All that comes, up to one byte more than a program may hold.
async fn drain(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(MAX_BYTES + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
