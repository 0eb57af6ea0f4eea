//! From a prompt to tokens: parts go in, the text and tokens that the model reads come out.
//!
//! 1. The chat template renders the messages with sentinels for their contents; what stands between the sentinels is
//!    the markup.
//! 2. Markup is cut at the names of special tokens. Nothing else ever becomes a special token, so a text that spells
//!    `<|im_start|>` stays text.
//! 3. Plain text that touches (markup and contents) is joined before it is encoded, so the tokens are those of the whole
//!    text. What a model wrote keeps the tokens it was written in.

use std::sync::Arc;

use sgl_model::ChatTemplate;
use sgl_wire::{Failure, Output, Part, Prompt, Rendered, Role, Source};

use crate::lexicon::Lexicon;
use crate::memo::Memo;

/// Bytes of text whose tokens are remembered.
const RUNS: usize = 16 << 20;
/// Bytes of keys whose markup is remembered: about a byte a message.
const MARKUP: usize = 1 << 20;

/// See the module's text.
pub(crate) struct Renderer {
    lexicon: Arc<Lexicon>,
    template: ChatTemplate,
    /// Whether the template has messages of tools; where not, a user says what a tool has given.
    has_tools: bool,
    /// Tokens of plain text.
    runs: Memo<Arc<[u32]>>,
    /// Markup around the contents of messages.
    markup: Memo<Result<Arc<[String]>, Failure>>,
}

/// How the last message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Closed,
    Open,
}

/// A piece of a prompt in the order of its text.
enum Span<'a> {
    Markup(String),
    Text(&'a str),
    Output(&'a Output),
}

impl Renderer {
    /// A renderer for one model.
    pub fn new(lexicon: Arc<Lexicon>, template: ChatTemplate) -> Self {
        let mut renderer = Renderer {
            lexicon,
            template,
            has_tools: true,
            runs: Memo::new(RUNS, |_| 0),
            markup: Memo::new(MARKUP, |_| 0),
        };
        renderer.has_tools = renderer.cut_template(&[Role::User, Role::Assistant, Role::Tool], Last::Closed).is_ok();
        renderer
    }

    /// Text and tokens of a prompt.
    pub fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        Ok(self.write(prompt, None)?.0)
    }

    /// The same, with where each token comes from.
    pub fn render_with_sources(&self, prompt: &Prompt) -> Result<(Rendered, Vec<Source>), Failure> {
        self.write(prompt, Some(Sources::default()))
    }

    fn write(&self, prompt: &Prompt, sources: Option<Sources>) -> Result<(Rendered, Vec<Source>), Failure> {
        let mut writer =
            Writer { renderer: self, text: String::new(), plain: String::new(), tokens: Vec::new(), sources };
        for span in self.spans(prompt)? {
            match span {
                Span::Markup(markup) => writer.markup(&markup),
                Span::Text(text) => writer.plain(text, Source::Given),
                Span::Output(output) => writer.output(output),
            }
        }
        writer.flush();
        let mut tokens = writer.tokens;
        let mut sources = writer.sources.map(|sources| sources.tokens).unwrap_or_default();
        if let Some(bos) = self.lexicon.first
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
            sources.insert(0, Source::Special);
        }
        Ok((Rendered { text: writer.text, tokens }, sources))
    }

    /// The tokens of plain text, remembered.
    fn encode(&self, text: &str) -> Arc<[u32]> {
        self.runs.get(text, || self.lexicon.encode(text).into())
    }

    fn spans<'a>(&self, prompt: &'a Prompt) -> Result<Vec<Span<'a>>, Failure> {
        let parts = prompt.parts();
        let roles: Vec<Role> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Open(role) => Some(*role),
                _ => None,
            })
            .collect();
        let last = match prompt.open_role() {
            Some(_) => Last::Open,
            None => Last::Closed,
        };
        let markup = if roles.is_empty() { Arc::default() } else { self.markup(&roles, last)? };
        let piece = |index: usize| markup.get(index).map_or("", String::as_str);
        let mut spans = Vec::with_capacity(parts.len());
        let (mut begun, mut inside) = (0, false);
        // How much of the markup before the next content was written already.
        let mut written = 0;
        for part in parts {
            match part {
                Part::Open(_) => {
                    spans.push(Span::Markup(piece(begun).get(written..).unwrap_or_default().to_owned()));
                    (begun, inside, written) = (begun + 1, true, 0);
                }
                Part::Close => inside = false,
                Part::Text(_) | Part::Output(_) | Part::Image(_) => {
                    if !inside && begun > 0 && written == 0 {
                        // Text between two messages: the first one's end comes before it.
                        let end = self.end_of(&roles[..begun])?;
                        if piece(begun).starts_with(&end) {
                            written = end.len();
                            spans.push(Span::Markup(end));
                        }
                    }
                    spans.push(match part {
                        Part::Output(output) => Span::Output(output),
                        _ => Span::Text(part.text()),
                    });
                }
            }
        }
        if last == Last::Closed && begun > 0 {
            spans.push(Span::Markup(piece(begun).get(written..).unwrap_or_default().to_owned()));
        }
        Ok(spans)
    }

    /// The markup after the last of these messages, where nothing follows.
    fn end_of(&self, roles: &[Role]) -> Result<String, Failure> {
        Ok(self.markup(roles, Last::Closed)?.last().cloned().unwrap_or_default())
    }

    /// What stands before the first content, between contents, and, where the last message is closed, after the last.
    fn markup(&self, roles: &[Role], last: Last) -> Result<Arc<[String]>, Failure> {
        let mut key: String = roles.iter().map(|role| role.name().chars().next().unwrap_or('?')).collect();
        key.push(if last == Last::Open { '+' } else { '.' });
        self.markup.get(&key, || self.cut_template(roles, last))
    }

    /// Who says a message, as the template knows it.
    fn said_by(&self, role: Role) -> &'static str {
        if role == Role::Tool && !self.has_tools { Role::User.name() } else { role.name() }
    }

    fn cut_template(&self, roles: &[Role], last: Last) -> Result<Arc<[String]>, Failure> {
        // An open message of the model is what the template calls a generation prompt.
        let generates = last == Last::Open && roles.last() == Some(&Role::Assistant);
        let whole = if generates { &roles[..roles.len() - 1] } else { roles };
        let contents: Vec<String> = (0..whole.len()).map(sentinel).collect();
        let messages: Vec<(&str, &str)> =
            whole.iter().zip(&contents).map(|(role, content)| (self.said_by(*role), content.as_str())).collect();
        let text = self.template.render(&messages, generates).map_err(|error| Failure::Template(error.to_string()))?;
        let mut pieces = Vec::with_capacity(whole.len() + 1);
        let mut rest = text.as_str();
        for (index, content) in contents.iter().enumerate() {
            let Some((before, after)) = rest.split_once(content.as_str()) else {
                let role = whole[index].name();
                return Err(Failure::Template(format!("it leaves out message {}, of role {role}", index + 1)));
            };
            let said = if self.said_by(whole[index]) == whole[index].name() { "" } else { TOOL_RESULT };
            pieces.push(format!("{before}{said}"));
            rest = after;
        }
        if generates || last == Last::Closed {
            pieces.push(rest.to_owned());
        }
        if pieces.iter().any(|piece| piece.contains(SENTINEL)) {
            return Err(Failure::Template("it writes a message twice, or in another order".into()));
        }
        Ok(pieces.into())
    }
}

/// What stands before the result of a tool that a user tells.
const TOOL_RESULT: &str = "Tool result: ";

/// Private-use characters that no template and no person writes.
const SENTINEL: char = '\u{f5a11}';

fn sentinel(index: usize) -> String {
    format!("{SENTINEL}{index}{SENTINEL}")
}

/// Joins text until a border of tokens.
struct Writer<'a> {
    renderer: &'a Renderer,
    text: String,
    /// Text that was not encoded yet.
    plain: String,
    tokens: Vec<u32>,
    /// Where the tokens come from, where that is asked for.
    sources: Option<Sources>,
}

/// Where tokens come from, and the text that has none yet.
#[derive(Default)]
struct Sources {
    tokens: Vec<Source>,
    /// Where pieces of the plain text end, and where each comes from.
    plain: Vec<(usize, Source)>,
}

impl Sources {
    /// The plain text became these tokens. One that spans two pieces is of the one in which it begins.
    fn encoded(&mut self, lexicon: &Lexicon, tokens: &[u32]) {
        let (mut at, mut pieces) = (0, std::mem::take(&mut self.plain).into_iter().peekable());
        for token in tokens {
            while pieces.next_if(|(end, _)| *end <= at).is_some() {}
            self.tokens.push(pieces.peek().map_or(Source::Given, |(_, source)| *source));
            at += lexicon.bytes(*token).len();
        }
    }

    fn add(&mut self, source: Source, count: usize) {
        self.tokens.extend(std::iter::repeat_n(source, count));
    }
}

impl Writer<'_> {
    fn markup(&mut self, markup: &str) {
        let lexicon = self.renderer.lexicon.clone();
        for (before, special) in lexicon.cut_specials(markup) {
            self.plain(before, Source::Markup);
            if let Some((token, name)) = special {
                self.flush();
                self.add(Source::Special, 1);
                self.tokens.push(token);
                self.text.push_str(name);
            }
        }
    }

    fn plain(&mut self, text: &str, source: Source) {
        self.text.push_str(text);
        self.plain.push_str(text);
        if let Some(sources) = &mut self.sources {
            sources.plain.push((self.plain.len(), source));
        }
    }

    fn add(&mut self, source: Source, count: usize) {
        if let Some(sources) = &mut self.sources {
            sources.add(source, count);
        }
    }

    fn output(&mut self, output: &Output) {
        self.flush();
        self.text.push_str(&output.text);
        self.tokens.extend_from_slice(&output.tokens);
        self.add(Source::Written, output.tokens.len());
    }

    /// Whether what comes next stands at the start of the text, or after a special token.
    fn starts(&self) -> bool {
        self.tokens.last().is_none_or(|token| self.renderer.lexicon.vocabulary.bytes(*token).is_none())
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            if self.renderer.lexicon.space_prefix && self.starts() {
                self.plain.insert(0, ' ');
                for (end, _) in self.sources.iter_mut().flat_map(|sources| &mut sources.plain) {
                    *end += 1;
                }
            }
            let tokens = self.renderer.encode(&self.plain);
            if let Some(sources) = &mut self.sources {
                sources.encoded(&self.renderer.lexicon, &tokens);
            }
            self.tokens.extend_from_slice(&tokens);
            self.plain.clear();
        }
    }
}
