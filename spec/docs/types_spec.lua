-- SPDX-License-Identifier: MIT
-- types/usher: says of every function of the core what it takes and gives, and of none that is not there.

local core = require "usher.core"
local launch = require "usher.launch"
local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

local FILES = { "core.lua", "core_crypto.lua", "core_system.lua", "core_http.lua", "launch.lua" }

-- "core.digest.sha256", "core.loop.run", "launch.exec".
local function documented()
  local names = {}
  for _, file in ipairs(FILES) do
    for name in temporary.read(paths.root .. "/types/usher/" .. file):gmatch "\nfunction ([%l_.:]+[%w_]+)%(" do
      local whole = name:gsub(":", ".")
      if whole:find "^core%." or whole:find "^launch%." then
        table.insert(names, whole)
      end
    end
  end
  table.sort(names)
  return names
end

local function add_functions(names, prefix, members)
  for name, member in pairs(members) do
    if type(member) == "function" then
      table.insert(names, prefix .. name)
    end
  end
end

local function present()
  local names = {}
  add_functions(names, "launch.", launch)
  add_functions(names, "core.", core)
  for module, members in pairs(core) do
    if type(members) == "table" and module ~= "errors" then
      add_functions(names, ("core.%s."):format(module), members)
    elseif type(members) == "userdata" then
      add_functions(names, ("core.%s."):format(module), getmetatable(members).__index)
    end
  end
  table.sort(names)
  return names
end

describe("types/usher", function()
  it("has every function of the core, and no other", function()
    assert.are.same(present(), documented())
  end)
end)
