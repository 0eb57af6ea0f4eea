//! JSON as it stands in a file → as Python prints it: `json.dumps(json.loads(text), ensure_ascii=False)`.
//!
//! The order of keys stays. Integers keep all their digits, other numbers are those nearest in 64 bits, in the shortest
//! spelling that reads back the same. A key that an object has twice stays twice.

use std::fmt::Write as _;

/// Respells `json`, which must be valid; an error is what no text in UTF-8 can hold.
pub fn dumps(json: &str) -> Result<String, String> {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b',' => out.push_str(", "),
            b':' => out.push_str(": "),
            b'"' => {
                while let Some(&inner) = bytes.get(at) {
                    at += 1;
                    match inner {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                }
                string(json.get(start..at).unwrap_or_default(), &mut out)?;
            }
            b'-' | b'0'..=b'9' => {
                let part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                at = start + bytes.get(start..).unwrap_or_default().iter().take_while(part).count();
                number(json.get(start..at).unwrap_or_default(), &mut out);
            }
            // Brackets, and the letters of true, false and null.
            other => out.push(char::from(other)),
        }
    }
    Ok(out)
}

fn string(token: &str, out: &mut String) -> Result<(), String> {
    let text: String = serde_json::from_str(token).map_err(|_| {
        let shown: String = token.chars().take(60).collect();
        format!("the string {shown} holds half of a surrogate pair, which UTF-8 cannot write")
    })?;
    // serde escapes as Python does: only what JSON asks for, in the shortest way.
    out.push_str(&serde_json::Value::from(text).to_string());
    Ok(())
}

fn number(token: &str, out: &mut String) {
    if !token.contains(['.', 'e', 'E']) {
        out.push_str(if token == "-0" { "0" } else { token });
        return;
    }
    let value: f64 = token.parse().unwrap_or(f64::NAN);
    if !value.is_finite() {
        out.push_str(if value < 0.0 { "-Infinity" } else { "Infinity" });
        return;
    }
    // Rust's `{:e}` has the same digits; Python writes them without an exponent from 1e-4 up to 1e16.
    let spelt = format!("{value:e}");
    let (digits, exponent) = spelt.split_once('e').unwrap_or((&spelt, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", exponent.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python 3.11 prints for each.
    #[test]
    fn as_python_prints_it() {
        for (json, python) in [
            (r#"{"b":1,"a":[true,null,{}]}"#, r#"{"b": 1, "a": [true, null, {}]}"#),
            (" [ 1 , 2 ]\n", "[1, 2]"),
            (r#""a\/b\u00e9\ud83d\ude00\u007f\u0001\"\\""#, "\"a/bé😀\u{7f}\\u0001\\\"\\\\\""),
            ("1e400", "Infinity"),
            (
                "[1.0, 1e0, 1E2, 1e16, 1e15, 123456789012345680.0]",
                "[1.0, 1.0, 100.0, 1e+16, 1000000000000000.0, 1.2345678901234568e+17]",
            ),
            ("[0.0001, 0.00001, -1.5e-7, 5e-324]", "[0.0001, 1e-05, -1.5e-07, 5e-324]"),
            ("[-0, -0.0, 123456789012345678901234567890]", "[0, -0.0, 123456789012345678901234567890]"),
            (r#"{"a:b,c": "d, e: f"}"#, r#"{"a:b,c": "d, e: f"}"#),
        ] {
            assert_eq!(dumps(json).unwrap(), python);
        }
        assert!(dumps(r#""\ud800""#).unwrap_err().contains("surrogate"));
    }
}
