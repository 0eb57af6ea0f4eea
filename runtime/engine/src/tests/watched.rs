//! What somebody who watches requests is told, held against the answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sgl_wire::{ALTERNATIVES, NewToken, Origin, Rows, Sight, Source, Spell, Spelling, Watch, Watched};

use super::*;

/// A prompt that was told: of which request, its tokens, and where they come from.
type Told = (u64, Vec<u32>, Vec<Source>);

#[derive(Default)]
struct Notes {
    numbers: AtomicU64,
    prompts: Mutex<Vec<Told>>,
    steps: Mutex<Vec<(Vec<Rows>, Vec<NewToken>)>>,
}

impl Watch for Notes {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn saw(&self, sight: Sight<'_>, spell: &dyn Spell) {
        match sight {
            Sight::Prompt { request, tokens, sources } => {
                assert_eq!(tokens.len(), sources.len());
                for (token, source) in tokens.iter().zip(sources) {
                    assert_eq!(matches!(spell.spell(*token), Spelling::Special(_)), *source == Source::Special);
                }
                lock(&self.prompts).push((request, tokens.to_vec(), sources.to_vec()));
            }
            Sight::Step(step) => lock(&self.steps).push((step.rows, step.tokens)),
            Sight::Asks { .. } | Sight::Writes { .. } => panic!("an engine asks nothing"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watched(notes: &Arc<Notes>, request: Request) -> Request {
    let watch: Arc<dyn Watch> = notes.clone();
    Request { watched: Some(Watched { id: watch.number(), watch }), ..request }
}

#[test]
fn what_is_told_is_what_was_answered_and_watching_changes_nothing() {
    let backend = backend(EngineOptions::default());
    let prompt = message(&Prompt::empty(), Role::User, "the world and the world").push(Part::Open(Role::Assistant));
    let constraint = sgl_wire::Constraint::Regex("(say|and) Hello world[a-z]{3,9}".into());
    let make = || generate(prompt.clone(), 3, |g| g.constraint = constraint.clone());
    let plain = content(&run(&backend, make()));
    let notes = Arc::new(Notes::default());
    let answer = run(&backend, watched(&notes, make()));
    assert_eq!(content(&answer), plain);
    let answer = generated(answer);

    let prompts = lock(&notes.prompts);
    let (_, tokens, sources) = &prompts[0];
    assert_eq!(tokens, &backend.render(&prompt).unwrap().tokens);
    let given: Vec<u32> =
        tokens.iter().zip(sources).filter(|(_, s)| **s == Source::Given).map(|(token, _)| *token).collect();
    assert!(spell(&given).ends_with("the world and the world"), "{:?}", spell(&given));

    let steps = lock(&notes.steps);
    let told: Vec<&NewToken> =
        steps.iter().flat_map(|(_, tokens)| tokens).filter(|t| t.origin != Origin::End).collect();
    assert_eq!(told.iter().map(|t| t.token).collect::<Vec<_>>(), answer.output.tokens);
    let sum: f64 = told.iter().map(|token| token.logprob).sum();
    assert!((sum - answer.output.logprob).abs() < 1e-9);
    let forced = told.iter().filter(|token| token.origin == Origin::Forced).count();
    assert_eq!(forced as u64, answer.usage.forced_tokens);
    assert!(forced > 0 && told.iter().all(|token| token.top.len() == ALTERNATIVES));

    // What no row was computed for was cached.
    let rows: Vec<Rows> = steps.iter().flat_map(|(rows, _)| rows).copied().collect();
    let computed: usize =
        rows.iter().map(|rows| tokens.len().min(rows.from + rows.count).saturating_sub(rows.from)).sum();
    assert_eq!((tokens.len() - computed) as u64, answer.usage.cached_tokens);
    assert!(answer.usage.cached_tokens > 0);
}

#[test]
fn each_who_watches_sees_the_rows_of_their_own_requests() {
    let backend = backend(EngineOptions::default());
    let (mine, yours) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let requests =
        [watched(&mine, generate(text("the"), 1, |_| ())), watched(&yours, generate(text("and"), 2, |_| ()))];
    let replies: Vec<_> = requests.into_iter().map(|request| backend.submit(request)).collect();
    let answers: Vec<Generated> = replies.into_iter().map(|reply| generated(wait(reply))).collect();
    for (notes, answer) in [&mine, &yours].into_iter().zip(answers) {
        let steps = lock(&notes.steps);
        let told = steps.iter().flat_map(|(_, tokens)| tokens).filter(|t| t.origin != Origin::End);
        assert_eq!(told.map(|t| t.token).collect::<Vec<_>>(), answer.output.tokens);
        assert!(steps.iter().all(|(rows, _)| rows.len() == 1));
    }
}
