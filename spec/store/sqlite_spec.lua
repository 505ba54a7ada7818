-- SPDX-License-Identifier: MIT
-- What the store in a file promises beyond the contract: crashes, other processes, other keys, and who can read what.
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local KEY = ("k"):rep(32)
local NOW = 1800000000
local SECRETS =
  { "secret-credential", "secret-access", "secret-refresh", "secret-alternate", "secret-subject" }

local function shell(command, ...)
  local pipe <close> = io.popen(command:format(...))
  return pipe:read "a"
end

local function hash_files(folder)
  return shell("cd '%s' && find . -type f | sort | xargs -r sha256sum", folder)
end

-- A child that begins where the store stands, and writes "push N" and "token N" as each becomes durable.
local WRITER = [[
  local core = require "usher.core"
  local store = require("usher.store.sqlite").new { path = %q, key = ("k"):rep(32) }
  local function say(what, number)
    io.stdout:write(what, number, "\n")
    io.stdout:flush()
  end
  assert(store:open())
  say("", core.process.id())
  local record = assert(store:load "acme")
  local version = record.version
  while true do
    local now = %d + version
    local push = { credential = version .. "." .. core.process.id(), received_at = now }
    local sequence = assert(store:offer("acme", push, "s"))
    say("push ", sequence)
    local fence = assert(store:begin("acme", {
      owner = "child", lease = 5, kind = "exchange", now = now, entry = { sequence = sequence },
    }))
    say("fence ", fence)
    version = assert(store:commit("acme", {
      fence = fence, epoch = 0, now = now, spent_sequence = sequence, token_set = { access_token = "a" .. version },
    }, version))
    say("token ", version)
  end
]]

local Writer = {}
Writer.__index = Writer

local function start_writer(path)
  local set_up = ("package.path = %q package.cpath = %q "):format(package.path, package.cpath)
  local pipe = io.popen("exec lua5.4 -e " .. child.quote(set_up .. WRITER:format(path, NOW)))
  local id = pipe:read "l"
  return setmetatable({ pipe = pipe, id = id, is_alive = true }, Writer)
end

-- Waits for so many acknowledgements: the last number of each kind, and the kind of the last.
function Writer:read(count)
  local seen = { push = 0, fence = 0, token = 0 }
  for _ = 1, count do
    local what, number = self.pipe:read("l"):match "^(%w+) (%d+)$"
    seen[what], seen.last = math.tointeger(tonumber(number)), what
  end
  return seen
end

-- Returns when the process is gone, and its locks with it.
function Writer:kill()
  if self.is_alive then
    os.execute("kill -9 " .. self.id)
    self.is_alive = false
    self.pipe:close()
  end
end

Writer.__close = Writer.kill

describe("the store in a file", function()
  local folder, path

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/usher.db"
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function new(key, options)
    return sqlite.new { path = path, key = core.secret.new(key or KEY), create = options and options.create }
  end

  local function with_store(body)
    local store <close> = setmetatable({}, {
      __index = new(),
      __close = function(self)
        self:close()
      end,
    })
    assert(store:open())
    return body(store)
  end

  local function fill(store)
    assert(
      store:offer("acme", { subject = "secret-subject", credential = "secret-credential", received_at = NOW })
    )
    assert(store:begin("acme", {
      owner = "one",
      lease = 30,
      kind = "exchange",
      now = NOW,
      entry = { sequence = 1 },
      limit = 50,
    }))
    assert(store:commit("acme", {
      fence = 1,
      epoch = 0,
      token_set = { access_token = "secret-access", refresh_token = "secret-refresh", expires_at = NOW },
      alternate = { access_token = "secret-alternate" },
      subject = "secret-subject",
      now = NOW,
    }, 0))
  end

  local function refuses(code, store)
    local opened, err = store:open()
    assert.is_nil(opened)
    assert.are.equal(code, err.code)
    assert.matches(path, err.message, 1, true)
    return err.message
  end

  it("shows no secret in any file, and no file to others", function()
    with_store(fill)
    for _, secret in ipairs(SECRETS) do
      for _, needle in ipairs { secret, (core.encoding.base64_encode(secret):gsub("=+$", "")) } do
        assert.are.equal("", shell("grep -rlaF -e '%s' '%s'", needle, folder))
      end
    end
    assert.are.equal("", shell("grep -rlaF -e '%s' '%s'", KEY, folder))
    assert.matches("acme", shell("strings -n 4 '%s'/*", folder), 1, true)
    assert.are.equal("", shell("find '%s' -type f ! -perm 600", folder))
    assert.are.equal("usher.db\nusher.db-wal\n", shell("ls '%s'", folder))
  end)

  it("refuses another master key, says so, and leaves every file as it is", function()
    with_store(fill)
    local before = hash_files(folder)
    local message = refuses("bad_seal", new(("o"):rep(32)))
    assert.matches("the master key is not the one of the store", message, 1, true)
    assert.are.equal(before, hash_files(folder))
    with_store(function(store)
      assert.are.equal("secret-access", store:load("acme").token_set.access_token)
    end)
  end)

  it("refuses another master key after a kill too, with what the log holds still in it", function()
    local writer <close> = start_writer(path)
    writer:read(3)
    writer:kill()
    local before = hash_files(folder)
    refuses("bad_seal", new(("o"):rep(32)))
    assert.are.equal(before, hash_files(folder))
    with_store(function(store)
      assert.is_true(store:load("acme").version >= 1)
    end)
  end)

  it("is refused to a second process, which changes nothing", function()
    with_store(function(store)
      local output = child.run(([[
        local store = require("usher.store.sqlite").new { path = %q, key = ("k"):rep(32) }
        print(select(2, store:open()))
      ]]):format(path))
      assert.are.equal("store_locked: another process is using the store " .. path .. "\n", output)
      fill(store)
    end)
  end)

  it("is not made of an empty file or another program's", function()
    for _, bytes in ipairs { "", "something else\n", ("x"):rep(5000) } do
      temporary.write(path, bytes)
      refuses("store_foreign", new())
      assert.are.equal(bytes, temporary.read(path))
    end
    assert.are.equal("usher.db\n", shell("ls '%s'", folder))
  end)

  it("is not made where it must be there already", function()
    refuses("not_found", new(KEY, { create = false }))
    assert.are.equal("", shell("ls '%s'", folder))
  end)

  -- Each step of the writer undoes the trace of the one before it: either that is there, or the next step is.
  local function check_kept(record, seen, version)
    local newest, journal = record.pushes[#record.pushes], record.journal
    local has_token = record.version > math.max(version, seen.token)
    if seen.last == "push" then
      assert.is_true(newest and newest.sequence >= seen.push or has_token)
    elseif seen.last == "fence" then
      assert.is_true(journal and journal.fence >= seen.fence or has_token)
    end
    assert.is_true(record.version >= math.max(version, seen.token))
    assert.are.equal("a" .. record.version - 1, record.token_set and record.token_set.access_token or "a-1")
  end

  it("loses nothing acknowledged to kill -9", function()
    math.randomseed(1)
    local version = 0
    for round = 1, 12 do
      local writer <close> = start_writer(path)
      local seen = writer:read(math.random(6))
      writer:kill()
      with_store(function(store)
        local record = assert(store:load "acme")
        check_kept(record, seen, version)
        version = record.version
        local attempt = { owner = "child", lease = 5, kind = "exchange", now = NOW, entry = {} }
        local fence = assert(store:begin("acme", attempt))
        assert.is_true(fence > seen.fence)
        assert(store:abort("acme", fence, "certain", { now = NOW, unsent = true }))
        local push = { credential = "after " .. round, received_at = NOW }
        assert.is_true(assert(store:offer("acme", push, "s")) > seen.push)
      end)
      assert.are.equal("", shell("find '%s' -type f ! -perm 600", folder))
    end
  end)

  it("names the damaged record, and gives the others", function()
    with_store(function(store)
      fill(store)
      assert(store:offer("other", { credential = "1", received_at = NOW }))
    end)
    local database = assert(core.sqlite.open { path = path, application_id = 0x75736872 })
    assert(database:transaction {
      { "UPDATE records SET sealed = (SELECT sealed FROM records WHERE account = 'other')" },
    })
    database:close()
    with_store(function(store)
      local record, err = store:load "acme"
      assert.is_nil(record)
      assert.are.equal("store_corrupt", err.code)
      assert.matches("the record '%a+' of the account 'acme' is damaged", err.message)
      local seen = {}
      assert(store:each(function(name, one, reason)
        seen[name] = one and "whole" or reason.code
      end))
      assert.are.same({ acme = "store_corrupt", other = "whole" }, seen)
    end)
  end)

  it("is refused where its structure is damaged, told what to do, and left as it is", function()
    with_store(fill)
    local file = assert(io.open(path, "r+b"))
    file:seek("set", 5 * 4096) -- the root of the records
    file:write(("\0"):rep(4096))
    file:close()
    local before = hash_files(folder)
    local message = refuses("store_corrupt", new())
    assert.matches("`usher recover` saves what is whole", message, 1, true)
    assert.are.equal(before, hash_files(folder))
  end)

  it("is refused where its tables are not as they were made", function()
    with_store(fill)
    local at = assert(temporary.read(path):find("version INTEGER", 1, true))
    local file = assert(io.open(path, "r+b"))
    file:seek("set", at - 1)
    file:write "verzion"
    file:close()
    local message = refuses("store_corrupt", new())
    assert.matches("the table 'records' is not as it was made; `usher recover`", message, 1, true)
  end)

  it("takes the key as bytes, as a secret, or as the base64 text of key files", function()
    with_store(fill)
    local text = core.encoding.base64_encode(KEY) .. "\n"
    for _, key in ipairs { KEY, core.secret.new(KEY), text, core.secret.new(text) } do
      local store = sqlite.new { path = path, key = key }
      assert(store:open())
      store:close()
    end
  end)

  it("tells when it is opened what it cannot be made of", function()
    for expected, options in pairs {
      ["store.pth is not a known key; the nearest known key is store.path"] = {
        pth = path,
        path = path,
        key = KEY,
      },
      ["store.path is required"] = { key = KEY },
      ["store.key is required"] = { path = path },
      ["store.key is not allowed; allowed: 32 bytes, or their base64 text"] = { path = path, key = 7 },
      ["store.key: not base64"] = { path = path, key = "!" },
      ["store.key: 3 bytes instead of 32"] = { path = path, key = "AAAA" },
    } do
      local opened, err = sqlite.new(options):open()
      assert.is_nil(opened)
      assert.are.equal("bad_configuration", err.code)
      assert.matches(expected, err.message, 1, true)
    end
  end)
end)
