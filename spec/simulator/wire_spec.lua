-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local fake_clock = require "spec.support.fake_clock"
local wire = require "usher.simulator.wire"

local URL = "https://provider.example:8443/a/b?c=d&e"

-- What a transfer gets where the provider answers so.
local function perform(answer, changes)
  local request = { method = "POST", url = URL, headers = { ["Content-Type"] = "text/plain" }, body = "x" }
  for name, value in pairs(changes or {}) do
    request[name] = value
  end
  local received
  local response, err = wire.perform(function(seen)
    received = seen
    return answer
  end, fake_clock.new(), request)
  return response, err, received
end

describe("wire", function()
  it("shows a request as a listener does", function()
    local response, _, received = perform { status = 200, body = "y" }
    assert.are.same({ "POST", "/a/b", "c=d&e", "x" }, {
      received.method,
      received.path,
      received.query,
      received.body,
    })
    assert.are.same({ ["content-type"] = "text/plain" }, received.headers)
    assert.are.equal("y", response.body)
    received = wire.received { method = "GET", url = "http://h" }
    assert.are.same({ "/", "", "" }, { received.path, received.query, received.body })
  end)

  it("loses what a transfer would lose", function()
    local function code(...)
      local _, err = perform(...)
      return err and err.code, err and err.sent
    end
    assert.are.same({ "bad_url", false }, { code(nil, { url = "nowhere" }) })
    assert.are.same({ "connect_failed", false }, { code { abort = true, error = "connect_failed" } })
    assert.are.same({ "connection_lost", true }, { code { abort = true } })
    assert.are.same({ "bad_response", true }, { code { status = 200, abort = true, body = "" } })
    assert.are.same(
      { "response_too_large", true },
      { code({ status = 200, body = "xy" }, { max_body_bytes = 1 }) }
    )
  end)
end)
