-- SPDX-License-Identifier: MIT
-- Whatever happens to the store's files: no crash, no token that the account never had, and no silent new store. What
-- the store does not notice is an older state of an account, which the provider's refusal ends.
require "spec.support.paths"
local core = require "usher.core"
local damaged_store = require "spec.support.damaged_store"
local mutations = require "spec.support.mutations"
local recovery = require "usher.store.recovery"
local sorted = require "usher.config.sorted"
local temporary = require "spec.support.temporary"
local torture = require "spec.support.torture"

local ROUNDS = torture.rounds(42, 2000)
local SEED = math.tointeger(tonumber(os.getenv "USHER_SEED")) or 20260101
local NOW = 1800000000
local REFUSALS =
  { store_corrupt = true, store_foreign = true, bad_seal = true, store_failed = true, permission = true }

local function files_of(path)
  return { main = temporary.read(path), wal = temporary.read(path .. "-wal") }
end

describe("a store whose files were changed", function()
  local folder, here, subject, other, older, others
  local bases = {}

  -- The files of a store after every account's next token set, as a kill leaves them: what is new is in the log.
  local function files_after_kill(of)
    local store, copy = of:store(), of.folder .. "/copy"
    assert(store:open())
    for _, name in ipairs(of.names) do
      of:renew(store, name)
    end
    for _, suffix in ipairs { "", "-wal" } do
      assert(os.execute(("cp '%s%s' '%s%s'"):format(of.path, suffix, copy, suffix)))
    end
    store:close()
    return files_of(copy)
  end

  local function make_bases()
    older, bases.closed = files_of(subject.path), files_of(subject.path)
    bases.killed = files_after_kill(subject)
    bases.newest = files_of(subject.path)
    others = { files_of(other.path), files_after_kill(other) }
  end

  setup(function()
    folder = temporary.memory_folder()
    here = folder .. "/here"
    assert(core.file.make_directory(here, 448))
    assert(core.file.make_directory(folder .. "/other", 448))
    subject = damaged_store.new(folder, { accounts = 12 })
    other = damaged_store.new(folder .. "/other", { accounts = 12, key = ("o"):rep(32) })
    make_bases()
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function place(files)
    os.execute(("rm -rf '%s'/*"):format(here))
    for suffix, bytes in pairs { [""] = files.main, ["-wal"] = files.wal } do
      temporary.write(here .. "/usher.db" .. suffix, bytes)
    end
  end

  local function mutated()
    return setmetatable({ path = here .. "/usher.db" }, { __index = subject })
  end

  -- What an open store gives: "whole", "older" or "damaged" for each account, counted.
  local function examine(store, what)
    local counts = { whole = 0, older = 0, damaged = 0 }
    for _, name in ipairs(subject.names) do
      local record, err = store:load(name)
      if not record then
        assert.are.equal("store_corrupt", err.code, what)
        counts.damaged = counts.damaged + 1
      else
        assert.is_table(record.token_set, what .. ": an account without its token set")
        assert.is_true(subject:had(name, record.token_set), what .. ": a token that never was")
        local kind = record.version == 3 and "whole" or "older"
        counts[kind] = counts[kind] + 1
      end
    end
    return counts
  end

  local function open_and_examine(what, files)
    local store = mutated():store()
    local opened, err = store:open()
    if not opened then
      assert.is_true(REFUSALS[err.code], what .. ": " .. tostring(err))
      assert.are.equal(
        files.main,
        temporary.read(here .. "/usher.db"),
        what .. ": a refused store is changed"
      )
      return "refused"
    end
    local counts = examine(store, what)
    store:close()
    return counts.damaged > 0 and "damaged" or counts.older > 0 and "older" or "whole"
  end

  -- Afterwards each account has a token that it once had, or none where that was told.
  local function recover_and_examine(what)
    local path = here .. "/usher.db"
    local report, err = recovery.run { path = path, keys = { subject.key }, now = NOW }
    if not report then
      assert.is_true(REFUSALS[err.code], what .. ": " .. tostring(err))
      return "refused"
    end
    local lost, store = false, mutated():store()
    local opened, reason = store:open()
    assert.is_true(
      opened,
      ("%s: after %s: %s"):format(what, report.is_whole and "whole" or "recovery", reason)
    )
    for _, name in ipairs(subject.names) do
      local record = assert(store:load(name))
      local is_kept = record.token_set ~= nil
      assert.is_true(is_kept or report.accounts ~= nil, what .. ": a token set is gone without a word")
      assert.is_true(not is_kept or subject:had(name, record.token_set), what .. ": a token that never was")
      lost = lost or not is_kept
    end
    store:close()
    return report.is_whole and "whole" or lost and "saved in part" or "saved"
  end

  it(("gives what was there or nothing, %d times, seed %d"):format(ROUNDS, SEED), function()
    math.randomseed(SEED)
    local kinds, seen = sorted.keys(mutations.kinds), {}
    local starts = sorted.keys { closed = true, killed = true, newest = true }
    for round = 1, ROUNDS do
      local kind = kinds[(round - 1) % #kinds + 1]
      local start = starts[math.random(#starts)]
      local files = { main = bases[start].main, wal = bases[start].wal }
      mutations.kinds[kind](files, math.random, { older = older, other = others[math.random(2)] })
      local what = ("round %d, %s, %s"):format(round, kind, start)
      place(files)
      local opened = open_and_examine(what, files)
      place(files)
      local recovered = recover_and_examine(what)
      local outcome = ("%s: opened %s, recovered %s"):format(kind, opened, recovered)
      seen[outcome] = (seen[outcome] or 0) + 1
    end
    if torture.is_long then
      for _, outcome in ipairs(sorted.keys(seen)) do
        io.stderr:write(("# %5d  %s\n"):format(seen[outcome], outcome))
      end
    end
  end)
end)
