-- SPDX-License-Identifier: MIT
local audit = require "spec.support.audit"
local child = require "spec.support.child"
local core = require "usher.core"

local function after(delay_ms, fn)
  return core.timer.start(delay_ms, fn)
end

describe("loop", function()
  it("runs until nothing is left to wait for", function()
    local fired = false
    after(1, function()
      fired = true
    end)
    core.loop:run()
    assert.is_true(fired)
    assert.is_false(core.loop:step())
  end)

  it("stops when told, and goes on later", function()
    local fired = {}
    after(1, function()
      table.insert(fired, "first")
      core.loop:stop()
      after(1, function()
        table.insert(fired, "second")
      end)
    end)
    core.loop:run()
    assert.are.same({ "first" }, fired)
    core.loop:run()
    assert.are.same({ "first", "second" }, fired)
  end)

  it("does not run inside itself", function()
    local messages = {}
    after(1, function()
      for _, method in ipairs { "run", "step" } do
        local _, message = pcall(core.loop[method], core.loop)
        table.insert(messages, message)
      end
    end)
    core.loop:run()
    assert.are.same({ "the loop is running already", "the loop is running already" }, messages)
  end)

  it("tells where it is", function()
    local inside = {}
    local function look()
      return { core.loop:is_running(), core.loop:can_wait() }
    end
    core.loop:spawn(function()
      inside = look()
    end)
    assert.are.same({ false, false }, look())
    core.loop:run()
    assert.are.same({ true, true }, inside)
  end)

  it("may run in a coroutine", function()
    local seen
    coroutine.wrap(function()
      core.loop:spawn(function()
        local future = core.future.new()
        after(1, function()
          future:resolve "there"
        end)
        seen = future:wait()
      end)
      core.loop:run()
    end)()
    assert.are.equal("there", seen)
  end)

  it("sits in another loop by its descriptor and timeout", function()
    core.loop:step()
    assert.is_true(core.loop:fd() >= 0)
    local timer = after(1000, function() end)
    core.loop:step()
    local timeout = core.loop:timeout()
    assert.is_true(timeout > 0 and timeout <= 1000)
    timer:close()
    core.loop:step()
    core.signal.start("SIGUSR2", function() end):close()
    core.loop:spawn(function() end)
    assert.are.equal(0, core.loop:timeout())
    core.loop:run()
  end)

  it("has its sockets and timers served between the turns of tasks that never rest", function()
    local turns, fired = 0, false
    after(5, function()
      fired = true
    end)
    local function again()
      turns = turns + 1
      if not fired then
        core.loop:spawn(again)
      end
    end
    again()
    core.loop:run()
    assert.is_true(fired)
    assert.is_true(turns > 1)
  end)

  it("gives errors to the sink, and returns the sink that was there before", function()
    local heard = {}
    local before = core.loop:on_error(function(message)
      table.insert(heard, message)
    end)
    after(1, function()
      error("lost", 0)
    end)
    core.loop:run()
    local mine = core.loop:on_error(before)
    assert.are.equal("function", type(mine))
    assert.matches("^lost\n", heard[1])
    assert.are.same({}, audit.take_failures())
  end)

  it("writes to standard error what no sink takes", function()
    local output = child.run [[
      local core = require "usher.core"
      core.loop:spawn(error, "no sink")
      core.loop:run()
      core.loop:on_error(function() error "sink fault" end)
      core.loop:spawn(error, "a sink that fails")
      core.loop:spawn(error)
      core.loop:run()
      core.loop:on_error(nil)
      core.loop:spawn(error, "none again")
      core.loop:run()
    ]]
    local heard = {}
    for message in output:gmatch "usher: ([^\n]*)" do
      table.insert(heard, message)
    end
    assert.are.same({ "no sink", "a sink that fails", "nil", "none again" }, heard)
  end)

  it("cannot be used by a finalizer that outlives it", function()
    local output = child.run [[
      keep = setmetatable({}, { __gc = function()
        local core = package.loaded["usher.core"]
        for _, use in ipairs {
          function() core.loop:run() end,
          function() core.loop:handles() end,
          function() core.loop:spawn(print) end,
          function() core.timer.start(1, print) end,
          function() core.signal.start("SIGUSR1", print) end,
          function() core.listener.open { host = "127.0.0.1", handler = print } end,
          function() core.future.new():wait() end,
        } do
          print((select(2, pcall(use)):gsub("^.-:%d+: ", "")))
        end
        task:close()
        timer:close()
      end })
      local core = require "usher.core"
      timer = core.timer.start(60000, print)
      task = core.loop:spawn(function() core.future.new():wait() end)
      core.loop:step()
    ]]
    assert.are.equal(("the state is closing\n"):rep(7), output)
  end)

  it("lists what is open", function()
    local timer = after(1000, function() end)
    local signal = core.signal.start("SIGUSR2", function() end)
    local handles = core.loop:handles()
    table.sort(handles)
    assert.are.same({ "signal", "timer" }, handles)
    timer:close()
    signal:close()
    assert.are.same({}, core.loop:handles())
  end)
end)
