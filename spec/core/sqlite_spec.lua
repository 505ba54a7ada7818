-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"

local APPLICATION_ID = 0x75736801
local CREATE = { "CREATE TABLE item (name TEXT PRIMARY KEY NOT NULL, count INTEGER)" }
local INSERT = "INSERT INTO item (name, count) VALUES ($1, $2)"

local function listing(folder)
  local pipe <close> = io.popen(("cd '%s' && stat -c '%%n %%a' -- * 2>/dev/null | sort"):format(folder))
  return pipe:read "a"
end

describe("sqlite", function()
  local folder, path

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/store.db"
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function open(options)
    local defaults = { path = path, application_id = APPLICATION_ID, create = CREATE }
    return core.sqlite.open(setmetatable(options or {}, { __index = defaults }))
  end

  local function open_existing()
    return core.sqlite.open { path = path, application_id = APPLICATION_ID }
  end

  local function count(engine)
    return engine:transaction({ { "SELECT count(*) FROM item" } })[1].rows[1][1]
  end

  it("keeps what a transaction wrote, with its types", function()
    local engine = assert(open())
    local results = assert(engine:transaction {
      { INSERT, params = { "a\0b", math.maxinteger } },
      { INSERT, params = { "empty", nil, n = 2 } },
    })
    assert.are.same({ 1, 1 }, { results[1].changes, results[2].changes })
    engine:close()
    engine = assert(open_existing())
    local rows = engine:transaction({ { "SELECT name, count FROM item ORDER BY name" } })[1].rows
    assert.are.same({ { "a\0b", math.maxinteger, n = 2 }, { "empty", n = 2 } }, rows)
    engine:close()
  end)

  it("moves what the log holds into the file when nothing has come for a second", function()
    local engine = assert(open())
    assert(engine:transaction { { INSERT, params = { "a", 1 } } })
    local copy = folder .. "/copy.db"
    local function count_of_file_alone()
      assert(os.execute(("cp '%s' '%s'"):format(path, copy)))
      local other <close> = assert(core.sqlite.open { path = copy, application_id = APPLICATION_ID })
      return count(other)
    end
    assert.are.equal(0, count_of_file_alone())
    process.await("the log to be emptied", function()
      return count_of_file_alone() == 1
    end)
    engine:close()
  end)

  it("is the older store where its file alone is put back after a close in order", function()
    for number, name in ipairs { "a", "b" } do
      local engine <close> = assert(open())
      assert(engine:transaction { { INSERT, params = { name, number } } })
      engine:close()
      assert(os.execute(("cp -n '%s' '%s/older.db'"):format(path, folder)))
    end
    assert(os.execute(("cp '%s/older.db' '%s'"):format(folder, path)))
    local engine <close> = assert(open_existing())
    assert.are.equal(1, count(engine))
    assert(engine:transaction { { INSERT, params = { "c", 3 } } })
  end)

  it("makes every file readable by its owner alone, whatever the umask", function()
    child.run(([[
      local core = require "usher.core"
      local engine = assert(core.sqlite.open { path = %q, application_id = 7, create = { "CREATE TABLE t (a)" } })
      assert(engine:transaction { { "INSERT INTO t VALUES (1)" } })
      io.stdout:write(tostring(os.execute("test -z $(find %s -type f ! -perm 600)")))
    ]]):format(path, folder))
    assert.are.equal("store.db 600\nstore.db-wal 600\n", listing(folder))
  end)

  it("undoes the whole transaction where a guard is not met", function()
    local engine = assert(open())
    local results, err = engine:transaction {
      { INSERT, params = { "a", 1 } },
      { "UPDATE item SET count = 2 WHERE name = $1", params = { "b" }, guard = "b is there" },
    }
    assert.is_nil(results)
    assert.are.same({ "guard", "b is there" }, { err.code, err.guard })
    assert.are.equal(0, count(engine))
    assert(engine:transaction { { "SELECT 1", guard = "a row is returned" } })
    engine:close()
  end)

  it("undoes one transaction of a group and keeps the others", function()
    local engine, codes = assert(open()), {}
    for i = 1, 40 do
      core.loop:spawn(function()
        local _, err = engine:transaction {
          { INSERT, params = { tostring(i), i } },
          { "SELECT 1 WHERE $1 % 2 = 0", params = { i }, guard = "even" },
        }
        codes[i] = err and err.code or "done"
      end)
    end
    core.loop:run()
    for i = 1, 40 do
      assert.are.equal(i % 2 == 0 and "done" or "guard", codes[i])
    end
    assert.are.equal(20, count(engine))
    engine:close()
  end)

  it("reports wrong SQL to its own caller only", function()
    local engine = assert(open())
    for _, steps in ipairs {
      { { "SELEC 1" } },
      { { "SELECT 1; SELECT 2" } },
      { { "" } },
      { { INSERT, params = { "one parameter" } } },
      { { INSERT, params = { "a", 1 } }, { INSERT, params = { "a", 1 } } },
      { { "ATTACH ':memory:' AS other" } },
      { { "SELECT load_extension('x')" } },
    } do
      local results, err = engine:transaction(steps)
      assert.is_nil(results)
      assert.are.equal("store_failed", err.code)
    end
    assert.are.equal("store_corrupt", select(2, engine:transaction { { "SELECT 1.5" } }).code)
    assert.are.equal(0, count(engine))
    engine:close()
  end)

  it("raises on misuse before anything is done", function()
    local engine = assert(open())
    for expected, steps in pairs {
      ["1 to 1000 steps expected"] = {},
      ["step 1 is not a table"] = { "SELECT 1" },
      ["step 1 has no statement"] = { {} },
      ["step 2: parameter 1 is neither string, integer nor nil"] = {
        { "SELECT 1" },
        { "SELECT $1", params = { 1.5 } },
      },
      ["step 1: guard must be a string"] = { { "SELECT 1", guard = true } },
      ["step 1: params must be a table"] = { { "SELECT 1", params = "x" } },
    } do
      assert.error_matches(function()
        engine:transaction(steps)
      end, expected, 1, true)
    end
    engine:close()
    assert.error_matches(function()
      core.sqlite.open { path = "a\0b", application_id = 1 }
    end, "path is empty or holds a NUL", 1, true)
    assert.error_matches(function()
      core.sqlite.open { path = path, application_id = 1, create = { 1, {} } }
    end, "create must be a list of strings", 1, true)
  end)

  it("counts the statements itself, whatever the list says of its length", function()
    for _, length in ipairs { -1, 1 << 61, (1 << 61) + 1 } do
      local list = setmetatable({ CREATE[1], "CREATE TABLE other (a)" }, {
        __len = function()
          return length
        end,
      })
      assert(open({ create = list })):close()
      os.remove(path)
      os.remove(path .. "-wal")
    end
    local many = {}
    for index = 1, 101 do
      many[index] = CREATE[1]
    end
    assert.error_matches(function()
      open { create = many }
    end, "too many statements to create", 1, true)
  end)

  describe("refuses", function()
    local function refuses(code, ...)
      local engine, err = ...
      assert.is_nil(engine)
      assert.are.equal(code, err.code)
      assert.matches(path, err.message, 1, true)
    end

    local function leaves_alone(bytes, application_id)
      temporary.write(path, bytes)
      local before = listing(folder)
      refuses("store_foreign", open { application_id = application_id })
      assert.are.equal(bytes, temporary.read(path))
      assert.are.equal(before, listing(folder))
    end

    it("a missing file without statements to create it", function()
      refuses("not_found", open_existing())
      refuses("not_found", open { path = path .. "/missing/store.db" })
      assert.are.equal("", listing(folder))
    end)

    it("an empty file", function()
      leaves_alone ""
    end)

    it("a file that is no SQLite file", function()
      leaves_alone(("not a database\n"):rep(100))
      leaves_alone "short"
    end)

    it("the file of another application", function()
      open():close()
      os.remove(path .. "-wal")
      leaves_alone(temporary.read(path), 12)
    end)

    it("a folder", function()
      assert(os.execute("mkdir " .. path))
      refuses("store_foreign", open())
    end)

    it("to make a new store where only the log of one is left", function()
      open():close()
      os.remove(path)
      refuses("store_corrupt", open())
      assert.are.equal("store.db-wal 600\n", listing(folder))
    end)

    it("a store that this process has open, and keeps the lock all the same", function()
      local engine = assert(open())
      refuses("store_locked", open())
      local output = child.run(([[
        local core = require "usher.core"
        print(select(2, core.sqlite.open { path = %q, application_id = %d }))
      ]]):format(path, APPLICATION_ID))
      assert.are.equal("store_locked: another process is using the store " .. path .. "\n", output)
      engine:close()
      assert(open()):close()
    end)
  end)

  it("gives way to whoever created the file first, and sweeps what a killed creation left", function()
    temporary.write(path .. ".new", "half")
    temporary.write(path .. ".new-wal", "half")
    local engine = assert(open())
    engine:close()
    assert.are.equal("store.db 600\nstore.db-wal 600\n", listing(folder))
    temporary.write(path .. ".new", "half")
    assert(open()):close()
    assert.are.equal("store.db 600\nstore.db-wal 600\n", listing(folder))
  end)

  it("leaves nothing where a new file's statements fail", function()
    local engine, err = open { create = { "CREATE TABLE a (b)", "CREATE TABLE a (b)" } }
    assert.is_nil(engine)
    assert.are.equal("store_failed", err.code)
    assert.are.equal("", listing(folder))
  end)

  it("opens a path that SQLite would take for something else", function()
    local here = io.popen("pwd"):read "l"
    local code = ([[
      package.cpath = %q
      local core = require "usher.core"
      for _, path in ipairs { ":memory:", "file:x?mode=memory" } do
        assert(core.sqlite.open { path = path, application_id = 7, create = { "CREATE TABLE t (a)" } }):close()
        print(io.open(path, "rb"):read(15))
      end
    ]]):format((package.cpath:gsub("^%./", here .. "/")))
    local pipe <close> = io.popen(("cd %s && lua5.4 -e %s 2>&1"):format(folder, child.quote(code)))
    assert.are.equal("SQLite format 3\nSQLite format 3\n", pipe:read "a")
  end)

  it("grows the log once, and keeps it", function()
    local engine = assert(open())
    assert.are.equal(0, #temporary.read(path .. "-wal"))
    engine:transaction { { INSERT, params = { "a", 1 } } }
    engine:close()
    local size = #temporary.read(path .. "-wal")
    assert.is_true(size >= 4 * 1024 * 1024)
    engine = assert(open())
    for i = 1, 2000 do
      assert(engine:transaction { { "UPDATE item SET count = $1", params = { i } } })
    end
    engine:close()
    assert.are.equal(size, #temporary.read(path .. "-wal"))
  end)

  it("changes nothing on disk by reading", function()
    local engine = assert(open())
    engine:transaction { { INSERT, params = { "a", 1 } } }
    engine:close()
    local file, log = temporary.read(path), temporary.read(path .. "-wal")
    engine = assert(open())
    assert.are.equal(1, count(engine))
    engine:close()
    assert.is_true(file == temporary.read(path))
    assert.is_true(log == temporary.read(path .. "-wal"))
  end)
end)
