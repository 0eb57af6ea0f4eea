//! A backend recorded and replayed: the same answers, in any order, without it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sgl_trace::Recording;
use sgl_wire::{
    Ask, Backend, Constraint, Failure, Finish, Generate, Generated, Outcome, Output, Part, Prompt, Rendered, Reply,
    Request, Usage, reply,
};

/// Answers with the length of the prompt and counts what it is asked; prompts of one part are too long for it.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Backend for Counting {
    fn model(&self) -> &str {
        "counting"
    }

    fn submit(&self, request: Request) -> Reply {
        self.0.fetch_add(1, Ordering::SeqCst);
        let (sender, answer) = reply();
        let text = format!("{} \u{e9}\n{}", request.prompt.len(), request.seed);
        let output = Arc::new(Output { tokens: vec![7, 8], text, logprob: f64::NEG_INFINITY });
        sender.done(match request.prompt.len() {
            1 => Err(Failure::ContextFull { prompt: 9, answer: 1, window: 4, model: "counting".into() }),
            _ => Ok(Outcome::Generated(Generated {
                output,
                finish: Finish::Stop,
                logprobs: Vec::new(),
                thinking: None,
                usage: Usage { prompt_tokens: 99, ..Usage::default() },
            })),
        });
        answer
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        Ok(Rendered { text: format!("{} parts", prompt.len()), tokens: vec![1] })
    }

    fn fewest_tokens(&self, _: &Constraint) -> Result<u32, Failure> {
        Ok(3)
    }

    fn context_window(&self) -> Option<usize> {
        Some(4)
    }
}

fn request(parts: usize, seed: u64) -> Request {
    let prompt = (0..parts).fold(Prompt::empty(), |prompt, n| {
        prompt.push(Part::Open(sgl_wire::Role::User)).push(Part::Text(n.to_string().into()))
    });
    let prompt = if parts == 0 { Prompt::empty().push(Part::Close) } else { prompt };
    Request::new(prompt, Ask::Generate(Generate::default()), seed)
}

async fn said(backend: &dyn Backend, request: Request) -> String {
    match backend.submit(request).finish(|_| {}).await {
        Ok(Outcome::Generated(Generated { output, finish, .. })) => format!("{:?} {finish:?}", output),
        Ok(_) => "a selection".into(),
        Err(failure) => failure.to_string(),
    }
}

#[tokio::test]
async fn what_was_recorded_is_replayed_without_the_model() {
    let (model, recording) = (Arc::new(Counting::default()), Arc::new(Recording::default()));
    let recorder = recording.backend("m", Some(model.clone()));
    let asked = [(0, 1), (1, 1), (2, 1), (1, 2), (1, 1)];
    let mut answers = Vec::new();
    for (parts, seed) in asked {
        answers.push(said(&*recorder, request(parts, seed)).await);
    }
    let rendered = recorder.render(&request(2, 0).prompt).unwrap();
    assert_eq!((model.0.load(Ordering::SeqCst), recorder.fewest_tokens(&Constraint::FREE)), (5, Ok(3)));
    assert_eq!(recorder.context_window(), Some(4), "that of the model that is asked");

    let text = recording.text(false);
    assert_eq!(text.lines().count(), 6, "equal requests are one record:\n{text}");
    let replayed = Arc::new(Recording::read(&text).unwrap());
    let player = replayed.backend("m", None);
    assert_eq!(player.context_window(), None, "without a model nobody knows");
    // Last to first: order is nothing.
    for ((parts, seed), answer) in asked.into_iter().zip(&answers).rev() {
        assert_eq!(said(&*player, request(parts, seed)).await, *answer);
    }
    assert_eq!((player.render(&request(2, 0).prompt), player.fewest_tokens(&Constraint::FREE)), (Ok(rendered), Ok(3)));
    assert_eq!(replayed.unused(), 0);

    let missing = said(&*player, request(1, 3)).await;
    assert!(missing.contains("not in the recording"), "{missing}");
    let other = said(&*replayed.backend("n", None), request(1, 1)).await;
    assert_eq!(other, "the recording has answers of m, not of n");
}

#[tokio::test]
async fn a_second_recording_changes_only_what_changed() {
    let first = Arc::new(Recording::default());
    let recorder = first.backend("m", Some(Arc::new(Counting::default())));
    for (parts, seed) in [(2, 1), (1, 5), (3, 9)] {
        said(&*recorder, request(parts, seed)).await;
    }
    let before = first.text(false);
    let second = Arc::new(Recording::read(&before).unwrap());
    let recorder = second.backend("m", Some(Arc::new(Counting::default())));
    for (parts, seed) in [(3, 9), (4, 1), (1, 5)] {
        said(&*recorder, request(parts, seed)).await;
    }
    let (pruned, kept) = (second.text(false), second.text(true));
    let lines = |text: &str| text.lines().map(str::to_string).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines(&before).difference(&lines(&pruned)).count(), 1, "one is no longer asked for");
    assert_eq!(lines(&kept).len(), 4);
    assert!(lines(&kept).is_superset(&lines(&before)));
    assert!(Recording::read("{\"key\": 1}").is_err() && Recording::read("\n \n").is_ok());
}
