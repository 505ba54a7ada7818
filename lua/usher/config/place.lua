-- SPDX-License-Identifier: MIT
-- Where a key stands in a configuration file's text. Pure.

local place = {}

-- What begins at a position: a comment, or a string in which "--" is no comment.
local BEGINNINGS = "[%-%['\"]"

local function blank(text)
  return (text:gsub("[^\n]", " "))
end

local function end_of_long_bracket(text, first)
  local level = text:match("^%[(=*)%[", first)
  if not level then
    return nil
  end
  local _, last = text:find("]" .. level .. "]", first, true)
  return last or #text
end

local function end_of_string(text, first)
  local quote, position = text:sub(first, first), first + 1
  while position <= #text do
    local character = text:sub(position, position)
    if character == quote or character == "\n" then
      return position
    end
    position = position + (character == "\\" and 2 or 1)
  end
  return #text
end

-- The end of the string or comment that begins at `first`, and whether it is a comment; nil: neither begins there.
local function end_of(text, first)
  if text:find("^%-%-", first) then
    return end_of_long_bracket(text, first + 2) or (text:find("\n", first, true) or #text + 1) - 1, true
  elseif text:find("^%[", first) then
    return end_of_long_bracket(text, first), false
  elseif text:find("^['\"]", first) then
    return end_of_string(text, first), false
  end
end

--- The text with each comment replaced by blanks, so that positions and lines stay.
---@param text string Lua
---@return string
function place.without_comments(text)
  local parts, position = {}, 1
  while true do
    local first = text:find(BEGINNINGS, position)
    if not first then
      table.insert(parts, text:sub(position))
      return table.concat(parts)
    end
    local last, is_comment = end_of(text, first)
    last = last or first
    local piece = text:sub(first, last)
    table.insert(parts, text:sub(position, first - 1))
    table.insert(parts, is_comment and blank(piece) or piece)
    position = last + 1
  end
end

-- The first appearance of the word from `position` on, as a whole word.
local function find_word(text, word, position)
  local before = word:find "^[%w_]" and "%f[%w_]" or ""
  local after = word:find "[%w_]$" and "%f[^%w_]" or ""
  return text:find(before .. word:gsub("%W", "%%%0") .. after, position)
end

local function line_at(text, position)
  local _, newlines = text:sub(1, position):gsub("\n", "")
  return newlines + 1
end

-- `words` one after the other, as the keys of nested tables stand.
local function find_nested(text, words)
  local first, position = nil, 1
  for _, word in ipairs(words) do
    local last
    first, last = find_word(text, word, position)
    if not first then
      return nil
    end
    position = last + 1
  end
  return first
end

--- The line of the last of these words: where it first stands inside of the others, else where it first stands at
--- all, else the line of the one before it.
---@param text string Lua
---@param words (string|integer)[] a key's path
---@return integer? line nil: none of them stands there
function place.line(text, words)
  local bare, names = place.without_comments(text), {}
  for _, word in ipairs(words) do
    if type(word) == "string" then
      table.insert(names, word)
    end
  end
  while #names > 0 do
    local position = find_nested(bare, names) or find_word(bare, names[#names], 1)
    if position then
      return line_at(bare, position)
    end
    table.remove(names)
  end
  return nil
end

--- What is said of a finding, after the place of its key.
---@param finding usher.config.Finding
---@param path string of the configuration file
---@param text string the file's
---@return string "FILE:LINE: message"
function place.tell(finding, path, text)
  local line = place.line(text, finding.keys) or place.line(text, { "gateway" })
  local where = finding.place or line and ("%s:%d"):format(path, line) or path
  return ("%s: %s"):format(where, finding.message)
end

return place
