-- SPDX-License-Identifier: MIT
-- How DingTalk writes what the simulated platform does, to a third party's suite.

local core = require "usher.core"
local json = require "usher.json"
local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"

local UNBORN = "suite4xxxxxxxxxxxxxxx"
local FRESH_SECONDS = 60

---@type usher.simulator.Dialect
local dingtalk = {
  defaults = { app_id = "suitesimulated00", push_interval = 5 * 3600, ticket_lifetime = 10 * 3600 },
}

local function fail(code, reason)
  return { errcode = code, errmsg = reason }, reason
end

dingtalk.refusal = fail(40035, "bad_parameters")

local function keys_of(self)
  return { token = self.options.token, aes_key = self.options.key }
end

local function push(self, event, receiver)
  local stamp = self:stamp()
  stamp.timestamp = stamp.timestamp .. "000"
  event.TimeStamp = stamp.timestamp
  local message = message_crypto.seal(keys_of(self), json.encode(event), receiver, stamp)
  return {
    method = "POST",
    url = self:url {
      { "signature", message.signature },
      { "timestamp", message.timestamp },
      { "nonce", message.nonce },
    },
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { encrypt = message.encrypt },
  }
end

-- The text of an encrypted reply; nil where it is none.
local function text_of(self, response, receiver)
  local body = response.status == 200 and json_request.object(response.body)
  local is_whole = body
    and type(body.msg_signature) == "string"
    and type(body.timeStamp) == "string"
    and type(body.nonce) == "string"
    and type(body.encrypt) == "string"
  if not is_whole then
    return nil
  end
  local message =
    { signature = body.msg_signature, timestamp = body.timeStamp, nonce = body.nonce, encrypt = body.encrypt }
  local now = tonumber(self:stamp().timestamp)
  return (message_crypto.open(keys_of(self), message, { receiver }, now))
end

function dingtalk.check(self, challenge)
  local event = { EventType = "check_create_suite_url", Random = challenge, TestSuiteKey = UNBORN }
  return push(self, event, UNBORN),
    function(response)
      return text_of(self, response, UNBORN) == challenge
    end
end

function dingtalk.ticket(self, ticket)
  local key = self.options.app_id
  return push(self, { EventType = "suite_ticket", SuiteKey = key, SuiteTicket = ticket }, key)
end

function dingtalk.accepts(self, response)
  return text_of(self, response, self.options.app_id) == "success"
end

local function suite_token(self, body)
  if body.suite_key ~= self.options.app_id then
    return fail(40083, "wrong_app")
  elseif body.suite_secret ~= self.options.secret then
    return fail(40080, "wrong_secret")
  elseif self:ticket_fault(body.suite_ticket) then
    return fail(40085, self:ticket_fault(body.suite_ticket))
  end
  return {
    errcode = 0,
    errmsg = "ok",
    suite_access_token = self:issue "platform",
    expires_in = self.options.access_lifetime,
  }
end

local function is_fresh(self, parameters)
  local seconds = (tonumber(parameters:get "timestamp") or 0) / 1000
  return math.abs(seconds - tonumber(self:stamp().timestamp)) <= FRESH_SECONDS
end

local function is_signed(self, parameters)
  local text = (parameters:get "timestamp" or "") .. "\n" .. (parameters:get "suiteTicket" or "")
  local mac = core.digest.hmac_sha256(self.options.secret, text)
  return core.secret.equal(core.encoding.base64_encode(mac), parameters:get "signature" or "")
end

local function corp_token(self, body, parameters)
  if not is_fresh(self, parameters) then
    return fail(853002, "old_timestamp")
  elseif parameters:get "accessKey" ~= self.options.app_id then
    return fail(853003, "wrong_app")
  elseif self:ticket_fault(parameters:get "suiteTicket" or "") then
    return fail(853005, "unknown_ticket")
  elseif not is_signed(self, parameters) then
    return fail(853004, "wrong_signature")
  elseif not self:has_tenant(body.auth_corpid) then
    return fail(40089, "unknown_tenant")
  end
  return {
    errcode = 0,
    errmsg = "ok",
    access_token = self:issue(body.auth_corpid),
    expires_in = self.options.access_lifetime,
  }
end

dingtalk.routes = {
  ["/service/get_suite_token"] = {
    kind = "exchange",
    fields = { "suite_key", "suite_secret", "suite_ticket" },
    answer = suite_token,
  },
  ["/service/get_corp_token"] = { kind = "derive", fields = { "auth_corpid" }, answer = corp_token },
}

return dingtalk
