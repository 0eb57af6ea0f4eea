"""Reference vectors of a GGUF file: python3 reference.py FILE.gguf OUT.jsonl

In: a file of a known architecture. Out: a text a line with its tokens, the likeliest next tokens at its positions and its
greedy continuation, as `sglc model check --reference` and runtime/model/tests/reference.rs read them.

Nothing here shares code with sgl: the weights are dequantised to float32 by ggml's `gguf` package and run by transformers
in float32 on the CPU. The tokens come from llama.cpp; plain texts of a SentencePiece file from sentencepiece itself, and
where llama.cpp has others (it takes `</s>` out of Gemma's vocabulary, where it is an HTML tag) that is said.

    python3 -m venv venv && venv/bin/pip install gguf numpy sentencepiece protobuf torch transformers xllamacpp
    venv/bin/python xtask/reference.py gemma-3-270m-q4_k_m.gguf tests/data/reference/gemma3-270m-q4_k_m.jsonl
"""

import json
import sys
import urllib.request

import gguf
import torch
import transformers

TOP = 10
GREEDY = 48

# Name, text, and whether names of special tokens in it mean those tokens. BOS and CHAT are the model's own.
TEXTS = [
    ("plain-0", "{bos}It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.", True),
    ("plain-1", "{bos}The capital of France is", True),
    ("plain-2", "In the beginning God created the heaven and the earth.", False),
    ("code-0", "{bos}fn main() {\n    let xs: Vec<i32> = (0..10).map(|x| x * x).collect();\n\tprintln!(\"{xs:?}\");\n}\n", True),
    ("code-1", "{bos}<table>\n  <tr><td>1</td></tr>\n</table>\n\n\n<h1>x</h1>", True),
    ("odd-0", "1234567890 3.14159265 -42 0x1F 1e-9 12,345,678.90", False),
    ("odd-1", "naïve café – “quotes” … Zürich, Ærøskøbing, Łódź, İstanbul e\u0301", False),
    ("odd-2", "emoji: 😀👍🏽👨\u200d👩\u200d👧\u200d👦🇫🇷 and symbols ∑∫√≈≠≤≥ ½ №", False),
    ("odd-3", "  two   three    four" + " " * 40 + "forty \t\t tabs\t" + "\n" * 35 + " end  ", False),
    ("odd-4", "a\r\nb\r\nc\u00a0d\u200be\u3000f\u2028g\u0000h\u0001i\u007fj\ufeffk", False),
    ("odd-5", "unassigned \U000e0041\U0001fbff\U0010fffd\ue000 and 𒀀𓂀 汉字 日本語 한국어 العربية हिन्दी ไทย", False),
    ("odd-6", "CamelCaseIdentifiers and snake_case_names and kebab-case-names I'LL we'Ve", False),
    ("odd-7", "names as text: <bos> <eos> <|im_end|> <end_of_turn> <0x0A> <unk> <pad>[multimodal]<unused7>", False),
    ("odd-8", " ", False),
    ("odd-9", "<s>gone</s><start_of_image>▁a▁▁b", False),
    ("chat-0", "{chat}", True),
]

CHAT = {
    "gemma3": "{bos}<start_of_turn>user\nName three colours.<end_of_turn>\n<start_of_turn>model\n",
    "qwen2": "<|im_start|>system\nAnswer in one word.<|im_end|>\n<|im_start|>user\nWhat is 2+3?<|im_end|>\n<|im_start|>assistant\n",
    "llama": "<|im_start|>user\nName three colours.<|im_end|>\n<|im_start|>assistant\n",
}

# Longer than the window of a local layer.
WORDS = "precisely the having no upon about a book heaven tired of rivers that turn and never come home again".split()
LONG = "{bos}" + " ".join(WORDS[i * i % 89 % len(WORDS)] for i in range(620)) + "."


def config(fields, arch):
    """The file's numbers as transformers names them."""
    need = lambda key: fields[f"{arch}.{key}"].contents()
    have = lambda key, default: need(key) if f"{arch}.{key}" in fields else default
    heads, width = need("attention.head_count"), need("embedding_length")
    common = dict(
        hidden_size=width,
        intermediate_size=need("feed_forward_length"),
        num_hidden_layers=need("block_count"),
        num_attention_heads=heads,
        num_key_value_heads=have("attention.head_count_kv", heads),
        head_dim=have("attention.key_length", width // heads),
        rms_norm_eps=need("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=need("context_length"),
        attn_implementation="eager",
    )
    rope = dict(rope_type="default", rope_theta=have("rope.freq_base", 10000.0))
    if arch == "llama":
        return transformers.LlamaConfig(rope_parameters=rope, **common)
    if arch == "qwen2":
        return transformers.Qwen2Config(rope_parameters=rope, **common)
    kinds = ["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(common["num_hidden_layers"])]
    local = dict(rope_type="default", rope_theta=10000.0)
    return transformers.Gemma3TextConfig(
        query_pre_attn_scalar=common["head_dim"],
        sliding_window=need("attention.sliding_window"),
        layer_types=kinds,
        rope_parameters=dict(full_attention=rope, sliding_attention=local),
        hidden_activation="gelu_pytorch_tanh",
        **common,
    )


NAMES = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
FFN_NORM = {
    "llama": {"ffn_norm": "post_attention_layernorm"},
    "qwen2": {"ffn_norm": "post_attention_layernorm"},
    "gemma3": {
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    },
}


def weights(reader, arch, settings):
    """Every tensor as float32 under the name that transformers has for it."""
    names = NAMES | FFN_NORM[arch]
    state = {}
    for tensor in reader.tensors:
        values = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()).float()
        *block, part, kind = tensor.name.split(".")
        if tensor.name == "output.weight":
            state["lm_head.weight"] = values
            continue
        if arch == "gemma3" and part.endswith("norm"):
            values -= 1.0
        if arch == "llama" and part in ("attn_q", "attn_k"):
            # Files of llama have neighbours turn together; transformers turns halves.
            heads = settings.num_attention_heads if part == "attn_q" else settings.num_key_value_heads
            shape = values.shape
            values = values.view(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)
        where = f"layers.{block[1]}." if block else ""
        state[f"model.{where}{names[part]}.{kind}"] = values
    return state


def model_of(reader, arch):
    settings = config(reader.fields, arch)
    state = weights(reader, arch, settings)
    settings.vocab_size = state["model.embed_tokens.weight"].shape[0]
    settings.tie_word_embeddings = "lm_head.weight" not in state
    settings.pad_token_id = None
    kind = dict(llama=transformers.LlamaForCausalLM, qwen2=transformers.Qwen2ForCausalLM, gemma3=transformers.Gemma3ForCausalLM)
    model = kind[arch](settings).float().eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def llama_cpp(path):
    """A function from text to tokens, as llama.cpp has it."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = 256
    params.warmup = False
    server = xllamacpp.Server(params)

    def encode(text, special):
        body = json.dumps(dict(content=text, add_special=False, parse_special=special)).encode()
        request = urllib.request.Request(f"{server.listening_address}/tokenize", body, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))["tokens"]

    return encode


def sentence_piece(fields):
    """A function from plain text to tokens, as sentencepiece has it with the file's vocabulary."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto

    get = lambda key: fields[f"tokenizer.ggml.{key}"].contents()
    model = proto.ModelProto()
    for text, score, kind in zip(get("tokens"), get("scores"), get("token_type")):
        text = text.replace(" ", "\u2581") if kind == 4 else text
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = proto.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.unk_id = get("unknown_token_id")
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = get("add_space_prefix")
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString()).encode


def line(model, name, text, special, tokens):
    with torch.no_grad():
        log_probs = model(torch.tensor([tokens])).logits[0].double().log_softmax(-1)
        greedy, cache, new = [], None, tokens
        for _ in range(GREEDY):
            out = model(torch.tensor([new]), past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache, new = out.past_key_values, [int(out.logits[0, -1].argmax())]
            greedy += new
    best = log_probs.topk(TOP)
    top = [
        # Of a long text, some positions and its end.
        [[int(i), round(float(p), 4)] for i, p in zip(best.indices[at], best.values[at])]
        if len(tokens) < 200 or at % 16 == 0 or at > len(tokens) - 40 else []
        for at in range(len(tokens))
    ]
    nll = -sum(float(log_probs[i, tokens[i + 1]]) for i in range(len(tokens) - 1))
    return dict(id=name, text=text, special=special, tokens=tokens, top=top, nll=round(nll, 4), greedy=greedy)


def main(path, out):
    reader = gguf.GGUFReader(path)
    fields = reader.fields
    arch = fields["general.architecture"].contents()
    pieces = fields["tokenizer.ggml.tokens"].contents()
    adds_bos = arch == "gemma3"
    bos = pieces[fields["tokenizer.ggml.bos_token_id"].contents()] if adds_bos else ""
    encode = llama_cpp(path)
    plain = sentence_piece(fields) if fields["tokenizer.ggml.model"].contents() == "llama" else None
    model = model_of(reader, arch)
    with open(out, "w", encoding="utf-8") as file:
        for name, text, special in TEXTS + [("long-0", LONG, True)]:
            text = text.replace("{chat}", CHAT[arch]).replace("{bos}", bos)
            tokens = encode(text, special)
            if plain and not special:
                theirs, tokens = tokens, plain(text)
                if tokens != theirs:
                    print(f"{name}: llama.cpp has {theirs}, sentencepiece {tokens}", file=sys.stderr)
            print(name, len(tokens), file=sys.stderr)
            json.dump(line(model, name, text, special, tokens), file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
