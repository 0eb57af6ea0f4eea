//! A log written, read back and replayed: by itself and in a page, whole, cut off, and hostile.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says how large its log is")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use sgl_trace::page::Form;
use sgl_trace::{BadTrace, Effected, Head, How, Log, ModelUsed, Replay, SourceText, Trace};
use sgl_wire::{
    Ask, Backend, Constraint, Failure, Finish, Generate, Generated, NewToken, Origin, Outcome, Output, Part, Place,
    Prompt, Rendered, Reply, Request, Role, Rows, Sight, Source, Spell, Spelling, Step, Usage, Watch, Watched, reply,
};

/// What breaks out of a page that is not careful.
const NASTY: &str = "</script><script>alert(1)</script><!-- \u{2028} \"\\ <|im_end|> é";

/// A file in memory.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A token a byte; answers with the seed, and tells what an engine would tell.
struct Bytes;

impl Spell for Bytes {
    fn spell(&self, token: u32) -> Spelling<'_> {
        const ALL: [u8; 256] = {
            let (mut all, mut at) = ([0; 256], 0);
            while at < 256 {
                all[at] = at as u8;
                at += 1;
            }
            all
        };
        match ALL.get(token as usize..=token as usize) {
            Some(byte) => Spelling::Bytes(byte),
            None => Spelling::Special("</script>"),
        }
    }
}

impl Backend for Bytes {
    fn model(&self) -> &str {
        "bytes"
    }

    fn submit(&self, request: Request) -> Reply {
        let Watched { id, watch } = request.watched.unwrap();
        let text: String = request.prompt.parts().iter().map(|part| part.text()).collect();
        let prompt: Vec<u32> = std::iter::once(256).chain(text.bytes().map(u32::from)).collect();
        let sources: Vec<Source> =
            prompt.iter().map(|&t| if t == 256 { Source::Special } else { Source::Given }).collect();
        watch.saw(Sight::Prompt { request: id, tokens: &prompt, sources: &sources }, self);
        let answer = format!("{}é", request.seed);
        for (at, byte) in answer.bytes().enumerate() {
            let token = NewToken {
                request: id,
                token: byte.into(),
                origin: Origin::Drawn,
                logprob: -0.5,
                top: vec![(byte.into(), -0.5), (256, f64::NEG_INFINITY)],
            };
            let (from, count) = if at == 0 { (0, prompt.len()) } else { (prompt.len() + at - 1, 1) };
            let rows = vec![Rows { request: id, part: 0, from, count, mask: Duration::ZERO }];
            let step = Step {
                began: Instant::now(),
                plan: Duration::ZERO,
                forward: Duration::from_millis(1),
                read: Duration::ZERO,
                batch: 1,
                waiting: 0,
                rows,
                tokens: vec![token],
            };
            watch.saw(Sight::Step(step), self);
        }
        let (sender, reply) = reply();
        let output = Arc::new(Output { tokens: answer.bytes().map(u32::from).collect(), text: answer, logprob: -1.0 });
        let usage = Usage { requests: 1, prompt_tokens: prompt.len() as u64, ..Usage::default() };
        sender.done(match request.seed {
            13 => Err(Failure::Timeout { seconds: 0.5 }),
            _ => Ok(Outcome::Generated(Generated {
                output,
                finish: Finish::End,
                logprobs: Vec::new(),
                thinking: None,
                usage,
            })),
        });
        reply
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        Ok(Rendered { text: prompt.parts().iter().map(|part| part.text()).collect(), tokens: vec![1] })
    }

    fn fewest_tokens(&self, _: &Constraint) -> Result<u32, Failure> {
        Ok(2)
    }

    fn context_window(&self) -> Option<usize> {
        Some(100)
    }
}

fn head() -> Head {
    Head {
        sglc: "0".into(),
        program: format!("{NASTY}.sgl"),
        began: 1.5,
        seed: u64::MAX,
        json: false,
        batch: None,
        snippet: false,
        sources: vec![SourceText { name: "p.sgl".into(), text: NASTY.into() }],
        mcp: Default::default(),
        models: vec![ModelUsed { item: None, name: "bytes".into(), settings: Default::default() }],
        graph: json!({ "size": [10, 10], "boxes": [], "groups": [], "edges": [] }),
    }
}

fn prompt(text: &str) -> Prompt {
    let essay = "An essay that many prompts share, long enough to be said once. ".repeat(8);
    Prompt::empty()
        .push(Part::Open(Role::User))
        .push(Part::Text(essay.into()))
        .push(Part::Text(text.into()))
        .push(Part::Close)
}

fn request(watch: &Arc<dyn Watch>, text: &str, seed: u64) -> Request {
    let watched = Watched { id: watch.number(), watch: watch.clone() };
    watched.tell(Sight::Asks { request: watched.id, place: &place(seed) });
    let ask = Ask::Generate(Generate { max_tokens: Some(9), ..Generate::default() });
    Request { watched: Some(watched), ..Request::new(prompt(text), ask, seed) }
}

fn place(at: u64) -> Place {
    Place { run: 0, node: 7, path: [[1, at + 1]].into() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// What a run of some requests wrote.
fn written(form: Form, requests: u64) -> String {
    let file = Shared::default();
    let log = Log::new(Box::new(file.clone()), form, &head());
    runtime().block_on(async {
        let backend = log.backend("bytes", Arc::new(Bytes));
        let watch: Arc<dyn Watch> = log.clone();
        log.run(0, json!({ "essay": { "text": NASTY } }));
        for seed in 0..requests {
            let _ = backend.submit(request(&watch, &format!("{NASTY} {seed}"), seed)).finish(|_| ()).await;
        }
        assert_eq!(backend.render(&prompt("")).unwrap().tokens, [1]);
        assert_eq!(backend.fewest_tokens(&Constraint::FREE), Ok(2));
        let here = place(3);
        let effect = |n: u64| Effected {
            place: &here,
            name: "time.now",
            arguments: json!([]),
            result: json!({ "value": n }),
            began: Instant::now(),
        };
        log.effect(effect(1));
        log.effect(effect(2));
        log.result(0, Ok(&json!(NASTY)));
    });
    log.end(How::Done).unwrap();
    file.text()
}

#[test]
fn a_page_holds_the_log_and_nothing_in_it_ends_a_script() {
    let page = written(Form::Page, 3);
    let (_, inside) = page.split_once("id=\"log\">").unwrap();
    assert_eq!(inside.matches('<').count(), 3, "only what closes the page: {}", inside.len());
    assert!(!page.contains("alert(1)</script>"));
    for loads in ["src=", "href=", "url(h", "import(", "fetch(", "XMLHttpRequest", "https:"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.replace("http://www.w3.org/2000/svg", "").find("http:").is_none());
    let again = Trace::read(&page).unwrap();
    assert_eq!((again.head.clone(), again.runs.len(), again.asked.len(), again.ended), (head(), 1, 3, true));
    assert_eq!(again.runs[0].result, Some(json!({ "value": NASTY })));
    assert_eq!(Trace::read(&written(Form::Lines, 3)).unwrap().runs, again.runs);
}

#[test]
fn answers_and_failures_come_back_and_what_is_different_is_named() {
    let replay = Replay::new(Trace::read(&written(Form::Page, 20)).unwrap());
    runtime().block_on(async {
        let backend = replay.backend("bytes");
        let watch: Arc<dyn Watch> = replay.clone();
        // In another order: an answer waits for those before it.
        let replies: Vec<_> =
            [2u64, 0, 1, 13].map(|n| (n, backend.submit(request(&watch, &format!("{NASTY} {n}"), n)))).into();
        for (n, reply) in replies {
            match reply.finish(|_| ()).await {
                Ok(Outcome::Generated(answer)) => assert_eq!(answer.output.text, format!("{n}é")),
                other => assert_eq!((n, other.unwrap_err()), (13, Failure::Timeout { seconds: 0.5 })),
            }
        }
        assert_eq!(backend.render(&prompt("")).unwrap().tokens, [1]);
        assert!(backend.render(&prompt("other")).is_err());
        for n in [1, 2] {
            assert_eq!(replay.effect(&place(3), "time.now", &json!([])).await, Ok(json!({ "value": n })));
        }
        assert!(replay.effect(&place(3), "time.now", &json!([])).await.unwrap_err().contains("has no `time.now`"));

        let changed = |text: &str, seed: u64| backend.submit(request(&watch, text, seed)).finish(|_| ());
        let failed = changed("another end", 4).await.unwrap_err().to_string();
        assert!(failed.contains("request 4 of the trace has the prompt") && failed.contains("another end"), "{failed}");
        let other = changed(&format!("{NASTY} 5"), 6).await.unwrap_err().to_string();
        assert!(other.contains("the seed 6") || other.contains("has the prompt"), "{other}");
        let mut longer = request(&watch, &format!("{NASTY} 5"), 5);
        longer.ask = Ask::Generate(Generate { max_tokens: Some(10), ..Generate::default() });
        let longer = backend.submit(longer).finish(|_| ()).await.unwrap_err().to_string();
        assert!(longer.contains("`max_tokens 9`, and now it is `max_tokens 10`"), "{longer}");
    });
    assert_eq!(replay.differences().len(), 4);
}

#[test]
fn a_request_that_was_not_answered_fails_and_does_not_wait_for_ever() {
    let log = written(Form::Lines, 3);
    let cut = log.lines().position(|line| line.contains("\"answer\"") && line.contains("\"id\":2")).unwrap();
    let lines: Vec<&str> = log.lines().take(cut).collect();
    let replay = Replay::new(Trace::read(&format!("{}\n", lines.join("\n"))).unwrap());
    runtime().block_on(async {
        let backend = replay.backend("bytes");
        let watch: Arc<dyn Watch> = replay.clone();
        let asked = |n: u64| backend.submit(request(&watch, &format!("{NASTY} {n}"), n)).finish(|_| ());
        let (last, first) = tokio::join!(asked(2), asked(1));
        assert!(first.is_ok(), "{first:?}");
        let last = last.unwrap_err().to_string();
        assert!(last.contains("the answer to request 2"), "{last}");
    });
}

#[test]
fn what_is_no_log_is_said_and_what_is_cut_off_is_read_as_far_as_it_goes() {
    let log = written(Form::Page, 2);
    let read = |text: &str| Trace::read(text).map(|trace| (trace.asked.len(), trace.ended));
    assert_eq!(read("hello"), Err(BadTrace::NoTrace));
    assert_eq!(read("<html>hello</html>"), Err(BadTrace::NoLog));
    assert_eq!(read("{\"sgl_trace\":99}\n"), Err(BadTrace::Version { found: 99 }));
    assert!(matches!(read("{\"sgl_trace\":1}\n"), Err(BadTrace::Line { line: 1, .. })));
    let lines = written(Form::Lines, 2);
    let wrong =
        ["{\"e\":\"answer\",\"id\":77,\"answer\":{\"fewest\":1}}\n", "nonsense\n", "{\"e\":\"run\",\"run\":-1}\n"];
    for line in wrong {
        assert!(matches!(read(&format!("{lines}{line}")), Err(BadTrace::Line { .. })), "{line}");
    }
    assert_eq!(read(&format!("{lines}{{\"e\":\"of a later version\"}}\n")), Ok((2, true)));
    // It is named by the line of the file, also in a page, and by no other.
    let at = log.lines().count() - 5;
    let broken: String =
        log.lines().enumerate().map(|(n, line)| if n == at { "{]\n".into() } else { format!("{line}\n") }).collect();
    let why = read(&broken).unwrap_err().to_string();
    assert!(why.starts_with(&format!("line {} of it is broken: ", at + 1)), "{why}");
    assert_eq!(why.matches("line").count(), 1, "{why}");
    // Wherever it is cut off there is no panic, and behind the first line a trace; before that it is said what is not there.
    assert_eq!(read(""), Err(BadTrace::Empty));
    let begin = log.find("id=\"log\">\n").unwrap() + "id=\"log\">\n".len();
    let first = begin + log[begin..].find("}\n").unwrap() + 2;
    for cut in (1..first - 1).filter(|&cut| log.is_char_boundary(cut)) {
        let why = if cut <= begin { BadTrace::NoLog } else { BadTrace::Cut };
        assert_eq!(read(&log[..cut]), Err(why), "cut at {cut}");
    }
    assert_eq!(read(&lines[..100]), Err(BadTrace::Cut));
    for cut in (first..log.len()).filter(|&cut| log.is_char_boundary(cut)) {
        assert!(Trace::read(&log[..cut]).is_ok(), "cut at {cut}");
    }
}

#[test]
fn ten_thousand_requests_share_what_they_have_in_common() {
    let began = Instant::now();
    let log = written(Form::Page, 10_000);
    let (wrote, bytes) = (began.elapsed(), log.len());
    let trace = Trace::read(&log).unwrap();
    assert_eq!(trace.asked.len(), 10_000);
    // The essay of 512 bytes stands in it once, as text and as tokens.
    assert_eq!(log.matches("An essay that many prompts share").count(), 8 + 8, "once asked, once rendered");
    assert!(bytes < 30 << 20, "{bytes} bytes");
    println!("10,000 requests: {bytes} bytes, written in {wrote:?}");
}
