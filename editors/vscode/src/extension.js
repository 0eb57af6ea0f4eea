// A thin client: `sglc lsp` answers, this file starts it and has the commands that need an editor.

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");
const { execFile } = require("node:child_process");
const { existsSync } = require("node:fs");
const { mkdtemp } = require("node:fs/promises");
const { tmpdir } = require("node:os");
const { basename, join } = require("node:path");

/** The client, while there is one. */
let client;

const sglc = () => vscode.workspace.getConfiguration("sgl").get("path", "sglc");

async function start() {
  const command = sglc();
  const model = vscode.workspace.getConfiguration("sgl").get("model");
  const args = model ? ["lsp", "--model", model] : ["lsp"];
  const server = { command, args, transport: TransportKind.stdio };
  client = new LanguageClient("sgl", "sgl", server, { documentSelector: [{ language: "sgl" }] });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const open = "Open settings";
    const message = `\`${command} lsp\` does not start: ${error.message}. Install sglc, or say in the settings where it is.`;
    if ((await vscode.window.showErrorMessage(message, open)) === open) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "sgl.path");
    }
  }
}

async function restart() {
  await client?.stop();
  await start();
}

/** The program that a command is about: that of its lens, or the one being edited. It is saved first: sglc reads its file. */
async function file(argument) {
  const uri = argument ? vscode.Uri.parse(String(argument)) : vscode.window.activeTextEditor?.document.uri;
  const document = uri && (await vscode.workspace.openTextDocument(uri));
  if (!document || document.languageId !== "sgl") {
    vscode.window.showInformationMessage("Open a program of sgl first.");
    return undefined;
  }
  if (document.uri.scheme !== "file") {
    vscode.window.showWarningMessage("This program has no file yet: save it, then sglc can read it.");
    return undefined;
  }
  if (document.isDirty && !(await document.save())) {
    vscode.window.showWarningMessage(`${basename(document.uri.fsPath)} was not saved, and sglc would read the old text.`);
    return undefined;
  }
  return document;
}

/** Runs `sglc` with these arguments in a terminal, each of them one word whatever is in it. */
function inTerminal(document, args, more = {}) {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const task = new vscode.Task(
    { type: "sgl", ...more },
    folder ?? vscode.TaskScope.Workspace,
    args[0],
    "sgl",
    new vscode.ProcessExecution(sglc(), args, folder && { cwd: folder.uri.fsPath }),
  );
  return vscode.tasks.executeTask(task);
}

async function run(argument) {
  const document = await file(argument);
  return document && inTerminal(document, ["run", document.uri.fsPath]);
}

async function test(argument, name) {
  const document = await file(argument);
  const only = name ? ["--filter", name] : [];
  return document && inTerminal(document, ["test", ...only, document.uri.fsPath]);
}

/** Runs the program and shows what happened. A run that fails has a trace, too; one that never began has none. */
async function trace(argument) {
  const document = await file(argument);
  if (!document) return;
  // Prompts and answers stand in it: nobody else may read that folder.
  const page = join(await mkdtemp(join(tmpdir(), "sgl-")), `${basename(document.uri.fsPath, ".sgl")}.html`);
  const ended = vscode.tasks.onDidEndTask(({ execution }) => {
    if (execution.task.definition.page !== page) return;
    ended.dispose();
    if (existsSync(page)) vscode.env.openExternal(vscode.Uri.file(page));
    else vscode.window.showWarningMessage("The run did not begin, so there is no trace: the terminal says why.");
  });
  await inTerminal(document, ["run", "--trace", page, document.uri.fsPath], { page });
}

async function graph(argument) {
  const document = await file(argument);
  if (!document) return;
  execFile(sglc(), ["graph", document.uri.fsPath], async (error, content, problems) => {
    if (error) {
      vscode.window.showErrorMessage(problems || error.message);
      return;
    }
    const shown = await vscode.workspace.openTextDocument({ content });
    await vscode.window.showTextDocument(shown, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  });
}

exports.activate = async (context) => {
  const commands = { "sgl.run": run, "sgl.test": test, "sgl.graph": graph, "sgl.trace": trace, "sgl.restart": restart };
  for (const [name, does] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, does));
  }
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((change) => ["sgl.path", "sgl.model"].some((name) => change.affectsConfiguration(name)) && restart()),
  );
  await start();
};

exports.deactivate = () => client?.stop();
