-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local ticket_rig = require "spec.support.ticket_rig"

describe("wechat simulated", function()
  it("says what is wrong with an exchange", function()
    local rig = ticket_rig.new "wechat_platform"
    local ticket = rig:push().ticket.code
    local function code(changes)
      local body = {
        component_appid = rig.platform.options.app_id,
        component_appsecret = rig.platform.options.secret,
        component_verify_ticket = ticket,
      }
      for name, value in pairs(changes) do
        body[name] = value
      end
      local request = {
        method = "POST",
        url = "http://simulated/cgi-bin/component/api_component_token",
        body = json.encode(body),
      }
      return json.decode(rig.platform:perform(request).body).errcode or 0
    end
    assert.are.equal(0, code {})
    assert.are.equal(61011, code { component_appid = "another" })
    assert.are.equal(40125, code { component_appsecret = "another" })
    assert.are.equal(61006, code { component_verify_ticket = "another" })
    rig.clock:advance(rig.platform.options.ticket_lifetime + 1)
    assert.are.equal(61005, code {})
  end)

  it("gives each authorizer refresh token once", function()
    local rig = ticket_rig.new "wechat_platform"
    local pushed = rig:push()
    local _, parent = rig:ask(rig.script.exchange(rig.config, pushed.ticket.code), "exchange")
    local context = { parent = parent }
    local function derive(tenant)
      return select(2, rig:ask(rig.script.derive(rig.config, tenant, context), "derive"))
    end
    local first = derive { name = "tenant-1", credential = pushed.tenant.code }
    local second = derive { name = "tenant-1", refresh_token = first.refresh_token }
    assert.is_nil(derive { name = "tenant-1", refresh_token = first.refresh_token })
    assert.is_nil(derive { name = "tenant-2", refresh_token = second.refresh_token })
    assert.truthy(derive { name = "tenant-1", refresh_token = second.refresh_token })
  end)
end)
