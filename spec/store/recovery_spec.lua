-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local damaged_store = require "spec.support.damaged_store"
local recovery = require "usher.store.recovery"
local temporary = require "spec.support.temporary"

local NOW = 1800000000
local STAMP = os.date("!%Y%m%dT%H%M%SZ", NOW)

local function names_in(folder)
  local pipe <close> = io.popen(("ls -A '%s'"):format(folder))
  return (pipe:read("a"):gsub("usher%.db", "DB"):gsub("\n", " "))
end

describe("a recovery", function()
  local folder, subject

  before_each(function()
    folder = temporary.memory_folder()
    subject = damaged_store.new(folder)
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function recover(...)
    return recovery.run { path = subject.path, keys = { ... }, now = NOW }
  end

  local function hash_files()
    local pipe <close> = io.popen(("cd '%s' && sha256sum *"):format(folder))
    return pipe:read "a"
  end

  -- account -> whether it has its newest token set, in a store that opens.
  local function kept()
    local store, seen = subject:store(), {}
    assert(store:open())
    for _, name in ipairs(subject.names) do
      local record = assert(store:load(name))
      seen[name] = record.token_set ~= nil and record.version == 2 and subject:had(name, record.token_set)
    end
    store:close()
    return seen
  end

  local function lost_of(report)
    local lost = {}
    for _, account in ipairs(report.accounts) do
      if #account.lost > 0 then
        lost[account.name] = table.concat(account.lost, " ")
      end
    end
    return lost
  end

  local function damage_record(name, field)
    local sealed = subject:sealed(name, field)
    local offset = assert(subject:read():find(sealed, 1, true)) - 1
    subject:write(offset + 40, "AAAAAAAA")
  end

  it("leaves a store as it is in which nothing is damaged", function()
    local before = hash_files()
    assert.are.same({ is_whole = true }, recover(subject.key))
    assert.are.equal(before, hash_files())
  end)

  it("saves all but a record that does not open, and keeps the damaged store", function()
    damage_record("acme-2", "tokens")
    local damaged = subject:read()
    local report = assert(recover(subject.key))
    assert.are.same({ ["acme-2"] = "tokens" }, lost_of(report))
    assert.are.same({ "claim", "inbox" }, report.accounts[2].saved)
    assert.are.equal(subject.path .. ".damaged-" .. STAMP, report.kept)
    assert.are.equal(damaged, temporary.read(report.kept))
    assert.are.equal(("DB DB.damaged-%s DB.damaged-%s-wal "):format(STAMP, STAMP), names_in(folder))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = false, ["acme-3"] = true }, kept())
    assert.are.same({ is_whole = true }, recover(subject.key))
  end)

  it("knows after it which credentials are spent", function()
    damage_record("acme-2", "tokens")
    assert(recover(subject.key))
    local store = subject:store()
    assert(store:open())
    assert.are.equal(
      "repeat",
      select(2, store:offer("acme-1", { credential = "c-acme-1-2", received_at = NOW })).code
    )
    store:close()
  end)

  it("saves every record where the index is damaged", function()
    local page = subject:pages()
    for number = 2, page do
      -- An index has pages of other kinds than a table.
      local kind = subject:read():byte((number - 1) * subject.PAGE_BYTES + 1)
      if kind == 2 or kind == 10 then
        subject:zero_page(number)
      end
    end
    local report = assert(recover(subject.key))
    assert.are.same({}, lost_of(report))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
  end)

  it("saves every record where the first page is damaged", function()
    for _, page in ipairs { ("\0"):rep(4096), ("x"):rep(4096), subject:read():sub(1, 100) .. ("\0"):rep(3996) } do
      subject:write(0, page)
      local report = assert(recover(subject.key))
      assert.are.same({}, lost_of(report))
      assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
      os.execute(("rm '%s'/*damaged*"):format(folder))
    end
  end)

  it("saves every record where the tables are not as they were made", function()
    subject:write(assert(subject:read():find("version INTEGER", 1, true)) - 1, "verzion")
    assert.are.same({}, lost_of(assert(recover(subject.key))))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
  end)

  it("takes no store for whole that no gateway would take", function()
    subject:write(assert(subject:read():find("changed INTEGER", 1, true)) - 1, "chanced")
    assert.are.same({}, lost_of(assert(recover(subject.key))))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
  end)

  it("saves every record where a byte of the file's header is damaged", function()
    local main, log = subject:read(), subject:read "-wal"
    for offset = 0, 99, 3 do
      subject:write(offset, string.char(main:byte(offset + 1) ~ 255))
      local report, err = recover(subject.key)
      assert.is_table(report, ("byte %d: %s"):format(offset, err))
      assert.are.same({}, report.is_whole and {} or lost_of(report))
      assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
      os.execute(("rm '%s'/*"):format(folder))
      temporary.write(subject.path, main)
      temporary.write(subject.path .. "-wal", log)
    end
  end)

  it("saves what the other pages hold where one is damaged", function()
    os.execute(("rm '%s'/*"):format(folder))
    subject = damaged_store.new(folder, { accounts = 30 })
    local tokens = subject:sealed("acme-15", "tokens")
    subject:zero_page(subject:page_with(tokens))
    local report = assert(recover(subject.key))
    local lost, seen = lost_of(report), kept()
    assert.matches("tokens", lost["acme-15"])
    local count = 0
    for name, is_kept in pairs(seen) do
      assert.are.equal(is_kept, not (lost[name] or ""):find "tokens", name)
      count = count + (is_kept and 1 or 0)
    end
    assert.is_true(count >= 10, count .. " of 30") -- a page holds about 15
  end)

  it("saves a store whose header record is damaged", function()
    local header = subject:page_with(("1.%s."):format(require("usher.model.sealer").id_of(subject.key)))
    subject:zero_page(header)
    assert.are.same({}, lost_of(assert(recover(subject.key))))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = true, ["acme-3"] = true }, kept())
  end)

  it("leaves everything as it is where the key is another, damaged or not", function()
    for _ = 1, 2 do
      local before = hash_files()
      local report, err = recover(("x"):rep(32))
      assert.is_nil(report)
      assert.are.equal("bad_seal", err.code)
      assert.are.equal(before, hash_files())
      damage_record("acme-2", "tokens")
    end
  end)

  it("leaves everything as it is where nothing opens", function()
    for _, bytes in ipairs { "", "something else", ("x"):rep(100000) } do
      temporary.write(subject.path, bytes)
      os.remove(subject.path .. "-wal")
      local report, err = recover(subject.key)
      assert.is_nil(report)
      assert.are.equal("store_corrupt", err.code)
      assert.are.equal(bytes, subject:read())
      assert.are.equal("DB ", names_in(folder))
    end
  end)

  it("never runs on a store that is in use", function()
    local store = subject:store()
    assert(store:open())
    assert.are.equal("store_locked", select(2, recover(subject.key)).code)
    assert.are.equal(
      "store_locked",
      child.run(([[
        local _, err = require("usher.store.recovery").run { path = %q, keys = { ("k"):rep(32) }, now = 1 }
        io.write(err.code)
      ]]):format(subject.path))
    )
    assert.are.equal("a-acme-1-2", store:load("acme-1").token_set.access_token)
    store:close()
  end)

  it("that was interrupted lets no gateway start, and is run again", function()
    damage_record("acme-2", "tokens")
    assert(recover(subject.key))
    -- As if killed before the last step.
    assert(os.rename(subject.path, subject.path .. ".recovered"))
    assert(os.rename(subject.path .. ".damaged-" .. STAMP, subject.path))
    local opened, err = subject:store():open()
    assert.is_nil(opened)
    assert.matches("run `usher recover` again", err.message, 1, true)
    assert.are.same({ is_finished = true }, recover(subject.key))
    assert.are.same({ ["acme-1"] = true, ["acme-2"] = false, ["acme-3"] = true }, kept())
  end)

  it("gives the fresh store to whoever owned the damaged one", function()
    damage_record("acme-2", "tokens")
    os.execute(("chown 12345:12346 '%s' 2>/dev/null"):format(subject.path))
    local owner = core.file.status(subject.path).uid
    local report = assert(recover(subject.key))
    for _, path in ipairs { subject.path, report.kept } do
      local status = core.file.status(path)
      assert.are.same({ owner, 384 }, { status.uid, status.mode })
    end
  end)
end)
