-- SPDX-License-Identifier: MIT
-- WeChat Open Platform: a component_verify_ticket is pushed every ten minutes and exchanged for the platform's token,
-- from which the tokens of authorized accounts are derived.

local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"
local values = require "usher.config.values"
local xml = require "usher.xml"

local BASE_URL = "https://api.weixin.qq.com"
local SUCCESS = { status = 200, body = "success" }

-- By WxJava's WxOpenErrorMsgEnum; 40125 and 61004, which it words otherwise, by WeChat's page of the platform's token.
local CLASSES = {
  credential = { 61005, 61006, 61009, 61010 }, -- a ticket, an authorization code
  refresh_token = { 61023 },
  configuration = { 40013, 40125, 61004, 61011 }, -- app, secret, our address, platform
  parent = { 40001, 40014, 42001, 42006 },
  budget = { 45009 },
}

local wechat_platform = {
  name = "wechat_platform",
  subject_key = "app_id",
  keys = {
    app_id = { required = true },
    app_secret = { required = true, secret = true },
    token = { required = true, secret = true },
    aes_key = { required = true, secret = true, value = values.aes_key },
  },
  policy = { push_interval = 600, credential_ttl = 12 * 3600, single_use = false },
}

function wechat_platform.account_key(config)
  return config.app_id
end

-- The signed message, and the app that it says it is for; nil where it is none.
local function read_envelope(request)
  local fields = request.method == "POST" and xml.members(request.body, "xml", { "AppId", "Encrypt" })
  if fields then
    return message_crypto.read(request, fields.Encrypt), fields.AppId
  end
end

function wechat_platform.request_key(request)
  local message, app_id = read_envelope(request)
  return message and app_id
end

function wechat_platform.read_callback(request, config, context)
  local message = read_envelope(request)
  local text, err = message_crypto.open(config, message, { config.app_id }, context.now)
  local event = text and xml.members(text, "xml", { "AppId", "InfoType" })
  if not event or event.AppId ~= config.app_id then
    return nil, text and errors.new "forbidden" or err
  end
  local push = { reply = SUCCESS, id = message.signature, subject = event.AppId }
  if event.InfoType == "component_verify_ticket" then
    push.credential = event.ComponentVerifyTicket
  elseif event.InfoType == "authorized" or event.InfoType == "updateauthorized" then
    push.tenant = { name = event.AuthorizerAppid, credential = event.AuthorizationCode, valid_for = 3600 }
  elseif event.InfoType == "unauthorized" then
    push.tenant = { name = event.AuthorizerAppid, at = tonumber(event.CreateTime) }
  end
  return push
end

local function post(config, name, fields, token)
  local parameters = token and { component_access_token = token }
  fields.component_appid = config.app_id
  return json_request.post(config.base_url or BASE_URL, "/cgi-bin/component/" .. name, fields, parameters)
end

function wechat_platform.exchange(config, ticket)
  local fields = { component_appsecret = config.app_secret, component_verify_ticket = ticket }
  return post(config, "api_component_token", fields)
end

function wechat_platform.refresh() end

function wechat_platform.nudge(config)
  return post(config, "api_start_push_ticket", { component_secret = config.app_secret })
end

function wechat_platform.derive(config, tenant, context)
  local token = context.parent.access_token
  if tenant.credential then
    return post(config, "api_query_auth", { authorization_code = tenant.credential }, token)
  elseif tenant.refresh_token then
    local fields = { authorizer_appid = tenant.name, authorizer_refresh_token = tenant.refresh_token }
    return post(config, "api_authorizer_token", fields, token)
  end
end

wechat_platform.classify = json_request.classifier("errcode", CLASSES)

function wechat_platform.read_tokens(response, _, kind)
  local body = json_request.object(response.body) or {}
  if kind ~= "derive" then
    return { access_token = body.component_access_token, expires_in = body.expires_in }
  end
  local info = type(body.authorization_info) == "table" and body.authorization_info or body
  return {
    access_token = info.authorizer_access_token,
    expires_in = info.expires_in,
    refresh_token = info.authorizer_refresh_token,
    subject = info.authorizer_appid,
  }
end

return wechat_platform
