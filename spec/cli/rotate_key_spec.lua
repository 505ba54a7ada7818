-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local disk_faults = require "spec.support.disk_faults"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"
local torture = require "spec.support.torture"

local NOW = 1800000000
local KILLS = torture.rounds(8, 200)
local ACCOUNTS = torture.rounds(100, 900) -- so that a rotation makes more calls than are tried

describe("usher rotate-key", function()
  local folder, state, environment

  before_each(function()
    folder = temporary.folder()
    state = folder .. "/state"
    assert(core.file.make_directory(state, 448))
    environment = { MEMORIES_API_KEY = "sk-spec", USHER_STATE_DIR = state }
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function usher(...)
    return process.run(folder, { paths.root .. "/bin/usher", ... }, environment)
  end

  local function key_of(path)
    return require("usher").secret.file(path)
  end

  local function with_store(key, body)
    local store = sqlite.new { path = state .. "/usher.db", key = key, create = false }
    assert(store:open())
    local result = body(store)
    store:close()
    return result
  end

  local function fill(accounts)
    assert.are.equal(0, (usher("keygen", state .. "/master.key")))
    local store = sqlite.new { path = state .. "/usher.db", key = key_of(state .. "/master.key") }
    assert(store:open())
    for number = 1, accounts or 1 do
      core.loop:spawn(function()
        local tokens = { access_token = "a" .. number, refresh_token = "r" .. number }
        assert(store:commit("acme" .. number, { epoch = 0, token_set = tokens, now = NOW }, 0))
      end)
    end
    core.loop:run()
    store:close()
  end

  local function assert_kept(key, accounts)
    with_store(key, function(store)
      for number = 1, accounts or 1 do
        assert.are.equal("a" .. number, assert(store:load("acme" .. number)).token_set.access_token)
      end
    end)
  end

  it("puts a new key in the place of the old one", function()
    fill()
    local before = temporary.read(state .. "/master.key")
    local status, out, err = usher "rotate-key"
    assert.are.same({ 0, "" }, { status, err })
    assert.are.equal(
      ("1 records of 1 accounts sealed with the new key; %s/master.key is the new key\n"):format(state),
      out
    )
    assert.are_not.equal(before, temporary.read(state .. "/master.key"))
    assert.are.equal(384, core.file.status(state .. "/master.key").mode)
    assert.is_nil(core.file.status(state .. "/master.key.new"))
    assert_kept(key_of(state .. "/master.key"))
  end)

  it("takes a new key from elsewhere, and says what is left to do", function()
    fill()
    local old, new = temporary.read(state .. "/master.key"), folder .. "/new.key"
    usher("keygen", new)
    local status, out = usher("rotate-key", "--new-key", new)
    assert.are.equal(0, status)
    assert.matches("put the key of " .. new .. " in the old one's place now", out, 1, true)
    assert.are.equal(old, temporary.read(state .. "/master.key"))
    assert_kept(key_of(new))
  end)

  it("says how where the key is a variable's", function()
    fill()
    environment.USHER_MASTER_KEY = temporary.read(state .. "/master.key"):gsub("\n", "")
    local status, out, err = usher "rotate-key"
    assert.are.same({ 78, "" }, { status, out })
    assert.matches("usher keygen FILE", err, 1, true)
    local new = folder .. "/new.key"
    usher("keygen", new)
    assert.are.equal(0, (usher("rotate-key", "--new-key", new)))
    assert_kept(key_of(new))
  end)

  it("says so where it cannot write beside the key", function()
    fill()
    os.execute(
      ("mkdir '%s/keys' && mv '%s/master.key' '%s/keys/elsewhere.key'"):format(folder, state, folder)
    )
    local path = folder .. "/keys/elsewhere.key"
    environment.USHER_MASTER_KEY_FILE = path
    local faults = disk_faults.new(folder .. "/keys", folder)
    faults:set { write = disk_faults.EROFS }
    environment = faults:with(environment)
    local status, _, err = usher "rotate-key"
    assert.are.equal(78, status)
    assert.matches("keys/elsewhere.key.new: permission denied; .*%-%-new%-key FILE", err)
    assert_kept(key_of(path))
  end)

  it("rotates the key of a configuration file", function()
    fill()
    local config = folder .. "/usher.lua"
    temporary.write(
      config,
      ([[local usher = require "usher"
        return usher.gateway {
          store = usher.store.sqlite { path = %q, key = usher.secret.file %q },
          api = { listen = %q },
          accounts = { acme1 = usher.provider.memories_ai { api_key = "k" } },
        }]]):format(state .. "/usher.db", state .. "/master.key", "unix:" .. state .. "/usher.sock")
    )
    local before = temporary.read(state .. "/master.key")
    local status, _, err = usher("rotate-key", config)
    assert.are.same({ 0, "" }, { status, err })
    assert.are_not.equal(before, temporary.read(state .. "/master.key"))
    assert_kept(key_of(state .. "/master.key"))
  end)

  it("refuses where there is nothing to rotate", function()
    local status, _, err = usher "rotate-key"
    assert.are.equal(78, status)
    assert.matches(state .. "/usher.db: not found", err, 1, true)
    assert.is_nil(core.file.status(state .. "/master.key"))
    local config = folder .. "/usher.lua"
    temporary.write(
      config,
      ([[local usher = require "usher"
        return usher.gateway {
          store = usher.store.memory {},
          api = { listen = %q },
          accounts = { acme1 = usher.provider.memories_ai { api_key = "k" } },
        }]]):format("unix:" .. state .. "/usher.sock")
    )
    status, _, err = usher("rotate-key", config)
    assert.are.equal(78, status)
    assert.matches("not kept in a file", err, 1, true)
  end)

  it("refuses while a gateway has the store", function()
    fill()
    with_store(key_of(state .. "/master.key"), function()
      local status, _, err = usher "rotate-key"
      assert.are.equal(78, status)
      assert.matches("another process is using the store .*\nusher: stop the gateway first\n", err)
      assert.is_nil(core.file.status(state .. "/master.key.new"))
    end)
    assert_kept(key_of(state .. "/master.key"))
  end)

  it(("is run again after a kill, at %d points"):format(KILLS), function()
    fill(ACCOUNTS)
    local copy, plain = folder .. "/copy", environment
    os.execute(("cp -r '%s' '%s'"):format(state, copy))
    local whole = disk_faults.new(state, folder)
    environment = whole:with(plain)
    assert.are.equal(0, (usher "rotate-key"))
    local calls = whole:count()
    assert.is_true(calls > KILLS, calls .. " calls")
    for round = 1, KILLS do
      os.execute(("rm -r '%s' && cp -r '%s' '%s'"):format(state, copy, state))
      local at = 1 + (round - 1) * (calls - 1) // math.max(1, KILLS - 1)
      environment = disk_faults.new(state, folder, at):with(plain)
      local killed = usher "rotate-key"
      -- A slow disk leaves the store time to rest, which is some calls more or less.
      assert.is_true(killed == 128 + 9 or killed == 0 and at > calls - 10, "at call " .. at)
      assert_kept(key_of(state .. "/master.key"), ACCOUNTS)
      environment = plain
      local status, _, err = usher "rotate-key"
      assert.are.same({ 0, "" }, { status, err }, "at call " .. at)
      assert_kept(key_of(state .. "/master.key"), ACCOUNTS)
      local names = io.popen(("ls -A '%s'"):format(state))
      assert.are.equal("master.key\nusher.db\nusher.db-wal\n", names:read "a", "at call " .. at)
      names:close()
    end
  end)
end)
