// The source of the program: what the selected node stands for is lit, lines that ask a model have a mark to click.

const shownSource = { file: -1 };
const decoder = new TextDecoder();

const WORDS = /(\/\/.*)|("""[\s\S]*?"""|"""|"(?:[^"\\]|\\.)*")|\b(prompt|fn|let|var|if|else|for|in|while|match|return|break|continue|fork|struct|type|const|import|model|tool|test|try|assert|system|user|assistant|gen|select|race|true|false|none|and|or|not|is)\b|\b(\d[\d_.]*)\b|\b([A-Z]\w*)\b/g;

function drawSource() {
  const files = byId("files");
  const named = (log.head?.sources ?? []).map((source, file) => [source, file]).filter(([source]) => source.name.endsWith(".sgl") || source.name.startsWith("<"));
  files.replaceChildren(...named.map(([source, file]) => h("option", { value: file }, source.name)));
  files.hidden = named.length < 2;
  files.onchange = () => showFile(Number(files.value));
  showFile(0);
}

function showFile(file) {
  const { bytes, starts } = sourceOf(file);
  shownSource.file = file;
  byId("files").value = String(file);
  const marks = new Map();
  for (const item of drawn.boxes) {
    if (item.s[0] === file && (item.requests.length || item.effects.length)) marks.set(lineOf(item.s), item);
  }
  const lit = state.node?.s[0] === file ? state.node.s : null;
  const inText = inTexts(decoder.decode(bytes));
  const lines = starts.map((start, index) => {
    const end = (starts[index + 1] ?? bytes.length + 1) - 1;
    const item = marks.get(index + 1);
    const mark = item
      ? h("button", { class: "mark", title: `${item.t}: ${counted(item.requests.length + item.effects.length, "time")}`, onclick: () => selectNode(item, "source") }, String(item.requests.length || item.effects.length))
      : h("span", { class: "mark" });
    const code = h("code");
    const cuts = lit ? [start, Math.min(Math.max(lit[1], start), end), Math.min(Math.max(lit[2], start), end), end] : [start, end, end, end];
    for (let part = 0; part < 3; part += 1) {
      const text = decoder.decode(bytes.subarray(cuts[part], cuts[part + 1]));
      if (!text) continue;
      const pieces = inText.has(index) ? [h("span", { class: "text" }, text)] : coloured(text);
      code.append(...(part === 1 ? [h("mark", {}, ...pieces)] : pieces));
    }
    return h("div", { class: "line" }, mark, h("span", { class: "gutter" }, String(index + 1)), code);
  });
  byId("code").replaceChildren(...lines);
}

/** Shows a place `file:line:column`. */
function showPlace(at) {
  const [, name, number] = at.match(/^(.*):(\d+):\d+$/s) ?? [];
  const file = (log.head?.sources ?? []).findIndex((source) => source.name === name);
  if (file < 0) return;
  showFile(file);
  const found = byId("code").children[number - 1];
  found?.classList.add("meant");
  found?.scrollIntoView({ block: "center" });
}

/** Lines that are wholly inside of a text in three quotes. */
function inTexts(text) {
  const found = new Set();
  for (const match of text.matchAll(/"""[\s\S]*?"""/g)) {
    const first = text.slice(0, match.index).split("\n").length;
    const lines = match[0].split("\n").length;
    for (let line = first; line < first + lines - 1; line += 1) found.add(line);
  }
  return found;
}

function coloured(text) {
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(WORDS)) {
    if (match.index > at) pieces.push(text.slice(at, match.index));
    const kind = match[1] ? "comment" : match[2] ? "text" : match[3] ? "keyword" : match[4] ? "number" : "type";
    pieces.push(h("span", { class: kind }, match[0]));
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

onChange(() => {
  const file = state.node?.s[0] ?? shownSource.file;
  if (file < 0) return;
  showFile(file);
  const mark = byId("code").querySelector("mark");
  const room = byId("code").parentElement;
  if (mark && room) {
    const top = mark.closest(".line").offsetTop;
    if (top < room.scrollTop || top > room.scrollTop + room.clientHeight - 40) room.scrollTop = top - room.clientHeight / 3;
  }
});
