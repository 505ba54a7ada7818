-- SPDX-License-Identifier: MIT
-- An SQLite engine from its file's creation to its close, and a copy of the file.
local core = require "usher.core"

local CREATE = { "CREATE TABLE item (name TEXT PRIMARY KEY NOT NULL, count INTEGER)" }
local INSERT = "INSERT INTO item (name, count) VALUES ($1, $2)"

return function(folder)
  local path = folder .. "/store.db"
  return {
    perform = function()
      os.remove(path)
      os.remove(path .. "-wal")
      local engine <close> = assert(core.sqlite.open { path = path, application_id = 7, create = CREATE })
      assert(engine:transaction {
        { INSERT, params = { ("n"):rep(100), 1 } },
        { INSERT, params = { "b", nil, n = 2 } },
      })
      local rows = assert(engine:transaction({ { "SELECT name, count FROM item ORDER BY name" } }))[1].rows
      assert(#rows == 2 and rows[1][1] == "b" and rows[2][2] == 1)
      local none, err = engine:transaction { { "DELETE FROM item WHERE name = 'c'", guard = "there" } }
      assert(none == nil and err.code == "guard" and err.guard == "there", err and err.code)
      engine:close()
      os.remove(path .. ".copy")
      local hold <close> = assert(core.sqlite_hold.open(path))
      assert(hold:copy(path .. ".copy"))
    end,
  }
end
