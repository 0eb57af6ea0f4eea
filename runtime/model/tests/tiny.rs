//! A small Llama of random weights, in every tensor type: the tokenizer, the pool, and promises about bits.

#![allow(clippy::unwrap_used)]

mod support;

use sgl_kernels::TensorType;
use sgl_model::gguf::Gguf;
use sgl_model::{Batch, KvType, LoadOptions, Loaded, Model, Segment, Slot, Tokenizer, from_gguf};
use support::{Val, Writer, llama, tokenizer};

fn load(file: &Writer, options: LoadOptions) -> Loaded {
    from_gguf(&Gguf::from_bytes(file.build()).unwrap(), options).map_err(|error| error.to_string()).unwrap()
}

/// The logits of every row of one sequence, run in steps of the sizes given, in these slots.
fn run(model: &mut dyn Model, tokens: &[u32], slots: &[Slot], steps: &[usize]) -> Vec<f32> {
    let vocab = model.config().vocab_size;
    let mut all = Vec::new();
    let mut start = 0;
    for &rows in steps {
        let end = start + rows;
        let positions: Vec<u32> = (start as u32..end as u32).collect();
        let wanted: Vec<usize> = (0..rows).collect();
        let mut logits = vec![0.0; rows * vocab];
        let batch = Batch {
            tokens: &tokens[start..end],
            positions: &positions,
            slots: &slots[start..end],
            segments: &[Segment { rows: 0..rows, context: &slots[..end] }],
            logits: &wanted,
        };
        model.forward(&batch, &mut logits).unwrap();
        all.extend(logits);
        start = end;
    }
    all
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn eight_bit_activations_stay_near_float_ones() {
    let tokens: Vec<u32> = (0..24).map(|i| i * 11 % 264).collect();
    let slots: Vec<Slot> = (0..24).collect();
    for kind in TensorType::ALL {
        let file = llama(kind, 3);
        let logits = |options| {
            let mut loaded = load(&file, options);
            loaded.model.reserve(24).unwrap();
            run(&mut *loaded.model, &tokens, &slots, &[24])
        };
        let (exact, coded) = (logits(LoadOptions::exact()), logits(LoadOptions::default()));
        let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / exact.len() as f32;
        let size = mean(&mut exact.iter().map(|x| x.abs()));
        let apart = mean(&mut exact.iter().zip(&coded).map(|(a, b)| (a - b).abs()));
        assert!(exact.iter().all(|x| x.is_finite()) && size > 0.01, "{kind}: logits of mean size {size}");
        assert!(apart < 0.03 * size, "{kind}: {apart} apart at a size of {size}");
    }
}

#[test]
fn steps_slots_and_threads_do_not_change_a_bit() {
    let tokens: Vec<u32> = (0..90).map(|i| i * 7 % 264).collect();
    for (kind, kv) in [(TensorType::Q4_1, KvType::F16), (TensorType::Q6_K, KvType::F32), (TensorType::F16, KvType::F16)]
    {
        let file = llama(kind, 9);
        let mut loaded = load(&file, LoadOptions { threads: 1, kv, ..LoadOptions::default() });
        loaded.model.reserve(200).unwrap();
        let straight: Vec<Slot> = (0..90).collect();
        let truth = bits(&run(&mut *loaded.model, &tokens, &straight, &[90]));
        let scattered: Vec<Slot> = (0..90).map(|i| i * 37 % 200).collect();
        for threads in [1, 2, 3] {
            let mut loaded = load(&file, LoadOptions { threads, kv, ..LoadOptions::default() });
            loaded.model.reserve(200).unwrap();
            for steps in [&[90][..], &[64, 1, 25], &[7, 70, 13], &[1; 90]] {
                let logits = run(&mut *loaded.model, &tokens, &scattered, steps);
                assert!(bits(&logits) == truth, "{kind}, {threads} threads, steps {steps:?}");
            }
        }
    }
}

#[test]
fn sequences_in_one_batch_do_not_touch_each_other() {
    let mut loaded = load(&llama(TensorType::Q5_1, 2), LoadOptions::default());
    let model = &mut *loaded.model;
    model.reserve(64).unwrap();
    let (first, second): (Vec<u32>, Vec<u32>) = ((0..20).collect(), (100..130).collect());
    let (first_slots, second_slots): (Vec<Slot>, Vec<Slot>) = ((30..50).collect(), (0..30).collect());
    let alone = [run(model, &first, &first_slots, &[20]), run(model, &second, &second_slots, &[30])];
    let vocab = model.config().vocab_size;

    // All of the first but its last row, then that row beside the whole second.
    model.reserve(64).unwrap();
    run(model, &first[..19], &first_slots, &[19]);
    let tokens = [&first[19..], &second].concat();
    let positions: Vec<u32> = [19].into_iter().chain(0..30).collect();
    let slots = [&first_slots[19..], &second_slots].concat();
    let mut logits = vec![0.0; 2 * vocab];
    let batch = Batch {
        tokens: &tokens,
        positions: &positions,
        slots: &slots,
        segments: &[Segment { rows: 0..1, context: &first_slots }, Segment { rows: 1..31, context: &second_slots }],
        logits: &[30, 0],
    };
    model.forward(&batch, &mut logits).unwrap();
    assert_eq!(bits(&logits[..vocab]), bits(&alone[1][29 * vocab..]));
    assert_eq!(bits(&logits[vocab..]), bits(&alone[0][19 * vocab..]));
}

#[test]
fn a_shared_prefix_is_read_where_it_lies() {
    let mut loaded = load(&llama(TensorType::Q8_0, 4), LoadOptions::default());
    let model = &mut *loaded.model;
    model.reserve(64).unwrap();
    let vocab = model.config().vocab_size;
    let prefix: Vec<u32> = (50..66).collect();
    let slots: Vec<Slot> = (0..16).collect();
    run(model, &prefix, &slots, &[16]);
    let contexts = [[&slots[..], &[40]].concat(), [&slots[..], &[41]].concat()];
    let mut logits = vec![0.0; 2 * vocab];
    let batch = Batch {
        tokens: &[7, 8],
        positions: &[16, 16],
        slots: &[40, 41],
        segments: &[Segment { rows: 0..1, context: &contexts[0] }, Segment { rows: 1..2, context: &contexts[1] }],
        logits: &[0, 1],
    };
    model.forward(&batch, &mut logits).unwrap();
    for (token, logits) in [7, 8].into_iter().zip(logits.chunks_exact(vocab)) {
        let whole = [&prefix[..], &[token]].concat();
        let fresh: Vec<Slot> = (20..37).collect();
        assert_eq!(bits(&run(model, &whole, &fresh, &[17])[16 * vocab..]), bits(logits));
    }
}

#[test]
fn other_shapes_of_the_family_load() {
    let bias = 0.5f32.to_le_bytes().repeat(64);
    let plain = llama(TensorType::Q4_K, 6);
    let mut renamed = plain.clone();
    for (key, _) in &mut renamed.keys {
        *key = key.replace("llama.", "qwen2.");
    }
    let qwen = renamed.with("general.architecture", Val::Text("qwen2"));
    let files = [
        plain.clone(),
        plain.clone().tensor("blk.1.attn_k.bias", &[64], TensorType::F32, bias),
        plain.clone().tensor("output.weight", &[256, 264], TensorType::F32, 0.01f32.to_le_bytes().repeat(256 * 264)),
        plain.clone().tensor("rope_freqs.weight", &[16], TensorType::F32, 4.0f32.to_le_bytes().repeat(16)),
        plain
            .clone()
            .key("llama.rope.scaling.type", Val::Text("linear"))
            .key("llama.rope.scaling.factor", Val::F32(2.0)),
        qwen,
    ];
    let tokens: Vec<u32> = (0..9).collect();
    let logits: Vec<_> = files
        .iter()
        .map(|file| {
            let mut loaded = load(file, LoadOptions::default());
            loaded.model.reserve(9).unwrap();
            bits(&run(&mut *loaded.model, &tokens, &(0..9).collect::<Vec<_>>(), &[9]))
        })
        .collect();
    for (i, a) in logits.iter().enumerate() {
        assert!(logits[..i].iter().all(|b| b != a), "file {i} gives the logits of an earlier one");
    }
}

fn tokens_of(file: &Writer) -> Tokenizer {
    Tokenizer::from_gguf(&Gguf::from_bytes(file.build()).unwrap()).unwrap()
}

#[test]
fn text_becomes_tokens_and_bytes_again() {
    let tokenizer = tokens_of(&tokenizer());
    assert_eq!(tokenizer.encode("hello"), [258, u32::from(b'o')]);
    assert_eq!(tokenizer.encode("<|im_end|>").len(), 10);
    assert_eq!(tokenizer.encode_special("hell<|im_end|>he"), [258, 262, 256]);
    assert_eq!(tokenizer.encode("<think>he"), [263, 256], "user-defined tokens are text too");
    assert_eq!(tokenizer.encode(""), [0; 0]);
    for text in ["hello  world\n\n", "naïve 🦀 \u{0}\u{7f}\u{a0}\u{ad}", "汉字 x² ½", "\u{10ffff}"] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text)), text.as_bytes());
    }
    assert_eq!(tokenizer.token_bytes(259), b"  ");
    assert_eq!(tokenizer.token_bytes(260), b"<|endoftext|>");
    assert_eq!(tokenizer.token_bytes(9999), b"");
    assert_eq!([262, 263, 10, 9999].map(|id| tokenizer.is_special(id)), [true, false, false, false]);
    assert_eq!(tokenizer.special_id("<|im_start|>"), Some(261));
    assert_eq!((tokenizer.eos(), tokenizer.bos(), tokenizer.add_bos()), (Some(262), Some(261), false));
    assert_eq!(tokenizer.end_ids(), [260, 262]);
    assert_eq!(tokenizer.vocab_size(), 264);
}

#[test]
fn a_byte_without_a_token_is_left_out_and_can_be_found() {
    let mut file = tokenizer();
    for (key, value) in &mut file.keys {
        if let (true, Val::Texts(list)) = (key == "tokenizer.ggml.tokens", value) {
            list[4] = "unheard of".into();
        }
    }
    let tokenizer = tokens_of(&file);
    assert_eq!(tokenizer.unspellable("hello é 🦀"), None);
    assert_eq!(tokenizer.unspellable("é\u{4}"), Some((2, '\u{4}')));
    assert_eq!(tokenizer.decode(&tokenizer.encode("a\u{4}b")), b"ab");
}

#[test]
fn each_rule_cuts_text_its_own_way() {
    let of = |pre| tokens_of(&tokenizer().with("tokenizer.ggml.pre", Val::Text(pre)));
    for pre in ["gpt-2", "smollm", "llama-bpe", "qwen2"] {
        let tokenizer = of(pre);
        let text = "I'LL  sell 12345 shells,\r\n\r\n  he'll\t";
        assert_eq!(tokenizer.decode(&tokenizer.encode(text)), text.as_bytes(), "{pre}");
        assert_eq!(tokenizer.add_bos(), pre == "llama-bpe");
    }
    // Two spaces before a word: GPT-2 leaves the second to the word, so nothing merges.
    assert_eq!(of("gpt-2").encode("  he"), [32, 32, 256]);
    assert_eq!(of("gpt-2").encode("   "), [259, 32]);
}
