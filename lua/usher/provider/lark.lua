-- SPDX-License-Identifier: MIT
-- Lark and Feishu, apps of their store: an app_ticket is pushed every hour and exchanged for the app's token, from
-- which the tokens of tenants are derived.

local core = require "usher.core"
local json_request = require "usher.model.json_request"
local message_crypto = require "usher.model.message_crypto"
local query = require "usher.model.query"

local BASE_URL = "https://open.larksuite.com"

-- By Lark's page of server error codes; 10012 and 10014 as its own SDK and command line take them.
local CLASSES = {
  credential = { 10012 },
  configuration = { 10014, 10015, 99991401 }, -- app or secret, secret, our address
  parent = { 99991663, 99991664, 99991671 },
  budget = { 99991400 },
}

local lark = {
  name = "lark",
  subject_key = "app_id",
  derives_by_name = true,
  keys = {
    app_id = { required = true },
    app_secret = { required = true, secret = true },
    verification_token = { required = true, secret = true },
    encrypt_key = { secret = true },
  },
  policy = {
    push_interval = 3600,
    single_use = false,
    margin = 1500, -- in the last half hour of a token, and not before, another one is given
  },
}

-- Nothing that is not encrypted names the app: one path is one account's.
function lark.account_key()
  return "lark"
end

local function read_body(request)
  local parameters = request.method == "POST" and query.parse(request.query)
  local body = parameters and not parameters:get "nonce" and json_request.object(request.body)
  return body and (type(body.encrypt) == "string" or body.type or body.schema) and body or nil
end

function lark.request_key(request)
  return read_body(request) and "lark"
end

local function is_signed(request, config, now)
  local headers = request.headers
  local timestamp, nonce = headers["x-lark-request-timestamp"] or "", headers["x-lark-request-nonce"] or ""
  local expected = message_crypto.lark_signature(config.encrypt_key, timestamp, nonce, request.body)
  return message_crypto.is_fresh(timestamp, now) and core.secret.equal(expected, headers["x-lark-signature"])
end

-- Of what is encrypted only the check of the URL may come without a signature.
local function read_event(request, body, config, now)
  local has_signature = request.headers["x-lark-signature"] ~= nil
  if not config.encrypt_key then
    return not body.encrypt and body or nil
  elseif has_signature and not is_signed(request, config, now) or not body.encrypt then
    return nil
  end
  local event = json_request.object(message_crypto.lark_decrypt(config.encrypt_key, body.encrypt) or "")
  return event and (has_signature or event.type == "url_verification") and event or nil
end

function lark.read_callback(request, config, context)
  local message = read_event(request, read_body(request) or {}, config, context.now)
  local header = message and type(message.header) == "table" and message.header or message or {}
  if type(header.token) ~= "string" or not core.secret.equal(config.verification_token, header.token) then
    return message_crypto.refuse()
  elseif message.type == "url_verification" then
    return { reply = json_request.reply { challenge = tostring(message.challenge) } }
  end
  local event = type(message.event) == "table" and message.event or {}
  local push = { reply = json_request.reply { msg = "success" }, id = header.event_id or header.uuid }
  if event.type == "app_ticket" or header.event_type == "app_ticket" then
    -- A ticket that names no app is not this one's either: the empty subject is nobody's pin.
    push.credential, push.subject = event.app_ticket, event.app_id or header.app_id or ""
  end
  return push
end

local function post(config, name, fields)
  return json_request.post(config.base_url or BASE_URL, "/open-apis/auth/v3/" .. name, fields)
end

function lark.exchange(config, ticket)
  local fields = { app_id = config.app_id, app_secret = config.app_secret, app_ticket = ticket }
  return post(config, "app_access_token", fields)
end

function lark.refresh() end

function lark.nudge(config)
  return post(config, "app_ticket/resend", { app_id = config.app_id, app_secret = config.app_secret })
end

function lark.derive(config, tenant, context)
  local fields = { app_access_token = context.parent.access_token, tenant_key = tenant.name }
  return post(config, "tenant_access_token", fields)
end

lark.classify = json_request.classifier("code", CLASSES, 400) -- so older interfaces tell of limits, says Lark

function lark.read_tokens(response, _, kind)
  local body = json_request.object(response.body) or {}
  local token = kind == "derive" and body.tenant_access_token or body.app_access_token
  return { access_token = token, expires_in = body.expire }
end

return lark
