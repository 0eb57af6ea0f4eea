"""One engine behind one small interface: compile a case, walk texts token by token, time each mask.

An engine runs in a process of its own (`python engines.py NAME MODEL`): a case comes in as a line of JSON, what was
found goes out as one. Times are CPU time, in microseconds.
"""

import json
import os
import re
import sys
import time
from importlib import metadata

for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
    os.environ.setdefault(name, "false" if name.startswith("TOKENIZERS") else "1")

from cases import kind_of, texts_of  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

#: Bytes of forced text asked for at once at most.
_MOST_FORCED = 4096


class Refused(Exception):
    """The engine does not compile a case."""


class Llguidance:
    """llguidance: `LLTokenizer` with the slices that its documentation names for the kind, one `LLMatcher` a case."""

    def __init__(self, vocabulary):
        import llguidance
        import llguidance.numpy as bits

        self.ll, self.bits = llguidance, bits
        plain = llguidance.LLTokenizer(vocabulary.json(), n_vocab=len(vocabulary), eos_token=vocabulary.ends)
        self.tokenizers = {"schema": plain.with_slices(llguidance.LLTokenizer.json_slices())}
        self.plain = plain
        self.mask = bits.allocate_token_bitmask(1, len(vocabulary))
        self.row = self.mask[0]

    def compile(self, case, kind):
        matcher = self.ll.LLMatcher
        try:
            if kind == "schema":
                text = json.dumps(case["schema"], ensure_ascii=False)
                grammar = matcher.grammar_from_json_schema(text, overrides={"whitespace_flexible": True})
            elif kind == "regex":
                grammar = matcher.grammar_from_regex(case["regex"])
            elif kind == "gbnf":
                grammar = matcher.grammar_from_lark(self.ll.gbnf_to_lark.any_to_lark(case["grammar"]))
            else:
                grammar = matcher.grammar_from_lark(case["grammar"])
        except Exception as error:
            raise Refused(str(error)) from error
        made = matcher(self.tokenizers.get(kind, self.plain), grammar, log_level=0)
        if made.is_error():
            raise Refused(made.get_error())
        return made

    def start(self, made):
        made.reset()
        return made

    def fill(self, state):
        self.bits.fill_next_token_bitmask(state, self.mask, 0)

    def take(self, state, token):
        return state.consume_token(token)

    def forced(self, state):
        return state.compute_ff_bytes()


class Xgrammar:
    """xgrammar: `GrammarCompiler` without its cache, any white space, the meaning of JSON Schema (not strict)."""

    def __init__(self, vocabulary):
        import xgrammar

        self.xg = xgrammar
        info = xgrammar.TokenizerInfo(
            vocabulary.texts,
            vocab_type=xgrammar.VocabType.BYTE_LEVEL,
            vocab_size=len(vocabulary),
            stop_token_ids=vocabulary.ends,
        )
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.mask = xgrammar.allocate_token_bitmask(1, len(vocabulary))
        self.row = self.mask.numpy()[0]

    def compile(self, case, kind):
        try:
            if kind == "schema":
                text = json.dumps(case["schema"], ensure_ascii=False)
                return self.compiler.compile_json_schema(text, any_whitespace=True, strict_mode=False)
            if kind == "regex":
                return self.compiler.compile_regex(case["regex"])
            if kind == "gbnf":
                return self.compiler.compile_grammar(case["grammar"])
        except Exception as error:
            raise Refused(str(error)) from error
        raise Refused("grammars in Lark's notation are not read")

    def start(self, made):
        return self.xg.GrammarMatcher(made)

    def fill(self, state):
        state.fill_next_token_bitmask(self.mask, 0)

    def take(self, state, token):
        return state.accept_token(token)

    def forced(self, state):
        return state.find_jump_forward_string().encode()


ENGINES = {"llguidance": Llguidance, "xgrammar": Xgrammar}


def _walk(engine, vocabulary, made, tokens, times):
    """Whether the tokens, and then an end, are each in the mask."""
    state = engine.start(made)
    for token in [*tokens, None]:
        began = time.thread_time_ns()
        engine.fill(state)
        if times is not None:
            times.append((time.thread_time_ns() - began) / 1000)
        row = engine.row
        allowed = [bool(row[t >> 5] >> (t & 31) & 1) for t in (vocabulary.ends if token is None else [token])]
        if not any(allowed):
            return False
        if token is not None and not engine.take(state, token):
            return False
    return True


def _forced(engine, vocabulary, made, tokens):
    """How many of the tokens lie in text that had to follow."""
    state, count, reach = engine.start(made), 0, 0
    whole = [vocabulary.bytes[token] for token in tokens]
    text, at = b"".join(whole), 0
    for token, own in zip(tokens, whole):
        if at >= reach:
            found = engine.forced(state)[:_MOST_FORCED]
            reach = at + len(os.path.commonprefix([found, text[at:]]))
        at += len(own)
        count += at <= reach
        if not engine.take(state, token):
            return count
    return count


def measure(engine, vocabulary, case):
    """Runs one case: valid instances first and timed, then the others."""
    kind = kind_of(case)
    out = {"id": case["id"], "error": None, "compile_us": None, "mask_us": [], "accepted": [], "tokens": 0, "forced": 0}
    began = time.process_time_ns()
    try:
        made = engine.compile(case, kind)
    except Refused as error:
        out["error"] = re.sub(r"\s+", " ", str(error))[:300] or "refused"
        return out
    out["compile_us"] = (time.process_time_ns() - began) / 1000
    texts = [vocabulary.encode(text) for text in texts_of(case)]
    valid = [bool(test["valid"]) for test in case["tests"]]
    accepted = [None] * len(texts)
    for wanted in (True, False):
        for n, tokens in enumerate(texts):
            if valid[n] is wanted:
                accepted[n] = _walk(engine, vocabulary, made, tokens, out["mask_us"] if wanted else None)
    for n, tokens in enumerate(texts):
        if valid[n] and accepted[n]:
            out["tokens"] += len(tokens)
            out["forced"] += _forced(engine, vocabulary, made, tokens)
    out["accepted"] = accepted
    return out


def peak_mib():
    """The most memory this process has held."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def main():
    name, model = sys.argv[1:]
    vocabulary = Vocabulary(model)
    engine = ENGINES[name](vocabulary)
    # What is set up at the first use belongs to no case.
    measure(engine, vocabulary, {"id": "", "kind": "regex", "regex": "[a-z]+", "tests": [{"valid": True, "text": "warm"}]})
    print(json.dumps({"ready": name, "version": metadata.version(name), "mib": peak_mib()}), flush=True)
    for line in sys.stdin:
        found = measure(engine, vocabulary, json.loads(line))
        print(json.dumps(found | {"mib": peak_mib()}), flush=True)


if __name__ == "__main__":
    main()
