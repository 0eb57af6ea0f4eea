// The log: lines in; requests, runs, steps and the graph's nodes out.
//
// Lines of steps are most of a large log. They are read after the page stands, a piece at a time.

const log = {
  head: null, requests: new Map(), list: [], runs: [], steps: [], effects: [], loads: [], prints: [], wrote: new Map(),
  texts: [], spelled: new Map(), end: null, last: 0, broken: 0, complete: false,
};

function request(id) {
  let found = log.requests.get(id);
  if (!found) {
    found = {
      id, run: 0, node: -1, path: [], model: "", seed: "", settings: [], parts: [], asked: 0, understood: null,
      answered: null, answer: null, usage: null, lost: null, tokens: null, sources: null, out: [], rows: [],
      began: null, first: null, mask: 0,
    };
    log.requests.set(id, found);
    log.list.push(found);
  }
  return found;
}

const readers = {
  text: (line) => { log.texts[line.n] = line.text; },
  run: (line) => { log.runs.push({ run: line.run, args: line.args, t: line.t, result: null }); },
  result: (line) => {
    const run = log.runs.findLast((run) => run.run === line.run);
    if (run) { run.result = line.result; run.ended = line.t; }
  },
  node: (line) => Object.assign(request(line.id), { run: line.run, node: line.node, path: line.path, asked: line.t }),
  ask: (line) => Object.assign(request(line.id), {
    model: line.model, seed: line.seed, settings: line.settings, parts: line.prompt, asked: line.t,
  }),
  prompt: (line) => Object.assign(request(line.id), {
    understood: line.t, like: line.like, rest: line.tokens, sources: line.sources,
  }),
  spell: (line) => {
    const table = log.spelled.get(line.model) ?? new Map();
    for (const [token, spelled] of Object.entries(line.tokens)) table.set(Number(token), spelled);
    log.spelled.set(line.model, table);
  },
  answer: (line) => Object.assign(request(line.id), { answered: line.t, answer: line.answer, usage: line.usage }),
  lost: (line) => { request(line.id).lost = line.t; },
  wrote: (line) => {
    const wrote = log.wrote.get(line.node);
    if (wrote) wrote.times += 1;
    else log.wrote.set(line.node, { first: line.t, times: 1 });
  },
  effect: (line) => { log.effects.push(line); },
  load: (line) => { log.loads.push(line); },
  print: (line) => { log.prints.push(line); },
  end: (line) => { log.end = line; },
  step: readStep,
};

function readStep(step) {
  step.end = step.t + step.plan + step.forward + step.read;
  step.prefill = step.decode = step.mask = 0;
  for (const row of step.rows) {
    const [id, , from, rows, mask] = row;
    const asked = request(id);
    const length = promptLength(asked);
    const prefill = Math.max(0, Math.min(length, from + rows) - from);
    step.prefill += prefill;
    step.decode += rows - prefill;
    step.mask += mask;
    asked.mask += mask;
    asked.began ??= step.t;
    asked.rows.push([row, step]);
  }
  for (const token of step.tokens) {
    const asked = request(token[0]);
    asked.first ??= step.end;
    asked.out.push(token);
  }
  log.steps.push(step);
}

/** How many tokens a prompt has, without putting it together. */
function promptLength(asked) {
  if (asked.rest) return (asked.like ? asked.like[1] : 0) + asked.rest.length;
  return asked.usage?.prompt_tokens ?? 0;
}

/** The tokens of a prompt: those that it shares with an earlier one, and its own. */
function promptTokens(asked) {
  if (!asked.tokens && asked.rest) {
    const like = asked.like && log.requests.get(asked.like[0]);
    const shared = like && like.id !== asked.id ? promptTokens(like) ?? [] : [];
    asked.tokens = shared.slice(0, asked.like ? asked.like[1] : 0).concat(asked.rest);
  }
  return asked.tokens;
}

/** Reads everything but steps. The rest of the lines is given back. */
function readLog(text) {
  const steps = [];
  for (const line of text.split("\n")) {
    if (!line) continue;
    if (line.startsWith('{"e":"step"')) { steps.push(line); continue; }
    try {
      const event = JSON.parse(line);
      if (event.sgl_trace) log.head = event;
      else readers[event.e]?.(event);
      log.last = Math.max(log.last, event.t ?? 0);
    } catch { log.broken += 1; }
  }
  return steps;
}

/** Reads steps, a piece at a time; `done` is called at the end. */
function readSteps(lines, done) {
  const until = performance.now() + 40;
  let at = 0;
  while (at < lines.length && (at % 64 !== 0 || performance.now() < until)) {
    try { readStep(JSON.parse(lines[at])); } catch { log.broken += 1; }
    at += 1;
  }
  if (at < lines.length) { setTimeout(() => readSteps(lines.slice(at), done)); return; }
  log.steps.sort((a, b) => a.t - b.t);
  for (const step of log.steps) log.last = Math.max(log.last, step.end);
  log.complete = true;
  done();
}

const textOf = (part) => (typeof part[1] === "number" ? log.texts[part[1]] ?? "" : part[1] ?? "");

/** What was answered: kind, text, why it ended. */
function answerOf(asked) {
  const { answer } = asked;
  if (!answer) return { kind: asked.lost !== null ? "lost" : "open", text: "" };
  if (answer.gen) return { kind: "gen", text: answer.gen.text, finish: answer.gen.finish, thinking: answer.gen.thinking };
  if (answer.select) return { kind: "select", text: answer.select.text, finish: "chosen", select: answer.select };
  return { kind: "failed", text: failureText(answer.failure) };
}

function failureText(failure) {
  if (typeof failure === "string") return failure;
  const [kind, what] = Object.entries(failure ?? {})[0] ?? ["failed", ""];
  return `${kind.replaceAll("_", " ")}: ${typeof what === "string" ? what : JSON.stringify(what)}`;
}

/** Times of a request, in microseconds. */
function timesOf(asked) {
  const end = asked.answered ?? asked.lost ?? log.last;
  const understood = asked.understood ?? asked.asked;
  const began = asked.began ?? understood;
  const first = asked.first ?? end;
  return {
    total: end - asked.asked, prepare: understood - asked.asked, queue: Math.max(0, began - understood),
    prefill: Math.max(0, first - began), decode: Math.max(0, end - first), mask: asked.mask, end, began, first,
  };
}

const tokensIn = (asked) => asked.usage?.prompt_tokens || promptLength(asked);
const tokensOut = (asked) => asked.usage?.output_tokens || asked.out.length;
const tokensCached = (asked) => asked.usage?.cached_tokens ?? 0;

/** The prompt's text, as far as the program wrote it. */
const promptText = (asked) => asked.parts.map((part) => (part[0] === "open" ? `${part[1]}: ` : textOf(part))).join("");
