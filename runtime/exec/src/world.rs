//! The outside as a run sees it: one effect with its arguments in, its value or why there is none out.

use std::future::Future;
use std::pin::Pin;

use sgl_check::builtins::Builtin;
use sgl_host::{Fault, Value};
use sgl_wire::Place;

/// The value of an effect, later. Dropping it stops the effect as far as that is possible.
pub type Performed = Pin<Box<dyn Future<Output = Result<Value, Fault>> + Send>>;

/// Performs effects. It says itself what it allows; what it does not is a [`Fault`].
pub trait World: Send + Sync {
    /// Performs a builtin that has an [`effect`](Builtin::effect). The arguments are those of the call, whole; those left
    /// out at the end are not there. A fault needs no place: it gets that of the call.
    fn perform(&self, effect: Builtin, arguments: Vec<Value>) -> Performed;

    /// The same, told where in the run it is. Only of runs that are [watched](crate::RunOptions::watching).
    fn perform_at(&self, _place: Place, effect: Builtin, arguments: Vec<Value>) -> Performed {
        self.perform(effect, arguments)
    }
}

/// What a run without a world says.
pub(crate) fn refused(effect: Builtin) -> Fault {
    let name = effect.signature().split('(').next().unwrap_or_default();
    Fault::new("E0411", format!("`{name}` is not allowed: this run has no access to the outside"))
}
