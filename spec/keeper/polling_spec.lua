-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local consent_rig = require "spec.support.consent_rig"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"
local retirement = require "usher.keeper.retirement"

local DEVICE =
  { url = "https://as/device", user_code = "WDJB", interval = 5, pending = { device_code = "d" } }

local authorize, outcome_of, urls = consent_rig.authorize, consent_rig.outcome_of, consent_rig.urls

local function new_rig(...)
  local rig = consent_rig.new(...)
  finally(function()
    consent_rig.close(rig)
  end)
  return rig
end

describe("polling", function()
  local rig, answers

  local function poll(...)
    rig, answers = new_rig(DEVICE), { ... }
    rig.respond = function()
      local class = table.remove(answers, 1)
      if class == "ok" then
        return one_account.success "a"
      elseif class == "lost" then
        return errors.fail("timeout", nil, { sent = true })
      end
      return { status = 400, headers = {}, class = class, code = class }
    end
    authorize(rig)
  end

  it("brings a token once the person has decided", function()
    poll("pending", "pending", "ok")
    rig.clock:advance(14)
    assert.are.equal("pending", outcome_of(rig))
    rig.clock:advance(1)
    assert.are.equal("succeeded", outcome_of(rig))
    assert.are.same({ "poll poll poll", "a" }, { urls(rig), rig:served() })
    assert.are.equal("d", rig.requests[1].body)
    assert.are.equal("a", rig:record().token_set.access_token)
  end)

  it("polls five seconds less often each time it is told to slow down", function()
    poll("slow_down", "slow_down", "pending", "ok")
    local at = {}
    for second = 1, 60 do
      rig.clock:advance(1)
      if #rig.requests > #at then
        table.insert(at, second)
      end
    end
    assert.are.same({ 5, 15, 30, 45 }, at)
  end)

  it("polls less and less often while the provider does not answer", function()
    poll("lost", "retryable", "ok")
    rig.clock:advance(5 + 10 + 20)
    assert.are.equal("succeeded", outcome_of(rig))
  end)

  it("polls no sooner than it was told to, whatever fails", function()
    local classes = {}
    for index = 1, 12 do
      classes[index] = "slow_down"
    end
    table.move({ "retryable", "ok" }, 1, 2, 13, classes)
    poll(table.unpack(classes))
    rig.clock:advance(5 * 13 * 14 / 2)
    assert.are.equal(13, #rig.requests)
    rig.clock:advance(64)
    assert.are.equal(13, #rig.requests)
    rig.clock:advance(1)
    assert.are.equal("succeeded", outcome_of(rig))
  end)

  it("waits as long as the provider asks", function()
    poll()
    rig.respond = function()
      return { status = 429, headers = { ["retry-after"] = "200" }, class = "budget" }
    end
    rig.clock:advance(5 + 199)
    assert.are.equal(1, #rig.requests)
    rig.clock:advance(1)
    assert.are.equal(2, #rig.requests)
  end)

  it("ends where the person declines", function()
    poll "credential"
    rig.clock:advance(100)
    assert.are.same({ "failed", "credential" }, { outcome_of(rig) })
    assert.are.equal("poll", urls(rig))
  end)

  it("ends where nobody decides in time", function()
    poll()
    rig.respond = function()
      return { status = 400, headers = {}, class = "pending" }
    end
    rig.clock:advance(601)
    assert.are.same({ "failed", "timeout" }, { outcome_of(rig) })
    local count = #rig.requests
    rig.clock:advance(100)
    assert.are.equal(count, #rig.requests)
  end)

  -- The tokens are asked for in time and come too late.
  local function answer_late(while_waiting)
    poll()
    rig.keeper.scheduler:start()
    rig.respond = function()
      if #rig.requests < 119 then
        return { status = 400, headers = {}, class = "pending", code = "pending" }
      end
      rig.clock:sleep(9)
      while_waiting()
      return one_account.success "a"
    end
    rig.clock:advance(700)
  end

  it("keeps what was asked for in time, though the authorization ended before the answer came", function()
    local ended
    answer_late(function()
      ended = rig.account.authorization.status
    end)
    assert.are.equal("failed", ended)
    assert.are.same({ "a", "a" }, { rig:served(), rig:record().token_set.access_token })
    assert.are.same({ "failed", "timeout" }, { outcome_of(rig) })
  end)

  for what, leave in pairs {
    ["the keeper stops"] = function()
      rig.keeper:stop()
    end,
    ["a reload removes the account"] = function()
      retirement.begin(rig.keeper, rig.account)
    end,
  } do
    it("keeps what came beside an attempt that had not ended when " .. what, function()
      poll()
      rig:hold(rig:tokens "old")
      function rig.respond(request)
        if request.url:find "poll" then
          return one_account.success "a"
        end
        rig.clock:sleep(10)
        return { status = 503, headers = {}, class = "retryable", code = "http_503" }
      end
      planner.launch(rig.keeper, rig.account, { kind = "refresh", delay = 0 })
      rig.clock:advance(6)
      assert.are.same({ "exchanging", "old" }, { outcome_of(rig), rig:record().token_set.access_token })
      rig:run(leave)
      rig.clock:advance(10)
      assert.are.equal("a", rig:record().token_set.access_token)
    end)
  end

  it("keeps nothing that another configuration asked for", function()
    answer_late(function()
      rig.account.config = { callback_path = "/other" }
    end)
    assert.is_nil(rig:served())
  end)

  it("keeps the token where the store is down, and says so", function()
    poll "ok"
    rig:break_store "commit"
    rig.clock:advance(5)
    assert.are.equal("failed", outcome_of(rig))
    rig:break_store()
    planner.launch(rig.keeper, rig.account, { kind = "save", delay = 0 })
    rig.clock:advance(1)
    assert.are.equal("a", rig:served())
  end)

  it("ends where the script breaks", function()
    rig = new_rig(DEVICE, {
      poll = function()
        error "broken"
      end,
    })
    authorize(rig)
    rig.clock:advance(5)
    assert.are.same({ "failed", "internal" }, { outcome_of(rig) })
    assert.are.equal("poll", rig:logged("provider_script_failed")[1].kind)
  end)
end)
