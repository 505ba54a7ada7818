-- SPDX-License-Identifier: MIT
-- Memory that runs out, at one allocation after the other: an error, never a crash, a leak, or a wait without an end.
-- libuv is left out, which aborts where its table of watchers cannot grow.
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local torture = require "spec.support.torture"

-- What is tried, whose allocations fail, and how far the positions are apart in the short version. libcurl's only
-- for requests, and only two at once: after a single one 7.88 divides by zero.
local CASES = {
  { "waiting", "lua,core", 1 },
  { "values", "lua,core,openssl", 5 },
  { "state", "lua,core", 13 },
  { "store", "lua,core,sqlite", 53 },
  { "exchange", "lua,core,openssl", 7 },
  { "exchange", "lua,core,curl", 29, { 2 } },
  { "tls", "lua,core,openssl", 211 },
  { "gateway", "lua,core,openssl,sqlite", 59 },
}

-- How many fail one after the other. After one Lua collects its garbage and succeeds; many are a machine that has no
-- memory for a while.
local RUN_LENGTHS = torture.is_long and { 1, 2, 3, 40 } or { 2 }

describe("memory that runs out", function()
  for _, case in ipairs(CASES) do
    local name, whose, stride, run_lengths = table.unpack(case)
    for _, length in ipairs(run_lengths or RUN_LENGTHS) do
      it(("is survived by %s (%s, %d at once)"):format(name, whose, length), function()
        local folder = temporary.folder()
        finally(function()
          temporary.remove(folder)
        end)
        local command =
          { paths.build .. "/spec/allocation_host", "spec/allocation/run.lua", folder, name, whose }
        table.insert(command, tostring(length))
        table.insert(command, tostring(torture.rounds(stride, 1)))
        local environment = { LUA_PATH = package.path, LUA_CPATH = package.cpath }
        local program <close> = process.start(folder, name, command, environment)
        local status = program:wait(torture.rounds(120, 7200))
        local output, report = program:output()
        assert.are.equal(0, status, report)
        assert.is_true(tonumber(output) > 1)
      end)
    end
  end
end)
