-- SPDX-License-Identifier: MIT
-- Folders and files that a case leaves no trace of.

local temporary = {}

--- A new folder, to be removed by `temporary.remove`.
---@return string path
function temporary.folder()
  local pipe = io.popen "mktemp -d"
  local path = pipe:read "l"
  pipe:close()
  return path
end

--- A new folder in memory where the system has such a place: for what writes much and needs no disk.
---@return string path
function temporary.memory_folder()
  local pipe = io.popen [[test -w /dev/shm && TMPDIR=/dev/shm; export TMPDIR; mktemp -d]]
  local path = pipe:read "l"
  pipe:close()
  return path
end

---@param path string
function temporary.remove(path)
  os.execute(("rm -rf '%s'"):format(path))
end

---@param path string
---@param bytes string
function temporary.write(path, bytes)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  file:close()
end

---@param path string
---@return string
function temporary.read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

return temporary
