//! Bytes of an editor in, messages out, and the other way: the frames of the protocol over standard input and output.
//!
//! What is no message is answered with an error, as JSON-RPC has it, and the next one is read: one slip of an editor does not end its
//! session.

use std::io::{self, BufRead, Read, Write};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};
use sgl_diag::plain;

/// Where messages come from, and where they go.
pub struct Wire {
    /// What the editor says, until it is gone.
    pub receiver: Receiver<Message>,
    /// What it is told.
    pub sender: Sender<Message>,
    writer: JoinHandle<io::Result<()>>,
}

impl Wire {
    /// Begins to read standard input, and to write standard output.
    pub fn stdio() -> io::Result<Wire> {
        let (heard, receiver) = unbounded();
        let (sender, told) = unbounded::<Message>();
        let builder = |name: &str| std::thread::Builder::new().name(name.into());
        builder("read").spawn(move || hear(&mut io::stdin().lock(), &heard, &mut io::stdout()))?;
        let writer = builder("write")
            .spawn(move || told.into_iter().try_for_each(|message| message.write(&mut io::stdout().lock())))?;
        Ok(Wire { receiver, sender, writer })
    }

    /// Waits until everything that was told is written. Whoever has a sender has dropped it.
    pub fn close(self) -> io::Result<()> {
        drop(self.sender);
        self.writer.join().unwrap_or(Ok(()))
    }
}

/// Bytes of a message at most.
const MOST_BYTES: u64 = 256 << 20;

/// Hands on messages until there are no more; answers what is none.
fn hear(input: &mut impl BufRead, heard: &Sender<Message>, output: &mut impl Write) {
    while let Ok(Some(body)) = frame(input) {
        let said = body.and_then(|body| message(&body));
        let is_over = match said {
            Ok(message) => heard.send(message).is_err(),
            Err(wrong) => {
                let rest = wrong.rest;
                answer(output, wrong).is_err() || io::copy(&mut input.take(rest), &mut io::sink()).is_err()
            }
        };
        if is_over {
            return;
        }
    }
}

/// Something that is no message: the error that answers it.
#[derive(Debug, PartialEq)]
struct Wrong {
    /// Of JSON-RPC.
    code: i32,
    why: String,
    /// The number of the request, where it has one.
    id: Value,
    /// Bytes of it that are still to be passed over.
    rest: u64,
}

fn wrong(code: ErrorCode, why: impl Into<String>) -> Wrong {
    Wrong { code: code as i32, why: why.into(), id: Value::Null, rest: 0 }
}

/// The bytes of the next message; none at the end. Lines that are no header are passed over, so that reading goes on at the next
/// one that is.
fn frame(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, Wrong>>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let header = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        match (header, length) {
            (Some((_, number)), _) => match number.trim().parse::<u64>() {
                Ok(number) => length = Some(number),
                Err(_) => return Ok(Some(Err(wrong(ErrorCode::ParseError, format!("`{line}` is no length"))))),
            },
            (None, Some(length)) if line.is_empty() && length > MOST_BYTES => {
                let why = format!("a message of {length} bytes is longer than {MOST_BYTES} bytes");
                return Ok(Some(Err(Wrong { rest: length, ..wrong(ErrorCode::InvalidRequest, why) })));
            }
            (None, Some(length)) if line.is_empty() => {
                let mut body = Vec::new();
                let read = input.take(length).read_to_end(&mut body)?;
                return Ok((read as u64 == length).then_some(Ok(body)));
            }
            (None, None) if line.is_empty() => {
                return Ok(Some(Err(wrong(ErrorCode::ParseError, "a message has no Content-Length"))));
            }
            // Content-Type, or anything else.
            (None, _) => {}
        }
    }
}

/// The message in a body.
fn message(body: &[u8]) -> Result<Message, Wrong> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|why| wrong(ErrorCode::ParseError, format!("the message is no JSON: {}", plain::json(&why))))?;
    let of = |key: &str| value.get(key).cloned().unwrap_or_default();
    let id = of("id");
    let asks = of("method").is_string();
    match serde_json::from_value(value) {
        // What has a number wants an answer, though the number is none that can be.
        Ok(Message::Notification(_)) if !id.is_null() => {}
        Ok(message) => return Ok(message),
        Err(_) => {}
    }
    let why = match asks {
        true => "the `id` of a request is a text or a number of 32 bits",
        false => "the message is no request, no notification and no answer",
    };
    Err(Wrong {
        id: if id.is_string() || id.is_number() { id } else { Value::Null },
        ..wrong(ErrorCode::InvalidRequest, why)
    })
}

fn answer(output: &mut impl Write, wrong: Wrong) -> io::Result<()> {
    let error = json!({ "code": wrong.code, "message": wrong.why });
    let body = json!({ "jsonrpc": "2.0", "id": wrong.id, "error": error }).to_string();
    // In one piece: the other thread writes, too.
    output.write_all(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(bodies: &[&str]) -> String {
        bodies.iter().map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len())).collect()
    }

    /// The methods of the messages that are heard, and the codes and numbers of the errors that are answered.
    fn heard(input: &str) -> (Vec<String>, Vec<(i64, Value)>) {
        heard_of(&mut input.as_bytes())
    }

    fn heard_of(input: &mut impl BufRead) -> (Vec<String>, Vec<(i64, Value)>) {
        let (sender, messages) = unbounded();
        let mut output = Vec::new();
        hear(input, &sender, &mut output);
        drop(sender);
        let methods = messages.into_iter().map(|message| match message {
            Message::Request(request) => request.method,
            Message::Notification(notification) => notification.method,
            Message::Response(_) => "answer".into(),
        });
        let mut output = output.as_slice();
        let bodies = std::iter::from_fn(|| frame(&mut output).unwrap().map(Result::unwrap));
        let errors = bodies
            .map(|body| serde_json::from_slice::<Value>(&body).unwrap())
            .map(|body| (body["error"]["code"].as_i64().unwrap(), body["id"].clone()));
        (methods.collect(), errors.collect())
    }

    #[test]
    fn what_is_no_message_is_answered_and_the_next_one_is_heard() {
        let next = r#"{"jsonrpc":"2.0","method":"next"}"#;
        for (input, code, id) in [
            (framed(&["{nonsense", next]), -32700, json!(null)),
            (framed(&["[]", next]), -32600, json!(null)),
            (framed(&[r#"{"id":5,"what":1}"#, next]), -32600, json!(5)),
            (framed(&[r#"{"id":99999999999,"method":"m"}"#, next]), -32600, json!(99_999_999_999_u64)),
            (format!("Content-Length: many\r\n\r\n{}", framed(&[next])), -32700, json!(null)),
            (format!("Content-Type: x\r\n\r\n{}", framed(&[next])), -32700, json!(null)),
        ] {
            let (methods, errors) = heard(&input);
            assert_eq!((methods.as_slice(), errors[0].clone()), (&["next".to_string()][..], (code, id)), "{input:?}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_answered_and_passed_over() {
        let next = framed(&[r#"{"jsonrpc":"2.0","method":"next"}"#]);
        let head = format!("Content-Length: {}\r\n\r\n", MOST_BYTES + 1);
        let body = io::repeat(b' ').take(MOST_BYTES + 1);
        let mut input = io::BufReader::new(head.as_bytes().chain(body).chain(next.as_bytes()));
        assert_eq!(heard_of(&mut input), (vec!["next".to_string()], vec![(-32600, json!(null))]));
        assert_eq!(heard("Content-Length: 18446744073709551615\r\n\r\n{}"), (vec![], vec![(-32600, json!(null))]));
    }

    #[test]
    fn a_message_that_is_cut_off_is_the_end() {
        assert_eq!(heard("Content-Length: 99\r\n\r\n{}"), (vec![], vec![]));
        let all = framed(&[r#"{"id":1,"method":"a"}"#, r#"{"id":1,"result":null}"#]);
        assert_eq!(heard(&all[..all.len() - 3]).0, ["a"]);
        assert_eq!(heard(&all).0, ["a", "answer"]);
    }
}
