-- SPDX-License-Identifier: MIT
-- What settings must be together, beyond what each may be alone. Pure.

local listen = require "usher.config.listen"
local sorted = require "usher.config.sorted"

local rules = {}

---@class usher.config.Finding
---@field path string of the setting that is to blame
---@field reason string what is wrong, a phrase that follows the name
---@field is_missing? boolean the setting is to blame for not being there
---@field remedy? string a flag that allows it

local function is_local(text)
  return listen.is_local(listen.parse(text))
end

-- Where one of the two files is missing, its name.
local function missing_file(callback)
  local tls = callback.tls
  if tls and (tls.cert == nil) ~= (tls.key == nil) then
    return tls.cert and "key" or "cert"
  end
end

local function has_tls(callback)
  return callback.tls ~= nil and callback.tls.cert ~= nil
end

--- The first rule that the settings break.
---@param settings table with `callback` and `api` as in a description
---@return usher.config.Finding? violation
function rules.violation(settings)
  local callback, api = settings.callback, settings.api
  local missing = missing_file(callback)
  if missing then
    return {
      path = "callback.tls." .. missing,
      reason = "is required: certificate and key go together",
      is_missing = true,
    }
  elseif not is_local(callback.listen) and not has_tls(callback) and not callback.plain then
    return {
      path = "callback.listen",
      reason = "is reachable from other machines, where callbacks need TLS: give a certificate and its key, listen on"
        .. " 127.0.0.1 behind a proxy that speaks it, or allow plain callbacks",
      remedy = "callback.plain",
    }
  elseif listen.parse(callback.listen).path and #(callback.allow or {}) > 0 then
    return { path = "callback.allow", reason = "cannot be held on a Unix socket, where nobody has an address" }
  elseif not listen.parse(api.listen).path and not api.token then
    return { path = "api.token", reason = "is required where the API is on TCP", is_missing = true }
  end
end

---@class usher.config.Warning
---@field path string of the setting
---@field reason string a phrase that follows the name
---@field event string for the log
---@field fields table<string, string> for the log

-- For somebody who reads the log once a day.
local EXPIRY_NOTICE = 24 * 3600

--- A certificate that has ended, or is about to.
---@param expires_at integer Unix seconds
---@param now number Unix seconds
---@return usher.config.Warning?
function rules.expiry_warning(expires_at, now)
  if expires_at - now < EXPIRY_NOTICE then
    local date = os.date("!%Y-%m-%d %H:%M:%S UTC", expires_at)
    return {
      path = "callback.tls.cert",
      reason = ("holds a certificate that %s %s"):format(expires_at > now and "expires" or "expired", date),
      event = "certificate_expires",
      fields = { expires_at = expires_at },
    }
  end
end

-- The key that would pin an account nobody has pinned; nil: it is pinned, or there is nothing to pin.
local function missing_pin(account)
  local key = account.provider and account.provider.subject_key
  if account.subject or key == false then
    return nil
  end
  return key or "client_id"
end

--- What is allowed, and still a person should know.
---@param settings table a description with defaults
---@return usher.config.Warning[]
function rules.warnings(settings)
  local warnings = {}
  if not is_local(settings.callback.listen) and not has_tls(settings.callback) then
    table.insert(warnings, {
      path = "callback.listen",
      reason = "takes callbacks in clear from other machines: whoever is on the way reads the credentials",
      event = "callback_plain_http",
      fields = { listen = settings.callback.listen },
    })
  end
  if not is_local(settings.api.listen) then
    table.insert(warnings, {
      path = "api.listen",
      reason = "gives tokens in clear to other machines: whoever is on the way reads them and the bearer",
      event = "api_plain_http",
      fields = { listen = settings.api.listen },
    })
  end
  for _, name in ipairs(sorted.keys(settings.accounts)) do
    local key = missing_pin(settings.accounts[name])
    if key then
      table.insert(warnings, {
        path = ("accounts.%s.%s"):format(name, key),
        reason = "is not set: the account will belong to whom the first push that is exchanged names",
        event = "subject_not_pinned",
        fields = { account = name },
      })
    end
  end
  return warnings
end

return rules
