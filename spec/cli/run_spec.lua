-- SPDX-License-Identifier: MIT
local capture = require "spec.support.capture"
local clock = require "usher.clock"
local core = require "usher.core"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local socket = require "socket"
local temporary = require "spec.support.temporary"
local variables = require "usher.config.variables"

local folder

local function run(environment, ...)
  return process.run(folder, { paths.root .. "/bin/usher", "run", ... }, environment)
end

-- A gateway that listens; it is killed at the end of the case.
local function start(environment)
  local port = process.free_port()
  local variables_set = {
    MEMORIES_API_KEY = "the-api-key",
    USHER_STATE_DIR = folder .. "/state",
    USHER_API_LISTEN = "unix:" .. folder .. "/usher.sock",
    USHER_CALLBACK_LISTEN = "127.0.0.1:" .. port,
  }
  for name, value in pairs(environment or {}) do
    variables_set[name] = value
  end
  local gateway = process.start(folder, "gateway", { paths.root .. "/bin/usher", "run" }, variables_set)
  finally(function()
    gateway:close()
  end)
  gateway:await "event=gateway_started"
  return gateway, port, variables_set
end

local function mode_of(name)
  return ("%o"):format(core.file.status(folder .. "/state/" .. name).mode & 511)
end

local function write(text)
  temporary.write(folder .. "/usher.lua", text)
  return folder .. "/usher.lua"
end

describe("usher run", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("names every variable in its help", function()
    local _, out = capture.usher("run", "--help")
    for _, variable in ipairs(variables) do
      assert.matches("\n   " .. variable.name .. " ", out)
    end
    assert.matches("Required%.", out)
    assert.matches("Default: 127%.0%.0%.1:8080%.", out)
  end)

  it("ends with 78 and one line where the environment is wrong", function()
    for message, environment in pairs {
      ["MEMORIES_API_KEY is required (or MEMORIES_API_KEY_FILE, a file that holds it)"] = {},
      ["USHER_STATE_DIR is required: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set"] = {
        MEMORIES_API_KEY = "the-api-key",
      },
      ["USHER_MASTER_KEY: 3 bytes instead of 32"] = {
        MEMORIES_API_KEY = "the-api-key",
        USHER_STATE_DIR = folder .. "/state",
        USHER_MASTER_KEY = "AAAA",
      },
    } do
      local status, out, err = run(environment)
      assert.are.equal(78, status)
      assert.are.equal("", out)
      assert.are.equal("usher: " .. message .. "\n", err)
    end
  end)

  it("makes nothing where the environment is wrong", function()
    run { MEMORIES_API_KEY = "the-api-key", USHER_STATE_DIR = folder .. "/state", USHER_LOG_LEVEL = "loud" }
    assert.is_nil(core.file.status(folder .. "/state"))
  end)

  it("ends with 78 and the place where a configuration file is wrong", function()
    for expected, text in pairs {
      ["usher%.lua:2: .*expected"] = "\nreturn {",
      ["usher%.lua:1: attempt to"] = "return nothing.at_all",
      ["usher%.lua: a configuration returns usher.gateway"] = "return {}",
    } do
      local status, _, err = run({}, write(text))
      assert.are.equal(78, status)
      assert.matches("^usher: .*" .. expected, err)
      assert.is_nil(err:find "traceback")
    end
    local status, _, err = run({}, folder .. "/missing.lua")
    assert.are.equal(78, status)
    assert.matches("missing.lua", err)
  end)

  it("keeps a state folder of its own that nobody else can read", function()
    start()
    assert.are.equal("700", mode_of "")
    for name in io.popen(("ls '%s/state'"):format(folder)):lines() do
      assert.are.equal("600", mode_of(name), name)
    end
    assert.are.equal(45, #temporary.read(folder .. "/state/master.key"))
  end)

  it("serves client commands", function()
    local _, _, environment = start()
    local status, out = process.run(folder, { paths.root .. "/bin/usher", "status" }, environment)
    assert.are.equal(0, status)
    assert.matches("\ndefault +awaiting_credential", out)
    assert.are.equal(
      75,
      (process.run(folder, { paths.root .. "/bin/usher", "token", "default" }, environment))
    )
  end)

  it("refuses a second gateway on the folder", function()
    local _, _, environment = start()
    environment.USHER_CALLBACK_LISTEN = "127.0.0.1:0"
    local status, _, err = run(environment)
    assert.are.equal(78, status)
    assert.matches("another process is using the store", err)
  end)

  it("ends with 78 and the variable where an address is taken", function()
    local _, port = start()
    local status, _, err = run {
      MEMORIES_API_KEY = "the-api-key",
      USHER_STATE_DIR = folder .. "/other",
      USHER_CALLBACK_LISTEN = "127.0.0.1:" .. port,
    }
    assert.are.equal(78, status)
    local expected = ("usher: USHER_CALLBACK_LISTEN: address already in use (127.0.0.1:%d)\n"):format(port)
    assert.matches(expected, err, 1, true)
  end)

  for _, name in ipairs { "TERM", "INT" } do
    it("ends with 0 on SIG" .. name, function()
      local gateway = start()
      gateway:signal(name)
      assert.are.equal(0, gateway:wait())
      assert.is_nil(core.file.status(folder .. "/usher.sock"))
    end)
  end

  it("lets requests end after one SIGTERM, and cuts them after a second", function()
    local gateway, port = start()
    local peer = assert(socket.connect("127.0.0.1", port))
    peer:send "GET /callback HTTP/1.1\r\n"
    -- The gateway has the bytes once it answers another request.
    process.run(folder, { "env", "-u", "LD_PRELOAD", "curl", "-s", ("http://127.0.0.1:%d/"):format(port) })
    gateway:signal "TERM"
    gateway:await "event=gateway_stopping"
    clock.system():sleep(0.3)
    assert.is_nil(gateway:status())
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait(2))
    peer:close()
  end)

  it("reads its file again on SIGHUP, and keeps what it has where that is wrong", function()
    local port = process.free_port()
    local text = ([[
local usher = require "usher"
return usher.gateway {
  callback = { listen = "127.0.0.1:%d" },
  api = { listen = "unix:%s/usher.sock" },
  store = usher.store.memory {},
  accounts = { acme = usher.provider.memories_ai { api_key = "the-api-key" } },
}
]]):format(port, folder)
    local command = { paths.root .. "/bin/usher", "run", write(text) }
    local gateway = process.start(folder, "gateway", command, { USHER_LOG_LEVEL = "loud" })
    finally(function()
      gateway:close()
    end)
    gateway:await "event=gateway_started"
    write((text:gsub("acme =", "bolt =")))
    gateway:signal "HUP"
    gateway:await "event=gateway_reloaded"
    write((text:gsub("listen", "listn", 1)))
    gateway:signal "HUP"
    gateway:await 'event=reload_failed error="[^"]*usher.lua:3: callback.listn is not a known key'
    local environment = { USHER_API_LISTEN = "unix:" .. folder .. "/usher.sock" }
    local status, out = process.run(folder, { paths.root .. "/bin/usher", "status" }, environment)
    assert.are.equal(0, status)
    assert.matches("\nbolt ", out)
    local err
    status, out, err = process.run(folder, { paths.root .. "/bin/usher", "reload" }, environment)
    assert.are.same({ 78, "" }, { status, out })
    assert.matches("usher.lua:3: callback.listn is not a known key", err)
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait())
  end)
end)
