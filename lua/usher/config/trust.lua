-- SPDX-License-Identifier: MIT
-- Whether others could have put a file there, may change it, or may read it: asked before a secret is taken
-- from it, before code is, and before a socket is put beside it. A folder that only we and root may write cannot change
-- between the question and the use.

local core = require "usher.core"
local sorted = require "usher.config.sorted"
local source = require "usher.config.source"

local trust = {}

local WRITABLE_BY_OTHERS = 18 -- 0022
local WRITABLE_BY_ALL = 2 -- 0002
local OPEN_TO_OTHERS = 63 -- 0077
local READABLE_BY_GROUP = 32 -- 0040: how an access control list shows, too
local STICKY = 512 -- 01000
local PERMISSIONS = 4095

-- What people should know of files that were read all the same, by path.
---@type table<string, usher.config.Warning>
local concerns = {}

local function warning(path, event, reason)
  return reason
    and { path = path .. ":", reason = reason, event = event, fields = { file = path, reason = reason } }
end

-- Ours, root's, or of whoever owns the whole tree, which is how a namespace without root shows root's.
local function is_trusted(uid)
  local root = core.file.status "/"
  return uid == core.identity.own() or uid == 0 or root ~= nil and uid == root.uid
end

local function folder_of(path)
  local folder = path:match "^(.*)/[^/]*$"
  return folder == "" and "/" or folder or "."
end

local function resolved_folder(path)
  return core.file.resolve(folder_of(path)) or folder_of(path)
end

local function written(status)
  return ("mode %04o"):format(status.mode & PERMISSIONS)
end

-- A sticky folder lets everybody make files, and touch only their own.
local function folder_fault(folder, may_be_sticky)
  local status = core.file.status(folder)
  if not status then
    return nil
  elseif not is_trusted(status.uid) then
    return ("%s: the folder belongs to another user (uid %d)"):format(folder, status.uid)
  elseif status.mode & WRITABLE_BY_OTHERS ~= 0 and not (may_be_sticky and status.mode & STICKY ~= 0) then
    return ("%s: others may write in the folder (%s); allowed: 0755"):format(folder, written(status))
  end
end

local function file_fault(path, status)
  if not is_trusted(status.uid) then
    return ("%s: belongs to another user (uid %d)"):format(path, status.uid)
  elseif status.type ~= "link" and status.mode & WRITABLE_BY_OTHERS ~= 0 then
    return ("%s: others may change it (%s)"):format(path, written(status))
  end
  return folder_fault(folder_of(path), true)
end

-- What is wrong with a file, and with a symbolic link that leads to it. nil: nothing, or there is no file, which
-- whoever reads it tells better.
local function fault_of(path)
  local link = core.file.link_status(path)
  local fault = link and file_fault(path, link)
  if fault or not link or link.type ~= "link" then
    return fault
  end
  local target = core.file.resolve(path)
  local status = target and core.file.status(target)
  return status and file_fault(target, status)
end

-- systemd hands credentials over in a folder that it guards, readable through an access control list.
local function is_credential(path)
  local folder = os.getenv "CREDENTIALS_DIRECTORY"
  local given, found = folder and core.file.resolve(folder), core.file.resolve(path)
  return given ~= nil and found ~= nil and folder_of(found) == given
end

--- What lets others read a secret's file; nil: nobody else may, or it is one of systemd's credentials.
---@param path string
---@return string? phrase
function trust.exposure(path)
  local status = core.file.status(path)
  local open = status and status.mode & OPEN_TO_OTHERS or 0
  if open == 0 or open == READABLE_BY_GROUP and is_credential(path) then
    return nil
  end
  return written(status) .. " lets others at the secret; allowed: 0600"
end

--- What would let others choose the secret in a file: it, a link to it or one of their folders is theirs, or theirs
--- to change.
---@param path string
---@return string? fault begins with a path
function trust.file_fault(path)
  return fault_of(path)
end

--- What a secret's file holds; where others may read it too, that is noted. One that they might have put there is not
--- read.
---@generic T
---@param path string
---@param read? fun(path: string): T?, string? default: `source.read_file`
---@return string|T|nil bytes
---@return string? reason
function trust.read_secret(path, read)
  local fault = fault_of(path)
  concerns[path] = not fault and warning(path, "secret_exposed", trust.exposure(path)) or nil
  if fault then
    return nil, fault
  end
  return (read or source.read_file)(path)
end

--- Notes a file of code that others may change: they decide what runs here.
---@param path string
function trust.note_code(path)
  local fault = fault_of(path)
  concerns[path] = warning(path, "code_changeable", fault and "what stands there runs here, and " .. fault)
end

--- What people should know of the files read so far, in the order of their paths.
---@return usher.config.Warning[]
function trust.warnings()
  local list = {}
  for _, path in ipairs(sorted.keys(concerns)) do
    table.insert(list, concerns[path])
  end
  return list
end

-- The folders above one, up to the root.
local function above(folder)
  return function()
    if folder ~= "/" and folder ~= "." then
      folder = folder_of(folder)
      return folder
    end
  end
end

-- Where a group may write, it may be one of us alone: many systems give each user such a group.
local function is_of_group_alone(folder)
  local status = core.file.status(folder)
  return status ~= nil and is_trusted(status.uid) and status.mode & WRITABLE_BY_ALL == 0
end

--- What would let others put a socket of theirs in the place of ours: they may write in its folder, or rename one of
--- those that lead to it.
---@param path string of the socket
---@return string? fault begins with the folder
function trust.socket_fault(path)
  local folder = resolved_folder(path)
  local fault = folder_fault(folder, false)
  if fault then
    return fault
  end
  for parent in above(folder) do
    fault = not is_of_group_alone(parent) and folder_fault(parent, true)
    if fault then
      return fault
    end
  end
end

--- The folders above a socket's own in which a group may rename what leads to it.
---@param path string of the socket
---@return usher.config.Warning[]
function trust.socket_warnings(path)
  local list = {}
  for parent in above(resolved_folder(path)) do
    local fault = is_of_group_alone(parent) and folder_fault(parent, true) or nil
    table.insert(list, warning(path, "socket_replaceable", fault))
  end
  return list
end

return trust
