-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"

describe("process", function()
  it("has the id that the system knows it by", function()
    local stat <close> = assert(io.open "/proc/self/stat")
    assert.are.equal(stat:read "n", core.process.id())
  end)

  it("names the variables of its environment, and tells no value", function()
    local output = child.run(
      [[for _, name in ipairs(require("usher.core").process.variables()) do print(name) end]],
      { environment = { SPEC_NAME = "the-value" } }
    )
    assert.is_truthy(output:find("\nSPEC_NAME\n", 1, true))
    assert.is_nil(output:find("the-value", 1, true))
  end)

  -- That it is not dumpable only C can see: process_test.c.
  it("hardens itself", function()
    local output = child.run(
      [[
      local core = require "usher.core"
      local function status(name, pattern)
        for line in io.lines("/proc/self/" .. name) do
          local found = line:match(pattern)
          if found then
            return found
          end
        end
      end
      assert(core.process.harden())
      print(status("status", "^Umask:%s+(%d+)"))
      print(status("limits", "^Max core file size%s+(%d+)%s+0%s"))
      local ignored = tonumber(status("status", "^SigIgn:%s+(%x+)"), 16)
      print(ignored >> 24 & 1) -- SIGXFSZ, 25
      print(status("limits", "^Max open files%s+(%d+)%s"))
    ]],
      { before = "ulimit -Sn 100; ulimit -Hn 300" }
    )
    assert.are.equal("0077\n0\n1\n300\n", output)
  end)

  it("gives programs that it starts the limit of descriptors back, however many it has open", function()
    local output = child.run(
      [[
      local core = require "usher.core"
      core.process.harden()
      core.process.harden()
      local held = {}
      for index = 1, 150 do
        held[index] = assert(io.open "/dev/null")
      end
      local words = { "/bin/sh", "-c", "ulimit -Sn; ulimit -Hn" }
      local result = assert(core.command.run { words = words, timeout_ms = 10000, max_bytes = 100 })
      io.write(result.output, #held)
    ]],
      { before = "ulimit -Sn 100; ulimit -Hn 300" }
    )
    assert.are.equal("100\n300\n150", output)
  end)
end)
