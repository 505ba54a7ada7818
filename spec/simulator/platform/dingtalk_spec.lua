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
    local function class(now, secret)
      rig.config.suite_secret = secret or "secret-simulated"
      local context = { now = now, parent = { credential = ticket } }
      return (rig:ask(rig.script.derive(rig.config, { name = "tenant-1" }, context), "derive"))
    end
    local now = math.floor(rig.clock:wall())
    assert.are.equal("ok", class(now))
    assert.are.equal("retryable", class(now - 601))
    assert.are.equal("retryable", class(now, "another"))
  end)
end)
