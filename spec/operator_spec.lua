-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local operator = require "usher.operator"

local function endless()
  while true do
  end
end

-- Errors that are caught do not keep a cut function alive.
local function stubborn()
  while true do
    pcall(endless)
  end
end

describe("operator.call", function()
  it("gives a handler's first result", function()
    assert.are.same({ true, 42 }, { operator.call(function(a, b)
      return a + b, "more"
    end, 40, 2) })
    assert.are.same({ true, false }, { operator.call(function()
      return false
    end) })
    assert.are.equal(2, select("#", operator.call(function() end)))
  end)

  it("lets a handler wait", function()
    local ok, result = operator.call(function()
      local future = core.future.new()
      core.timer.start(1, function()
        future:resolve "waited"
      end)
      return future:wait()
    end)
    assert.are.same({ true, "waited" }, { ok, result })
  end)

  it("says where a handler failed", function()
    local ok, fault = operator.call(function()
      error "no such video"
    end)
    assert.is_false(ok)
    assert.matches("operator_spec.lua:%d+: no such video\nstack traceback", fault)
  end)

  it("says what was raised, whatever it is", function()
    for _, raised in ipairs {
      { {}, "table: " },
      { core.failure("timeout"), "timeout" },
      { 7, "7" },
      { false, "false" },
    } do
      local ok, fault = operator.call(error, raised[1])
      assert.is_false(ok)
      assert.matches(raised[2], fault, 1, true)
    end
  end)

  for name, handler in pairs { endless = endless, stubborn = stubborn } do
    it("cuts a handler that does not end: " .. name, function()
      local ok, fault = operator.call(handler)
      assert.is_false(ok)
      assert.matches("cut: ", fault, 1, true)
      assert.matches("operator_spec.lua:%d+", fault)
    end)
  end

  it("leaves other tasks their turn before and after", function()
    local others = 0
    core.loop:spawn(function()
      others = others + 1
    end)
    operator.call(endless)
    core.loop:spawn(function()
      others = others + 1
    end)
    core.loop:run()
    assert.are.equal(2, others)
  end)
end)

describe("operator.place", function()
  it("is where a handler was written", function()
    assert.matches("operator_spec.lua:6$", operator.place(endless))
    assert.matches("operator_spec.lua:12$", operator.place(setmetatable({}, { __call = stubborn })))
  end)

  it("is nowhere for what is not Lua", function()
    assert.is_nil(operator.place(print))
  end)
end)
