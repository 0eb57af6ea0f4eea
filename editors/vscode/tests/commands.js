// The commands on a stand-in for the editor: what they run, what they show, and when they stop.
const assert = require("node:assert");
const { existsSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { afterEach, test } = require("node:test");

const { contributes } = require("../package.json");

const did = { ran: [], said: [], opened: [] };
const ends = new Set();
const commands = new Map();
let document, during;

const uri = (scheme, fsPath) => ({ scheme, fsPath, toString: () => `${scheme}:${fsPath}` });
const say = async (message) => { did.said.push(message); };
const vscode = {
  Uri: { file: (path) => uri("file", path), parse: (text) => uri(...text.split(":")) },
  Task: class { constructor(definition, scope, name, source, execution) { Object.assign(this, { definition, scope, name, source, execution }); } },
  ProcessExecution: class { constructor(process, args) { Object.assign(this, { process, args }); } },
  TaskScope: { Workspace: 2 },
  ViewColumn: { Beside: -2 },
  commands: { registerCommand: (name, does) => { commands.set(name, does); } },
  env: { openExternal: async (page) => { did.opened.push(page.fsPath); } },
  tasks: {
    onDidEndTask: (heard) => { ends.add(heard); return { dispose: () => ends.delete(heard) }; },
    executeTask: async (task) => {
      did.ran.push([task.execution.process, ...task.execution.args]);
      during?.(task.execution.args);
      // Another task ends as well.
      for (const ended of [{ definition: { type: "npm" } }, task]) [...ends].forEach((heard) => heard({ execution: { task: ended } }));
    },
  },
  window: {
    get activeTextEditor() { return document && { document }; },
    showInformationMessage: say, showWarningMessage: say, showErrorMessage: say,
  },
  workspace: {
    getConfiguration: () => ({ get: (name, usual) => usual }),
    getWorkspaceFolder: () => undefined,
    onDidChangeConfiguration: () => {},
    openTextDocument: async () => document,
  },
};
const client = { LanguageClient: class { start() {} stop() {} }, TransportKind: {} };
const load = Module._load;
Module._load = (name, ...rest) => ({ vscode, "vscode-languageclient/node": client })[name] ?? load(name, ...rest);
require("../src/extension.js").activate({ subscriptions: [] });

const program = (more) => ({ languageId: "sgl", uri: uri("file", "/p/judge.sgl"), isDirty: false, save: async () => true, ...more });
const call = (name) => commands.get(name)();

afterEach(() => {
  Object.values(did).forEach((list) => list.splice(0));
  during = undefined;
});

test("every command that is offered is there, and programs have run, test, graph and trace", () => {
  assert.deepStrictEqual(contributes.commands.map(({ command }) => command).sort(), [...commands.keys()].sort());
  const offered = contributes.menus.commandPalette.map(({ command }) => command);
  assert.deepStrictEqual(offered, ["sgl.run", "sgl.test", "sgl.graph", "sgl.trace"]);
});

test("a trace opens when its run ends", async () => {
  document = program();
  during = ([, , page]) => writeFileSync(page, "<html>");
  await call("sgl.trace");
  const [[process, ...args]] = did.ran;
  const page = args[2];
  assert.deepStrictEqual([process, ...args], ["sglc", "run", "--trace", page, "/p/judge.sgl"]);
  assert.match(page, /judge\.html$/);
  assert.deepStrictEqual([did.opened, did.said, ends.size], [[page], [], 0]);
});

test("a run that does not begin has no trace, and that is said", async () => {
  document = program();
  await call("sgl.trace");
  assert.ok(!existsSync(did.ran[0][3]));
  assert.deepStrictEqual([did.opened, did.said.length, ends.size], [[], 1, 0]);
});

for (const name of ["sgl.run", "sgl.test", "sgl.graph", "sgl.trace"]) {
  test(`${name} stops at a program that is not saved`, async () => {
    for (const [more, why] of [
      [{ uri: uri("untitled", "Untitled-1"), isDirty: true }, /no file yet/],
      [{ isDirty: true, save: async () => false }, /judge\.sgl was not saved/],
      [{ languageId: "markdown" }, /Open a program/],
    ]) {
      document = program(more);
      await call(name);
      assert.match(did.said.pop(), why);
      assert.deepStrictEqual([did.ran, did.said], [[], []]);
    }
  });
}

test("a changed program is saved before it runs", async () => {
  let saved = 0;
  document = program({ isDirty: true, save: async () => { saved += 1; return true; } });
  await call("sgl.run");
  assert.deepStrictEqual([saved, did.ran], [1, [["sglc", "run", "/p/judge.sgl"]]]);
});
