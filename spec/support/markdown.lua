-- SPDX-License-Identifier: MIT
-- What a page of docs/ says in its headings, tables and code blocks, for specs that compare it with the code.

local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

local markdown = {}

---@class spec.markdown.Section
---@field title string
---@field text string
---@field tables string[][][] tables of rows of cells; the first row is the head
---@field code { language: string, text: string }[]

local function cells_of(line)
  local cells = {}
  for cell in line:gsub("^|", ""):gmatch "([^|]*)|" do
    table.insert(cells, (cell:gsub("^%s+", ""):gsub("%s+$", "")))
  end
  return cells
end

local function add_row(state, line)
  if not state.rows then
    state.rows = {}
    table.insert(state.section.tables, state.rows)
  end
  if not line:find "^|[-|]+$" then
    table.insert(state.rows, cells_of(line))
  end
end

local function new_section(title)
  return { title = title, text = "", tables = {}, code = {} }
end

local function add_line(state, line)
  local fence, title = line:match "^```(.*)$", line:match "^#+ (.*)$"
  if state.block then
    if fence then
      state.block = nil
    else
      state.block.text = state.block.text .. line .. "\n"
    end
  elseif fence then
    state.block = { language = fence, text = "" }
    table.insert(state.section.code, state.block)
  elseif title then
    state.section = new_section(title)
    table.insert(state.sections, state.section)
  else
    state.section.text = state.section.text .. line .. "\n"
  end
  if line:find "^|" then
    add_row(state, line)
  else
    state.rows = nil
  end
end

--- The page's sections in their order.
---@param name string below docs/
---@return spec.markdown.Section[]
function markdown.read(name)
  local state = { sections = {}, section = new_section "" }
  for line in temporary.read(("%s/docs/%s"):format(paths.root, name)):gmatch "([^\n]*)\n" do
    add_line(state, line)
  end
  return state.sections
end

--- The section of that title.
---@param sections spec.markdown.Section[]
---@param title string
---@return spec.markdown.Section
function markdown.section(sections, title)
  for _, section in ipairs(sections) do
    if section.title == title then
      return section
    end
  end
  error("no section " .. title, 2)
end

--- The rows of the section's table whose head begins with that cell.
---@param section spec.markdown.Section
---@param head string
---@return string[][] rows without the head; empty: no such table
function markdown.rows(section, head)
  for _, rows in ipairs(section.tables) do
    if rows[1][1] == head then
      return table.move(rows, 2, #rows, 1, {})
    end
  end
  return {}
end

--- What stands in backquotes.
---@param text string
---@return string[]
function markdown.words(text)
  local words = {}
  for word in text:gmatch "`([^`]+)`" do
    table.insert(words, word)
  end
  return words
end

--- The words of the first column, sorted.
---@param rows string[][]
---@return string[]
function markdown.names(rows)
  local names = {}
  for _, row in ipairs(rows) do
    table.move(markdown.words(row[1]), 1, #markdown.words(row[1]), #names + 1, names)
  end
  table.sort(names)
  return names
end

return markdown
