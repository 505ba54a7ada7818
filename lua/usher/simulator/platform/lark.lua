-- SPDX-License-Identifier: MIT
-- How Lark and Feishu write what the simulated platform does, to an app of their store.

local json = require "usher.json"
local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"

local SAME_TOKEN_SECONDS = 1800

---@type usher.simulator.Dialect
local lark = {
  defaults = { app_id = "cli_simulated", push_interval = 3600, ticket_lifetime = 12 * 3600 },
}

local function fail(code, reason)
  return { code = code, msg = reason }, reason
end

lark.refusal = fail(10003, "bad_parameters")

local function post(self, event, is_signed)
  local key, stamp = self.options.key, self:stamp()
  local body = json.encode { encrypt = message_crypto.lark_encrypt(key, json.encode(event), stamp.random) }
  local headers = { ["Content-Type"] = "application/json" }
  if is_signed then
    headers["X-Lark-Request-Timestamp"], headers["X-Lark-Request-Nonce"] = stamp.timestamp, stamp.nonce
    headers["X-Lark-Signature"] = message_crypto.lark_signature(key, stamp.timestamp, stamp.nonce, body)
  end
  return { method = "POST", url = self.options.callback, headers = headers, body = body }
end

function lark.check(self, challenge)
  local request =
    post(self, { challenge = challenge, token = self.options.token, type = "url_verification" }, false)
  return request,
    function(response)
      local body = json_request.object(response.body)
      return response.status == 200 and body ~= nil and body.challenge == challenge
    end
end

function lark.ticket(self, ticket)
  local app_id, stamp = self.options.app_id, self:stamp()
  return post(self, {
    ts = stamp.timestamp .. ".0",
    uuid = stamp.nonce,
    token = self.options.token,
    type = "event_callback",
    event = { app_id = app_id, app_ticket = ticket, type = "app_ticket" },
  }, true)
end

function lark.accepts(_, response)
  return response.status == 200 and json_request.object(response.body) ~= nil
end

local function check_app(self, body)
  if body.app_id ~= self.options.app_id or body.app_secret ~= self.options.secret then
    return fail(10014, "wrong_secret")
  end
end

-- Half an hour, or of the short lives of tests a quarter.
local function least(self)
  return math.min(SAME_TOKEN_SECONDS, self.options.access_lifetime / 4)
end

local function app_token(self, body)
  local refusal, reason = check_app(self, body)
  local fault = self:ticket_fault(body.app_ticket)
  if refusal then
    return refusal, reason
  elseif fault then
    return fail(10012, fault)
  end
  local token, left = self:repeat_or_issue("platform", least(self))
  return { code = 0, msg = "ok", app_access_token = token, expire = math.floor(left) }
end

local function resend(self, body)
  local refusal, reason = check_app(self, body)
  if refusal then
    return refusal, reason
  end
  self.request_push()
  return { code = 0, msg = "ok" }
end

local function tenant_token(self, body)
  if not self:left(body.app_access_token, "platform") then
    return fail(99991664, "dead_token")
  elseif not self:has_tenant(body.tenant_key) then
    return fail(10013, "unknown_tenant")
  end
  local token, left = self:repeat_or_issue(body.tenant_key, least(self))
  return { code = 0, msg = "ok", tenant_access_token = token, expire = math.floor(left) }
end

local PATH = "/open-apis/auth/v3/"

lark.routes = {
  [PATH .. "app_access_token"] = {
    kind = "exchange",
    fields = { "app_id", "app_secret", "app_ticket" },
    answer = app_token,
  },
  [PATH .. "app_ticket/resend"] = { kind = "nudge", fields = { "app_id", "app_secret" }, answer = resend },
  [PATH .. "tenant_access_token"] = {
    kind = "derive",
    fields = { "app_access_token", "tenant_key" },
    answer = tenant_token,
  },
}

return lark
