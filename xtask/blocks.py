"""Blocks of every tensor type with the floats they hold: python3 blocks.py > tests/data/blocks.jsonl

A line is a type, the bytes of two random blocks and the bits of their numbers, both in hex, as ggml's `gguf` package
dequantises them. kernels/tests/blocks.rs reads them.
"""

import json

import gguf
import numpy as np

# Where the halves of a block stand, which random bits would make infinite or worse.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}  # fmt: skip

random = np.random.default_rng(6)
for name, halves in HALVES.items():
    kind = gguf.GGMLQuantizationType[name]
    _, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (2, size), dtype=np.uint8)
    for at in halves:
        blocks[:, at : at + 2] = random.normal(0, 0.1, (2, 1)).astype("<f2").view(np.uint8)
    values = gguf.quants.dequantize(blocks.reshape(-1), kind).astype("<f4")
    print(json.dumps(dict(type=name, bytes=blocks.tobytes().hex(), values=values.tobytes().hex())))
