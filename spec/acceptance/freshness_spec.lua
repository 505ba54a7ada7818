-- SPDX-License-Identifier: MIT
-- The main job, with real processes: codes are pushed, one is exchanged, and whoever asks has a live token from then
-- on. USHER_ACCEPTANCE_SECONDS sets how long it is watched.

require "spec.support.paths"
local clock = require "usher.clock"
local simulator = require "usher.simulator"
local world = require "spec.support.world"

local SECONDS = tonumber(os.getenv "USHER_ACCEPTANCE_SECONDS" or 30)
local ACCESS_LIFETIME = 12
local PAUSE_SECONDS = 0.2

local FAST = { ["--push-interval"] = 2, ["--access-lifetime"] = ACCESS_LIFETIME }

local function count_refused(entries)
  local count = 0
  for _, entry in ipairs(entries) do
    count = count + (entry.verdict == "ok" and 0 or 1)
  end
  return count
end

-- Asks for the token and checks it where it is good for something.
local function use_token(here)
  local status, body, answer = here:ask "/v1/accounts/default/token"
  assert.are.equal(200, status, body)
  assert.is_true(answer.expires_in > 0 and answer.expires_in <= ACCESS_LIFETIME, body)
  local bearer = ("--header 'Authorization: Bearer %s'"):format(answer.access_token)
  assert.are.equal(200, (here:ask_provider("/api/serve/echo", bearer)))
end

describe("freshness", function()
  it("is kept from one exchange, without a gap and without a dead token", function()
    local here <close> = world.new { simulator = FAST, environment = { MEMORIES_PUSH_INTERVAL = "2" } }
    here:start_gateway()
    here:start_simulator()
    here:await_token()
    local system, asked = clock.system(), 0
    local ends_at = system:boot() + SECONDS
    while system:boot() < ends_at do
      use_token(here)
      asked = asked + 1
      here.sleep(PAUSE_SECONDS)
    end
    assert.is_true(asked >= SECONDS // 2, asked)
    assert.are.equal(1, #here:ledger "exchange")
    local refreshes = here:ledger "refresh"
    assert.are.equal(0, count_refused(refreshes))
    assert.is_true(#refreshes >= SECONDS // ACCESS_LIFETIME and #refreshes <= SECONDS // 6, #refreshes)
    for _, delivery in ipairs(here:ledger "delivery") do
      assert.are.equal(200, delivery.status)
    end
  end)

  for _, encoding in ipairs(simulator.client_id_encodings) do
    it(("comes from a clientId that is written %s"):format(encoding), function()
      local here <close> = world.new { simulator = { ["--client-id-encoding"] = encoding } }
      here:start_gateway()
      here:start_simulator()
      here:await_token()
      local exchanges = here:ledger "exchange"
      assert.are.equal(1, #exchanges)
      assert.are.equal(simulator.defaults.client_id, exchanges[1].client_id)
      local _, _, document = here:ask "/v1/accounts/default"
      assert.are.equal(simulator.defaults.client_id, document.subject)
    end)
  end
end)
