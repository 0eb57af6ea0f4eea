//! What a run may reach: lists that the command line gives in, yes or a refusal that names the flag out.

use std::io;
use std::path::{Component, Path, PathBuf};

use sgl_check::builtins::Effect;
use sgl_diag::plain;
use sgl_host::Fault;

/// Which things of a kind are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Allowed {
    /// None.
    #[default]
    Nothing,
    /// These by name.
    These(Vec<String>),
    /// All.
    All,
}

impl Allowed {
    /// Whether `fits` one of the names, or all are allowed.
    fn any(&self, fits: impl Fn(&str) -> bool) -> bool {
        match self {
            Allowed::Nothing => false,
            Allowed::These(names) => names.iter().any(|name| fits(name)),
            Allowed::All => true,
        }
    }

    /// What either allows.
    pub fn or(self, other: Allowed) -> Allowed {
        match (self, other) {
            (Allowed::All, _) | (_, Allowed::All) => Allowed::All,
            (Allowed::Nothing, other) | (other, Allowed::Nothing) => other,
            (Allowed::These(mut names), Allowed::These(more)) => {
                names.extend(more);
                Allowed::These(names)
            }
        }
    }
}

/// What a run may reach. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Servers: `host` for every port of it, or `host:port`.
    pub net: Allowed,
    /// Files and folders to read; a folder stands for all that is in it.
    pub read: Allowed,
    /// Files and folders to write, likewise.
    pub write: Allowed,
    /// Programs to start, as a program writes them.
    pub run: Allowed,
    /// Variables of the environment.
    pub env: Allowed,
    /// What the project file lists and nobody has agreed to. It allows nothing: a refusal tells of it.
    pub listed: Option<Box<Permissions>>,
}

impl Permissions {
    /// Everything.
    pub fn all() -> Permissions {
        let all = Allowed::All;
        Permissions {
            net: all.clone(),
            read: all.clone(),
            write: all.clone(),
            run: all.clone(),
            env: all,
            listed: None,
        }
    }

    /// What either allows.
    pub fn or(self, other: Permissions) -> Permissions {
        Permissions {
            net: self.net.or(other.net),
            read: self.read.or(other.read),
            write: self.write.or(other.write),
            run: self.run.or(other.run),
            env: self.env.or(other.env),
            listed: self.listed.or(other.listed),
        }
    }

    /// Whether an effect on this path, address, command or name is allowed; without one, whether it is on any.
    pub fn allows(&self, effect: Effect, on: Option<&str>) -> bool {
        match (effect, on) {
            (Effect::Clock, _) => true,
            (Effect::Read | Effect::Write, Some(path)) => self.path(effect, path).is_ok(),
            (Effect::Net, Some(url)) => crate::http::parse(url)
                .and_then(|uri| crate::http::server(&uri))
                .is_ok_and(|(host, port, usual)| self.server(&host, port, usual).is_ok()),
            (Effect::Run, Some(command)) => self.command(command).is_ok(),
            (Effect::Env, Some(name)) => self.variable(name).is_ok(),
            (Effect::Read, None) => self.read == Allowed::All,
            (Effect::Write, None) => self.write == Allowed::All,
            (Effect::Net, None) => self.net == Allowed::All,
            (Effect::Run, None) => self.run == Allowed::All,
            (Effect::Env, None) => self.env == Allowed::All,
        }
    }

    /// The path as it may be opened: without links and without `..`. A file to be written may not exist yet.
    pub(crate) fn path(&self, effect: Effect, written: &str) -> Result<PathBuf, Fault> {
        let (allowed, verb) = match effect {
            Effect::Write => (&self.write, "write"),
            _ => (&self.read, "read"),
        };
        let path = Path::new(written);
        if written.is_empty() {
            return Err(crate::failed("the path is an empty text"));
        }
        let real = resolve(path)
            .map_err(|error| crate::failed(format!("`{written}` cannot be reached: {}", plain::io(&error))))?;
        if allowed.any(|name| resolve(Path::new(name)).is_ok_and(|root| real.starts_with(root))) {
            return Ok(real);
        }
        // Where a link leads away, its folder is the wrong one to allow.
        let leads_away = path.parent().and_then(|dir| resolve(dir).ok()).is_some_and(|dir| !real.starts_with(dir));
        let shown = real.display();
        let (title, named) = match leads_away || path.components().any(|part| part == Component::ParentDir) {
            true => (format!("this run may not {verb} `{written}`, which is {shown}"), shown.to_string()),
            false => (format!("this run may not {verb} `{written}`"), folder(written)),
        };
        let what = match named == written {
            true => format!("{verb} `{named}`"),
            false => format!("{verb} all that is in `{named}`"),
        };
        Err(self.refusal(effect, title, &named, what, |listed| listed.path(effect, written).is_ok()))
    }

    /// A request to this server.
    pub(crate) fn server(&self, host: &str, port: u16, usual: bool) -> Result<(), Fault> {
        let with_port = format!("{host}:{port}");
        if self.net.any(|name| name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(&with_port)) {
            return Ok(());
        }
        let named = if usual { host.to_string() } else { with_port };
        let title = format!("this run may not talk to `{named}`");
        let what = format!("send requests to `{named}`");
        Err(self.refusal(Effect::Net, title, &named, what, |listed| listed.server(host, port, usual).is_ok()))
    }

    /// Starting a program.
    pub(crate) fn command(&self, command: &str) -> Result<(), Fault> {
        if self.run.any(|name| name == command) {
            return Ok(());
        }
        let title = format!("this run may not start `{command}`");
        let what = format!("start `{command}` with any arguments");
        Err(self.refusal(Effect::Run, title, command, what, |listed| listed.command(command).is_ok()))
    }

    /// Reading a variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Result<(), Fault> {
        if self.env.any(|allowed| allowed == name) {
            return Ok(());
        }
        let title = format!("this run may not read the variable `{name}` of the environment");
        let what = format!("read `{name}`");
        Err(self.refusal(Effect::Env, title, name, what, |listed| listed.variable(name).is_ok()))
    }

    /// `within` says whether a list allows what was refused.
    fn refusal(
        &self,
        effect: Effect,
        title: String,
        named: &str,
        what: String,
        within: impl Fn(&Permissions) -> bool,
    ) -> Fault {
        let fault = Fault::new("E0411", title);
        let Some(flag) = effect.flag() else { return fault };
        let hint = format!("`{flag}={named}` allows it to {what}");
        match self.listed.as_deref().is_some_and(within) {
            true => {
                fault.hint(format!("{hint}; `--allow-project` allows all that its sgl.toml lists, and that is in it"))
            }
            false => fault.hint(hint),
        }
    }
}

/// The folder that a path lies in, as it is written; of a file without a folder, the file.
fn folder(written: &str) -> String {
    match Path::new(written).parent() {
        Some(dir) if !dir.as_os_str().is_empty() && dir != Path::new("/") => dir.display().to_string(),
        _ => written.to_string(),
    }
}

/// The absolute path without links. Of what does not exist, the part that does is resolved, and the rest may only go
/// down from there.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut rest: Vec<&std::ffi::OsStr> = Vec::new();
    let mut at = path;
    loop {
        let there = if at.as_os_str().is_empty() { Path::new(".") } else { at };
        match there.canonicalize() {
            Ok(mut real) => {
                real.extend(rest.iter().rev());
                return Ok(real);
            }
            // A link to nothing would be followed when it is written to.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !there.is_symlink() => {}
            Err(error) => return Err(error),
        }
        match (at.parent(), at.components().next_back()) {
            (Some(parent), Some(Component::Normal(name))) => {
                rest.push(name);
                at = parent;
            }
            _ => return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such folder")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(names: &[&Path]) -> Allowed {
        Allowed::These(names.iter().map(|name| name.display().to_string()).collect())
    }

    fn reading(permissions: &Permissions, path: &Path) -> Result<PathBuf, String> {
        permissions.path(Effect::Read, &path.display().to_string()).map_err(|fault| fault.code.to_string())
    }

    #[test]
    fn a_folder_stands_for_what_is_in_it_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("notes/deep")).unwrap();
        std::fs::write(root.join("notes/deep/a.txt"), "a").unwrap();
        std::fs::write(root.join("notes.txt"), "b").unwrap();
        let permissions = Permissions { read: these(&[&root.join("notes")]), ..Permissions::default() };
        let refused = Err("E0411".to_string());
        assert_eq!(reading(&permissions, &root.join("notes/deep/a.txt")), Ok(root.join("notes/deep/a.txt")));
        assert_eq!(reading(&permissions, &root.join("notes/./deep/../deep/a.txt")), Ok(root.join("notes/deep/a.txt")));
        assert_eq!(reading(&permissions, &root.join("notes/missing.txt")), Ok(root.join("notes/missing.txt")));
        assert_eq!(reading(&permissions, &root.join("notes.txt")), refused);
        assert_eq!(reading(&permissions, &root.join("notes/../notes.txt")), refused);
        assert_eq!(reading(&Permissions::default(), &root.join("notes/deep/a.txt")), refused);
        // Reading does not allow writing.
        let written = permissions.path(Effect::Write, &root.join("notes/b.txt").display().to_string());
        assert_eq!(written.map_err(|fault| fault.code), Err("E0411"));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::create_dir_all(root.join("out")).unwrap();
        std::fs::write(root.join("out/secret"), "s").unwrap();
        symlink(root.join("out/secret"), root.join("in/file")).unwrap();
        symlink(root.join("out"), root.join("in/folder")).unwrap();
        symlink(root.join("out/new"), root.join("in/nothing")).unwrap();
        symlink(root.join("in/loop"), root.join("in/loop")).unwrap();
        let permissions = Permissions {
            read: these(&[&root.join("in")]),
            write: these(&[&root.join("in")]),
            ..Permissions::default()
        };
        for name in ["in/file", "in/folder/secret", "in/folder/new/deeper", "in/folder/../out/secret"] {
            let path = root.join(name).display().to_string();
            for effect in [Effect::Read, Effect::Write] {
                let fault = permissions.path(effect, &path).unwrap_err();
                assert_eq!(fault.code, "E0411", "{name}");
            }
        }
        for name in ["in/nothing", "in/loop", "in/missing/../../out/secret"] {
            assert!(permissions.path(Effect::Write, &root.join(name).display().to_string()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_refusal_names_the_flag_and_what_it_would_allow() {
        let permissions = Permissions::default();
        let hint = |fault: Fault| fault.hint.clone().unwrap_or_default();
        let path = |path: &str| hint(permissions.path(Effect::Read, path).unwrap_err());
        assert_eq!(path("notes.txt"), "`--allow-read=notes.txt` allows it to read `notes.txt`");
        assert_eq!(path("notes/a.txt"), "`--allow-read=notes` allows it to read all that is in `notes`");
        let net = |port, usual| hint(permissions.server("example.com", port, usual).unwrap_err());
        assert_eq!(net(443, true), "`--allow-net=example.com` allows it to send requests to `example.com`");
        assert_eq!(net(8080, false), "`--allow-net=example.com:8080` allows it to send requests to `example.com:8080`");
        assert_eq!(hint(permissions.variable("HOME").unwrap_err()), "`--allow-env=HOME` allows it to read `HOME`");
        let run = hint(permissions.command("git").unwrap_err());
        assert_eq!(run, "`--allow-run=git` allows it to start `git` with any arguments");
    }

    #[test]
    fn what_the_project_lists_is_refused_and_told() {
        let listed = Permissions { run: Allowed::These(vec!["git".into()]), ..Permissions::default() };
        let permissions = Permissions { listed: Some(Box::new(listed)), ..Permissions::default() };
        let hint = |command: &str| permissions.command(command).unwrap_err().hint.clone().unwrap_or_default();
        assert!(hint("git").contains("`--allow-project`"), "{}", hint("git"));
        assert!(!hint("rm").contains("`--allow-project`"), "{}", hint("rm"));
    }

    #[test]
    fn servers_are_allowed_with_and_without_a_port() {
        let net = Allowed::These(vec!["Example.com".into(), "localhost:80".into()]);
        let permissions = Permissions { net, ..Permissions::default() };
        assert!(permissions.server("example.com", 8443, false).is_ok());
        assert!(permissions.server("localhost", 80, true).is_ok());
        assert!(permissions.server("localhost", 81, false).is_err());
        assert!(permissions.server("example.com.evil.org", 443, true).is_err());
    }
}
