-- SPDX-License-Identifier: MIT
-- What the API says: JSON, and errors as {"error": code, "error_description": words}.

local core = require "usher.core"
local json = require "usher.json"

local replies = {}

local CONTENT_TYPE = "application/json"

--- The status of each error code that a response may carry.
---@type table<string, integer>
replies.STATUSES = {
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  unknown_account = 404,
  method_not_allowed = 405,
  request_timeout = 408,
  body_too_large = 413,
  uri_too_long = 414,
  misdirected = 421,
  bad_configuration = 422,
  headers_too_large = 431,
  internal = 500,
  not_implemented = 501,
  awaiting_credential = 503,
  reauthorization_required = 503,
  budget_exhausted = 503,
  temporarily_unavailable = 503,
  bad_version = 505,
}

local CODES = { [404] = "not_found", [503] = "temporarily_unavailable" }
for code, status in pairs(replies.STATUSES) do
  CODES[status] = CODES[status] or code
end

-- How long a consumer should wait where the keeper does not say: a push may come at any moment, a person takes longer.
local RETRY_AFTER = { awaiting_credential = 10, reauthorization_required = 60, budget_exhausted = 300 }
local RETRY_AFTER_DEFAULT = 5

local function error_body(code, description)
  return json.encode { error = code, error_description = description }
end

--- A JSON response, which no cache may keep.
---@param status integer
---@param value table
---@return usher.core.Response
function replies.json(status, value)
  local headers = { ["Content-Type"] = CONTENT_TYPE, ["Cache-Control"] = "no-store" }
  return { status = status, headers = headers, body = json.encode(value) }
end

--- The response for a failure. Codes that are none of the contract's are `temporarily_unavailable`.
---@param err usher.Error with `retry_after` in seconds where known
---@return usher.core.Response
function replies.failure(err)
  local code = replies.STATUSES[err.code] and err.code or "temporarily_unavailable"
  local response = replies.json(replies.STATUSES[code], { error = code, error_description = err.message })
  if response.status == 503 then
    local seconds = err.retry_after or RETRY_AFTER[code] or RETRY_AFTER_DEFAULT
    response.headers["Retry-After"] = ("%d"):format(math.max(1, math.ceil(seconds)))
  end
  return response
end

--- The body and content type for errors that no handler saw: what a listener takes as `error_body`.
---@param status integer
---@return string body
---@return string content_type
function replies.body(status)
  local code = CODES[status] or "internal"
  return error_body(code, core.errors[code].message), CONTENT_TYPE
end

return replies
