-- SPDX-License-Identifier: MIT
-- Counts what the listeners' parts answer, for /metrics.

local requests = {}

---@class usher.gateway.Requests
---@field counts table<string, table<integer, integer>> part -> status -> answers
local Requests = {}
Requests.__index = Requests
Requests.__name = "usher.gateway.requests"

local function count(self, name, status)
  local counts = self.counts[name] or {}
  self.counts[name] = counts
  counts[status] = (counts[status] or 0) + 1
end

--- Has a part answer a request, and counts the answer; a part that raises is a 500, which the listener answers.
---@param name string of the part
---@param part {handle: fun(self: table, request: usher.core.Request): usher.core.Response}
---@param request usher.core.Request
---@return usher.core.Response
function Requests:handle(name, part, request)
  local answered, response = xpcall(part.handle, debug.traceback, part, request)
  count(self, name, answered and response.status or 500)
  if not answered then
    error(response, 0)
  end
  return response
end

---@return usher.gateway.Requests
function requests.new()
  return setmetatable({ counts = {} }, Requests)
end

return requests
