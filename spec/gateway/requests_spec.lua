-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local requests = require "usher.gateway.requests"

local REQUEST = { path = "/" }

local function part(answer)
  return { handle = answer }
end

describe("requests", function()
  it("are counted by part and status", function()
    local counted, seen = requests.new(), nil
    local status = 200
    local api = part(function(_, request)
      seen = request
      return { status = status }
    end)
    assert.are.same({ status = 200 }, counted:handle("api", api, REQUEST))
    assert.are.equal(REQUEST, seen)
    counted:handle("api", api, REQUEST)
    status = 404
    counted:handle("api", api, REQUEST)
    counted:handle("callback", api, REQUEST)
    assert.are.same({ api = { [200] = 2, [404] = 1 }, callback = { [404] = 1 } }, counted.counts)
  end)

  it("that a part fails on are a 500, and still fail", function()
    local counted = requests.new()
    local ok, message = pcall(
      counted.handle,
      counted,
      "api",
      part(function()
        error "planted"
      end),
      REQUEST
    )
    assert.is_false(ok)
    assert.matches("requests_spec.lua:%d+: planted\nstack traceback", message)
    assert.are.same({ api = { [500] = 1 } }, counted.counts)
  end)
end)
