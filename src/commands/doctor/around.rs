//! What stands around programs: sglc itself, the project, the environment, the places that models come from, and editors.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{Finding, State};
use crate::models::{Net, Place, table};
use crate::project::Found;

pub fn findings(online: bool) -> Vec<Finding> {
    let mut found: Vec<Finding> = environment(|name| std::env::var(name).ok()).into_iter().collect();
    found.push(places(&Net::from_env(), online));
    found.extend(editors());
    found
}

/// The program that runs, and whether it is the one that shells and editors start.
pub fn program() -> Finding {
    let own = std::env::current_exe().ok();
    let says = format!("{} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let Some(own) = own else { return Finding::new("sglc", State::Ok, says) };
    let says = format!("{says}, {}", own.display());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match on_path("sglc") {
        Some(first) if real(&first) == real(&own) => Finding::new("sglc", State::Ok, says),
        Some(first) => Finding::new("sglc", State::Warning, says)
            .help(format!("shells and editors start another one, which comes first in PATH: {}", first.display())),
        None => Finding::new("sglc", State::Note, says)
            .help("it is not in PATH: put its folder there, so that shells and editors find it"),
    }
}

/// The project that a run here belongs to.
pub fn project() -> (Found, Finding) {
    match Found::above(Path::new("")) {
        Ok(found) => {
            let finding = match &found.path {
                Some(path) => Finding::new("project", State::Ok, path.display().to_string()),
                None => {
                    Finding::new("project", State::Note, "none: there is no sgl.toml here or above, and none is needed")
                }
            };
            (found, finding)
        }
        Err(complaint) => {
            let finding = Finding::new("project", State::Problem, complaint.message);
            (Found::default(), finding.help("`sglc check` says where, and what is wrong there"))
        }
    }
}

/// Variables that change what sglc does, with their values, and those whose values may be secret.
const HEEDED: [(&str, bool); 8] = [
    ("SGL_HOME", true),
    ("SGL_KERNELS", true),
    ("HF_ENDPOINT", true),
    ("HTTPS_PROXY", false),
    ("https_proxy", false),
    ("ALL_PROXY", false),
    ("NO_COLOR", true),
    ("CLICOLOR_FORCE", true),
];

/// Those that are set.
fn environment(of: impl Fn(&str) -> Option<String>) -> Option<Finding> {
    let shown = HEEDED.iter().filter_map(|(name, is_open)| {
        let value = of(name).filter(|value| !value.is_empty())?;
        Some(if *is_open { format!("{name}={value}") } else { format!("{name} (its value is not shown)") })
    });
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then(|| Finding::new("environment", State::Note, shown.join(", ")))
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

/// Editors that start sglc. One that knows nothing of sgl is nobody's fault.
fn editors() -> Option<Finding> {
    let mut found = Vec::new();
    let home = std::env::home_dir();
    let below = |path: &str| home.as_ref().map(|home| home.join(path));
    if let Some(code) = ["code", "codium"].into_iter().find(|name| on_path(name).is_some()) {
        let folders = [".vscode/extensions", ".vscode-oss/extensions"].into_iter().filter_map(below);
        let mut names = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        if names.any(|entry| entry.file_name().to_string_lossy().contains("sgl-")) {
            found.push(code);
        }
    }
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| below(".config"));
    for (program, name, files) in
        [("nvim", "nvim", &["init.lua", "init.vim", "lsp/sgl.lua"][..]), ("hx", "helix", &["languages.toml"][..])]
    {
        let folder = config.as_ref().map(|config| config.join(name));
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(folder.as_ref()?.join(file)).ok());
        let has = texts.into_iter().any(|text| text.contains("sglc"));
        if has && on_path(program).is_some() {
            found.push(program);
        }
    }
    (!found.is_empty()).then(|| Finding::new("editors", State::Ok, format!("set up for sgl: {}", found.join(", "))))
}

/// Where a program lies.
fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_told_and_secrets_are_not() {
        assert_eq!(environment(|_| None), None);
        let set = |name: &str| match name {
            "SGL_HOME" => Some("/big/disk".to_string()),
            "HTTPS_PROXY" => Some("http://me:secret@proxy".to_string()),
            "NO_COLOR" => Some(String::new()),
            _ => None,
        };
        let says = environment(set).unwrap().says;
        assert_eq!(says, "SGL_HOME=/big/disk, HTTPS_PROXY (its value is not shown)");
    }
}
