#!/usr/bin/env python3
"""A model's steps on other runtimes and on sglc, in alternation: median tokens per second of each, and the ratios.

    python3 xtask/peers/steps.py --sglc target/release/sglc --model model.gguf --runs 5 openvino llama.cpp

A prompt of 512 tokens; then 1 to 32 sequences that go on at once, each after 64 tokens of its own; then the same after 512
tokens that all of them share. No sampler and no scheduler of ours is in our figures; the peers' are those of their own
steps. Environments are made and found as `peers.py` makes them; llama.cpp is built from source by its bindings' package,
for this machine's CPU.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

from peers import HERE, environment

PEERS = {
    "openvino": ("openvino", ["openvino-genai", "openvino-tokenizers", "numpy"], [], "steps_openvino.py"),
    "llama.cpp": ("llama.cpp", ["llama-cpp-python"], ["--no-binary", "llama-cpp-python"], "steps_llama.py"),
}


def ours(args):
    """Tokens per second of every figure, by (work, sequences, shared tokens)."""
    command = [args.sglc, "bench", "engine", "--model", args.model, "--runs", "1", "--threads", str(args.threads), "--json",
               "--prompt", str(args.prompt), "--depth", str(args.depth), "--rows", args.rows]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {(f["work"], f["sequences"], f["shared"]): f["tokens_per_second"] for f in found["figures"]}


def theirs(args, python, script):
    command = [python, os.path.join(HERE, script), args.model, "--threads", str(args.threads), "--prompt", str(args.prompt),
               "--depth", str(args.depth), "--rows", args.rows]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    figures = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    return {(f["work"], f["rows"], f["shared"]): f["tokens_per_second"] for f in figures}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("peers", nargs="+", choices=sorted(PEERS))
    ap.add_argument("--sglc", required=True)
    ap.add_argument("--model", required=True)
    ap.add_argument("--venvs", default=os.path.join(tempfile.gettempdir(), "sgl-peers"))
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    ap.add_argument("--prompt", type=int, default=512)
    ap.add_argument("--depth", type=int, default=64)
    ap.add_argument("--rows", default="1,4,8,16,32")
    args = ap.parse_args()
    args.model = os.path.abspath(args.model)
    pythons = {}
    for peer in args.peers:
        name, packages, options, _ = PEERS[peer]
        pythons[peer] = environment(name, packages, args.venvs, options)
    runs = {"sglc": [], **{peer: [] for peer in args.peers}}
    for _ in range(args.runs):
        for side in runs:
            runs[side].append(ours(args) if side == "sglc" else theirs(args, pythons[side], PEERS[side][3]))
    print(f"{'tokens a second':<24} {'sglc':>8}" + "".join(f" {peer:>10} {'ratio':>6}" for peer in args.peers))
    for key in runs["sglc"][0]:
        work, rows, shared = key
        name = f"{work} {args.prompt if work == 'prefill' else rows}" + (f", {shared} shared" if shared else "")
        line = f"{name:<24} {statistics.median(run[key] for run in runs['sglc']):>8.1f}"
        for peer in args.peers:
            # The ratio of each pair, because two runs that follow one another met the same machine.
            ratio = statistics.median(a[key] / b[key] for a, b in zip(runs["sglc"], runs[peer]))
            line += f" {statistics.median(run[key] for run in runs[peer]):>10.1f} {ratio:>6.2f}"
        print(line)


if __name__ == "__main__":
    main()
