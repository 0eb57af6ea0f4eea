//! Prompts as values: parts appended one by one in, a persistent list that shares its past out.

use std::sync::{Arc, Weak};

use crate::Picture;

/// Who speaks in a chat message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions that stand above the conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

impl Role {
    /// The name that chat templates use.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// What a model wrote: kept as the tokens it was, never tokenized again.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The tokens, without an end-of-text token and without a stop string.
    pub tokens: Vec<u32>,
    /// Their text. Bytes that are no UTF-8 (a last character that was not finished) read as U+FFFD.
    pub text: String,
    /// Sum of the natural-log probabilities of `tokens` under the model, before temperature and masks.
    pub logprob: f64,
}

/// One thing appended to a prompt.
#[derive(Debug, Clone)]
pub enum Part {
    /// A chat message begins. Messages do not nest.
    Open(Role),
    /// The open chat message ends.
    Close,
    /// Text that the program gave. It never stands for a special token, whatever it spells.
    Text(Arc<str>),
    /// Text that a model wrote.
    Output(Arc<Output>),
    /// A picture that the program gave.
    Image(Arc<Picture>),
}

/// A prompt state. Cloning is one reference count; appending shares everything before.
#[derive(Debug, Clone, Default)]
pub struct Prompt(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    before: Prompt,
    part: Part,
    len: usize,
    open: Option<Role>,
}

impl Prompt {
    /// The prompt with nothing in it.
    pub fn empty() -> Self {
        Prompt(None)
    }

    /// Number of parts.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |node| node.len)
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The role of the message that is open at the end, if one is.
    pub fn open_role(&self) -> Option<Role> {
        self.0.as_ref().and_then(|node| node.open)
    }

    /// This prompt with `part` after it; this prompt itself is unchanged.
    pub fn push(&self, part: Part) -> Prompt {
        let open = match &part {
            Part::Open(role) => Some(*role),
            Part::Close => None,
            Part::Text(_) | Part::Output(_) | Part::Image(_) => self.open_role(),
        };
        Prompt(Some(Arc::new(Node { before: self.clone(), part, len: self.len() + 1, open })))
    }

    /// This prompt with all parts of `other` after it.
    pub fn extend(&self, other: &Prompt) -> Prompt {
        other.parts().into_iter().fold(self.clone(), |prompt, part| prompt.push(part.clone()))
    }

    /// The parts, first to last.
    pub fn parts(&self) -> Vec<&Part> {
        let mut parts = Vec::with_capacity(self.len());
        let mut at = self;
        while let Some(node) = &at.0 {
            parts.push(&node.part);
            at = &node.before;
        }
        parts.reverse();
        parts
    }

    /// The chat messages: closed ones, the open one, and runs of text outside any message (with no role).
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        let mut fresh = true;
        for part in self.parts() {
            match part {
                Part::Open(role) => {
                    messages.push(Message { role: Some(*role), content: String::new() });
                    fresh = false;
                }
                Part::Close => fresh = true,
                Part::Text(_) | Part::Output(_) | Part::Image(_) => {
                    if fresh {
                        messages.push(Message { role: None, content: String::new() });
                        fresh = false;
                    }
                    if let Some(message) = messages.last_mut() {
                        message.content.push_str(part.text());
                    }
                }
            }
        }
        messages
    }

    /// Sum of the log-probabilities of everything a model wrote here.
    pub fn logprob(&self) -> f64 {
        let outputs = self.parts().into_iter().filter_map(|part| match part {
            Part::Output(output) => Some(output.logprob),
            _ => None,
        });
        outputs.sum()
    }

    /// A handle that tells whether this prompt is still in use. The empty prompt never is.
    pub fn life(&self) -> PromptLife {
        PromptLife(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    /// Whether both are the same state (not merely equal text).
    pub fn same(&self, other: &Prompt) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Part {
    /// The text of this part; markup and pictures have none.
    pub fn text(&self) -> &str {
        match self {
            Part::Text(text) => text,
            Part::Output(output) => &output.text,
            Part::Open(_) | Part::Close | Part::Image(_) => "",
        }
    }
}

/// A long chain is taken apart in a loop: the derived drop would recurse once a part.
impl Drop for Prompt {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(node) = next {
            next = match Arc::try_unwrap(node) {
                Ok(mut node) => node.before.0.take(),
                Err(_) => None,
            };
        }
    }
}

/// Tells whether a prompt, or anything that was built on it, is still held by somebody; holds nothing itself.
#[derive(Debug, Clone, Default)]
pub struct PromptLife(Weak<Node>);

impl PromptLife {
    /// Whether somebody may still read the prompt or append to it.
    pub fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Whether both are of the same state.
    pub fn same(&self, other: &PromptLife) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// One chat message as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks; none for text outside any message.
    pub role: Option<Role>,
    /// What is said.
    pub content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_share_their_past_and_do_not_interfere() {
        let base = Prompt::empty().push(Part::Open(Role::User)).push(Part::Text("essay".into()));
        let left = base.push(Part::Text(" left".into())).push(Part::Close);
        let right = base.push(Part::Text(" right".into()));
        assert_eq!(left.messages()[0].content, "essay left");
        assert_eq!(right.messages()[0].content, "essay right");
        assert_eq!((left.open_role(), right.open_role()), (None, Some(Role::User)));
        assert_eq!(base.len(), 2);
    }

    #[test]
    fn a_prompt_is_held_while_anything_built_on_it_is() {
        let base = Prompt::empty().push(Part::Text("essay".into()));
        let life = base.life();
        let longer = base.push(Part::Text(" and more".into()));
        assert!(life.same(&base.clone().life()) && !life.same(&longer.life()));
        drop(base);
        assert!(life.is_held());
        drop(longer);
        assert!(!life.is_held() && !Prompt::empty().life().is_held());
    }

    #[test]
    fn a_million_parts_are_dropped_without_recursion() {
        let prompt = (0..1_000_000).fold(Prompt::empty(), |p, _| p.push(Part::Text("x".into())));
        assert_eq!(prompt.len(), 1_000_000);
    }
}
