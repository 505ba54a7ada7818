-- SPDX-License-Identifier: MIT
-- How the WeChat Open Platform writes what the simulated platform does.

local message_crypto = require "usher.model.message_crypto"
local xml = require "usher.xml"

---@type usher.simulator.Dialect
local wechat = {
  defaults = { app_id = "wx0000000000simul", push_interval = 600, ticket_lifetime = 12 * 3600 },
}

local function fail(code, reason)
  return { errcode = code, errmsg = reason }, reason
end

wechat.refusal = fail(47001, "bad_parameters")

local function push(self, elements)
  local options, stamp = self.options, self:stamp()
  table.insert(elements, 1, { "AppId", options.app_id })
  table.insert(elements, 2, { "CreateTime", stamp.timestamp })
  local keys = { token = options.token, aes_key = options.key }
  local message = message_crypto.seal(keys, xml.encode("xml", elements), options.app_id, stamp)
  return {
    method = "POST",
    url = self:url {
      { "signature", message_crypto.signature { options.token, stamp.timestamp, stamp.nonce } },
      { "timestamp", stamp.timestamp },
      { "nonce", stamp.nonce },
      { "encrypt_type", "aes" },
      { "msg_signature", message.signature },
    },
    headers = { ["Content-Type"] = "text/xml" },
    body = xml.encode("xml", { { "AppId", options.app_id }, { "Encrypt", message.encrypt } }),
  }
end

function wechat.ticket(self, ticket)
  return push(self, { { "InfoType", "component_verify_ticket" }, { "ComponentVerifyTicket", ticket } })
end

function wechat.tenant(self, name, code)
  return push(self, {
    { "InfoType", "authorized" },
    { "AuthorizerAppid", name },
    { "AuthorizationCode", code },
    { "AuthorizationCodeExpiredTime", ("%d"):format(math.floor(self:now()) + 3600) },
    { "PreAuthCode", "preauthcode@@@simulated" },
  })
end

function wechat.accepts(_, response)
  return response.status == 200 and response.body == "success"
end

local TICKETS = { unknown_ticket = 61006, expired_ticket = 61005 }

local function component_token(self, body)
  local fault = self:ticket_fault(body.component_verify_ticket)
  if body.component_appid ~= self.options.app_id then
    return fail(61011, "wrong_app")
  elseif body.component_appsecret ~= self.options.secret then
    return fail(40125, "wrong_secret")
  elseif fault then
    return fail(TICKETS[fault], fault)
  end
  return { component_access_token = self:issue "platform", expires_in = self.options.access_lifetime }
end

local function start_push(self, body)
  if body.component_appid ~= self.options.app_id or body.component_secret ~= self.options.secret then
    return fail(40125, "wrong_secret")
  end
  self.request_push()
  return { errcode = 0, errmsg = "ok" }
end

-- Each authorizer refresh token is good once: whoever loses the next one has to ask the tenant again.
local function authorizer(self, name)
  local refresh_token = self:new_text()
  self.refresh_tokens[refresh_token] = name
  return {
    authorizer_appid = name,
    authorizer_access_token = self:issue(name),
    expires_in = self.options.access_lifetime,
    authorizer_refresh_token = refresh_token,
  }
end

-- Wraps an answer that needs the platform's token.
local function with_token(answer)
  return function(self, body, parameters)
    if not self:left(parameters:get "component_access_token", "platform") then
      return fail(42001, "dead_token")
    end
    return answer(self, body)
  end
end

local function query_auth(self, body)
  local name = self:redeem(body.authorization_code)
  if not name then
    return fail(61009, "unknown_code")
  end
  return { authorization_info = authorizer(self, name) }
end

local function authorizer_token(self, body)
  local refresh_token = body.authorizer_refresh_token
  if self.refresh_tokens[refresh_token] ~= body.authorizer_appid then
    return fail(61023, "unknown_refresh_token")
  end
  self.refresh_tokens[refresh_token] = nil
  local answer = authorizer(self, body.authorizer_appid)
  answer.authorizer_appid = nil
  return answer
end

local PATH = "/cgi-bin/component/"

wechat.routes = {
  [PATH .. "api_component_token"] = {
    kind = "exchange",
    fields = { "component_appid", "component_appsecret", "component_verify_ticket" },
    answer = component_token,
  },
  [PATH .. "api_start_push_ticket"] = {
    kind = "nudge",
    fields = { "component_appid", "component_secret" },
    answer = start_push,
  },
  [PATH .. "api_query_auth"] = {
    kind = "authorize",
    fields = { "component_appid", "authorization_code" },
    answer = with_token(query_auth),
  },
  [PATH .. "api_authorizer_token"] = {
    kind = "derive",
    fields = { "component_appid", "authorizer_appid", "authorizer_refresh_token" },
    answer = with_token(authorizer_token),
  },
}

return wechat
