-- SPDX-License-Identifier: MIT
-- The door from C to Lua: whatever a handler raises reaches the error sink, once, and harms nothing.
local audit = require "spec.support.audit"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"

local function overflow()
  return 1 + overflow()
end

-- What may be raised, and what the sink must then hear of it.
local RAISED = {
  {
    "a string",
    function()
      error "the fault"
    end,
    "the fault\nstack traceback:",
  },
  {
    "nothing",
    function()
      error()
    end,
    "nil\nstack traceback:",
  },
  {
    "a table",
    function()
      error {}
    end,
    "table: 0x",
  },
  {
    "an object that shows itself",
    function()
      error(setmetatable({}, {
        __tostring = function()
          return "shown"
        end,
      }))
    end,
    "shown\nstack traceback:",
  },
  {
    "an object that fails to show itself",
    function()
      error(setmetatable({}, {
        __tostring = function()
          error "hidden"
        end,
      }))
    end,
    "hidden",
  },
  {
    "an object that fails to show itself by another",
    function()
      error(setmetatable({}, {
        __tostring = function()
          error {}
        end,
      }))
    end,
    "",
  },
  { "a stack overflow", overflow, "stack overflow" },
  {
    "a wait that is impossible",
    function()
      coroutine.wrap(function()
        core.future.new():wait()
      end)()
    end,
    "cannot wait here",
  },
}

-- How a handler comes to be called: each runs `handler` once and returns when it has ended.
local CALLED = {
  ["a task"] = function(handler)
    core.loop:spawn(handler)
    core.loop:run()
  end,
  ["a task that has waited"] = function(handler)
    local future = core.future.new()
    core.loop:spawn(function()
      future:wait()
      handler()
    end)
    core.loop:step()
    future:resolve()
    core.loop:run()
  end,
  ["a timer"] = function(handler)
    core.timer.start(1, handler)
    core.loop:run()
  end,
  ["a signal"] = function(handler)
    local called = false
    local _ <close> = core.timer.start(60000, print)
    local _ <close> = core.signal.start("SIGUSR1", function()
      called = true
      handler()
    end)
    os.execute("kill -USR1 " .. core.process.id())
    client.drive(function()
      return called
    end)
  end,
  ["a listener"] = function(handler)
    local peer = peers.connect(peers.listen(handler))
    assert.are.equal(500, peer:ask(client.get "/").status)
  end,
  ["a closed variable"] = function(handler)
    local task = core.loop:spawn(function()
      local _ <close> = setmetatable({}, { __close = handler })
      core.future.new():wait()
    end)
    core.loop:step()
    task:close()
  end,
}

describe("the door", function()
  for kind, call in pairs(CALLED) do
    for _, case in ipairs(RAISED) do
      local what, handler, expected = table.unpack(case)
      it(("tells the sink when %s raises %s"):format(kind, what), function()
        call(handler)
        local failures = audit.take_failures()
        assert.are.equal(1, #failures)
        -- Where a closed task's variable fails, there is no stack left to trace.
        local text = kind == "a closed variable" and expected:match "^[^\n]*" or expected
        assert.matches(text, failures[1], 1, true)
        assert.is_false(core.loop:is_running())
      end)
    end
  end

  it("lets the sink use what it likes", function()
    local heard = {}
    local sink
    sink = core.loop:on_error(function(message)
      core.loop:on_error(sink)
      table.insert(heard, message)
      core.loop:spawn(function()
        table.insert(heard, "spawned by the sink")
      end)
      table.insert(heard, select(2, pcall(core.future.new().wait, core.future.new())))
    end)
    core.loop:spawn(error, "first", 0)
    core.loop:run()
    assert.matches("^first\n", heard[1])
    assert.matches("cannot wait here", heard[2], 1, true)
    assert.are.equal("spawned by the sink", heard[3])
  end)
end)
