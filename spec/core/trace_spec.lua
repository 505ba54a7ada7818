-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"

local RAISE_SIGNAL = [[
  local core = require "usher.core"
  local watch <close> = core.signal.start("SIGHUP", function() core.loop:stop() end)
  local limit <close> = core.timer.start(10000, error)
  os.execute("kill -HUP " .. core.process.id())
  core.loop:run()
]]

describe("USHER_TRACE", function()
  it("shows the areas that it names, a line each on standard error", function()
    local output = child.run(RAISE_SIGNAL, { environment = { USHER_TRACE = "store,net" } })
    assert.matches("^usher %d+%.%d+ net: signal 1 received\n$", output)
  end)

  it("shows nothing where it is not set or takes the area away", function()
    assert.are.equal("", child.run(RAISE_SIGNAL, { environment = { USHER_TRACE = "" } }))
    assert.are.equal("", child.run(RAISE_SIGNAL, { environment = { USHER_TRACE = "all,-net" } }))
  end)
end)
