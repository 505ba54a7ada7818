-- SPDX-License-Identifier: MIT
local paths = require "spec.support.paths"
local core = require "usher.core"

-- Runs Lua code in a process of its own; returns its output and whether it ended well.
local function run(code)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(("package.cpath = %q .. '/lib/?.so;' .. package.cpath\n"):format(paths.build), code)
  file:close()
  local pipe = io.popen(("lua5.4 %s 2>&1"):format(path))
  local output = pipe:read "a"
  local ok = pipe:close()
  os.remove(path)
  return output, ok
end

describe("usher.core", function()
  it("may be loaded twice", function()
    package.loaded["usher.core"] = nil
    local again = require "usher.core"
    package.loaded["usher.core"] = core
    local future = again.future.new()
    core.timer.start(1, function()
      future:resolve "one context"
    end)
    assert.are.equal("one context", future:wait())
  end)

  it("keeps its tasks when it is loaded again", function()
    local output, ok = run [[
      local core = require "usher.core"
      local future = core.future.new()
      core.loop:spawn(function() print(future:wait()) end)
      core.loop:step()
      package.loaded["usher.core"] = nil
      local again = require "usher.core"
      collectgarbage()
      collectgarbage()
      print(again.loop:tasks())
      future:resolve "here"
      again.loop:run()
    ]]
    assert.are.equal("1\nhere\n", output)
    assert.is_true(ok)
  end)

  it("lets the state close with everything open", function()
    local output, ok = run [[
      local core = require "usher.core"
      local future = core.future.new()
      core.loop:spawn(function() future:wait() end)
      core.loop:step()
      core.timer.start(60000, print)
      core.timer.start(60000, print, 60000)
      core.signal.start("SIGUSR1", print)
      core.loop:spawn(print)
    ]]
    assert.are.equal("", output)
    assert.is_true(ok)
  end)

  it("lets the state close inside a task", function()
    local output, ok = run [[
      local core = require "usher.core"
      core.timer.start(60000, print)
      core.loop:spawn(function() os.exit(true, true) end)
      core.loop:run()
    ]]
    assert.are.equal("", output)
    assert.is_true(ok)
  end)
end)
