-- SPDX-License-Identifier: MIT
-- Who may ask on the Unix socket: programs of other users, as root can be them.

require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local json = require "usher.json"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local CONFIGURATION = [[
local usher = require "usher"
local function account(path, allow)
  return usher.provider.memories_ai {
    api_key = os.getenv "API_KEY",
    base_url = os.getenv "PROVIDER",
    callback_path = path,
    allow = allow,
  }
end
return usher.gateway {
  callback = { listen = os.getenv "CALLBACK" },
  api = { listen = "unix:" .. os.getenv "STATE" .. "/usher.sock", mode = "0666" },
  store = usher.store.memory {},
  accounts = {
    default = account("/callback", { users = { 4711 }, groups = { "%s" } }),
    open = account("/open"),
  },
}
]]

local IDENTITIES = {
  user = "--reuid 4711 --regid 4712 --clear-groups",
  member = "--reuid 4721 --regid 4722 --groups 4723,%d",
  stranger = "--reuid 4731 --regid 4732 --groups 4733",
  root = "--reuid 0 --regid 0 --clear-groups",
}

local ACCOUNT = "/v1/accounts/default/token"

describe("consumers", function()
  local here, gateway

  local function write(group)
    temporary.write(here.config, CONFIGURATION:format(group))
  end

  -- Status and body of what somebody asks.
  local function ask(who, path, options)
    local identity = IDENTITIES[who]:format(core.identity.group "tty")
    local socket = child.quote(here.state_dir .. "/usher.sock")
    local command = ("setpriv %s env -u LD_PRELOAD curl -s --max-time 20 -w '\n%%{http_code}' %s"):format(
      identity,
      options or ""
    )
    command = ("%s --unix-socket %s %s"):format(command, socket, child.quote("http://localhost" .. path))
    local pipe <close> = assert(io.popen(command))
    local body, status = pipe:read("a"):match "^(.*)\n(%d+)$"
    return tonumber(status), body
  end

  local function names_for(who)
    local names = {}
    for index, document in ipairs(json.decode(select(2, ask(who, "/v1/accounts"))).accounts) do
      names[index] = document.name
    end
    return names
  end

  -- A case that takes root to become somebody else.
  local function case(name, body)
    it(name, function()
      if core.identity.own() ~= 0 then
        return
      end
      here = world.new()
      here.config = here.folder .. "/usher.lua"
      assert(os.execute(("mkdir %s && chmod 755 %s"):format(here.state_dir, here.folder)))
      write "tty"
      here.environment = {
        CALLBACK = here:callback_url():match "http://([^/]+)/",
        STATE = here.state_dir,
        API_KEY = here.api_key,
        PROVIDER = here.environment.MEMORIES_BASE_URL,
      }
      gateway = here:start_gateway()
      local ok, message = xpcall(body, debug.traceback)
      here:close()
      assert(ok, message)
    end)
  end

  case("of the users and groups of `allow` see the account, and others do not", function()
    here:start_simulator()
    assert.are.equal(200, (ask("user", ACCOUNT .. "?wait=10")))
    assert.are.equal(200, (ask("member", ACCOUNT)))
    for _, who in ipairs { "user", "member" } do
      assert.are.same({ "default", "open" }, names_for(who))
    end
    for _, who in ipairs { "stranger", "root" } do
      assert.are.same({ "open" }, names_for(who))
      for _, rest in ipairs { "", "/token" } do
        assert.are.same(
          { ask(who, "/v1/accounts/n0ne" .. rest) },
          { ask(who, "/v1/accounts/default" .. rest) }
        )
      end
      assert.are.equal(404, (ask(who, "/v1/accounts/default/refresh", "-X POST")))
      assert.is_nil(select(2, ask(who, "/metrics")):find("default", 1, true))
    end
    assert.are.equal(403, (ask("stranger", "/v1/reload", "-X POST")))
    assert.are.equal(200, (ask("root", "/v1/reload", "-X POST")), "whom the gateway runs as")
  end)

  case("are judged anew after a reload", function()
    assert.are.equal(200, (ask("member", "/v1/accounts/default")))
    write "nogroup"
    assert.are.equal(200, (ask("member", "/v1/reload", "-X POST")))
    assert.are.equal(404, (ask("member", "/v1/accounts/default")))
    assert.are.equal(200, (ask("user", "/v1/accounts/default")))
    write "tty"
    gateway:signal "HUP"
    gateway:await "event=gateway_reloaded.-event=gateway_reloaded"
    assert.are.equal(200, (ask("member", "/v1/accounts/default")))
  end)
end)
