//! Models by name or path in, running engines out: each is found, pulled and loaded when a program first needs it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sgl_check::program::{GenArg, ModelItem};
use sgl_engine::{Beside, EngineOptions, EngineStats, LocalBackend, Shelf};
use sgl_exec::Backends;
use sgl_host::Value;
use sgl_model::{KvType, LoadOptions};
use sgl_wire::Backend;

use crate::args::EngineArgs;
use crate::load::load;
use crate::models::{self, table::DEFAULT};
use crate::project::{Found, Resolved};
use crate::stats::Latency;
use crate::terminal::{self, Bars, Complaint};

/// Bytes of prefixes that are kept on disk.
const KEPT_BYTES: u64 = 1 << 30;

/// The engines of one run.
pub struct Session {
    options: EngineArgs,
    project: Found,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    engines: HashMap<String, Arc<LocalBackend>>,
    /// Time spent on finding and loading.
    load_time: Duration,
    /// Why a model could not be had, with everything there is to say; the executor carries only one sentence.
    complaint: Option<Complaint>,
}

impl Session {
    /// Nothing is loaded yet.
    pub fn new(options: EngineArgs, project: Found) -> Session {
        Session { options, project, state: Mutex::default() }
    }

    /// What a model item stands for, or the run's own model where there is none: `--model` takes the place of every model
    /// that the program names, and a name may be an alias of the project.
    fn resolved(&self, model: Option<&ModelItem>) -> Resolved {
        let named = model.map(|item| &*item.source);
        let given = self.options.model.as_deref().or(named).or(self.project.project.model.as_deref());
        self.project.model(given.unwrap_or(DEFAULT))
    }

    /// The name of a model on every machine: that of the table, or of the file without its folders.
    pub fn name(&self, model: Option<&ModelItem>) -> String {
        let Resolved { source, .. } = self.resolved(model);
        match Path::new(&source).file_name() {
            Some(file) if models::is_path(&source) => file.to_string_lossy().into_owned(),
            _ => source,
        }
    }

    /// What tells the run's own model, with its settings, from others.
    pub fn identity(&self) -> String {
        let Resolved { source, settings } = self.resolved(None);
        let bytes = std::fs::metadata(&source).map_or(String::new(), |file| format!(" of {} bytes", file.len()));
        format!("{source}{bytes} {settings:?}")
    }

    /// What the engines did, all together.
    pub fn latency(&self) -> Latency {
        let mut all = Latency::default();
        for stats in self.state().engines.values().map(|engine| engine.stats()) {
            all.restored += stats.restored;
            all.queue += stats.queue;
            all.first_token += stats.first_token;
            all.between_tokens += stats.between_tokens;
        }
        all
    }

    /// The models loaded so far, for people.
    pub fn names(&self) -> String {
        let mut names: Vec<_> = self.state().engines.keys().cloned().collect();
        names.sort();
        names.join(", ")
    }

    /// What the engines loaded so far did.
    pub fn engines(&self) -> Vec<EngineStats> {
        self.state().engines.values().map(|engine| engine.stats()).collect()
    }

    /// The same, each with its model; none while a model loads.
    pub fn engines_now(&self) -> Vec<(String, EngineStats)> {
        let Ok(state) = self.state.try_lock() else { return Vec::new() };
        let mut engines: Vec<_> = state.engines.iter().map(|(name, engine)| (name.clone(), engine.stats())).collect();
        engines.sort_by(|one, other| one.0.cmp(&other.0));
        engines
    }

    /// Time spent so far on finding and loading models.
    pub fn load_time(&self) -> Duration {
        self.state().load_time
    }

    /// Why a model could not be had, if one was wanted and could not.
    pub fn complaint(&self) -> Option<Complaint> {
        self.state().complaint.clone()
    }

    /// The same, told once; none while a model loads.
    pub fn take_complaint(&self) -> Option<Complaint> {
        self.state.try_lock().ok()?.complaint.take()
    }

    /// Whether the run's own model can be loaded without the network.
    pub fn is_here(&self) -> bool {
        models::resolve(&self.resolved(None).source, true, &models::Silent).is_ok()
    }

    /// The engine of the run's own model, if it is loaded.
    pub fn loaded(&self) -> Option<Arc<LocalBackend>> {
        // Whoever loads holds the state until it is.
        let state = self.state.try_lock().ok()?;
        state.engines.get(&self.resolved(None).source).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, spec: &str) -> Result<LocalBackend, Complaint> {
        let options = &self.options;
        let bars = Bars::default();
        let path = models::resolve(spec, options.offline, &bars)?;
        let shelf = options.kv_cache.as_ref().map(|folder| self.shelf(folder.as_deref())).transpose()?;
        let how = LoadOptions {
            threads: options.threads.unwrap_or(0),
            kv: options.kv.map_or_else(KvType::default, KvType::from),
            identify: shelf.is_some(),
            ..LoadOptions::default()
        };
        let loaded = bars.wait(&format!("loading {spec}"), || load(&path, how))?;
        let small = match &options.draft_model {
            Some(name) => {
                let path = models::resolve(&self.project.model(name).source, options.offline, &bars)?;
                let how = LoadOptions { identify: false, ..how };
                Some(bars.wait(&format!("loading {name}"), || load(&path, how))?)
            }
            None => None,
        };
        let usual = EngineOptions::default();
        let engine_options = EngineOptions {
            cache: !options.no_cache,
            max_batch: options.max_batch.unwrap_or(usual.max_batch),
            draft: options.draft.unwrap_or(usual.draft),
            chunk: options.chunk.unwrap_or(usual.chunk),
            ..usual
        };
        LocalBackend::with(loaded, engine_options, Beside { shelf, small })
            .map_err(|failure| Complaint::failed(format!("the engine does not start on {spec}: {failure}")))
    }

    /// Where prefixes are kept for other runs.
    fn shelf(&self, folder: Option<&Path>) -> Result<Shelf, Complaint> {
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => models::Store::from_env()?.folder().with_file_name("kv"),
        };
        Ok(Shelf::new(&folder, KEPT_BYTES, Box::new(|what| terminal::warn(&format!("--kv-cache: {what}")))))
    }
}

impl Backends for Session {
    fn settings(&self, model: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        self.resolved(model).settings
    }

    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        let Resolved { source: spec, .. } = self.resolved(model);
        // Held while a model loads: two items of one model then load it once.
        let mut state = self.state();
        if let Some(engine) = state.engines.get(&spec) {
            return Ok(engine.clone());
        }
        let began = Instant::now();
        let started = self.start(&spec);
        state.load_time += began.elapsed();
        match started {
            Ok(engine) => {
                let engine = Arc::new(engine);
                state.engines.insert(spec, engine.clone());
                Ok(engine)
            }
            Err(complaint) => {
                let sentence = complaint.message.clone();
                state.complaint = Some(complaint);
                Err(sentence)
            }
        }
    }
}
