// A thin client: `sglc lsp` answers, this file starts it and has the commands that need an editor.

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");
const { execFile } = require("node:child_process");

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

/** The file that a command is about: that of its lens, or the one being edited. It is saved first. */
async function file(argument) {
  const uri = argument ? vscode.Uri.parse(String(argument)) : vscode.window.activeTextEditor?.document.uri;
  const document = uri && (await vscode.workspace.openTextDocument(uri));
  if (!document || document.languageId !== "sgl") {
    vscode.window.showInformationMessage("Open a program of sgl first.");
    return undefined;
  }
  await document.save();
  return document;
}

/** Runs `sglc` with these arguments in a terminal, each of them one word whatever is in it. */
function inTerminal(document, args) {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const task = new vscode.Task(
    { type: "sgl" },
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
  const commands = { "sgl.run": run, "sgl.test": test, "sgl.graph": graph, "sgl.restart": restart };
  for (const [name, does] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, does));
  }
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((change) => ["sgl.path", "sgl.model"].some((name) => change.affectsConfiguration(name)) && restart()),
  );
  await start();
};

exports.deactivate = () => client?.stop();
