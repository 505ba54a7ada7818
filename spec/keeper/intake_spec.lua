-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local intake = require "usher.keeper.intake"
local one_account = require "spec.support.one_account"

local function offer(rig, push)
  local box = rig:run(intake.offer, rig.keeper, rig.account, push)
  assert(box.is_done, "it waits for more than the store")
  return box.value, box.err and box.err.code
end

local function kept(rig)
  local credentials = {}
  for index, push in ipairs(rig:record().pushes) do
    credentials[index] = push.credential
  end
  return table.concat(credentials, " ")
end

describe("intake", function()
  local cases = {
    { "keeps a push", {}, { { "me", "one" } }, { true, "-", "one", 1 } },
    { "keeps one that names no subject", { subject = "me" }, { { nil, "one" } }, { true, "-", "one", 1 } },
    { "keeps one of the pinned subject", { subject = "me" }, { { "me", "one" } }, { true, "-", "one", 1 } },
    {
      "refuses one of another subject than the pinned one",
      { subject = "me" },
      { { "other", "one" } },
      { false, "forbidden", "", 0 },
    },
    {
      "takes a repeated one for well received, and tells once",
      {},
      { { "me", "one" }, { "me", "one" } },
      { true, "-", "one", 1 },
    },
    { "keeps the newest of a subject", {}, { { "me", "one" }, { "me", "two" } }, { true, "-", "two", 2 } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig, ok, code = one_account.new(case[2]), nil, nil
      for _, push in ipairs(case[3]) do
        ok, code = offer(rig, { subject = push[1], credential = push[2] })
      end
      assert.are.same(case[4], { ok == true, code or "-", kept(rig), #rig:told "push_received" })
    end)
  end

  it("refuses another subject than the one that an exchange pinned", function()
    local rig = one_account.new()
    rig:hold(rig:tokens "a")
    assert.are.same({ nil, "forbidden" }, { offer(rig, { subject = "other", credential = "one" }) })
  end)

  it("logs refused ones once a minute, with their number", function()
    local rig, counts = one_account.new { subject = "me" }, {}
    for _ = 1, 130 do
      offer(rig, { subject = "other", credential = "one" })
      rig.clock:advance(1)
    end
    for index, line in ipairs(rig:logged "push_refused") do
      counts[index] = line.count
    end
    assert.are.same({ 1, 60, 60 }, counts)
  end)

  local expiries = {
    { "never by itself", nil, nil, nil },
    { "as the push says", 90.5, nil, 90 },
    { "as the policy says", nil, 600, 600 },
    { "as the push says, whatever the policy", 90, 600, 90 },
  }
  for _, case in ipairs(expiries) do
    it("lets a credential expire " .. case[1], function()
      local rig = one_account.new { policy = { credential_ttl = case[3] } }
      offer(rig, { credential = "one", valid_for = case[2] })
      local push = rig:record().pushes[1]
      assert.are.equal(case[4], push.expires_at and push.expires_at - rig.clock:wall())
    end)
  end

  it("does not act upon what is not durable", function()
    local rig = one_account.new()
    rig:break_store "offer"
    local ok, code = offer(rig, { credential = "one" })
    assert.are.same({ nil, "store_failed" }, { ok, code })
    assert.are.same({ 0, {} }, { #rig:told "push_received", rig.account.plan })
    assert.is_false(rig.keeper:is_store_up())
  end)

  it("refuses what has no form on disk, which is no fault of the store", function()
    local rig = one_account.new()
    for _, push in ipairs { { credential = "\xff" }, { subject = "\xff", credential = "one" } } do
      assert.are.same({ nil, "bad_request" }, { offer(rig, push) })
    end
    assert.are.same({ "", true }, { kept(rig), rig.keeper:is_store_up() })
  end)

  it("acts upon a repeated push that is durable although the store had said no", function()
    local rig = one_account.new()
    local add = rig.store.offer
    function rig.store.offer(...)
      rig.store.offer = nil
      add(...)
      return errors.fail "store_failed"
    end
    assert.are.same({ nil, "store_failed" }, { offer(rig, { credential = "one" }) })
    assert.is_true((offer(rig, { credential = "one" })))
    assert.are.same({ "exchange", "one" }, { rig.account.plan.kind, rig.account.plan.push.credential })
  end)

  it("acts upon a push that could not be read back once the store is there again", function()
    local rig = one_account.new()
    rig:break_store "load"
    assert.is_true((offer(rig, { credential = "one" })))
    assert.is_nil(rig.account.plan.kind)
    rig:break_store()
    rig.clock:advance(1)
    assert.are.same({ "exchange", "one" }, { rig.account.plan.kind, rig.account.plan.push.credential })
    rig.keeper:stop()
  end)

  it("plans the exchange, and does not wait for it", function()
    local rig = one_account.new()
    offer(rig, { credential = "one" })
    assert.are.same({ "exchange", 0 }, { rig.account.plan.kind, #rig.requests })
  end)

  for _, is_clearable in ipairs { true, false } do
    it(("ends a wait after a failure: %s"):format(is_clearable), function()
      local rig = one_account.new()
      rig.account.backoff_until, rig.account.is_backoff_clearable = rig.clock:boot() + 100, is_clearable
      offer(rig, { credential = "one" })
      assert.are.equal(is_clearable and 0 or 100, rig.account.plan.delay)
    end)
  end

  it("has the next missed push told of again", function()
    local rig = one_account.new()
    rig.account.has_missed_push = true
    offer(rig, { credential = "one" })
    assert.is_false(rig.account.has_missed_push)
  end)

  it("leaves the credential concealed once", function()
    local rig, count = one_account.new(), 0
    function rig.log.conceal()
      count = count + 1
    end
    function rig.log.release()
      count = count - 1
    end
    offer(rig, { credential = "one" })
    assert.are.equal(1, count)
  end)
end)
