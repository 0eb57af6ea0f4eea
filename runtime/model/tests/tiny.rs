//! Small models of random weights, in every tensor type: the tokenizers, the pool, and promises about bits.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use sgl_kernels::TensorType;
use sgl_model::gguf::Gguf;
use sgl_model::{Batch, KvType, LoadOptions, Loaded, Model, Segment, Slot, Tokenizer, from_gguf};
use support::{Val, Writer, gemma3, llama, pieces, qwen2, tokenizer};

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
    let files = TensorType::ALL.map(|kind| (kind, llama(kind, 3)));
    let others = [(TensorType::Q5_0, qwen2(TensorType::Q5_0, 3)), (TensorType::Q6_K, gemma3(TensorType::Q6_K, 3))];
    for (kind, file) in files.into_iter().chain(others) {
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

fn capped() -> Writer {
    gemma3(TensorType::Q8_0, 9)
        .key("gemma3.final_logit_softcapping", Val::F32(0.5))
        .key("gemma3.attn_logit_softcapping", Val::F32(2.0))
}

#[test]
fn steps_slots_and_threads_do_not_change_a_bit() {
    let tokens: Vec<u32> = (0..90).map(|i| i * 7 % 264).collect();
    for (name, file, kv) in [
        ("llama of Q4_1", llama(TensorType::Q4_1, 9), KvType::F16),
        ("llama of Q6_K", llama(TensorType::Q6_K, 9), KvType::F32),
        ("llama of F16", llama(TensorType::F16, 9), KvType::F16),
        ("qwen2 of Q5_0", qwen2(TensorType::Q5_0, 9), KvType::F16),
        ("gemma3 of Q4_K", gemma3(TensorType::Q4_K, 9), KvType::F16),
        ("gemma3 with caps", capped(), KvType::F16),
        ("llama of Q4_1 with coded keys", llama(TensorType::Q4_1, 9), KvType::Q8),
        ("gemma3 of Q4_K with coded keys", gemma3(TensorType::Q4_K, 9), KvType::Q8),
    ] {
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
                assert!(bits(&logits) == truth, "{name}, {threads} threads, steps {steps:?}");
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
    let files = [
        plain.clone(),
        plain.clone().tensor("blk.1.attn_k.bias", &[64], TensorType::F32, bias),
        plain.clone().tensor("output.weight", &[256, 264], TensorType::F32, 0.01f32.to_le_bytes().repeat(256 * 264)),
        plain.clone().tensor("rope_freqs.weight", &[16], TensorType::F32, 4.0f32.to_le_bytes().repeat(16)),
        plain
            .clone()
            .key("llama.rope.scaling.type", Val::Text("linear"))
            .key("llama.rope.scaling.factor", Val::F32(2.0)),
        qwen2(TensorType::Q4_K, 6),
    ];
    all_differ(&files, 9);
}

/// Each file gives other logits than those before it.
fn all_differ(files: &[Writer], rows: usize) {
    let tokens: Vec<u32> = (0..rows as u32).collect();
    let logits: Vec<_> = files
        .iter()
        .map(|file| {
            let mut loaded = load(file, LoadOptions::default());
            loaded.model.reserve(rows).unwrap();
            bits(&run(&mut *loaded.model, &tokens, &tokens, &[rows]))
        })
        .collect();
    for (i, a) in logits.iter().enumerate() {
        assert!(logits[..i].iter().all(|b| b != a), "file {i} gives the logits of an earlier one");
    }
}

#[test]
fn every_number_of_gemma_counts() {
    let plain = gemma3(TensorType::Q8_0, 9);
    let doubled = |name: &str, len: usize| {
        let twos = 2.0f32.to_le_bytes().repeat(len);
        plain.clone().edit(name, |tensor| tensor.bytes = twos.clone())
    };
    let files = [
        plain.clone(),
        plain.clone().with("gemma3.attention.sliding_window", Val::U32(25)),
        plain.clone().key("gemma3.attention.sliding_window_pattern", Val::U32(2)),
        plain.clone().without("gemma3.attention.sliding_window"),
        plain.clone().with("gemma3.rope.freq_base", Val::F32(1e5)),
        plain.clone().key("gemma3.rope.freq_base_swa", Val::F32(1e5)),
        plain.clone().key("gemma3.final_logit_softcapping", Val::F32(0.5)),
        plain.clone().key("gemma3.attn_logit_softcapping", Val::F32(0.5)),
        doubled("blk.1.attn_q_norm.weight", 128),
        doubled("blk.1.post_attention_norm.weight", 256),
        doubled("blk.1.post_ffw_norm.weight", 256),
    ];
    all_differ(&files, 40);
    // A window that holds the whole text is none, but for the angles.
    let [whole, wider] = [64, 128].map(|window| {
        let mut loaded =
            load(&plain.clone().with("gemma3.attention.sliding_window", Val::U32(window)), LoadOptions::default());
        loaded.model.reserve(64).unwrap();
        let tokens: Vec<u32> = (0..64).collect();
        bits(&run(&mut *loaded.model, &tokens, &tokens, &[64]))
    });
    assert!(whole == wider);
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

#[test]
fn pieces_merge_by_score_and_the_rest_is_bytes() {
    let tokenizer = tokens_of(&pieces());
    let id = |text: &str| {
        (0..tokenizer.vocab_size() as u32).find(|&id| tokenizer.token_bytes(id) == text.as_bytes() && id > 262)
    };
    let ids = |texts: &[&str]| texts.iter().map(|text| id(text).unwrap()).collect::<Vec<u32>>();
    assert_eq!(tokenizer.encode("hello"), ids(&["hello"]));
    assert_eq!(tokenizer.encode(" hello hello"), ids(&[" hello", " hello"]));
    // `lo` is worth more than `ol`, wherever it stands.
    assert_eq!(tokenizer.encode("olo"), ids(&["o", "lo"]));
    assert_eq!(tokenizer.encode("\n\nhe  l"), [&[5][..], &ids(&["he"]), &[6], &ids(&["l"])].concat());
    let byte = |byte: u8| u32::from(byte) + 7;
    assert_eq!(tokenizer.encode("\né"), [byte(b'\n'), byte(0xc3), byte(0xa9)]);
    assert_eq!(tokenizer.encode("<bos>")[..2], [byte(b'<'), byte(b'b')]);
    assert_eq!(tokenizer.encode("<0x0A>").len(), 6, "the name of a byte is text");
    assert_eq!(tokenizer.encode_special("<bos>hello"), [&[1][..], &ids(&["hello"])].concat());
    for text in ["hello  world\n\n\n", "naïve 🦀 \u{0}\u{7f}", "汉字", "\u{10ffff}", ""] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text)), text.as_bytes());
        assert_eq!(tokenizer.unspellable(text), None);
    }
    assert_eq!(tokenizer.unspellable("a\u{2581}"), Some((1, '\u{2581}')));
    assert_eq!(tokenizer.encode("l\u{2581}\u{2581}l"), tokenizer.encode("l  l"));
    assert_eq!(tokenizer.end_ids(), [2, 4]);
    assert!(tokenizer.add_bos());
}

#[test]
fn a_space_stands_before_a_text_where_the_file_says_so() {
    for file in [
        pieces().with("tokenizer.ggml.add_space_prefix", Val::Bool(true)),
        pieces().without("tokenizer.ggml.add_space_prefix"),
    ] {
        let tokenizer = tokens_of(&file);
        assert_eq!(tokenizer.decode(&tokenizer.encode_special("hello<eos>hello")), b" hello<eos> hello");
        assert_eq!(tokenizer.decode(&tokenizer.encode("hello")), b"hello", "a text that goes on from another");
        assert!(tokenizer.space_prefix());
    }
}

#[test]
fn a_long_text_merges_in_time() {
    let tokenizer = tokens_of(&pieces());
    let text = "hello hell o".repeat(20_000);
    assert_eq!(tokenizer.decode(&tokenizer.encode(&text)), text.as_bytes());
}

#[test]
fn keys_and_values_that_were_read_out_serve_in_other_slots_of_another_pool() {
    let tokens: Vec<u32> = (0..20).collect();
    for kv in [KvType::F16, KvType::F32, KvType::Q8] {
        for file in [llama(TensorType::Q8_0, 4), gemma3(TensorType::Q8_0, 4)] {
            let options = LoadOptions { kv, identify: true, ..LoadOptions::default() };
            let mut first = load(&file, options);
            first.model.reserve(40).unwrap();
            let slots: Vec<Slot> = (0..20).map(|i| i * 7 % 40).collect();
            let whole = run(&mut *first.model, &tokens, &slots, &[20]);
            let bytes = first.model.read_slots(&slots[..19]);
            assert_eq!(bytes.len(), 19 * first.model.config().kv_bytes_per_slot);

            let mut second = load(&file, options);
            assert!(first.identity.is_some() && first.identity == second.identity);
            second.model.reserve(64).unwrap();
            let slots: Vec<Slot> = (30..50).collect();
            second.model.write_slots(&slots[..19], &bytes).unwrap();
            let mut last = vec![0.0; second.model.config().vocab_size];
            let batch = Batch {
                tokens: &[19],
                positions: &[19],
                slots: &slots[19..],
                segments: &[Segment { rows: 0..1, context: &slots }],
                logits: &[0],
            };
            second.model.forward(&batch, &mut last).unwrap();
            assert_eq!(bits(&last), bits(&whole[whole.len() - last.len()..]));

            // What does not fit is refused, and writes nothing outside.
            assert!(second.model.write_slots(&slots[..18], &bytes).is_err());
            assert!(second.model.write_slots(&[64], &bytes[..bytes.len() / 19]).is_err());
        }
    }
}

#[test]
fn coded_keys_and_values_take_half_the_room_and_stay_near() {
    let tokens: Vec<u32> = (0..100).map(|i| i * 7 % 264).collect();
    let slots: Vec<Slot> = (0..100).collect();
    // Bytes of 32 keys and of 32 values, where it was 64: keys with a bias stay in halves.
    for (file, bytes) in [
        (llama(TensorType::Q8_0, 4), 34 + 34),
        (qwen2(TensorType::Q5_0, 4), 64 + 34),
        (gemma3(TensorType::Q8_0, 4), 34 + 34),
    ] {
        let [(floats, _), (halves, two), (codes, one)] = [KvType::F32, KvType::F16, KvType::Q8].map(|kv| {
            let mut loaded = load(&file, LoadOptions { kv, ..LoadOptions::exact() });
            loaded.model.reserve(100).unwrap();
            (run(&mut *loaded.model, &tokens, &slots, &[100]), loaded.model.config().kv_bytes_per_slot)
        });
        assert_eq!(one * 128, two * bytes);
        let size = floats.iter().map(|x| x.abs()).sum::<f32>() / floats.len() as f32;
        let apart = |other: &[f32]| {
            let sum: f32 = floats.iter().zip(other).map(|(a, b)| (a - b).abs()).sum();
            sum / floats.len() as f32 / size
        };
        let (halves, codes) = (apart(&halves), apart(&codes));
        println!("apart from floats, relatively: {halves:.6} in halves, {codes:.6} in codes");
        assert!(codes < 0.02 && codes > halves, "{codes}, {halves}");
    }
}

#[test]
fn an_identity_is_that_of_file_and_storage() {
    let of = |file: &Writer, kv| load(file, LoadOptions { kv, identify: true, ..LoadOptions::default() }).identity;
    let file = llama(TensorType::Q8_0, 4);
    let revised = file.clone().edit("blk.0.attn_q.weight", |tensor| tensor.bytes[4] ^= 1);
    let kinds = [(&file, KvType::F16), (&file, KvType::F32), (&file, KvType::Q8), (&revised, KvType::F16)];
    let identities = kinds.map(|(file, kv)| of(file, kv));
    assert!(identities.iter().all(Option::is_some));
    assert_eq!(identities.iter().collect::<std::collections::HashSet<_>>().len(), kinds.len());
    assert_eq!(load(&file, LoadOptions::default()).identity, None);
}
