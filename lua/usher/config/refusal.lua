-- SPDX-License-Identifier: MIT
-- What is said of a value that may not be so. Pure.

local refusal = {}

local MAX_QUOTED_BYTES = 80

local function shown(value)
  local kind = type(value)
  if kind == "string" then
    value = value:gsub("//[^/]*@", "//...@") -- user and password of a URL
    local text = #value > MAX_QUOTED_BYTES and value:sub(1, MAX_QUOTED_BYTES) .. "..." or value
    return '"' .. text:gsub("%c", "?") .. '" '
  elseif kind == "number" or kind == "boolean" then
    return tostring(value) .. " "
  end
  return ""
end

--- A phrase that follows the name: `"loud" is not allowed; allowed: debug, info`. A secret is not shown, nor
--- what may hold one.
---@param key usher.config.Key
---@param value any
---@param reason? string a phrase instead of "is not allowed"
---@return string
function refusal.of(key, value, reason)
  return ("%s%s; allowed: %s"):format(
    (key.secret or key.value.is_private) and "" or shown(value),
    reason or "is not allowed",
    key.value.allowed
  )
end

return refusal
