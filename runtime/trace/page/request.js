// One request: what was sent, exactly, and what came back, token by token.

const SOURCES = { s: "special", m: "markup", g: "given", w: "written" };
const ORIGINS = { d: "drawn", f: "forced", p: "drafted", t: "thought", e: "end" };
const MEANS = {
  special: "special token of the chat template", markup: "markup of the chat template", given: "given by the program",
  written: "written by a model before", drawn: "drawn from the model", forced: "forced by the constraint", drafted: "drafted",
  thought: "thought", end: "ended the text", cut: "written, and cut off by a stop",
};

/** Which positions of a prompt were computed; the others were in the cache. */
function computed(asked) {
  if (!asked.rows.length) return null;
  const positions = new Uint8Array(promptLength(asked));
  for (const [[, , from, rows]] of asked.rows) positions.fill(1, from, Math.min(from + rows, positions.length));
  return positions;
}

const spelledBy = (asked, token) => log.spelled.get(asked.model)?.get(token);

/** The text of each token. */
function spell(asked, tokens) {
  const pieces = tokens.map((token) => {
    const spelled = spelledBy(asked, token);
    if (typeof spelled === "string") return { text: spelled };
    return spelled?.special !== undefined ? { text: spelled.special, special: true } : { text: "", hex: spelled?.hex ?? "" };
  });
  for (let at = 0, end = 0; at < pieces.length; at = end + 1) {
    for (end = at; pieces[end]?.hex !== undefined;) end += 1;
    join(pieces.slice(at, end));
  }
  return pieces;
}

/** A character that several tokens make up stands on the first of them, and the others go on with it. What makes up none stays bytes. */
function join(pieces) {
  const bytes = pieces.flatMap((piece, owner) => (piece.hex.match(/../g) ?? []).map((digits) => [parseInt(digits, 16), owner]));
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length;) {
    const [first, owner] = bytes[at];
    const of = bytes.slice(at, at + (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1));
    try {
      const text = decoder.decode(new Uint8Array(of.map(([byte]) => byte)));
      const owners = [...new Set(of.map(([, owner]) => owner))];
      pieces[owner].text += text;
      owners.forEach((owner, index) => { pieces[owner].part = [text, index + 1, owners.length]; });
      at += of.length;
    } catch {
      pieces[owner].broken = true;
      at += 1;
    }
  }
}

/** Bytes as people write them. */
const inHex = (hex) => (hex.match(/../g) ?? []).join(" ").toUpperCase();

/** A text as the page shows it, its white space too where that is wanted. */
const shown = (text) => (state.spaces ? visible(text) : upright(text));

function tokenSpan(piece, classes, data) {
  const { text, hex, broken, part, special } = piece;
  const goesOn = hex !== undefined && !text && !broken;
  return h("span", { class: `t ${classes}${goesOn ? " goes-on" : ""}`, "data-tip": JSON.stringify({ ...data, part }) },
    special ? upright(text) : shown(text), broken ? h("i", { class: "hex" }, inHex(hex)) : null);
}

function promptView(asked) {
  const tokens = promptTokens(asked);
  if (!tokens) return plainPrompt(asked);
  const rows = computed(asked);
  const pieces = spell(asked, tokens);
  const view = h("div", { class: "tokens", id: "prompt", translate: "no" });
  let at = 0;
  for (let run = 0; run < asked.sources.length; run += 2) {
    const source = SOURCES[asked.sources[run]] ?? "given";
    for (let i = 0; i < asked.sources[run + 1] && at < tokens.length; i += 1, at += 1) {
      const cached = rows ? !rows[at] : false;
      view.append(tokenSpan(pieces[at], `${source}${cached ? " cached" : ""}`, { at, token: tokens[at], source, cached }));
    }
  }
  return view;
}

/** A prompt whose tokens nobody told: by its parts. */
function plainPrompt(asked) {
  const view = h("div", { class: "tokens", id: "prompt", translate: "no" });
  for (const part of asked.parts) {
    const [kind] = part;
    if (kind === "open") view.append(h("span", { class: "t special" }, part[1]));
    else if (kind === "close") view.append(h("span", { class: "t special" }, "/"), "\n");
    else if (kind === "image") view.append(h("span", { class: "t special" }, `picture, ${count(part[2])} bytes`));
    else view.append(h("span", { class: `t ${kind === "output" ? "written" : "given"}` }, shown(textOf(part))));
  }
  return view;
}

function answerView(asked) {
  const { kind, text, select } = answerOf(asked);
  const view = h("div", { class: "tokens answer", id: "answer", translate: "no" });
  if (kind === "failed") { view.append(h("span", { class: "failure" }, text)); return view; }
  if (select) return h("div", { id: "answer" }, options(asked, select));
  if (!asked.out.length) {
    view.append(h("span", { class: "t drawn" }, shown(text)), kind === "gen" ? "" : h("span", { class: "failure" }, kind === "lost" ? "given up" : "no answer"));
    return view;
  }
  const pieces = spell(asked, asked.out.map((token) => token[1]));
  let bytes = 0;
  const whole = new TextEncoder().encode(text).length;
  asked.out.forEach((token, index) => {
    let origin = ORIGINS[token[2]] ?? "drawn";
    const inAnswer = origin !== "thought" && origin !== "end";
    if (inAnswer) bytes += new TextEncoder().encode(pieces[index].text).length;
    if (inAnswer && kind === "gen" && bytes > whole) origin = "cut";
    const doubt = origin === "drawn" ? Math.min(3, Math.floor(-(token[3] ?? -9) / 0.7)) : 0;
    view.append(tokenSpan(pieces[index], `${origin} doubt${doubt}`, { at: index, token: token[1], source: origin, logprob: token[3], top: token.slice(4) }));
  });
  if (kind !== "gen") view.append(h("span", { class: "failure" }, kind === "lost" ? " given up" : log.end ? " no answer" : " no answer yet"));
  return view;
}

function options(asked, select) {
  const by = asked.settings.find((line) => line.startsWith("by "))?.slice(3) ?? "TokenLengthNormalized";
  const names = asked.settings.filter((line) => line.startsWith("option ")).map((line) => JSON.parse(line.slice(7)));
  const best = select.scores.map((score, index) => ({ ...score, index })).sort((a, b) => (b.index === select.index) - (a.index === select.index) || b.probability - a.probability);
  return h("table", { class: "options" },
    h("caption", {}, `scored by ${by.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()}`),
    h("thead", {}, h("tr", {}, ...["option", "probability", "score", "tokens"].map((name) => h("th", {}, name)))),
    h("tbody", {}, ...best.map((score) => h("tr", { class: score.index === select.index ? "chosen" : "" },
      h("td", {}, h("span", { class: "t drawn" }, names[score.index] ?? "?")),
      h("td", {}, h("meter", { min: 0, max: 1, value: score.probability ?? 0 }), ` ${(100 * (score.probability ?? 0)).toFixed(1)} %`),
      h("td", {}, score.score === null ? "−∞" : score.score.toFixed(3)), h("td", {}, String(score.tokens))))));
}

/** Settings as people write them: `Some(80)` is 80, floats lose what 32 bits add. */
function settingsView(asked) {
  const rows = [["seed", asked.seed]], type = itemOf(asked)?.ty;
  if (type) rows.push(["type", type]);
  if (asked.priority) rows.push(["priority", asked.priority]);
  for (const line of asked.settings) {
    const [name, ...rest] = line.split(" ");
    // What it was held to is said in the words of the program, where they are known.
    if (name === "constraint" && type) continue;
    let value = rest.join(" ").replace(/^Some\((.*)\)$/, "$1");
    if (name === "option" || (name === "by" && answerOf(asked).kind === "select") || (!value && (name === "gen" || name === "select"))) continue;
    if (name === "stop" && value.startsWith("regex ")) value = `/${JSON.parse(value.slice(6))}/`;
    if (/^-?\d+\.\d{5,}$/.test(value)) value = String(Number(Number(value).toPrecision(6)));
    rows.push([name, value]);
  }
  const one = ([name, value]) => [h("dt", {}, name), h("dd", {}, name === "type"
    ? h("pre", { class: "type-of" }, ...coloured(value)) : value.length > 120
    ? h("details", {}, h("summary", {}, oneLine(value, 70)), h("pre", {}, value)) : h("code", {}, String(value)))];
  return h("dl", { class: "settings" }, ...rows.flatMap(one));
}

/** Where the time of a request went, as one bar. */
function timesView(asked) {
  const times = timesOf(asked);
  const parts = [
    ["prepare", times.prepare, "reading and compiling, until its tokens were known"], ["queue", times.queue, "waiting for the engine"],
    ["prefill", times.prefill, "until its first token"], ["decode", times.decode, "from its first token to its answer"],
  ];
  const bar = h("div", { class: "bar-of-time" }, ...parts.map(([name, us, about]) =>
    h("span", { class: name, style: `flex-grow:${us / Math.max(1, times.total)}`, title: `${name}: ${time(us)}, ${about}` })));
  const out = tokensOut(asked);
  const speed = times.decode > 0 && out > 1 ? ` · ${(((out - 1) * 1e6) / times.decode).toFixed(1)} tok/s` : "";
  const shown = asked.began === null ? parts.slice(3).map(() => h("span", {}, h("b", {}, "total "), time(times.total))) : parts.map(([name, us]) => h("span", {}, h("i", { class: `dot ${name}` }), `${name} ${time(us)}`));
  return h("div", {}, bar, h("p", { class: "legend" }, ...shown, asked.mask ? h("span", {}, `masks ${time(asked.mask)}`) : null, h("span", {}, `at ${time(asked.asked)}${speed}`)));
}

function drawRequest() {
  const place = byId("one"), asked = state.request;
  if (!asked) { place.replaceChildren(h("p", { class: "empty" }, "Select a request, a node of the graph, or a bar of the timeline.")); return; }
  const item = itemOf(asked), { kind, finish, thinking } = answerOf(asked);
  const usage = asked.usage ?? {};
  const ended = { end: "the model ended it", stop: "a stop matched", length: "max_tokens was reached", complete: "the constraint was fulfilled", chosen: "an option was chosen" }[finish] ?? { failed: "failed", lost: "given up: nobody waited any more", open: "no answer: the run ended before" }[kind];
  const facts = [counted(tokensIn(asked), "token") + " in", `${count(tokensCached(asked))} cached (${percent(tokensCached(asked), tokensIn(asked))})`,
    `${count(tokensOut(asked))} out`, usage.forced_tokens ? `${count(usage.forced_tokens)} forced` : null, ended].filter(Boolean);
  place.replaceChildren(
    h("h2", {}, h("span", { class: `state ${kind}` }), item ? item.t : "request", " ", item?.d?.startsWith("→") ? h("span", { class: "var" }, item.d) : "", " ", h("span", { class: "dim" }, iteration(asked)),
      h("span", { class: "grow" }), h("button", { class: "where", title: "show in the source", onclick: () => selectNode(item, "request") }, whereOf(item)), h("span", { class: "dim" }, ` #${asked.id}`)),
    h("p", { class: "facts" }, `${asked.model} · ${facts.join(" · ")}`),
    timesView(asked),
    h("h3", {}, "Sent", h("span", { class: "grow" }), h("button", { id: "copy", onclick: () => copy(asked) }, "copy"), h("button", { id: "spaces", "aria-pressed": String(state.spaces), title: "show white space (w)", onclick: toggleSpaces }, "white space")),
    promptView(asked),
    h("h3", {}, kind === "select" ? "Chosen" : "Answered"),
    thinking ? h("p", { class: "thinking" }, thinking) : "",
    answerView(asked),
    legend(asked),
    h("h3", {}, "Asked with"),
    settingsView(asked));
  place.scrollTop = 0;
  // What no earlier request had sent is what one looks for.
  const prompt = byId("prompt"), fresh = [...prompt.querySelectorAll(".t:not(.cached)")][0];
  if (fresh && fresh.offsetTop > prompt.clientHeight - 60) prompt.scrollTop = fresh.offsetTop - 60;
}

function legend(asked) {
  const kinds = ["special", "markup", "given", "cached", "written", "drawn", "forced"];
  const more = [["p", "drafted"], ["t", "thought"]].filter(([letter]) => asked.out.some((token) => token[2] === letter)).map(([, kind]) => kind);
  const names = { drawn: "generated", special: "special" };
  return h("p", { class: "legend colours" }, ...[...kinds, ...more].map((kind) =>
    h("span", {}, h("span", { class: `t ${kind}${kind === "cached" ? " given" : ""}` }, names[kind] ?? kind))), h("span", { class: "dim" }, "stronger: less probable"));
}

function toggleSpaces() { state.spaces = !state.spaces; const top = byId("one").scrollTop; drawRequest(); byId("one").scrollTop = top; }

function copy(asked) {
  const tokens = promptTokens(asked);
  const text = tokens ? spell(asked, tokens).map((piece) => piece.text).join("") : promptText(asked);
  navigator.clipboard?.writeText(text).then(() => { byId("copy").textContent = "copied"; });
}

/** The card of the token under the pointer. */
function startTips() {
  const tip = byId("tip");
  const show = (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (!target) { tip.hidden = true; return; }
    const { at, token, source, cached, logprob, top, part } = JSON.parse(target.dataset.tip);
    const name = (id) => { const s = spelledBy(state.request, id); return typeof s === "string" ? visible(s) : s?.special ?? (s?.hex ? inHex(s.hex) : `token ${id}`); };
    const head = h("p", {}, h("b", {}, name(token)), h("span", { class: "dim" }, ` ${token} · position ${at}`));
    const means = h("p", {}, MEANS[source] ?? source, cached === undefined ? "" : cached ? ", taken from the cache" : ", computed");
    const rest = part?.[2] > 1 ? [h("p", {}, `part ${part[1]} of ${part[2]} of “${upright(part[0])}”`)] : [];
    if (logprob !== undefined) {
      rest.push(h("p", {}, `probability ${probability(logprob)}`, h("span", { class: "dim" }, ` ln ${logprob ?? "−∞"}`)));
      for (let i = 0; i + 1 < (top?.length ?? 0); i += 2) {
        rest.push(h("p", { class: `other${top[i] === token ? " this" : ""}` },
          h("span", { class: "fill", style: `width:${100 * Math.exp(top[i + 1] ?? -99)}%` }), h("code", {}, name(top[i])), h("span", { class: "grow" }), probability(top[i + 1])));
      }
    }
    tip.replaceChildren(head, means, ...rest);
    tip.hidden = false;
    const box = target.getClientRects()[0] ?? target.getBoundingClientRect();
    tip.style.left = `${Math.max(6, Math.min(innerWidth - tip.offsetWidth - 6, box.left))}px`;
    tip.style.top = `${box.bottom + tip.offsetHeight + 8 > innerHeight ? box.top - tip.offsetHeight - 5 : box.bottom + 5}px`;
  };
  byId("one").addEventListener("pointerover", show);
  byId("one").addEventListener("click", show);
  byId("one").addEventListener("pointerleave", () => { tip.hidden = true; });
  byId("one").addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
}

onChange(drawRequest);
