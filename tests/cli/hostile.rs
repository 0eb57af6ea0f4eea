//! Model files that lie: each ends in an error that names the file, never in a panic or a run.

use crate::sglc;

/// A GGUF string.
fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A GGUF header with these counts and what follows them.
fn gguf(tensors: u64, pairs: u64, rest: &[Vec<u8>]) -> Vec<u8> {
    let head = [&b"GGUF"[..], &3u32.to_le_bytes(), &tensors.to_le_bytes(), &pairs.to_le_bytes()].concat();
    [head, rest.concat()].concat()
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&string(key)[..], &kind.to_le_bytes(), value].concat()
}

fn tensor(name: &str, dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let dims_bytes = dims.iter().flat_map(|dim| dim.to_le_bytes()).collect();
    [
        string(name),
        (dims.len() as u32).to_le_bytes().into(),
        dims_bytes,
        kind.to_le_bytes().into(),
        offset.to_le_bytes().into(),
    ]
    .concat()
}

#[test]
fn hostile_model_files_are_refused() {
    let llama = || pair("general.architecture", STRING, &string("llama"));
    let mut deep = Vec::new();
    for _ in 0..200_000 {
        deep.extend([&ARRAY.to_le_bytes()[..], &1u64.to_le_bytes()].concat());
    }
    let cases = [
        ("empty", vec![]),
        ("wrong magic", b"GGML and so on, for more than a header".to_vec()),
        ("truncated", gguf(0, 3, &[llama()])),
        ("huge counts", gguf(u64::MAX, u64::MAX, &[])),
        ("a string without end", gguf(0, 1, &[[&u64::MAX.to_le_bytes()[..], b"key"].concat()])),
        ("an array in an array in an array", gguf(0, 1, &[pair("deep", ARRAY, &deep)])),
        ("offsets past the end", gguf(1, 1, &[llama(), tensor("token_embd.weight", &[64, 64], 0, 1 << 40)])),
        ("dimensions that overflow", gguf(1, 1, &[llama(), tensor("token_embd.weight", &[u64::MAX, 8], 0, 0)])),
        ("nothing in it", gguf(0, 1, &[llama()])),
    ];
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("p.sgl");
    std::fs::write(&program, "prompt main() -> str {\n    \"Hello\"\n    gen(max_tokens: 1)\n}\n").unwrap();
    for (name, bytes) in cases {
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, bytes).unwrap();
        let run = sglc(&["run", "--model", path.to_str().unwrap(), program.to_str().unwrap()]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{name}: {run}");
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains("model.gguf"), "{name}: {run}");
        assert!(!run.stderr.contains("panicked"), "{name}: {run}");
    }
}
