//! `sglc model check --reference FILE.jsonl`: tokens and log-probabilities of a model against known ones.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use sgl_model::{KvType, LoadOptions, reference};

use crate::args::ModelCheckArgs;
use crate::load::load;
use crate::models::{self, table::DEFAULT};
use crate::terminal::{self, Bars, Complaint, Exit, NAME};

/// Runs every line of the file through the model and prints how far apart they are.
pub fn run(args: &ModelCheckArgs, file: &Path) -> Result<Exit, Complaint> {
    let reference = File::open(file).map_err(|error| Complaint::file("read", file, &error))?;
    let spec = args.model.as_deref().unwrap_or(DEFAULT);
    let path = models::resolve(spec, args.offline, &Bars::default())?;
    let usual = if args.exact { LoadOptions::exact() } else { LoadOptions::default() };
    let kv = args.kv.map_or(usual.kv, KvType::from);
    let mut loaded = load(&path, LoadOptions { threads: args.threads.unwrap_or(0), kv, ..usual })?;
    let found = reference::compare(&mut *loaded.model, &loaded.tokenizer, BufReader::new(reference))
        .map_err(|error| Complaint::failed(error.to_string()).note(format!("the file is {}", file.display())))?;
    if args.json {
        terminal::write_json(&found)?;
    } else {
        let line = |name: &str, value: String| format!("{NAME}{name:<22}{NAME:#} {value}\n");
        let share = |count: usize| format!("{count} of {}", found.lines);
        terminal::write_result(
            &[
                line("tokens equal", share(found.tokens_equal)),
                line("greedy, first 16 equal", share(found.greedy16_equal)),
                line("mean |Δ logprob|", format!("{:.4}", found.mean_abs_logprob)),
                line("nll, relative", format!("{:.4} %", found.nll_rel * 100.0)),
            ]
            .concat(),
        );
    }
    Ok(Exit::Done)
}
