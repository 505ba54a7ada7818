-- SPDX-License-Identifier: MIT
local allocation = require "spec.support.allocation"
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"

-- Sends the signal and turns the loop until it has arrived. A signal alone keeps no loop alive.
local function send(name, has_arrived)
  local _ <close> = core.timer.start(60000, function() end)
  os.execute(("kill -%s %d"):format(name:sub(4), core.process.id()))
  client.drive(has_arrived)
end

describe("signal", function()
  it("runs its handler as a task each time", function()
    local count = 0
    local signal <close> = core.signal.start("SIGUSR1", function()
      assert(core.loop:can_wait())
      count = count + 1
    end)
    for index = 1, 3 do
      send("SIGUSR1", function()
        return count == index
      end)
    end
    assert.matches("^usher.signal", tostring(signal))
  end)

  it("may be watched more than once", function()
    local seen = {}
    local first <close> = core.signal.start("SIGUSR2", function()
      seen.first = true
    end)
    local second <close> = core.signal.start("SIGUSR2", function()
      seen.second = true
    end)
    send("SIGUSR2", function()
      return seen.first and seen.second
    end)
    assert.are_not.equal(tostring(first), tostring(second))
  end)

  it("does not keep the loop alive", function()
    local _ <close> = core.signal.start("SIGHUP", function() end)
    core.loop:run()
    assert.is_false(core.loop:step())
  end)

  it("survives a handler that fails, and one that closes it", function()
    local count, signal = 0, nil
    signal = core.signal.start("SIGUSR1", function()
      count = count + 1
      if count == 2 then
        signal:close()
      end
      error "each time"
    end)
    for index = 1, 2 do
      send("SIGUSR1", function()
        return count == index
      end)
    end
    assert.are.equal(2, #audit.take_failures())
    assert.matches("closed", tostring(signal))
  end)

  it("runs its handler later where there is no memory now", function()
    local output = allocation.run [[
      local allocation, core = require "allocation", require "usher.core"
      local LUA, MANY = 1, 1000000
      local count = 0
      local signal = core.signal.start("SIGUSR1", function() count = count + 1 end)
      local limit = core.clock.boot() + 5
      local timer = core.timer.start(10000, print)
      os.execute("kill -USR1 " .. core.process.id())
      allocation.arm(LUA, 1, MANY)
      core.loop:step()
      allocation.disarm()
      assert(count == 0)
      while count == 0 and core.clock.boot() < limit do
        core.loop:step()
      end
      timer:close()
      signal:close()
      io.write(count, " ", #core.loop:handles())
    ]]
    assert.are.equal("1 0", output)
  end)

  it("has its default action back once closed", function()
    local ok, _, number = os.execute(("exec lua5.4 -e %s"):format(child.quote(([[
      package.cpath = %q
      local core = require "usher.core"
      core.signal.start("SIGTERM", print):close()
      core.loop:step()
      os.execute("kill -TERM " .. core.process.id())
      os.execute "sleep 1"
    ]]):format(package.cpath))))
    assert.is_nil(ok)
    assert.are.equal(15, number % 128)
  end)

  it("refuses a name it does not know", function()
    assert.has_error(function()
      core.signal.start("SIGKILL", function() end)
    end)
    assert.has_error(function()
      core.signal.start("SIGTERM", nil)
    end)
  end)
end)
