"""The six benchmark programs, written once over a small asynchronous backend interface.

A backend offers three coroutines (all take the whole text so far; reuse of what was seen before is the
backend's own business) and counts what it did in `backend.stats`:

    await b.gen(text, max_tokens, temperature=0.0, top_p=1.0, seed=0)  -> str   exactly max_tokens tokens where the
                                                                         backend can ignore the end-of-text token
    await b.gen_n(text, n, max_tokens, temperature, top_p, seed)        -> [str]  n samples of one prompt
    await b.select(text, options)                                      -> str   one of the options (greedy)
    await b.json(text, schema, max_tokens)                             -> str   text that fits the schema (greedy)
"""
import asyncio
import json
import os
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = os.environ.get("WORKLOADS", os.path.join(HERE, "..", "..", "examples", "workloads", "small"))


def load(name):
    with open(os.path.join(WORKLOADS, name + ".jsonl")) as f:
        rows = [json.loads(x) for x in f]
    return rows[0], rows[1:]


class Stats:
    def __init__(self):
        self.requests = 0
        self.prompt_logical = 0    # tokens of all prompts as if nothing were ever reused
        self.prompt_processed = 0  # prompt tokens that the runtime says it computed
        self.completion = 0        # tokens produced (for select/json: tokens sampled or forced)

    def as_dict(self):
        return dict(self.__dict__)


async def judge(b, limit=None):
    h, items = load("judge")
    k = h["params"]["reason_tokens"]

    async def one(it):
        base = h["prefix"] + it["essay"]

        async def dim(d):
            t = base + d["ask"]
            reason = await b.gen(t, k)
            g = await b.select(t + reason + h["grade_ask"], h["grades"])
            return d["ask"] + reason + h["grade_ask"] + g
        parts = await asyncio.gather(*[dim(d) for d in h["dimensions"]])
        return await b.select(base + "".join(parts) + h["final_ask"], h["final_grades"])
    return await asyncio.gather(*[one(x) for x in items[:limit]])


async def json_extract(b, limit=None):
    h, items = load("json_extract")

    async def one(it):
        s = await b.json(h["prefix"] + it["text"] + h["ask"], h["schema"], h["params"]["max_tokens"])
        try:
            return json.loads(s) == it["expect"], True
        except ValueError:
            return False, False
    r = await asyncio.gather(*[one(x) for x in items[:limit]])
    return {"valid": sum(v for _, v in r), "exact": sum(e for e, _ in r), "of": len(r)}


async def classify(b, limit=None):
    h, items = load("classify")

    async def one(it):
        return (await b.select(h["prefix"] + it["text"] + h["ask"], h["labels"])) == it["expect"]
    r = await asyncio.gather(*[one(x) for x in items[:limit]])
    return {"right": sum(r), "of": len(r)}


async def chat(b, limit=None):
    h, items = load("chat")

    async def one(it):
        t = h["system"]
        for q in it["turns"]:
            t += f"\n\nVisitor: {q}\nMuseum:"
            t += await b.gen(t, h["params"]["turn_tokens"])
        return len(t)
    return await asyncio.gather(*[one(x) for x in items[:limit]])


async def tot(b, limit=None):
    h, items = load("tot")
    p = h["params"]

    async def thought(t, seed):
        t = t + h["thought_ask"]
        g = (await b.gen(t, p["thought_tokens"], p["temperature"], p["top_p"], seed)).replace("\n", " ")
        t = t + g + h["score_ask"]
        s = await b.select(t, h["scores"])
        return t + s, int(s)

    async def one(it):
        root = h["prefix"] + it["problem"]
        level = await asyncio.gather(*[thought(root, 100 * it["id"] + i) for i in range(p["branch"])])

        async def expand(i, node):
            return await asyncio.gather(*[thought(node[0], 100 * it["id"] + 10 * (i + 1) + j) for j in range(p["branch"])])
        leaves = [x for g in await asyncio.gather(*[expand(i, n) for i, n in enumerate(level)]) for x in g]
        best = max(leaves, key=lambda x: x[1])
        return await b.gen(best[0] + h["plan_ask"], p["plan_tokens"])
    return await asyncio.gather(*[one(x) for x in items[:limit]])


async def selfcons(b, limit=None):
    h, items = load("selfcons")
    p = h["params"]

    async def one(it):
        xs = await b.gen_n(h["prefix"] + it["question"] + h["ask"], p["n"], p["max_tokens"], p["temperature"], p["top_p"], 1000 * it["id"])
        votes = {}
        for x in xs:
            tail = x.split("answer is", 1)[-1].strip().split()[:1]
            a = tail[0].strip(".,") if tail else ""
            votes[a] = votes.get(a, 0) + 1
        return max(votes, key=votes.get) == str(it["expect"])
    r = await asyncio.gather(*[one(x) for x in items[:limit]])
    return {"right": sum(r), "of": len(r)}


PROGRAMS = {f.__name__: f for f in (judge, json_extract, classify, chat, tot, selfcons)}


async def run_all(make_backend, names, reps, out, tag, limit=None, reset=None):
    """Runs each program `reps` times; before each run `reset()` (if given) brings the runtime to a cold cache."""
    for name in names:
        for rep in range(reps):
            if reset:
                await reset()
            b = make_backend()
            t0 = time.perf_counter()
            res = await PROGRAMS[name](b, limit)
            wall = time.perf_counter() - t0
            row = {"tag": tag, "program": name, "rep": rep, "wall_s": round(wall, 4), **b.stats.as_dict(),
                   "result": res if isinstance(res, dict) else None}
            print(json.dumps(row), flush=True)
            if out:
                with open(out, "a") as f:
                    f.write(json.dumps(row) + "\n")
