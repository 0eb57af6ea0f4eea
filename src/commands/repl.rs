//! `sglc repl`: lines of a terminal or of standard input in; what they give, at once, out.

use std::io::{self, BufRead, IsTerminal};

use sgl_diag::plain;
use sgl_repl::input::{self, Input};

use crate::args::ReplArgs;
use crate::repl::{self, After, FIRST, FURTHER, Repl, Stop};
use crate::terminal::{self, Complaint, Exit};

/// Runs a session until its lines end.
pub fn run(args: ReplArgs) -> Result<Exit, Complaint> {
    let echo = args.echo;
    let file = args.file.clone();
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut repl = Repl::new(args, if is_terminal { Stop::Entry } else { Stop::All })?;
    if is_terminal {
        repl.warm_up();
    }
    if let Some(file) = file {
        match repl.load(&file)? {
            // On a terminal what is wrong can be mended.
            exit if exit != Exit::Done && !is_terminal => return Ok(exit),
            _ => {}
        }
    }
    let exit = match is_terminal {
        true => repl::terminal::run(&mut repl),
        false => plain(&mut repl, echo, io::stdin().lock()),
    };
    repl.close();
    exit
}

/// A session whose lines nobody types.
fn plain(repl: &mut Repl, echo: bool, lines: impl BufRead) -> Result<Exit, Complaint> {
    let mut worst = Exit::Done;
    let mut text = String::new();
    for line in lines.lines() {
        let line =
            line.map_err(|error| Complaint::failed(format!("cannot read the entries: {}", plain::io(&error))))?;
        if echo {
            let sign = if text.is_empty() { FIRST } else { FURTHER };
            terminal::write_result(&format!("{}\n", format!("{sign}{line}").trim_end()));
        }
        text.push_str(&line);
        text.push('\n');
        match input::kind(&text) {
            Input::Open => continue,
            Input::Empty => {}
            Input::Command | Input::Whole => match repl.line(&std::mem::take(&mut text)) {
                After::Line(exit) => worst = worst.max(exit),
                After::End => return Ok(worst),
            },
        }
        text.clear();
    }
    // What is left is not whole, and says so.
    if !text.trim().is_empty()
        && let After::Line(exit) = repl.line(&text)
    {
        worst = worst.max(exit);
    }
    Ok(worst)
}
