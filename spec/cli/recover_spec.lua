-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local damaged_store = require "spec.support.damaged_store"
local disk_faults = require "spec.support.disk_faults"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local torture = require "spec.support.torture"

local KILLS = torture.rounds(6, 60)

describe("usher recover", function()
  local folder, state, environment, subject

  before_each(function()
    folder = temporary.folder()
    state = folder .. "/state"
    assert(core.file.make_directory(state, 448))
    subject = damaged_store.new(state)
    environment = {
      MEMORIES_API_KEY = "sk-spec",
      USHER_STATE_DIR = state,
      USHER_MASTER_KEY = core.encoding.base64_encode(subject.key),
    }
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function recover(...)
    return process.run(folder, { paths.root .. "/bin/usher", "recover", ... }, environment)
  end

  it("leaves a store as it is in which nothing is damaged", function()
    assert.are.same({ 0, "nothing is damaged: the store is left as it is\n", "" }, { recover() })
  end)

  it("says of each account what was saved and what was lost", function()
    local sealed = subject:sealed("acme-2", "tokens")
    subject:write(assert(subject:read():find(sealed, 1, true)) + 40, "AAAAAAAA")
    local status, out, err = recover()
    assert.are.same({ 0, "" }, { status, err })
    local kept = out:match "the damaged store is kept as (.*)\n$"
    local lines = {
      "acme-1 saved: counts of requests, pushed credentials, tokens",
      "acme-2 saved: counts of requests, pushed credentials; lost: tokens",
      "acme-3 saved: counts of requests, pushed credentials, tokens",
      "the damaged store is kept as " .. kept,
    }
    assert.are.equal(table.concat(lines, "\n") .. "\n", out)
    assert.is_truthy(core.file.status(kept))
  end)

  it("refuses while a gateway has the store, and another key", function()
    local store = subject:store()
    assert(store:open())
    local status, out, err = recover()
    store:close()
    assert.are.same({ 78, "" }, { status, out })
    assert.matches("stop the gateway first", err, 1, true)
    environment.USHER_MASTER_KEY = core.encoding.base64_encode(("x"):rep(32))
    status, out, err = recover()
    assert.are.same({ 78, "" }, { status, out })
    assert.matches("the master key is not the one of the store", err, 1, true)
  end)

  it("lets a terminal obey no name of a damaged file", function()
    local database = assert(core.sqlite.open { path = subject.path, application_id = 0x75736872 })
    assert(database:transaction {
      { "UPDATE records SET account = char(27) || '[2J' WHERE account = 'acme-2' AND field = 'tokens'" },
    })
    database:close()
    local status, out = recover()
    assert.are.equal(0, status)
    assert.is_nil(out:find "\27")
    assert.matches("??2J lost: tokens", out, 1, true)
  end)

  it(("is run again after a kill, at %d points"):format(KILLS), function()
    local sealed = subject:sealed("acme-2", "claim")
    subject:write(assert(subject:read():find(sealed, 1, true)) + 40, "AAAAAAAA")
    local copy, plain = folder .. "/copy", environment
    assert(os.execute(("cp -r '%s' '%s'"):format(state, copy)))
    local whole = disk_faults.new(state, folder)
    environment = whole:with(plain)
    assert.are.equal(0, (recover()))
    local calls = whole:count()
    for round = 1, KILLS do
      os.execute(("rm -r '%s' && cp -r '%s' '%s'"):format(state, copy, state))
      local at = 1 + (round - 1) * (calls - 1) // math.max(1, KILLS - 1)
      environment = disk_faults.new(state, folder, at):with(plain)
      local killed = recover()
      -- A slow disk leaves the store time to rest, which is some calls more or less.
      assert.is_true(killed == 128 + 9 or killed == 0 and at > calls - 20, "at call " .. at)
      environment = plain
      local status, out, err = recover()
      assert.are.same({ 0, "" }, { status, err }, "at call " .. at)
      local store = subject:store()
      assert(store:open())
      for _, name in ipairs(subject.names) do
        local record = assert(store:load(name))
        assert.is_true(
          record.version == 2 and subject:had(name, record.token_set),
          ("at call %d: %s"):format(at, out)
        )
      end
      store:close()
      assert.is_nil((io.open(subject.path .. ".recovered")))
    end
  end)
end)
