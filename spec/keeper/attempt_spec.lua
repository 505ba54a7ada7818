-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local attempt = require "usher.keeper.attempt"
local budget = require "usher.model.budget"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"

local function refused(class, status)
  return function()
    return { status = status or 400, headers = {}, class = class, code = "spec" }
  end
end

local function lost(is_sent)
  return function()
    return errors.fail("timeout", nil, { sent = is_sent })
  end
end

local function succeeds()
  return one_account.success "b"
end

local function raises()
  error "spec"
end

-- A rig at rest with a credential, for exchanges, or the token "a", for refreshes.
local function new(kind, options)
  local rig = one_account.new(options)
  rig.respond = succeeds
  if kind == "refresh" then
    rig:hold(rig:tokens "a")
  else
    rig:push "code"
  end
  return rig
end

local function run(rig, kind, is_forced)
  planner.consider(rig.keeper, rig.account)
  local push = kind == "exchange" and rig.account.record.pushes[1] or nil
  local plan = { kind = kind, delay = 0, push = push, is_forced = is_forced }
  local box = rig:run(attempt.run, rig.keeper, rig.account, plan)
  assert(box.is_done, "it waits")
  planner.consider(rig.keeper, rig.account)
  return box.value, box.err
end

local function used(rig, kind)
  return budget.used(rig:record().budgets[kind], rig.clock:wall())
end

describe("an exchange", function()
  local cases = {
    -- expected: ok, served, credentials kept, outcome open, requests counted
    { "succeeds", succeeds, { true, "b", 0, false, 1 } },
    { "is refused for its credential, which is spent", refused "credential", { false, "-", 0, false, 1 } },
    { "meets a server that cannot now", refused("retryable", 503), { false, "-", 1, false, 1 } },
    { "is not answered, and may have been acted on", lost(true), { false, "-", 1, true, 1 } },
    { "does not leave, and does not count", lost(false), { false, "-", 1, false, 0 } },
    { "meets a closed budget", refused "budget", { false, "-", 1, false, 1 } },
    { "is refused for its client", refused "configuration", { false, "-", 1, false, 1 } },
    { "meets a transfer that raises", raises, { false, "-", 1, true, 1 } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig = new "exchange"
      rig.respond = case[2]
      local ok, err = run(rig, "exchange")
      local record = rig:record()
      assert.are.same(case[3], {
        ok == true,
        rig:served() or "-",
        #record.pushes,
        record.journal ~= nil,
        used(rig, "exchange"),
      })
      assert.are.equal(not ok and "temporarily_unavailable" or nil, err and err.code)
      assert.is_nil(record.lease)
    end)
  end

  it("sends the credential as the script says, with a limit of time", function()
    local rig = new "exchange"
    run(rig, "exchange")
    local request = rig.requests[1]
    assert.are.same({ "POST", "http://toy/exchange", "code" }, { request.method, request.url, request.body })
    assert.is_true(request.timeout_ms >= 2000 and request.timeout_ms <= 20000)
  end)

  it("gives a credential up after two outcomes that nobody knows", function()
    local rig = new "exchange"
    rig.respond = lost(true)
    run(rig, "exchange")
    assert.are.equal(1, #rig:record().pushes)
    run(rig, "exchange")
    assert.are.equal(0, #rig:record().pushes)
  end)

  it("keeps a credential that may be sent again until it is refused", function()
    local rig = new("exchange", { policy = { single_use = false } })
    for _ = 1, 2 do
      assert.is_true(run(rig, "exchange"))
      assert.are.equal(1, #rig:record().pushes)
    end
    rig.respond = lost(true)
    for _ = 1, 3 do
      run(rig, "exchange", true)
      assert.are.equal("code", rig.requests[#rig.requests].body)
      assert.are.equal(1, #rig:record().pushes)
    end
    rig.respond = refused "credential"
    run(rig, "exchange", true)
    assert.are.equal(0, #rig:record().pushes)
  end)

  it("does not let a token live longer because it is given again", function()
    local rig = new("exchange", { policy = { single_use = false, repeats_token = true } })
    assert.is_true(run(rig, "exchange"))
    local first = rig:record().token_set
    rig.clock:advance(3000)
    assert.is_true(run(rig, "exchange"))
    local again = rig:record().token_set
    assert.are.same({ first.issued_at, first.expires_at }, { again.issued_at, again.expires_at })
    assert.are.equal(600, rig.account:answer(rig.keeper:now()).expires_in)
    assert.are.equal(rig.clock:boot() + 150, rig.account.plan.at)
    assert.are.equal("ready", rig.account.status)
    rig.clock:advance(599)
    run(rig, "exchange")
    assert.are.equal(rig.clock:boot() + 1.25, rig.account.plan.at)
    rig.clock:advance(62)
    run(rig, "exchange")
    assert.are.equal(3600, rig.account:answer(rig.keeper:now()).expires_in)
  end)

  it("is not sent while another process is at it", function()
    local rig = new "exchange"
    local entry = { sequence = 1, tries = 1 }
    local options = { owner = "other", lease = 30, kind = "exchange", now = rig.clock:wall(), entry = entry }
    assert(rig.store:begin("acme", options))
    local ok, err = run(rig, "exchange")
    assert.are.same({ code = "temporarily_unavailable" }, { ok = ok, code = err.code })
    assert.is_true(err.retry_after > 0 and rig.account.plan.delay > 0)
    assert.are.equal(0, #rig.requests)
  end)

  it("is not sent where the budget is used up, and says when to come again", function()
    local rig = new("exchange", { policy = { budgets = { exchange = 1 } } })
    rig.respond = refused("retryable", 503)
    run(rig, "exchange")
    local ok, err = run(rig, "exchange")
    assert.are.same({ code = "budget_exhausted" }, { ok = ok, code = err.code })
    assert.is_true(err.retry_after >= 60)
    assert.are.equal(1, #rig.requests)
  end)

  it("is not sent while the store is down: its answer could be lost", function()
    local rig = new "exchange"
    rig:break_store "begin"
    local ok, err = run(rig, "exchange")
    assert.are.same({ code = "temporarily_unavailable" }, { ok = ok, code = err.code })
    assert.are.same({ 0, "store" }, { #rig.requests, rig.account.last_error.class })
    assert.is_true(rig.account.plan.delay > 0)
  end)

  it("leaves the reserve to forced ones", function()
    local rig = new("exchange", { policy = { budgets = { exchange = 10 } } })
    rig.respond = refused("retryable", 503)
    for _ = 1, 9 do
      run(rig, "exchange")
    end
    local _, err = run(rig, "exchange")
    assert.are.same({ "budget_exhausted", 9 }, { err.code, #rig.requests })
    run(rig, "exchange", true)
    assert.are.equal(10, #rig.requests)
    assert.are.equal(1, #rig:told "budget_low")
  end)

  it("survives a script that raises, and sends nothing", function()
    local rig = new "exchange"
    rig.provider.exchange = raises
    local ok, err = run(rig, "exchange")
    assert.are.same({ code = "temporarily_unavailable" }, { ok = ok, code = err.code })
    assert.are.same({ 0, "script_failed" }, { #rig.requests, rig.account.last_error.code })
    assert.are.equal(0, used(rig, "exchange"))
  end)

  it("takes an answer that cannot be read for an unknown outcome", function()
    local rig = new "exchange"
    function rig.respond()
      return { status = 200, headers = {}, class = "ok", answer = { access_token = "" } }
    end
    assert.is_nil((run(rig, "exchange")))
    assert.are.equal("exchange", rig:record().journal.kind)
  end)

  it("logs each oddity of an answer once", function()
    local rig = new "exchange"
    function rig.respond()
      local response = one_account.success "b"
      response.answer.notes = { "odd" }
      return response
    end
    run(rig, "exchange")
    rig:push "another"
    run(rig, "exchange")
    assert.are.equal(1, #rig:logged "answer_noted")
  end)
end)

describe("a refresh", function()
  local cases = {
    -- expected: ok, served, refresh token given up, outcome open
    { "succeeds", {}, { succeeds }, { true, "b", false, false } },
    { "is refused for its token", {}, { refused "refresh_token" }, { false, "a", true, false } },
    { "is not answered", {}, { lost(true) }, { false, "a", false, true } },
    { "is not answered twice", {}, { lost(true), lost(true) }, { false, "a", true } },
    {
      "is not answered, and must not be repeated",
      { retry_uncertain = false },
      { lost(true) },
      { false, "a", true },
    },
    {
      "is not answered twice, where that does no harm",
      { rotates = false },
      { lost(true), lost(true) },
      { false, "a", false, true },
    },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig, ok = new("refresh", { policy = case[2] }), nil
      for _, respond in ipairs(case[3]) do
        rig.respond = respond
        ok = run(rig, "refresh")
      end
      local record = rig:record()
      assert.are.same({ case[4][1], case[4][2], case[4][3] }, {
        ok == true,
        rig:served(),
        record.token_set.refresh_spent_at ~= nil,
      })
      if case[4][4] ~= nil then
        assert.are.equal(case[4][4], record.journal ~= nil)
      end
    end)
  end

  for _, rotates in ipairs { true, false } do
    it(("is sent while the store is down unless its answer may be lost: %s"):format(rotates), function()
      local rig = new("refresh", { policy = { rotates = rotates } })
      function rig.respond()
        return { status = 200, headers = {}, class = "ok", answer = { access_token = "b", expires_in = 3600 } }
      end
      rig:break_store("begin", "commit")
      local ok = run(rig, "refresh")
      local counted = budget.used(rig.account:buckets "refresh", rig.clock:wall())
      assert.are.same(
        rotates and { false, "a", 0, 0 } or { true, "b", 1, 1 },
        { ok == true, rig:served(), #rig.requests, counted }
      )
    end)
  end
end)
