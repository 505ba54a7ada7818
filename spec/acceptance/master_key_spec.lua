-- SPDX-License-Identifier: MIT
-- The master key and the store belong together: whatever else is found is refused with 78, and left as it is.

require "spec.support.paths"
local core = require "usher.core"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local OTHER_KEY = core.encoding.base64_encode(("k"):rep(32))

local function key_path(here)
  return here.state_dir .. "/master.key"
end

local function store_path(here)
  return here.state_dir .. "/usher.db"
end

-- A world whose gateway has a token in its store and has stopped.
local function settled_world()
  local here = world.new()
  local gateway = here:start_gateway()
  here:start_simulator()
  here:await_token()
  gateway:signal "TERM"
  gateway:wait()
  return here
end

local function assert_refused(here, pattern)
  local before = core.digest.sha256(temporary.read(store_path(here)))
  local status, out, err = here:usher "run"
  assert.are.equal(78, status, err)
  assert.are.equal("", out)
  assert.matches(pattern, err)
  assert.are.equal(before, core.digest.sha256(temporary.read(store_path(here))))
end

describe("the master key", function()
  it("is made where neither it nor the store exists: 32 bytes in base64, for the owner only", function()
    local here <close> = world.new()
    here:start_gateway()
    local text = temporary.read(key_path(here))
    assert.are.equal(32, #core.encoding.base64_decode((text:gsub("\n$", ""))))
    assert.are.equal(384, core.file.status(key_path(here)).mode)
  end)

  it("is not made anew for a store that exists", function()
    local here <close> = settled_world()
    os.remove(key_path(here))
    assert_refused(here, "put back the key")
    assert.is_nil(core.file.status(key_path(here)))
  end)

  it("of another store is refused", function()
    local here <close> = settled_world()
    os.remove(key_path(here))
    temporary.write(key_path(here), OTHER_KEY)
    os.execute(("chmod 600 '%s'"):format(key_path(here)))
    assert_refused(here, "master key is not the one")
  end)

  it("that others can read is refused", function()
    local here <close> = settled_world()
    os.execute(("chmod 640 '%s'"):format(key_path(here)))
    assert_refused(here, "mode 0640")
  end)

  it("that is malformed is refused by name", function()
    local here <close> = settled_world()
    here.environment.USHER_MASTER_KEY = "AAAA"
    assert_refused(here, "USHER_MASTER_KEY: 3 bytes instead of 32")
  end)

  it("may come from a variable or a file that a variable names", function()
    local here <close> = settled_world()
    local moved = here.folder .. "/elsewhere.key"
    os.rename(key_path(here), moved)
    here.environment.USHER_MASTER_KEY_FILE = moved
    local gateway = here:start_gateway()
    assert.are.equal(200, (here:ask "/v1/accounts/default/token"))
    gateway:signal "TERM"
    gateway:wait()
    here.environment.USHER_MASTER_KEY_FILE = nil
    here.environment.USHER_MASTER_KEY = (temporary.read(moved):gsub("\n$", ""))
    here:start_gateway()
    assert.are.equal(200, (here:ask "/v1/accounts/default/token"))
    assert.is_nil(core.file.status(key_path(here)))
  end)

  it("that usher keygen writes serves", function()
    local here <close> = world.new()
    local path = here.folder .. "/made.key"
    assert.are.equal(0, (here:usher("keygen", path)))
    assert.are.equal(78, (here:usher("keygen", path)))
    here.environment.USHER_MASTER_KEY_FILE = path
    here:start_gateway()
  end)
end)

describe("the store", function()
  for what, bytes in pairs {
    ["an empty file"] = "",
    ["a file of something else"] = ("not a database\n"):rep(1000),
  } do
    it("is not made over " .. what, function()
      local here <close> = settled_world()
      os.remove(store_path(here))
      os.remove(store_path(here) .. "-wal")
      temporary.write(store_path(here), bytes)
      assert_refused(here, "not a store of usher")
    end)
  end

  it("serves one gateway at a time, and goes on doing so", function()
    local here <close> = world.new()
    here:start_gateway()
    here:start_simulator()
    local before = here:await_token()
    local callback = here.environment.USHER_CALLBACK_LISTEN
    here.environment.USHER_CALLBACK_LISTEN = "127.0.0.1:0"
    local status, _, err = here:usher "run"
    assert.are.equal(78, status)
    assert.matches("another process is using the store", err)
    here.environment.USHER_CALLBACK_LISTEN = callback
    local _, _, after = here:ask "/v1/accounts/default/token"
    assert.are.equal(before.access_token, after.access_token)
  end)
end)
