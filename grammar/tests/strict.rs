//! The strict grammar is the same file with recovery rules that never match. It must accept exactly the texts in whose
//! tree no recovery rule matched.
#![allow(clippy::expect_used)]

mod mutate;

use std::sync::OnceLock;

use pest_meta::optimizer::{OptimizedExpr, OptimizedRule};
use pest_vm::Vm;
use proptest::prelude::*;
use sgl_grammar::{GRAMMAR, MAX_NESTING, is_recovery, parse, recovery_names};

/// `deep | rest`, where `deep` matches from a certain depth on, is `rest` up to that depth.
fn bounded(expr: OptimizedExpr) -> OptimizedExpr {
    match expr {
        OptimizedExpr::Choice(first, rest) if matches!(&*first, OptimizedExpr::Ident(name) if name == "deep") => {
            let depth = OptimizedExpr::PeekSlice(MAX_NESTING as i32, Some(MAX_NESTING as i32 + 1));
            OptimizedExpr::Seq(Box::new(OptimizedExpr::NegPred(Box::new(depth))), rest)
        }
        expr => expr,
    }
}

/// The strict grammar, interpreted.
fn strict() -> &'static Vm {
    static VM: OnceLock<Vm> = OnceLock::new();
    VM.get_or_init(|| {
        let (_, rules) = pest_meta::parse_and_optimize(GRAMMAR).expect("the grammar is sound");
        let any = || Box::new(OptimizedExpr::Ident("ANY".to_string()));
        let never = || OptimizedExpr::Seq(Box::new(OptimizedExpr::NegPred(any())), any());
        let names = recovery_names();
        let mut replaced = 0;
        let rules = rules
            .into_iter()
            .map(|rule| {
                let is_recovery = names.contains(&rule.name.as_str());
                replaced += usize::from(is_recovery);
                let expr = if is_recovery { never() } else { rule.expr.map_bottom_up(bounded) };
                OptimizedRule { expr, ..rule }
            })
            .collect();
        assert_eq!(replaced, names.len(), "every recovery rule stands in the grammar");
        Vm::new(rules)
    })
}

fn is_strict(text: &str) -> bool {
    strict().parse("file", text).is_ok()
}

fn has_recovery(text: &str) -> bool {
    let pairs = parse(text).expect("the grammar is total");
    pairs.flatten().any(|pair| is_recovery(pair.as_rule()))
}

/// Works on a stack that deep programs fit in.
fn roomy<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(512 << 20).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("no panic")
    })
}

proptest! {
    #![proptest_config(mutate::config(2000))]

    #[test]
    fn of_mutants_strict_accepts_exactly_what_needs_no_recovery(text in mutate::mutant()) {
        let (strict, recovered) = roomy(|| (is_strict(&text), has_recovery(&text)));
        prop_assert_eq!(strict, !recovered, "{}", text);
    }
}

#[test]
fn both_agree_on_plain_cases() {
    for (text, sound) in [
        ("", true),
        ("\u{feff}fn f() {}\r\n", true),
        ("fn f() { 1 }", true),
        ("fn f() { 1", false),
        ("fn f( { 1 }", false),
        ("fn f() { let x = }", false),
        ("fn f() { \"{x\" }", false),
        ("fn f() { a; b }", false),
        ("let x = 1", false),
        ("}", false),
    ] {
        assert_eq!((is_strict(text), has_recovery(text)), (sound, !sound), "{text}");
    }
}
