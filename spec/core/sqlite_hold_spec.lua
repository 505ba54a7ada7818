-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local disk_faults = require "spec.support.disk_faults"
local temporary = require "spec.support.temporary"

local OPTIONS = { application_id = 0x75736801, create = { "CREATE TABLE item (name TEXT)" } }

describe("a hold on a store's file", function()
  local folder, path

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/store.db"
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function open()
    return core.sqlite.open { path = path, application_id = OPTIONS.application_id, create = OPTIONS.create }
  end

  -- How another process finds the store.
  local function elsewhere()
    return child.run(([[
      local engine, err = require("usher.core").sqlite.open { path = %q, application_id = 0x75736801 }
      io.write(engine and "open" or err.code)
    ]]):format(path))
  end

  it("keeps everybody else out, here and elsewhere, until it is let go", function()
    local engine = assert(open())
    assert.are.equal("store_locked", select(2, core.sqlite_hold.open(path)).code)
    engine:close()
    local hold = assert(core.sqlite_hold.open(path))
    assert.are.equal("store_locked", elsewhere())
    assert.are.equal("store_locked", select(2, open()).code)
    assert.are.equal("store_locked", select(2, core.sqlite_hold.open(path)).code)
    assert.are.equal("store_locked", elsewhere())
    hold:close()
    hold:close()
    assert.are.equal("open", elsewhere())
    assert.are.equal("closed", select(2, hold:copy(folder .. "/copy")).code)
  end)

  it("copies whatever is there, for the owner only, and over nothing", function()
    for number, bytes in ipairs { "", "xyz", ("damaged"):rep(5000), ("\0"):rep(8192) } do
      temporary.write(path, bytes)
      local hold <close> = assert(core.sqlite_hold.open(path))
      local copy = folder .. "/copy" .. number
      assert.is_true(hold:copy(copy))
      assert.are.equal(bytes, temporary.read(copy))
      assert.are.equal(384, core.file.status(copy).mode)
      assert.are.equal("exists", select(2, hold:copy(copy)).code)
      assert.are.equal("not_found", select(2, hold:copy(folder .. "/none/copy")).code)
    end
  end)

  it("syncs the copy and its name, or leaves none", function()
    local function copy(faults)
      local code = [[
        local hold = assert(require("usher.core").sqlite_hold.open %q)
        local done, err = hold:copy %q
        io.write(done and "done" or err.code)]]
      return child.run(code:format(path, folder .. "/copy"), { environment = faults:with {} })
    end
    temporary.write(path, "xyz")
    local faults = disk_faults.new(folder, folder)
    faults:set { fsync = disk_faults.EIO }
    assert.are.equal("io", copy(faults))
    assert.is_nil(core.file.status(folder .. "/copy"))
    faults:set()
    assert.are.equal("done", copy(faults))
    local synced = 0
    for _, call in ipairs(faults:calls()) do
      synced = synced + (call.name == "fsync" and call.errno == 0 and 1 or 0)
    end
    assert.are.equal(2, synced)
  end)

  it("says what is not there", function()
    local hold, err = core.sqlite_hold.open(path)
    assert.is_nil(hold)
    assert.are.equal("not_found", err.code)
    assert.matches(path, err.message, 1, true)
    assert.is_nil((core.sqlite_hold.open(folder)))
    assert.has_error(function()
      core.sqlite_hold.open "a\0b"
    end)
  end)
end)
