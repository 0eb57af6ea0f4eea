// Every example is coloured as tests/examples/*.snap say. `npm run snapshots` writes them anew: read the difference.
const { copyFileSync, existsSync, mkdirSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { spawnSync } = require("node:child_process");

const examples = join(__dirname, "..", "..", "..", "examples");
const here = join(__dirname, "examples");
if (!existsSync(examples)) {
  console.error(`there is no ${examples}: the tests run inside of a clone of sgl, in editors/vscode`);
  process.exit(1);
}
mkdirSync(here, { recursive: true });
const names = readdirSync(examples).filter((name) => name.endsWith(".sgl"));
names.forEach((name) => copyFileSync(join(examples, name), join(here, name)));

const missing = names.filter((name) => !readdirSync(here).includes(`${name}.snap`));
if (missing.length > 0 && !process.argv.includes("-u")) {
  console.error(`no snapshots of ${missing.join(", ")}: npm run snapshots`);
  process.exit(1);
}
const tool = join(__dirname, "..", "node_modules", ".bin", "vscode-tmgrammar-snap");
const words = ["-g", "syntaxes/sgl.tmLanguage.json", ...process.argv.slice(2), "tests/examples/*.sgl"];
const ran = spawnSync(tool, words, { cwd: join(__dirname, ".."), stdio: "inherit" });
process.exit(ran.status ?? 1);
