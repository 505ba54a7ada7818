-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local errors = require "usher.errors"
local json = require "usher.json"

local TOKEN = { access_token = "tok-1", token_type = "Bearer", expires_in = 3600, expires_at = 1800003600 }

local server

describe("usher token", function()
  before_each(function()
    server = api_server.open()
    server.keeper.answers.token = { TOKEN }
  end)

  it("prints the token in each format", function()
    for format, expected in pairs { plain = "tok-1\n", header = "Authorization: Bearer tok-1\n" } do
      local status, out, err = server:usher { "token", "acme", "--format", format }
      assert.are.equal(0, status)
      assert.are.equal(expected, out)
      assert.are.equal("", err)
    end
    server.keeper.answers.token = { { access_token = "tok-1", token_type = "bearer" } }
    local _, header = server:usher { "token", "acme", "--format", "header" }
    assert.are.equal("Authorization: Bearer tok-1\n", header)
    server.keeper.answers.token = { TOKEN }
    local _, out = server:usher { "token", "acme", "--format", "json" }
    assert.are.same(TOKEN, json.decode(out))
  end)

  it("passes on how long the token must live and how long to wait", function()
    server:usher { "token", "acme", "--min-ttl", "600", "--wait", "5" }
    assert.are.same({ "token", "acme", { min_ttl = 600, wait = 5 } }, server.keeper.calls[1])
  end)

  it("asks for a tenant's token", function()
    server.keeper.answers.tenant_token = { TOKEN }
    local status, out = server:usher { "token", "acme", "--tenant", "wx-1", "--wait", "5" }
    assert.are.same({ 0, "tok-1\n" }, { status, out })
    assert.are.same({ "tenant_token", "acme", { "wx-1", { wait = 5 } } }, server.keeper.calls[1])
    for _, tenant in ipairs { "a/b", "../..", "", ("x"):rep(129) } do
      assert.are.equal(64, (server:usher { "token", "acme", "--tenant", tenant }))
    end
    assert.are.equal(1, #server.keeper.calls)
  end)

  for code, expected in pairs {
    awaiting_credential = 75,
    budget_exhausted = 75,
    temporarily_unavailable = 75,
    reauthorization_required = 77,
  } do
    it(("ends with %d on %s"):format(expected, code), function()
      server.keeper.answers.token = { nil, errors.new(code, "what a person reads") }
      local status, out, err = server:usher { "token", "acme" }
      assert.are.equal(expected, status)
      assert.are.equal("", out)
      assert.are.equal("usher: what a person reads\n", err)
    end)
  end

  it("ends with 64 on an unknown account", function()
    local status, _, err = server:usher { "token", "nobody" }
    assert.are.equal(64, status)
    assert.are.equal("usher: unknown account: nobody\n", err)
    assert.are.equal(64, (server:usher { "token", "a/b" }))
  end)

  it("lets no message drive the terminal", function()
    server.keeper.answers.token = { nil, errors.new("awaiting_credential", "a\27[2Jb\nc") }
    local _, _, err = server:usher { "token", "acme" }
    assert.are.equal("usher: a?[2Jb?c\n", err)
  end)

  it("never loads the core", function()
    local status, _, err = server:lua(([[
      package.preload["usher.core"] = function() error "loaded" end
      for _, command in ipairs { "token", "status", "refresh" } do
        local code = require("usher.cli").main { command, "acme", "--api", %q }
        assert(code == 0 or command == "refresh", command .. code)
      end
      for name in pairs(package.loaded) do
        assert(name ~= "usher.core" and name ~= "usher.errors", name)
      end
    ]]):format(server.listen))
    assert.are.equal(0, status, err)
  end)
end)
