//! The command line as data: words in, one [`Command`] with its options out.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::{Args, Parser, Subcommand};

use crate::terminal::{ERROR, GOOD, NAME};

/// Colours of help and usage errors.
pub const STYLES: Styles = Styles::styled().header(GOOD).usage(GOOD).literal(NAME).placeholder(NAME).error(ERROR);

/// Compiler and engine for sgl, a language for programs that call language models many times.
#[derive(Debug, Parser)]
#[command(name = "sglc", version, styles = STYLES, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 a program failed, 2 wrong usage, 3 a program does not compile.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program and print its result
    Run(RunArgs),
    /// Compile programs and report what is wrong with them
    Check(CheckArgs),
    /// Lay programs out in the one style
    Fmt(FmtArgs),
    /// Print the dataflow graph of a program
    Graph(GraphArgs),
    /// Pull, list, check and remove models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Print a script that completes sglc's arguments in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `sglc run`: options, then the program, then its arguments mixed with more options.
#[derive(Debug, Args)]
#[command(override_usage = "sglc run [OPTIONS] <FILE> [--NAME VALUE]...")]
pub struct RunArgs {
    /// Options before the program.
    #[command(flatten)]
    pub options: RunOptions,
    /// The program, then its arguments: `--NAME VALUE` for each parameter of main; `sglc run FILE --help` lists them
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
    pub program: Vec<OsString>,
}

/// What can be set for a run, before or after the program's name.
#[derive(Debug, Clone, Default, Args)]
pub struct RunOptions {
    /// A model by name or a GGUF file; it takes the place of every model that the program names
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Seed of everything that is sampled [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print the result as JSON even if it is text
    #[arg(long)]
    pub json: bool,
    /// Show generated text on standard error while it comes
    #[arg(long)]
    pub stream: bool,
    /// Report tokens, cache hits and times: on standard error, or as JSON into FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub stats: Option<Option<PathBuf>>,
    /// Run once for each line of a JSONL file; a line holds an object with arguments of main
    #[arg(long, value_name = "FILE.jsonl")]
    pub batch: Option<PathBuf>,
    /// Where the results of --batch go, one line each, in order; standard output if not given
    #[arg(short, long, value_name = "FILE.jsonl")]
    pub output: Option<PathBuf>,
    /// Instances of --batch that run at the same time [default: 64]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub jobs: Option<usize>,
    /// Threads for the model; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// Never use the network to get a model
    #[arg(long)]
    pub offline: bool,
    /// Compute every prompt from its start, without the prefix cache
    #[arg(long, help_heading = "Engine")]
    pub no_cache: bool,
    /// Most sequences in one step of the model
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Engine")]
    pub max_batch: Option<usize>,
    /// Most prompt tokens of one sequence in one step
    #[arg(long, value_name = "TOKENS", value_parser = positive, help_heading = "Engine")]
    pub chunk: Option<usize>,
}

impl RunOptions {
    /// These options where they are given, else the ones of `other`.
    pub fn or(self, other: RunOptions) -> RunOptions {
        RunOptions {
            model: self.model.or(other.model),
            seed: self.seed.or(other.seed),
            json: self.json || other.json,
            stream: self.stream || other.stream,
            stats: self.stats.or(other.stats),
            batch: self.batch.or(other.batch),
            output: self.output.or(other.output),
            jobs: self.jobs.or(other.jobs),
            threads: self.threads.or(other.threads),
            offline: self.offline || other.offline,
            no_cache: self.no_cache || other.no_cache,
            max_batch: self.max_batch.or(other.max_batch),
            chunk: self.chunk.or(other.chunk),
        }
    }
}

/// `sglc check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Programs
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the findings as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Also check the programs against a model, by name or a GGUF file: budgets of tokens and the context window
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
}

/// `sglc fmt`.
#[derive(Debug, Args)]
#[command(after_help = FMT_EXIT_CODES)]
pub struct FmtArgs {
    /// Programs, folders with programs, or `-` for standard input; all .sgl files below this folder if not given
    #[arg(value_name = "FILE|DIR|-")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and end with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// Write nothing; print what would change
    #[arg(long)]
    pub diff: bool,
}

const FMT_EXIT_CODES: &str = "Exit codes: 0 done, 1 --check found files that would change, 2 a file cannot be read or \
                              written, 3 a file has syntax errors (it is left alone).";

/// `sglc graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// A program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print it in the DOT language of Graphviz
    #[arg(long)]
    pub dot: bool,
}

/// `sglc model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Get a model and check its file
    Pull {
        /// Name of the model
        #[arg(default_value = crate::models::table::DEFAULT)]
        name: String,
    },
    /// List the built-in models and what is in the cache
    List {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a model from the cache
    Rm {
        /// Name of the model
        name: String,
    },
    /// Print the path of a model's file; exit code 1 if it is not in the cache
    Path {
        /// Name of the model
        #[arg(default_value = crate::models::table::DEFAULT)]
        name: String,
    },
    /// Check a model's file, or compare a model with reference log-probabilities
    Check(ModelCheckArgs),
}

/// `sglc model check`.
#[derive(Debug, Args)]
pub struct ModelCheckArgs {
    /// A model by name or a GGUF file; without it, every model in the cache is checked
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Compare tokens and log-probabilities with this file instead
    #[arg(long, value_name = "FILE.jsonl")]
    pub reference: Option<PathBuf>,
    /// Compute with float activations in the portable kernels
    #[arg(long, requires = "reference")]
    pub exact: bool,
    /// Threads for the model; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive, requires = "reference")]
    pub threads: Option<usize>,
    /// Never use the network to get a model
    #[arg(long)]
    pub offline: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_after_the_program_is_left_for_it() {
        let words = ["sglc", "run", "--seed", "3", "a.sgl", "--help", "--json", "--essay", "@e.txt"];
        let Command::Run(run) = Cli::parse_from(words).command else { panic!("not run") };
        assert_eq!(run.options.seed, Some(3));
        assert!(!run.options.json);
        assert_eq!(run.program, ["a.sgl", "--help", "--json", "--essay", "@e.txt"]);
    }
}
