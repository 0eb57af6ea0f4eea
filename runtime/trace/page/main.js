// The page comes together: read the log, draw everything, listen to the keyboard.

function start() {
  const began = performance.now();
  const place = byId("log");
  const steps = readLog(place?.textContent ?? "");
  if (!log.head) { document.body.replaceChildren(h("p", { class: "empty" }, "This page holds no trace.")); return; }
  readGraph();
  drawTop();
  startList();
  startTips();
  drawGraph();
  drawSource();
  startTimeline();
  state.request = log.list[0] ?? null;
  state.node = state.request && itemOf(state.request);
  fromAddress();
  changed("start");
  document.documentElement.dataset.opened = String(Math.round(performance.now() - began));
  setTimeout(() => readSteps(steps, () => {
    layLanes();
    line.to = Math.max(line.to, log.last);
    drawTop();
    drawGraph();
    changed("start");
    document.documentElement.dataset.complete = String(Math.round(performance.now() - began));
  }));
}

function drawTop() {
  const { head } = log;
  byId("program").textContent = head.program.split("/").pop();
  byId("program").title = head.program;
  const how = log.end?.how ?? (log.last ? "cut" : "open");
  const words = { done: "done", failed: "failed", interrupted: "stopped by Ctrl-C", cut: "cut off: the log has no end", open: "did not begin" };
  const badge = byId("ended");
  badge.textContent = words[how];
  badge.className = `badge ${how === "done" ? "good" : "bad"}`;
  const sum = (value) => log.list.reduce((total, asked) => total + value(asked), 0);
  const inTokens = sum(tokensIn), failed = log.list.filter((asked) => answerOf(asked).kind === "failed").length;
  const models = [...new Set(log.list.map((asked) => asked.model))].join(", ");
  const facts = [
    time(log.end?.t ?? log.last), head.batch && counted(log.runs.length, "run"), counted(log.list.length, "request"),
    `${count(inTokens)} tokens in, ${percent(sum(tokensCached), inTokens)} cached`,
    `${count(sum(tokensOut))} out, ${count(sum((asked) => asked.usage?.forced_tokens ?? 0))} forced`,
    failed && `${count(failed)} failed`, models, `seed ${head.seed}`, new Date(head.began * 1000).toLocaleString(),
  ];
  byId("facts").textContent = facts.filter(Boolean).join(" · ");
  drawWhy();
  drawWhere();
}

/** Why it failed, as the terminal was told. A log without its end still has the runs that failed before. */
function drawWhy() {
  const failed = log.runs.filter((run) => run.result?.error).sort((a, b) => a.run - b.run);
  const why = log.head.batch && failed.length ? failed[0].result.error : log.end ? log.end.error : failed[0]?.result.error;
  byId("why").hidden = !why;
  if (!why) return;
  const [from, to] = why.mark ?? [0, 0], source = [...(why.source ?? "")];
  const part = (begin, end) => upright(source.slice(begin, end).join(""));
  const of = log.head.batch && failed.length ? `${count(failed.length)} of ${counted(log.runs.length, "run")} failed. Run ${count(failed[0].run + 1)}: ` : "";
  byId("why").replaceChildren(
    h("p", {}, of, why.code ? h("b", {}, why.code, " ") : "", upright(why.message)),
    why.at ? h("pre", {}, h("button", { title: "show in the source", onclick: () => showPlace(why.at) }, why.at), "\n", part(0, from), h("mark", {}, part(from, to)), part(to)) : "",
    why.note ? h("pre", { class: "dim" }, upright(why.note)) : "",
    ...(why.help ?? "").split("\n").filter(Boolean).map((line) => h("p", { class: "dim" }, `help: ${upright(line)}`)));
}

/** Where the time went: all of it, as one bar with its words. */
function drawWhere() {
  const whole = Math.max(1, log.end?.t ?? log.last);
  const parts = { load: 0, prefill: 0, decode: 0, mask: 0, sample: 0, plan: 0 };
  for (const load of log.loads) parts.load += load.took;
  for (const step of log.steps) {
    const share = step.prefill / Math.max(1, step.prefill + step.decode);
    parts.prefill += step.forward * share;
    parts.decode += step.forward * (1 - share);
    parts.mask += Math.min(step.mask, step.read);
    parts.sample += Math.max(0, step.read - step.mask);
    parts.plan += step.plan;
  }
  const effects = log.effects.reduce((sum, effect) => sum + effect.took, 0);
  const known = Object.values(parts).reduce((sum, us) => sum + us, 0);
  parts.other = Math.max(0, whole - known);
  const total = Math.max(whole, known);
  const about = {
    load: "finding and loading models", prefill: "the model reading prompts", decode: "the model writing", mask: "finding what constraints allow",
    sample: "choosing tokens", plan: "who runs next", other: effects ? `the program itself; effects took ${time(effects)}` : "the program itself, and starting",
  };
  byId("where").replaceChildren(
    h("div", { class: "bar-of-time" }, ...Object.entries(parts).map(([name, us]) => h("span", { class: name, style: `flex-grow:${us / total}`, title: `${name}: ${time(us)}` }))),
    h("p", { class: "legend" }, ...Object.entries(parts).filter(([, us]) => us > 0).map(([name, us]) =>
      h("span", { title: about[name] }, h("i", { class: `dot ${name}` }), `${name} ${time(us)}`, h("span", { class: "dim" }, ` ${percent(us, total)}`)))));
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") && event.key !== "Escape") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {
    "/": () => byId("search").focus(), j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    PageDown: () => step(10), PageUp: () => step(-10), Home: () => step(-1e9), End: () => step(1e9),
    w: toggleSpaces, f: fitGraph, "+": () => zoomGraph(1.2, 200, 200), "-": () => zoomGraph(0.8, 200, 200),
    "?": () => { byId("help").hidden = !byId("help").hidden; },
    Escape: () => { document.activeElement?.blur(); byId("help").hidden = true; byId("tip").hidden = true; if (state.filter) { state.filter = false; fillList(); showFilter(); } },
  };
  if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
});

addEventListener("hashchange", () => { fromAddress(); changed("address"); });
addEventListener("DOMContentLoaded", () => {
  byId("fit").onclick = fitGraph;
  byId("keys").onclick = () => { byId("help").hidden = !byId("help").hidden; };
  start();
});
