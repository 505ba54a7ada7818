-- SPDX-License-Identifier: MIT
-- An operator's routes and hooks that fail, answer nonsense or never end: each is logged with its place, and the
-- gateway goes on as if they were not there.

require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local CONFIGURATION = [[
local usher = require "usher"
local function endless() while true do end end
return usher.gateway {
  callback = { listen = os.getenv "CALLBACK" },
  api = { listen = "unix:" .. os.getenv "STATE" .. "/usher.sock" },
  store = usher.store.memory {},
  accounts = {
    default = usher.provider.memories_ai {
      api_key = usher.secret.env "API_KEY",
      base_url = os.getenv "PROVIDER",
    },
  },
  routes = {
    ["GET /works"] = function() return { status = 200, body = "works" } end,
    ["GET /fails"] = function() error "no such video" end,
    ["GET /nonsense"] = function() return { status = 99 } end,
    ["GET /endless"] = endless,
    ["GET /waits"] = function()
      require("usher.core").future.new():wait()
    end,
  },
  on = {
    push_received = function() error "no mail server" end,
    token_refreshed = function() while true do end end,
  },
}
]]

-- "usher.lua:LINE" of the line of the configuration that has `text`.
local function place_of(text)
  local before = CONFIGURATION:sub(1, CONFIGURATION:find(text, 1, true))
  return ("usher.lua:%d"):format(select(2, before:gsub("\n", "")) + 1)
end

local function line_of(stderr, event, detail)
  for line in stderr:gmatch "[^\n]+" do
    if line:find("event=" .. event, 1, true) and line:find(detail, 1, true) then
      return line
    end
  end
end

describe("operator code", function()
  it("is contained", function()
    local here <close> = world.new()
    here.config = here.folder .. "/usher.lua"
    temporary.write(here.config, CONFIGURATION)
    assert(os.execute("mkdir " .. here.state_dir))
    here.environment = {
      CALLBACK = here:callback_url():match "http://([^/]+)/",
      STATE = here.state_dir,
      USHER_API_LISTEN = ("unix:%s/usher.sock"):format(here.state_dir),
      API_KEY = here.api_key,
      PROVIDER = here.environment.MEMORIES_BASE_URL,
    }
    local gateway = here:start_gateway()
    here:start_simulator()
    here:await_token()

    local function ask(path)
      local url = here:callback_url():gsub("/callback$", path)
      return { here.curl(url) }
    end
    local waiting = process.start(
      here.folder,
      "waiting",
      { "env", "-u", "LD_PRELOAD", "curl", "-s", (here:callback_url():gsub("/callback$", "/waits")) }
    )
    assert.are.same({ 200, "works" }, ask "/works")
    for _, path in ipairs { "/fails", "/nonsense", "/endless" } do
      assert.are.same({ 500, "internal server error" }, ask(path))
    end
    assert.are.same({ 200, "works" }, ask "/works")
    assert.are.equal(200, (here:ask "/v1/accounts/default/token"))
    local _, refreshed = here:usher("refresh", "default")
    assert.matches("^refreshed: ", refreshed)

    local _, stderr = gateway:output()
    for detail, place in pairs {
      ["GET /fails"] = place_of "no such video",
      ["GET /nonsense"] = place_of "status = 99",
      ["GET /endless"] = place_of "function endless",
    } do
      assert.matches(place, line_of(stderr, "route_failed", detail), 1, true)
    end
    assert.matches(place_of "no mail server", line_of(stderr, "hook_failed", "no mail server"), 1, true)
    assert.matches(place_of "token_refreshed", line_of(stderr, "hook_failed", "cut: "), 1, true)
    assert.is_nil(waiting:status())
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait())
    waiting:wait()
  end)
end)
