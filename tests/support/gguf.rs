//! GGUF files made in memory: the vocabulary of the tests, alone or with a small Llama of random weights.

/// Tokens beside the 256 bytes, and how they are merged.
const WORDS: [&str; 7] = ["th", "the", "in", "ing", "er", "an", "and"];
const MERGES: [&str; 7] = ["t h", "th e", "i n", "in g", "e r", "a n", "an d"];
/// A last one, which may be another.
pub const LAST: [&str; 2] = ["ou", "o u"];
const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// Numbers in the state of a row, in a head, and inside the feed-forward block.
const WIDTH: usize = 64;
const HEAD: usize = 32;
const INNER: usize = 128;
/// Query heads, over one head of keys.
const HEADS: usize = 2;

/// Types of numbers in a file.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// A file that is being made.
#[derive(Default)]
struct File {
    keys: Vec<Vec<u8>>,
    /// Heads of tensors, and their bytes.
    tensors: Vec<(Vec<u8>, usize)>,
    data: Vec<u8>,
}

/// A byte-level tokenizer and nothing else, with this last word and how it is merged.
pub fn vocabulary(last: [&str; 2]) -> Vec<u8> {
    tokenizer(last).build()
}

/// The same tokenizer with a Llama of one layer, coded in 8 bits, that reads `context` tokens.
pub fn llama(context: usize) -> Vec<u8> {
    let mut file = tokenizer(LAST);
    file.key("general.architecture", TEXT, text("llama"));
    for (name, number) in [
        ("block_count", 1),
        ("context_length", context),
        ("embedding_length", WIDTH),
        ("feed_forward_length", INNER),
        ("attention.head_count", HEADS),
        ("attention.head_count_kv", 1),
        ("rope.dimension_count", HEAD),
    ] {
        file.key(&format!("llama.{name}"), U32, (number as u32).to_le_bytes().to_vec());
    }
    file.key("llama.attention.layer_norm_rms_epsilon", F32, 1e-5f32.to_le_bytes().to_vec());
    file.matrix("token_embd.weight", WIDTH, 256 + WORDS.len() + 1 + CONTROL.len());
    for (name, columns, rows) in [
        ("attn_q", WIDTH, HEADS * HEAD),
        ("attn_k", WIDTH, HEAD),
        ("attn_v", WIDTH, HEAD),
        ("attn_output", HEADS * HEAD, WIDTH),
        ("ffn_gate", WIDTH, INNER),
        ("ffn_up", WIDTH, INNER),
        ("ffn_down", INNER, WIDTH),
    ] {
        file.matrix(&format!("blk.0.{name}.weight"), columns, rows);
    }
    for name in ["blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"] {
        file.tensor(name, &[WIDTH], 0, &1f32.to_le_bytes().repeat(WIDTH));
    }
    file.build()
}

fn tokenizer([word, merge]: [&str; 2]) -> File {
    let mut others = 0x100u32..;
    let byte = |byte: u32| {
        let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        char::from_u32(if printable { byte } else { others.next().unwrap() }).unwrap().to_string()
    };
    let bytes = (0..256).map(byte).collect::<Vec<_>>();
    let words = WORDS.into_iter().chain([word]);
    let tokens: Vec<&str> = bytes.iter().map(String::as_str).chain(words).chain(CONTROL).collect();
    let merges: Vec<&str> = MERGES.into_iter().chain([merge]).collect();
    let types = tokens.iter().map(|token| if CONTROL.contains(token) { 3i32 } else { 1 });
    let mut file = File::default();
    file.key("tokenizer.ggml.model", TEXT, text("gpt2"));
    file.key("tokenizer.ggml.pre", TEXT, text("gpt-2"));
    file.key("tokenizer.ggml.tokens", LIST, list(TEXT, tokens.iter().map(|token| text(token))));
    file.key("tokenizer.ggml.merges", LIST, list(TEXT, merges.iter().map(|merge| text(merge))));
    file.key("tokenizer.ggml.token_type", LIST, list(I32, types.map(|kind| kind.to_le_bytes().to_vec())));
    file.key("tokenizer.ggml.eos_token_id", U32, (tokens.len() as u32 - 1).to_le_bytes().to_vec());
    file
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn list(kind: u32, elements: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let head = [&kind.to_le_bytes()[..], &(elements.len() as u64).to_le_bytes()].concat();
    [head, elements.flatten().collect()].concat()
}

impl File {
    fn key(&mut self, name: &str, kind: u32, value: Vec<u8>) {
        self.keys.push([text(name), kind.to_le_bytes().to_vec(), value].concat());
    }

    fn tensor(&mut self, name: &str, dims: &[usize], kind: u32, bytes: &[u8]) {
        let dims_of = dims.iter().flat_map(|&dim| (dim as u64).to_le_bytes());
        let head = [text(name), (dims.len() as u32).to_le_bytes().to_vec(), dims_of.collect()].concat();
        self.tensors.push(([head, kind.to_le_bytes().to_vec()].concat(), self.data.len()));
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(32), 0);
    }

    /// Blocks of 32 codes of 8 bits under a scale (`Q8_0`): any codes, which are the same in each build.
    fn matrix(&mut self, name: &str, columns: usize, rows: usize) {
        let mut seed = name.bytes().fold(7, |seed, byte| (seed * 31u64 + u64::from(byte)) % (1 << 40));
        let mut code = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        };
        // A half of 2⁻⁹.
        let scale = 0x1800u16.to_le_bytes();
        let blocks =
            (0..columns * rows / 32).flat_map(|_| scale.into_iter().chain((0..32).map(|_| code()).collect::<Vec<_>>()));
        let bytes: Vec<u8> = blocks.collect();
        self.tensor(name, &[columns, rows], 8, &bytes);
    }

    fn build(self) -> Vec<u8> {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend([self.tensors.len() as u64, self.keys.len() as u64].map(u64::to_le_bytes).concat());
        file.extend(self.keys.concat());
        for (head, at) in &self.tensors {
            file.extend(head);
            file.extend((*at as u64).to_le_bytes());
        }
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.data);
        file
    }
}
