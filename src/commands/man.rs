//! `sglc man`: the manual page on standard output, in roff.

use clap::CommandFactory;
use clap_mangen::Man;
use sgl_diag::plain;

use crate::args::Cli;
use crate::terminal::{self, Complaint, Exit};

/// Prints the page: sglc, then a section for each of its commands.
pub fn run() -> Result<Exit, Complaint> {
    let mut command = Cli::command();
    command.build();
    let cannot =
        |error: std::io::Error| Complaint::failed(format!("the page cannot be written: {}", plain::io(&error)));
    let mut page = Vec::new();
    let man = Man::new(command.clone()).section("1").manual("sgl");
    man.render_title(&mut page).map_err(cannot)?;
    man.render_name_section(&mut page).map_err(cannot)?;
    man.render_synopsis_section(&mut page).map_err(cannot)?;
    man.render_description_section(&mut page).map_err(cannot)?;
    for sub in leaves(&command) {
        let name = sub.get_bin_name().unwrap_or(sub.get_name()).to_uppercase();
        page.extend_from_slice(format!(".SH \"{name}\"\n").as_bytes());
        let man = Man::new(sub.clone());
        // Their headings would be sections of their own.
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part).map_err(cannot)?;
        man.render_description_section(&mut part).map_err(cannot)?;
        if sub.get_arguments().any(|arg| !arg.is_hide_set()) {
            man.render_options_section(&mut part).map_err(cannot)?;
        }
        page.extend_from_slice(String::from_utf8_lossy(&part).replace(".SH ", ".SS ").as_bytes());
    }
    man.render_version_section(&mut page).map_err(cannot)?;
    terminal::write_result(&String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

/// The commands that do something, in the order of the help.
fn leaves(command: &clap::Command) -> Vec<&clap::Command> {
    let subs = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    subs.flat_map(|sub| if sub.has_subcommands() { leaves(sub) } else { vec![sub] }).collect()
}
