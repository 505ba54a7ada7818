-- SPDX-License-Identifier: MIT
-- The gateway as a service: what it tells the manager that started it, and the unit file for systemd.

require "spec.support.paths"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local unix = require "socket.unix"
local world = require "spec.support.world"

local UNIT = paths.root .. "/packaging/usher.service"
local WORST_EXPOSURE = 2.0

local CONFIGURATION = [[
local usher = require "usher"
return usher.gateway {
  callback = { listen = os.getenv "CALLBACK" },
  api = { listen = "unix:" .. os.getenv "STATE" .. "/usher.sock" },
  store = usher.store.memory {},
  accounts = { default = usher.provider.memories_ai { api_key = "sk-1", client_id = "c" } },
  routes = {
    ["GET /stuck"] = function()
      return { status = 200, body = tostring(("a"):rep(64):find(("a-"):rep(32) .. "b")) }
    end,
  },
}
]]

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

describe("a gateway under a service manager", function()
  local here, manager, told

  before_each(function()
    here, told = world.new(), {}
    manager = unix.dgram()
    assert(manager:bind(here.folder .. "/notify"))
    manager:settimeout(0)
    here.environment.NOTIFY_SOCKET = here.folder .. "/notify"
    here.environment.WATCHDOG_USEC = "400000"
  end)

  after_each(function()
    here:close()
    manager:close()
  end)

  local function listen()
    local text = manager:receive()
    while text do
      told[text] = (told[text] or 0) + 1
      table.insert(told, text)
      text = manager:receive()
    end
  end

  local function await(text, count)
    process.await(text, function()
      listen()
      return (told[text] or 0) >= count
    end)
  end

  it("tells of its start, its reloads, its end, and shows that its loop turns", function()
    local gateway = here:start()
    await("READY=1", 1)
    assert.are.equal("READY=1", told[1])
    assert.are.equal(200, (here:ask "/readyz"))
    await("WATCHDOG=1", 3)
    gateway:signal "HUP"
    await("RELOADING=1", 1)
    await("READY=1", 2)
    gateway:signal "TERM"
    await("STOPPING=1", 1)
    assert.are.equal(0, gateway:wait())
  end)

  it("is silent where a pattern does not end, for the watchdog to end it", function()
    here.config = here.folder .. "/usher.lua"
    temporary.write(here.config, CONFIGURATION)
    assert(os.execute("mkdir " .. here.state_dir))
    here.environment.CALLBACK = here:callback_url():match "http://([^/]+)/"
    here.environment.STATE = here.state_dir
    here:start()
    await("WATCHDOG=1", 2)
    local url = here:callback_url():gsub("/callback$", "/stuck")
    local asking <close> =
      process.start(here.folder, "stuck", { "env", "-u", "LD_PRELOAD", "curl", "-s", "--max-time", "5", url })
    process.await("silence", function()
      listen()
      local before = told["WATCHDOG=1"]
      here.sleep(0.8)
      listen()
      return told["WATCHDOG=1"] == before
    end)
    assert.is_nil(asking:status())
  end)
end)

describe("packaging/usher.service", function()
  local text = temporary.read(UNIT)

  local function value(key)
    return text:match("\n" .. key .. "=([^\n]*)")
  end

  it("fits what the gateway does", function()
    assert.are.equal("notify", value "Type")
    assert.is_true(tonumber(value "WatchdogSec") >= 10)
    assert.are.equal("78", value "RestartPreventExitStatus")
    assert.is_nil(value "PrivateUsers", "no consumer could be told from another")
  end)

  it("is exposed no more than it must, as systemd judges", function()
    local judged = run("systemd-analyze security --no-pager --offline=true " .. UNIT .. " 2>&1")
    local exposure = judged:match "Overall exposure level for usher.service: ([%d.]+)"
    if not exposure then
      return -- systemd is not here, or too old to judge a file
    end
    assert.is_true(tonumber(exposure) <= WORST_EXPOSURE, judged)
  end)
end)
