//! Chat templates: a Jinja template and messages in, the prompt's text out.
//!
//! Templates come with the file, so they are hostile until shown otherwise: a render may take [`FUEL`] instructions and
//! write [`MAX_OUTPUT`] bytes, and reaches nothing but its messages.

use std::fmt::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, ErrorKind, context};

/// Instructions of a render: a conversation of thousands of messages takes a tenth of it, an endless loop half a second.
const FUEL: u64 = 4_000_000;

/// Bytes a template itself may be long; the largest in use has some 20,000.
const MAX_SOURCE: usize = 1 << 20;

/// Bytes of a rendered prompt beyond what its messages hold.
const MAX_OUTPUT: usize = 16 << 20;

/// ChatML, the format of a file that brings none and shows no other.
pub const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + \
     message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' \
     }}{% endif %}";

/// The format of Gemma, whose base models bring none. It knows no system: what one says opens the user's turn.
pub const GEMMA: &str = "{{ bos_token }}{% for message in messages %}{% if message.role == 'assistant' %}\
     {{ '<start_of_turn>model\n' + message.content + '<end_of_turn>\n' }}{% elif message.role in ['system', 'user'] %}\
     {% if loop.first or loop.previtem.role != 'system' %}{{ '<start_of_turn>user\n' }}{% endif %}{{ message.content }}\
     {% if message.role == 'system' and not loop.last and loop.nextitem.role in ['system', 'user'] %}{{ '\n\n' }}\
     {% else %}{{ '<end_of_turn>\n' }}{% endif %}{% else %}{{ raise_exception('no role ' + message.role) }}{% endif %}\
     {% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not parse.
    #[error("the chat template does not parse: {reason}")]
    Parse {
        /// The parser's words.
        reason: String,
    },
    /// It refuses these messages, by its own `raise_exception`.
    #[error("the chat template refuses these messages: {reason}")]
    Refused {
        /// The template's words.
        reason: String,
    },
    /// It fails or takes too long.
    #[error("the chat template fails: {reason}")]
    Render {
        /// What went wrong.
        reason: String,
    },
}

/// A template that was parsed.
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    bos: String,
    eos: String,
}

const NAME: &str = "chat";

impl ChatTemplate {
    /// Parses a template; `bos` and `eos` are the texts it knows as `bos_token` and `eos_token`.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, TemplateError> {
        let parse = |reason: String| TemplateError::Parse { reason };
        if source.len() > MAX_SOURCE {
            return Err(parse(format!("it is {} bytes long, more than {MAX_SOURCE}", source.len())));
        }
        let mut environment = Environment::new();
        // As the reference renderer sets them: a block's line break and indentation are no output.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| parse(words(&error)))?);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |reason: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, "refused").with_source(Refused(reason)))
        });
        environment.add_function("strftime_now", |format: &str| strftime(std::time::SystemTime::now(), format));
        environment.add_filter("tojson", |value: &Value, _: Rest<Value>| to_json(value));
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| parse(words(&error)))?;
        Ok(Self { environment, source: source.to_owned(), bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// The template's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The prompt for messages of (role, content); with `add_generation_prompt` it ends where the model's turn starts.
    pub fn render(&self, messages: &[(&str, &str)], add_generation_prompt: bool) -> Result<String, TemplateError> {
        let list: Vec<Value> =
            messages.iter().map(|(role, content)| context! { role => *role, content => *content }).collect();
        let values = context! {
            messages => list,
            add_generation_prompt => add_generation_prompt,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        };
        let given: usize = messages.iter().map(|(role, content)| role.len() + content.len()).sum();
        let mut output = Bounded { bytes: Vec::new(), most: given.saturating_add(MAX_OUTPUT) };
        let template = self.environment.get_template(NAME).map_err(render_error)?;
        template.render_captured_to(values, &mut output).map_err(render_error)?;
        String::from_utf8(output.bytes).map_err(|error| TemplateError::Render { reason: error.to_string() })
    }
}

/// What `raise_exception` throws; it may arrive wrapped in the errors of the blocks around it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn render_error(error: Error) -> TemplateError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(Refused(reason)) = error.downcast_ref() {
            return TemplateError::Refused { reason: reason.clone() };
        }
        cause = error.source();
    }
    TemplateError::Render { reason: words(&error) }
}

fn words(error: &Error) -> String {
    let mut words = error.kind().to_string();
    if let Some(detail) = error.detail() {
        let _ = write!(words, ": {detail}");
    }
    if let Some(line) = error.line() {
        let _ = write!(words, " (line {line})");
    }
    words
}

/// A writer that stops a template that writes without end.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + part.len() > self.most {
            return Err(std::io::Error::other(format!("it writes more than {} bytes", self.most)));
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// JSON with Python's spaces after `,` and `:`, as templates were written for.
fn to_json(value: &Value) -> Result<Value, Error> {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: std::io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }

        fn begin_object_key<W: std::io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }

        fn begin_object_value<W: std::io::Write + ?Sized>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let failed = |reason: String| Error::new(ErrorKind::BadSerialization, reason);
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, Spaced);
    serde::Serialize::serialize(value, &mut serializer).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(json).map(Value::from_safe_string).map_err(|error| failed(error.to_string()))
}

/// The date fields of `strftime` that templates use, in UTC; another letter stays as it is.
fn strftime(now: std::time::SystemTime, format: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let seconds = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let month_name = MONTHS[month as usize - 1];
    let day_name = DAYS[(days % 7) as usize];
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let _ = match letters.next() {
            Some('Y') => write!(out, "{year}"),
            Some('m') => write!(out, "{month:02}"),
            Some('d') => write!(out, "{day:02}"),
            Some('B') => write!(out, "{month_name}"),
            Some('b') => write!(out, "{}", &month_name[..3]),
            Some('A') => write!(out, "{day_name}"),
            Some('a') => write!(out, "{}", &day_name[..3]),
            Some('H') => write!(out, "{:02}", second / 3600),
            Some('M') => write!(out, "{:02}", second / 60 % 60),
            Some('S') => write!(out, "{:02}", second % 60),
            Some('%') => write!(out, "%"),
            Some(other) => write!(out, "%{other}"),
            None => write!(out, "%"),
        };
    }
    out
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn render(source: &str) -> Result<String, TemplateError> {
        ChatTemplate::new(source, "<s>", "</s>")?.render(&[("user", " Hi\n"), ("assistant", "Yes")], true)
    }

    #[test]
    fn chatml_is_the_format_of_files_without_one() {
        assert_eq!(
            render(CHATML).unwrap(),
            "<|im_start|>user\n Hi\n<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n<|im_start|>assistant\n"
        );
    }

    #[test]
    fn gemma_has_what_a_system_says_in_the_user_s_turn() {
        let template = ChatTemplate::new(GEMMA, "<bos>", "<eos>").unwrap();
        let turns = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello."), ("user", "Bye")];
        assert_eq!(
            template.render(&turns, true).unwrap(),
            "<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n\
             <start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n"
        );
        assert_eq!(
            template.render(&turns[..1], true).unwrap(),
            "<bos><start_of_turn>user\nBe brief.<end_of_turn>\n<start_of_turn>model\n"
        );
        let refused = template.render(&[("tool", "7")], false);
        assert_eq!(refused, Err(TemplateError::Refused { reason: "no role tool".into() }));
    }

    #[test]
    fn what_templates_use_is_there() {
        let source = "{% set ns = namespace(n=0) %}\n{% for m in messages %}\n  {% if m.role.startswith('a') %}{% break \
                      %}{% endif %}\n{{ m['content'].strip() }}{% set ns.n = ns.n + 1 %}\n{% endfor %}\n{{ ns.n }}\
                      {{ bos_token }}{{ messages[1] | tojson }}{{ 'a,b'.split(',')[1].upper() }}";
        assert_eq!(render(source).unwrap(), "Hi1<s>{\"role\": \"assistant\", \"content\": \"Yes\"}B");
    }

    #[test]
    fn a_template_may_refuse() {
        let refused = render("{{ raise_exception('only ' + messages[0].role) }}");
        assert_eq!(refused, Err(TemplateError::Refused { reason: "only user".into() }));
    }

    #[test]
    fn hostile_templates_end() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        let long = "{% for a in range(9999) %}{{ 'x' * 9999999 }}{% endfor %}";
        let deep = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
        for source in [endless, long, deep, "{{ 1 / 0 }}", "{{ nothing.at.all }}"] {
            assert!(matches!(render(source), Err(TemplateError::Render { .. })), "{source}");
        }
        assert!(matches!(render("{% for %}"), Err(TemplateError::Parse { .. })));
        assert!(matches!(render(&"(".repeat(1 << 21)), Err(TemplateError::Parse { .. })));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| strftime(UNIX_EPOCH + Duration::from_secs(seconds), "%a %d %b %Y %H:%M:%S %% %q");
        assert_eq!(at(0), "Thu 01 Jan 1970 00:00:00 % %q");
        assert_eq!(at(951_827_696), "Tue 29 Feb 2000 12:34:56 % %q");
        assert_eq!(strftime(UNIX_EPOCH + Duration::from_secs(1_735_689_599), "%A, %B %d"), "Tuesday, December 31");
    }
}
