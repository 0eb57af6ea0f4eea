//! The arrow tables of ARCHITECTURE.md against the manifests of the workspace: each edge stands in both, or the test fails.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Cells of every row of the Markdown table whose header begins with these cells.
fn table(header: &[&str]) -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_string()).collect()
    };
    let mut lines = text.lines().skip_while(|line| !line.starts_with('|') || cells(line) != header);
    assert!(lines.next().is_some(), "ARCHITECTURE.md has no table with the header {header:?}");
    lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

/// What Cargo says of the workspace's own packages.
fn packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Dependencies of each package: (normal and build, dev).
fn dependencies() -> (Edges, Edges) {
    let (mut normal, mut dev) = (Edges::new(), Edges::new());
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_string();
        normal.entry(name.clone()).or_default();
        dev.entry(name.clone()).or_default();
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = if dependency["kind"] == "dev" { &mut dev } else { &mut normal };
            to.entry(name.clone()).or_default().insert(dependency["name"].as_str().unwrap().to_string());
        }
    }
    (normal, dev)
}

fn only_ours(edges: Edges, ours: &BTreeSet<String>) -> Edges {
    edges.into_iter().map(|(from, to)| (from, to.intersection(ours).cloned().collect())).collect()
}

#[test]
fn arrows_are_the_ones_in_the_table() {
    let rows = table(&["crate", "folder", "uses", "tests also"]);
    let told = |column: usize| -> Edges { rows.iter().map(|row| (row[0].clone(), names(&row[column]))).collect() };
    let (normal, dev) = dependencies();
    let ours: BTreeSet<String> = normal.keys().cloned().collect();
    let mut wrong = Vec::new();
    for (real, told, what) in
        [(only_ours(normal, &ours), told(2), "uses"), (only_ours(dev, &ours), told(3), "tests also")]
    {
        for name in real.keys().chain(told.keys()).collect::<BTreeSet<_>>() {
            let none = BTreeSet::new();
            let (real, told) = (real.get(name).unwrap_or(&none), told.get(name).unwrap_or(&none));
            wrong.extend(real.difference(told).map(|to| format!("{name} -> {to} is in Cargo.toml, not in `{what}`")));
            wrong.extend(told.difference(real).map(|to| format!("{name} -> {to} is in `{what}`, not in Cargo.toml")));
        }
    }
    let listed: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
    wrong.extend(ours.symmetric_difference(&listed).map(|name| format!("{name} is not in both lists of crates")));
    assert!(wrong.is_empty(), "ARCHITECTURE.md and the manifests disagree:\n{}", wrong.join("\n"));
}

#[test]
fn arrows_never_go_back() {
    let rows = table(&["crate", "folder", "uses", "tests also"]);
    let mut before = BTreeSet::new();
    for row in rows {
        let late: Vec<_> = names(&row[2]).difference(&before).cloned().collect();
        assert!(late.is_empty(), "{} uses {late:?}, which stand below it in the table", row[0]);
        before.insert(row[0].clone());
    }
}

#[test]
fn folders_are_where_the_table_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for row in table(&["crate", "folder", "uses", "tests also"]) {
        let manifest = std::fs::read_to_string(root.join(&row[1]).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"{}\"", row[0])), "{} is not in {}", row[0], row[1]);
    }
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let (normal, dev) = dependencies();
    let mut wrong = Vec::new();
    for row in table(&["dependency", "only in"]) {
        let allowed = names(&row[1]);
        for edges in [&normal, &dev] {
            let users = edges.iter().filter(|(name, to)| to.contains(&row[0]) && !allowed.contains(*name));
            wrong.extend(users.map(|(name, _)| format!("{name} uses {}", row[0])));
        }
        let uses = |edges: &Edges| allowed.iter().any(|name| edges.get(name).is_some_and(|to| to.contains(&row[0])));
        let used = uses(&normal) || uses(&dev);
        if !used {
            wrong.push(format!("{} is in the table and nobody uses it", row[0]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
