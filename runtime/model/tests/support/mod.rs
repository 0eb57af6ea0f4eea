//! Small GGUF files, made in memory: a writer, and models of random weights.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use half::{bf16, f16};
use sgl_kernels::TensorType;

/// A metadata value to write.
#[derive(Clone)]
pub enum Val {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(&'static str),
    Texts(Vec<String>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
    /// A type number and the bytes that follow it.
    Raw(u32, Vec<u8>),
}

#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub dims: Vec<u64>,
    pub kind: u32,
    pub bytes: Vec<u8>,
    /// Instead of the next free place.
    pub offset: Option<u64>,
}

#[derive(Clone)]
pub struct Writer {
    pub magic: [u8; 4],
    pub version: u32,
    pub keys: Vec<(String, Val)>,
    pub tensors: Vec<Tensor>,
    /// Instead of the true counts.
    pub counts: [Option<u64>; 2],
}

impl Default for Writer {
    fn default() -> Self {
        Self { magic: *b"GGUF", version: 3, keys: Vec::new(), tensors: Vec::new(), counts: [None; 2] }
    }
}

pub fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl Writer {
    pub fn key(mut self, name: &str, value: Val) -> Self {
        self.keys.push((name.into(), value));
        self
    }

    /// Replaces a key that is there.
    pub fn with(mut self, name: &str, value: Val) -> Self {
        self.keys.iter_mut().find(|(key, _)| key == name).unwrap().1 = value;
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.keys.retain(|(key, _)| key != name);
        self.tensors.retain(|tensor| tensor.name != name);
        self
    }

    pub fn tensor(mut self, name: &str, dims: &[u64], kind: TensorType, bytes: Vec<u8>) -> Self {
        let dims = dims.to_vec();
        self.tensors.push(Tensor { name: name.into(), dims, kind: kind.ggml_id(), bytes, offset: None });
        self
    }

    pub fn edit(mut self, name: &str, edit: impl Fn(&mut Tensor)) -> Self {
        edit(self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap());
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(self.counts[0].unwrap_or(self.tensors.len() as u64).to_le_bytes());
        out.extend(self.counts[1].unwrap_or(self.keys.len() as u64).to_le_bytes());
        for (key, value) in &self.keys {
            text(&mut out, key);
            let mut typed = |kind: u32, bytes: &[u8]| {
                out.extend(kind.to_le_bytes());
                out.extend(bytes);
            };
            match value {
                Val::U32(n) => typed(4, &n.to_le_bytes()),
                Val::F32(x) => typed(6, &x.to_le_bytes()),
                Val::Bool(b) => typed(7, &[u8::from(*b)]),
                Val::Text(t) => {
                    typed(8, &[]);
                    text(&mut out, t);
                }
                Val::Texts(list) => {
                    typed(9, &8u32.to_le_bytes());
                    out.extend((list.len() as u64).to_le_bytes());
                    list.iter().for_each(|t| text(&mut out, t));
                }
                Val::I32s(list) => {
                    typed(9, &5u32.to_le_bytes());
                    out.extend((list.len() as u64).to_le_bytes());
                    list.iter().for_each(|n| out.extend(n.to_le_bytes()));
                }
                Val::F32s(list) => {
                    typed(9, &6u32.to_le_bytes());
                    out.extend((list.len() as u64).to_le_bytes());
                    list.iter().for_each(|x| out.extend(x.to_le_bytes()));
                }
                Val::Raw(kind, bytes) => typed(*kind, bytes),
            }
        }
        let mut data = Vec::new();
        for tensor in &self.tensors {
            text(&mut out, &tensor.name);
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            tensor.dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&tensor.bytes);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend(data);
        out
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn float(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Blocks of random codes whose numbers are of the size of a model's weights.
    pub fn weights(&mut self, kind: TensorType, elements: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..kind.row_bytes(elements).unwrap()).map(|_| self.bits() as u8).collect();
        for block in bytes.chunks_exact_mut(kind.block_bytes()) {
            let mut half = |at: usize, size: f32| {
                block[at..at + 2].copy_from_slice(&f16::from_f32(self.float() * size).to_le_bytes());
            };
            match kind {
                TensorType::F32 => block.copy_from_slice(&(self.float() * 0.1).to_le_bytes()),
                TensorType::BF16 => block.copy_from_slice(&bf16::from_f32(self.float() * 0.1).to_le_bytes()),
                TensorType::F16 => half(0, 0.1),
                TensorType::Q4_0 => half(0, 0.02),
                TensorType::Q5_0 => half(0, 0.01),
                TensorType::Q8_0 => half(0, 0.001),
                TensorType::Q4_1 => [0, 2].iter().for_each(|&at| half(at, 0.02)),
                TensorType::Q5_1 => [0, 2].iter().for_each(|&at| half(at, 0.01)),
                TensorType::Q4_K | TensorType::Q5_K => [0, 2].iter().for_each(|&at| half(at, 0.0003)),
                TensorType::Q6_K => half(208, 0.00005),
            }
        }
        bytes
    }
}

pub const WIDTH: u64 = 256;

/// The characters of a byte-level vocabulary, in the order of bytes.
pub fn byte_texts() -> Vec<String> {
    let mut others = 0x100u32..;
    (0..256u32)
        .map(|byte| {
            let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
            char::from_u32(if printable { byte } else { others.next().unwrap() }).unwrap().to_string()
        })
        .collect()
}

/// A byte-level tokenizer: the bytes, `he`, `ll`, `hell`, `ĠĠ`, three control tokens and a user-defined one.
pub fn tokenizer() -> Writer {
    let mut tokens = byte_texts();
    let mut types = vec![1; 260];
    tokens.extend(["he", "ll", "hell", "ĠĠ", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>"].map(Into::into));
    types.extend([3, 3, 3, 4]);
    let merges = ["h e", "l l", "he ll", "Ġ Ġ"].map(String::from).to_vec();
    Writer::default()
        .key("tokenizer.ggml.model", Val::Text("gpt2"))
        .key("tokenizer.ggml.pre", Val::Text("gpt-2"))
        .key("tokenizer.ggml.tokens", Val::Texts(tokens))
        .key("tokenizer.ggml.token_type", Val::I32s(types))
        .key("tokenizer.ggml.merges", Val::Texts(merges))
        .key("tokenizer.ggml.bos_token_id", Val::U32(261))
        .key("tokenizer.ggml.eos_token_id", Val::U32(262))
}

/// A SentencePiece tokenizer of [`WORDS`] tokens: control tokens, a newline that is always a token, the bytes, and some pieces
/// whose scores fall.
pub fn pieces() -> Writer {
    let mut tokens =
        ["<unk>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "\n\n", "  "].map(String::from).to_vec();
    let mut types = vec![2, 3, 3, 3, 3, 4, 4];
    tokens.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    types.extend([6; 256]);
    let words =
        ["\u{2581}", "h", "e", "l", "o", "he", "ll", "lo", "hell", "hello", "\u{2581}he", "\u{2581}hello", "ol"];
    let first = tokens.len();
    tokens.extend(words.map(String::from));
    types.extend(words.map(|_| 1));
    // To a whole number of rows of eight.
    tokens.extend((tokens.len()..WORDS).map(|n| format!("unused{n}")));
    types.resize(WORDS, 5);
    let scores = (0..WORDS).map(|at| if at < first { 0.0 } else { -((at - first) as f32) }).collect();
    Writer::default()
        .key("tokenizer.ggml.model", Val::Text("llama"))
        .key("tokenizer.ggml.tokens", Val::Texts(tokens))
        .key("tokenizer.ggml.scores", Val::F32s(scores))
        .key("tokenizer.ggml.token_type", Val::I32s(types))
        .key("tokenizer.ggml.bos_token_id", Val::U32(1))
        .key("tokenizer.ggml.eos_token_id", Val::U32(2))
        .key("tokenizer.ggml.add_space_prefix", Val::Bool(false))
}

/// Tokens of [`pieces`].
pub const WORDS: usize = 280;

/// What differs between small models.
struct Plan {
    name: &'static str,
    tokens: u64,
    layers: usize,
    heads: u32,
    kv_heads: u32,
    head_dim: u64,
    /// Vectors of a block and how long they are.
    vectors: &'static [(&'static str, u64)],
}

/// A Llama of two layers, 256 wide, with 8 heads of 32 over 2 of keys, and 264 tokens; matrices of one type.
pub fn llama(kind: TensorType, seed: u64) -> Writer {
    let vectors = &[("attn_norm.weight", WIDTH), ("ffn_norm.weight", WIDTH)];
    let plan = Plan { name: "llama", tokens: 264, layers: 2, heads: 8, kv_heads: 2, head_dim: 32, vectors };
    plan.write(tokenizer(), kind, seed)
}

/// A Qwen 2 of the same sizes.
pub fn qwen2(kind: TensorType, seed: u64) -> Writer {
    let vectors = &[
        ("attn_norm.weight", WIDTH),
        ("ffn_norm.weight", WIDTH),
        ("attn_q.bias", 256),
        ("attn_k.bias", 64),
        ("attn_v.bias", 64),
    ];
    let plan = Plan { name: "qwen2", tokens: 264, layers: 2, heads: 8, kv_heads: 2, head_dim: 32, vectors };
    plan.write(tokenizer(), kind, seed)
}

/// A Gemma 3 of six layers, the last of them global and the others with a window of 24, with 2 heads of 128 over 1.
pub fn gemma3(kind: TensorType, seed: u64) -> Writer {
    let vectors = &[
        ("attn_norm.weight", WIDTH),
        ("attn_q_norm.weight", 128),
        ("attn_k_norm.weight", 128),
        ("post_attention_norm.weight", WIDTH),
        ("ffn_norm.weight", WIDTH),
        ("post_ffw_norm.weight", WIDTH),
    ];
    let tokens = WORDS as u64;
    let plan = Plan { name: "gemma3", tokens, layers: 6, heads: 2, kv_heads: 1, head_dim: 128, vectors };
    plan.write(pieces(), kind, seed)
        .key("gemma3.attention.key_length", Val::U32(128))
        .key("gemma3.attention.value_length", Val::U32(128))
        .key("gemma3.attention.sliding_window", Val::U32(24))
        .key("gemma3.rope.freq_base", Val::F32(1e6))
}

impl Plan {
    fn write(&self, mut file: Writer, kind: TensorType, seed: u64) -> Writer {
        let mut random = Random(seed);
        let name = self.name;
        file = file.key("general.architecture", Val::Text(name));
        for (key, value) in [
            ("block_count", self.layers as u32),
            ("context_length", 128),
            ("embedding_length", WIDTH as u32),
            ("feed_forward_length", 512),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
            ("rope.dimension_count", self.head_dim as u32),
        ] {
            file = file.key(&format!("{name}.{key}"), Val::U32(value));
        }
        file = file.key(&format!("{name}.attention.layer_norm_rms_epsilon"), Val::F32(1e-5));
        let (queries, kv) = (u64::from(self.heads) * self.head_dim, u64::from(self.kv_heads) * self.head_dim);
        let mut matrix = |file: Writer, name: &str, cols: u64, rows: u64| {
            file.tensor(name, &[cols, rows], kind, random.weights(kind, (cols * rows) as usize))
        };
        file = matrix(file, "token_embd.weight", WIDTH, self.tokens);
        for layer in 0..self.layers {
            for (part, cols, rows) in [
                ("attn_q", WIDTH, queries),
                ("attn_k", WIDTH, kv),
                ("attn_v", WIDTH, kv),
                ("attn_output", queries, WIDTH),
                ("ffn_gate", WIDTH, 512),
                ("ffn_up", WIDTH, 512),
                ("ffn_down", 512, WIDTH),
            ] {
                file = matrix(file, &format!("blk.{layer}.{part}.weight"), cols, rows);
            }
            for (part, len) in self.vectors {
                file = file.tensor(&format!("blk.{layer}.{part}"), &[*len], TensorType::F32, ones(*len));
            }
        }
        file.tensor("output_norm.weight", &[WIDTH], TensorType::F32, ones(WIDTH))
    }
}

fn ones(len: u64) -> Vec<u8> {
    1.0f32.to_le_bytes().repeat(len as usize)
}
