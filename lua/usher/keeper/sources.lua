-- SPDX-License-Identifier: MIT
-- Requests that no server answers: a file is read, a command is run. What comes of them looks like a response, so that
-- everything else is as ever. Waits.

local core = require "usher.core"

local sources = {}

local MAX_BYTES = 65536

-- Nothing has left: the same may be asked again.
local function unsent(err)
  err.sent = false
  return nil, err
end

local function read_file(request)
  local bytes, err = core.file.read(request.file, MAX_BYTES)
  if not bytes then
    return unsent(err)
  end
  return { status = 200, headers = {}, body = bytes }
end

local function run_command(request)
  local result, err = core.command.run {
    words = request.command,
    environment = request.environment,
    timeout_ms = request.timeout_ms,
    max_bytes = MAX_BYTES,
  }
  if not result then
    return unsent(err)
  end
  local is_done = result.status == 0 and result.signal == 0
  return { status = is_done and 200 or 500, headers = {}, body = result.output, exit = result }
end

--- What performs a request in place of a transfer; nil: a transfer does.
---@param request usher.provider.Request
---@return (fun(request: table): table?, usher.Error?)?
function sources.of(request)
  return request.file and read_file or request.command and run_command or nil
end

return sources
