// The timeline: on top what the engine did in each step, below it a lane for what ran beside each other.

const line = { from: 0, to: 1, lanes: [], top: 0, drag: null };
const HEAD = 82, LEFT = 70, RIGHT = 10;
/** A lane is high where there are few. */
let LANE = 15;

/** Requests one after another in as few lanes as keep them apart. */
function layLanes() {
  line.lanes = [];
  const ends = [];
  const all = [...log.list, ...log.effects.map((effect) => ({ effect, asked: effect.t }))].sort((a, b) => a.asked - b.asked);
  for (const one of all) {
    const end = one.effect ? one.effect.t + one.effect.took : timesOf(one).end;
    let lane = ends.findIndex((last) => last <= one.asked);
    if (lane < 0) { lane = ends.length; ends.push(0); line.lanes.push([]); }
    ends[lane] = end;
    one.lane = lane;
    line.lanes[lane].push({ one, from: one.asked, to: end });
  }
  LANE = line.lanes.length > 8 ? 15 : 20;
  // As high as its lanes, so that nothing of it is empty; where there are many, they scroll.
  const height = HEAD + Math.max(1, line.lanes.length) * LANE + 8;
  document.documentElement.style.setProperty("--lanes", `${Math.min(height, Math.max(190, innerHeight * 0.3))}px`);
}

function startTimeline() {
  const canvas = byId("timeline");
  layLanes();
  line.from = 0;
  line.to = Math.max(1, log.end?.t ?? log.last);
  canvas.onwheel = (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.shiftKey || sideways) pan((event.deltaX || event.deltaY) / canvas.clientWidth);
    else if (!event.ctrlKey && tooTall() && event.offsetY > HEAD) scrollLanes(event.deltaY);
    else zoomTime(Math.exp(event.deltaY / 500), at(Math.max(LEFT, event.offsetX)));
    event.preventDefault();
  };
  canvas.onpointerdown = (event) => { line.drag = { x: event.clientX, y: event.clientY, far: 0 }; canvas.setPointerCapture(event.pointerId); };
  canvas.onpointermove = (event) => {
    if (!line.drag) { hover(event); return; }
    line.drag.far += Math.abs(event.clientX - line.drag.x) + Math.abs(event.clientY - line.drag.y);
    pan((line.drag.x - event.clientX) / canvas.clientWidth);
    scrollLanes(line.drag.y - event.clientY);
    Object.assign(line.drag, { x: event.clientX, y: event.clientY });
  };
  canvas.onpointerup = (event) => { if (line.drag && line.drag.far < 5) pick(event); line.drag = null; };
  canvas.onpointerleave = () => { byId("tip").hidden = true; };
  canvas.onkeydown = (event) => {
    const keys = { "+": () => zoomTime(0.7), "-": () => zoomTime(1.4), ArrowLeft: () => pan(-0.1), ArrowRight: () => pan(0.1), 0: wholeTime };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); event.stopPropagation(); }
  };
  new ResizeObserver(drawTimeline).observe(canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawTimeline);
}

const width = () => byId("timeline").clientWidth - LEFT - RIGHT;
const x = (t) => LEFT + ((t - line.from) / (line.to - line.from)) * width();
const at = (px) => line.from + ((px - LEFT) / width()) * (line.to - line.from);
const tooTall = () => line.lanes.length * LANE + HEAD > byId("timeline").clientHeight;

function wholeTime() { line.from = 0; line.to = Math.max(1, log.last); drawTimeline(); }

function zoomTime(factor, around = (line.from + line.to) / 2) {
  const span = Math.min(log.last * 1.02, Math.max(50, (line.to - line.from) * factor));
  const share = (around - line.from) / (line.to - line.from);
  line.from = Math.max(0, around - share * span);
  line.to = line.from + span;
  drawTimeline();
}

function pan(share) {
  const by = Math.max(-line.from, Math.min(share * (line.to - line.from), Math.max(0, log.last * 1.02 - line.to)));
  line.from += by;
  line.to += by;
  drawTimeline();
}

function scrollLanes(by) {
  const most = Math.max(0, line.lanes.length * LANE + HEAD - byId("timeline").clientHeight);
  line.top = Math.max(0, Math.min(most, line.top + by));
  drawTimeline();
}

function drawTimeline() {
  const canvas = byId("timeline"), scale = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.font = "11px ui-sans-serif, system-ui, sans-serif";
  drawNames(pen);
  const within = (top, draw) => {
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, top, canvas.clientWidth - LEFT, canvas.clientHeight - top);
    pen.clip();
    draw();
    pen.restore();
  };
  within(0, () => { drawTicks(pen, canvas); drawSteps(pen); });
  within(HEAD, () => drawLanes(pen, canvas));
}

/** What the bands are. */
function drawNames(pen) {
  pen.fillStyle = colour("dim");
  pen.textAlign = "right";
  for (const [name, y] of [["engine", 32], ["rows", 66], [line.lanes.length === 1 ? "request" : "requests", HEAD + LANE - 5]]) pen.fillText(name, LEFT - 8, y);
  pen.textAlign = "left";
}

function drawTicks(pen, canvas) {
  const span = line.to - line.from, rough = span / Math.max(2, width() / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const each = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  pen.fillStyle = colour("dim");
  pen.strokeStyle = colour("line");
  for (let t = Math.ceil(line.from / each) * each; t <= line.to; t += each) {
    pen.beginPath();
    pen.moveTo(x(t), 14);
    pen.lineTo(x(t), canvas.clientHeight);
    pen.stroke();
    if (x(t) + 50 < canvas.clientWidth) pen.fillText(t ? time(t).replace(/\.0+ /, " ") : "0", x(t) + 3, 11);
  }
}

/** Steps: plan, model and masks after another; below them the rows of each, prompts and new tokens. */
function drawSteps(pen) {
  const most = log.steps.reduce((most, step) => Math.max(most, step.prefill + step.decode), 1);
  const root = (rows) => Math.sqrt(rows / most) * 34;
  const colours = { plan: colour("plan"), forward: colour("forward"), read: colour("read"), prefill: colour("prefill"), decode: colour("decode") };
  let painted = -1;
  for (let i = Math.max(0, lowerBound(log.steps, line.from, (step) => step.t) - 1); i < log.steps.length; i += 1) {
    const step = log.steps[i];
    if (step.t > line.to) break;
    const [from, to] = [x(step.t), x(step.end)];
    // Many steps on one pixel are one stroke.
    if (to - painted < 0.4) continue;
    painted = to;
    let left = from;
    for (const part of ["plan", "forward", "read"]) {
      const wide = ((to - from) * step[part]) / Math.max(1, step.end - step.t);
      pen.fillStyle = colours[part];
      pen.fillRect(left, 20, Math.max(wide, part === "forward" ? 0.5 : 0), 16);
      left += wide;
    }
    const wide = Math.max(0.5, to - from - (to - from > 4 ? 1 : 0));
    pen.fillStyle = colours.prefill;
    pen.fillRect(from, 76 - root(step.prefill + step.decode), wide, root(step.prefill + step.decode));
    pen.fillStyle = colours.decode;
    pen.fillRect(from, 76 - root(step.decode), wide, root(step.decode));
  }
  for (const load of log.loads) {
    pen.fillStyle = colour("plan");
    pen.fillRect(x(load.t), 20, x(load.t + load.took) - x(load.t), 16);
    label(pen, `load ${load.model}`, load.t, load.t + load.took, 20, 16);
  }
}

function drawLanes(pen, canvas) {
  const names = ["queue", "prefill", "decode", "effect", "failed", "accent"];
  const c = Object.fromEntries(names.map((name) => [name, colour(name)]));
  const first = Math.floor(line.top / LANE), last = first + Math.ceil(canvas.clientHeight / LANE);
  for (let lane = first; lane < Math.min(last, line.lanes.length); lane += 1) {
    const y = HEAD + lane * LANE - line.top, all = line.lanes[lane];
    for (let i = Math.max(0, lowerBound(all, line.from, (bar) => bar.to)); i < all.length && all[i].from < line.to; i += 1) {
      const { one, from, to } = all[i];
      const bar = (a, b, fill) => { pen.fillStyle = fill; pen.fillRect(x(a), y + 2, Math.max(0.7, x(b) - x(a)), LANE - 4); };
      if (one.effect) { bar(from, to, one.effect.result.fault ? c.failed : c.effect); label(pen, one.effect.name, from, to, y, LANE); continue; }
      const times = timesOf(one);
      bar(from, times.began, c.queue);
      bar(times.began, times.first, c.prefill);
      bar(times.first, to, answerOf(one).kind === "failed" ? c.failed : c.decode);
      if (x(to) - x(from) > 60) label(pen, `${itemOf(one)?.d.replace("→ ", "") || itemOf(one)?.t || ""} ${iteration(one)}`, from, to, y, LANE);
      const mine = one === state.request;
      if (mine || (state.node && state.filter && state.node.requests.includes(one))) {
        pen.strokeStyle = c.accent;
        pen.lineWidth = mine ? 2 : 1;
        pen.strokeRect(x(from) - 0.5, y + 1.5, Math.max(3, x(to) - x(from)) + 1, LANE - 3);
        pen.lineWidth = 1;
      }
    }
  }
}

/** Says in a bar what it is, as far as there is room. */
function label(pen, text, from, to, y, high) {
  const left = Math.max(LEFT, x(from)) + 4, room = x(to) - left - 4;
  if (room < 24) return;
  pen.fillStyle = colour("ink");
  pen.save();
  pen.beginPath();
  pen.rect(left, y, room, high);
  pen.clip();
  pen.fillText(text, left, y + high / 2 + 4);
  pen.restore();
}

function under(event) {
  const lane = Math.floor((event.offsetY - HEAD + line.top) / LANE), t = at(event.offsetX);
  if (event.offsetX < LEFT) return null;
  if (event.offsetY < HEAD) {
    const step = log.steps[lowerBound(log.steps, t, (step) => step.end)];
    return step && step.t <= t ? { step } : null;
  }
  return line.lanes[lane]?.find((bar) => x(bar.from) - 2 <= event.offsetX && event.offsetX <= x(bar.to) + 2)?.one ?? null;
}

function pick(event) {
  const found = under(event);
  if (found?.effect) selectNode(drawn.byNode.get(found.effect.node) ?? null, "timeline");
  else if (found?.step) selectRequest(log.requests.get(found.step.rows[0]?.[0]) ?? state.request, "timeline");
  else if (found) selectRequest(found, "timeline");
}

function hover(event) {
  const found = under(event), tip = byId("tip");
  if (!found) { tip.hidden = true; return; }
  const lines = found.step
    ? [`step of ${time(found.step.end - found.step.t)}: plan ${time(found.step.plan)}, model ${time(found.step.forward)}, tokens ${time(found.step.read)} (masks ${time(found.step.mask)})`,
      `${counted(found.step.batch, "sequence")}: ${count(found.step.prefill)} prompt rows, ${count(found.step.decode)} new ones; ${count(found.step.waiting)} waiting`]
    : found.effect
      ? [`${found.effect.name}: ${time(found.effect.took)}`, oneLine(JSON.stringify(found.effect.args), 90)]
      : [`#${found.id} ${itemOf(found)?.t ?? ""} ${iteration(found)}`, `waited ${time(timesOf(found).prepare + timesOf(found).queue)}, prefill ${time(timesOf(found).prefill)}, decode ${time(timesOf(found).decode)}`];
  tip.replaceChildren(...lines.map((text) => h("p", {}, text)));
  tip.hidden = false;
  tip.style.left = `${Math.min(innerWidth - tip.offsetWidth - 6, event.clientX + 12)}px`;
  tip.style.top = `${Math.max(6, event.clientY - tip.offsetHeight - 12)}px`;
}

onChange(() => {
  if (state.request?.lane !== undefined) {
    const y = state.request.lane * LANE;
    const room = byId("timeline").clientHeight - HEAD;
    if (y < line.top || y + LANE > line.top + room) line.top = Math.max(0, y - room / 2);
  }
  drawTimeline();
});
