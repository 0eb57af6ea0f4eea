//! Changes of texts in; the texts as the editor has them out.

use std::collections::HashMap;
use std::sync::Arc;

use lsp_types::TextDocumentContentChangeEvent;

use super::position::{Encoding, Lines};

/// A text that is open in the editor.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its address.
    pub uri: lsp_types::Uri,
    /// The number of its opening: after each opening an editor numbers states anew.
    pub opening: u64,
    /// The editor's number of its state.
    pub version: i32,
    /// What it says.
    pub text: Arc<str>,
}

/// The texts that are open, by the names that the compiler knows them by.
#[derive(Debug, Default)]
pub struct Documents {
    open: HashMap<String, Document>,
    openings: u64,
}

impl Documents {
    /// Opens a text, or takes it anew.
    pub fn open(&mut self, name: &str, uri: lsp_types::Uri, version: i32, text: Arc<str>) {
        self.openings += 1;
        self.open.insert(name.to_string(), Document { uri, opening: self.openings, version, text });
    }

    /// It is open no longer.
    pub fn close(&mut self, name: &str) -> Option<Document> {
        self.open.remove(name)
    }

    /// A text that is open.
    pub fn get(&self, name: &str) -> Option<&Document> {
        self.open.get(name)
    }

    /// All that are open.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.open.iter().map(|(name, document)| (name.as_str(), document))
    }

    /// Changes a text, each change on what the one before left. Gives the new text.
    pub fn change(
        &mut self,
        name: &str,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<Arc<str>> {
        let document = self.open.get_mut(name)?;
        for change in changes {
            document.text = match change.range {
                None => change.text.into(),
                Some(range) => {
                    let bytes = Lines::new(document.text.clone(), encoding).bytes(range);
                    let before = document.text.get(..bytes.start as usize).unwrap_or_default();
                    let after = document.text.get(bytes.end as usize..).unwrap_or_default();
                    [before, &change.text, after].concat().into()
                }
            };
        }
        document.version = version;
        Some(document.text.clone())
    }
}
