-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local ticket_rig = require "spec.support.ticket_rig"

describe("lark simulated", function()
  it("says what is wrong with an exchange", function()
    local rig = ticket_rig.new "lark"
    local ticket = rig:push().ticket.code
    local function code(changes)
      local body = {
        app_id = rig.platform.options.app_id,
        app_secret = rig.platform.options.secret,
        app_ticket = ticket,
      }
      for name, value in pairs(changes) do
        body[name] = value
      end
      local request = {
        method = "POST",
        url = "http://simulated/open-apis/auth/v3/app_access_token",
        body = json.encode(body),
      }
      return json.decode(rig.platform:perform(request).body).code or 0
    end
    assert.are.equal(0, code {})
    assert.are.equal(10014, code { app_id = "another" })
    assert.are.equal(10014, code { app_secret = "another" })
    assert.are.equal(10012, code { app_ticket = "another" })
    rig.clock:advance(rig.platform.options.ticket_lifetime + 1)
    assert.are.equal(10012, code {})
  end)

  it("gives another token in the last half hour only, and both live", function()
    local rig = ticket_rig.new "lark"
    local function token()
      local request = rig.script.exchange(rig.config, rig:push().ticket.code)
      return select(2, rig:ask(request, "exchange")).access_token
    end
    local first = token()
    rig.clock:advance(5400)
    assert.are.equal(first, token())
    rig.clock:advance(1)
    local second = token()
    assert.are_not.equal(first, second)
    assert.truthy(rig.platform:left(first, "platform") and rig.platform:left(second, "platform"))
  end)
end)
