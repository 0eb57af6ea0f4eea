//! Files that lie: each is refused with an error that names the lie, and nothing panics or allocates by its word.

#![allow(clippy::unwrap_used)]

mod support;

use sgl_kernels::TensorType;
use sgl_model::gguf::{Gguf, GgufError};
use sgl_model::{ArchitectureError, LoadError, LoadOptions, TokenizerError, from_gguf};
use support::{Random, Val, WORDS, Writer, byte_texts, gemma3, llama, qwen2, text, tokenizer};

fn read(file: &Writer) -> Result<Gguf, GgufError> {
    Gguf::from_bytes(file.build())
}

#[track_caller]
fn refused(file: &Writer, words: &str) {
    let error = read(file).err().map_or("no error".into(), |error| error.to_string());
    assert!(error.contains(words), "{error:?} does not say {words:?}");
}

#[track_caller]
fn load_refused(file: &Writer, words: &str) -> LoadError {
    let options = LoadOptions { threads: 1, ..LoadOptions::default() };
    let error = from_gguf(&read(file).unwrap(), options).err().unwrap();
    assert!(error.to_string().contains(words), "{error} does not say {words:?}");
    error
}

fn good() -> Writer {
    llama(TensorType::Q4_0, 1)
}

#[test]
fn the_file_they_are_made_from_is_sound() {
    from_gguf(&read(&good()).unwrap(), LoadOptions::default()).map(|_| ()).unwrap();
}

#[test]
fn wrong_magic_and_versions() {
    refused(&Writer { magic: *b"GGML", ..good() }, "no GGUF file");
    refused(&Writer { version: 1, ..good() }, "version 1");
    refused(&Writer { version: 3u32.swap_bytes(), ..good() }, "big-endian");
}

#[test]
fn cut_short_anywhere() {
    let bytes = tokenizer().tensor("t", &[32, 2], TensorType::Q8_0, vec![0; 68]).build();
    Gguf::from_bytes(bytes.clone()).map(|_| ()).unwrap();
    // The last 28 bytes are padding after the tensor.
    for length in 0..bytes.len() - 28 {
        assert!(Gguf::from_bytes(bytes[..length].to_vec()).is_err(), "cut to {length} of {}", bytes.len());
    }
}

#[test]
fn huge_counts() {
    for count in [1 << 20, u64::MAX / 2, u64::MAX] {
        refused(&Writer { counts: [Some(count), None], ..good() }, "claims");
        refused(&Writer { counts: [None, Some(count)], ..good() }, "claims");
        let mut array = 8u32.to_le_bytes().to_vec();
        array.extend(count.to_le_bytes());
        refused(&good().key("many", Val::Raw(9, array)), "claims");
        refused(&good().key("long", Val::Raw(8, count.to_le_bytes().to_vec())), "cut short");
    }
}

#[test]
fn keys_twice_and_values_of_no_type() {
    refused(&good().key("general.architecture", Val::U32(1)), "general.architecture twice");
    refused(&good().key("odd", Val::Raw(13, vec![])), "type 13");
    let mut array = 77u32.to_le_bytes().to_vec();
    array.extend(1u64.to_le_bytes());
    refused(&good().key("odd", Val::Raw(9, array)), "type 77");
    refused(&good().key("odd", Val::Raw(7, vec![2])), "byte 2");
    let mut bad = 2u64.to_le_bytes().to_vec();
    bad.extend([0xc3, 0x28]);
    refused(&good().key("odd", Val::Raw(8, bad)), "not valid UTF-8");
}

#[test]
fn arrays_in_arrays() {
    let nested = |depth: usize| {
        let mut bytes = Vec::new();
        for _ in 1..depth {
            bytes.extend(9u32.to_le_bytes());
            bytes.extend(1u64.to_le_bytes());
        }
        bytes.extend(4u32.to_le_bytes());
        bytes.extend(0u64.to_le_bytes());
        good().key("nested", Val::Raw(9, bytes))
    };
    read(&nested(4)).map(|_| ()).unwrap();
    refused(&nested(5), "deeper than 4");
    refused(&nested(100_000), "deeper than 4");
}

#[test]
fn absurd_alignments() {
    for alignment in [0, 3, 48, 1 << 20, u32::MAX] {
        refused(&good().key("general.alignment", Val::U32(alignment)), "alignment");
    }
    refused(&good().key("general.alignment", Val::Text("8")), "general.alignment must be");
}

#[test]
fn tensors_that_cannot_be() {
    let name = "blk.0.attn_q.weight";
    refused(&good().edit(name, |t| t.dims = vec![]), "0 dimensions");
    refused(&good().edit(name, |t| t.dims = vec![32; 5]), "5 dimensions");
    refused(&good().edit(name, |t| t.dims = vec![256, 0]), "at least 1");
    refused(&good().edit(name, |t| t.dims = vec![100, 256]), "multiple of 32");
    refused(&good().edit(name, |t| t.dims = vec![1 << 40, 1 << 40]), "fit into memory");
    refused(&good().edit(name, |t| t.dims = vec![u64::MAX - 31, 1]), "fit into memory");
    refused(&good().edit(name, |t| t.kind = 99), "type number 99");
    refused(&good().edit(name, |t| t.kind = 10), "type number 10");
}

#[test]
fn tensors_in_wrong_places() {
    let name = "blk.0.attn_q.weight";
    refused(&good().edit(name, |t| t.offset = Some(1 << 40)), "past the end");
    refused(&good().edit(name, |t| t.offset = Some(u64::MAX - 31)), "past the end");
    refused(&good().edit(name, |t| t.offset = Some(33)), "multiple of the alignment");
    refused(&good().edit(name, |t| t.offset = Some(32)), "share");
    refused(&good().edit(name, |t| t.name = "token_embd.weight".into()), "token_embd.weight twice");
}

#[test]
fn random_damage_never_panics() {
    let bytes = llama(TensorType::Q8_0, 5).build();
    let header = 8_000;
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut damaged = bytes.clone();
        for _ in 0..1 + random.below(4) {
            damaged[random.below(header)] = random.bits() as u8;
        }
        if let Ok(gguf) = Gguf::from_bytes(damaged) {
            let _ = from_gguf(&gguf, LoadOptions { threads: 1, ..LoadOptions::default() }).map(|_| ());
        }
    }
}

#[test]
fn sizes_that_do_not_fit() {
    let number = |key: &str, n: u32, words: &str| {
        load_refused(&good().with(key, Val::U32(n)), words);
    };
    number("llama.block_count", 0, "llama.block_count is 0");
    number("llama.block_count", u32::MAX, "llama.block_count is 4294967295");
    number("llama.block_count", 3, "no tensor blk.2.attn_norm.weight");
    number("llama.embedding_length", 512, "token_embd.weight");
    number("llama.feed_forward_length", 511, "ffn_gate");
    number("llama.attention.head_count", 0, "head_count is 0");
    number("llama.attention.head_count", 7, "head_count_kv is 2");
    number("llama.attention.head_count_kv", 3, "a divisor of the 8 heads");
    number("llama.attention.head_count", 1 << 20, "key_length is 0");
    number("llama.rope.dimension_count", 31, "even and at most 32");
    number("llama.rope.dimension_count", 64, "even and at most 32");
    load_refused(&good().with("llama.attention.layer_norm_rms_epsilon", Val::F32(f32::NAN)), "epsilon is NaN");
    load_refused(&good().key("llama.rope.freq_base", Val::F32(f32::INFINITY)), "freq_base is inf");
    load_refused(&good().key("llama.rope.scaling.type", Val::Text("yarn")), "yarn");
    load_refused(&good().with("llama.context_length", Val::Text("128")), "must be a whole number");
    load_refused(&good().without("llama.context_length"), "lacks the key llama.context_length");
    load_refused(&good().without("output_norm.weight"), "no tensor output_norm.weight");
    let other = load_refused(&good().with("general.architecture", Val::Text("mamba")), "\"mamba\"");
    assert!(matches!(other, LoadError::Architecture(ArchitectureError::Architecture { .. })));
}

#[test]
fn numbers_and_tensors_of_gemma_that_lie() {
    let file = || gemma3(TensorType::Q4_0, 1);
    from_gguf(&read(&file()).unwrap(), LoadOptions::default()).map(|_| ()).unwrap();
    let with = |key: &str, value: Val, words: &str| {
        let key = &format!("gemma3.{key}");
        load_refused(&file().without(key).key(key, value), words);
    };
    with("attention.sliding_window", Val::U32(0), "sliding_window is 0: it must be in 1..=");
    with("attention.sliding_window", Val::U32(u32::MAX), "sliding_window is 4294967295");
    with("attention.sliding_window", Val::Text("wide"), "sliding_window must be a whole number");
    with("attention.sliding_window_pattern", Val::U32(0), "sliding_window_pattern is 0");
    with("attention.sliding_window_pattern", Val::F32(0.5), "sliding_window_pattern must be a whole number");
    for key in ["rope.freq_base", "rope.freq_base_swa"] {
        with(key, Val::F32(0.0), "it must be a finite number of at least 1");
        with(key, Val::F32(f32::NAN), "is NaN");
    }
    for key in ["final_logit_softcapping", "attn_logit_softcapping"] {
        with(key, Val::F32(-1.0), "it must be a finite number of at least 0");
        with(key, Val::F32(f32::INFINITY), "is inf");
        with(key, Val::Bool(true), "softcapping must be a number");
    }
    with("attention.key_length", Val::U32(127), "a multiple of 8");
    with("attention.key_length", Val::U32(64), "value_length is 128: it must be 64");
    for part in ["attn_q_norm", "attn_k_norm", "post_attention_norm", "post_ffw_norm"] {
        let name = format!("blk.4.{part}.weight");
        load_refused(&file().without(&name), &format!("no tensor {name}"));
        load_refused(&file().edit(&name, |tensor| tensor.dims = vec![8]), &format!("the tensor {name} is [8]"));
    }
}

#[test]
fn qwen_without_its_biases() {
    from_gguf(&read(&qwen2(TensorType::Q4_0, 1)).unwrap(), LoadOptions::default()).map(|_| ()).unwrap();
    for part in ["attn_q", "attn_k", "attn_v"] {
        let name = format!("blk.1.{part}.bias");
        load_refused(&qwen2(TensorType::Q4_0, 1).without(&name), &format!("no tensor {name}"));
    }
}

#[test]
fn pieces_that_lie() {
    let file = || gemma3(TensorType::Q4_0, 1);
    let scores = |edit: &dyn Fn(&mut Vec<f32>)| {
        let mut list = vec![0.0; WORDS];
        edit(&mut list);
        file().with("tokenizer.ggml.scores", Val::F32s(list))
    };
    load_refused(&scores(&|list| list.truncate(9)), "280 tokens but 9 scores");
    load_refused(&scores(&|list| list[270] = f32::NAN), "the score of token 270 of the vocabulary is not a number");
    load_refused(&file().without("tokenizer.ggml.scores"), "lacks the key tokenizer.ggml.scores");
    let token = |id: usize, text: &str| {
        let mut file = file();
        for (key, value) in &mut file.keys {
            if let (true, Val::Texts(list)) = (key == "tokenizer.ggml.tokens", value) {
                list[id] = text.into();
            }
        }
        file
    };
    for text in ["<0xG0>", "<0x+A>", "<0x0>", "<0x00A>", "x"] {
        load_refused(&token(20, text), "token 20 of the vocabulary is of the type of bytes");
    }
    // Both spellings of a byte: 0x0d is token 20, and its other name takes the place of a word.
    load_refused(&token(20, "<0x0c>"), "has a token already");
    load_refused(
        &file().with("tokenizer.ggml.add_space_prefix", Val::U32(1)),
        "add_space_prefix must be true or false",
    );
    // Infinite scores order pieces like any others.
    let odd = scores(&|list| (list[265], list[266]) = (f32::INFINITY, f32::NEG_INFINITY));
    from_gguf(&read(&odd).unwrap(), LoadOptions::default()).map(|_| ()).unwrap();
}

#[test]
fn vocabularies_that_lie() {
    let tokens = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut list = byte_texts();
        list.extend(
            ["he", "ll", "hell", "ĠĠ", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>"].map(Into::into),
        );
        edit(&mut list);
        good().with("tokenizer.ggml.tokens", Val::Texts(list))
    };
    load_refused(&tokens(&|list| list[257] = "he".into()), "tokens 256 and 257 of the vocabulary are both \"he\"");
    load_refused(&tokens(&|list| list[257] = String::new()), "token 257 of the vocabulary is empty");
    load_refused(&tokens(&|list| list[257] = "LL".into()), "needs the token \"ll\"");
    load_refused(&tokens(&|list| list.truncate(262)), "262 tokens but 264 token types");
    let merges = |list: &[&str]| {
        let list = list.iter().map(|&merge| merge.into()).collect();
        good().with("tokenizer.ggml.merges", Val::Texts(list))
    };
    load_refused(&merges(&["h zebra"]), "needs the token \"zebra\"");
    load_refused(&merges(&["he"]), "not two pieces");
    load_refused(&merges(&["he ll o"]), "not two pieces");
    load_refused(&merges(&[" he"]), "not two pieces");
    load_refused(&good().with("tokenizer.ggml.eos_token_id", Val::U32(264)), "vocabulary ends at 264");
    load_refused(&good().with("tokenizer.ggml.pre", Val::Text("klingon")), "\"klingon\"");
    load_refused(&good().with("tokenizer.ggml.model", Val::Text("t5")), "\"t5\"");
    load_refused(&good().with("tokenizer.ggml.tokens", Val::U32(3)), "must be an array");
    load_refused(&good().key("tokenizer.chat_template", Val::Text("{% if %}")), "does not parse");
    let short = load_refused(&good().with("tokenizer.ggml.token_type", Val::I32s(vec![1])), "1 token types");
    assert!(matches!(short, LoadError::Tokenizer(TokenizerError::Types { tokens: 264, types: 1 })));
    let mut bytes = Vec::new();
    text(&mut bytes, "x");
    assert_eq!(bytes.len(), 9, "the writer writes lengths as the format has them");
}
