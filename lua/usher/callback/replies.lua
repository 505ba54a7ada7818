-- SPDX-License-Identifier: MIT
-- What the callback listener says: one fixed short body per status, so that a refusal tells a stranger nothing.

local replies = {}

local CONTENT_TYPE = "text/plain; charset=utf-8"

--- The body of each status.
---@type table<integer, string>
replies.BODIES = {
  [200] = "ok",
  [400] = "bad request",
  [403] = "forbidden",
  [404] = "not found",
  [405] = "method not allowed",
  [408] = "request timeout",
  [413] = "content too large",
  [414] = "uri too long",
  [431] = "request header fields too large",
  [500] = "internal server error",
  [501] = "not implemented",
  [503] = "service unavailable",
  [505] = "http version not supported",
}

--- The body and content type for a status: what a listener takes as `error_body`.
---@param status integer
---@return string body
---@return string content_type
function replies.body(status)
  return replies.BODIES[status] or (status < 300 and replies.BODIES[200] or "error"), CONTENT_TYPE
end

--- The response for a status. A refusal closes the connection.
---@param status integer
---@param headers? table<string, string> further headers
---@return usher.core.Response
function replies.of(status, headers)
  local body, content_type = replies.body(status)
  local response = { status = status, headers = { ["Content-Type"] = content_type }, body = body }
  for name, value in pairs(headers or {}) do
    response.headers[name] = value
  end
  if status == 204 then
    response.body, response.headers["Content-Type"] = nil, nil
  end
  response.close = status >= 400
  return response
end

return replies
