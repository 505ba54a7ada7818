-- SPDX-License-Identifier: MIT
-- WeCom, third-party apps: a suite_ticket is pushed about every ten minutes and exchanged for the suite's token, from
-- which the tokens of corporations are derived.

local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"
local query = require "usher.model.query"
local values = require "usher.config.values"
local xml = require "usher.xml"

local BASE_URL = "https://qyapi.weixin.qq.com"

local CLASSES = { -- by WxJava's WxCpErrorMsgEnum
  credential = { 40085, 41023, 40078 }, -- a ticket, an authorization code
  refresh_token = { 40084 }, -- a permanent code
  configuration = { 40080, 40083, 60020 }, -- secret, suite, our address
  parent = { 40082, 42009 },
  budget = { 45009 },
}

local wecom_suite = {
  name = "wecom_suite",
  subject_key = "suite_id",
  keys = {
    suite_id = { required = true },
    suite_secret = { required = true, secret = true },
    token = { required = true, secret = true },
    aes_key = { required = true, secret = true, value = values.aes_key },
    corp_id = {},
  },
  policy = { push_interval = 600, credential_ttl = 1800, single_use = false, repeats_token = true },
}

-- The check of the URL names no suite: one path is one account's.
function wecom_suite.account_key()
  return "wecom_suite"
end

-- The signed message of a push or of a check of the URL; nil where it is none.
local function read_envelope(request)
  if request.method == "GET" then
    local parameters = query.parse(request.query)
    return message_crypto.read(request, parameters and parameters:get "echostr")
  end
  local fields = xml.members(request.body, "xml", { "ToUserName", "Encrypt" })
  return fields and message_crypto.read(request, fields.Encrypt)
end

function wecom_suite.request_key(request)
  return read_envelope(request) and "wecom_suite"
end

local function tenant_of(event)
  if event.InfoType == "create_auth" or event.InfoType == "reset_permanent_code" then
    return { credential = event.AuthCode, valid_for = 600 }
  elseif event.InfoType == "cancel_auth" then
    return { name = event.AuthCorpId, at = tonumber(event.TimeStamp) }
  end
end

function wecom_suite.read_callback(request, config, context)
  local message = read_envelope(request)
  local is_check = request.method == "GET"
  -- A check is for the corporation that offers the app; for a person, who is none, it is for nobody.
  local receivers = is_check and { config.suite_id, "", config.corp_id } or { config.suite_id }
  local text, err = message_crypto.open(config, message, receivers, context.now)
  if not text or is_check then
    return text and { reply = { status = 200, body = text } }, err
  end
  local event = xml.members(text, "xml", { "SuiteId", "InfoType" })
  if not event or event.SuiteId ~= config.suite_id then
    return message_crypto.refuse()
  end
  local push = { reply = { status = 200, body = "success" }, id = message.signature, subject = event.SuiteId }
  push.credential, push.tenant =
    event.InfoType == "suite_ticket" and event.SuiteTicket or nil, tenant_of(event)
  return push
end

local function post(config, name, fields, token)
  local parameters = token and { suite_access_token = token }
  return json_request.post(config.base_url or BASE_URL, "/cgi-bin/service/" .. name, fields, parameters)
end

function wecom_suite.exchange(config, ticket)
  local fields = { suite_id = config.suite_id, suite_secret = config.suite_secret, suite_ticket = ticket }
  return post(config, "get_suite_token", fields)
end

function wecom_suite.refresh() end

function wecom_suite.derive(config, tenant, context)
  local token = context.parent.access_token
  if tenant.credential then
    return post(config, "get_permanent_code", { auth_code = tenant.credential }, token)
  elseif tenant.refresh_token then
    local fields = { auth_corpid = tenant.name, permanent_code = tenant.refresh_token }
    return post(config, "get_corp_token", fields, token)
  end
end

wecom_suite.classify = json_request.classifier("errcode", CLASSES)

function wecom_suite.read_tokens(response, _, kind)
  local body = json_request.object(response.body) or {}
  if kind ~= "derive" then
    return { access_token = body.suite_access_token, expires_in = body.expires_in }
  end
  local corporation = type(body.auth_corp_info) == "table" and body.auth_corp_info or {}
  return {
    access_token = body.access_token,
    expires_in = body.expires_in,
    refresh_token = body.permanent_code,
    is_bare = true, -- a permanent code may come alone
    subject = corporation.corpid,
  }
end

return wecom_suite
