-- SPDX-License-Identifier: MIT
-- Reads anew what accounts have in files, once it has changed: looked for every two seconds, since no notification
-- works on every file system.

local core = require "usher.core"
local planner = require "usher.keeper.planner"

local file_watch = {}

local PERIOD = 2

---@class usher.keeper.FileWatch
local FileWatch = {}
FileWatch.__index = FileWatch
FileWatch.__name = "usher.keeper.file_watch"

-- What tells one content of a file from another; nil: there is none.
local function mark_of(path)
  local status = core.file.status(path)
  return status and ("%d %d %d"):format(status.inode, status.size, status.modified_ns)
end

local function look(keeper, account)
  local mark = mark_of(account.provider.watches(account.config))
  -- An attempt under way may have read what stood there before.
  if mark and mark ~= account.watched and not account.flight then
    account.watched = mark
    planner.start_early(keeper, account, true)
  end
end

local function watched_of(keeper)
  local watched = {}
  for _, account in pairs(keeper.accounts) do
    table.insert(watched, account.provider.watches and account or nil)
  end
  return watched
end

local function arm(self)
  self._timer = self._keeper.clock:timer(PERIOD, function()
    self._timer = nil
    self:start()
  end)
end

--- Looks at once, and from then on while there is an account with a file. To be called when accounts have changed.
function FileWatch:start()
  local watched = watched_of(self._keeper)
  for _, account in ipairs(watched) do
    look(self._keeper, account)
  end
  if #watched > 0 and not self._timer then
    arm(self)
  end
end

--- Looks no more. Idempotent.
function FileWatch:stop()
  if self._timer then
    self._timer:close()
    self._timer = nil
  end
end

---@param keeper usher.Keeper
---@return usher.keeper.FileWatch
function file_watch.new(keeper)
  return setmetatable({ _keeper = keeper }, FileWatch)
end

return file_watch
