-- SPDX-License-Identifier: MIT
-- Answers a transfer's request without a network: what a simulated provider's answer becomes on the way.

local errors = require "usher.errors"

local wire = {}

-- As of `core.transfer`.
local TIMEOUT_MS = 20000
local MAX_BODY_BYTES = 262144

local function lower_names(headers)
  local lowered = {}
  for name, value in pairs(headers or {}) do
    lowered[name:lower()] = value
  end
  return lowered
end

--- A transfer's request as a listener would give it.
---@param request usher.core.transfer.Request
---@return usher.core.Request? request nil: the URL is none
function wire.received(request)
  local path, query = request.url:match "^https?://[^/?#]+([^?#]*)%??([^#]*)$"
  return path
    and {
      method = request.method,
      path = path ~= "" and path or "/",
      query = query,
      headers = lower_names(request.headers),
      body = request.body or "",
      remote = "127.0.0.1:1",
    }
end

-- What a transfer makes of an answer that comes in time.
local function outcome_of(request, answer)
  if answer.error then
    return errors.fail(answer.error, nil, { sent = false })
  elseif answer.abort then
    return errors.fail(answer.status and "bad_response" or "connection_lost", nil, { sent = true })
  elseif #answer.body > (request.max_body_bytes or MAX_BODY_BYTES) then
    return errors.fail("response_too_large", nil, { sent = true })
  end
  return answer
end

--- What `core.transfer.perform` would give. Waits where the answer takes its time.
---@param handle fun(request: usher.core.Request): usher.simulator.Answer
---@param clock usher.Clock
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return (usher.Error|{sent: boolean})? err
function wire.perform(handle, clock, request)
  local received = wire.received(request)
  if not received then
    return errors.fail("bad_url", nil, { sent = false })
  end
  local answer = handle(received)
  local timeout = (request.timeout_ms or TIMEOUT_MS) / 1000
  if answer.delay then
    clock:sleep(math.min(answer.delay, timeout))
  end
  if answer.delay and answer.delay >= timeout then
    return errors.fail("timeout", nil, { sent = true })
  end
  return outcome_of(request, answer)
end

return wire
