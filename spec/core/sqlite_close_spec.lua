-- SPDX-License-Identifier: MIT
-- How an SQLite engine ends: by close, by the collector, with the state, and in the midst of something.
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local temporary = require "spec.support.temporary"

local OPTIONS = {
  application_id = 0x75736801,
  create = { "CREATE TABLE item (name TEXT PRIMARY KEY NOT NULL, count INTEGER)" },
}
local INSERT = "INSERT INTO item (name, count) VALUES ($1, $2)"

describe("closing an engine", function()
  local folder, path

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/store.db"
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function open()
    return core.sqlite.open(setmetatable({ path = path }, { __index = OPTIONS }))
  end

  local function count(engine)
    return engine:transaction({ { "SELECT count(*) FROM item" } })[1].rows[1][1]
  end

  it("ends what was given before it, and is idempotent", function()
    local engine, done = assert(open()), 0
    for i = 1, 100 do
      core.loop:spawn(function()
        assert(engine:transaction { { INSERT, params = { tostring(i), i } } })
        done = done + 1
      end)
    end
    core.loop:spawn(function()
      engine:close()
      assert.are.equal("usher.sqlite (closed)", tostring(engine))
    end)
    core.loop:run()
    engine:close()
    assert.are.equal(100, done)
    assert.are.equal("closed", select(2, engine:transaction { { "SELECT 1" } }).code)
  end)

  it("may come from a finalizer, in the midst of a transaction's start", function()
    local output = child.run(([[
      local core = require "usher.core"
      local options = { path = %q, application_id = 1, create = { "CREATE TABLE t (a)" } }

      -- Closes the engine in the n-th collection of garbage, and lets its thread end.
      local function close_later(engine, n)
        setmetatable({}, { __gc = function()
          if n > 1 then return close_later(engine, n - 1) end
          engine:close()
          os.execute "sleep 0.02"
        end })
      end

      local function attempt(n)
        local steps, engine = { { "INSERT INTO t VALUES (1)" } }, assert(core.sqlite.open(options))
        close_later(engine, n)
        collectgarbage "restart"
        collectgarbage("incremental", 1, 1000, 30) -- every new object collects all garbage
        collectgarbage()
        local results, err = engine:transaction(steps)
        collectgarbage "stop"
        engine:close()
        return results and results[1].changes or err.code
      end

      core.loop:spawn(function()
        for n = 2, 20 do
          io.write(attempt(n), " ")
        end
      end)
      core.loop:run()
    ]]):format(path))
    assert.matches("^[closed ]+[1 ]+$", output)
  end)

  it("happens in the background where a cancelled task cannot wait", function()
    local is_ready
    local task = core.loop:spawn(function()
      local engine <close> = assert(open())
      engine:transaction { { INSERT, params = { "a", 1 } } }
      is_ready = true
      core.future.new():wait()
    end)
    while not is_ready do
      core.loop:step()
    end
    task:close()
    core.loop:run()
    assert(open()):close()
  end)

  it("follows an open whose task is closed", function()
    local task = core.loop:spawn(open)
    core.loop:step()
    task:close()
    core.loop:run()
    assert(open()):close()
  end)

  it("is done by the collector for an engine that nobody refers to", function()
    assert(open())
    collectgarbage()
    collectgarbage()
    assert(open()):close()
  end)

  it("does not take back a transaction whose task is closed", function()
    local engine = assert(open())
    local task = core.loop:spawn(function()
      engine:transaction { { INSERT, params = { "a", 1 } } }
    end)
    core.loop:step()
    task:close()
    assert.are.equal(1, count(engine))
    engine:close()
  end)

  it("joins its thread at the end of the state, with everything it was given on disk", function()
    child.run(([[
      local core = require "usher.core"
      local engine = assert(core.sqlite.open { path = %q, application_id = %d, create = { %q } })
      for i = 1, 50 do
        core.loop:spawn(function()
          engine:transaction { { %q, params = { tostring(i), i } } }
        end)
      end
      core.loop:spawn(function()
        core.sqlite.open { path = %q, application_id = 7, create = {} }
      end)
      core.loop:step()
    ]]):format(path, OPTIONS.application_id, OPTIONS.create[1], INSERT, folder .. "/other.db"))
    local engine = assert(open())
    assert.are.equal(50, count(engine))
    engine:close()
  end)
end)
