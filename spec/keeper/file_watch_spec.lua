-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local account = require "usher.provider.account"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local json = require "usher.json"
local keeper = require "usher.keeper"
local memory = require "usher.store.memory"
local recorder = require "spec.support.recorder"
local temporary = require "spec.support.temporary"
local usher = require "usher"

local folder, path, running

-- A keeper of these accounts over the store.
local function start(accounts, store)
  local clock = fake_clock.new()
  store = store or memory.new {}
  assert(store:open())
  running = keeper.new {
    store = store,
    transfer = error,
    clock = clock,
    log = recorder.new(),
    random = core.random.bytes,
    owner = "spec",
    accounts = accounts,
  }
  assert(running:start())
  clock:advance(0)
  return clock, store
end

local function static_account()
  return assert(account.resolve(usher.provider.static { file = path }, "acme"))
end

local function token()
  local box = {}
  core.loop:spawn(function()
    box.token, box.err = running:token("acme", { wait = 0 })
  end)
  repeat
    core.loop:step()
  until not core.loop:has_ready_tasks()
  return box.token and box.token.access_token, box.err
end

describe("file_watch", function()
  before_each(function()
    folder = temporary.folder()
    path = folder .. "/key"
  end)

  after_each(function()
    running:stop()
    temporary.remove(folder)
  end)

  it("hands out what stands in the file, within two seconds of a change", function()
    temporary.write(path, "sk-1\n")
    local clock = start { acme = static_account() }
    assert.are.equal("sk-1", token())
    temporary.write(path, "sk-22\n")
    clock:advance(2)
    assert.are.equal("sk-22", token())
    temporary.write(path .. ".new", "sk-33\n")
    assert(os.rename(path .. ".new", path))
    clock:advance(2)
    assert.are.equal("sk-33", token())
  end)

  it("keeps what it had while the file is missing or holds none", function()
    temporary.write(path, "sk-1\n")
    local clock = start { acme = static_account() }
    for _, act in ipairs {
      function()
        temporary.write(path, "")
      end,
      function()
        os.remove(path)
      end,
    } do
      act()
      clock:advance(10)
      assert.are.equal("sk-1", token())
    end
    temporary.write(path, "sk-2\n")
    clock:advance(2)
    assert.are.equal("sk-2", token())
  end)

  it("waits for a file that is not there yet", function()
    local clock = start { acme = static_account() }
    assert.is_nil(token())
    temporary.write(path, "sk-1\n")
    clock:advance(2)
    assert.are.equal("sk-1", token())
  end)

  it("reads the file again after a restart, whatever was kept", function()
    temporary.write(path, "sk-1\n")
    local _, store = start { acme = static_account() }
    running:stop()
    temporary.write(path, "sk-2\n")
    start({ acme = static_account() }, store)
    assert.are.equal("sk-2", token())
  end)

  it("looks at no file where there is none, and begins when a reload brings one", function()
    temporary.write(path, "sk-1\n")
    local clock = start {}
    local armed = clock:armed()
    local box = {}
    core.loop:spawn(function()
      box.ok = running:apply { acme = static_account() }
    end)
    clock:advance(0)
    assert.is_true(box.ok)
    assert.is_true(clock:armed() > armed)
    assert.are.equal("sk-1", token())
  end)

  it("shows nothing of the token", function()
    temporary.write(path, "sk-secret\n")
    start { acme = static_account() }
    local shown = json.encode(running:document "acme")
    assert.is_nil(shown:find("sk-secret", 1, true))
    assert.are.equal("ready", running:document("acme").status)
  end)
end)
