"""A GGUF file's vocabulary → the same tokenizer for every engine.

Only the metadata is read. The pre-tokenizer is SmolLM2's: digits one by one, then GPT-2's split over bytes.
"""

import json
import mmap
import struct

_SCALARS = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3
#: Special tokens that end a generation, by their names; the engines get the same list.
_ENDS = "<|endoftext|> <|im_end|> <|end_of_text|> <|eot_id|> <|eom_id|> <|end|> <|return|> <end_of_turn>".split()


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, form):
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self):
        size = self.scalar("<Q")
        value = self.data[self.at : self.at + size]
        self.at += size
        return value.decode("utf-8")

    def value(self, kind):
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            inner, count = self.scalar("<I"), self.scalar("<Q")
            return [self.value(inner) for _ in range(count)]
        return self.scalar(_SCALARS[kind])


def metadata(path):
    """Keys and values of a GGUF file."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        cursor = _Cursor(data)
        if data[:4] != b"GGUF":
            raise SystemExit(f"{path} is no GGUF file")
        cursor.at = 8
        _tensors, count = cursor.scalar("<Q"), cursor.scalar("<Q")
        return {cursor.text(): cursor.value(cursor.scalar("<I")) for _ in range(count)}


def _byte_alphabet():
    """GPT-2's character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(rest)}


class Vocabulary:
    """Tokens as byte strings, the tokenizer as `tokenizer.json`, and the tokens that end a text."""

    def __init__(self, path):
        meta = metadata(path)
        if meta["tokenizer.ggml.model"] != "gpt2" or meta.get("tokenizer.ggml.pre") not in ("smollm", "smaug-bpe"):
            raise SystemExit("the comparison knows the tokenizer of SmolLM2 only")
        self.texts = meta["tokenizer.ggml.tokens"]
        self.kinds = meta["tokenizer.ggml.token_type"]
        merges = [tuple(pair.split(" ", 1)) for pair in meta["tokenizer.ggml.merges"]]
        alphabet = _byte_alphabet()
        self.special = [kind in (_UNKNOWN, _CONTROL) for kind in self.kinds]
        self.bytes = [
            text.encode() if special else bytes(alphabet[c] for c in text)
            for text, special in zip(self.texts, self.special)
        ]
        named = {meta.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")} - {None}
        named |= {self.texts.index(name) for name in _ENDS if name in self.texts}
        self.ends = sorted(named)

        from tokenizers import AddedToken, Tokenizer, models, decoders, pre_tokenizers

        self.tokenizer = Tokenizer(models.BPE({text: n for n, text in enumerate(self.texts)}, merges))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        self.tokenizer.decoder = decoders.ByteLevel()
        plain = self.tokenizer.to_str()
        self.plain = Tokenizer.from_str(plain)
        names = [text for text, special in zip(self.texts, self.special) if special]
        self.tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])

    def __len__(self):
        return len(self.texts)

    def json(self):
        """The tokenizer in the form that the peers read."""
        return self.tokenizer.to_str()

    def encode(self, text):
        """Tokens of plain text: names of special tokens are text."""
        return self.plain.encode(text, add_special_tokens=False).ids


def check(vocabulary, reference):
    """Compares the tokens with reference vectors; returns how many lines there were."""
    count = 0
    with open(reference, encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if not line["special"]:
                assert vocabulary.encode(line["text"]) == line["tokens"], line["id"]
                count += 1
    return count
