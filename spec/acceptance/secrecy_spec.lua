-- SPDX-License-Identifier: MIT
-- No secret in clear: not on disk while the gateway runs or after it was killed, and not in the log at debug level.
-- The provider is seeded, so that every code and token it can have handed out is known.

require "spec.support.paths"
local core = require "usher.core"
local push = require "usher.simulator.push"
local simulator = require "usher.simulator"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local SEED = "secrecy"
local KNOWN_TEXTS = 60
local SECRET_SEGMENT = "s3cret-segment-of-the-path"
local MASTER_KEY = core.encoding.base64_encode(("0123456789abcdef"):rep(2))

local SPELLINGS = {
  function(text)
    return text
  end,
  core.encoding.hex_encode,
  core.encoding.base64_encode,
  core.encoding.base64url_encode,
  core.encoding.percent_encode,
}

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

-- The codes and tokens in the order in which the seeded provider makes them.
local function texts_of_provider()
  local random, texts = simulator.seeded(SEED), {}
  for index = 1, KNOWN_TEXTS do
    texts[index] = core.encoding.base64url_encode(random(24))
  end
  return texts
end

local function secrets_of(here)
  local secrets = texts_of_provider()
  table.insert(secrets, here.api_key)
  table.insert(secrets, push.state_of(here.api_key))
  table.insert(secrets, MASTER_KEY)
  table.insert(secrets, (core.encoding.base64_decode(MASTER_KEY)))
  table.insert(secrets, SECRET_SEGMENT)
  return secrets
end

local function files_below(folder)
  local files = {}
  for path in run(("find '%s' -type f"):format(folder)):gmatch "[^\n]+" do
    files[path] = temporary.read(path)
  end
  return files
end

-- "path: spelling of a secret" for each that is found.
local function find_secrets(here)
  local found = {}
  for path, bytes in pairs(files_below(here.folder)) do
    for number, secret in ipairs(secrets_of(here)) do
      for spelling, spell in ipairs(SPELLINGS) do
        if bytes:find(spell(secret), 1, true) then
          table.insert(found, ("%s: secret %d in spelling %d"):format(path, number, spelling))
        end
      end
    end
  end
  return found
end

local function open_modes(here)
  return run(
    ("find '%s' ! -type d ! -perm 600; find '%s' -type d ! -perm 700"):format(here.state_dir, here.state_dir)
  )
end

local function contains(list, text)
  for _, member in ipairs(list) do
    if member == text then
      return true
    end
  end
  return false
end

describe("secrecy", function()
  it("holds on disk and in the log at debug level", function()
    local here <close> = world.new {
      simulator = { ["--seed"] = SEED, ["--access-lifetime"] = 4, ["--push-interval"] = 1 },
      environment = {
        USHER_LOG_LEVEL = "debug",
        USHER_CALLBACK_PATH = "/" .. SECRET_SEGMENT .. "/callback",
        USHER_MASTER_KEY = MASTER_KEY,
        MEMORIES_PUSH_INTERVAL = "1",
      },
    }
    local gateway = here:start_gateway()
    here:start_simulator()
    local first = here:await_token().access_token
    assert.is_true(contains(texts_of_provider(), first))
    gateway:await "event=token_refreshed.-event=token_refreshed"
    here.curl(here:callback_url() .. "?code=f0rged-c0de&clientId=w2&state=" .. push.state_of(here.api_key))
    here.curl(here:callback_url() .. "?code=" .. first .. "&clientId=w2&state=0")
    here:ask_provider("/revoke", "--request POST")
    here:usher("refresh", "default")

    assert.are.same({}, find_secrets(here))
    assert.are.equal("", open_modes(here))
    gateway:signal "KILL"
    gateway:wait()
    assert.are.same({}, find_secrets(here))
    assert.are.equal("", open_modes(here))
  end)

  it("leaves no variable that names a secret in the process's environment", function()
    local here <close> = world.new { environment = { USHER_MASTER_KEY = MASTER_KEY } }
    local gateway = here:start_gateway()
    local environment = run(("cat /proc/%d/environ 2>&1"):format(gateway.pid))
    if environment:find "Permission denied" then
      return -- not root: the process shows nobody its environment
    end
    assert.matches("USHER_MASTER_KEY=", environment, 1, true)
    for _, secret in ipairs { here.api_key, MASTER_KEY } do
      assert.is_nil(environment:find(secret, 1, true))
    end
  end)
end)
