//! What libraries say about failures in, plain words without their numbers and names out.

use std::fmt::Display;
use std::io::{self, ErrorKind};

/// Why the operating system refused something: `there is no such file or folder`.
pub fn io(error: &io::Error) -> String {
    let words = match error.kind() {
        // Somebody wrapped it, and has said more than its kind does.
        _ if error.get_ref().is_some() => return without_number(&error.to_string()),
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "permission is denied",
        ErrorKind::AlreadyExists => "it is already there",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::NotADirectory => "a part of the path is not a folder",
        ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "there is no more space for this user",
        ErrorKind::FileTooLarge => "the file would be too large",
        ErrorKind::InvalidFilename => "no file can have this name",
        ErrorKind::ExecutableFileBusy => "the program is being written to",
        ErrorKind::ArgumentListTooLong => "its arguments are too long",
        ErrorKind::OutOfMemory => "there is not enough memory",
        ErrorKind::ConnectionRefused => "the connection is refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "the connection broke off",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no way to it",
        ErrorKind::NetworkDown => "the network is down",
        ErrorKind::TimedOut => "it took too long",
        ErrorKind::BrokenPipe => "nobody reads it any more",
        ErrorKind::UnexpectedEof => "it ends too early",
        ErrorKind::Interrupted => "it was interrupted",
        _ => return without_number(&error.to_string()),
    };
    words.to_string()
}

/// `Too many open files (os error 24)` as `too many open files`.
fn without_number(said: &str) -> String {
    let words = said.rsplit_once(" (os error ").map_or(said, |(words, _)| words);
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

/// Why a text is not JSON, from what `serde_json` says of it: `a value is missing at column 7`.
pub fn json(error: &impl Display) -> String {
    let said = error.to_string();
    let (why, place) = said.rsplit_once(" at line ").unwrap_or((&said, ""));
    let words = match why {
        "expected value" => "a value is missing or not one of JSON",
        "expected ident" => "this is not `true`, `false` or `null`",
        "key must be a string" => "a key is not in double quotes",
        "trailing characters" => "more follows after the value",
        "trailing comma" => "a comma stands before the end",
        "recursion limit exceeded" => "it is nested too deep",
        "number out of range" => "a number is too large",
        "invalid number" => "a number is not written as JSON wants it",
        "invalid escape" => "there is no such escape in JSON",
        why if why.starts_with("EOF while") => "it ends too early",
        why if why.starts_with("control character") => "a control character stands in a text; write it as an escape",
        why if why.contains("surrogate") || why.contains("hex escape") || why.contains("unicode") => {
            "an escape `\\u` stands for no character"
        }
        why => why,
    };
    match place.split_once(" column ") {
        None => words.to_string(),
        Some(("1", column)) => format!("{words}, at column {column}"),
        Some((line, column)) => format!("{words}, at line {line} column {column}"),
    }
}

/// The text without the byte order mark that some programs write before UTF-8.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_words_and_no_number() {
        assert_eq!(io(&io::Error::from_raw_os_error(2)), "there is no such file or folder");
        let wrapped = io::Error::other(io::Error::from_raw_os_error(24).to_string());
        for error in [io::Error::from_raw_os_error(24), wrapped] {
            let words = io(&error);
            assert!(!words.contains("os error") && words.starts_with(char::is_lowercase), "{words}");
        }
    }

    #[test]
    fn the_place_of_a_json_error_is_said_as_people_count() {
        assert_eq!(json(&"EOF while parsing a value at line 1 column 0"), "it ends too early, at column 0");
        assert_eq!(json(&"trailing comma at line 3 column 4"), "a comma stands before the end, at line 3 column 4");
        assert_eq!(json(&"expected `:` at line 1 column 9"), "expected `:`, at column 9");
        assert_eq!(json(&"something else"), "something else");
    }
}
