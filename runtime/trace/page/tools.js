// Small tools: elements, numbers and times as people read them.

const byId = (id) => document.getElementById(id);

/** An element. Texts are texts: nothing of a log is ever read as markup. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
}

const count = (n) => Math.round(n).toLocaleString("en").replaceAll(",", "\u202f");
const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : "0 %");

/** Microseconds. */
function time(us) {
  if (!(us >= 0)) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  if (us < 100_000_000) return `${(us / 1e6).toFixed(2)} s`;
  return `${Math.floor(us / 6e7)} min ${Math.round((us % 6e7) / 1e6)} s`;
}

function probability(logprob) {
  if (logprob === null || logprob === undefined) return "0 %";
  const p = 100 * Math.exp(logprob);
  return `${p >= 99.95 ? "100" : p >= 10 ? p.toFixed(1) : p >= 0.01 ? p.toFixed(2) : p.toExponential(0)} %`;
}

/** Text on one line, cut to a length. */
function oneLine(text, most) {
  const line = upright(text.slice(0, most * 2)).replace(/\s+/g, " ").trim();
  return line.length > most ? line.slice(0, most - 1) + "…" : line;
}

/** Characters that turn the order of others around, by their numbers: no text moves what stands beside it. */
const upright = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (turn) => `‹U+${turn.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);

/** White space made visible. */
const visible = (text) => upright(text).replace(/ /g, "·").replace(/\t/g, "→\t").replace(/\r/g, "␍").replace(/\n/g, "↵\n");

/** The first index of a sorted list whose value is not below `wanted`. */
function lowerBound(list, wanted, value) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value(list[middle]) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value of a colour of the style sheet, for the canvas. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
