-- SPDX-License-Identifier: MIT
-- The bodies that Memories.ai answers with: the envelope, with HTTP 200 even for errors, and what its infrastructure
-- says before a request reaches it.

local json = require "usher.json"

local answers = {}

local MESSAGES = {
  ["0001"] = "Bad parameter.",
  ["0003"] = "Missing or malformed parameter.",
  ["0401"] = "Unauthorised.",
  ["0429"] = "Request has exceeded the limit.",
}

local REASONS = {
  [404] = "Not Found",
  [405] = "Method Not Allowed",
  [415] = "Unsupported Media Type",
  [429] = "Too Many Requests",
  [500] = "Internal Server Error",
  [502] = "Bad Gateway",
  [503] = "Service Unavailable",
}

local function respond(status, body)
  return { status = status, headers = { ["content-type"] = "application/json" }, body = json.encode(body) }
end

--- A success that holds `data`.
---@param data table
---@return usher.core.Response
function answers.success(data)
  return respond(200, { code = "0000", msg = "success", data = data, success = true, failed = false })
end

--- An error of the envelope.
---@param code string four digits
---@param status? integer default 200
---@return usher.core.Response
function answers.refusal(code, status)
  local body =
    { code = code, msg = MESSAGES[code] or "Failed.", data = json.null, success = false, failed = true }
  return respond(status or 200, body)
end

--- What Spring answers in place of the application.
---@param status integer
---@param path string
---@param now number Unix seconds
---@param request_id string
---@return usher.core.Response
function answers.infrastructure(status, path, now, request_id)
  return respond(status, {
    timestamp = os.date("!%Y-%m-%dT%H:%M:%S.000+00:00", math.floor(now)),
    path = path,
    status = status,
    error = REASONS[status] or "Error",
    requestId = request_id,
  })
end

--- Any JSON of our own, for inspection.
---@param body table
---@param status? integer default 200
---@return usher.core.Response
function answers.plain(body, status)
  return respond(status or 200, body)
end

return answers
