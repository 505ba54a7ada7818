-- SPDX-License-Identifier: MIT
-- A gateway whose disk is full, read-only, taken away, or fails to sync: it serves from memory and says so, and all is
-- well again, on disk too, when the disk is.

require "spec.support.paths"
local disk_faults = require "spec.support.disk_faults"
local process = require "spec.support.process"
local push = require "usher.simulator.push"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local TOKEN = "/v1/accounts/default/token"
local WAL_BYTES = 4 << 20

local FAULTS = {
  ["is full"] = { pwrite = disk_faults.ENOSPC, write = disk_faults.ENOSPC },
  ["has become read-only"] = { pwrite = disk_faults.EROFS, open = disk_faults.EROFS },
  ["denies everything"] = { pwrite = disk_faults.EIO, open = disk_faults.EACCES },
  ["fails to sync"] = { fsync = disk_faults.EIO },
}

local function send_push(here, code)
  local query = ("?code=%s&clientId=w1&state=%s"):format(code, push.state_of(here.api_key))
  return (here.curl(here:callback_url() .. query))
end

local function token_of(here)
  local status, _, answer = here:ask(TOKEN)
  assert.are.equal(200, status)
  return answer.access_token
end

local function await_ready(here)
  process.await("the store to be back", function()
    return here:ask "/readyz" == 200
  end, 10)
end

-- What is on disk is what a gateway has that starts anew.
local function token_after_kill(here, gateway)
  gateway:signal "KILL"
  gateway:wait()
  here:start_gateway()
  return token_of(here)
end

-- A gateway with a token, whose refresh token does not change.
local function settled(faulty)
  local here =
    world.new { environment = { MEMORIES_CLIENT_ID = "w1" }, simulator = { ["--client-id"] = "w1" } }
  local faults
  if faulty then
    faults = disk_faults.new(here.state_dir, here.folder)
    here.environment = faults:with(here.environment)
  end
  local gateway = here:start_gateway()
  here:start_simulator()
  here:await_token()
  return here, gateway, faults
end

-- The store is down, and everybody is served all the same.
local function assert_serves_from_memory(here)
  local before = token_of(here)
  assert.are.equal(503, send_push(here, "down"))
  local status, _, answer = here:ask "/readyz"
  assert.are.same({ 503, "the store does not answer" }, { status, answer.error_description })
  assert.are.equal(200, (here:ask "/livez"))
  assert.are.equal(before, token_of(here))
  local _, _, refreshed = here:ask("/v1/accounts/default/refresh", "--request POST")
  assert.is_true(refreshed.refreshed)
  assert.are_not.equal(before, refreshed.access_token)
  assert.are.equal(refreshed.access_token, token_of(here))
  local _, _, document = here:ask "/v1/accounts/default"
  assert.are.equal(1, document.budgets.refresh.used)
  return refreshed.access_token
end

-- Whether a descriptor is synced again after a sync that failed.
local function is_synced_again(calls)
  local has_failed = {}
  for _, call in ipairs(calls) do
    if call.name == "close" then
      has_failed[call.fd] = nil
    elseif call.name == "fsync" and has_failed[call.fd] then
      return true
    elseif call.name == "fsync" and call.errno ~= 0 then
      has_failed[call.fd] = true
    end
  end
  return false
end

-- Whether any descriptor was synced, from the call of that number on.
local function is_any_synced(calls, first)
  for index = first, #calls do
    if calls[index].name == "fsync" and calls[index].errno == 0 then
      return true
    end
  end
  return false
end

describe("a gateway whose disk", function()
  for what, numbers in pairs(FAULTS) do
    it(what .. " serves from memory, and keeps that once it can", function()
      local here <close>, gateway, faults = settled(true)
      faults:set(numbers)
      local token = assert_serves_from_memory(here)
      faults:set()
      await_ready(here)
      assert.are.equal(200, send_push(here, "up"))
      assert.are.equal(token, token_of(here))
      assert.is_false(is_synced_again(faults:calls()))
      assert.are.equal(token, token_after_kill(here, gateway))
    end)
  end

  it("fails one sync gives up the handle, and goes on with a new one", function()
    local here <close>, gateway, faults = settled(true)
    faults:set { fsync = disk_faults.EIO }
    assert.are.equal(503, send_push(here, "down"))
    faults:set()
    assert.are.equal(200, send_push(here, "up"))
    assert.are.equal(200, (here:ask "/readyz"))
    assert.is_false(is_synced_again(faults:calls()))
    gateway:signal "KILL"
    gateway:wait()
    here:start_gateway()
    assert.are.equal(200, send_push(here, "up"))
    local _, _, document = here:ask "/v1/accounts/default"
    assert.is_number(document.last_push_at)
  end)

  -- The log then shows the push to whoever opens it anew.
  it("fails one sync takes the same push again only once it is on the disk", function()
    local here <close>, _, faults = settled(true)
    faults:set { fsync = disk_faults.EIO }
    assert.are.equal(503, send_push(here, "again"))
    faults:set()
    local before = #faults:calls()
    assert.are.equal(200, send_push(here, "again"))
    assert.is_true(is_any_synced(faults:calls(), before + 1))
  end)

  -- The kernel's own refusal: a limit on the size of files stands in for the disk.
  local function limit(gateway, bytes)
    assert(os.execute(("prlimit --pid %d --fsize=%s:unlimited"):format(gateway.pid, bytes)))
  end

  it("has no room to grow goes on as if nothing was", function()
    local here <close>, gateway = settled()
    limit(gateway, WAL_BYTES)
    for number = 1, 30 do
      assert.are.equal(200, send_push(here, "code" .. number))
    end
    local _, _, refreshed = here:ask("/v1/accounts/default/refresh", "--request POST")
    assert.is_true(refreshed.refreshed)
    assert.are.equal(200, (here:ask "/readyz"))
    assert.are.equal(refreshed.access_token, token_after_kill(here, gateway))
  end)

  it("takes nothing at all serves from memory", function()
    local here <close>, gateway = settled()
    limit(gateway, 0)
    local token = assert_serves_from_memory(here)
    limit(gateway, "unlimited")
    await_ready(here)
    assert.are.equal(token, token_after_kill(here, gateway))
  end)

  it("is full leaves a refresh token alone that a refresh would replace", function()
    local here <close> = world.new()
    here.config = here.folder .. "/usher.lua"
    temporary.write(
      here.config,
      ([[local usher = require "usher"
        return usher.gateway {
          callback = { listen = %q },
          api = { listen = %q },
          store = usher.store.sqlite { path = %q, key = usher.secret.file %q },
          accounts = { default = usher.provider.memories_ai {
            api_key = usher.secret.env "MEMORIES_API_KEY",
            base_url = os.getenv "MEMORIES_BASE_URL",
            policy = { rotates = true },
          } },
        }]]):format(
        here.environment.USHER_CALLBACK_LISTEN,
        "unix:" .. here.state_dir .. "/usher.sock",
        here.state_dir .. "/usher.db",
        here.state_dir .. "/master.key"
      )
    )
    os.execute(("mkdir -m 700 '%s'"):format(here.state_dir))
    here:usher("keygen", here.state_dir .. "/master.key")
    local gateway = here:start_gateway()
    here:start_simulator()
    local before = here:await_token().access_token
    limit(gateway, 0)
    local _, _, answer = here:ask("/v1/accounts/default/refresh", "--request POST")
    assert.are.same({ before, false }, { answer.access_token, answer.refreshed })
    assert.are.equal(0, #here:ledger "refresh")
    limit(gateway, "unlimited")
    await_ready(here)
    _, _, answer = here:ask("/v1/accounts/default/refresh", "--request POST")
    assert.is_true(answer.refreshed)
  end)
end)
