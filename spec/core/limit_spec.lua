-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local audit = require "spec.support.audit"
local core = require "usher.core"

local LIMIT = 100000

local function assert_cut(fn)
  assert.is_false(core.loop:limited(LIMIT, fn))
  local failures = audit.take_failures()
  assert.are.equal(1, #failures)
  assert.matches("cut: too many instructions", failures[1])
  assert.matches("limit_spec.lua", failures[1])
end

describe("a limited call", function()
  it("cuts an endless loop and tells its place", function()
    assert_cut(function()
      while true do
      end
    end)
  end)

  it("cuts a loop that catches the error", function()
    assert_cut(function()
      while true do
        pcall(function()
          while true do
          end
        end)
      end
    end)
  end)

  it("cuts a loop inside a coroutine of the function's own", function()
    assert_cut(function()
      assert(coroutine.resume(coroutine.create(function()
        while true do
        end
      end)))
    end)
  end)

  it("reports an error of the function's own", function()
    assert.is_false(core.loop:limited(LIMIT, error, "no such video"))
    assert.matches("no such video", audit.take_failures()[1])
  end)

  it("gives the results of short work, also after a wait", function()
    local results = {
      core.loop:limited(LIMIT, function(first, ...)
        local future = core.future.new()
        core.timer.start(1, function()
          future:resolve(1)
        end)
        return future:wait() + first, ...
      end, 41, nil, "last"),
    }
    assert.are.same({ true, 42, nil, "last" }, results)
  end)

  it("goes on when the task that waits for it is closed", function()
    local future, ended = core.future.new(), nil
    local caller = core.loop:spawn(function()
      core.loop:limited(LIMIT, function()
        ended = future:wait()
      end)
    end)
    core.loop:step()
    core.loop:step()
    caller:close()
    collectgarbage()
    core.loop:spawn(future.resolve, future, "ended")
    core.loop:run()
    assert.are.equal("ended", ended)
  end)

  it("waits in a task while others run", function()
    local seen = {}
    core.loop:spawn(function()
      table.insert(seen, (select(2, core.loop:limited(LIMIT, string.rep, "x", 3))))
    end)
    core.loop:run()
    assert.are.same({ "xxx" }, seen)
  end)
end)
