//! The page of a trace in a real browser: headless Chromium, driven by the WebDriver protocol.

#![allow(clippy::print_stdout, reason = "a skipped test says so, and a large page how long it took")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::{Run, sglc, support};

/// A browser with one window.
struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = agent().delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Starts one. Without Chromium and its driver a line says that the test is skipped.
    fn start() -> Option<Browser> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = started else {
            println!("skipped: chromedriver is not installed (Debian: chromium, chromium-driver)");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok());
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".to_string(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--window-size=1440,1600".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let base = format!("http://127.0.0.1:{}", port.unwrap_or_default());
        let Some(made) = send(&format!("{base}/session"), &wanted) else {
            println!("skipped: Chromium does not start");
            let _ = driver.kill();
            return None;
        };
        let session = format!("{base}/session/{}", made["sessionId"].as_str().unwrap());
        Some(Browser { driver, session, _profile: profile })
    }

    fn post(&self, what: &str, body: Value) -> Value {
        send(&format!("{}/{what}", self.session), &body).unwrap_or_else(|| panic!("{what} {body} failed"))
    }

    fn open(&self, path: &str) {
        self.post("url", json!({ "url": format!("file://{path}") }));
    }

    /// The value of a script.
    fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": format!("return {script}"), "args": [] }))
    }

    fn click(&self, selector: &str) {
        let found = self.post("element", json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.post(&format!("element/{id}/click"), json!({}));
    }

    fn text(&self, selector: &str) -> String {
        self.run(&format!("document.querySelector({selector:?})?.textContent ?? ''")).as_str().unwrap().to_owned()
    }

    fn wait(&self, script: &str) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.run(script) != json!(true) {
            assert!(std::time::Instant::now() < until, "{script}: {}", self.text("body"));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// Asks this machine, whatever proxy there is for others.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().new_agent()
}

fn send(url: &str, body: &Value) -> Option<Value> {
    let mut answer = agent().post(url).content_type("application/json").send(body.to_string()).ok()?;
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().ok()?;
    Some(serde_json::from_str::<Value>(&text).ok()?["value"].clone())
}

const COMPLETE: &str = "document.documentElement.dataset.complete !== undefined";

#[test]
fn a_click_on_a_node_shows_the_exact_prompt() {
    let Some(model) = support::real_model() else { return };
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("t.html").display().to_string();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/");
    let essay = std::fs::read_to_string(format!("{root}essay.txt")).unwrap();
    let (program, argument) = (format!("{root}judge.sgl"), format!("@{root}essay.txt"));
    let model = model.display().to_string();
    let run = sglc(&["run", "--model", &model, "--trace", &trace, &program, "--essay", &argument]);
    assert_eq!(run.code, 0, "{run}");

    // The address brings the node into view: what a pane cuts off cannot be clicked.
    browser.open(&format!("{trace}#request=0"));
    browser.wait(COMPLETE);
    browser.click("#graph .box.gen");
    let selected = browser.run("document.querySelectorAll('.box.selected').length");
    assert_eq!(selected, json!(1));
    let sent = browser.text("#prompt");
    let exact = "Read this essay.\n\n";
    assert!(sent.starts_with("<|im_start|>system\nYou are a strict but fair judge of essays.<|im_end|>"), "{sent}");
    assert!(sent.contains(&format!("<|im_start|>user\n{exact}{}", essay.trim_end())), "{sent}");
    assert!(sent.contains("Judge its ") && sent.ends_with("<|im_start|>assistant\n"), "{sent}");
    // What the reviewers share was computed once, by whichever came first: of all others most is from the cache.
    let shares = [0, 1, 2].map(|request| {
        browser.click(&format!("[data-request='{request}']"));
        let cached =
            "document.querySelectorAll('#prompt .cached').length / document.querySelectorAll('#prompt .t').length";
        browser.run(cached).as_f64().unwrap()
    });
    assert!(shares.iter().filter(|share| **share > 0.5).count() >= 2, "{shares:?}");
    // The last one was held to a type: some of its tokens were forced; all have their alternatives.
    // The node leaves only its own requests in the list, until somebody wants all again.
    assert_eq!(browser.text("#found"), "3 of 4");
    browser.click("#only");
    browser.click("[data-request='3']");
    assert!(browser.run("document.querySelectorAll('#answer .forced').length > 3 && document.querySelectorAll('#answer .drawn').length > 3") == json!(true));
    assert_eq!(
        browser.text("#answer").trim_end_matches("<|im_end|>").trim(),
        serde_json::from_str::<Value>(&run.stdout).unwrap().to_string()
    );
    browser.run(
        "document.querySelector('#answer .drawn').dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))",
    );
    assert!(browser.text("#tip").contains("probability"), "{}", browser.text("#tip"));
    assert!(browser.run("document.querySelectorAll('#tip .other').length === 5") == json!(true));
    assert!(browser.text("#code mark").contains("gen<Report>"), "{}", browser.text("#code mark"));
    // What it was held to stands there as the program has it.
    let ty = browser.text("#one .type-of");
    assert!(ty.starts_with("struct Report {\n    summary: str(") && ty.contains("grade: \"A\" | \"B\""), "{ty}");
    assert!(!browser.text("#one").contains("Schema {"), "{}", browser.text("#one"));
    // Messages say when they were written; the picture has the height of the page, and the timeline that of its lanes.
    assert_eq!(
        browser.run(
            "[...document.querySelectorAll('.box.message .when')].filter(t => !/(at|from) /.test(t.textContent)).length"
        ),
        json!(0)
    );
    assert!(browser.text(".box.message .when").starts_with("at "), "{}", browser.text(".box.message"));
    assert!(browser.run("document.getElementById('graph').clientHeight > 0.7 * innerHeight") == json!(true));
    assert!(browser.run("document.getElementById('timeline').clientHeight < 160") == json!(true));
    // White space on demand.
    browser.click("#spaces");
    assert!(browser.text("#prompt").contains("Read·this·essay.↵"), "{}", browser.text("#prompt"));
    // A selection is an address.
    browser.open("/dev/null");
    browser.open(&format!("{trace}#request=2"));
    browser.wait(COMPLETE);
    assert!(browser.run("document.querySelector('.row.selected').dataset.request") == json!("2"));
}

/// A run of a program in a folder of its own, with a trace: what it said, and where the page is.
fn traced(folder: &Path, program: &str, words: &[&str]) -> (Run, String) {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("p.sgl"), program).unwrap();
    let run = sglc(&[&["run", "--trace", &path("t.html"), &path("p.sgl")], words].concat());
    (run, path("t.html"))
}

#[test]
fn a_failed_run_says_why() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = "fn main(n: int(0..=9)) -> int {\n    let half = 10 / n\n    half\n}\n";
    let (run, trace) = traced(folder.path(), program, &["--n", "0"]);
    assert!(run.code == 1 && run.stderr.contains("10 / 0 divides by zero"), "{run}");
    browser.open(&trace);
    browser.wait(COMPLETE);
    assert_eq!(browser.text("#ended"), "failed");
    let said = browser.text("#why");
    assert!(said.starts_with("E0401 10 / 0 divides by zero") && said.contains("help: test the divisor"), "{said}");
    assert!(said.contains("p.sgl:2:16\n    let half = 10 / n"), "{said}");
    assert_eq!(browser.text("#why mark"), "10 / n");
    browser.click("#why button");
    assert!(browser.text("#code .meant").ends_with("let half = 10 / n"), "{}", browser.text("#code .meant"));
    // Of a batch the first line that failed, by its number.
    let lines = folder.path().join("in.jsonl");
    std::fs::write(&lines, "{\"n\": 5}\n\nnot json\n{\"n\": 0}\n{\"n\": 0}\n").unwrap();
    let (run, trace) = traced(folder.path(), program, &["--batch", &lines.display().to_string()]);
    assert_eq!(run.code, 1, "{run}");
    browser.open(&trace);
    browser.wait(COMPLETE);
    let said = browser.text("#why");
    assert!(said.starts_with("2 of 3 runs failed. Run 4: E0401 10 / 0"), "{said}");
    // Of a run that went well there is nothing to say.
    let (run, trace) = traced(folder.path(), program, &["--n", "5"]);
    assert_eq!(run.code, 0, "{run}");
    browser.open(&trace);
    browser.wait(COMPLETE);
    assert!(browser.run("document.getElementById('why').hidden") == json!(true));
}

#[test]
fn a_character_of_several_tokens_stands_on_the_first_of_them() {
    let Some(model) = support::real_model() else { return };
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = "prompt main() -> str {\n    user \"<𓂀>\"\n    assistant gen(max_tokens: 1)\n}\n";
    let (run, trace) = traced(folder.path(), program, &["--model", &model.display().to_string()]);
    assert_eq!(run.code, 0, "{run}");
    browser.open(&format!("{trace}#request=0"));
    browser.wait(COMPLETE);
    assert!(browser.text("#prompt").contains("<𓂀>"), "{}", browser.text("#prompt"));
    let part = |number: usize| {
        let first = "[...document.querySelectorAll('#prompt .t')].findIndex(t => t.textContent.includes('𓂀'))";
        let token = format!("document.querySelectorAll('#prompt .t')[{first} + {number}]");
        browser.run(&format!("{token}.dispatchEvent(new PointerEvent('pointerover', {{ bubbles: true }}))"));
        let class = browser.run(&format!("{token}.className")).as_str().unwrap().to_owned();
        (class.contains("goes-on"), browser.text("#tip"))
    };
    let (goes_on, tip) = part(0);
    assert!(!goes_on && tip.starts_with("F0 ") && tip.contains(" of “𓂀”"), "{tip}");
    let (goes_on, tip) = part(1);
    assert!(goes_on && tip.contains("part 2 of ") && tip.contains(" of “𓂀”"), "{tip}");
    assert_eq!(browser.run("document.querySelectorAll('#prompt .hex').length"), json!(0));
}

#[test]
fn no_text_moves_what_stands_beside_it() {
    let Some(model) = support::real_model() else { return };
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = "prompt main() -> str {\n    user \"a \u{202e}b <img>\"\n    assistant gen(max_tokens: 1)\n}\n";
    let (run, trace) = traced(folder.path(), program, &["--model", &model.display().to_string()]);
    assert_eq!(run.code, 0, "{run}");
    browser.open(&format!("{trace}#request=0"));
    browser.wait(COMPLETE);
    let sent = browser.text("#prompt");
    assert!(sent.contains("‹U+202E›b <img><|im_end|>"), "{sent}");
}

#[test]
fn ten_thousand_requests_open_and_can_be_searched() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.html");
    std::fs::write(&path, large(10_000)).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let began = std::time::Instant::now();
    browser.open(&path.display().to_string());
    browser.wait("document.querySelectorAll('.row').length > 0");
    let opened = began.elapsed();
    browser.wait(COMPLETE);
    let all = began.elapsed();
    println!("10,000 requests, {:.1} MB: the list after {opened:.2?}, all steps after {all:.2?}", size as f64 / 1e6);
    assert!(opened.as_secs_f64() < 10.0, "{opened:?}");
    assert_eq!(browser.text("#found"), "10\u{202f}000 requests");
    assert!(
        browser.run("document.querySelectorAll('.row').length < 60") == json!(true),
        "only what is seen is in the page"
    );
    browser.run("(() => { const s = document.getElementById('search'); s.value = 'answer 7777 </script>'; s.dispatchEvent(new Event('input')); })()");
    assert_eq!(browser.text("#found"), "1 of 10\u{202f}000");
    browser.click(".row");
    assert!(browser.text("#prompt").ends_with("question 7777"), "{}", browser.text("#prompt"));
}

/// The page of a log with many requests, as a run without a graph would write it: 20 tokens of answer each, 64 at once.
fn large(requests: usize) -> String {
    use sgl_trace::page::Form;
    use sgl_trace::{Head, How, Log};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let head = Head {
        sglc: "0".into(),
        program: "large".into(),
        began: 0.0,
        seed: 0,
        json: false,
        batch: Some(64),
        snippet: false,
        sources: Vec::new(),
        mcp: Default::default(),
        models: Vec::new(),
        graph: json!({ "size": [1, 1], "boxes": [], "groups": [], "edges": [] }),
    };
    let file = Shared::default();
    Log::new(Box::new(file.clone()), Form::Page, &head).end(How::Done).unwrap();
    let page = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    let (before, after) =
        page.split_once("{\"e\":\"end\"").map(|(b, a)| (b.to_owned(), format!("{{\"e\":\"end\"{a}"))).unwrap();
    let mut lines = String::new();
    let mut line = |value: Value| lines.push_str(&format!("{value}\n").replace('<', "\\u003c"));
    let words: serde_json::Map<String, Value> =
        (0..2000).map(|n| (n.to_string(), json!(format!(" word{n}")))).collect();
    line(json!({ "e": "spell", "model": "m", "tokens": words }));
    for id in 0..requests {
        let (wave, t) = (id / 64, (id / 64) * 400_000 + id % 64);
        line(json!({ "e": "node", "t": t, "id": id, "run": id, "node": 0, "path": [] }));
        line(
            json!({ "e": "ask", "t": t, "id": id, "model": "m", "key": "0", "seed": "1", "settings": ["gen ", "max_tokens Some(20)"],
            "prompt": [["open", "user"], ["text", format!("question {id}")]] }),
        );
        line(
            json!({ "e": "answer", "t": (wave + 1) * 400_000, "id": id, "answer": { "gen": { "text": format!("answer {id} </script>"),
            "tokens": [1, 2, 3], "logprob": -1.0, "finish": "end" } }, "usage": { "prompt_tokens": 40, "cached_tokens": 10, "output_tokens": 20, "forced_tokens": 0 } }),
        );
    }
    for first in (0..requests).step_by(64) {
        let all: Vec<usize> = (first..(first + 64).min(requests)).collect();
        for at in 0..20usize {
            let rows: Vec<Value> = all
                .iter()
                .map(|id| if at == 0 { json!([id, 0, 10, 30, 0]) } else { json!([id, 0, 39 + at, 1, 5]) })
                .collect();
            let tokens: Vec<Value> = all
                .iter()
                .map(|id| json!([id, at, "d", -0.512, at, -0.512, 7, -1.234, 8, -2.345, 9, -3.456, 10, -4.567]))
                .collect();
            let t = first / 64 * 400_000 + at * 19_000;
            line(
                json!({ "e": "step", "t": t, "plan": 20, "forward": 18_000, "read": 500, "batch": all.len(), "waiting": 3, "rows": rows, "tokens": tokens }),
            );
        }
    }
    format!("{before}{lines}{after}")
}
