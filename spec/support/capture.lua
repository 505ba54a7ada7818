-- SPDX-License-Identifier: MIT
-- Runs a command line in this process and catches what it writes.

-- luacheck: ignore 122/io

local cli = require "usher.cli"

local capture = {}

local function stream()
  local file = assert(io.tmpfile())
  return file,
    function()
      file:seek "set"
      local text = file:read "a"
      file:close()
      return text
    end
end

--- `usher` with these arguments.
---@param ... string
---@return integer exit_code
---@return string stdout
---@return string stderr
function capture.usher(...)
  local stdout, stderr = io.stdout, io.stderr
  local read_out, read_err
  io.stdout, read_out = stream()
  io.stderr, read_err = stream()
  local done, code = pcall(cli.main, { ... })
  io.stdout, io.stderr = stdout, stderr
  local out, err = read_out(), read_err()
  assert(done, code)
  return code, out, err
end

return capture
