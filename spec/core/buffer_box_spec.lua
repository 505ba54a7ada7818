-- SPDX-License-Identifier: MIT
-- The collector's buffer behind every binding that answers with bytes of its own making.
require "spec.support.paths"
local core = require "usher.core"

describe("a buffer box", function()
  it("gives its memory back to the collector, whatever came of the call", function()
    local before = collectgarbage "count"
    for _ = 1, 200 do
      core.encoding.base64_encode(("x"):rep(100000))
      pcall(core.http.format_response, { status = 200, headers = { ["x"] = "a\r\nb" } }, true)
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 1000)
  end)
end)
