// What is selected, and who wants to know. One request, one node, or nothing.

const state = { request: null, node: null, spaces: false, sort: "order", search: "" };
const listeners = [];
const onChange = (listener) => listeners.push(listener);
const changed = (what) => listeners.forEach((listener) => listener(what));

/** The drawn box or group of a request, and everything around it. */
const drawn = { boxes: [], groups: [], byNode: new Map() };

function readGraph() {
  const graph = log.head?.graph ?? {};
  drawn.groups = graph.groups ?? [];
  drawn.boxes = graph.boxes ?? [];
  for (const item of [...drawn.groups, ...drawn.boxes]) {
    item.requests = [];
    item.effects = [];
    for (const node of item.n) drawn.byNode.set(node, item);
  }
  for (const asked of log.list) drawn.byNode.get(asked.node)?.requests.push(asked);
  for (const item of drawn.boxes) {
    const wrote = item.n.map((node) => log.wrote.get(node)).filter(Boolean);
    item.wrote = wrote.length ? { first: Math.min(...wrote.map((one) => one.first)), times: Math.max(...wrote.map((one) => one.times)) } : null;
  }
  for (const effect of log.effects) drawn.byNode.get(effect.node)?.effects.push(effect);
  // A group has what lies inside of it.
  const within = (inner, outer) =>
    inner.at[0] >= outer.at[0] && inner.at[1] >= outer.at[1] &&
    inner.at[0] + inner.size[0] <= outer.at[0] + outer.size[0] && inner.at[1] + inner.size[1] <= outer.at[1] + outer.size[1];
  for (const group of drawn.groups) {
    const inside = drawn.boxes.filter((box) => within(box, group));
    group.requests = inside.flatMap((box) => box.requests);
    group.effects = inside.flatMap((box) => box.effects);
  }
}

const itemOf = (asked) => drawn.byNode.get(asked.node) ?? null;

/** `[2] [1]`: which iterations a request is in; calls are left out. */
const iteration = (asked) => asked.path.filter((step) => step[1] > 0).map((step) => `[${step[1] - 1}]`).join("");

function selectRequest(asked, from) {
  state.request = asked;
  if (asked) state.node = itemOf(asked);
  address();
  changed(from ?? "request");
}

function selectNode(item, from) {
  state.node = item;
  const mine = item?.requests ?? [];
  if (item && !mine.includes(state.request)) state.request = mine[0] ?? state.request;
  address();
  changed(from ?? "node");
}

/** The selection stands in the address, so that it can be sent to somebody. */
function address() {
  const parts = [];
  if (state.request) parts.push(`request=${state.request.id}`);
  if (state.node && state.node !== (state.request && itemOf(state.request))) parts.push(`node=${state.node.n[0] ?? ""}`);
  history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
}

function fromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("request")) {
    state.request = log.requests.get(Number(asked.get("request"))) ?? state.request;
    state.node = state.request && itemOf(state.request);
  }
  if (asked.has("node")) {
    const item = drawn.byNode.get(Number(asked.get("node")));
    if (item) {
      state.node = item;
      if (!asked.has("request")) state.request = item.requests[0] ?? state.request;
    }
  }
}

/** Where a span stands: `judge.sgl:24`. Spans count bytes, so texts are looked at as bytes. */
const encoded = new Map();
function sourceOf(file) {
  if (!encoded.has(file)) {
    const source = log.head?.sources?.[file];
    const bytes = new TextEncoder().encode(source?.text ?? "");
    const starts = [0];
    bytes.forEach((byte, index) => { if (byte === 10) starts.push(index + 1); });
    encoded.set(file, { name: source?.name ?? "?", bytes, starts });
  }
  return encoded.get(file);
}

function lineOf([file, start]) {
  const { starts } = sourceOf(file);
  const after = lowerBound(starts, start + 1, (at) => at);
  return after;
}

const whereOf = (item) => (item ? `${sourceOf(item.s[0]).name.split("/").pop()}:${lineOf(item.s)}` : "");
