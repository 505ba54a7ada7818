-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"

describe("a credential of the account's own", function()
  local function new_own()
    local rig = one_account.new {
      provider = {
        own_credential = function()
          return "client"
        end,
        authorize = error,
      },
    }
    finally(function()
      rig.keeper:stop()
      rig.clock:advance(0)
      assert.are.equal(0, rig.clock:armed())
    end)
    planner.consider(rig.keeper, rig.account)
    return rig
  end

  it("is exchanged without a push, and again whenever a token is due", function()
    local rig = new_own()
    rig.respond = function()
      return {
        status = 200,
        class = "ok",
        answer = { access_token = "a" .. #rig.requests, expires_in = 3600 },
      }
    end
    assert.are.equal("exchange", rig.account.plan.kind)
    for count = 1, 3 do
      local box = rig:run(rig.keeper.refresh, rig.keeper, "acme")
      assert.are.equal("a" .. count, box.value.access_token)
      assert.are.equal("client", rig.requests[count].body)
    end
    assert.are.equal("ready", rig.account.status)
    assert.are.equal("exchange", rig.account.plan.kind)
    assert.are.same({}, rig:record().pushes)
  end)

  it("is never spent: where it is refused, the configuration is to blame", function()
    local rig = new_own()
    rig.respond = function()
      return { status = 400, headers = {}, class = "credential", code = "invalid_grant" }
    end
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    local document = rig.keeper:document "acme"
    assert.are.same({ "configuration", "retrying" }, { document.last_error.class, document.status })
    assert.are.equal("exchange", rig.account.plan.kind)
  end)

  it("is sent again after an unknown outcome, time and again", function()
    local rig = new_own()
    rig.respond = function()
      return errors.fail("timeout", nil, { sent = true })
    end
    for count = 1, 5 do
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      assert.are.equal(count, #rig.requests)
    end
    assert.are.equal("exchange", rig.account.plan.kind)
  end)

  it("needs no person", function()
    local rig = new_own()
    local box = rig:run(rig.keeper.authorize, rig.keeper, "acme")
    assert.are.equal("not_implemented", box.err.code)
  end)
end)
