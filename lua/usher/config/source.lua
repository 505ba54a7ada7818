-- SPDX-License-Identifier: MIT
-- Reads a variable NAME from the environment, or from the file that NAME_FILE names. Without the core: client
-- commands read their variables so too.

local source = {}

local MAX_FILE_BYTES = 65536

---@param path string
---@return string? bytes
---@return string? reason
function source.read_file(path)
  local file, reason = io.open(path, "rb")
  if not file then
    return nil, reason
  end
  local bytes
  bytes, reason = file:read(MAX_FILE_BYTES + 1)
  file:close()
  if not bytes and reason then
    return nil, path .. ": " .. reason
  end
  bytes = bytes or ""
  if #bytes > MAX_FILE_BYTES then
    return nil, ("%s: larger than %d bytes"):format(path, MAX_FILE_BYTES)
  end
  return bytes
end

--- Why a file cannot be read, or that there is nothing in it; nil: it can be used.
---@param path string
---@return string? reason
function source.fault_of(path)
  local file <close>, reason = io.open(path, "rb")
  if not file then
    return reason
  end
  local byte
  byte, reason = file:read(1)
  return not byte and ("%s: %s"):format(path, reason or "empty") or nil
end

--- The variable's value; nil where neither NAME nor NAME_FILE is set to something. An empty variable counts as
--- unset, an empty file does not.
---@generic T
---@param name string
---@param getenv fun(name: string): string?
---@param read_file? fun(path: string): string?, string? default: `source.read_file`
---@param value? T what NAME itself holds, where it was read by other means
---@return string|T|nil value
---@return string? reason what is wrong, a phrase that follows the name
function source.read(name, getenv, read_file, value)
  value = value or getenv(name)
  value = value and #value > 0 and value or nil
  local path = getenv(name .. "_FILE")
  if not path or path == "" then
    return value
  elseif value then
    return nil, ("and %s_FILE are both set: unset one"):format(name)
  end
  local bytes, reason = (read_file or source.read_file)(path)
  if not bytes then
    return nil, ("cannot be read through %s_FILE: %s"):format(name, reason)
  end
  return (bytes:gsub("\r?\n$", ""))
end

return source
