-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local consent = require "usher.keeper.consent"
local consent_rig = require "spec.support.consent_rig"
local core = require "usher.core"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"

-- What the script gives.
local REDIRECT = { url = "https://as/authorize", key = "key-1", pending = { verifier = "v" } }

local authorize, shown, outcome_of, urls =
  consent_rig.authorize, consent_rig.shown, consent_rig.outcome_of, consent_rig.urls

local function new_rig(...)
  local rig = consent_rig.new(...)
  finally(function()
    consent_rig.close(rig)
  end)
  return rig
end

-- A callback has brought a code.
local function receive(rig, code)
  local taken = assert(rig.keeper:for_callback().take "key-1")
  local push = { credential = code, valid_for = 600, authorization = taken }
  return rig:run(rig.keeper.offer, rig.keeper, "acme", push).value
end

describe("consent", function()
  it("is asked of a person who was never asked before", function()
    local rig = new_rig(REDIRECT)
    local document = rig.keeper:document "acme"
    assert.are.equal("reauthorization_required", document.status)
    assert.are.equal("authorize at the provider: usher authorize acme", document.needs)
    assert.are.same({ url = "https://as/authorize", expires_at = 1800000600 }, authorize(rig))
  end)

  it("is not asked where nobody can give it", function()
    local rig = one_account.new()
    assert.are.same({ nil, "not_implemented" }, { authorize(rig) })
  end)

  it("brings a token by a callback, however good the present one is", function()
    local rig = new_rig(REDIRECT)
    rig:hold(rig:tokens "old")
    authorize(rig)
    assert.is_true(receive(rig, "code-1"))
    assert.are.equal("succeeded", outcome_of(rig))
    assert.are.same({ "exchange", "a" }, { urls(rig), rig:served() })
    assert.are.equal("code-1", rig.requests[1].body)
  end)

  it("brings a token by a code that may be exchanged again, and exchanges it once", function()
    local rig = new_rig(REDIRECT)
    rig.account.policy = { single_use = false }
    rig.keeper.scheduler:start()
    authorize(rig)
    assert.is_true(receive(rig, "code-1"))
    rig.clock:advance(60)
    assert.are.same({ "exchange", "succeeded" }, { urls(rig), (outcome_of(rig)) })
  end)

  it("waits for the attempt under way, and then exchanges the code", function()
    local rig = new_rig(REDIRECT)
    rig:hold(rig:tokens "old")
    local done = core.future.new()
    rig.respond = function(request)
      if request.url:find "refresh" then
        done:wait()
      end
      return one_account.success(request.body)
    end
    local refreshed = rig:run(rig.keeper.refresh, rig.keeper, "acme")
    authorize(rig)
    receive(rig, "code-1")
    assert.are.equal("exchanging", outcome_of(rig))
    done:resolve()
    rig.clock:advance(1)
    assert.is_true(refreshed.is_done)
    assert.are.equal("succeeded", outcome_of(rig))
    assert.are.same({ "refresh exchange", "code-1" }, { urls(rig), rig:served() })
  end)

  it("says why a code brought no token", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig.respond = function()
      return { status = 400, headers = {}, class = "credential", code = "invalid_grant" }
    end
    receive(rig, "code-1")
    assert.are.same({ "failed", "invalid_grant" }, { outcome_of(rig) })
    assert.are.equal(0, #rig:record().pushes)
  end)

  it("goes on while the code is kept, as after a fault that passes", function()
    local rig = new_rig(REDIRECT)
    rig.keeper.scheduler:start()
    authorize(rig)
    rig.respond = function()
      return #rig.requests > 1 and one_account.success "a"
        or { status = 503, headers = {}, class = "retryable" }
    end
    receive(rig, "code-1")
    assert.are.equal("exchanging", outcome_of(rig))
    rig.clock:advance(5)
    assert.are.equal("succeeded", outcome_of(rig))
    assert.are.same({ "exchange exchange", "a" }, { urls(rig), rig:served() })
  end)

  it("ends at once where a person must change something", function()
    local rig = new_rig(REDIRECT)
    rig.keeper.scheduler:start()
    authorize(rig)
    rig.respond = function()
      return { status = 401, headers = {}, class = "configuration", code = "invalid_client" }
    end
    receive(rig, "code-1")
    assert.are.same({ "failed", "invalid_client" }, { outcome_of(rig) })
  end)

  it("sends a code once where the schedule was sooner, and again in its time only", function()
    local rig = new_rig(REDIRECT)
    rig.keeper.scheduler:start()
    authorize(rig)
    rig.respond = function()
      rig.clock:sleep(0.1)
      return { status = 503, headers = {}, class = "retryable" }
    end
    local taken = assert(rig.keeper:for_callback().take "key-1")
    local push = { credential = "code-1", valid_for = 600 }
    assert.is_true(rig:run(rig.keeper.offer, rig.keeper, "acme", push).value)
    rig.clock:advance(0.05)
    assert.are.equal("exchange", urls(rig))
    rig:run(consent.receive, rig.keeper, taken, rig:record().pushes[1].sequence)
    rig.clock:advance(0.5)
    assert.are.same({ "exchange", "exchanging" }, { urls(rig), (outcome_of(rig)) })
    rig.clock:advance(60)
    assert.is_true(#rig.requests > 1)
  end)

  it("goes on whatever was wrong before", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig.account.last_error = { class = "configuration", code = "invalid_scope", at = 0 }
    rig.account.closures.exchange.till = rig.clock:boot() + 60
    rig.respond = function()
      return { status = 503, headers = {}, class = "retryable" }
    end
    receive(rig, "code-1")
    assert.are.equal("exchanging", outcome_of(rig))
  end)

  it("ends where the fault does not pass in time", function()
    local rig = new_rig(REDIRECT)
    rig.keeper.scheduler:start()
    authorize(rig)
    rig.respond = function()
      return { status = 503, headers = {}, class = "retryable" }
    end
    receive(rig, "code-1")
    rig.clock:advance(601)
    assert.are.same({ "failed", "timeout" }, { outcome_of(rig) })
    assert.are.equal("the provider has not given a token in time", shown(rig).failure.message)
  end)

  it("teaches no interval between pushes", function()
    local rig = new_rig(REDIRECT)
    for number = 1, 6 do
      authorize(rig)
      receive(rig, "code-" .. number)
      rig.clock:advance(100)
    end
    assert.is_nil(rig.account:push_interval())
    assert.are.equal(6, #rig.requests)
  end)

  it("exchanges a code that is on disk though it could not be read back, once it can be", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig.store.load = function()
      rig:break_store()
      return errors.fail "store_failed"
    end
    rig.broken.load = true
    assert.is_true(receive(rig, "code-1"))
    assert.are.same({ "succeeded", "a" }, { outcome_of(rig), rig:served() })
  end)

  it("has not succeeded where nobody knows whether the code is on disk", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig:break_store "load"
    assert.is_true(receive(rig, "code-1"))
    assert.are.equal("failed", (outcome_of(rig)))
    rig:break_store()
  end)

  it("fails where the store does not take the code", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig:break_store "offer"
    assert.is_nil(receive(rig, "code-1"))
    assert.are.same({ "failed", "store_failed" }, { outcome_of(rig) })
    rig:break_store()
  end)

  it("ends when the keeper stops", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    rig.keeper:stop()
    assert.are.same({ "failed", "cancelled" }, { outcome_of(rig) })
  end)

  it("ends when the account's configuration changes", function()
    local rig = new_rig(REDIRECT)
    authorize(rig)
    local settings = { provider = rig.provider, config = { callback_path = "/other" }, policy = {} }
    rig:run(rig.keeper.apply, rig.keeper, { acme = settings })
    assert.are.same({ "failed", "cancelled" }, { outcome_of(rig) })
  end)

  it("sends what the script wants to be sent first", function()
    local asked
    local device = { url = "https://as/device", user_code = "WDJB", interval = 5 }
    local rig = new_rig(nil, {
      authorize = function(_, context)
        asked = context.response
        return context.response and device
          or { request = { method = "POST", url = "https://as/device_code" } }
      end,
    })
    assert.are.equal("WDJB", authorize(rig).user_code)
    assert.are.same({ "device_code", 200 }, { urls(rig), asked.status })
  end)

  local refusals = {
    {
      "the provider does not answer",
      function()
        return { request = { method = "POST", url = "https://as/device_code" } }
      end,
      "temporarily_unavailable",
    },
    {
      "the script refuses",
      function()
        return errors.fail("bad_configuration", "no redirect_uri")
      end,
      "bad_configuration",
    },
    {
      "the script breaks",
      function()
        error "broken"
      end,
      "internal",
    },
  }
  for _, case in ipairs(refusals) do
    it("cannot be asked where " .. case[1], function()
      local rig = new_rig(nil, { authorize = case[2] })
      rig.respond = function()
        return errors.fail("timeout", nil, { sent = true })
      end
      assert.are.same({ nil, case[3] }, { authorize(rig) })
      assert.are.equal("none", shown(rig).status)
    end)
  end
end)
