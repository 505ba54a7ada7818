-- SPDX-License-Identifier: MIT
-- Futures, tasks, timers, signals, programs, limited calls, and handlers that fail.
local core = require "usher.core"

local function closing(fn)
  return setmetatable({}, { __close = fn })
end

-- A timer that tries once is not enough: its handler may be what fails.
local function resolve_soon(future, ...)
  local values = table.pack(...)
  return core.timer.start(1, function()
    future:resolve(table.unpack(values, 1, values.n))
  end, 1)
end

local function wait_for_timers()
  local first, second, branch = core.future.new(), core.future.new(), core.future.new()
  first:chain(second)
  first:chain(branch)
  local once <close> = core.timer.start(0, function() end)
  local timer <close> = resolve_soon(first, "here", nil, 3)
  assert(once and timer and second:wait() == "here" and select("#", branch:wait()) == 3)
end

local function close_a_task()
  local closed = false
  local task <close> = core.loop:spawn(function(future)
    local _ <close> = closing(function()
      closed = true
    end)
    future:wait()
  end, core.future.new())
  local future = core.future.new()
  local timer <close> = resolve_soon(future)
  future:wait()
  task:close()
  assert(closed and task:status() == "ended" and timer)
end

local function limited()
  local ok, sum = core.loop:limited(1000000, function(...)
    return select("#", ...)
  end, 1, 2, 3)
  assert(ok and sum == 3)
end

local function run_a_program()
  local result = assert(core.command.run {
    words = { "/bin/sh", "-c", "echo $A" },
    environment = { A = "text" },
    timeout_ms = 5000,
    max_bytes = 4096,
  })
  assert(result.output == "text\n" and result.status == 0)
end

return function()
  return {
    perform = function()
      wait_for_timers()
      close_a_task()
      limited()
      run_a_program()
      local signal <close> = assert(core.signal.start("SIGUSR1", function() end))
      assert(signal and core.loop:can_wait() and core.loop:tasks() == 1)
    end,
  }
end
