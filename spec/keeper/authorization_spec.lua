-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local authorization = require "usher.keeper.authorization"
local one_account = require "spec.support.one_account"

local function begun(changes)
  local fields = { url = "https://as/authorize", key = "key-1", pending = { verifier = "v" } }
  for name, value in pairs(changes or {}) do
    fields[name] = value
  end
  return fields
end

local function show(rig, wait)
  return rig:run(authorization.show, rig.keeper, rig.account, { wait = wait })
end

describe("authorization", function()
  local rig

  local function open(changes)
    return authorization.open(rig.keeper, rig.account, begun(changes))
  end

  before_each(function()
    rig = one_account.new()
  end)

  after_each(function()
    authorization.cancel(rig.keeper, rig.account)
    assert.are.equal(0, rig.clock:armed())
    assert.are.same({}, rig.keeper.authorizations)
  end)

  it("shows that there has been none", function()
    assert.are.same({ status = "none" }, show(rig).value)
  end)

  it("shows what the person is to do", function()
    local self = open { user_code = "WDJB-MJHT" }
    local expected = { url = "https://as/authorize", user_code = "WDJB-MJHT", expires_at = 1800000600 }
    assert.are.same(expected, authorization.prompt(self))
    expected.status = "pending"
    assert.are.same(expected, show(rig).value)
  end)

  it("tells the script of the port where the browser is awaited, and the person of the redirect", function()
    local port
    function rig.account.provider.authorize(_, context)
      port = context.loopback_port
      return begun { redirect_uri = "http://127.0.0.1:49152/" }
    end
    local box = rig:run(rig.keeper.authorize, rig.keeper, "acme", { loopback_port = 49152 })
    assert.are.same({ 49152, "http://127.0.0.1:49152/" }, { port, box.value.redirect_uri })
  end)

  it("is found by its key, and taken once", function()
    local self = open()
    assert.is_nil(authorization.find(rig.keeper, "key-2"))
    assert.are.equal(self, authorization.find(rig.keeper, "key-1"))
    local door = rig.keeper:for_callback()
    assert.are.same({ "acme", nil }, { door.find "key-1", door.find "key-2" })
    local taken = door.take "key-1"
    assert.are.same({ verifier = "v" }, taken.pending)
    assert.is_nil(authorization.take(rig.keeper, "key-1"))
    assert.is_nil(authorization.find(rig.keeper, "key-1"))
  end)

  it("lets those who wait know of its end", function()
    local self = open()
    local box = show(rig, 60)
    assert.is_nil(box.is_done)
    authorization.finish(rig.keeper, self)
    rig.clock:advance(0)
    assert.are.equal("succeeded", box.value.status)
    assert.is_nil(box.value.failure)
  end)

  it("answers those who wait before the gateway's draining ends", function()
    open()
    local box = show(rig, 30)
    rig.keeper:dismiss()
    rig.clock:advance(0)
    assert.is_nil(box.is_done)
    rig.keeper:dismiss(true)
    rig.clock:advance(0)
    assert.are.same({ "failed", "cancelled" }, { box.value.status, box.value.failure.code })
  end)

  it("lets nobody wait longer than they said", function()
    open()
    local box = show(rig, 5)
    rig.clock:advance(6)
    assert.are.equal("pending", box.value.status)
  end)

  it("keeps its first end", function()
    local self = open()
    rig.keeper:for_callback().fail(self, { code = "access_denied", message = "no" })
    authorization.finish(rig.keeper, self)
    local shown = show(rig).value
    assert.are.same({ "failed", { code = "access_denied", message = "no" } }, { shown.status, shown.failure })
    assert.are.equal("access_denied", rig:logged("authorization_ended")[1].error)
    assert.are.equal(1, #rig:logged "authorization_ended")
  end)

  for _, case in ipairs { { nil, 600 }, { 90, 90 }, { 86400, 1800 } } do
    it(("ends after %d seconds where the provider says %s"):format(case[2], case[1]), function()
      open { expires_in = case[1] }
      rig.clock:advance(case[2] - 1)
      assert.are.equal("pending", show(rig).value.status)
      rig.clock:advance(1)
      assert.are.equal("timeout", show(rig).value.failure.code)
      assert.is_nil(authorization.find(rig.keeper, "key-1"))
    end)
  end

  it("takes the place of the one before", function()
    local first = open()
    open { key = "key-2" }
    assert.are.equal("cancelled", first.failure.code)
    assert.is_nil(authorization.find(rig.keeper, "key-1"))
    assert.are.equal("pending", show(rig).value.status)
  end)
end)

-- What was asked of the provider holds the former client, endpoint and redirect URI.
describe("an authorization whose account changes while the provider is asked", function()
  it("does not begin", function()
    local rig = one_account.new {
      provider = {
        authorize = function(_, context)
          return context.response and begun() or { request = { method = "POST", url = "https://as/device" } }
        end,
      },
    }
    rig.respond = function()
      rig.clock:sleep(1)
      return { status = 200, headers = {}, body = "" }
    end
    local asking = rig:run(rig.keeper.authorize, rig.keeper, "acme")
    local settings = { provider = rig.provider, config = { callback_path = "/other" }, policy = {} }
    rig:run(rig.keeper.apply, rig.keeper, { acme = settings })
    rig.clock:advance(1)
    assert.are.equal("cancelled", asking.err.code)
    assert.are.equal("none", show(rig).value.status)
    rig.keeper:stop()
  end)
end)
