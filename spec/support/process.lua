-- SPDX-License-Identifier: MIT
-- Programs of their own, for acceptance: started, watched through their output files, signalled, waited for.

local child = require "spec.support.child"
local clock = require "usher.clock"
local core = require "usher.core"

local process = {}

local POLL_SECONDS = 0.02
local PATIENCE_SECONDS = 20

-- What a program gets of this process's environment: which build to use, and the sanitizers' settings.
local INHERITED = {
  "PATH",
  "USHER_BUILD",
  "LD_PRELOAD",
  "ASAN_OPTIONS",
  "LSAN_OPTIONS",
  "UBSAN_OPTIONS",
  "LUA_INIT_5_4",
  "USHER_COVERAGE",
}

local started = 0 -- how many programs: each has output files of its own

---@class spec.Process
local Process = {}
Process.__index = Process

local quote = child.quote

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a" or ""
end

--- Polls `condition` until it gives something true, which is returned; raises when that takes too long.
---@param what string for the message
---@param condition fun(): any
---@param seconds? number
function process.await(what, condition, seconds)
  local system = clock.system()
  local deadline = system:boot() + (seconds or PATIENCE_SECONDS)
  while true do
    local value = condition()
    if value then
      return value
    elseif system:boot() > deadline then
      error("waited in vain for " .. what, 2)
    end
    system:sleep(POLL_SECONDS)
  end
end

-- Below what the system gives to outgoing connections: none of those takes a port before its program does.
local FIRST_PORT, LAST_PORT = 15000, 32000

--- A TCP port of 127.0.0.1 that nobody listens on at this moment.
---@return integer
function process.free_port()
  while true do
    local port = FIRST_PORT + string.unpack("I2", core.random.bytes(2)) % (LAST_PORT - FIRST_PORT)
    local socket = require("socket").bind("127.0.0.1", port)
    if socket then
      socket:close()
      return port
    end
  end
end

--- Everything that the program has written.
---@return string stdout
---@return string stderr
function Process:output()
  return read(self._prefix .. ".out"), read(self._prefix .. ".err")
end

--- The exit status once it has ended: 128 + signal where one killed it.
---@return integer?
function Process:status()
  self._status = self._status or math.tointeger(tonumber(read(self._prefix .. ".status")))
  return self._status
end

--- Waits until standard error has the pattern; gives its captures. Raises if the program ends first.
---@param pattern string
---@param seconds? number
---@return string ...
function Process:await(pattern, seconds)
  local found = process.await(pattern, function()
    local _, stderr = self:output()
    local captures = { stderr:match(pattern) }
    if #captures == 0 and self:status() then
      error(("%s ended with %d before %s:\n%s"):format(self._name, self:status(), pattern, stderr))
    end
    return #captures > 0 and captures
  end, seconds)
  return table.unpack(found)
end

--- Sends a signal, unless the program has ended.
---@param name "TERM"|"KILL"|"HUP"|"STOP"|"CONT"|"INT"
function Process:signal(name)
  if not self:status() then
    run(("kill -%s %d 2>&1"):format(name, self.pid))
  end
end

--- Waits for the end.
---@param seconds? number
---@return integer status
function Process:wait(seconds)
  return process.await(self._name .. " to end", function()
    return self:status()
  end, seconds)
end

--- Kills it if it still runs.
function Process:close()
  self:signal "KILL"
  self:wait()
end

-- "A='1' B='2'" for env.
local function assignments(environment)
  local words = {}
  for _, variable in ipairs(INHERITED) do
    local value = os.getenv(variable)
    table.insert(words, value and quote(variable .. "=" .. value))
  end
  for variable, value in pairs(environment or {}) do
    table.insert(words, quote(variable .. "=" .. value))
  end
  return table.concat(words, " ")
end

--- Starts a program in the background, with the environment that is given and little else.
---@param folder string for its output files
---@param name string of these files
---@param command string[] program and arguments
---@param environment? table<string, string>
---@return spec.Process
function process.start(folder, name, command, environment)
  started = started + 1
  local self = setmetatable({ _prefix = ("%s/%s-%d"):format(folder, name, started), _name = name }, Process)
  local words = {}
  for index, word in ipairs(command) do
    words[index] = quote(word)
  end
  local prefix = quote(self._prefix)
  -- The inner shell becomes the program; the outer one stays to learn its status.
  local program = ("env -i %s %s"):format(assignments(environment), table.concat(words, " "))
  local inner = ("echo $$ >%s.pid; exec %s"):format(prefix, program)
  local outer = ("sh -c %s >%s.out 2>%s.err </dev/null; echo $? >%s.status"):format(
    quote(inner),
    prefix,
    prefix,
    prefix
  )
  os.execute(("(%s) >/dev/null 2>&1 &"):format(outer))
  self.pid = process.await(name .. " to start", function()
    return math.tointeger(tonumber(read(self._prefix .. ".pid")))
  end)
  return self
end

--- Runs a program to its end.
---@param folder string
---@param command string[]
---@param environment? table<string, string>
---@return integer status
---@return string stdout
---@return string stderr
function process.run(folder, command, environment)
  local program <close> = process.start(folder, "run", command, environment)
  local status = program:wait()
  return status, program:output()
end

Process.__close = Process.close

return process
