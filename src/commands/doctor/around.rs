//! What stands around programs: the project, the places that models come from, and editors.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{Finding, State};
use crate::models::{Net, Place, table};
use crate::project::Found;

pub fn findings(online: bool) -> Vec<Finding> {
    let mut found = vec![project()];
    found.push(places(&Net::from_env(), online));
    found.extend(editors());
    found
}

fn project() -> Finding {
    match Found::above(Path::new("")) {
        Ok(Found { path: Some(path), .. }) => Finding::new("project", State::Ok, path.display().to_string()),
        Ok(_) => Finding::new("project", State::Note, "no sgl.toml here or in a folder above: none is needed"),
        Err(complaint) => {
            Finding::new("project", State::Problem, complaint.message).help("what is wrong with it stands above")
        }
    }
}

/// Where the default model comes from.
fn places(net: &Net, online: bool) -> Finding {
    let Some(entry) = table::TABLE.first() else { return Finding::new("network", State::Note, "not asked") };
    if !online {
        let pip =
            if net.pip().is_ok() { "pip is here" } else { "there is no pip here, so models come from the hub alone" };
        return Finding::new("network", State::Note, format!("not asked ({pip}); `sglc doctor --online` asks"));
    }
    let (mut reached, mut missed) = (Vec::new(), Vec::new());
    for place in entry.places {
        match reach(net, place) {
            Ok(()) => reached.push(place.to_string()),
            Err(why) => missed.push(format!("{place}: {why}")),
        }
    }
    let says = |list: &[String]| list.join("; ");
    match (reached.is_empty(), missed.is_empty()) {
        (false, true) => Finding::new("network", State::Ok, format!("reached {}", says(&reached))),
        (false, false) => {
            let finding = Finding::new("network", State::Ok, format!("reached {}", says(&reached)));
            missed.iter().fold(finding, |finding, line| finding.help(format!("not reached: {line}")))
        }
        (true, _) => {
            let finding = Finding::new("network", State::Problem, "no place that has the default model can be reached");
            let finding = missed.iter().fold(finding, |finding, line| finding.help(format!("not reached: {line}")));
            finding.help("HF_ENDPOINT names a mirror of the hub; `sglc model pull --help` says how to do without")
        }
    }
}

/// Whether a place answers. Nothing is downloaded.
fn reach(net: &Net, place: &Place) -> Result<(), String> {
    match *place {
        Place::HuggingFace { repository, revision, file } => {
            let agent: ureq::Agent =
                ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).build().into();
            let hub = net.hub.trim_end_matches('/');
            let answer = agent.head(format!("{hub}/{repository}/resolve/{revision}/{file}")).call();
            answer.map(drop).map_err(|error| sgl_tools::said(&error))
        }
        Place::Wheels { .. } => {
            let package = place.requirements().first().and_then(|it| it.split("==").next().map(str::to_string));
            let mut pip = net.pip()?;
            pip.args(["index", "versions", "--disable-pip-version-check", "--no-input"]).args(package);
            let status = pip.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            match status {
                Ok(status) if status.success() => Ok(()),
                Ok(_) => Err("pip does not find it".into()),
                Err(error) => Err(sgl_diag::plain::io(&error)),
            }
        }
    }
}

/// Editors that are here, and whether they know sgl.
fn editors() -> Vec<Finding> {
    let mut found = Vec::new();
    let home = std::env::home_dir();
    let below = |path: &str| home.as_ref().map(|home| home.join(path));
    if let Some(code) = ["code", "codium"].into_iter().find(|name| on_path(name).is_some()) {
        let folders = [".vscode/extensions", ".vscode-oss/extensions"].into_iter().filter_map(below);
        let mut names = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        let has = names.any(|entry| entry.file_name().to_string_lossy().contains("sgl-"));
        found.push(editor(code, has, "the extension is in editors/vscode, docs/editors.md says how to install it"));
    }
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| below(".config"));
    for (program, name, files) in
        [("nvim", "nvim", &["init.lua", "init.vim", "lsp/sgl.lua"][..]), ("hx", "helix", &["languages.toml"][..])]
    {
        let folder = config.as_ref().map(|config| config.join(name));
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(folder.as_ref()?.join(file)).ok());
        let has = texts.into_iter().any(|text| text.contains("sglc"));
        if on_path(program).is_some() {
            found.push(editor(program, has, "docs/editors.md has the lines that it needs"));
        }
    }
    if found.is_empty() {
        found.push(Finding::new("editors", State::Note, "none that docs/editors.md is about is here"));
    }
    found
}

fn editor(name: &str, has: bool, help: &str) -> Finding {
    match has {
        true => Finding::new(format!("editor {name}"), State::Ok, "set up for sgl"),
        false => Finding::new(format!("editor {name}"), State::Note, "here, and not set up for sgl").help(help),
    }
}

/// Where a program lies.
fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}
