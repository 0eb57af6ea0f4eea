//! `sglc check`: exit codes, drawings, JSON.

use serde_json::Value;

use crate::sglc;

fn program(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sgl");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn a_sound_program_is_zero() {
    let (_folder, path) = program("fn main() -> int { 1 }\n");
    let run = sglc(&["check", &path]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", "ok 1 file\n"));
}

#[test]
fn a_broken_program_is_three_and_all_files_are_looked_at() {
    let (_a, broken) = program("fn main() -> int { let = 3 }\n");
    let (_b, sound) = program("fn main() -> int { 1 }\n");
    let (_c, other) = program("fn main() -> int { no }\n");
    let run = sglc(&["check", &broken, &sound, &other, &broken, "--json"]);
    assert_eq!(run.code, 3, "{run}");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    let oks: Vec<_> = reports.as_array().unwrap().iter().map(|report| report["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [false, true, false]);
    let first = &reports[0]["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["labels"][0]["start"]["line"], 1);
}

#[test]
fn files_that_cannot_be_read_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sgl");
    std::fs::write(&path, b"fn \xff").unwrap();
    for path in [path.to_str().unwrap(), "no/such.sgl", folder.path().to_str().unwrap()] {
        let run = sglc(&["check", path]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.starts_with("error: "), "{run}");
    }
}

#[test]
fn effects_are_listed_as_flags() {
    let text = "const NOTES = \"notes/a.txt\"\n\nfn unused() -> str { env.get(\"HOME\") ?? \"\" }\n\n\
                fn page(url: str) -> str { http.get(url).body }\n\n\
                fn main(name: str) -> list<str> {\n    fs.write(\"out.txt\", fs.read(NOTES))\n    print(time.now())\n    \
                [fs.read(NOTES), page(\"x\"), http.get(\"https://example.com:443/a?b\").body, fs.read(name)]\n}\n\n\
                test \"reads\" { assert fs.exists(\"expected.txt\") }\n";
    let (_folder, path) = program(text);
    let run = sglc(&["check", "--effects", "--json", &path]);
    assert_eq!(run.code, 0, "{run}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let flags: Vec<_> = report[0]["effects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|need| need["flag"].as_str().unwrap().to_string())
        .collect();
    let expected = [
        "--allow-net",
        "--allow-write=out.txt",
        "--allow-read=notes/a.txt",
        "--allow-net=example.com",
        "--allow-read",
        "--allow-read=expected.txt",
    ];
    assert_eq!(flags, expected);
    assert_eq!(report[0]["effects"][2]["places"], 2);
    let drawn = sglc(&["check", "--effects", &path]);
    assert!(drawn.stdout.starts_with("--allow-net "), "{drawn}");
}

#[test]
fn effects_say_who_needs_them_and_what_the_project_lists() {
    let text = "fn page(url: str) -> str { http.get(url).body }\n\ntool look(at: str) -> str { env.get(at) ?? \"\" }\n\n\
                const TOOLS = [look]\n\nfn main() -> str {\n    let _ = http.get(\"https://a.example/x\")\n    \
                fs.read(\"data/a.txt\")\n}\n\ntest \"of pages\" { assert page(\"x\") == \"\" && fs.read(\"data/a.txt\") == \"\" }\n\n\
                test \"of tools\" { assert TOOLS.len() == 1 && page(\"y\") == \"\" }\n";
    let (folder, path) = program(text);
    let data = folder.path().join("data").display().to_string();
    let text = text.replace("data/", &format!("{data}/"));
    std::fs::write(&path, text).unwrap();
    std::fs::write(
        folder.path().join("sgl.toml"),
        "[allow]\nread = [\"data\"]\nnet = [\"b.example\"]\nenv = [\"*\"]\n",
    )
    .unwrap();
    let drawn = sglc(&["check", "--effects", &path]);
    let shown: Vec<String> = drawn
        .stdout
        .replace(&data, "data")
        .replace(&path, "p.sgl")
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "--allow-net http.get at p.sgl:1, only for the test \"of pages\" and 1 more",
        "--allow-env env.get at p.sgl:3, only for the test \"of tools\", listed in sgl.toml",
        "--allow-net=a.example http.get at p.sgl:8",
        "--allow-read=data/a.txt fs.read at p.sgl:9 and 1 more, listed in sgl.toml",
    ];
    assert_eq!(shown, expected, "{drawn}");
    let run = sglc(&["check", "--effects", "--json", &path]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let read = &report[0]["effects"][3];
    assert_eq!(
        (&read["main"], &read["tests"], &read["listed"]),
        (&true.into(), &serde_json::json!(["of pages"]), &true.into())
    );
}

#[test]
fn a_refusal_names_the_flag_and_the_flag_allows_it() {
    let (folder, path) = program("fn main(path: str) -> str { fs.read(path) }\n");
    let notes = folder.path().join("notes.txt");
    std::fs::write(&notes, "found").unwrap();
    let notes = notes.display().to_string();
    let refused = sglc(&["run", &path, "--path", &notes]);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("E0411") && refused.stderr.contains("--allow-read="), "{refused}");
    let flag = format!("--allow-read={}", folder.path().display());
    for words in [["run", &flag, &path, "--path", &notes], ["run", &path, "--path", &notes, &flag]] {
        let run = sglc(&words);
        assert_eq!((run.code, run.stdout.as_str()), (0, "found\n"), "{run}");
    }
}

#[cfg(unix)]
#[test]
fn the_tools_of_a_server_are_imported_and_called() {
    let server = r##"while IFS= read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case "$line" in
        *'"initialize"'*) result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"1"}}' ;;
        *'"tools/list"'*) result='{"tools":[{"name":"plan","inputSchema":{"type":"object","properties":{"from":{"$ref":"#/$defs/place"},"until":{"type":["string","null"]},"by":{"anyOf":[{"$ref":"#/$defs/place"},{"type":"null"}]}},"required":["from","until"],"$defs":{"place":{"type":"object","properties":{"name":{"type":"string"},"zip-code":{"type":["string","null"]},"near":{"$ref":"#/$defs/place"}},"required":["name","zip-code"]}}}},{"name":"say-hi","description":"Greets.","inputSchema":{"type":"object","properties":{"name":{"type":"string"},"times":{"type":"integer"}},"required":["name"]}}]}' ;;
        *'"name":"plan"'*) said=$(printf '%s' "$line" | sed -e 's/.*"arguments"://' -e 's/"/\\"/g'); result="{\"content\":[{\"type\":\"text\",\"text\":\"$said\"}]}" ;;
        *'"name":"Ada"'*) result='{"content":[{"type":"text","text":"hello Ada"}]}' ;;
        *) continue ;;
    esac
    printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"##;
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server.sh");
    std::fs::write(&script, server).unwrap();
    let path = folder.path().join("p.sgl");
    let main =
        "fn main() -> str { \"{hi.say_hi(name: \"Ada\")} {hi.tools[1].run({ \"name\": \"Ada\" })} {hi.say_hi.name}\" }";
    std::fs::write(&path, format!("import mcp \"sh {}\" as hi\n\n{main}\n", script.display())).unwrap();
    let path = path.display().to_string();

    let refused = sglc(&["check", &path]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("E0120") && refused.stderr.contains("`--allow-run=sh`"), "{refused}");
    let run = sglc(&["run", &path, "--allow-run=sh"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "hello Ada hello Ada say_hi\n"), "{run}");
    // Of what is optional nothing is sent where it is none; what is required may be null.
    let main = "fn main() -> str { hi.plan(from_: { name: \"Rome\", near: { name: \"Ostia\" } }, until: none) }";
    let plan = folder.path().join("plan.sgl");
    std::fs::write(&plan, format!("import mcp \"sh {}\" as hi\n\n{main}\n", script.display())).unwrap();
    let run = sglc(&["run", plan.to_str().unwrap(), "--allow-run=sh"]);
    let sent = r#"{"from":{"name":"Rome","zip-code":null,"near":{"name":"Ostia","zip-code":null}},"until":null}"#;
    assert!(run.code == 0 && run.stdout.starts_with(sent), "{run}");
    let needs = sglc(&["check", "--effects", "--allow-run=sh", &path]);
    assert!(needs.stdout.starts_with("--allow-run=sh "), "{needs}");
    let wrong = format!("import mcp \"sh {}\" as hi\n\nfn main() -> str {{ hi.say_hi(nam: 3) }}\n", script.display());
    std::fs::write(&path, wrong).unwrap();
    let wrong = sglc(&["check", &path, "--allow-run"]);
    assert!(wrong.stderr.contains("E0207") && wrong.stderr.contains("did you mean `name`?"), "{wrong}");
}
