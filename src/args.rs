//! The command line as data: words in, one [`Command`] with its options out.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::{Args, Parser, Subcommand};

use crate::allow::Allow;
use crate::help;
use crate::terminal::{ERROR, GOOD, NAME};

/// Colours of help and usage errors.
pub const STYLES: Styles =
    Styles::styled().header(GOOD.0).usage(GOOD.0).literal(NAME.0).placeholder(NAME.0).error(ERROR.0);

/// Compiler and engine for sgl, a language for programs that call language models many times.
#[derive(Debug, Parser)]
#[command(name = "sglc", bin_name = "sglc", version, styles = STYLES, after_help = help::SGLC)]
pub struct Cli {
    /// What to do; on a terminal, to begin a session where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program and print its result
    Run(RunArgs),
    /// Compile programs and report what is wrong with them
    Check(CheckArgs),
    /// Lay programs out in the one style
    Fmt(FmtArgs),
    /// Run the `test` items of programs
    Test(TestArgs),
    /// Run again what a trace holds, with the answers that stand in it and without a model
    Replay(ReplayArgs),
    /// Write and run a program piece by piece: each line runs at once, and the prompt is kept
    Repl(ReplArgs),
    /// Print the dataflow graph of a program
    Graph(GraphArgs),
    /// Write pages about a program, or about the standard library, in HTML
    Doc(DocArgs),
    /// Start a project: a program with a test, and its sgl.toml
    New(NewArgs),
    /// Hold a text, or files of cases, against a schema, a regular expression or a grammar
    Constrain(ConstrainArgs),
    /// Say more about an error code; without one, list them all
    #[command(after_help = help::EXPLAIN)]
    Explain {
        /// A code such as E0214
        code: Option<String>,
    },
    /// Pull, list, check and remove models
    #[command(subcommand, after_help = help::MODEL)]
    Model(ModelCommand),
    /// Measure kernels, a model's steps, or whole programs on this machine
    #[command(subcommand, after_help = help::BENCH)]
    Bench(BenchCommand),
    /// Say what of this machine sgl uses, what is wrong with it, and what to do
    Doctor(DoctorArgs),
    /// Print a script that completes sglc's arguments in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff: `sglc man | man -l -`
    Man,
    /// Serve an editor over standard input and output (the language server protocol)
    Lsp(LspArgs),
}

/// `sglc run`: options, then the program, then its arguments mixed with more options.
#[derive(Debug, Clone, Args)]
#[command(after_help = help::RUN)]
#[command(override_usage = "sglc run [OPTIONS] [FILE] [--NAME VALUE]...\n       sglc run [OPTIONS] -e CODE...")]
pub struct RunArgs {
    /// Options before the program.
    #[command(flatten)]
    pub options: RunOptions,
    /// Run CODE as the body of a prompt and print its last value; further ones are further lines, `import` lines come first
    #[arg(short, long, value_name = "CODE", conflicts_with_all = ["program", "batch"])]
    pub eval: Vec<String>,
    /// The program, then its arguments: `--NAME VALUE` for each parameter of main; `sglc run FILE --help` lists them.
    /// Without a program, the main one of the project
    #[arg(num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
    pub program: Vec<OsString>,
}

/// What can be set for a run, before or after the program's name.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// The model and how it runs.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Seed of everything that is sampled [default: that of the project, or 0]
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Print the result as JSON even if it is text
    #[arg(long)]
    pub json: bool,
    /// Show generated text on standard error while it comes: all of it, or what variables called NAME get
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    pub stream: Option<Option<String>>,
    /// Report tokens, cache hits and times: on standard error, or as JSON into FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub stats: Option<Option<PathBuf>>,
    /// While it runs, show what the engines do at http://ADDRESS/metrics, in the text format of Prometheus
    #[arg(long, value_name = "IP:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Run once for each line of a JSONL file, `-` for standard input; a line holds an object with arguments of main
    #[arg(long, value_name = "FILE.jsonl", help_heading = "Batch")]
    pub batch: Option<PathBuf>,
    /// Where the results of --batch go, one line each, in order; standard output if not given
    #[arg(short, long, value_name = "FILE.jsonl", help_heading = "Batch")]
    pub output: Option<PathBuf>,
    /// Instances of --batch that run at the same time [default: 64]
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true, help_heading = "Batch")]
    pub jobs: Option<usize>,
    /// Go on with a --batch that was stopped: lines whose results are in the output file are not run again; with `=failed`,
    /// those that failed are
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "rest", hide_possible_values = true, help_heading = "Batch")]
    pub resume: Option<Resume>,
    /// Write all that happens into FILE: prompts, tokens, times; a page for a browser (.html) or a log (.jsonl), for `sglc replay`
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Run again whenever the program, what it imports, an `@FILE` or sgl.toml changes
    #[arg(long)]
    pub watch: bool,
    /// What it may reach.
    #[command(flatten)]
    pub allow: Allow,
}

/// What a batch that goes on runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Resume {
    /// Lines that have no result.
    Rest,
    /// Those, and lines that failed.
    Failed,
}

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kv {
    /// Two bytes a number.
    F16,
    /// A byte a number.
    Q8,
}

/// Which model answers, and how it runs.
#[derive(Debug, Clone, Default, Args)]
pub struct EngineArgs {
    /// A model by name, an alias of sgl.toml or a GGUF file; it takes the place of every model that the program names
    #[arg(long, value_name = "NAME|PATH.gguf", help_heading = "Engine")]
    pub model: Option<String>,
    /// Never use the network to get a model
    #[arg(long, help_heading = "Engine")]
    pub offline: bool,
    /// Threads for the model; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true, help_heading = "Engine")]
    pub threads: Option<usize>,
    /// Compute every prompt from its start, without the prefix cache
    #[arg(long, help_heading = "Engine")]
    pub no_cache: bool,
    /// Keep what prompts begin with for the next start, in DIR or beside the models; 1 GiB at most
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, conflicts_with = "no_cache", help_heading = "Engine")]
    pub kv_cache: Option<Option<PathBuf>>,
    /// Keep keys and values as f16, or as q8: half the memory, and answers that differ a little [default: f16]
    #[arg(long, value_name = "TYPE", hide_possible_values = true, help_heading = "Engine")]
    pub kv: Option<Kv>,
    /// Rows up to which a step is filled with guesses of what comes next, 0 for none; no result depends on it [default: 16]
    #[arg(long, value_name = "ROWS", help_heading = "Engine")]
    pub draft: Option<usize>,
    /// A small model with the same tokens that guesses for the large one, by name or a GGUF file
    #[arg(long, value_name = "NAME|PATH.gguf", help_heading = "Engine")]
    pub draft_model: Option<String>,
    /// Most sequences in one step of the model
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true, help_heading = "Engine")]
    pub max_batch: Option<usize>,
    /// Most prompt tokens of one sequence in one step
    #[arg(long, value_name = "TOKENS", value_parser = positive, allow_negative_numbers = true, help_heading = "Engine")]
    pub chunk: Option<usize>,
}

impl EngineArgs {
    /// These options where they are given, else the ones of `other`.
    fn or(self, other: EngineArgs) -> EngineArgs {
        EngineArgs {
            model: self.model.or(other.model),
            offline: self.offline || other.offline,
            threads: self.threads.or(other.threads),
            no_cache: self.no_cache || other.no_cache,
            kv_cache: self.kv_cache.or(other.kv_cache),
            kv: self.kv.or(other.kv),
            draft: self.draft.or(other.draft),
            draft_model: self.draft_model.or(other.draft_model),
            max_batch: self.max_batch.or(other.max_batch),
            chunk: self.chunk.or(other.chunk),
        }
    }
}

impl RunOptions {
    /// These options where they are given, else the ones of `other`.
    pub fn or(self, other: RunOptions) -> RunOptions {
        RunOptions {
            engine: self.engine.or(other.engine),
            seed: self.seed.or(other.seed),
            json: self.json || other.json,
            stream: self.stream.or(other.stream),
            stats: self.stats.or(other.stats),
            metrics: self.metrics.or(other.metrics),
            batch: self.batch.or(other.batch),
            output: self.output.or(other.output),
            jobs: self.jobs.or(other.jobs),
            resume: self.resume.or(other.resume),
            trace: self.trace.or(other.trace),
            watch: self.watch || other.watch,
            allow: self.allow.or(other.allow),
        }
    }
}

/// `sglc check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = help::CHECK)]
pub struct CheckArgs {
    /// Programs, or folders with programs; the main one of the project if none is named
    #[arg(value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// List what the programs need to be allowed to reach, as flags of `sglc run`
    #[arg(long)]
    pub effects: bool,
    /// What may be reached to check them: the servers of `import mcp` are started.
    #[command(flatten)]
    pub allow: Allow,
    /// Print the findings as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Also check the programs against a model, by name or a GGUF file: budgets of tokens and the context window
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Check again whenever a program, what it imports or sgl.toml changes
    #[arg(long)]
    pub watch: bool,
}

/// `sglc test`.
#[derive(Debug, Clone, Args)]
#[command(after_help = help::TEST)]
pub struct TestArgs {
    /// Programs, or folders with programs
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Only tests whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Ask the models and record what they answer
    #[arg(long)]
    pub update: bool,
    /// Ask the models even where there is a recording
    #[arg(long, conflicts_with = "update")]
    pub live: bool,
    /// Print the outcomes as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Write the outcomes as XML in the form of JUnit
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Seed of everything that is sampled [default: that of the project, or 0]
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Tests that run at the same time [default: 16]
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub jobs: Option<usize>,
    /// Test again whenever a program, what it imports, a recording or sgl.toml changes
    #[arg(long)]
    pub watch: bool,
    /// The model and how it runs.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// What the tests may reach.
    #[command(flatten)]
    pub allow: Allow,
}

/// `sglc replay`.
#[derive(Debug, Args)]
#[command(after_help = help::REPLAY)]
pub struct ReplayArgs {
    /// What `sglc run --trace` wrote: a page or a log
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// A program to run in the place of the traced one, with its arguments
    #[arg(value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Where the results of a batch go, one line each, in order; standard output if not given
    #[arg(short, long, value_name = "FILE.jsonl")]
    pub output: Option<PathBuf>,
}

/// `sglc repl`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = help::REPL)]
pub struct ReplArgs {
    /// A program whose items are there from the start
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Seed of everything that is sampled [default: that of the project, or 0]
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Print what is read from standard input as well, as it would stand on a terminal
    #[arg(long)]
    pub echo: bool,
    /// The model and how it runs.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// What the entries may reach.
    #[command(flatten)]
    pub allow: Allow,
}

/// `sglc doc`.
#[derive(Debug, Args)]
#[command(after_help = help::DOC)]
pub struct DocArgs {
    /// A program, or `std` for what comes with sgl; the main program of the project if not given
    #[arg(value_name = "FILE|std")]
    pub file: Option<PathBuf>,
    /// The folder for the pages
    #[arg(short, long, value_name = "DIR", default_value = "doc")]
    pub output: PathBuf,
    /// Print the same as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sglc doctor`.
#[derive(Debug, Args)]
#[command(after_help = help::DOCTOR)]
pub struct DoctorArgs {
    /// Also ask the places that models come from whether they can be reached
    #[arg(long)]
    pub online: bool,
    /// Print what was found as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sglc new`.
#[derive(Debug, Args)]
#[command(after_help = help::NEW)]
pub struct NewArgs {
    /// The folder to make; it must be empty, if it is there
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `sglc fmt`.
#[derive(Debug, Args)]
#[command(after_help = help::FMT)]
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

/// `sglc graph`.
#[derive(Debug, Args)]
#[command(after_help = help::GRAPH)]
pub struct GraphArgs {
    /// A program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print it in the DOT language of Graphviz
    #[arg(long)]
    pub dot: bool,
    /// What may be reached to check it.
    #[command(flatten)]
    pub allow: Allow,
}

/// `sglc constrain`.
#[derive(Debug, Args)]
#[command(after_help = help::CONSTRAIN, group(clap::ArgGroup::new("what").required(true)))]
#[command(
    override_usage = "sglc constrain (--schema FILE | --regex REGEX | --grammar FILE) [OPTIONS]\n       sglc constrain --cases FILE.jsonl... [OPTIONS]"
)]
pub struct ConstrainArgs {
    /// A JSON Schema: a file, or the schema itself
    #[arg(long, value_name = "FILE|TEXT", group = "what")]
    pub schema: Option<String>,
    /// A regular expression, matched from end to end
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, group = "what")]
    pub regex: Option<String>,
    /// A grammar in llama.cpp's notation GBNF
    #[arg(long, value_name = "FILE", group = "what")]
    pub grammar: Option<PathBuf>,
    /// Files of cases, a JSON object a line, packed with gzip or not
    #[arg(long, value_name = "FILE.jsonl", num_args = 1.., group = "what")]
    pub cases: Vec<PathBuf>,
    /// The grammar is in the notation of Lark
    #[arg(long, conflicts_with_all = ["schema", "regex", "cases"])]
    pub lark: bool,
    /// The text to hold against it; `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "TEXT|@FILE|-", conflicts_with = "cases", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// Another constraint of that kind: whether every text of the first is one of it
    #[arg(long, value_name = "FILE|TEXT|REGEX", conflicts_with_all = ["cases", "text"], allow_hyphen_values = true)]
    pub within: Option<String>,
    /// The model whose tokens are taken, by name or a GGUF file; its weights are not read
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Never use the network to get a model
    #[arg(long)]
    pub offline: bool,
    /// Order of an object's properties [default: schema; with --cases: any]
    #[arg(long, value_name = "ORDER")]
    pub order: Option<Order>,
    /// White space between the parts of JSON [default: compact; with --cases: flexible]
    #[arg(long, value_name = "SPACE")]
    pub space: Option<Space>,
    /// Drop the keywords of a schema that cannot be kept, and list them
    #[arg(long)]
    pub lenient: bool,
    /// The draft of schemas that name none [default: 2020-12; with --cases: what the case says]
    #[arg(long, value_name = "DRAFT")]
    pub draft: Option<Draft>,
    /// What `format` says of a string [default: asserted; with --cases: what the case says]
    #[arg(long, value_name = "HOW")]
    pub formats: Option<Formats>,
    /// Write what was found for each case into a file, one JSON object a line
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["schema", "regex", "grammar"])]
    pub details: Option<PathBuf>,
    /// Print the findings as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// In which order the properties of an object are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// As the schema lists them
    Schema,
    /// In any order
    Any,
}

/// A version of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Draft {
    /// Draft 4
    #[value(name = "4")]
    D4,
    /// Draft 6
    #[value(name = "6")]
    D6,
    /// Draft 7
    #[value(name = "7")]
    D7,
    /// Draft 2019-09
    #[value(name = "2019-09")]
    D2019,
    /// Draft 2020-12
    #[value(name = "2020-12")]
    D2020,
}

/// What `format` says of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Formats {
    /// That it is of that format
    Asserted,
    /// Nothing that holds: it is a note
    Annotated,
}

/// Where white space may stand in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Space {
    /// Nowhere
    Compact,
    /// Between any two parts: none, a space, or a line break with an indentation
    Flexible,
}

/// `sglc lsp`.
#[derive(Debug, Args)]
#[command(after_help = help::LSP)]
pub struct LspArgs {
    /// Count tokens as this model does, in hovers and hints: a model in the cache, or a GGUF file [default: the model that
    /// a run in the folder of the editor asks, if it is in the cache; else characters are counted]
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// For editors that say how they talk; there is no other way
    #[arg(long)]
    pub stdio: bool,
}

/// `sglc model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Get a model and check its file
    #[command(after_help = help::PULL)]
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
    #[arg(value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Compare tokens and log-probabilities with this file instead
    #[arg(long, value_name = "FILE.jsonl")]
    pub reference: Option<PathBuf>,
    /// Compute with float activations in the portable kernels
    #[arg(long, requires = "reference")]
    pub exact: bool,
    /// Keep keys and values as f16, or as q8 [default: f16; floats with --exact]
    #[arg(long, value_name = "TYPE", hide_possible_values = true, requires = "reference")]
    pub kv: Option<Kv>,
    /// Threads for the model; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true, requires = "reference")]
    pub threads: Option<usize>,
    /// Never use the network to get a model
    #[arg(long)]
    pub offline: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// `sglc bench …`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Measure the steps of a model: a prompt, then tokens of 1 to 32 sequences, with and without a prefix that they share
    #[command(after_help = help::BENCH_ENGINE)]
    Engine(BenchEngineArgs),
    /// Measure single kernels for each type of weights; no model is needed
    Kernels(BenchKernelsArgs),
    /// Measure six programs that call a model many times, each from a cold cache
    #[command(after_help = help::BENCH_PROGRAMS)]
    Programs(BenchProgramsArgs),
}

/// On what a model is measured.
#[derive(Debug, Clone, Args)]
pub struct BenchOn {
    /// A model by name or a GGUF file
    #[arg(long, value_name = "NAME|PATH.gguf")]
    pub model: Option<String>,
    /// Never use the network to get a model
    #[arg(long)]
    pub offline: bool,
    /// Threads; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Runs of each, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive, allow_negative_numbers = true)]
    pub runs: usize,
    /// Print the figures as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sglc bench engine`.
#[derive(Debug, Args)]
pub struct BenchEngineArgs {
    /// On what.
    #[command(flatten)]
    pub on: BenchOn,
    /// Keep keys and values as f16 or as q8 [default: f16]
    #[arg(long, value_name = "TYPE", hide_possible_values = true)]
    pub kv: Option<Kv>,
    /// Tokens of the prompt, and of the prefix that sequences share [default: 512]
    #[arg(long, value_name = "TOKENS", value_parser = positive, allow_negative_numbers = true)]
    pub prompt: Option<usize>,
    /// Tokens of a sequence that shares none, before it goes on [default: 64]
    #[arg(long, value_name = "TOKENS", value_parser = positive, allow_negative_numbers = true)]
    pub depth: Option<usize>,
    /// How many sequences go on at once [default: 1,4,8,16,32]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = positive, allow_negative_numbers = true)]
    pub rows: Vec<usize>,
}

/// `sglc bench kernels`.
#[derive(Debug, Args)]
pub struct BenchKernelsArgs {
    /// Threads; all cores if not given
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Runs of each, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive, allow_negative_numbers = true)]
    pub runs: usize,
    /// Print the figures as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sglc bench programs`.
#[derive(Debug, Args)]
pub struct BenchProgramsArgs {
    /// Programs by name; all six if none is named
    #[arg(value_name = "PROGRAM")]
    pub programs: Vec<String>,
    /// A folder with an input NAME.jsonl for each program; without it, each gets the few lines that come with sglc
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Runs of each, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive, allow_negative_numbers = true)]
    pub runs: usize,
    /// Print the figures as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// The model and how it runs.
    #[command(flatten)]
    pub engine: EngineArgs,
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("it must be a whole number from 0 to {}", u64::MAX))
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
        let Some(Command::Run(run)) = Cli::parse_from(words).command else { panic!("not run") };
        assert_eq!(run.options.seed, Some(3));
        assert!(!run.options.json);
        assert_eq!(run.program, ["a.sgl", "--help", "--json", "--essay", "@e.txt"]);
    }
}
