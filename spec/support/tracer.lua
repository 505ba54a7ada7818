-- SPDX-License-Identifier: MIT
-- strace on one thread of a running program: what it calls, and calls that fail or kill it on purpose.

local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local tracer = {}

local ATTACH_SECONDS = 10

---@class spec.Tracer
local Tracer = {}
Tracer.__index = Tracer

--- The program's threads, the first one first.
---@param pid integer
---@return integer[]
function tracer.threads(pid)
  local pipe <close> = assert(io.popen(("ls /proc/%d/task"):format(pid)))
  local threads = {}
  for thread in pipe:lines() do
    table.insert(threads, math.tointeger(tonumber(thread)))
  end
  table.sort(threads)
  return threads
end

--- Begins to trace a thread.
---@param folder string for its files
---@param thread integer
---@param ... string further words for strace
---@return spec.Tracer
function tracer.attach(folder, thread, ...)
  local self = setmetatable({ _trace = folder .. "/trace" }, Tracer)
  local command = { "strace", "-o", self._trace, "-p", tostring(thread), ... }
  self._process = process.start(folder, "strace", command)
  self._process:await("attached", ATTACH_SECONDS)
  return self
end

--- Ends it; the program runs on, if it still does.
---@return string trace a line for each call
function Tracer:detach()
  self._process:signal "INT"
  self._process:wait()
  return temporary.read(self._trace)
end

--- How often each system call stands in a trace.
---@param trace string
---@return table<string, integer>
function tracer.counts(trace)
  local counts = {}
  for name in trace:gmatch "%f[^\n\0]([%l_][%w_]*)%(" do
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

return tracer
