-- SPDX-License-Identifier: MIT
-- docs/security.md names for each control the spec that shows it.

local markdown = require "spec.support.markdown"
local paths = require "spec.support.paths"

-- Threats, or the rules of a document; the last two columns say alike what is done and what shows it.
local HEADS = {
  { "who", "what", "control", "spec that shows it" },
  { "rule of RFC 9700", "what usher does", "spec that shows it" },
}

local sections = markdown.read "security.md"

local function exists(path)
  local file = io.open(paths.root .. "/" .. path)
  return file ~= nil and file:close()
end

local function check_row(missing, title, row)
  local control, named = row[#row - 1], markdown.words(row[#row])
  if #named == 0 and not control:find "^none" then
    table.insert(missing, ("%s: no spec for: %s"):format(title, control))
  end
  for _, path in ipairs(named) do
    table.insert(missing, not exists(path) and ("%s: %s"):format(title, path) or nil)
  end
end

describe("docs/security.md", function()
  it("has tables of one form, each row of them whole", function()
    local rows = 0
    for _, section in ipairs(sections) do
      for _, each in ipairs(section.tables) do
        local head = #each[1] == #HEADS[1] and HEADS[1] or HEADS[2]
        assert.are.same(head, each[1])
        for index = 2, #each do
          assert.are.equal(#head, #each[index], section.title .. ": " .. tostring(each[index][1]))
          rows = rows + 1
        end
      end
    end
    assert.is_true(rows > 0)
  end)

  it("names specs that exist, and for each control one", function()
    local missing = {}
    for _, section in ipairs(sections) do
      for _, head in ipairs(HEADS) do
        for _, row in ipairs(markdown.rows(section, head[1])) do
          check_row(missing, section.title, row)
        end
      end
    end
    assert.are.same({}, missing)
  end)
end)
