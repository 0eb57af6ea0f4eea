//! Forced text in the tokenizer's own tokens, and stops across the borders of tokens: with the small vocabulary, and with that
//! of a real model where `SGL_TEST_MODEL` names one.

use sgl_constrain::{Automaton, Matcher};
use sgl_model::LoadOptions;
use sgl_wire::{Constraint, Finish, Stop};

use super::*;
use crate::forced;

/// Pieces that are cut and joined in many ways: words, JSON, numbers, blanks, other scripts.
const PIECES: [&str; 30] = [
    "the",
    " the",
    "assistant",
    " reconstruct",
    "ion",
    "Hello",
    " world",
    "s",
    "'s",
    "x",
    "\"",
    "\":",
    "\",\"",
    "{\"",
    "\"}",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "0",
    "2026",
    "3.14",
    ",",
    ".",
    " — ",
    "é",
    "naïve",
    "日本語",
    "😀",
];

fn pick(random: &mut u64, most: usize) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize % most.max(1)
}

fn words(random: &mut u64, most: usize) -> String {
    (0..1 + pick(random, most)).map(|_| PIECES[pick(random, PIECES.len())]).collect()
}

/// The small vocabulary, and a real one.
fn lexicons() -> Vec<Lexicon> {
    let mut all = vec![lexicon()];
    match std::env::var_os("SGL_TEST_MODEL") {
        Some(path) => {
            let loaded = sgl_model::load(path.as_ref(), LoadOptions::default()).unwrap();
            all.push(Lexicon::of(Arc::new(loaded.tokenizer)).unwrap());
        }
        None => println!("skipped for a real tokenizer: SGL_TEST_MODEL names no model file"),
    }
    all
}

fn bytes(lexicon: &Lexicon, tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|token| lexicon.bytes(*token)).copied().collect()
}

/// Holds `written`, the tokens of the text after `before`, against the tokenizer's own of both texts: from the first border at
/// or behind the seam on, they are the same. Gives whether that is the seam.
fn assert_own(lexicon: &Lexicon, before: &str, written: &[u32], after: &str) -> bool {
    let whole = format!("{before}{after}");
    assert_eq!(String::from_utf8_lossy(&bytes(lexicon, written)), after, "after {before:?}");
    let (mut end, own) = (0, lexicon.encode(&whole));
    let ends = own.iter().map(|token| {
        end += lexicon.bytes(*token).len();
        end
    });
    let borders: Vec<usize> = std::iter::once(0).chain(ends).collect();
    let is_border = |at: &usize| *at >= before.len() && whole.is_char_boundary(*at);
    let index = borders.iter().position(is_border).unwrap();
    let rest = &own[index..];
    assert!(written.ends_with(rest), "{whole:?}: {written:?} does not end as {own:?}");
    let seam = &written[..written.len() - rest.len()];
    assert_eq!(bytes(lexicon, seam), whole.as_bytes()[before.len()..borders[index]], "{before:?} and {after:?}");
    borders[index] == before.len()
}

#[test]
fn forced_text_has_the_tokens_that_the_tokenizer_gives_the_whole() {
    let mut random = 1;
    for lexicon in lexicons() {
        let mut at_seam = 0;
        for case in 0..600 {
            // Some contexts are longer than what is read again.
            let before = words(&mut random, if case % 20 == 0 { 200 } else { 12 });
            let text = words(&mut random, 12);
            let mut tokens = vec![u32::MAX];
            tokens.extend(lexicon.encode(&before));
            let written = forced::spell(&lexicon, &tokens, &text);
            at_seam += usize::from(assert_own(&lexicon, &before, &written, &text));
        }
        assert!((100..600).contains(&at_seam), "{at_seam} of 600 have a border at the seam");
    }
}

#[test]
fn what_the_model_may_write_otherwise_is_left_to_it() {
    let mut random = 2;
    for lexicon in lexicons() {
        let (mut left, mut more) = (0, 0);
        // Beginnings of tokens that are more than one token.
        let begun = |id: u32| {
            let token = std::str::from_utf8(lexicon.bytes(id)).ok()?;
            let (begin, end) = token.split_at_checked(token.len().checked_sub(2)?)?;
            let goes_on = end.bytes().all(|byte| byte.is_ascii_lowercase());
            (goes_on && lexicon.encode(begin).len() > 1).then(|| begin.to_owned())
        };
        let begun: Vec<String> = (0..lexicon.vocabulary.len() as u32).filter_map(begun).take(300).collect();
        for case in 0..200 {
            let mut text = words(&mut random, 6);
            if case % 4 == 0 {
                text += &begun[pick(&mut random, begun.len())];
            }
            if text.len() < 2 {
                continue;
            }
            let pattern = format!("{}[a-z0-9\"]{{3}}", regex_syntax::escape(&text));
            let automaton = Automaton::new(&Constraint::Regex(pattern.into()), lexicon.vocabulary.clone()).unwrap();
            let place = Matcher::new(automaton);
            let (tokens, end) = forced::tokens(&lexicon, &[], &place, text.as_bytes());
            let own = lexicon.encode(&text);
            assert!(own.starts_with(&tokens), "{text:?}");
            let rest = bytes(&lexicon, &own[tokens.len()..]);
            assert!(!rest.is_empty() && end.accepts(&rest), "{text:?}");
            // No token that is left out of those written could be passed over by one that the constraint allows.
            for (border, _) in tokens.iter().enumerate() {
                let mut at = place.clone();
                own[..border].iter().for_each(|token| at.advance(*token).unwrap());
                let tail = bytes(&lexicon, &own[border..]);
                let longer = |id: u32| lexicon.bytes(id).len() > tail.len() && lexicon.bytes(id).starts_with(&tail);
                assert!(!at.mask(None).iter().any(longer), "{text:?} from token {border}");
            }
            left += usize::from(own.len() - tokens.len() == 1);
            more += usize::from(own.len() - tokens.len() > 1);
        }
        assert!(left > 100 && more > 20, "{left} and {more}");
    }
}

#[test]
fn answers_under_forced_text_are_in_the_tokenizer_s_own_tokens() {
    let mut random = 3;
    for lexicon in lexicons() {
        let lexicon = Arc::new(lexicon);
        let mut at_seam = 0;
        for seed in 0..40 {
            let model = SimModel::new(lexicon.vocabulary.len(), WINDOW);
            let template = ChatTemplate::new(CHATML, "", "").unwrap();
            let own = lexicon.clone();
            let mut mine = Lexicon::new(lexicon.vocabulary.clone(), Vec::new(), move |text| own.encode(text)).unwrap();
            mine.nothing = lexicon.nothing;
            let backend =
                LocalBackend::start(Box::new(model), mine, template, slots(WINDOW), Fitting::default()).unwrap();
            let prompt = words(&mut random, 6);
            // One choice, after which all is forced; what is drawn may hold some of that.
            let ways = [words(&mut random, 4), words(&mut random, 4)].map(|way| regex_syntax::escape(&way));
            let pattern = format!("(?:a{}|b{})", ways[0], ways[1]);
            let g = generated(run(
                &backend,
                generate(text(&prompt), seed, |g| {
                    g.constraint = Constraint::Regex(pattern.as_str().into());
                    g.max_tokens = Some(100);
                }),
            ));
            assert_eq!(g.finish, Finish::Complete);
            at_seam += usize::from(assert_own(&lexicon, &prompt, &g.output.tokens, &g.output.text));
        }
        assert!(at_seam > 5, "{at_seam}");
    }
}

#[test]
fn stops_are_found_across_tokens_that_are_drawn_or_forced() {
    // The forced text holds the stop across its tokens: `and` + `ing` + `er`.
    let constraint = Constraint::Regex("[xy]the andinger the user: [0-9]+ +[a-z]*".into());
    let stops: [(&[Stop], &str, Finish); 5] = [
        (&[Stop::Text("ndinge".into())], "the a", Finish::Stop),
        (&[Stop::Regex("i[nm]g.".into())], "the and", Finish::Stop),
        (&[Stop::Text("nope".into()), Stop::Regex("the +u".into())], "the andinger ", Finish::Stop),
        (&[Stop::Regex("d.*e".into()), Stop::Text("zz".into())], "the an", Finish::Stop),
        (&[Stop::Text("andingx".into())], "the andinger the user: ", Finish::Complete),
    ];
    for jump in [true, false] {
        for (stop, before, finish) in &stops {
            for seed in 0..10 {
                let backend = backend(EngineOptions { jump, ..EngineOptions::default() });
                let g = generated(run(
                    &backend,
                    generate(text("Hello"), seed, |g| {
                        g.constraint = constraint.clone();
                        g.stop = stop.to_vec();
                        g.max_tokens = Some(60);
                    }),
                ));
                let cut = &g.output.text[1..];
                match finish {
                    Finish::Stop => assert_eq!((cut, &g.finish), (*before, finish), "{stop:?}"),
                    _ => assert!(cut.starts_with(before) && g.finish != Finish::Stop, "{stop:?}: {cut:?}"),
                }
                assert_eq!(spell(&g.output.tokens), g.output.text);
            }
        }
    }
}
