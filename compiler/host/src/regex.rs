//! Regular expressions as values: one pattern, compiled once to search and once to match a whole text.

use std::sync::OnceLock;

use crate::HostError;

/// A compiled regular expression.
#[derive(Debug)]
pub struct Regex {
    search: regex::Regex,
    whole: OnceLock<regex::Regex>,
}

impl Regex {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Regex, HostError> {
        Ok(Regex { search: compile(pattern)?, whole: OnceLock::new() })
    }

    /// The pattern as written.
    pub fn pattern(&self) -> &str {
        self.search.as_str()
    }

    /// For searching inside a text.
    pub fn search(&self) -> &regex::Regex {
        &self.search
    }

    /// Whether it matches the text from end to end.
    pub fn matches(&self, text: &str) -> Result<bool, HostError> {
        if let Some(whole) = self.whole.get() {
            return Ok(whole.is_match(text));
        }
        let pattern = self.pattern();
        // A comment of the `x` flag would swallow what stands behind it: there a line end closes it and means nothing.
        let whole = compile(&format!(r"\A(?:{pattern})\z")).or_else(|_| compile(&format!("\\A(?:{pattern}\n)\\z")))?;
        Ok(self.whole.get_or_init(|| whole).is_match(text))
    }
}

fn compile(pattern: &str) -> Result<regex::Regex, HostError> {
    regex::Regex::new(pattern).map_err(|error| {
        // A syntax error comes as a drawing of several lines; the last one says what is wrong.
        let drawn = error.to_string();
        let why = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
        HostError::BadArgument(format!("the pattern {pattern:?} does not work: {why}"))
    })
}
