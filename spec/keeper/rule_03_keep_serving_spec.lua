-- SPDX-License-Identifier: MIT
-- Rule 3: serve the current token while it is valid, whatever happens to refreshes; never an expired one.
require "spec.support.paths"
local errors = require "usher.errors"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

local FAULTS = {
  ["HTTP 500"] = faults.status(500),
  ["HTTP 503 with Retry-After"] = faults.status(503, { ["retry-after"] = "30" }),
  ["HTTP 429"] = faults.status(429),
  ["an envelope 0429"] = faults.envelope "0429",
  ["an envelope 0401"] = faults.envelope "0401",
  ["an envelope 0403"] = faults.envelope "0403",
  ["a firewall's page"] = faults.status(403, {}, "<html>no</html>"),
  ["garbage"] = faults.status(200, {}, "\0\1\2"),
  ["nothing"] = faults.status(200),
  ["missing fields"] = faults.status(200, {}, '{"code":"0000","data":{}}'),
  ["odd fields"] = faults.status(200, {}, '{"code":"0000","data":{"accessToken":5,"expiresIn":"soon"}}'),
  ["an expiry of nothing"] = faults.status(
    200,
    {},
    '{"code":"0000","data":{"accessToken":"x","expiresIn":0}}'
  ),
  ["deep nesting"] = faults.status(200, {}, ("["):rep(5000)),
  ["a redirect"] = faults.status(302, { location = "http://elsewhere" }),
  ["no connection"] = faults.unsent "connect_failed",
  ["no answer"] = faults.lost(false),
  ["a lost answer"] = faults.lost(true),
  ["a cut connection"] = function()
    return errors.fail("connection_lost", nil, { sent = true })
  end,
  ["a transfer that raises"] = function()
    error "broken"
  end,
}

describe("rule 3: keep serving", function()
  for name, fault in pairs(FAULTS) do
    it(
      "serves the valid token through " .. name .. ", asks a handful of times, and recovers by itself",
      function()
        local rig = keeper_rig.ready()
        local first = rig:token()
        rig:push_every(600)
        rig:fail_always("refresh", fault)
        rig:advance(5900)
        local before = #rig.requests
        for _ = 1, 100 do
          rig:advance(10)
          assert.is_true(rig:accepts(assert(rig:token())))
        end
        assert.is_true(#rig.requests - before <= 12)
        rig:fail_always("refresh", nil)
        rig:advance(3600)
        assert.are.equal("ready", rig:document().status)
        assert.are_not.equal(first.access_token, rig:token().access_token)
        rig:stop()
      end
    )
  end

  it("never serves an expired token", function()
    local rig = keeper_rig.ready()
    rig:fail_always("refresh", faults.status(500))
    rig:advance(7198)
    assert.truthy(rig:token())
    rig:advance(1)
    local token, err = rig:token()
    assert.is_nil(token)
    assert.are.equal("temporarily_unavailable", err.code)
    assert.is_true(err.retry_after >= 1 and err.retry_after <= 600)
    rig:stop()
  end)

  it("names the seconds left, never more than there are", function()
    local rig = keeper_rig.ready()
    rig:advance(0.5)
    local token = rig:token()
    assert.are.same({ "Bearer", 7198 }, { token.token_type, token.expires_in })
    assert.is_true(token.expires_at - rig.clock:wall() <= 7199)
    rig:stop()
  end)
end)
