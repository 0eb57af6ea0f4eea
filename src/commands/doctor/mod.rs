//! `sglc doctor`: this machine in; what sgl uses of it, what is wrong, and what to do, out.
//!
//! 1. `around` looks at the program itself, the project, the places that models come from, and editors that start it.
//! 2. `machine` looks at the processor, the memory and what else could compute.
//! 3. `home` looks at the folder of models: whether it can be used, and each file in it; before all at the model of a run here.

mod around;
mod home;
mod machine;

use std::fmt::Write as _;

use serde::Serialize;

use crate::args::DoctorArgs;
use crate::page::hanging;
use crate::terminal::{self, Bars, Complaint, DIM, ERROR, Exit, GOOD, NAME, WARNING, counted};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Neither good nor bad.
    Note,
    /// It works, and could be better.
    Warning,
    /// It stands in the way of a run.
    Problem,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    about: String,
    state: State,
    /// How it is.
    says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    help: Vec<String>,
}

impl Finding {
    fn new(about: impl Into<String>, state: State, says: impl Into<String>) -> Finding {
        Finding { about: about.into(), state, says: says.into(), help: Vec::new() }
    }

    fn help(mut self, line: impl Into<String>) -> Finding {
        self.help.push(line.into());
        self
    }
}

/// All findings, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    findings: &'a [Finding],
    problems: usize,
    warnings: usize,
}

/// Looks at everything.
pub fn run(args: &DoctorArgs) -> Result<Exit, Complaint> {
    let (project, found) = around::project();
    let wanted = home::Wanted::of(&project);
    let mut findings = vec![around::program()];
    findings.extend(machine::findings(&wanted));
    findings.extend(home::findings(&wanted, &Bars::default()));
    findings.push(found);
    findings.extend(around::findings(args.online));
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (problems, warnings) = (count(State::Problem), count(State::Warning));
    match args.json {
        true => {
            let version = env!("CARGO_PKG_VERSION");
            terminal::write_json(&Report { version, findings: &findings, problems, warnings })?;
        }
        false => terminal::write_result(&draw(&findings, problems, warnings)),
    }
    Ok(if problems == 0 { Exit::Done } else { Exit::Failed })
}

fn draw(findings: &[Finding], problems: usize, warnings: usize) -> String {
    let mut out = String::new();
    let width = findings.iter().map(|finding| finding.about.chars().count()).max().unwrap_or(0);
    for Finding { about, state, says, help } in findings {
        let (style, word) = match state {
            State::Ok => (GOOD, "ok"),
            State::Note => (DIM, "note"),
            State::Warning => (WARNING, "warning"),
            State::Problem => (ERROR, "problem"),
        };
        let says = hanging(says, width + 11);
        let _ = writeln!(out, "{style}{word:<7}{style:#}  {NAME}{about:<width$}{NAME:#}  {says}");
        for line in help {
            let line = hanging(&format!("help: {line}"), width + 11);
            let line = line.replacen("help", &format!("{GOOD}help{GOOD:#}"), 1);
            let _ = match line.strip_prefix('\n') {
                Some(below) => writeln!(out, "{below}"),
                None => writeln!(out, "{:1$}{line}", "", width + 11),
            };
        }
    }
    let summary = match (problems, warnings) {
        (0, 0) => "nothing is wrong".to_string(),
        (0, warnings) => counted(warnings, "warning"),
        (problems, 0) => counted(problems, "problem"),
        (problems, warnings) => format!("{}, {}", counted(problems, "problem"), counted(warnings, "warning")),
    };
    let _ = writeln!(out, "\n{summary}");
    out
}
