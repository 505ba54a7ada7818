-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local capture = require "spec.support.capture"
local errors = require "usher.errors"

local TOKEN = { access_token = "tok-1", token_type = "Bearer", expires_in = 3600, expires_at = 1800003600 }

local server

describe("usher exec", function()
  before_each(function()
    server = api_server.open()
    server.keeper.answers.token = { TOKEN }
  end)

  local function exec(...)
    return server:usher { "exec", "acme", ... }
  end

  it("runs the command with the token in its environment", function()
    local status, out, err = exec("--", "sh", "-c", 'echo "$USHER_TOKEN $1"; exit 7', "sh", "--env")
    assert.are.same({ 7, "tok-1 --env\n", "" }, { status, out, err })
  end)

  it("names the variable as it is told", function()
    local _, out = exec("--env", "MAVI_TOKEN", "--", "sh", "-c", 'echo "$MAVI_TOKEN:$USHER_TOKEN"')
    assert.are.equal("tok-1:\n", out)
  end)

  it("never shows the token among the arguments", function()
    local _, out = exec("--", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline")
    assert.matches("^sh %-c ", out)
    assert.not_matches("tok-1", out, 1, true)
  end)

  it(
    "leaves the rest of the environment as it was, but for the bearer that is good for every account",
    function()
      local words = { "exec", "acme", "--", "sh", "-c", "echo $USHER_API_LISTEN:$USHER_API_TOKEN:$LANG" }
      local _, out = server:usher(words, { USHER_API_TOKEN = "b3arer", LANG = "C" })
      assert.are.equal(server.listen .. "::C\n", out)
    end
  )

  it("passes on how long the token must live and how long to wait", function()
    exec("--min-ttl", "600", "--wait", "5", "--", "true")
    assert.are.same({ "token", "acme", { min_ttl = 600, wait = 5 } }, server.keeper.calls[1])
  end)

  for code, expected in pairs {
    awaiting_credential = 75,
    budget_exhausted = 75,
    temporarily_unavailable = 75,
    reauthorization_required = 77,
  } do
    it(("runs nothing and ends with %d on %s"):format(expected, code), function()
      server.keeper.answers.token = { nil, errors.new(code, "what a person reads") }
      local status, out, err = exec("--", "echo", "run")
      assert.are.same({ expected, "", "usher: what a person reads\n" }, { status, out, err })
    end)
  end

  it("ends with 64 on an unknown account, 69 where there is no gateway", function()
    assert.are.equal(64, (server:usher { "exec", "nobody", "--", "true" }))
    assert.are.equal(69, (server:usher { "exec", "acme", "--api", "unix:/nowhere/usher.sock", "--", "true" }))
  end)

  it("ends with 127 or 126 where the command cannot be run", function()
    local status, _, err = exec("--", "no-such-command")
    assert.are.same({ 127, "usher: no-such-command: No such file or directory\n" }, { status, err })
    status, _, err = exec("--", "/")
    assert.are.same({ 126, "usher: /: Permission denied\n" }, { status, err })
  end)

  for _, case in ipairs {
    { { "exec" }, "missing argument" },
    { { "exec", "acme" }, "missing argument 'command'" },
    { { "exec", "acme", "ls", "-l" }, "unknown option '-l'" },
    { { "exec", "acme", "--env", "A-B", "--", "ls" }, "'A-B' is not a variable's name" },
  } do
    it(("ends with 64: %s"):format(table.concat(case[1], " ")), function()
      local status, _, err = capture.usher(table.unpack(case[1]))
      assert.are.equal(64, status)
      assert.matches(case[2], err, 1, true)
    end)
  end

  it("shows in its usage that the command comes after --", function()
    local _, out = capture.usher("exec", "--help")
    assert.matches("ACCOUNT%s+%-%- COMMAND %[ARGUMENT%]", out)
  end)

  it("never loads the core", function()
    local status, out, err = server:lua(([[
      package.cpath = %q
      package.preload["usher.core"] = function() error "loaded" end
      os.exit(require("usher.cli").main { "exec", "acme", "--api", %q, "--", "echo", "run" })
    ]]):format(package.cpath, server.listen))
    assert.are.same({ 0, "run\n" }, { status, out }, err)
  end)
end)
