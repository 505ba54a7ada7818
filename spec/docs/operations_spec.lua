-- SPDX-License-Identifier: MIT
-- docs/operations.md says of times, sizes and names what the code says.

require "spec.support.paths"
local master_key = require "usher.config.master_key"
local paths = require "spec.support.paths"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local function source(path)
  return temporary.read(paths.root .. "/" .. path)
end

local page = source("docs/operations.md"):gsub("%s+", " ")

local function says(sentence)
  assert.matches(sentence, page, 1, true)
end

describe("docs/operations.md tells", function()
  it("how long the log is, and when it is emptied", function()
    says(
      ("SQLite's log, %s MiB"):format(source("src/store/sqlite_connection.c"):match "WAL_BYTES = (%d+) << 20")
    )
    assert.are.equal("1", source("src/store/sqlite_worker.c"):match "REST_AFTER_SECONDS = (%d+)")
    says "emptied after a second without changes"
  end)

  it("when a store that is down is asked again", function()
    local first, longest = source("lua/usher/keeper/storage.lua"):match "LONGEST_PROBE = (%d+), (%d+)"
    says(("after %d, %d, %d ... %d seconds"):format(first, first * 2, first * 4, longest))
  end)

  it("what lies beside the store and the key", function()
    says("rm --force /var/lib/usher/usher.db-wal " .. sqlite.recovered_path "/var/lib/usher/usher.db")
    says(("(`%s`)"):format(master_key.next_path "master.key"))
  end)
end)
