#!/usr/bin/env python3
"""llama.cpp through llama-cpp-python's bindings: tokens per second of a prompt, and of sequences that go on at once. One JSON object a line.

    python3 steps_llama.py MODEL.gguf --threads 2 --prompt 512 --depth 64 --rows 1,16 --steps 32

What llama.cpp's own `llama-batched-bench` does: the batch is filled once a step, every sequence wants its logits, and no sampler runs. Flash attention is
off, its better setting on a CPU; sequences that share a prefix share its cells in one cache.
"""
import argparse
import ctypes
import json
import time

import llama_cpp as ll


class Steps:
    """A model in a context for `sequences` sequences of `tokens` cells in all."""

    def __init__(self, model, threads, sequences, tokens, shared):
        params = ll.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = tokens, 512, 512
        params.n_seq_max, params.kv_unified = sequences, shared
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = ll.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.context = ll.llama_init_from_model(model, params)
        self.memory = ll.llama_get_memory(self.context)
        self.batch = ll.llama_batch_init(512, 0, 1)

    def decode(self, rows):
        """One step over rows of (token, position, sequence, wants logits)."""
        self.batch.n_tokens = len(rows)
        for i, (token, position, sequence, logits) in enumerate(rows):
            self.batch.token[i], self.batch.pos[i], self.batch.logits[i] = token, position, logits
            self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, sequence
        if ll.llama_decode(self.context, self.batch) != 0:
            raise RuntimeError("llama_decode failed")
        ll.llama_synchronize(self.context)

    def prefill(self, sequence, tokens):
        for at in range(0, tokens, 512):
            end = min(at + 512, tokens)
            self.decode([(1000 + i % 997, i, sequence, i + 1 == tokens) for i in range(at, end)])

    def go_on(self, sequences, depth, steps):
        """Seconds for `steps` steps of one token for each sequence, of which each holds `depth` tokens."""
        begin = time.perf_counter()
        for step in range(steps):
            self.decode([(1000 + step, depth + step, s, True) for s in range(sequences)])
        return time.perf_counter() - begin

    def close(self):
        ll.llama_batch_free(self.batch)
        ll.llama_free(self.context)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--prompt", type=int, default=512)
    ap.add_argument("--depth", type=int, default=64)
    ap.add_argument("--steps", type=int, default=32)
    ap.add_argument("--rows", default="1,4,8,16,32")
    args = ap.parse_args()
    quiet = ll.llama_log_callback(lambda level, text, data: None)
    ll.llama_log_set(quiet, ctypes.c_void_p(0))
    ll.llama_backend_init()
    model = ll.llama_model_load_from_file(args.model.encode(), ll.llama_model_default_params())

    run = Steps(model, args.threads, 1, args.prompt + 64, False)
    run.prefill(0, 64)
    ll.llama_memory_clear(run.memory, True)
    begin = time.perf_counter()
    run.prefill(0, args.prompt)
    print(json.dumps({"work": "prefill", "rows": 1, "shared": 0, "tokens_per_second": args.prompt / (time.perf_counter() - begin)}), flush=True)
    run.close()

    rows = [int(n) for n in args.rows.split(",")]
    for shared in (0, args.prompt):
        for n in rows:
            depth = shared or args.depth
            cells = shared + n * (args.steps + 8) if shared else n * (depth + args.steps + 8)
            run = Steps(model, args.threads, n, cells, shared > 0)
            run.prefill(0, depth)
            for s in range(1, n):
                if shared:
                    ll.llama_memory_seq_cp(run.memory, 0, s, 0, depth)
                else:
                    run.prefill(s, depth)
            seconds = run.go_on(n, depth, args.steps)
            print(json.dumps({"work": "decode", "rows": n, "shared": shared, "tokens_per_second": n * args.steps / seconds}), flush=True)
            run.close()


if __name__ == "__main__":
    main()
