-- SPDX-License-Identifier: MIT
-- A keeper as one consumer sees it: accounts that it may not ask for do not exist, in answers, lists and metrics.

local access = require "usher.config.access"
local errors = require "usher.errors"

local visibility = {}

---@alias usher.api.Access table<string, usher.config.Access> by account; one without an entry is for everybody

local function is_hidden(rules, name, peer)
  return rules[name] ~= nil and not access.permits(rules[name], peer)
end

--- Whether there is an account that somebody may not see.
---@param rules usher.api.Access
---@param peer? usher.core.Peer
---@return boolean
function visibility.is_limited(rules, peer)
  for name in pairs(rules) do
    if is_hidden(rules, name, peer) then
      return true
    end
  end
  return false
end

-- Every method of a keeper that takes something takes an account's name first.
local function method(keeper, rules, peer, verb)
  return function(_, name, ...)
    if name ~= nil and is_hidden(rules, name, peer) then
      return errors.fail "unknown_account"
    end
    return keeper[verb](keeper, name, ...)
  end
end

--- The keeper for who asks.
---@param keeper table a `usher.keeper`
---@param rules usher.api.Access
---@param peer? usher.core.Peer
---@return table keeper
function visibility.of(keeper, rules, peer)
  if not visibility.is_limited(rules, peer) then
    return keeper
  end
  local seen = {}
  function seen.names()
    local names = {}
    for _, name in ipairs(keeper:names()) do
      table.insert(names, not is_hidden(rules, name, peer) and name or nil)
    end
    return names
  end
  return setmetatable(seen, {
    __index = function(_, verb)
      return method(keeper, rules, peer, verb)
    end,
  })
end

return visibility
