-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local ticket_rig = require "spec.support.ticket_rig"

describe("dingtalk simulated", function()
  it("says what is wrong with an exchange", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local ticket = rig:push().ticket.code
    local function code(changes)
      local body = {
        suite_key = rig.platform.options.app_id,
        suite_secret = rig.platform.options.secret,
        suite_ticket = ticket,
      }
      for name, value in pairs(changes) do
        body[name] = value
      end
      local request =
        { method = "POST", url = "http://simulated/service/get_suite_token", body = json.encode(body) }
      return json.decode(rig.platform:perform(request).body).errcode or 0
    end
    assert.are.equal(0, code {})
    assert.are.equal(40083, code { suite_key = "another" })
    assert.are.equal(40080, code { suite_secret = "another" })
    assert.are.equal(40085, code { suite_ticket = "another" })
    rig.clock:advance(rig.platform.options.ticket_lifetime + 1)
    assert.are.equal(40085, code {})
  end)

  it("wants the signature of a corporation's request fresh and right", function()
    local rig = ticket_rig.new "dingtalk_suite"
    local ticket = rig:push().ticket.code
    local function answer(now, changes)
      local config = { suite_key = rig.config.suite_key, suite_secret = "secret-simulated" }
      for name, value in pairs(changes or {}) do
        config[name] = value
      end
      local context = { now = now, parent = { credential = ticket } }
      local class, _, code = rig:ask(rig.script.derive(config, { name = "tenant-1" }, context), "derive")
      return { class, code }
    end
    local now = math.floor(rig.clock:wall())
    assert.are.same({ "ok", "0" }, answer(now - 60))
    assert.are.same({ "retryable", "853002" }, answer(now - 61))
    assert.are.same({ "retryable", "853002" }, answer(now + 61))
    assert.are.same({ "configuration", "853003" }, answer(now, { suite_key = "another" }))
    assert.are.same({ "configuration", "853004" }, answer(now, { suite_secret = "another" }))
    ticket = "forged"
    assert.are.same({ "credential", "853005" }, answer(now))
  end)
end)
