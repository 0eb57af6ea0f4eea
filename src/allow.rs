//! The flags that say what a program may reach: words and the project's list in, permissions out.

use std::ffi::OsString;

use clap::{Args, Parser};
use sgl_tools::{Allowed, Permissions};

use crate::project::Found;

/// Stands for all of a kind: what a flag without a value means.
const ALL: &str = "*";

/// What a program may reach outside of it; nothing, where no flag says more.
#[derive(Debug, Clone, Default, Args)]
pub struct Allow {
    /// Let the program talk to these servers, or to all
    #[arg(long, value_name = "HOST[:PORT],…", num_args = 0..=1, require_equals = true, default_missing_value = ALL, value_delimiter = ',', help_heading = "Permissions")]
    pub allow_net: Vec<String>,
    /// Let it read these files and what is in these folders, or everything
    #[arg(long, value_name = "PATH,…", num_args = 0..=1, require_equals = true, default_missing_value = ALL, value_delimiter = ',', help_heading = "Permissions")]
    pub allow_read: Vec<String>,
    /// Let it write these files and into these folders, or everywhere
    #[arg(long, value_name = "PATH,…", num_args = 0..=1, require_equals = true, default_missing_value = ALL, value_delimiter = ',', help_heading = "Permissions")]
    pub allow_write: Vec<String>,
    /// Let it start these programs, or any
    #[arg(long, value_name = "COMMAND,…", num_args = 0..=1, require_equals = true, default_missing_value = ALL, value_delimiter = ',', help_heading = "Permissions")]
    pub allow_run: Vec<String>,
    /// Let it read these variables of the environment, or all
    #[arg(long, value_name = "NAME,…", num_args = 0..=1, require_equals = true, default_missing_value = ALL, value_delimiter = ',', help_heading = "Permissions")]
    pub allow_env: Vec<String>,
    /// Let it reach all that the `[allow]` of its sgl.toml lists
    #[arg(long, help_heading = "Permissions")]
    pub allow_project: bool,
}

impl Allow {
    /// What either allows.
    pub fn or(mut self, other: Allow) -> Allow {
        self.allow_net.extend(other.allow_net);
        self.allow_read.extend(other.allow_read);
        self.allow_write.extend(other.allow_write);
        self.allow_run.extend(other.allow_run);
        self.allow_env.extend(other.allow_env);
        self.allow_project |= other.allow_project;
        self
    }

    /// The flags among words that are not understood yet.
    pub fn among(words: &[OsString]) -> Allow {
        #[derive(clap::Parser)]
        #[command(no_binary_name = true)]
        struct Flags {
            #[command(flatten)]
            allow: Allow,
        }
        let flags = words.iter().filter(|word| word.to_string_lossy().starts_with("--allow-"));
        // A word that is no flag is complained about where all words are read.
        flags
            .filter_map(|flag| Flags::try_parse_from([flag]).ok())
            .fold(Allow::default(), |all, flags| all.or(flags.allow))
    }

    /// What the flags allow a program of this project.
    pub fn permissions(&self, project: &Found) -> Permissions {
        let flags = Permissions {
            net: allowed(&self.allow_net),
            read: allowed(&self.allow_read),
            write: allowed(&self.allow_write),
            run: allowed(&self.allow_run),
            env: allowed(&self.allow_env),
            listed: None,
        };
        let listed = listed(project);
        match self.allow_project {
            true => flags.or(listed),
            false => Permissions { listed: Some(Box::new(listed)), ..flags },
        }
    }
}

/// What the project file lists; its paths start at its folder.
pub fn listed(project: &Found) -> Permissions {
    let below = |paths: &[String]| -> Vec<String> {
        let path = |written: &String| match written.as_str() {
            "" | ALL => written.clone(),
            written => project.folder().join(written).display().to_string(),
        };
        paths.iter().map(path).collect()
    };
    let list = &project.project.allow;
    Permissions {
        net: allowed(&list.net),
        read: allowed(&below(&list.read)),
        write: allowed(&below(&list.write)),
        run: allowed(&list.run),
        env: allowed(&list.env),
        listed: None,
    }
}

fn allowed(names: &[String]) -> Allowed {
    match names {
        [] => Allowed::Nothing,
        names if names.iter().any(|name| name == ALL) => Allowed::All,
        names => Allowed::These(names.iter().filter(|name| !name.is_empty()).cloned().collect()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        allow: Allow,
    }

    fn read(words: &[&str]) -> Permissions {
        let permissions = Line::parse_from([&["sglc"], words].concat()).allow.permissions(&Found::default());
        Permissions { listed: None, ..permissions }
    }

    #[test]
    fn flags_allow_what_they_name_and_without_a_value_all() {
        let these = |names: &[&str]| Allowed::These(names.iter().map(ToString::to_string).collect());
        assert_eq!(read(&[]), Permissions::default());
        let two = read(&["--allow-read=notes,a.txt", "--allow-read=b.txt", "--allow-net=example.com:8080"]);
        assert_eq!(two.read, these(&["notes", "a.txt", "b.txt"]));
        assert_eq!(two.net, these(&["example.com:8080"]));
        assert_eq!((two.write, two.run, two.env), Default::default());
        assert_eq!(read(&["--allow-run"]).run, Allowed::All);
        assert_eq!(read(&["--allow-env="]).env, these(&[]));
    }

    #[test]
    fn the_list_of_the_project_counts_only_where_somebody_agrees() {
        let list = sgl_project::Allow { read: vec!["data".into(), "/etc".into()], ..Default::default() };
        let project = sgl_project::Project { allow: list, ..Default::default() };
        let found = Found { path: Some("p/sgl.toml".into()), project };
        let paths = Allowed::These(vec!["p/data".into(), "/etc".into()]);
        let refused = Allow::default().permissions(&found);
        assert_eq!((refused.read, refused.listed.unwrap().read), (Allowed::Nothing, paths.clone()));
        let agreed = Allow { allow_project: true, ..Allow::default() }.permissions(&found);
        assert_eq!((agreed.read, agreed.listed), (paths, None));
    }
}
