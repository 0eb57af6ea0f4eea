//! What was found out about texts, kept until they change: parses by text, checks by file.
//!
//! Only so many are kept, the ones used last.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sgl_check::notes::Notes;
use sgl_check::{Checked, Loader, Root, check_for_editor};
use sgl_diag::{Diagnostic, FileId, SourceMap};
use sgl_syntax::{Parse, Parsed};

use crate::workspace::{Analysis, ROOT};

/// Bytes of the texts whose parses are kept: trees take some twenty times as much. A few are kept however large they are.
const PARSED_BYTES: usize = 2 << 20;
const FEWEST_PARSES: usize = 4;
/// Checked files kept at most.
const MODULES: usize = 48;

/// Parses and checks.
#[derive(Default)]
pub(crate) struct Cache {
    parses: Mutex<HashMap<(u64, Root), Kept<Known>>>,
    modules: Mutex<HashMap<String, Kept<Slot>>>,
    clock: AtomicU64,
}

/// A text and its parse.
type Known = (Arc<str>, Parsed);

/// One file is checked by one thread at a time; the others wait for what it finds.
type Slot = Arc<Mutex<Option<Arc<Module>>>>;

#[derive(Clone)]
struct Kept<T> {
    what: T,
    used: u64,
}

/// A file that was checked with all that it imports.
pub(crate) struct Module {
    /// Its files; the file itself is [`ROOT`].
    pub sources: SourceMap,
    pub notes: Notes,
    /// What checking says of it, and the program where that are no errors: its graph says more, and is made when somebody asks.
    checked: Mutex<Checked>,
    diagnostics: OnceLock<Vec<Diagnostic>>,
    text: Arc<str>,
    /// Files that were asked for, and what they said.
    asked: Vec<(String, Option<Arc<str>>)>,
    /// The last revision of the workspace for which this is known to be true.
    revision: AtomicU64,
}

impl Module {
    /// What there is to say of the file, by place. Most of what editors ask has no use for it, and does not wait for it.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.diagnostics.get_or_init(|| {
            let mut checked = lock(&self.checked);
            let mut diagnostics = std::mem::take(&mut checked.diagnostics);
            if let Some(program) = checked.program.take() {
                diagnostics.extend(sgl_graph::lints(&sgl_graph::lower(&program)));
            }
            diagnostics.retain(|diagnostic| diagnostic.span().is_none_or(|span| span.file == ROOT));
            diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
            diagnostics
        })
    }

    fn is_true_for(&self, analysis: &Analysis, text: &Arc<str>) -> bool {
        if self.text != *text {
            return false;
        }
        if self.revision.load(Ordering::Relaxed) == analysis.revision {
            return true;
        }
        let same = self.asked.iter().all(|(name, said)| analysis.text(name) == *said);
        if same {
            self.revision.store(analysis.revision, Ordering::Relaxed);
        }
        same
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of what is kept is one assignment, so a panic elsewhere leaves it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that two texts have in common at their beginnings and at their ends.
fn common(a: &str, b: &str) -> usize {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end =
        a.bytes().rev().zip(b.bytes().rev()).take(a.len().min(b.len()) - start).take_while(|(a, b)| a == b).count();
    start + end
}

/// Takes out what was used longest ago while there is too much.
fn trim<K: Clone + Eq + Hash, T>(kept: &mut HashMap<K, Kept<T>>, is_too_much: impl Fn(&HashMap<K, Kept<T>>) -> bool) {
    while is_too_much(kept) {
        let oldest = kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
        oldest.and_then(|key| kept.remove(&key));
    }
}

impl Cache {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// A cache that begins with the same parses, which are those of texts, and with no checks, which are those of a picture.
    pub fn with_parses(&self) -> Cache {
        Cache { parses: Mutex::new(lock(&self.parses).clone()), ..Cache::default() }
    }

    /// The parse of a text.
    pub fn parse(&self, file: FileId, text: &str, kind: Root) -> Parse {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let (key, used) = ((hasher.finish(), kind), self.tick());
        if let Some(kept) = lock(&self.parses).get_mut(&key)
            && *kept.what.0 == *text
        {
            kept.used = used;
            return kept.what.1.of(file);
        }
        let parsed = match (kind, self.likest(text)) {
            (Root::File, Some((before, parsed))) => parsed.edited(&before, text),
            (Root::File, None) => Parsed::new(text),
            (Root::Snippet, _) => Parsed::snippet(text),
        };
        let parse = parsed.of(file);
        let mut parses = lock(&self.parses);
        parses.insert(key, Kept { what: (text.into(), parsed), used });
        trim(&mut parses, |parses| {
            let bytes: usize = parses.values().map(|kept| kept.what.0.len()).sum();
            parses.len() > FEWEST_PARSES && bytes > PARSED_BYTES
        });
        parse
    }

    /// Of the files whose parses are kept the one that has most in common with a text, if that is most of it.
    fn likest(&self, text: &str) -> Option<Known> {
        let parses = lock(&self.parses);
        let files = parses.iter().filter(|((_, kind), _)| *kind == Root::File).map(|(_, kept)| &kept.what);
        let (common, known) = files.map(|known| (common(&known.0, text), known)).max_by_key(|(common, _)| *common)?;
        (common * 2 > text.len()).then(|| known.clone())
    }

    /// What checking says of a file; none, if it is not known and nobody waits for it any more.
    pub fn module(&self, analysis: &Analysis, name: &str, text: &Arc<str>) -> Option<Arc<Module>> {
        let used = self.tick();
        let slot = {
            let mut modules = lock(&self.modules);
            let kept = modules.entry(name.to_string()).or_insert_with(|| Kept { what: Slot::default(), used });
            kept.used = used;
            let slot = kept.what.clone();
            trim(&mut modules, |modules| modules.len() > MODULES);
            slot
        };
        let mut found = lock(&slot);
        if let Some(known) = found.as_ref().filter(|known| known.is_true_for(analysis, text)) {
            return Some(known.clone());
        }
        // Another thread may have taken its time with the file.
        if analysis.is_over() {
            return None;
        }
        let module = Arc::new(check(analysis, name, text)?);
        *found = Some(module.clone());
        Some(module)
    }

    /// Whether the check of a file asked for another one. Waits for nobody: while the file is being checked, it may.
    pub fn depends_on(&self, name: &str, other: &str) -> bool {
        let Some(slot) = lock(&self.modules).get(name).map(|kept| kept.what.clone()) else { return false };
        let asks = |module: &Arc<Module>| module.asked.iter().any(|(asked, _)| asked == other);
        match slot.try_lock() {
            Ok(found) => found.as_ref().is_some_and(asks),
            Err(_) => true,
        }
    }

    /// Nobody will ask for this file soon.
    pub fn forget(&self, name: &str) {
        lock(&self.modules).remove(name);
    }
}

fn check(analysis: &Analysis, name: &str, text: &Arc<str>) -> Option<Module> {
    let mut sources = SourceMap::new();
    // The first file of a map is `ROOT`.
    let root = sources.add(name, &**text);
    debug_assert_eq!(root, ROOT);
    let mut reads = Reads { analysis, asked: Vec::new() };
    let kind = analysis.kind(name);
    let (checked, notes) = check_for_editor(kind, root, &mut reads, &mut sources, &analysis.given_up)?;
    let asked = reads.asked;
    let revision = AtomicU64::new(analysis.revision);
    let (checked, diagnostics) = (Mutex::new(checked), OnceLock::new());
    Some(Module { sources, notes, checked, diagnostics, text: text.clone(), asked, revision })
}

/// Files for the checker: those that are open come first.
struct Reads<'a> {
    analysis: &'a Analysis,
    asked: Vec<(String, Option<Arc<str>>)>,
}

impl Loader for Reads<'_> {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let name = self.analysis.shared.disk.locate(from, path);
        let read = self.analysis.read(&name);
        self.asked.push((name.clone(), read.as_ref().ok().cloned()));
        read.map(|text| (name, text.to_string()))
    }

    fn parse(&mut self, file: FileId, text: &str, kind: Root) -> Parse {
        self.analysis.shared.cache.parse(file, text, kind)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::{Disk, NoDisk, Workspace};

    /// Nobody waits any more once a file was read.
    struct Impatient(Arc<AtomicBool>);

    impl Disk for Impatient {
        fn locate(&self, from: &str, path: &str) -> String {
            NoDisk.locate(from, path)
        }

        fn read(&self, _: &str) -> Result<String, String> {
            self.0.store(true, Ordering::Relaxed);
            Ok("fn one() -> int { nothing }\n".into())
        }

        fn programs(&self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn a_check_that_nobody_waits_for_ends_and_is_not_kept() {
        let given_up = Arc::new(AtomicBool::new(false));
        let mut workspace = Workspace::new(Impatient(given_up.clone()));
        workspace.set("a.sgl", "import \"./b.sgl\" as b\nfn main() -> int { b.one() + nothing }\n");
        let analysis = workspace.analysis();
        assert!(analysis.clone().until(given_up.clone()).diagnostics("a.sgl").is_empty());
        assert!(given_up.load(Ordering::Relaxed), "it had begun");
        assert_eq!(analysis.diagnostics("a.sgl").iter().map(|found| found.code).collect::<Vec<_>>(), ["E0101"]);
    }

    #[test]
    fn a_graph_is_made_where_diagnostics_are_asked_for_and_once() {
        let mut workspace = Workspace::new(NoDisk);
        workspace.set("a.sgl", "prompt f() -> str {\n    user \"Why?\"\n    gen()\n}\nfn main() -> str { f() }\n");
        let analysis = workspace.analysis();
        assert!(analysis.hover("a.sgl", 8).is_some());
        let module = analysis.module("a.sgl").unwrap();
        assert!(super::lock(&module.checked).program.is_some(), "a hover needs no graph");
        assert_eq!(analysis.diagnostics("a.sgl").iter().map(|found| found.code).collect::<Vec<_>>(), ["W0517"]);
        assert!(super::lock(&module.checked).program.is_none(), "nothing is kept that nobody needs");
        assert_eq!(analysis.diagnostics("a.sgl").len(), 1);
    }
}
