-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

describe("a bound object", function()
  it("says in its text whether it is open", function()
    local timer = core.timer.start(60000, error)
    assert.matches("^usher%.timer %(0x%x+%)$", tostring(timer))
    timer:close()
    assert.are.equal("usher.timer (closed)", tostring(timer))
  end)

  it("may be closed twice, by a scope and by the collector", function()
    do
      local timer <close> = core.timer.start(60000, error)
      timer:close()
      timer:close()
    end
    collectgarbage()
    assert.are.same({}, core.loop:handles())
  end)

  it("refuses a value of another class", function()
    local timer <close> = core.timer.start(60000, error)
    assert.has_error(function()
      timer.close(core.future.new())
    end, "bad argument #1 to 'close' (usher.timer expected, got usher.future)")
  end)

  it("hides its metatable, and what only the collector may call", function()
    local parser <close> = core.http.parser()
    assert.are.equal("protected", getmetatable(parser))
    assert.is_nil(parser.__gc)
    assert.is_nil(parser.__close)
    assert.is_function(parser.close)
  end)
end)
