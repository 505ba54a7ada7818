-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

-- Runs fn in a task with a limit; returns what pcall says of it.
local function run_limited(instructions, fn)
  local results
  core.loop:spawn(function()
    core.loop:limit(instructions)
    local ok, message = pcall(fn)
    core.loop:limit(nil)
    results = { ok, message }
  end)
  core.loop:run()
  return table.unpack(results)
end

describe("the instruction limit", function()
  it("cuts an endless loop", function()
    local ok, message = run_limited(100000, function()
      while true do
      end
    end)
    assert.is_false(ok)
    assert.matches("cut: too many instructions", message)
  end)

  it("cuts a loop that catches the error", function()
    local ok = run_limited(100000, function()
      while true do
        pcall(function()
          while true do
          end
        end)
      end
    end)
    assert.is_false(ok)
  end)

  it("cuts a loop inside a coroutine of the handler's own", function()
    local ok, message = run_limited(100000, function()
      assert(coroutine.resume(coroutine.create(function()
        while true do
        end
      end)))
    end)
    assert.is_false(ok)
    assert.matches("cut: too many instructions", message)
  end)

  it("leaves short work alone, before and after a wait", function()
    local ok, sum = run_limited(100000, function()
      local future = core.future.new()
      core.timer.start(1, function()
        future:resolve(1)
      end)
      local total = future:wait()
      for i = 1, 1000 do
        total = total + i
      end
      return total
    end)
    assert.is_true(ok)
    assert.are.equal(500501, sum)
  end)
end)
