"""Files of cases → cases; a case and what an engine found → what was right. The READMEs of the data are the definition."""

import gzip
import json
import random


def read(path):
    """The cases of a JSONL file, packed or not."""
    opened = gzip.open(path, "rt", encoding="utf-8") if str(path).endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


def kind_of(case):
    """`schema`, `regex`, `gbnf` or `lark`."""
    return "schema" if "schema" in case else case["kind"]


def texts_of(case):
    """The text of each test: JSON as Python prints it."""
    return [test["text"] if "text" in test else json.dumps(test["data"], ensure_ascii=False) for test in case["tests"]]


def either(test):
    """Whether both answers are right."""
    return bool(test.get("format_fails") or test.get("edge_ignore"))


def sample(cases, count, seed):
    """`count` of the cases, the same ones for the same seed."""
    if count is None or count >= len(cases):
        return cases
    kept = set(random.Random(seed).sample(range(len(cases)), count))
    return [case for n, case in enumerate(cases) if n in kept]


def quantile(values, share):
    """The value at or above this share of the sorted list; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(cases, found):
    """Figures over cases: `found` maps an id to a line that an engine wrote."""
    out = dict.fromkeys(
        "cases compiled valid valid_accepted invalid invalid_rejected right unsound too_strict tokens forced timeouts".split(), 0
    )
    compile_us, ready_us, mask_us = [], [], []
    for case in cases:
        line = found[case["id"]]
        out["cases"] += 1
        out["timeouts"] += line["error"] == "timeout"
        compiled = line["error"] is None
        if case.get("unsatisfiable"):
            out["right"] += not compiled
            out["unsound"] += compiled
            continue
        if not compiled:
            continue
        out["compiled"] += 1
        compile_us.append(line["compile_us"])
        mask_us += line["mask_us"]
        ready_us.append(line["compile_us"] + (line["mask_us"] or [0])[0])
        out["tokens"] += line["tokens"]
        out["forced"] += line["forced"]
        strict = unsound = False
        for test, accepted in zip(case["tests"], line["accepted"], strict=True):
            if either(test):
                continue
            if test["valid"]:
                out["valid"] += 1
                out["valid_accepted"] += accepted
                strict |= not accepted
            else:
                out["invalid"] += 1
                out["invalid_rejected"] += not accepted
                unsound |= accepted
        out["too_strict"] += strict
        out["unsound"] += unsound
        out["right"] += not (strict or unsound)
    times = {"compile": compile_us, "ready": ready_us, "mask": mask_us}
    for name, values in times.items():
        out[name] = {
            "mean": sum(values) / len(values) if values else None,
            "p50": quantile(values, 0.5),
            "p99": quantile(values, 0.99),
            "max": max(values, default=None),
        }
    return out
