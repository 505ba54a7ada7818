-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local errors = require "usher.errors"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

describe("keeper", function()
  it("knows its accounts, and no others", function()
    local rig = keeper_rig.new({ accounts = 2 }):start()
    assert.are.same({ "acme", "acme2" }, rig.keeper:names())
    for _, method in ipairs { "document", "token", "refresh", "offer" } do
      local value, err = rig.keeper[method](rig.keeper, "nobody", {})
      assert.is_nil(value)
      assert.are.equal("unknown_account", err.code)
    end
    rig:stop()
  end)

  it("does not start on a store that does not answer, and says why", function()
    local rig = keeper_rig.new()
    rig.store.load = function()
      return errors.fail("store_corrupt", "a record is damaged")
    end
    assert.has_error(function()
      rig:start()
    end, errors.new("store_corrupt", "a record is damaged"))
  end)

  it("trusts the account's own certificates", function()
    local rig = keeper_rig.ready()
    assert.are.equal("/ca.pem", rig.requests[1].ca_file)
    rig:stop()
  end)

  it("keeps accounts apart", function()
    local rig = keeper_rig.new({ accounts = 2 }):start()
    rig:push()
    rig:advance(1)
    assert.are.equal("ready", rig.keeper:document("acme").status)
    assert.are.equal("awaiting_credential", rig.keeper:document("acme2").status)
    rig:stop()
  end)
end)

describe("keeper: stop", function()
  local moments = {
    ["at rest"] = function() end,
    ["while it refreshes"] = function(rig)
      rig:fail_always("refresh", faults.lost(false))
      rig:advance(3000)
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(1)
    end,
    ["while consumers wait"] = function(rig)
      rig:fail_always("refresh", faults.lost(false))
      rig:advance(3000)
      rig.box = rig:run(rig.keeper.token, rig.keeper, "acme", { min_ttl = 7000, wait = 60 })
    end,
    ["while it waits to retry"] = function(rig)
      rig:fail_always("refresh", faults.unsent())
      rig:advance(6500)
    end,
  }
  for name, go_there in pairs(moments) do
    it("leaves no task and no timer " .. name, function()
      local rig = keeper_rig.ready()
      go_there(rig)
      rig:stop()
      assert.are.same({ 0, 0 }, { core.loop:tasks(), rig.clock:armed() })
      assert.is_true(rig.box == nil or rig.box.is_done)
      local requests = #rig.requests
      rig:advance(24 * 3600)
      assert.are.equal(requests, #rig.requests)
    end)
  end

  it("notes that it does not know how an attempt ended", function()
    local rig = keeper_rig.ready()
    rig:fail_always("refresh", faults.lost(false))
    rig:advance(3000)
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig:advance(1)
    rig:stop()
    local record = rig:record()
    assert.are.equal("refresh", record.journal.kind)
    assert.is_nil(record.lease)
  end)

  it("puts on disk what the store could not take before", function()
    local rig = keeper_rig.ready { policy = { rotates = true } }
    function rig.store.commit()
      return errors.fail "no_space"
    end
    rig:fail_next("refresh", function()
      local data = { accessToken = "new-access", expiresIn = 7200, refreshToken = "new-refresh" }
      return { status = 200, headers = {}, body = json.encode { code = "0000", data = data } }
    end)
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig:advance(0.5)
    rig.store.commit = nil
    rig:stop()
    assert.are.equal("new-refresh", rig:record().token_set.refresh_token)
  end)

  it("leaves the store open", function()
    local rig = keeper_rig.ready()
    rig:stop()
    assert.truthy(rig:record().token_set)
  end)
end)

describe("keeper: secrets", function()
  -- A log that remembers what is concealed.
  local function concealing(rig)
    local counts = {}
    function rig.log.conceal(_, secret)
      counts[secret] = (counts[secret] or 0) + 1
    end
    function rig.log.release(_, secret)
      counts[secret] = counts[secret] - 1
    end
    return counts
  end

  it("conceals tokens and credentials while they live, and nothing else", function()
    local rig = keeper_rig.new()
    local counts = concealing(rig)
    rig:start()
    rig:push()
    rig:advance(6500)
    rig:push()
    local tokens, live = rig:record().token_set, {}
    for secret, count in pairs(counts) do
      if count > 0 then
        live[secret] = true
      end
      assert.is_true(count >= 0)
    end
    assert.are.same({
      [tokens.access_token] = true,
      [tokens.refresh_token] = true,
      [rig:record().pushes[1].credential] = true,
    }, live)
    rig:stop()
    for _, count in pairs(counts) do
      assert.are.equal(0, count)
    end
  end)

  it("logs no token, code or refresh token at any level", function()
    local rig = keeper_rig.new():start()
    rig:push_every(600)
    rig:fail_next("exchange", faults.status(503))
    rig:fail_next("refresh", faults.envelope "0401", faults.status(500))
    rig:advance(24 * 3600)
    local text = json.encode(json.array(rig.lines))
    local tokens = rig:record().token_set
    for _, secret in ipairs { tokens.access_token, tokens.refresh_token, rig:record().pushes[1].credential } do
      assert.is_nil(text:find(secret, 1, true))
    end
    rig:stop()
  end)
end)
