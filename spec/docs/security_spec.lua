-- SPDX-License-Identifier: MIT
-- docs/security.md names for each control the spec that shows it.

local markdown = require "spec.support.markdown"
local paths = require "spec.support.paths"

local HEAD = { "who", "what", "control", "spec that shows it" }

local sections = markdown.read "security.md"

local function exists(path)
  local file = io.open(paths.root .. "/" .. path)
  return file ~= nil and file:close()
end

describe("docs/security.md", function()
  it("has tables of one form, each row of them whole", function()
    local rows = 0
    for _, section in ipairs(sections) do
      for _, each in ipairs(section.tables) do
        assert.are.same(HEAD, each[1])
        for index = 2, #each do
          assert.are.equal(#HEAD, #each[index], section.title .. ": " .. tostring(each[index][1]))
          rows = rows + 1
        end
      end
    end
    assert.is_true(rows > 0)
  end)

  it("names specs that exist, and for each control one", function()
    local missing = {}
    for _, section in ipairs(sections) do
      for _, row in ipairs(markdown.rows(section, HEAD[1])) do
        local named = markdown.words(row[4])
        if #named == 0 and not row[3]:find "^none" then
          table.insert(missing, section.title .. ": no spec for: " .. row[2])
        end
        for _, path in ipairs(named) do
          table.insert(missing, not exists(path) and section.title .. ": " .. path or nil)
        end
      end
    end
    assert.are.same({}, missing)
  end)
end)
