-- SPDX-License-Identifier: MIT
-- DingTalk, third-party suites: a suite_ticket is pushed every few hours and exchanged for the suite's token. The
-- tokens of corporations are asked for with the ticket itself.

local core = require "usher.core"
local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"
local values = require "usher.config.values"

local BASE_URL = "https://oapi.dingtalk.com"
local UNBORN = "suite4xxxxxxxxxxxxxxx" -- whom messages are for before the suite exists
local TICKET = 2 -- the biz_type of a ticket among what is synchronized

-- By DingTalk's pages of global codes and of signatures. No request carries the suite's token: none has a parent.
local CLASSES = {
  credential = { 40085, 853005 },
  configuration = { 40080, 40083, 40088, 40090, 60020, 853003, 853004 }, -- suite, secret, our address, signature
  budget = { 45009 },
}

local dingtalk_suite = {
  name = "dingtalk_suite",
  subject_key = "suite_key",
  derives_by_name = true,
  keys = {
    suite_key = { required = true },
    suite_secret = { required = true, secret = true },
    token = { required = true, secret = true },
    aes_key = { required = true, secret = true, value = values.aes_key },
  },
  policy = { single_use = false },
}

-- A message that is encrypted names no suite: one path is one account's.
function dingtalk_suite.account_key()
  return "dingtalk_suite"
end

local function read_envelope(request)
  local body = request.method == "POST" and json_request.object(request.body)
  return body and type(body.encrypt) == "string" and message_crypto.read(request, body.encrypt) or nil
end

function dingtalk_suite.request_key(request)
  return read_envelope(request) and "dingtalk_suite"
end

local function reply(config, text, receiver, context)
  local nonce = core.encoding.hex_encode(context.random(8))
  local stamp = { timestamp = ("%d000"):format(context.now), nonce = nonce, random = context.random(16) }
  local message = message_crypto.seal(config, text, receiver, stamp)
  return json_request.reply {
    msg_signature = message.signature,
    timeStamp = message.timestamp,
    nonce = nonce,
    encrypt = message.encrypt,
  }
end

-- The ticket, and whose it is: the event's own, or the last among what is synchronized.
local function ticket_of(event)
  local ticket, key = event.EventType == "suite_ticket" and event.SuiteTicket or nil, event.SuiteKey
  for _, item in ipairs(type(event.bizData) == "table" and event.bizData or {}) do
    local data = type(item) == "table"
      and item.biz_type == TICKET
      and type(item.biz_data) == "string"
      and json_request.object(item.biz_data)
    if data and data.syncAction == "suite_ticket" then
      ticket, key = data.suiteTicket, data.suiteKey
    end
  end
  return ticket, key
end

function dingtalk_suite.read_callback(request, config, context)
  local message = read_envelope(request)
  local text, receiver = message_crypto.open(config, message, { config.suite_key, UNBORN }, context.now)
  local event = text and json_request.object(text) or {}
  local is_check = event.EventType == "check_create_suite_url" or event.EventType == "check_update_suite_url"
  if not text or receiver == UNBORN and event.EventType ~= "check_create_suite_url" then
    return message_crypto.refuse()
  end
  local answer = is_check and tostring(event.Random) or "success"
  local push = { reply = reply(config, answer, receiver, context), id = message.signature }
  push.credential, push.subject = ticket_of(event)
  return push
end

function dingtalk_suite.exchange(config, ticket)
  local fields = { suite_key = config.suite_key, suite_secret = config.suite_secret, suite_ticket = ticket }
  return json_request.post(config.base_url or BASE_URL, "/service/get_suite_token", fields)
end

function dingtalk_suite.refresh() end

function dingtalk_suite.derive(config, tenant, context)
  local ticket, timestamp = context.parent.credential or "", ("%d000"):format(context.now)
  local mac = core.digest.hmac_sha256(config.suite_secret, timestamp .. "\n" .. ticket)
  local base, fields = config.base_url or BASE_URL, { auth_corpid = tenant.name }
  return json_request.post(base, "/service/get_corp_token", fields, {
    accessKey = config.suite_key,
    timestamp = timestamp,
    suiteTicket = ticket,
    signature = core.encoding.base64_encode(mac),
  })
end

dingtalk_suite.classify = json_request.classifier("errcode", CLASSES)

function dingtalk_suite.read_tokens(response, _, kind)
  local body = json_request.object(response.body) or {}
  local token = kind == "derive" and body.access_token or body.suite_access_token
  return { access_token = token, expires_in = body.expires_in }
end

return dingtalk_suite
