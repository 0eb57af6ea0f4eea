//! `docs/library.md` is the table of builtins, written out. `UPDATE_SUITE=1` writes it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write;
use std::path::Path;

use sgl_check::builtins::{Builtin, NAMESPACES};

/// What the sections are called, by what stands before the dot of a signature, in order.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("str", "Texts", "Indices and lengths count characters. Texts do not change: a method gives a new one."),
    (
        "list",
        "Lists",
        "A function that a method takes is called for every element, all of them at once where they ask a model.",
    ),
    ("map", "Maps", "Keys keep the order in which they were put in."),
    ("int", "Integers", ""),
    ("float", "Floats", "A float is always finite: what would not be is an error."),
    ("(json)", "Values of type `json`", "A value of another kind than asked for gives `none`, not an error."),
    ("", "Functions", ""),
    ("json", "`json`", ""),
    ("math", "`math`", "What has no finite result is an error."),
    (
        "date",
        "`date`",
        "A `date` is the record `{ year, month, day, hour, minute, second }` of integers, in UTC, of the years 0 to 9999.",
    ),
    ("time", "`time`", "These reach outside of the program; they keep program order."),
    ("fs", "`fs`", "Files and folders, where the command line allows it."),
    ("http", "`http`", "Other machines, where the command line allows it."),
    ("process", "`process`", "Other programs, where the command line allows it."),
    ("mcp", "`mcp`", "Servers of the Model Context Protocol, where the command line allows their programs."),
    ("tool", "Tools", "What a `tool` item is as a value."),
    ("call", "Calls", "What a model wrote to call a tool."),
    ("env", "`env`", "Variables of the environment, where the command line allows it."),
];

/// What stands before the dot, without type parameters.
fn section(builtin: Builtin) -> &'static str {
    builtin.before_dot().map_or("", |before| before.split('<').next().unwrap())
}

fn reference() -> String {
    let mut page = String::from(
        "# The library\n\n\
         Written from the table that the compiler itself reads; every example is evaluated by a test and is true.\n\
         A parameter with `?` after its name may be left out; every parameter may be given by its name. `T`, `U` and `K` are any\n\
         types. Values never change: what a method gives is a new one. What would be larger than a program may build (256 MiB of text,\n\
         16 million elements) is an error.\n",
    );
    for (receiver, title, about) in SECTIONS {
        let members: Vec<_> = Builtin::ALL.iter().filter(|builtin| section(**builtin) == *receiver).collect();
        write!(page, "\n## {title}\n").unwrap();
        if !about.is_empty() {
            writeln!(page, "{about}\n").unwrap();
        }
        writeln!(page, "| | |\n| --- | --- |").unwrap();
        for builtin in members {
            let example = builtin.example().map(|example| format!("<br>`{}`", example.replace('|', "\\|")));
            let signature = builtin.signature().replace('|', "\\|");
            let doc = builtin.doc().replace('|', "\\|");
            writeln!(page, "| `{signature}` | {doc}{} |", example.unwrap_or_default()).unwrap();
        }
    }
    page
}

#[test]
fn the_reference_of_the_library_is_its_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/library.md");
    if std::env::var_os("UPDATE_SUITE").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference(),
        "write docs/library.md anew: UPDATE_SUITE=1 cargo test -p sgl-check --test reference"
    );
}

#[test]
fn every_builtin_has_a_section() {
    for builtin in Builtin::ALL {
        assert!(SECTIONS.iter().any(|(receiver, ..)| *receiver == section(*builtin)), "{}", builtin.signature());
    }
    for namespace in NAMESPACES {
        assert!(SECTIONS.iter().any(|(receiver, ..)| receiver == namespace), "{namespace}");
    }
}
