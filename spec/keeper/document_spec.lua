-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"
local lifecycle = require "usher.keeper.lifecycle"

local faults = keeper_rig.faults

local FIELDS = {
  "name",
  "provider",
  "status",
  "subject",
  "token",
  "refresh_token",
  "next_attempt_at",
  "last_push_at",
  "pushes_24h",
  "failures",
  "last_error",
  "budgets",
  "needs",
}

-- How to get an account into each status, and what its document says there.
local SCENES = {
  awaiting_credential = {
    function()
      return keeper_rig.new():start()
    end,
    { token = false, next_attempt_at = false, needs = false },
  },
  exchanging = {
    function()
      local rig = keeper_rig.new({ latency = 5 }):start()
      rig:push()
      rig:advance(1)
      return rig
    end,
    { token = false, next_attempt_at = true, needs = false },
  },
  ready = { keeper_rig.ready, { token = true, next_attempt_at = true, needs = false, last_error = false } },
  refreshing = {
    function()
      local rig = keeper_rig.ready { latency = 0.5 }
      rig:run(rig.keeper.refresh, rig.keeper, "acme")
      rig:advance(0.1)
      return rig
    end,
    { token = true, next_attempt_at = true, needs = false },
  },
  retrying = {
    function()
      local rig = keeper_rig.ready()
      rig:fail_always("refresh", faults.status(503))
      rig:advance(6000)
      return rig
    end,
    { token = true, next_attempt_at = true, last_error = true },
  },
  reauthorization_required = {
    function()
      local rig = keeper_rig.ready()
      rig:fail_always("refresh", faults.envelope "0401")
      rig:advance(6000)
      return rig
    end,
    { token = true, next_attempt_at = false, last_error = true, needs = true },
  },
  disabled = {
    function()
      return keeper_rig.new({ disabled = true }):start()
    end,
    { token = false, next_attempt_at = false },
  },
}

describe("document", function()
  for status in pairs(lifecycle.STATUSES) do
    it("of an account that is " .. status, function()
      local rig = SCENES[status][1]()
      local document = rig:document()
      assert.are.equal(status, document.status)
      for _, field in ipairs(FIELDS) do
        assert.is_not_nil(document[field], field)
      end
      for field, is_there in pairs(SCENES[status][2]) do
        assert.are.equal(is_there, document[field] ~= json.null, field)
      end
      assert.truthy(json.encode(document))
      rig:stop()
    end)
  end

  it("shows no refresh token where the one there was has been refused", function()
    local rig = SCENES.reauthorization_required[1]()
    assert.are.equal(json.null, rig:document().refresh_token)
    rig:stop()
  end)

  it("shows times as whole seconds, and a fingerprint in the token's place", function()
    local rig = keeper_rig.ready()
    local document, tokens = rig:document(), rig:record().token_set
    assert.are.same({ "acme", "memories_ai", 1, 0 }, {
      document.name,
      document.provider,
      document.pushes_24h,
      document.failures,
    })
    assert.are.equal(tokens.expires_at, document.token.expires_at)
    assert.are.equal(tokens.refresh_expires_at, document.refresh_token.expires_at)
    for _, time in ipairs { document.token.issued_at, document.next_attempt_at, document.last_push_at } do
      assert.are.equal("integer", math.type(time))
    end
    assert.is_nil(json.encode(document):find(tokens.access_token, 1, true))
    assert.are.same({ limit = 50, used = 1, opens_at = json.null }, document.budgets.exchange)
    rig:stop()
  end)
end)
