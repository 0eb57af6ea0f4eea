#!/usr/bin/env python3
"""OpenVINO GenAI: tokens per second of a prompt, and of sequences that go on at once. One JSON object a line.

    python3 steps_openvino.py MODEL.gguf --threads 2 --prompt 512 --depth 64 --rows 1,16 --steps 32

Its continuous batching, with the end-of-text token ignored. With a shared prefix, prefix caching is on and one request has filled the cache before.
"""
import argparse
import json
import random
import time

import numpy as np
import openvino as ov
import openvino_genai as og


class Steps:
    def __init__(self, model, threads, shared):
        config = og.SchedulerConfig()
        config.cache_size, config.enable_prefix_caching = 2, shared
        config.max_num_batched_tokens, config.max_num_seqs = 4096, 64
        self.pipeline = og.ContinuousBatchingPipeline(model, config, "CPU", {"INFERENCE_NUM_THREADS": threads})
        self.random = random.Random(1)

    def tokens(self, n):
        return [self.random.randrange(1000, 40000) for _ in range(n)]

    def run(self, prompts, new):
        """Seconds to the first token of all, and for the rest with the number of tokens that came in it."""
        config = og.GenerationConfig()
        config.max_new_tokens, config.ignore_eos = new, True
        handles = [self.pipeline.add_request(i, ov.Tensor(np.array([p], np.int64)), config) for i, p in enumerate(prompts)]
        begin = time.perf_counter()
        self.pipeline.step()
        middle, steps = time.perf_counter(), 0
        while self.pipeline.has_non_finished_requests():
            self.pipeline.step()
            steps += 1
        del handles
        return middle - begin, time.perf_counter() - middle, steps


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--prompt", type=int, default=512)
    ap.add_argument("--depth", type=int, default=64)
    ap.add_argument("--steps", type=int, default=32)
    ap.add_argument("--rows", default="1,4,8,16,32")
    args = ap.parse_args()
    rows = [int(n) for n in args.rows.split(",")]
    for shared in (0, args.prompt):
        run = Steps(args.model, args.threads, shared > 0)
        run.run([run.tokens(64)], 4)
        if not shared:
            seconds, _, _ = run.run([run.tokens(args.prompt)], 2)
            print(json.dumps({"work": "prefill", "rows": 1, "shared": 0, "tokens_per_second": args.prompt / seconds}), flush=True)
        prefix = run.tokens(shared)
        if shared:
            run.run([prefix], 2)
        for n in rows:
            prompts = [prefix + run.tokens(8) if shared else run.tokens(args.depth) for _ in range(n)]
            _, seconds, steps = run.run(prompts, args.steps + 1)
            print(json.dumps({"work": "decode", "rows": n, "shared": shared, "tokens_per_second": n * steps / seconds}), flush=True)


if __name__ == "__main__":
    main()
