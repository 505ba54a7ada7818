-- SPDX-License-Identifier: MIT
-- Who may ask for an account's token on the Unix socket: `allow = { users = { "app" }, groups = { "apps", 998 } }`.
-- Names become numbers once, when the configuration is read, so that no request waits for a directory service.

local core = require "usher.core"

local access = {}

---@class usher.config.Access
---@field users table<integer, true>
---@field groups table<integer, true>

local KINDS = { { "users", "user" }, { "groups", "group" } }

local function number_of(find, identity)
  if type(identity) == "number" then
    return identity
  end
  local number, err = find(identity)
  return number, err and ('names "%s": %s'):format(identity, err.message)
end

--- The numbers of those whom an account's `allow` names.
---@param allow {users: (string|integer)[]?, groups: (string|integer)[]?}
---@return usher.config.Access? resolved
---@return string? reason a phrase that follows the key
---@return string? member of `allow` that is to blame; nil: `allow` itself
function access.resolve(allow)
  local resolved = {}
  for _, kind in ipairs(KINDS) do
    local member, verb = table.unpack(kind)
    resolved[member] = {}
    for _, identity in ipairs(allow[member] or {}) do
      local number, reason = number_of(core.identity[verb], identity)
      if not number then
        return nil, reason, member
      end
      resolved[member][number] = true
    end
  end
  if next(resolved.users) == nil and next(resolved.groups) == nil then
    return nil, "names nobody: without it, whoever may open the socket may ask"
  end
  return resolved
end

--- Whether somebody is among those who are allowed. Nobody is who the kernel does not know.
---@param resolved usher.config.Access
---@param peer? usher.core.Peer
---@return boolean
function access.permits(resolved, peer)
  if not peer then
    return false
  elseif resolved.users[peer.uid] or resolved.groups[peer.gid] then
    return true
  end
  for _, group in ipairs(peer.groups) do
    if resolved.groups[group] then
      return true
    end
  end
  return false
end

return access
