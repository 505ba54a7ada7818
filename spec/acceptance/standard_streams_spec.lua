-- SPDX-License-Identifier: MIT
-- Standard input, output and error that are closed, as daemons and some containers have them, and a log that nobody
-- reads.

require "spec.support.paths"
local core = require "usher.core"
local process = require "spec.support.process"
local push_request = require "usher.simulator.push"
local world = require "spec.support.world"

local PUSHES = 500 -- each has a line at debug: more than a pipe holds

local function push(here, code)
  local query = ("code=%s&clientId=c1&state=%s"):format(code, push_request.state_of(here.api_key))
  return (here.curl(here:callback_url() .. "?" .. query))
end

local function start(here, redirections)
  local script = 'exec "$0" run ' .. redirections
  return here:keep(
    process.start(here.folder, "gateway", { "sh", "-c", script, here.program }, here.environment)
  )
end

local function await_socket(here)
  process.await("the API's socket", function()
    return core.file.status(here.state_dir .. "/usher.sock")
  end)
end

describe("a gateway without a standard stream", function()
  for _, closed in ipairs { "<&-", ">&-", "2>&-", "<&- >&- 2>&-" } do
    it("runs and ends as any other: " .. closed, function()
      local here <close> = world.new { environment = { USHER_LOG_LEVEL = "debug" } }
      local gateway = start(here, closed)
      await_socket(here)
      assert.are.equal(200, push(here, "code-1"))
      gateway:signal "TERM"
      assert.are.equal(0, gateway:wait())
    end)
  end
end)

describe("a gateway whose log nobody reads", function()
  it("goes on, and counts the lines that are lost", function()
    local here <close> = world.new { environment = { USHER_LOG_LEVEL = "debug" } }
    local path = here.folder .. "/log"
    assert(os.execute("mkfifo " .. path))
    local reader <close> = assert(io.open(path, "r+"))
    local gateway = start(here, "2>" .. path)
    await_socket(here)
    for number = 1, PUSHES do
      assert.are.equal(200, push(here, "code-" .. number))
    end
    repeat
      local line = reader:read "l"
      -- Once a line has been read there is room again, and the next push has a line.
      push(here, "again-" .. #line)
    until line:find "event=log_lines_lost"
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait())
  end)
end)
