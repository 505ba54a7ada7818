-- SPDX-License-Identifier: MIT
-- Probes: /livez while the loop turns, /readyz while the store answers. Neither depends on accounts.

local errors = require "usher.errors"
local replies = require "usher.api.replies"

local health = {}

---@return usher.core.Response
function health.live()
  return replies.json(200, { status = "ok" })
end

---@param ready fun(): boolean, string? whether the gateway is ready, else why not
---@return usher.core.Response
function health.ready(ready)
  local is_ready, reason = ready()
  if is_ready then
    return replies.json(200, { status = "ok" })
  end
  return replies.failure(errors.new("temporarily_unavailable", reason or "not ready"))
end

return health
