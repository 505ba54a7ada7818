-- SPDX-License-Identifier: MIT
-- Has a program's calls on the files of a folder fail, or kill it at one of them: spec/c/disk_faults.c, preloaded.

local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

local disk_faults = { ENOSPC = 28, EIO = 5, EROFS = 30, EACCES = 13 }

local LIBRARY = "disk_faults.so"

---@class spec.DiskFaults
---@field environment table<string, string> for the program
local DiskFaults = {}
DiskFaults.__index = DiskFaults

--- From now on: calls of these names (open, pwrite, write, fsync, rename, unlink, link) fail with that errno.
---@param faults? table<string, integer> nil: none
function DiskFaults:set(faults)
  local lines = {}
  for name, number in pairs(faults or {}) do
    table.insert(lines, ("%s %d\n"):format(name, number))
  end
  local path = self.environment.DISK_FAULTS_CONTROL
  temporary.write(path .. ".next", table.concat(lines))
  assert(os.rename(path .. ".next", path))
end

--- The program's environment: these variables, and those that bring the faults.
---@param variables table<string, string>
---@return table<string, string>
function DiskFaults:with(variables)
  local merged = {}
  for _, source in ipairs { variables, self.environment } do
    for name, value in pairs(source) do
      merged[name] = value
    end
  end
  return merged
end

--- The calls that were made: name, descriptor, errno.
---@return {name: string, fd: integer, errno: integer}[]
function DiskFaults:calls()
  local calls = {}
  local file = io.open(self.environment.DISK_FAULTS_LOG, "rb")
  for line in file and file:lines() or function() end do
    local name, fd, number = line:match "^(%a+) (%-?%d+) (%d+)$"
    table.insert(calls, { name = name, fd = math.tointeger(fd), errno = math.tointeger(number) })
  end
  if file then
    file:close()
  end
  return calls
end

--- How many of the calls can kill: a close, which frees its descriptor all the same, cannot.
---@return integer
function DiskFaults:count()
  local count = 0
  for _, call in ipairs(self:calls()) do
    count = count + (call.name == "close" and 0 or 1)
  end
  return count
end

--- Faults for one program.
---@param folder string whose files count
---@param place string a folder for control and log
---@param kill_at? integer the call before which the program is killed
---@return spec.DiskFaults
function disk_faults.new(folder, place, kill_at)
  local preload = os.getenv "LD_PRELOAD"
  return setmetatable({
    environment = {
      -- By its name alone: a path must not have a space here.
      LD_PRELOAD = (preload and preload .. " " or "") .. LIBRARY,
      LD_LIBRARY_PATH = paths.build .. "/spec",
      DISK_FAULTS_FOLDER = folder .. "/",
      DISK_FAULTS_CONTROL = place .. "/disk-faults.control",
      DISK_FAULTS_LOG = place .. "/disk-faults.log",
      DISK_FAULTS_KILL_AT = kill_at and tostring(kill_at),
    },
  }, DiskFaults)
end

return disk_faults
