-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local ticket_rig = require "spec.support.ticket_rig"

describe("wecom simulated", function()
  it("says what is wrong with an exchange", function()
    local rig = ticket_rig.new "wecom_suite"
    local ticket = rig:push().ticket.code
    local function code(changes)
      local body = {
        suite_id = rig.platform.options.app_id,
        suite_secret = rig.platform.options.secret,
        suite_ticket = ticket,
      }
      for name, value in pairs(changes) do
        body[name] = value
      end
      local request = {
        method = "POST",
        url = "http://simulated/cgi-bin/service/get_suite_token",
        body = json.encode(body),
      }
      return json.decode(rig.platform:perform(request).body).errcode or 0
    end
    assert.are.equal(0, code {})
    assert.are.equal(40083, code { suite_id = "another" })
    assert.are.equal(40080, code { suite_secret = "another" })
    assert.are.equal(40085, code { suite_ticket = "another" })
    rig.clock:advance(rig.platform.options.ticket_lifetime + 1)
    assert.are.equal(40085, code {})
  end)

  it("gives the same token until its end, and tells its life as if it were new", function()
    local rig = ticket_rig.new "wecom_suite"
    local function token()
      local request = rig.script.exchange(rig.config, rig:push().ticket.code)
      return select(2, rig:ask(request, "exchange"))
    end
    local first = token()
    rig.clock:advance(7100)
    assert.are.same(first, token())
    rig.clock:advance(100)
    assert.are_not.equal(first.access_token, token().access_token)
  end)
end)
