-- SPDX-License-Identifier: MIT
-- What settings must be together, beyond what each may be alone. Pure.

local listen = require "usher.config.listen"

local rules = {}

---@class usher.config.Finding
---@field path string of the setting that is to blame
---@field reason string what is wrong, a phrase that follows the name
---@field remedy? string a flag that allows it

local function is_local(text)
  return listen.is_local(listen.parse(text))
end

--- The first rule that the settings break.
---@param settings table with `callback` and `api` as in a description
---@return usher.config.Finding? violation
function rules.violation(settings)
  local callback, api = settings.callback, settings.api
  if not is_local(callback.listen) and not callback.plain then
    return {
      path = "callback.listen",
      reason = "is reachable from other machines, where callbacks need TLS: listen on 127.0.0.1 behind a proxy that"
        .. " speaks it, or allow plain callbacks",
      remedy = "callback.plain",
    }
  elseif not listen.parse(api.listen).path and not api.token then
    return { path = "api.token", reason = "is required where the API is on TCP" }
  end
end

return rules
