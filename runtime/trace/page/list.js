// The list of requests: search, sort, and only those rows in the page that can be seen.

const ROW = 46;
const list = { shown: [], hay: new Map() };

const orders = {
  order: ["as they were made", (a, b) => a.id - b.id],
  time: ["slowest first", (a, b) => timesOf(b).total - timesOf(a).total],
  queue: ["longest wait first", (a, b) => timesOf(b).queue - timesOf(a).queue],
  input: ["longest prompt first", (a, b) => tokensIn(b) - tokensIn(a)],
  output: ["longest answer first", (a, b) => tokensOut(b) - tokensOut(a)],
  unsure: ["least probable first", (a, b) => sureness(a) - sureness(b)],
};

/** The mean log-probability of an answer's tokens. */
function sureness(asked) {
  const answer = asked.answer?.gen ?? asked.answer?.select;
  return answer ? (answer.logprob ?? -1e9) / Math.max(1, answer.tokens.length) : 1;
}

/** What a search looks at. Texts that many prompts share are looked at once. */
function matches(asked, wanted, texts) {
  if (`#${asked.id}` === wanted) return true;
  const item = itemOf(asked);
  if (`${item?.t ?? ""} ${item?.d ?? ""} ${asked.model} ${iteration(asked)} ${answerOf(asked).kind}`.toLowerCase().includes(wanted)) return true;
  if (answerOf(asked).text.toLowerCase().includes(wanted)) return true;
  return asked.parts.some((part) => (typeof part[1] === "number" ? texts.has(part[1]) : part[0] !== "open" && (part[1] ?? "").toLowerCase().includes(wanted)));
}

function fillList() {
  const wanted = state.search.toLowerCase().trim();
  const texts = new Set();
  if (wanted) log.texts.forEach((text, n) => { if (text.toLowerCase().includes(wanted)) texts.add(n); });
  const some = state.node && state.filter ? state.node.requests : log.list;
  list.shown = (wanted ? some.filter((asked) => matches(asked, wanted, texts)) : [...some]).sort(orders[state.sort][1]);
  byId("found").textContent = list.shown.length === log.list.length ? counted(log.list.length, "request") : `${count(list.shown.length)} of ${count(log.list.length)}`;
  byId("tall").style.height = `${list.shown.length * ROW}px`;
  drawList();
}

function drawList() {
  const rows = byId("rows");
  const first = Math.max(0, Math.floor(rows.scrollTop / ROW) - 4);
  const last = Math.min(list.shown.length, first + Math.ceil((rows.clientHeight || 600) / ROW) + 9);
  byId("seen").style.transform = `translateY(${first * ROW}px)`;
  byId("seen").replaceChildren(...list.shown.slice(first, last).map(row));
  rows.setAttribute("aria-activedescendant", state.request ? `row-${state.request.id}` : "");
}

function row(asked) {
  const { kind, text } = answerOf(asked);
  const item = itemOf(asked);
  const name = item?.d?.startsWith("→") ? item.d.slice(2) : item?.t ?? "request";
  const selected = asked === state.request;
  return h("div", {
    class: `row ${kind}${selected ? " selected" : ""}`, id: `row-${asked.id}`, role: "option", "aria-selected": String(selected),
    "data-request": asked.id, onclick: () => selectRequest(asked, "list"),
  },
    h("div", { class: "head" },
      h("span", { class: "name" }, `${name} ${iteration(asked)}`.trim()),
      log.head.batch ? h("span", { class: "dim" }, `run ${asked.run + 1}`) : null,
      h("span", { class: "grow" }),
      h("span", { class: "dim" }, `${count(tokensOut(asked))} tok · ${time(timesOf(asked).total)}`)),
    h("div", { class: "said" }, h("span", { class: "id" }, `#${asked.id}`), " ", oneLine(text || (kind === "open" ? "no answer" : kind), 90)));
}

/** Goes on in the list, from what is selected. */
function step(by) {
  if (!list.shown.length) return;
  const at = list.shown.indexOf(state.request);
  const next = at < 0 ? 0 : Math.min(list.shown.length - 1, Math.max(0, at + by));
  selectRequest(list.shown[next], "keys");
}

function reveal() {
  const at = list.shown.indexOf(state.request), rows = byId("rows");
  if (at < 0) return;
  const top = at * ROW;
  if (top < rows.scrollTop) rows.scrollTop = top;
  else if (top + ROW > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW - rows.clientHeight;
}

function startList() {
  byId("sort").replaceChildren(...Object.entries(orders).map(([name, [title]]) => h("option", { value: name }, title)));
  byId("sort").onchange = () => { state.sort = byId("sort").value; fillList(); };
  byId("search").oninput = () => { state.search = byId("search").value; byId("rows").scrollTop = 0; fillList(); };
  byId("rows").addEventListener("scroll", drawList, { passive: true });
  byId("only").onclick = () => { state.filter = false; fillList(); showFilter(); };
}

function showFilter() {
  const only = byId("only");
  only.hidden = !(state.filter && state.node);
  only.textContent = only.hidden ? "" : `only ${oneLine(state.node.t, 24)} ✕`;
}

onChange((what) => {
  if (what === "graph" || what === "source" || what === "node") state.filter = (state.node?.requests.length ?? 0) > 0;
  else if (state.filter && state.request && !state.node?.requests.includes(state.request)) state.filter = false;
  showFilter();
  fillList();
  reveal();
  drawList();
});
