//! A real editor: headless Neovim opens a program, sees what is wrong, hovers, completes, renames across two files and formats.

use std::fs;
use std::process::Command;

/// What the editor does, in its own language; each step writes a line of what it saw.
const SCRIPT: &str = r#"
local out = {}
local function say(what, value) table.insert(out, what .. ": " .. tostring(value)) end
local function wait(what) vim.wait(20000, what, 20) end

vim.cmd("edit " .. vim.env.SGL_FOLDER .. "/main.sgl")
local id = vim.lsp.start_client({
  name = "sgl",
  cmd = { vim.env.SGLC, "lsp" },
  root_dir = vim.env.SGL_FOLDER,
  workspace_folders = { { uri = vim.uri_from_fname(vim.env.SGL_FOLDER), name = "w" } },
})
vim.lsp.buf_attach_client(0, id)
wait(function() return vim.lsp.buf_get_clients(0)[id] ~= nil end)

wait(function() return #vim.diagnostic.get(0) > 0 end)
say("diagnostic", vim.diagnostic.get(0)[1].message:gsub("\n.*", ""))

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000) or {}
  for _, answer in pairs(answers) do return answer.result end
end
local function at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params(0, "utf-16")
end

vim.api.nvim_buf_set_lines(0, 3, 4, false, { "    util.one() + two" })
wait(function() return #vim.diagnostic.get(0) == 0 end)
say("diagnostics after the change", #vim.diagnostic.get(0))

say("hover", ask("textDocument/hover", at(4, 10)).contents.value:match("fn one[^\n]*"))

vim.api.nvim_buf_set_lines(0, 3, 4, false, { "    util." })
local labels = {}
local behind = at(4, 8)
behind.position.character = 9
for _, item in ipairs(ask("textDocument/completion", behind)) do table.insert(labels, item.label) end
say("completion", table.concat(labels, " "))
vim.api.nvim_buf_set_lines(0, 3, 4, false, { "    util.one() +    two" })

local params = at(4, 10)
params.newName = "first"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", params), "utf-16")
say("renamed here", vim.api.nvim_buf_get_lines(0, 3, 4, false)[1])
local other = vim.fn.bufnr("util.sgl")
say("renamed there", vim.api.nvim_buf_get_lines(other, 0, 1, false)[1])

local edits = ask("textDocument/formatting", { textDocument = vim.lsp.util.make_text_document_params(0), options = { tabSize = 4, insertSpaces = true } })
vim.lsp.util.apply_text_edits(edits, 0, "utf-16")
say("formatted", vim.api.nvim_buf_get_lines(0, 3, 4, false)[1])

vim.fn.writefile(out, vim.env.SGL_FOLDER .. "/seen.txt")
vim.lsp.stop_client(id)
vim.cmd("qall!")
"#;

#[test]
fn headless_neovim() {
    let found = Command::new("nvim").arg("--version").output();
    if found.is_err() {
        println!("skipped: there is no nvim on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(
        at("main.sgl"),
        "import \"./util.sgl\" as util\n\nfn main(two: int = 2) -> int {\n    nothing + two\n}\n",
    )
    .unwrap();
    fs::write(at("util.sgl"), "fn one() -> int { 1 }\n").unwrap();
    fs::write(at("test.lua"), SCRIPT).unwrap();
    let output = Command::new("nvim")
        .args(["--headless", "--clean", "-u", "NONE", "-n", "-S"])
        .arg(at("test.lua"))
        .env("SGLC", env!("CARGO_BIN_EXE_sglc"))
        .env("SGL_FOLDER", folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .unwrap();
    let seen =
        fs::read_to_string(at("seen.txt")).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    insta::assert_snapshot!(seen, @"
    diagnostic: there is no `nothing` here: not known here
    diagnostics after the change: 0
    hover: fn one() -> int
    completion: one
    renamed here:     util.first() +    two
    renamed there: fn first() -> int { 1 }
    formatted:     util.first() + two
    ");
}
