//! Questions of editors about snippets in which `<|>` marks the cursor. `//- name.sgl` begins a further file.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod actions;
mod broken;
mod completion;
mod definition;
mod edited;
mod hover;
#[path = "../../../../grammar/tests/mutate/mod.rs"]
mod mutate;
mod rename;
mod views;

use std::collections::BTreeMap;

use sgl_ide::{Analysis, Declaration, Disk, Workspace};

/// The file with the cursor.
pub const MAIN: &str = "main.sgl";

/// Files of a snippet.
struct Files(BTreeMap<String, String>);

impl Disk for Files {
    fn locate(&self, _from: &str, path: &str) -> String {
        path.trim_start_matches("./").to_string()
    }

    fn read(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or_else(|| format!("there is no {name}"))
    }

    fn programs(&self) -> Vec<String> {
        self.0.keys().cloned().chain([MAIN.to_string()]).collect()
    }

    fn models(&self) -> Vec<String> {
        vec!["smollm2:135m".into()]
    }
}

/// A snippet: what is known of it, and where the cursor is.
pub fn open(snippet: &str) -> (Analysis, u32) {
    let (main, others) = match snippet.split_once("//- ") {
        Some((main, rest)) => (main, format!("//- {rest}")),
        None => (snippet, String::new()),
    };
    let parts = others.split("//- ").skip(1).filter_map(|part| part.split_once('\n'));
    let files = parts.map(|(name, text)| (name.trim().to_string(), text.to_string())).collect();
    let offset = main.find("<|>").expect("a cursor");
    let mut workspace = Workspace::with_tokens(Files(files), |text| text.len().div_ceil(4));
    workspace.set(MAIN, main.replacen("<|>", "", 1));
    (workspace.analysis(), offset as u32)
}

/// A declaration as a line: file, name, signature.
pub fn shown(declared: &Declaration) -> String {
    format!("{}:{} {:?} {}", declared.at.file, declared.at.range.start, declared.kind, declared.signature)
}
