-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local keeper_rig = require "spec.support.keeper_rig"
local records = require "usher.keeper.records"

-- A started rig, its account, and how often each secret is concealed.
local function scene()
  local rig, counts = keeper_rig.new(), {}
  function rig.log.conceal(_, secret)
    counts[secret] = (counts[secret] or 0) + 1
  end
  function rig.log.release(_, secret)
    counts[secret] = counts[secret] - 1
  end
  rig:start()
  finally(function()
    rig:stop()
  end)
  return rig, rig.keeper.accounts.acme, counts
end

local function record(version, access_token, refresh_token)
  local now = 1800000000
  local tokens = {
    access_token = access_token,
    token_type = "Bearer",
    issued_at = now,
    expires_at = now + 7200,
    refresh_token = refresh_token,
  }
  return { version = version, epoch = 0, pushes = {}, push_gaps = {}, budgets = {}, token_set = tokens }
end

describe("records", function()
  it("conceals what a record holds, and releases what the next one lacks", function()
    local rig, account, counts = scene()
    records.adopt(rig.keeper, account, record(1, "a1-access", "r1-refresh"))
    assert.are.same({ ["a1-access"] = 1, ["r1-refresh"] = 1 }, counts)
    records.adopt(rig.keeper, account, record(2, "a2-access", "r1-refresh"))
    assert.are.same({ ["a1-access"] = 0, ["a2-access"] = 1, ["r1-refresh"] = 1 }, counts)
    records.forget(rig.keeper, account)
    assert.are.same({ ["a1-access"] = 0, ["a2-access"] = 0, ["r1-refresh"] = 0 }, counts)
    records.adopt(rig.keeper, account, record(2, "a2-access", "r1-refresh"))
  end)

  it("asks the script whether it would refresh a token set", function()
    local rig, account = scene()
    records.adopt(rig.keeper, account, record(1, "a1-access"))
    local without = account.has_refresh
    records.adopt(rig.keeper, account, record(2, "a2-access", "r1-refresh"))
    assert.are.same({ false, true }, { without, account.has_refresh })
  end)

  it("takes a script that raises for one that would not", function()
    local rig, account = scene()
    account.provider = { refresh = error }
    records.adopt(rig.keeper, account, record(1, "a1-access", "r1-refresh"))
    assert.is_false(account.has_refresh)
    assert.are.equal("provider_script_failed", rig.lines[#rig.lines].event)
  end)

  it("keeps a token set that is served although the store could not take it", function()
    local rig, account = scene()
    local ours = record(1, "a2-access", "r1-refresh").token_set
    account.unsaved =
      { must_save = false, base = { version = 1 }, change = { token_set = ours }, retry_at = math.huge }
    records.adopt(rig.keeper, account, record(1, "a1-access", "r1-refresh"))
    assert.are.equal(ours, account.record.token_set)
    account.unsaved = nil
  end)

  it("believes the read that began later, whichever ends first", function()
    local rig, account = scene()
    local load = rig.store.load
    function rig.store.load(store, name)
      rig.store.load = load
      local early = load(store, name)
      rig:push()
      assert(records.reload(rig.keeper, account))
      return early
    end
    assert(records.reload(rig.keeper, account))
    assert.are.equal(1, #account.record.pushes)
  end)

  it("tells the keeper that the store is down", function()
    local rig, account = scene()
    rig.store.load = function()
      return errors.fail "store_failed"
    end
    local ok, err = records.reload(rig.keeper, account)
    rig.store.load = nil
    assert.is_nil(ok)
    assert.are.same({ "store_failed", false }, { err.code, rig.keeper:is_store_up() })
  end)
end)
