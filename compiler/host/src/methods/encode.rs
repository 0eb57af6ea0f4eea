//! Methods that write a text in another alphabet, and back.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sgl_check::builtins::Builtin;
use sha2::{Digest, Sha256};

use super::list;
use crate::ops::{Args, bounded};
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::StrEscapeHtml => growing(args, |text| {
            let mut escaped = String::with_capacity(text.len());
            for char in text.chars() {
                match char {
                    '&' => escaped.push_str("&amp;"),
                    '<' => escaped.push_str("&lt;"),
                    '>' => escaped.push_str("&gt;"),
                    '"' => escaped.push_str("&quot;"),
                    '\'' => escaped.push_str("&#39;"),
                    char => escaped.push(char),
                }
            }
            escaped
        }),
        Builtin::StrEscapeRegex => growing(args, regex::escape),
        Builtin::StrEncodeUrl => growing(args, |text| {
            let mut encoded = String::with_capacity(text.len());
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    encoded.push(char::from(byte));
                } else {
                    encoded.push_str(&format!("%{byte:02X}"));
                }
            }
            encoded
        }),
        Builtin::StrDecodeUrl => Ok(Value::or_none(decode_url(&args.str()?).map(Value::str))),
        Builtin::StrEncodeBase64 => growing(args, |text| BASE64_STANDARD.encode(text)),
        Builtin::StrDecodeBase64 => {
            let bytes = BASE64_STANDARD.decode(args.str()?.as_bytes()).ok();
            Ok(Value::or_none(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Value::str)))
        }
        Builtin::StrSha256 => {
            let digest = Sha256::digest(args.str()?.as_bytes());
            Ok(Value::str(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
        _ => list::call(builtin, args),
    }
}

/// The text in another alphabet: a few times as long at most.
fn growing(args: &mut Args, encode: impl FnOnce(&str) -> String) -> Result<Value, HostError> {
    bounded(encode(&args.str()?))
}

fn decode_url(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}
