-- SPDX-License-Identifier: MIT
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local core = require "usher.core"

local function nothing() end

-- Keeps the process busy, the loop standing still.
local function work(seconds)
  local limit = core.clock.boot() + seconds
  repeat
  until core.clock.boot() >= limit
end

describe("timer", function()
  it("fires once, as a task, in order of time", function()
    local fired = {}
    for _, delay_ms in ipairs { 20, 1, 10 } do
      core.timer.start(delay_ms, function()
        assert(core.loop:can_wait())
        table.insert(fired, delay_ms)
      end)
    end
    core.loop:run()
    assert.are.same({ 1, 10, 20 }, fired)
  end)

  it("fires again and again until it is closed, by its handler too", function()
    local count, timer = 0, nil
    timer = core.timer.start(1, function()
      count = count + 1
      if count == 3 then
        timer:close()
      end
    end, 1)
    core.loop:run()
    assert.are.equal(3, count)
    assert.matches("closed", tostring(timer))
  end)

  it("counts from now, however long the loop has stood still", function()
    core.loop:step()
    work(0.1)
    local from, future = core.clock.boot(), core.future.new()
    core.timer.start(60, function()
      future:resolve()
    end)
    future:wait()
    assert.is_true(core.clock.boot() - from > 0.055)
  end)

  it("counts from now in a handler that has worked long", function()
    local seconds
    core.loop:spawn(function()
      work(0.1)
      local from, future = core.clock.boot(), core.future.new()
      core.timer.start(60, function()
        future:resolve()
      end)
      future:wait()
      seconds = core.clock.boot() - from
    end)
    core.loop:run()
    assert.is_true(seconds > 0.055)
  end)

  it("does not fire once closed", function()
    local fired = false
    local timer = core.timer.start(0, function()
      fired = true
    end)
    timer:close()
    timer:close()
    core.loop:run()
    assert.is_false(fired)
  end)

  it("closes with its scope", function()
    do
      local _ <close> = core.timer.start(60000, nothing)
    end
    assert.are.same({}, core.loop:handles())
  end)

  it("stays armed while nothing refers to it", function()
    local fired = false
    core.timer.start(5, function()
      fired = true
    end)
    collectgarbage()
    collectgarbage()
    core.loop:run()
    assert.is_true(fired)
  end)

  it("goes on after its handler has failed", function()
    local count, timer = 0, nil
    timer = core.timer.start(1, function()
      count = count + 1
      if count == 3 then
        timer:close()
      end
      error "each time"
    end, 1)
    core.loop:run()
    assert.are.equal(3, #audit.take_failures())
  end)

  it("survives the collector in its handler", function()
    local count = 0
    collectgarbage "generational"
    for _ = 1, 20 do
      core.timer.start(1, function()
        collectgarbage "step"
        collectgarbage()
        count = count + 1
      end)
    end
    core.loop:run()
    collectgarbage "incremental"
    assert.are.equal(20, count)
  end)

  it("refuses what is no delay and no handler", function()
    assert.has_error(function()
      core.timer.start(-1, nothing)
    end)
    assert.has_error(function()
      core.timer.start(1, nothing, -1)
    end)
    assert.has_error(function()
      core.timer.start(1)
    end)
    assert.has_error(function()
      core.timer.start("soon", nothing)
    end)
  end)

  it("may be open, its handler waiting or running, when the state closes", function()
    assert.are.equal(
      "",
      child.run [[
        local core = require "usher.core"
        core.timer.start(1, function() core.future.new():wait() end, 1)
        core.timer.start(20, function() os.exit(true, true) end)
        core.loop:run()
      ]]
    )
  end)
end)
