//! A small model beside the large one: what has other tokens is refused.

use sgl_engine::{Beside, EngineOptions, LocalBackend};
use sgl_model::Loaded;
use sgl_wire::Failure;

use crate::support::sim;

fn start(small: Loaded) -> Result<LocalBackend, Failure> {
    let beside = Beside { small: Some(small), ..Beside::default() };
    LocalBackend::with(sim::loaded(), EngineOptions::default(), beside)
}

#[test]
fn a_small_model_of_other_tokens_is_refused() {
    assert!(start(sim::loaded()).is_ok());
    // As many tokens, one of which is another.
    match start(sim::loaded_with(["uo", "u o"])) {
        Err(Failure::BadRequest(reason)) => {
            assert_eq!(reason, "sim cannot guess for sim, because its tokens are other ones");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    }
}
