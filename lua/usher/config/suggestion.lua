-- SPDX-License-Identifier: MIT
-- Which known key somebody may have meant. Pure.

local suggestion = {}

local ELSEWHERE = 1 -- what a key in another table counts, in edits
local LONGEST = 64 -- bytes of a word that are compared

--- How many characters must be added, dropped, replaced, or swapped with their neighbour.
---@param a string
---@param b string
---@return integer
function suggestion.distance(a, b)
  local before_last, last = {}, {}
  for column = 0, #b do
    last[column] = column
  end
  for row = 1, #a do
    local current = { [0] = row }
    for column = 1, #b do
      local cost = a:byte(row) == b:byte(column) and 0 or 1
      current[column] = math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + cost)
      local is_swap = row > 1
        and column > 1
        and a:byte(row) == b:byte(column - 1)
        and a:byte(row - 1) == b:byte(column)
      if is_swap then
        current[column] = math.min(current[column], before_last[column - 2] + 1)
      end
    end
    before_last, last = last, current
  end
  return last[#b]
end

local function split(path)
  local parent, leaf = path:match "^(.*)%.([^.]*)$"
  return parent or "", leaf or path
end

--- The known path whose last word is nearest to this one's; those in the same table come first.
---@param path string "callback.tls.kee"
---@param known string[] paths
---@return string? nearest nil: none is known
function suggestion.nearest(path, known)
  local parent, word = split(path)
  local nearest, least
  for _, candidate in ipairs(known) do
    local candidate_parent, leaf = split(candidate)
    local edits = suggestion.distance(word:sub(1, LONGEST), leaf)
      + (candidate_parent == parent and 0 or ELSEWHERE)
    if not least or edits < least then
      nearest, least = candidate, edits
    end
  end
  return nearest
end

return suggestion
