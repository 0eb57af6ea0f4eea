#!/usr/bin/env python3
"""The six programs on other runtimes and on sglc, in alternation: median seconds of each, and the ratios.

    python3 xtask/peers/peers.py --sglc target/release/sglc --model model.gguf --data DIR --runs 5 openvino guidance

Each peer gets a virtual environment of its own below --venvs (its packages come from the registry that pip is set up for); what
is there already is used again. `llama-server` is not a package: name a build of it with --llama-server. One run of a
peer is a process with a cold cache, and so is one run of sglc; they take turns, so that a machine that other programs
disturb disturbs both alike. Loading the model is not counted on either side. DIR holds the inputs NAME.jsonl; without it,
the few lines of examples/workloads/small are taken, which are enough to see that everything works.

Nothing that a build or a test needs is here, and no line of a peer's code.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = os.path.join(HERE, "..", "..", "examples", "workloads", "small")
NAMES = ["judge", "json_extract", "classify", "tot", "selfcons", "chat"]

# What a peer needs, and the script that runs the programs on it.
PEERS = {
    "openvino": (["openvino-genai", "openvino-tokenizers", "numpy"], "run_openvino.py"),
    "guidance": (["guidance", "llama-cpp-python"], "run_guidance.py"),
    "mistralrs": (["mistralrs"], "run_mistralrs.py"),
    "llama-server": ([], "run_llama_server.py"),
}


def environment(name, packages, venvs, options=("--only-binary", ":all:")):
    """The Python of the environment `name` that holds `packages`; it is made where it is missing."""
    if not packages:
        return sys.executable
    folder = os.path.join(venvs, name)
    python = os.path.join(folder, "bin", "python")
    done = os.path.join(folder, "installed")
    if not os.path.exists(done):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        # A package without a wheel would be built from source, for an hour and with a compiler that may be missing: who
        # wants that says so by `options`.
        subprocess.run([python, "-m", "pip", "install", "--quiet", *options, *packages], check=True)
        open(done, "w").close()
    return python


def peer_seconds(peer, python, args, program):
    """One run of a program on a peer, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.jsonl")
        command = [python, os.path.join(HERE, PEERS[peer][1]), "--model", args.model, "--programs", program,
                   "--reps", "1", "--out", out]
        if peer == "llama-server":
            command += ["--server", args.llama_server, "--slots", "8", "--native-n"]
        else:
            command += ["--threads", str(args.threads)]
        if peer == "llama-server":
            command += ["--", "-fa", "off"]
        env = {**os.environ, "WORKLOADS": args.data, "HF_HUB_OFFLINE": "1"}
        subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
        with open(out) as lines:
            return json.loads(lines.readline())["wall_s"]


def our_seconds(args, program):
    """One run of a program on sglc, in seconds."""
    command = [args.sglc, "bench", "programs", program, "--data", args.data, "--model", args.model, "--runs", "1",
               "--threads", str(args.threads), "--json"]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(found)["programs"][0]["seconds"]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("peers", nargs="+", choices=sorted(PEERS))
    ap.add_argument("--sglc", required=True)
    ap.add_argument("--model", required=True)
    ap.add_argument("--data", default=SMALL)
    ap.add_argument("--venvs", default=os.path.join(tempfile.gettempdir(), "sgl-peers"))
    ap.add_argument("--llama-server", help="a build of llama.cpp's server")
    ap.add_argument("--programs", default=",".join(NAMES))
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    ap.add_argument("--out", help="where every single time goes, a JSON object a line")
    args = ap.parse_args()
    if "llama-server" in args.peers and not args.llama_server:
        ap.error("llama-server is built from source: name it with --llama-server")
    args.data, args.model = os.path.abspath(args.data), os.path.abspath(args.model)
    pythons = {peer: environment(peer, PEERS[peer][0], args.venvs) for peer in args.peers}
    print(f"{'program':<13} {'sglc':>8}" + "".join(f" {peer:>14} {'ratio':>6}" for peer in args.peers))
    for program in args.programs.split(","):
        times = {"sglc": [], **{peer: [] for peer in args.peers}}
        for run in range(args.runs):
            for side in times:
                took = our_seconds(args, program) if side == "sglc" else peer_seconds(side, pythons[side], args, program)
                times[side].append(took)
                if args.out:
                    with open(args.out, "a") as out:
                        out.write(json.dumps({"side": side, "program": program, "run": run, "seconds": took}) + "\n")
        ours = statistics.median(times["sglc"])
        line = f"{program:<13} {ours:>8.2f}"
        for peer in args.peers:
            # The ratio of each pair, because two runs that follow one another met the same machine.
            ratio = statistics.median(a / b for a, b in zip(times["sglc"], times[peer]))
            line += f" {statistics.median(times[peer]):>14.2f} {ratio:>6.2f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
