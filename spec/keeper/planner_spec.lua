-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"

-- A rig whose provider answers once `done` is resolved.
local function slow()
  local rig, done = one_account.new(), core.future.new()
  function rig.respond()
    return done:wait()
  end
  rig.done = done
  return rig
end

local function answer(rig, name)
  rig.done:resolve(one_account.success(name))
  rig:run(function() end)
end

-- Starts the exchange of a new credential, by an account at rest.
local function launch(rig)
  local push = rig:push "code"
  planner.consider(rig.keeper, rig.account)
  return planner.launch(rig.keeper, rig.account, { kind = "exchange", delay = 0, push = push })
end

describe("planner", function()
  local cases = {
    {
      "waits for a credential where there is nothing",
      function() end,
      { waits_for = "credential", status = "awaiting_credential" },
    },
    {
      "exchanges a credential that is there",
      function(rig)
        rig:push "code"
      end,
      { kind = "exchange" },
    },
    {
      "refreshes a token that is there",
      function(rig)
        rig:hold(rig:tokens "a")
      end,
      { kind = "refresh", status = "ready" },
    },
    {
      "saves first what could not be saved",
      function(rig)
        rig:push "code"
        rig.account.unsaved = { must_save = true, retry_at = rig.clock:boot() + 5 }
      end,
      { kind = "save", status = "retrying" },
    },
    {
      "does nothing for a disabled account",
      function(rig)
        rig:push "code"
        rig.account.is_disabled = true
      end,
      { status = "disabled" },
    },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig = one_account.new()
      case[2](rig)
      planner.consider(rig.keeper, rig.account)
      local plan, status = rig.account.plan, case[3].status and rig.account.status
      assert.are.same(case[3], { kind = plan.kind, waits_for = plan.waits_for, status = status })
      assert.are.equal(0, #rig.requests)
    end)
  end

  local idle = {
    { "an attempt is under way", "flight" },
    { "the keeper is stopped", "stopped" },
  }
  for _, case in ipairs(idle) do
    it("leaves everything as it is while " .. case[1], function()
      local rig = one_account.new()
      rig:push "code"
      local flight = case[2] == "flight" and { is_done = false } or nil
      rig.account.flight, rig.keeper.is_stopped = flight, case[2] == "stopped"
      planner.consider(rig.keeper, rig.account)
      rig:run(planner.act, rig.keeper, rig.account)
      assert.are.equal(flight, planner.start_early(rig.keeper, rig.account, true))
      assert.are.same({ {}, 0 }, { rig.account.plan, #rig.requests })
    end)
  end

  it("has one attempt at a time, and those who wait go on at its end", function()
    local rig, woken = slow(), 0
    local flight = launch(rig)
    rig:run(function()
      rig.account.waiters:wait(rig.clock, 60)
      woken = woken + 1
    end)
    rig:run(planner.act, rig.keeper, rig.account)
    assert.are.equal(flight, planner.start_early(rig.keeper, rig.account, true))
    assert.are.same({ false, 1, 0 }, { flight.is_done, #rig.requests, woken })
    answer(rig, "a")
    assert.are.same({ true, true, "a", 1 }, { flight.is_done, flight.ok, rig:served(), woken })
    assert.is_nil(rig.account.flight)
    assert.are.same({ "refresh", "ready" }, { rig.account.plan.kind, rig.account.status })
  end)

  it("gives the attempt's error to those who wait, and plans the next", function()
    local rig = one_account.new()
    function rig.respond()
      return { status = 503, headers = {}, class = "retryable" }
    end
    local flight = launch(rig)
    local waiting = rig:run(rig.account.waiters.wait, rig.account.waiters, rig.clock, 60)
    assert.is_true(waiting.is_done)
    assert.are.same({ true, "temporarily_unavailable" }, { flight.is_done, flight.err.code })
    local plan = rig.account.plan
    assert.are.same({ "exchange", "backoff", "retrying" }, { plan.kind, plan.gate, rig.account.status })
  end)

  it("outlives a fault of its own", function()
    local rig = one_account.new()
    function rig.store.begin()
      error "spec"
    end
    local flight = launch(rig)
    rig:run(function() end)
    assert.are.same({ true, 1 }, { flight.is_done, #rig:logged "attempt_broke" })
    assert.is_nil(rig.account.flight or flight.ok)
    assert.are.same({ "exchange", true }, { rig.account.plan.kind, rig.account.plan.delay > 0 })
  end)

  for _, backoff in ipairs { 0, 30 } do
    it(("acts when the time has come: %d s left"):format(backoff), function()
      local rig = slow()
      rig:push "code"
      rig.account.backoff_until = rig.clock:boot() + backoff
      rig:run(planner.act, rig.keeper, rig.account)
      assert.are.equal(backoff == 0 and 1 or 0, #rig.requests)
      answer(rig, "a")
    end)
  end

  local early = {
    { "nothing to attempt", {}, true, false },
    { "a disabled account", { credential = "code", is_disabled = true }, true, false },
    { "a credential", { credential = "code" }, false, true },
    { "a backoff", { credential = "code", backoff = 30 }, false, false },
    { "a backoff, forced", { credential = "code", backoff = 30 }, true, true },
  }
  for _, case in ipairs(early) do
    it(("starts early with %s: %s"):format(case[1], case[4]), function()
      local rig, facts = slow(), case[2]
      if facts.credential then
        rig:push(facts.credential)
      end
      planner.consider(rig.keeper, rig.account)
      rig.account.is_disabled = facts.is_disabled == true
      rig.account.backoff_until = facts.backoff and rig.clock:boot() + facts.backoff
      local flight = planner.start_early(rig.keeper, rig.account, case[3])
      rig:run(function() end)
      assert.are.same({ case[4], case[4] and 1 or 0 }, { flight ~= nil and flight ~= false, #rig.requests })
      answer(rig, "a")
    end)
  end

  for _, needs_person in ipairs { true, false } do
    it(("refreshes in time though a credential fails and fails again: %s"):format(needs_person), function()
      local rig = one_account.new()
      rig.account.needs_person = needs_person
      local tokens, now = rig:tokens "old", rig.clock:wall()
      -- The last fifth of the refresh token's life, in which pushed credentials are exchanged.
      tokens.refresh_issued_at, tokens.refresh_expires_at = now - 80000, now + 4000
      rig:hold(tokens)
      rig:push "code"
      function rig.respond(request)
        if request.url:find "refresh" then
          return one_account.success "new"
        end
        return { status = 503, headers = {}, class = "retryable", code = "http_503" }
      end
      assert(rig.keeper:start())
      rig.clock:advance(3601)
      assert.are.equal("new", rig:served())
      rig:run(rig.keeper.stop, rig.keeper)
    end)
  end

  it("puts what was received on disk though the account is disabled meanwhile", function()
    local rig = one_account.new()
    rig:hold(rig:tokens("old", 60))
    rig:break_store "commit"
    function rig.respond()
      return one_account.success "new"
    end
    assert(rig.keeper:start())
    rig.clock:advance(60)
    assert.is_true(rig.account.unsaved.must_save)
    rig.account.is_disabled = true
    planner.consider(rig.keeper, rig.account)
    rig:break_store()
    rig.clock:advance(60)
    assert.are.same({ "new", nil }, { rig:record().token_set.access_token, rig:served() })
    assert.are.equal("disabled", rig.account.status)
    rig:run(rig.keeper.stop, rig.keeper)
  end)

  it("renews in time, by the keeper's own timer", function()
    local rig, count = one_account.new(), 0
    function rig.respond()
      count = count + 1
      return one_account.success("t" .. count)
    end
    rig:hold(rig:tokens("a", 3600))
    assert(rig.keeper:start())
    for _ = 1, 100 do
      rig.clock:advance(360)
      assert.is_string(rig:served())
    end
    rig:run(rig.keeper.stop, rig.keeper)
    assert.is_true(count >= 10 and count <= 20)
    assert.are.equal(0, rig.clock:armed())
  end)
end)
