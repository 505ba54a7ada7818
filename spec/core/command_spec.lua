-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local clock = require "usher.clock"
local core = require "usher.core"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local function run(words, changes)
  local request = { words = words, timeout_ms = 10000, max_bytes = 65536 }
  for name, value in pairs(changes or {}) do
    request[name] = value
  end
  return core.command.run(request)
end

local function sh(script, changes)
  return run({ "/bin/sh", "-c", script }, changes)
end

local function fails(code, result, err)
  assert.is_nil(result)
  assert.are.equal(code, err.code)
end

-- Seconds that `fn` takes, and what it gives.
local function timed(fn, ...)
  local system = clock.system()
  local from = system:boot()
  local results = table.pack(fn(...))
  return system:boot() - from, table.unpack(results, 1, results.n)
end

-- One that has ended and that nobody has waited for is a zombie.
local function is_running(pid)
  local stat = io.open(("/proc/%d/stat"):format(pid))
  local status = stat and stat:read("a"):match "%) (%a) "
  if stat then
    stat:close()
  end
  return status ~= nil and status ~= "Z"
end

local function await_end(pid)
  process.await("the program's end", function()
    return not is_running(pid)
  end)
end

describe("command", function()
  it("gives what a program writes, and how it ends", function()
    assert.are.same({ status = 0, signal = 0, output = "a\nb\n" }, sh "echo a; echo b")
    assert.are.same({ status = 3, signal = 0, output = "" }, sh "exit 3")
    assert.are.same({ status = 0, signal = 9, output = "" }, sh "kill -9 $$")
    assert.are.same(
      { status = 0, signal = 0, output = "a b|c" },
      run { "/usr/bin/printf", "%s|%s", "a b", "c" }
    )
  end)

  it("has this environment and no other, no input, and the root for a folder", function()
    local output = run({ "/usr/bin/env" }, { environment = { A = "1", B = "x y=z" } }).output
    assert.are.equal(#"A=1\nB=x y=z\n", #output)
    assert.matches("B=x y=z\n", output, 1, true)
    assert.are.equal("", run({ "/usr/bin/env" }).output)
    assert.are.equal("", sh("cat").output)
    assert.are.equal("/\n", run({ "/bin/pwd" }).output)
    assert.are.equal("", sh("echo hidden >&2").output)
  end)

  it("has no descriptor of ours", function()
    local folder = temporary.folder()
    local output = child.run(
      [[
      local core = require "usher.core"
      local function descriptors()
        local request = { words = { "/bin/ls", "/proc/self/fd" }, timeout_ms = 10000, max_bytes = 1000 }
        return core.command.run(request).output
      end
      local before = descriptors()
      local listener = assert(core.listener.open { path = "socket", handler = print })
      local store = require("usher.store.sqlite").new { path = "usher.db", key = ("k"):rep(32) }
      assert(store:open())
      core.transfer.perform { method = "GET", url = "http://127.0.0.1:1/" }
      io.write(descriptors() == before and "the same" or descriptors())
      store:close()
      listener:close()
    ]],
      { folder = folder }
    )
    temporary.remove(folder)
    assert.are.equal("the same", output)
  end)

  it("ends when its time is up, with all that it has started", function()
    local path = os.tmpname()
    local seconds, result, err = timed(sh, "sleep 60 & echo $! >" .. path .. "; wait", { timeout_ms = 200 })
    fails("timeout", result, err)
    assert.is_true(seconds < 5)
    await_end(temporary.read(path))
    os.remove(path)
  end)

  it("ends with its program, whatever that leaves running", function()
    local path = os.tmpname()
    local seconds, result = timed(sh, "sleep 60 & echo $! >" .. path .. "; echo done")
    assert.are.equal("done\n", result.output)
    assert.is_true(seconds < 5)
    await_end(temporary.read(path))
    os.remove(path)
  end)

  it("ends when its time is up though something in another session holds its output", function()
    local seconds, result, err = timed(sh, "setsid sleep 5 & sleep 0.1", { timeout_ms = 400 })
    fails("timeout", result, err)
    assert.is_true(seconds < 4)
  end)

  it("keeps so much output and no more", function()
    assert.are.equal(65536, #sh("head -c 65536 /dev/zero").output)
    fails("limit", sh "head -c 65537 /dev/zero")
    fails("limit", sh("yes", { max_bytes = 10 }))
  end)

  it("says why it cannot start", function()
    fails("not_found", run { "/nowhere/program" })
    fails("permission", run { "/etc/passwd" })
  end)

  it("is killed when its task is closed", function()
    local path = os.tmpname()
    local task = core.loop:spawn(function()
      sh("echo $$ >" .. path .. "; exec sleep 60")
    end)
    process.await("the program's id", function()
      return temporary.read(path):find "\n"
    end)
    local pid = temporary.read(path)
    task:close()
    await_end(pid)
    os.remove(path)
  end)

  it("dies with the state", function()
    local path = os.tmpname()
    child.run(([[
      local core = require "usher.core"
      core.loop:spawn(function()
        core.command.run {
          words = { "/bin/sh", "-c", "echo $$ >%s; exec sleep 60" },
          timeout_ms = 60000,
          max_bytes = 10,
        }
      end)
      repeat
        core.loop:step()
        local file = io.open(%q)
      until file and file:read("a"):find "\n"
    ]]):format(path, path))
    await_end(temporary.read(path))
    os.remove(path)
  end)

  it("raises on what cannot be meant", function()
    for _, changes in ipairs {
      { words = {} },
      { words = "/bin/sh" },
      { words = { "sh" } },
      { words = { "/bin/sh", 5 } },
      { words = { "/bin/sh\0" } },
      { environment = 5 },
      { environment = { "A=1" } },
      { environment = { ["A=B"] = "1" } },
      { environment = { A = 5 } },
      { environment = { A = "1\0" } },
      { timeout_ms = 0 },
      { max_bytes = 0 },
      { timeout_ms = "soon" },
    } do
      assert.has_error(function()
        run({ "/bin/true" }, changes)
      end)
    end
  end)

  it("starts what it was given, whatever a finalizer makes of the words meanwhile", function()
    local output = child.run [[
      local core = require "usher.core"
      local words = { "/bin/echo", ("a word of some length "):rep(20) }
      local expected = #words[2] + 1
      -- Whose assignments are as long as the word, and so take its memory where that is free.
      local environment = {}
      for index = 10, 30 do
        environment["A" .. index] = ("x"):rep(#words[2] - #"A10=")
      end

      -- Empties the words in the n-th collection of garbage.
      local function empty_later(n)
        setmetatable({}, { __gc = function()
          if n > 1 then return empty_later(n - 1) end
          words[2] = nil
        end })
      end

      for n = 2, 8 do
        words[2] = ("a word of some length "):rep(20)
        empty_later(n)
        collectgarbage "restart"
        collectgarbage("incremental", 1, 1000, 30) -- every new object collects all garbage
        collectgarbage()
        local ran, result = pcall(
          core.command.run,
          { words = words, environment = environment, timeout_ms = 10000, max_bytes = 65536 }
        )
        collectgarbage "stop"
        if ran then
          -- "\n": it was one word already.
          local rest = result.output:gsub("a word of some length ", "")
          assert(rest == "\n" and (result.output == "\n" or #result.output == expected), result.output)
        else
          assert(result:find("words must be strings", 1, true), result)
        end
      end
    ]]
    assert.are.equal("", output)
  end)
end)
