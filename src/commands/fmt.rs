//! `sglc fmt [FILE|DIR|-]…`: programs in; the same programs in the one layout out, in their files.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sgl_diag::SourceMap;
use similar::TextDiff;

use crate::args::FmtArgs;
use crate::terminal::{self, Complaint, DIM, Exit, GOOD};
use crate::{files, render};

/// Lays out every file; the exit code is that of the worst.
pub fn run(args: &FmtArgs) -> Result<Exit, Complaint> {
    let mut exit = Exit::Done;
    for path in &args.paths_or_here() {
        let outcome = if path == Path::new("-") {
            standard_input(args)
        } else {
            files::programs(std::slice::from_ref(path), |_| true)
                .and_then(|files| files.iter().try_fold(Exit::Done, |worst, path| Ok(worst.max(file(path, args)))))
        };
        exit = exit.max(outcome.unwrap_or_else(|complaint| complaint.report()));
    }
    Ok(exit)
}

impl FmtArgs {
    fn paths_or_here(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() }
    }

    fn writes(&self) -> bool {
        !self.check && !self.diff
    }
}

/// Lays out one file, and reports what is wrong with it.
fn file(path: &Path, args: &FmtArgs) -> Exit {
    let name = path.display().to_string();
    let done = files::text(path).map_err(Complaint::usage).and_then(|before| {
        let Some(after) = laid_out(&name, &before) else { return Ok(Exit::DoesNotCompile) };
        if before == after {
            return Ok(Exit::Done);
        }
        if args.writes() {
            replace(path, &after).map_err(|error| Complaint::file("write", path, &error))?;
            terminal::write_error(&format!("{GOOD}formatted{GOOD:#} {name}\n"));
        }
        Ok(report(&name, &before, &after, args))
    });
    done.unwrap_or_else(|complaint| complaint.report())
}

/// Lays out standard input and prints it.
fn standard_input(args: &FmtArgs) -> Result<Exit, Complaint> {
    let mut before = String::new();
    io::stdin()
        .read_to_string(&mut before)
        .map_err(|error| Complaint::file("read", Path::new("standard input"), &error))?;
    let Some(after) = laid_out("<stdin>", &before) else { return Ok(Exit::DoesNotCompile) };
    if args.writes() {
        terminal::write_text(&after);
        return Ok(Exit::Done);
    }
    Ok(if before == after { Exit::Done } else { report("<stdin>", &before, &after, args) })
}

/// The text in the one layout; where it has errors, they are drawn.
fn laid_out(name: &str, text: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let id = sources.add(name, text);
    match sgl_syntax::format(&sgl_syntax::parse(id, text)) {
        Ok(text) => Some(text),
        Err(errors) => {
            terminal::write_error(&render::draw(errors, &sources));
            None
        }
    }
}

/// Says that a file would change, and how.
fn report(name: &str, before: &str, after: &str, args: &FmtArgs) -> Exit {
    if args.diff {
        let diff = TextDiff::from_lines(before, after);
        let text = diff.unified_diff().context_radius(3).header(name, &format!("{name} (formatted)")).to_string();
        terminal::write_text(&text);
    }
    if !args.check {
        return Exit::Done;
    }
    terminal::write_error(&format!("{name} {DIM}is not formatted{DIM:#}\n"));
    Exit::Failed
}

/// Writes a file anew in one step: whoever reads it sees the old text or the new one. A link stays a link.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create_new(&partial).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&partial, &path));
    if done.is_err() {
        let _ = fs::remove_file(&partial);
    }
    done
}
