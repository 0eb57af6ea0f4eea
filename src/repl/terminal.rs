//! Lines that somebody types: a terminal in, whole entries out. Colours are those of the tokens; the history lies in the user's
//! data folder.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use nu_ansi_term::{Color, Style};
use reedline::{
    ColumnarMenu, Completer, CompletionResult, DefaultHinter, EditCommand, Emacs, FileBackedHistory, Highlighter,
    KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus,
    Reedline, ReedlineEvent, ReedlineMenu, Signal, Span, StyledText, Suggestion, ValidationResult, Validator,
    default_emacs_keybindings,
};
use sgl_diag::{FileId, plain};
use sgl_repl::input::{self, Input};
use sgl_repl::save::Parts;
use sgl_syntax::SyntaxKind;

use super::{After, FIRST, FURTHER, Repl, words};
use crate::terminal::{self, Complaint, DIM, Exit};

/// Lines that the history keeps.
const HISTORY: usize = 10_000;

/// Runs a session until somebody leaves it.
pub fn run(repl: &mut Repl) -> Result<Exit, Complaint> {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let known: Arc<Mutex<Parts>> = Arc::new(Mutex::new(repl.known()));
    let mut editor = editor(known.clone(), colours);
    let version = env!("CARGO_PKG_VERSION");
    terminal::write_result(&format!("sgl {version}  {DIM}:help says what there is, Ctrl-D leaves{DIM:#}\n"));
    loop {
        let signal = editor.read_line(&Sign);
        match signal
            .map_err(|error| Complaint::failed(format!("the terminal cannot be read: {}", plain::io(&error))))?
        {
            Signal::Success(text) if input::kind(&text) == Input::Empty => {}
            Signal::Success(text) => {
                if repl.line(&text) == After::End {
                    return Ok(Exit::Done);
                }
                *known.lock().unwrap_or_else(PoisonError::into_inner) = repl.known();
            }
            Signal::CtrlC => {}
            _ => return Ok(Exit::Done),
        }
    }
}

fn editor(known: Arc<Mutex<Parts>>, colours: bool) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let menu = "completion".to_string();
    let next = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(menu.clone()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, next);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    // What Enter is while an entry runs, and keys wait for the next line.
    keys.add_binding(KeyModifiers::CONTROL, KeyCode::Char('j'), ReedlineEvent::Enter);
    keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, ReedlineEvent::Edit(vec![EditCommand::InsertNewline]));
    let columns = ColumnarMenu::default().with_name(&menu).with_columns(1).with_marker(FIRST);
    let editor = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(Whole))
        .with_highlighter(Box::new(Tokens { colours }))
        .with_completer(Box::new(Words(known)))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(columns)))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_hinter(Box::new(DefaultHinter::default().with_style(Style::new().fg(Color::DarkGray))))
        .with_ansi_colors(colours)
        .use_bracketed_paste(true);
    // Without a place for it, the history lasts as long as the session.
    match history().and_then(|file| FileBackedHistory::with_file(HISTORY, file).ok()) {
        Some(history) => editor.with_history(Box::new(history)),
        None => editor,
    }
}

/// Where the history lies: `history` in `$SGL_HOME`, else in `sgl` in the data folder of XDG.
fn history() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("SGL_HOME")
        .or_else(|| set("XDG_DATA_HOME").filter(|path| path.is_absolute()).map(|path| path.join("sgl")))
        .or_else(|| std::env::home_dir().map(|path| path.join(".local").join("share").join("sgl")))?;
    Some(folder.join("history"))
}

/// What stands before lines.
struct Sign;

impl Prompt for Sign {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed(FIRST)
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed(FURTHER)
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let found = match search.status {
            PromptHistorySearchStatus::Passing => "search",
            PromptHistorySearchStatus::Failing => "not found",
        };
        Cow::Owned(format!("({found}: {}) ", search.term))
    }
}

/// Says whether Enter ends the entry.
struct Whole;

impl Validator for Whole {
    fn validate(&self, text: &str) -> ValidationResult {
        match input::kind(&format!("{text}\n")) {
            Input::Open => ValidationResult::Incomplete,
            _ => ValidationResult::Complete,
        }
    }
}

/// Colours of tokens.
struct Tokens {
    colours: bool,
}

impl Highlighter for Tokens {
    fn highlight(&self, text: &str, _: usize) -> StyledText {
        let mut styled = StyledText::new();
        if !self.colours || text.trim_start().starts_with(':') {
            let style = if self.colours { Style::new().fg(Color::Cyan) } else { Style::new() };
            styled.push((style, text.to_string()));
            return styled;
        }
        let tree = sgl_syntax::parse_snippet(FileId(0), text).tree;
        for token in tree.descendants_with_tokens().filter_map(|element| element.into_token()) {
            styled.push((style(token.kind()), token.text().to_string()));
        }
        styled
    }
}

fn style(kind: SyntaxKind) -> Style {
    match kind {
        SyntaxKind::KEYWORD => Style::new().fg(Color::Purple),
        SyntaxKind::QUOTE | SyntaxKind::TEXT => Style::new().fg(Color::Green),
        SyntaxKind::NUMBER => Style::new().fg(Color::Cyan),
        SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC => Style::new().fg(Color::DarkGray),
        SyntaxKind::JUNK => Style::new().fg(Color::Red),
        _ => Style::new(),
    }
}

/// Completes from what the session knows.
struct Words(Arc<Mutex<Parts>>);

impl Completer for Words {
    fn complete(&mut self, text: &str, place: usize) -> CompletionResult {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let found = words::at(&known, text, place).into_iter().map(|word| Suggestion {
            value: word.text,
            display_override: Some(word.label),
            description: (!word.about.is_empty()).then_some(word.about),
            span: Span::new(word.range.start, word.range.end),
            ..Suggestion::default()
        });
        let mut found: Vec<_> = found.collect();
        if found.is_empty() {
            // Of an empty list the menu says in capitals that it is empty; the only one of a list is
            // taken at once, and this one writes nothing.
            found.push(Suggestion { span: Span::new(place, place), ..Suggestion::default() });
        }
        CompletionResult::fresh(found)
    }
}
