"""The same cases on the same vocabulary through llguidance, xgrammar and sglc: one table with ratios.

    python compare.py --model FILE.gguf --data FOLDER [--sglc PATH] [--sample N] …

FOLDER holds `jsonschema/`, `regex/` and `grammar/`. Blocks of cases go to the engines in turn, so that what else the machine
does falls on all of them; all times are CPU time of one thread.
"""

import argparse
import json
import select
import subprocess
import sys
import tempfile
from pathlib import Path

import cases as of_cases
from engines import ENGINES

HERE = Path(__file__).resolve().parent
FOLDERS = {"schemas": "jsonschema", "regexes": "regex", "grammars": "grammar"}


class Peer:
    """An engine of another project, in a process that is started again after a case took too long."""

    def __init__(self, name, python, model, limit):
        self.name, self.limit = name, limit
        self.words = [python, str(HERE / "engines.py"), name, str(model)]
        self.process, self.base, self.peak, self.version = None, None, 0.0, ""

    def _start(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        ready = self._line(600)
        if ready is None or "ready" not in ready:
            raise SystemExit(f"{self.name} does not start; run `{' '.join(self.words)}` to see why")
        self.base, self.version = ready["mib"], ready["version"]

    def _line(self, seconds):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def run(self, block):
        found = {}
        for case in block:
            if self.process is None:
                self._start()
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            line = self._line(self.limit)
            if line is None:
                late = self.process.poll() is None
                self.process.kill()
                self.process.wait()
                self.process = None
                line = {"id": case["id"], "error": "timeout" if late else "the process died"}
            else:
                self.peak = max(self.peak, line["mib"] or 0)
            found[case["id"]] = line
        return found

    def memory(self):
        return self.peak - (self.base or 0)


class Ours:
    """`sglc constrain --cases`, once a block."""

    def __init__(self, sglc, model, order, space):
        self.words = [sglc, "constrain", "--model", str(model), "--order", order, "--space", space, "--json"]
        self.name, self.peak = "sglc", 0.0
        self.version = subprocess.run([sglc, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
        with tempfile.TemporaryDirectory() as folder:
            self.base = self._run(folder, [])[0]["peak_mib"] or 0

    def _run(self, folder, block):
        path, details = Path(folder) / "cases.jsonl", Path(folder) / "details.jsonl"
        path.write_text("".join(json.dumps(case) + "\n" for case in block), encoding="utf-8")
        words = [*self.words, "--cases", str(path), "--details", str(details)]
        done = subprocess.run(words, capture_output=True, text=True)
        if not done.stdout:
            raise SystemExit(f"sglc fails: {done.stderr}")
        lines = map(json.loads, details.read_text(encoding="utf-8").splitlines())
        return json.loads(done.stdout), {line["id"]: line for line in lines}

    def run(self, block):
        with tempfile.TemporaryDirectory() as folder:
            total, found = self._run(folder, block)
        self.peak = max(self.peak, total["peak_mib"] or 0)
        return found

    def memory(self):
        return self.peak - self.base


def rows(figures):
    """Rows of the table: name, value, how it prints, whether less is better."""
    count = lambda a, b: f"{100 * figures[a] / figures[b]:.1f} %" if figures[b] else "–"
    yield "compiled, of all", count("compiled", "cases"), None
    yield "every instance right, of all", count("right", "cases"), None
    yield "valid accepted, of compiled", count("valid_accepted", "valid"), None
    yield "invalid rejected, of compiled", count("invalid_rejected", "invalid"), None
    yield "unsound / too strict", f"{figures['unsound']} / {figures['too_strict']}", None
    for name, label in (("compile", "compile"), ("ready", "compile and first mask"), ("mask", "mask")):
        for at in ("mean", "p50", "p99", "max"):
            value = figures[name][at]
            yield f"{label}, {at} (µs)", "–" if value is None else f"{value:,.1f}", value
    yield "tokens forced", count("forced", "tokens"), None
    yield "memory above the start (MiB)", f"{figures['memory']:.0f}", figures["memory"]
    if figures["timeouts"]:
        yield "cases out of time", str(figures["timeouts"]), None


def table(kind, results):
    """Markdown of one kind of cases; ratios are against the first engine."""
    names = list(results)
    columns = {name: list(rows(results[name])) for name in names}
    labels = list(dict.fromkeys(label for column in columns.values() for label, _, _ in column))
    first = {label: value for label, _, value in columns[names[0]]}
    lines = [f"| {kind} | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for label in labels:
        cells = []
        for name in names:
            text, value = next(((t, v) for l, t, v in columns[name] if l == label), ("0", None))
            ratio = value / first[label] if value and first.get(label) and name != names[0] else None
            cells.append(text + (f" ({ratio:.2f}×)" if ratio else ""))
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file of SmolLM2; only its vocabulary is read")
    parser.add_argument("--data", type=Path, required=True, help="folder with jsonschema/, regex/ and grammar/")
    parser.add_argument("--sglc", help="the binary; without it only the peers run")
    parser.add_argument("--peers", default=",".join(ENGINES), help="engines of others, by commas [%(default)s]")
    parser.add_argument("--kinds", default=",".join(FOLDERS), help="what to run, by commas [%(default)s]")
    parser.add_argument("--files", help="only files whose name contains this")
    parser.add_argument("--sample", type=int, help="cases of each kind, drawn by --seed; all if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block", type=int, default=50, help="cases an engine runs before the next one's turn [%(default)s]")
    parser.add_argument("--limit", type=float, default=60, help="seconds for a case of a peer [%(default)s]")
    parser.add_argument("--order", default="any", help="property order of sglc [%(default)s]")
    parser.add_argument("--space", default="flexible", help="white space of sglc [%(default)s]")
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    args = parser.parse_args()

    engines = [Peer(name, sys.executable, args.model, args.limit) for name in args.peers.split(",") if name]
    if args.sglc:
        engines.append(Ours(args.sglc, args.model, args.order, args.space))
    everything = {}
    for kind in args.kinds.split(","):
        files = sorted(Path(args.data, FOLDERS[kind]).glob("*.jsonl*"))
        files = [file for file in files if not args.files or args.files in file.name]
        drawn = of_cases.sample([case for file in files for case in of_cases.read(file)], args.sample, args.seed)
        found = {engine.name: {} for engine in engines}
        for engine in engines:
            engine.peak = engine.base or 0
        for turn, at in enumerate(range(0, len(drawn), args.block)):
            shift = turn % len(engines)
            for engine in engines[shift:] + engines[:shift]:
                found[engine.name] |= engine.run(drawn[at : at + args.block])
            print(f"{kind}: {min(at + args.block, len(drawn))} of {len(drawn)}", file=sys.stderr)
        results = {}
        for engine in engines:
            figures = of_cases.summary(drawn, found[engine.name])
            results[f"{engine.name} {engine.version}".strip()] = figures | {"memory": engine.memory()}
        everything[kind] = results
        print(table(f"{len(drawn)} {kind}", results), end="\n\n", flush=True)
    if args.output:
        args.output.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
