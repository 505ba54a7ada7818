-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

describe("random", function()
  it("gives as many bytes as asked for", function()
    for _, count in ipairs { 0, 1, 12, 32, 65536 } do
      assert.are.equal(count, #core.random.bytes(count))
    end
  end)

  it("does not repeat itself", function()
    local seen = {}
    for _ = 1, 1000 do
      local bytes = core.random.bytes(16)
      assert.is_nil(seen[bytes])
      seen[bytes] = true
    end
  end)

  -- 2^16 bytes hold each value 256 times on average, standard deviation 16: 160 is six of them away.
  it("uses all byte values alike", function()
    local counts = {}
    for char in core.random.bytes(65536):gmatch "." do
      counts[char] = (counts[char] or 0) + 1
    end
    for byte = 0, 255 do
      assert.is_true(math.abs((counts[string.char(byte)] or 0) - 256) < 160)
    end
  end)

  it("raises on a count out of range", function()
    for _, count in ipairs { -1, 65537, math.mininteger, math.maxinteger, 1.5 } do
      assert.has_error(function()
        core.random.bytes(count)
      end)
    end
  end)
end)
