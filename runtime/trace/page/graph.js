// The program's graph: laid out by sglc, drawn here, with what happened at each node. Drag moves it, the wheel zooms.

const view = { x: 0, y: 0, scale: 1, canvas: null, isMoved: false };

function drawGraph() {
  const graph = log.head?.graph;
  const place = byId("graph");
  if (!graph?.boxes?.length) {
    place.replaceChildren(h("p", { class: "empty" }, log.list.length ? "There is no graph in this trace." : "This program asks no model and reaches nothing outside."));
    return;
  }
  view.canvas = svg("g");
  const markers = ["state", "data", "effect"].map((kind) =>
    svg("marker", { id: `tip-${kind}`, class: kind, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
      svg("path", { d: "M0 0 8 4 0 8z" })));
  const picture = svg("svg", { role: "group", "aria-label": "Graph of the program" }, svg("defs", {}, ...markers), view.canvas);
  place.replaceChildren(picture);
  for (const group of drawn.groups) view.canvas.append(drawItem(group, "group"));
  for (const edge of graph.edges) {
    view.canvas.append(svg("path", { class: `edge ${edge.k}`, d: curve(edge.p), "marker-end": `url(#tip-${edge.k})` }));
  }
  for (const box of drawn.boxes) view.canvas.append(drawItem(box, "box"));
  movable(picture);
  document.documentElement.style.setProperty("--picture", `${Math.max(260, graph.size[1] + 40)}px`);
  fitGraph();
}

/** Straight down at each point, so that lines do not cross boxes. */
function curve(points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i += 1) {
    const [[x, y], [u, v]] = [points[i - 1], points[i]];
    const middle = (y + v) / 2;
    path += x === u ? `L${u} ${v}` : `C${x} ${middle} ${u} ${middle} ${u} ${v}`;
  }
  return path;
}

function drawItem(item, form) {
  const [x, y] = item.at, [width, height] = item.size;
  const select = (event) => { event.stopPropagation(); selectNode(item, "graph"); };
  const node = svg("g", {
    class: `${form} ${item.k} ${stateOf(item)}`, transform: `translate(${x} ${y})`, tabindex: 0, role: "button",
    "data-node": item.n[0] ?? "", "aria-label": `${item.t} ${item.d}`, onclick: select,
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select(event); } },
  }, svg("title", {}, `${item.t}\n${item.d}\n${whereOf(item)}`));
  node.append(svg("rect", { width, height, rx: form === "group" ? 10 : 7 }));
  node.append(svg("text", { x: 12, y: 19, class: "title" }, item.t));
  node.append(svg("text", { x: width - 10, y: 19, class: "where", "text-anchor": "end" }, `:${lineOf(item.s)}`));
  if (form === "group") {
    const often = item.requests.length;
    const said = [item.d, often ? counted(often, "request") : ""].filter(Boolean).join(" · ");
    node.append(svg("text", { x: 22 + item.t.length * 7.4, y: 19, class: "detail" }, oneLine(said, Math.max(8, width / 7 - item.t.length - 12))));
  } else {
    node.append(...words(item), ...figures(item, width, height));
  }
  item.element = node;
  return node;
}

/** The detail of a box in one or two lines. */
function words(item) {
  const space = item.d.lastIndexOf(" ", 31);
  const cut = space > 12 ? space : 31;
  const lines = item.d.length > 31 && item.k === "message" ? [item.d.slice(0, cut), oneLine(item.d.slice(cut), 31)] : [item.d];
  return lines.filter(Boolean).map((line, index) => svg("text", { x: 12, y: 37 + index * 17, class: "detail" }, line));
}

/** What happened at a node, and a bar of its tokens: cached, computed, written. */
function figures(item, width, height) {
  if (item.effects.length && !item.requests.length) {
    const took = item.effects.reduce((sum, effect) => sum + effect.took, 0);
    return [svg("text", { x: width - 40, y: 19, class: "figures", "text-anchor": "end" }, `${item.effects.length} × ${time(took / item.effects.length)}`)];
  }
  if (item.k === "message") {
    const text = item.wrote ? `${item.wrote.times > 1 ? `${count(item.wrote.times)} × from ` : "at "}${time(item.wrote.first)}` : log.wrote.size ? "not written" : "";
    return [svg("text", { x: width - 42, y: 19, class: "figures when", "text-anchor": "end" }, text)];
  }
  if (!item.requests.length) {
    return item.k === "gen" || item.k === "select" ? [svg("text", { x: 12, y: height - 10, class: "figures" }, "did not run")] : [];
  }
  const sum = (value) => item.requests.reduce((total, asked) => total + value(asked), 0);
  const total = sum((asked) => timesOf(asked).total), inTokens = sum(tokensIn), cached = sum(tokensCached), out = sum(tokensOut);
  const runs = item.requests.length;
  const first = Math.min(...item.requests.map((asked) => asked.asked));
  const text = `at ${time(first)} · ${runs > 1 ? `${runs} × ` : ""}${time(total / runs)} · ${count(inTokens)} → ${count(out)}`;
  const whole = Math.max(1, inTokens + out), room = width - 24;
  let x = 12;
  const bar = [["cached", cached], ["given", Math.max(0, inTokens - cached)], ["drawn", out]].map(([kind, tokens]) => {
    const piece = svg("rect", { class: `piece ${kind}`, x, y: height - 6, width: (room * tokens) / whole, height: 3 });
    x += (room * tokens) / whole;
    return piece;
  });
  // About six units a character are needed: more are set closer.
  const fits = text.length * 6 > room ? { textLength: room, lengthAdjust: "spacingAndGlyphs" } : {};
  return [svg("text", { x: 12, y: height - 13, class: "figures", ...fits }, text), ...bar];
}

function stateOf(item) {
  const all = item.requests.map((asked) => answerOf(asked).kind);
  if (all.includes("failed") || item.effects.some((effect) => effect.result.fault)) return "failed";
  if (all.includes("open")) return "open";
  if (all.length || item.effects.length || item.wrote) return "ran";
  return item.k === "gen" || item.k === "select" || (item.k === "message" && log.wrote.size) ? "idle" : "";
}

function fitGraph() {
  if (!view.canvas) return;
  view.isMoved = false;
  const place = byId("graph"), [width, height] = log.head.graph.size;
  const room = [place.clientWidth - 24, place.clientHeight - 24];
  // Large pictures begin at their top, no smaller than can be read.
  view.scale = Math.min(1.25, room[0] / width, Math.max(room[1] / height, 0.8));
  view.x = Math.max(12, (place.clientWidth - width * view.scale) / 2);
  view.y = Math.max(12, (place.clientHeight - height * view.scale) / 2);
  moved();
}

const moved = () => view.canvas?.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);

function zoomGraph(factor, x, y) {
  view.isMoved = true;
  const scale = Math.min(2.5, Math.max(0.1, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  moved();
}

/** A picture that nobody moved fits its pane, whatever becomes of that. */
new ResizeObserver(() => { if (!view.isMoved) fitGraph(); }).observe(byId("graph"));

function movable(picture) {
  const fingers = new Map();
  let far = 0;
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    zoomGraph(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  picture.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); far = 0; });
  picture.addEventListener("pointermove", (event) => {
    const was = fingers.get(event.pointerId);
    if (!was) return;
    const others = [...fingers.values()].filter((other) => other.pointerId !== event.pointerId);
    if (others.length) {
      const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      const box = picture.getBoundingClientRect();
      zoomGraph(apart(event, others[0]) / Math.max(1, apart(was, others[0])), others[0].clientX - box.left, others[0].clientY - box.top);
    } else {
      view.isMoved = true;
      view.x += event.clientX - was.clientX;
      view.y += event.clientY - was.clientY;
      far += Math.abs(event.clientX - was.clientX) + Math.abs(event.clientY - was.clientY);
      if (far > 4) picture.setPointerCapture(event.pointerId);
      moved();
    }
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, (event) => fingers.delete(event.pointerId));
  picture.addEventListener("click", (event) => { if (far > 4) event.stopPropagation(); }, { capture: true });
}

onChange((what) => {
  for (const item of [...drawn.groups, ...drawn.boxes]) item.element?.classList.toggle("selected", item === state.node);
  const element = state.node?.element;
  if (!element || what === "graph" || (what === "start" && !location.hash)) return;
  // What is selected elsewhere is brought into view.
  const box = element.getBoundingClientRect(), room = byId("graph").getBoundingClientRect();
  if (!room.width || (box.top >= room.top && box.bottom <= room.bottom && box.left >= room.left && box.right <= room.right)) return;
  const nearer = (low, high, from, to) => (low < from ? from - low : high > to ? Math.max(to - high, from - low) : 0);
  view.x += nearer(box.left, box.right, room.left + 16, room.right - 16);
  view.y += nearer(box.top, box.bottom, room.top + 16, room.bottom - 24);
  moved();
});
