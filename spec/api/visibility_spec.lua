-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local api = require "usher.api"
local errors = require "usher.errors"
local fake_keeper = require "spec.support.fake_keeper"
local json = require "usher.json"
local visibility = require "usher.api.visibility"

local RULES = { acme = { users = { [10] = true }, groups = { [20] = true } } }
local FRIEND, STRANGER = { uid = 10, gid = 1, groups = {} }, { uid = 0, gid = 0, groups = { 1, 2 } }
local OWN = { uid = 30, gid = 1, groups = {} }

describe("visibility", function()
  it("is limited for those whom a rule leaves out", function()
    assert.is_false(visibility.is_limited(RULES, FRIEND))
    assert.is_true(visibility.is_limited(RULES, STRANGER))
    assert.is_true(visibility.is_limited(RULES, nil))
    assert.is_false(visibility.is_limited({}, nil))
  end)

  it("leaves the keeper as it is where nothing is hidden", function()
    local keeper = fake_keeper.new()
    assert.are.equal(keeper, visibility.of(keeper, RULES, FRIEND))
  end)

  it("hides an account from every method, those of later included", function()
    local keeper = fake_keeper.new()
    function keeper.revoke()
      error "reached"
    end
    local seen = visibility.of(keeper, RULES, STRANGER)
    assert.are.same({ "bolt" }, seen:names())
    assert.is_true(seen:is_store_up())
    for _, verb in ipairs { "document", "token", "refresh", "tally", "revoke", "tenants", "tenant_token" } do
      local value, err = seen[verb](seen, "acme", {})
      assert.is_nil(value)
      assert.are.equal("unknown_account", err.code)
    end
    assert.are.same({}, keeper.calls)
    assert.are.same({ name = "bolt" }, (seen:token("bolt", { wait = 0 })))
    assert.are.same({ { "token", "bolt", { wait = 0 } } }, keeper.calls)
  end)
end)

describe("an API with rules", function()
  local reloads

  local function ask(peer, path, method)
    local keeper = fake_keeper.new()
    function keeper.document(_, name)
      if name == "n0ne" then
        return errors.fail "unknown_account"
      end
      return { name = name, provider = "example", budgets = { exchange = {}, refresh = {} } }
    end
    local service = api.new {
      keeper = keeper,
      is_tcp = false,
      ready = function()
        return true
      end,
      reload = function()
        reloads = reloads + 1
        return true
      end,
      access = RULES,
      own_user = OWN.uid,
    }
    return service:handle {
      method = method or "GET",
      path = path,
      query = "",
      headers = { host = "localhost" },
      body = "",
      remote = "unix",
      peer = peer,
    }
  end

  before_each(function()
    reloads = 0
  end)

  it("tells a stranger of a hidden account what it tells of one that is none", function()
    for _, route in ipairs { { "" }, { "/token" }, { "/refresh", "POST" } } do
      local function asked(name)
        return ask(STRANGER, "/v1/accounts/" .. name .. route[1], route[2])
      end
      local hidden = asked "acme"
      assert.are.equal(404, hidden.status)
      assert.are.same(asked "n0ne", hidden)
      assert.are.equal(200, asked("bolt").status)
      assert.are.equal(200, ask(FRIEND, "/v1/accounts/acme" .. route[1], route[2]).status)
    end
  end)

  it("lists and measures what may be seen", function()
    local function names(peer)
      local listed = {}
      for index, document in ipairs(json.decode(ask(peer, "/v1/accounts").body).accounts) do
        listed[index] = document.name
      end
      return listed
    end
    assert.are.same({ "acme", "bolt" }, names(FRIEND))
    assert.are.same({ "bolt" }, names(STRANGER))
    assert.matches("\nusher_accounts 2\n", ask(FRIEND, "/metrics").body, 1, true)
    assert.matches("\nusher_accounts 1\n", ask(STRANGER, "/metrics").body, 1, true)
  end)

  it("reloads for those only who see every account, and for the gateway's own user", function()
    assert.are.equal(403, ask(STRANGER, "/v1/reload", "POST").status)
    assert.are.equal(0, reloads)
    assert.are.equal(200, ask(FRIEND, "/v1/reload", "POST").status)
    assert.are.equal(1, reloads)
    assert.are.equal(404, ask(OWN, "/v1/accounts/acme").status)
    assert.are.equal(200, ask(OWN, "/v1/reload", "POST").status)
    assert.are.equal(2, reloads)
  end)
end)
