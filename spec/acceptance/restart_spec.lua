-- SPDX-License-Identifier: MIT
-- However the gateway ends, the next start serves the same token at once.

require "spec.support.paths"
local push = require "usher.simulator.push"
local world = require "spec.support.world"

local SETTLING_SECONDS = 0.5

local ENDS = { { "TERM", 0 }, { "INT", 0 }, { "KILL", 128 + 9 } }

describe("a restart", function()
  for _, ending in ipairs(ENDS) do
    local signal, status = table.unpack(ending)
    it(("after SIG%s serves the same token at once"):format(signal), function()
      local here <close> = world.new()
      local gateway = here:start_gateway()
      here:start_simulator()
      local before = here:await_token()
      gateway:signal(signal)
      assert.are.equal(status, gateway:wait())

      here:start_gateway()
      local answered, _, after = here:ask "/v1/accounts/default/token"
      assert.are.equal(200, answered)
      assert.are.equal(before.access_token, after.access_token)
      assert.are.equal(before.expires_at, after.expires_at)
      here:ask_provider("/push", "--request POST")
      here.sleep(SETTLING_SECONDS)
      assert.are.equal(1, #here:ledger "exchange")
      assert.are.equal(0, #here:ledger "refresh")
    end)
  end

  it("after SIGKILL knows a push that was answered", function()
    local here <close> = world.new()
    local gateway = here:start_gateway()
    local query = ("code=c0de&clientId=w1&state=%s"):format(push.state_of(here.api_key))
    assert.are.equal(200, (here.curl(here:callback_url() .. "?" .. query)))
    gateway:signal "KILL"
    gateway:wait()
    here:start_gateway()
    local _, _, document = here:ask "/v1/accounts/default"
    assert.is_number(document.last_push_at)
  end)
end)
