-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local json = require "usher.json"

local server

describe("usher status", function()
  before_each(function()
    server = api_server.open()
    server.keeper.document = function(_, name)
      if name ~= "nobody" then
        return { name = name, status = "ready", token = { expires_at = os.time() + 3600 } }
      end
      return require("usher.errors").fail "unknown_account"
    end
  end)

  it("shows all accounts", function()
    local status, out = server:usher { "status" }
    assert.are.equal(0, status)
    assert.matches("^ACCOUNT +STATUS +TOKEN", out)
    assert.matches("\nacme +ready +", out)
    assert.matches("\nbolt +ready +", out)
  end)

  it("shows one account", function()
    local status, out = server:usher { "status", "acme" }
    assert.are.equal(0, status)
    assert.matches("^account +acme\n", out)
  end)

  it("prints what the API answers", function()
    local _, out = server:usher { "status", "--json" }
    assert.are.equal("bolt", json.decode(out).accounts[2].name)
    _, out = server:usher { "status", "acme", "--json" }
    assert.are.equal("acme", json.decode(out).name)
  end)

  it("prints the fields that have no value as null, as the API does", function()
    server.keeper.document = function(_, name)
      return { name = name, token = json.null, budgets = { refresh = { opens_at = json.null } } }
    end
    for _, arguments in ipairs { { "status", "--json" }, { "status", "acme", "--json" } } do
      local _, out = server:usher(arguments)
      assert.matches('"token":null', out, 1, true)
      assert.matches('"opens_at":null', out, 1, true)
    end
  end)

  it("prints no accounts as an empty list", function()
    server.keeper.names = function()
      return {}
    end
    local _, out = server:usher { "status", "--json" }
    assert.are.equal('{"accounts":[]}\n', out)
  end)

  it("ends with 64 on an unknown account", function()
    assert.are.equal(64, (server:usher { "status", "nobody" }))
  end)
end)
