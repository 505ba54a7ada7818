-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local index = require "usher.callback.index"
local toy_provider = require "spec.support.toy_provider"

local function account(provider, key, path)
  return { provider = provider, config = { key = key, callback_path = path or "/callback" } }
end

local function request(path, key)
  return { path = path, query = key and "key=" .. key or "" }
end

describe("callback index", function()
  local toy = toy_provider.new()

  it("finds the account by path and key", function()
    local found = index.new({
      acme = account(toy, "a1"),
      bolt = account(toy, "b2"),
      core = account(toy, "a1", "/other"),
    }, core.random.bytes)
    assert.are.same({ "/callback", "/other" }, found:paths())
    assert.are.equal("acme", found:find(request("/callback", "a1")))
    assert.are.equal("bolt", found:find(request("/callback", "b2")))
    assert.are.equal("core", found:find(request("/other", "a1")))
  end)

  it("forbids a key of no account, or of another path's", function()
    local found =
      index.new({ acme = account(toy, "a1"), bolt = account(toy, "b2", "/other") }, core.random.bytes)
    for _, key in ipairs { "b2", "a", "a11" } do
      local name, err = found:find(request("/callback", key))
      assert.is_nil(name)
      assert.are.equal("forbidden", err.code)
    end
  end)

  it("passes on why a request cannot be read", function()
    local found = index.new({ acme = account(toy, "a1") }, core.random.bytes)
    local name, err = found:find(request "/callback")
    assert.is_nil(name)
    assert.are.equal("bad_request: no key", tostring(err))
  end)

  it("asks each provider of a path", function()
    local other = toy_provider.new()
    function other.request_key(asked)
      return asked.query:match "ticket=(%w+)"
    end
    local found = index.new({ acme = account(toy, "a1"), bolt = account(other, "a1") }, core.random.bytes)
    assert.are.equal("acme", found:find(request("/callback", "a1")))
    assert.are.equal("bolt", found:find { path = "/callback", query = "ticket=a1" })
    local _, err = found:find { path = "/callback", query = "ticket=zz" }
    assert.are.equal("forbidden", err.code)
  end)

  it("refuses an account whose provider script fails to give its key, and says where", function()
    local broken = toy_provider.new()
    function broken.account_key()
      error "no key today"
    end
    local found, err = index.new({ acme = account(broken, "a1") }, core.random.bytes)
    assert.is_nil(found)
    assert.are.equal("bad_configuration", err.code)
    assert.matches("^accounts.acme: account_key failed: .*index_spec.lua:%d+: no key today$", err.message)
  end)

  it("refuses two accounts that a callback cannot tell apart", function()
    local found, err = index.new({ acme = account(toy, "a1"), bolt = account(toy, "a1") }, core.random.bytes)
    assert.is_nil(found)
    assert.are.equal("bad_configuration", err.code)
    assert.matches("accounts.bolt: .* accounts.acme", err.message)
    assert.not_matches("a1", err.message, 1, true)
  end)

  it("finds the account whose authorization waits for the key, on its path and of its provider", function()
    local script, other = toy_provider.new(), toy_provider.new()
    script.authorize, other.authorize = error, error
    function script.account_key()
      return false
    end
    local found = index.new(
      {
        acme = account(script),
        bolt = account(script, nil, "/other"),
        core = account(other, "c3"),
      },
      core.random.bytes,
      function(key)
        return ({ k1 = "acme", k2 = "bolt", k3 = "gone" })[key]
      end
    )
    assert.are.same({ "acme", nil, "k1" }, { found:find(request("/callback", "k1")) })
    assert.are.same({ "bolt", nil, "k2" }, { found:find(request("/other", "k2")) })
    assert.are.same({ "core" }, { found:find(request("/callback", "c3")) })
    for _, key in ipairs { "k2", "k3", "k4" } do
      local name, err = found:find(request("/callback", key))
      assert.are.same({ nil, "forbidden" }, { name, err.code })
    end
  end)

  it("asks for no authorization where the provider knows none", function()
    local found = index.new({ acme = account(toy, "a1") }, core.random.bytes, function()
      return "acme"
    end)
    assert.is_nil((found:find(request("/callback", "k1"))))
  end)

  it("refuses an account without a key", function()
    local found, err = index.new({ acme = account(toy, nil) }, core.random.bytes)
    assert.is_nil(found)
    assert.matches("accounts.acme", err.message, 1, true)
  end)
end)
