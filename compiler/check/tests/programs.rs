//! Whole programs: what the checker makes of sound ones.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use sgl_check::program::{ExprKind, Program, StmtKind};
use sgl_check::types::Type;
use sgl_check::{Checked, Loader, check};
use sgl_diag::SourceMap;

const JUDGE: &str = include_str!("../../syntax/tests/programs/judge.sgl");

/// Files by path.
struct Files(&'static [(&'static str, &'static str)]);

impl Loader for Files {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| ((*name).to_string(), (*text).to_string()))
            .ok_or_else(|| "there is no such file".into())
    }
}

fn checked(text: &str, files: &'static [(&'static str, &'static str)]) -> (Checked, SourceMap) {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", text);
    (check(root, &mut Files(files), &mut sources), sources)
}

fn program(text: &str) -> Program {
    let (checked, sources) = checked(text, &[]);
    match checked.program {
        Some(program) => program,
        None => panic!(
            "{:#?}",
            checked
                .diagnostics
                .iter()
                .map(|d| (d.code, &d.title, d.span().map(|s| sources.text(s))))
                .collect::<Vec<_>>()
        ),
    }
}

#[test]
fn the_judge_is_sound() {
    let program = program(JUDGE);
    let main = program.main.expect("a main");
    let judge = program.functions.iter().find(|f| &*f.name == "judge").expect("judge");
    assert!(judge.is_prompt && !judge.returns_state);
    assert!(matches!(judge.ret, Type::Struct(_)));
    let value = judge.body.value.as_ref().expect("a value");
    let ExprKind::Role(sgl_wire::Role::Assistant, role) = &value.kind else { panic!("{value:?}") };
    assert!(matches!(role.value.as_ref().expect("gen").kind, ExprKind::Gen(_)));
    assert_eq!(program.functions[main.0 as usize].params.len(), 1);
    let StmtKind::Let(_, views) = &judge.body.stmts[2].kind else { panic!("{:?}", judge.body.stmts[2]) };
    assert_eq!(views.ty, Type::list(Type::STR));
}
