//! Which backend answers: a model item in, a backend out, loaded once.

use std::sync::{Arc, OnceLock};

use sgl_check::program::{GenArg, ModelId, ModelItem};
use sgl_host::{Demand, Fault, Machine, Program, Value, supply};
use sgl_wire::Backend;
use tokio::sync::OnceCell;

/// Where models come from: the caller knows files, downloads and machines.
pub trait Backends: Send + Sync {
    /// The backend of a model item, or of the run's own model. Asked at most once for each until it succeeds, on a thread
    /// that may block. The error is a plain sentence.
    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String>;

    /// Default arguments that come with a model, whatever the program says: those of its item and of a call come after them.
    fn settings(&self, _model: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        Vec::new()
    }
}

/// Default arguments of a model item, evaluated.
type Defaults = Result<Vec<(GenArg, Value)>, Fault>;

/// The backends of a program, each loaded when first used.
pub(crate) struct Models {
    source: Arc<dyn Backends>,
    /// The run's own model first, then the model items.
    loaded: Vec<OnceCell<Arc<dyn Backend>>>,
    /// In the same order.
    defaults: Vec<OnceLock<Defaults>>,
}

impl Models {
    pub(crate) fn new(source: Arc<dyn Backends>, items: usize) -> Models {
        Models {
            source,
            loaded: (0..=items).map(|_| OnceCell::new()).collect(),
            defaults: (0..=items).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The backend if it is there already.
    pub(crate) fn loaded(&self, model: Option<ModelId>) -> Option<&Arc<dyn Backend>> {
        self.loaded.get(slot(model))?.get()
    }

    /// The backend, loaded where that is still to do.
    pub(crate) async fn backend(
        self: &Arc<Models>,
        program: &Arc<Program>,
        model: Option<ModelId>,
    ) -> Result<Arc<dyn Backend>, String> {
        let (models, program) = (self.clone(), program.clone());
        // In a task of its own: loading goes on where the generation that asked for it is cancelled.
        let loading = tokio::spawn(async move {
            let cell = models.loaded.get(slot(model)).ok_or("there is no such model item")?;
            let load = || async {
                let source = models.source.clone();
                let blocking = tokio::task::spawn_blocking(move || {
                    source.backend(model.and_then(|id| program.graph.models.get(id.0 as usize)))
                });
                blocking.await.unwrap_or_else(|_| Err("loading the model was interrupted".into()))
            };
            cell.get_or_try_init(load).await.cloned()
        });
        loading.await.unwrap_or_else(|_| Err("loading the model was interrupted".into()))
    }

    /// The default arguments of a model: the settings it comes with, then those of its item.
    pub(crate) fn defaults(&self, program: &Arc<Program>, model: Option<ModelId>) -> Result<&[(GenArg, Value)], Fault> {
        let Some(cell) = self.defaults.get(slot(model)) else { return Ok(&[]) };
        let evaluate = || {
            let item =
                |id: ModelId| (program.graph.models.get(id.0 as usize), program.model_defaults.get(id.0 as usize));
            let (item, regions) = model.map_or((None, None), item);
            let values = regions.into_iter().flatten().map(|(arg, code)| {
                let results = Machine::new(program.clone(), code.clone(), Vec::new()).finish();
                let value = results.into_iter().next().unwrap_or(Ok(Value::None))?;
                let whole = supply(Ok(value), Demand::Whole);
                whole
                    .map(|value| (*arg, value))
                    .map_err(|_| Fault::new("E0499", "a default of a model is not a constant"))
            });
            let settings = self.source.settings(item).into_iter().map(Ok);
            settings.chain(values).collect()
        };
        cell.get_or_init(evaluate).as_deref().map_err(Clone::clone)
    }
}

fn slot(model: Option<ModelId>) -> usize {
    model.map_or(0, |id| id.0 as usize + 1)
}
