-- SPDX-License-Identifier: MIT
local allocation = require "spec.support.allocation"
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local core = require "usher.core"

-- A value to be closed that notes that it was, and with which error.
local function closer(notes, name)
  return setmetatable({}, {
    __close = function(_, err)
      table.insert(notes, name .. ": " .. tostring(err))
    end,
  })
end

local function spawn_and_run(fn)
  core.loop:spawn(fn)
  core.loop:run()
end

describe("task", function()
  it("gets its arguments, at the next turn", function()
    local seen
    local task = core.loop:spawn(function(...)
      seen = table.pack(...)
    end, 1, nil, "three")
    assert.are.equal("new", task:status())
    assert.is_nil(seen)
    core.loop:run()
    assert.are.same({ n = 3, 1, nil, "three" }, seen)
    assert.are.equal("ended", task:status())
    assert.matches("closed", tostring(task))
  end)

  it("shows what it is at", function()
    local future, task, inside = core.future.new(), nil, nil
    task = core.loop:spawn(function()
      inside = task:status()
      future:wait()
    end)
    core.loop:step()
    assert.are.equal("running", inside)
    assert.are.equal("waiting", task:status())
    future:resolve()
    assert.are.equal("ready", task:status())
    assert.is_true(core.loop:has_ready_tasks())
    core.loop:run()
    assert.are.equal("ended", task:status())
  end)

  it("closes its variables when it is closed, waiting or new", function()
    local notes, started = {}, false
    local waiting = core.loop:spawn(function()
      local _ <close> = closer(notes, "outer")
      local _ <close> = closer(notes, "inner")
      core.future.new():wait()
    end)
    core.loop:step()
    local new = core.loop:spawn(function()
      started = true
    end)
    waiting:close()
    waiting:close()
    new:close()
    assert.are.same({ "inner: nil", "outer: nil" }, notes)
    core.loop:run()
    assert.is_false(started)
    assert.are.equal(0, core.loop:tasks())
  end)

  it("is not resumed when it is closed after its future was resolved", function()
    local future, resumed = core.future.new(), false
    local task = core.loop:spawn(function()
      future:wait()
      resumed = true
    end)
    core.loop:step()
    future:resolve()
    task:close()
    core.loop:run()
    assert.is_false(resumed)
  end)

  it("leaves the others that wait for the same when it is closed", function()
    local future, seen = core.future.new(), {}
    local tasks = {}
    for index = 1, 5 do
      tasks[index] = core.loop:spawn(function()
        table.insert(seen, index .. future:wait())
      end)
    end
    core.loop:step()
    tasks[1]:close()
    tasks[3]:close()
    tasks[5]:close()
    future:resolve "!"
    core.loop:run()
    assert.are.same({ "2!", "4!" }, seen)
  end)

  it("cannot close itself while it runs", function()
    local task
    task = core.loop:spawn(function()
      task:close()
    end)
    core.loop:run()
    assert.matches("a task cannot close itself while it runs", audit.take_failures()[1], 1, true)
  end)

  it("may wait, but not yield", function()
    local notes = {}
    spawn_and_run(function()
      local _ <close> = closer(notes, "closed")
      coroutine.yield(1, 2)
    end)
    assert.matches("a task may wait, but not yield", audit.take_failures()[1], 1, true)
    assert.are.equal(1, #notes)
  end)

  it("may use coroutines of its own, which cannot wait", function()
    local ok, message
    spawn_and_run(function()
      local co = coroutine.create(function()
        coroutine.yield()
        core.future.new():wait()
      end)
      coroutine.resume(co)
      ok, message = coroutine.resume(co)
    end)
    assert.is_false(ok)
    assert.matches("cannot wait here: the loop runs", message, 1, true)
  end)

  it("cannot wait where a yield is impossible", function()
    local ok, message
    spawn_and_run(function()
      ok, message = pcall(table.sort, { 1, 2, 3 }, function()
        core.future.new():wait()
      end)
    end)
    assert.is_false(ok)
    assert.matches("cannot be yielded across", message, 1, true)
  end)

  it("reports its failure with a traceback, and closes its variables", function()
    local notes = {}
    spawn_and_run(function()
      local _ <close> = closer(notes, "closed")
      error("the fault", 0)
    end)
    local failures = audit.take_failures()
    assert.are.equal(1, #failures)
    assert.matches("^the fault\nstack traceback:\n.*task_spec.lua", failures[1])
    assert.are.same({ "closed: the fault" }, notes)
  end)

  it("closes its variables although its error cannot be shown", function()
    local notes = {}
    local function hostile(tostring_of)
      return setmetatable({}, { __tostring = tostring_of, __name = "hostile" })
    end
    for _, value in ipairs {
      hostile(function()
        error "worse"
      end),
      hostile(function()
        return {}
      end),
    } do
      spawn_and_run(function()
        local _ <close> = setmetatable({}, {
          __close = function()
            table.insert(notes, "closed")
          end,
        })
        error(value)
      end)
      assert.are.equal(1, #audit.take_failures())
    end
    assert.are.same({ "closed", "closed" }, notes)
  end)

  it("reports what the closing of its variables raises, whether it failed before or not", function()
    local function with_failing_closer(fn)
      return function()
        local _ <close> = setmetatable({}, {
          __close = function()
            error("while closing", 0)
          end,
        })
        fn()
      end
    end
    spawn_and_run(with_failing_closer(function()
      error("first", 0)
    end))
    local failures = audit.take_failures()
    assert.matches("^first\n", failures[1])
    assert.are.equal("while closing", failures[2])

    local task = core.loop:spawn(with_failing_closer(function()
      core.future.new():wait()
    end))
    core.loop:step()
    task:close()
    assert.are.same({ "while closing" }, audit.take_failures())
  end)

  it("may close another that closes a third", function()
    local second, third
    third = core.loop:spawn(function()
      core.future.new():wait()
    end)
    second = core.loop:spawn(function()
      local _ <close> = setmetatable({}, {
        __close = function()
          third:close()
        end,
      })
      core.future.new():wait()
    end)
    core.loop:spawn(function()
      second:close()
    end)
    core.loop:run()
    assert.are.equal("ended", third:status())
  end)

  it("lives through the collector while nothing refers to it", function()
    local future, ended = core.future.new(), 0
    for _ = 1, 50 do
      core.loop:spawn(function()
        local text = ("x"):rep(1000)
        collectgarbage()
        future:wait()
        collectgarbage "step"
        ended = ended + #text
      end)
    end
    core.loop:step()
    collectgarbage()
    collectgarbage()
    future:resolve()
    core.loop:run()
    assert.are.equal(50000, ended)
  end)

  it("may be closed and collected by who hears that there is no memory to resume it", function()
    local output = allocation.run [[
      local allocation, core = require "allocation", require "usher.core"
      local LUA, TWICE = 1, 2 -- the second time after all garbage was collected
      local task = core.loop:spawn(print)
      local failures = 0
      core.loop:on_error(function()
        failures = failures + 1
        task:close()
        task = nil
        collectgarbage()
        collectgarbage()
      end)
      coroutine.wrap(function() -- where the first call from inside another needs memory
        allocation.arm(LUA, 1, TWICE)
        core.loop:step()
        allocation.disarm()
      end)()
      while core.loop:step() do end
      io.write(failures, " ", core.loop:tasks())
    ]]
    assert.are.equal("1 0", output)
  end)

  it("can be left waiting when the state closes, its variables open", function()
    assert.are.equal(
      "",
      child.run [[
        local core = require "usher.core"
        local future = core.future.new()
        for _ = 1, 3 do
          core.loop:spawn(function()
            local _ <close> = setmetatable({}, { __close = function() error "never" end })
            future:wait()
          end)
        end
        core.loop:step()
        future:resolve()
      ]]
    )
  end)
end)
