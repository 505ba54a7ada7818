-- SPDX-License-Identifier: MIT
-- How WeCom writes what the simulated platform does, to a third party's suite.

local message_crypto = require "usher.model.message_crypto"
local xml = require "usher.xml"

---@type usher.simulator.Dialect
local wecom = {
  defaults = {
    app_id = "ww0000000000simul",
    corp_id = "ww000provider000",
    push_interval = 600,
    ticket_lifetime = 1800,
  },
}

local function fail(code, reason)
  return { errcode = code, errmsg = reason }, reason
end

wecom.refusal = fail(40035, "bad_parameters")

local function seal(self, text, receiver, stamp)
  local keys = { token = self.options.token, aes_key = self.options.key }
  return message_crypto.seal(keys, text, receiver, stamp)
end

local function parameters_of(message)
  return {
    { "msg_signature", message.signature },
    { "timestamp", message.timestamp },
    { "nonce", message.nonce },
  }
end

local function push(self, elements)
  local options, stamp = self.options, self:stamp()
  table.insert(elements, 1, { "SuiteId", options.app_id })
  table.insert(elements, { "TimeStamp", stamp.timestamp })
  local message = seal(self, xml.encode("xml", elements), options.app_id, stamp)
  return {
    method = "POST",
    url = self:url(parameters_of(message)),
    headers = { ["Content-Type"] = "text/xml" },
    body = xml.encode("xml", {
      { "ToUserName", options.app_id },
      { "AgentID", "" },
      { "Encrypt", message.encrypt },
    }),
  }
end

function wecom.check(self, challenge)
  local message = seal(self, challenge, self.options.corp_id, self:stamp())
  local parameters = parameters_of(message)
  table.insert(parameters, { "echostr", message.encrypt })
  return { method = "GET", url = self:url(parameters) }, function(response)
    return response.status == 200 and response.body == challenge
  end
end

function wecom.ticket(self, ticket)
  return push(self, { { "InfoType", "suite_ticket" }, { "SuiteTicket", ticket } })
end

function wecom.tenant(self, _, code)
  return push(self, { { "AuthCode", code }, { "InfoType", "create_auth" } })
end

function wecom.accepts(_, response)
  return response.status == 200 and response.body == "success"
end

-- Before its end the same token is given again, and its life is told as if it were new.
local function suite_token(self, body)
  if body.suite_id ~= self.options.app_id then
    return fail(40083, "wrong_app")
  elseif body.suite_secret ~= self.options.secret then
    return fail(40080, "wrong_secret")
  elseif self:ticket_fault(body.suite_ticket) then
    return fail(40085, self:ticket_fault(body.suite_ticket))
  end
  return {
    suite_access_token = self:repeat_or_issue("platform", 0),
    expires_in = self.options.access_lifetime,
  }
end

local function with_token(answer)
  return function(self, body, parameters)
    if not self:left(parameters:get "suite_access_token", "platform") then
      return fail(42009, "dead_token")
    end
    return answer(self, body)
  end
end

-- The code comes alone: whoever loses it has to ask the corporation again.
local function permanent_code(self, body)
  local name = self:redeem(body.auth_code)
  if not name then
    return fail(40078, "unknown_code")
  end
  local code = self:new_text()
  self.refresh_tokens[code] = name
  return { permanent_code = code, auth_corp_info = { corpid = name } }
end

local function corp_token(self, body)
  if self.refresh_tokens[body.permanent_code] ~= body.auth_corpid then
    return fail(40084, "unknown_permanent_code")
  end
  return { access_token = self:issue(body.auth_corpid), expires_in = self.options.access_lifetime }
end

local PATH = "/cgi-bin/service/"

wecom.routes = {
  [PATH .. "get_suite_token"] = {
    kind = "exchange",
    fields = { "suite_id", "suite_secret", "suite_ticket" },
    answer = suite_token,
  },
  [PATH .. "get_permanent_code"] = {
    kind = "authorize",
    fields = { "auth_code" },
    answer = with_token(permanent_code),
  },
  [PATH .. "get_corp_token"] = {
    kind = "derive",
    fields = { "auth_corpid", "permanent_code" },
    answer = with_token(corp_token),
  },
}

return wecom
