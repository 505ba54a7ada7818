-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local supervisor = require "usher.gateway.supervisor"
local temporary = require "spec.support.temporary"
local unix = require "socket.unix"

describe("supervisor", function()
  local folder, manager, clock

  before_each(function()
    folder, clock = temporary.folder(), fake_clock.new()
    manager = unix.dgram()
    assert(manager:bind(folder .. "/notify"))
    manager:settimeout(0)
  end)

  after_each(function()
    manager:close()
    temporary.remove(folder)
  end)

  local function started_by(environment)
    environment.NOTIFY_SOCKET = environment.NOTIFY_SOCKET or folder .. "/notify"
    return supervisor.new(function(name)
      return environment[name]
    end, clock)
  end

  -- All that was told since the last call.
  local function told()
    local texts = {}
    local text = manager:receive()
    while text do
      table.insert(texts, text)
      text = manager:receive()
    end
    return table.concat(texts, " ")
  end

  it("is told of start, reload and end", function()
    local manages <close> = started_by {}
    manages:ready()
    manages:reloading()
    manages:ready()
    manages:stopping()
    assert.are.equal("READY=1 RELOADING=1 READY=1 STOPPING=1", told())
    clock:advance(3600)
    assert.are.equal("", told())
  end)

  it("hears twice within the watchdog's time, once it is ready, until the end", function()
    local manages <close> =
      started_by { WATCHDOG_USEC = "30000000", WATCHDOG_PID = tostring(core.process.id()) }
    clock:advance(60)
    assert.are.equal("", told())
    manages:ready()
    manages:ready()
    assert.are.equal("READY=1 WATCHDOG=1 READY=1", told())
    clock:advance(61)
    assert.are.equal(("WATCHDOG=1 "):rep(3) .. "WATCHDOG=1", told())
    manages:close()
    clock:advance(60)
    assert.are.equal("", told())
  end)

  it("wants no signs of life of another process, or never", function()
    for _, environment in ipairs {
      { WATCHDOG_USEC = "30000000", WATCHDOG_PID = "1" },
      { WATCHDOG_USEC = "0" },
      { WATCHDOG_USEC = "soon" },
    } do
      local manages <close> = started_by(environment)
      manages:ready()
      clock:advance(60)
      assert.are.equal("READY=1", told())
    end
  end)

  it("may be absent, or gone", function()
    local nobody <close> = supervisor.new(function() end, clock)
    nobody:ready()
    nobody:stopping()
    local gone <close> = started_by { NOTIFY_SOCKET = folder .. "/gone", WATCHDOG_USEC = "30000000" }
    gone:ready()
    clock:advance(60)
    assert.are.equal("", told())
  end)
end)
