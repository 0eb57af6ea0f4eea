#!/usr/bin/env python3
"""What `sglc bench engine --json` wrote, one object after the other on standard input; a picture (SVG) on standard output.

    for n in 128 256 512 1024 2048 4096 8000; do sglc bench engine --prompt $n --rows 1 --json; done > figures.json
    sglc bench engine --rows 1,2,4,8,16,32,64 --json >> figures.json
    python3 xtask/picture/steps.py < figures.json > docs/steps.svg

Left: tokens a second by the length of the prompt, of the prompt itself and of one sequence that goes on after it. Right: by
the number of sequences that go on at once, of all together, with tokens of their own and with a prompt that all share.
"""
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 440, 314
LEFT, TOP, RIGHT, BOTTOM = 64, 54, 16, 52
COLOURS = ["#1f6feb", "#d1620a", "#2a8a4a"]


def objects(text):
    """The JSON values of a text, one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text := text.rstrip()):
        value, end = decoder.raw_decode(text, at)
        yield value
        at = end + len(text[end:]) - len(text[end:].lstrip())


def series(figures, work, keep, x):
    """Points of the figures that `keep` chooses, by what `x` says of them."""
    points = {x(f): f["tokens_per_second"] for f in figures if f["work"] == work and keep(f)}
    return sorted(points.items())


def nice(most):
    """Marks of an axis from 0 to at least `most`."""
    step = 10 ** math.floor(math.log10(most))
    step = next(step * k for k in (0.1, 0.2, 0.25, 0.5, 1, 2) if most / (step * k) <= 6)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def panel(at, title, label, lines):
    """One diagram: lines are (name, points) with x on a scale of powers of two."""
    xs = sorted({x for _, points in lines for x, _ in points})
    marks = nice(max(y for _, points in lines for _, y in points))
    low, high = math.log2(xs[0]), math.log2(xs[-1])
    inner = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return (round(LEFT + (math.log2(x) - low) / (high - low) * inner[0], 1),
                round(TOP + (1 - y / marks[-1]) * inner[1], 1))

    out = [f'<g transform="translate({at},0)">', f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>']
    for mark in marks:
        _, y = place(xs[0], mark)
        out.append(f'<path class="grid" d="M{LEFT} {y}h{inner[0]}"/>')
        out.append(f'<text class="end" x="{LEFT - 8}" y="{y + 4}">{mark:,.0f}</text>')
    for x in xs:
        out.append(f'<text class="middle" x="{place(x, 0)[0]}" y="{HEIGHT - BOTTOM + 18}">{x:,}</text>')
    out.append(f'<text class="middle" x="{LEFT + inner[0] / 2}" y="{HEIGHT - 12}">{escape(label)}</text>')
    for index, ((name, points), colour) in enumerate(zip(lines, COLOURS)):
        path = " ".join(f"{x},{y}" for x, y in (place(*point) for point in points))
        out.append(f'<polyline points="{path}" stroke="{colour}"/>')
        for point in points:
            x, y = place(*point)
            said = f"{name}: {point[1]:,.0f} tokens a second at {point[0]:,}"
            out.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"><title>{escape(said)}</title></circle>')
        # Below the title, each after the one before it.
        before = sum(len(other) + 3 for other, _ in lines[:index])
        out.append(f'<text x="{LEFT + 6.5 * before}" y="38" fill="{colour}">{escape(name)}</text>')
    return out + ["</g>"]


def main():
    runs = list(objects(sys.stdin.read()))
    figures = [figure for run in runs for figure in run["figures"]]
    by_length = [
        ("the prompt", series(figures, "prefill", lambda f: True, lambda f: f["tokens"])),
        ("one sequence after it", series(figures, "decode", lambda f: f["sequences"] == 1 and f["shared"], lambda f: f["shared"])),
    ]
    batch = runs[-1]["figures"]
    by_rows = [
        ("64 tokens each", series(batch, "decode", lambda f: not f["shared"], lambda f: f["sequences"])),
        ("512 tokens shared", series(batch, "decode", lambda f: f["shared"], lambda f: f["sequences"])),
    ]
    info = runs[-1]["info"]
    said = f'{runs[-1]["model"].rsplit("/", 1)[-1]}, {info["kernels"]} kernels, {info["threads"]} threads: tokens a second'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT + 24}" font-family="sans-serif" font-size="12">')
    print("<style>.title{font-weight:bold}.end{text-anchor:end}.middle{text-anchor:middle}text:not([fill]){fill:#777}"
          ".grid{stroke:#8884}polyline{fill:none;stroke-width:2}</style>")
    print("\n".join(panel(0, "By the length of the prompt", "tokens of the prompt", by_length)))
    print("\n".join(panel(WIDTH, "By the number of sequences", "sequences at once", by_rows)))
    print(f'<text class="middle" x="{WIDTH}" y="{HEIGHT + 16}">{escape(said)}</text>\n</svg>')


if __name__ == "__main__":
    main()
