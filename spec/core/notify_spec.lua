-- SPDX-License-Identifier: MIT
-- core.process.notify: one datagram to the service manager's socket. Abstract addresses: notify_test.c.
require "spec.support.paths"
local core = require "usher.core"
local temporary = require "spec.support.temporary"
local unix = require "socket.unix"

local notify = core.process.notify

local function fails(code, address)
  local done, err = notify(address, "READY=1")
  assert.is_nil(done)
  assert.are.equal(code, err.code)
end

describe("notify", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function manager(address)
    local socket = unix.dgram()
    assert(socket:bind(address))
    socket:settimeout(2)
    finally(function()
      socket:close()
    end)
    return socket
  end

  it("sends the text as one datagram", function()
    local socket = manager(folder .. "/notify")
    assert.is_true(notify(folder .. "/notify", "READY=1\nSTATUS=up"))
    assert.is_true(notify(folder .. "/notify", "WATCHDOG=1"))
    assert.are.equal("READY=1\nSTATUS=up", (socket:receive()))
    assert.are.equal("WATCHDOG=1", (socket:receive()))
  end)

  it("tells what is wrong with the address", function()
    fails("bad_address", "")
    fails("bad_address", "/")
    fails("bad_address", "relative")
    fails("bad_address", "/" .. ("x"):rep(200))
    fails("not_found", folder .. "/nobody")
    fails("connect_failed", "@usher-nobody-" .. core.process.id())
  end)

  it("waits for nobody whose queue is full", function()
    manager(folder .. "/notify")
    local done, err
    for _ = 1, 100000 do
      done, err = notify(folder .. "/notify", "WATCHDOG=1")
      if not done then
        break
      end
    end
    assert.is_nil(done)
    assert.is_true(err.retryable)
  end)

  it("raises on an address with a zero byte", function()
    assert.error_matches(function()
      notify(folder .. "/notify\0", "READY=1")
    end, "an address cannot contain a zero byte", 1, true)
  end)
end)
