-- SPDX-License-Identifier: MIT
-- Memories.ai (MAVI), Authentication API v1.0: a code is pushed every ten minutes, exchanged for a token pair, and the
-- access token refreshed.

local core = require "usher.core"
local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local lifetime = require "usher.model.lifetime"
local query = require "usher.model.query"

local BASE_URL = "https://mavi-backend.memories.ai"
local PATHS = { exchange = "/auth/api/token/getAccessToken", refresh = "/auth/api/token/refreshAccessToken" }

-- Envelope codes, which come with HTTP 200, by what they mean of each kind of request.
local CLASSES = {
  exchange = { ["0401"] = "credential", ["0001"] = "credential", ["0003"] = "credential" },
  refresh = { ["0401"] = "refresh_token", ["0001"] = "retryable", ["0003"] = "retryable" },
  either = {
    ["0403"] = "configuration",
    ["0402"] = "configuration",
    ["9009"] = "configuration",
    ["0429"] = "budget",
  },
}
local GRANT_REFUSED = { exchange = "credential", refresh = "refresh_token" }

local memories_ai = {
  name = "memories_ai",
  keys = { api_key = { required = true } },
  policy = {
    push_interval = 600,
    budgets = { exchange = 50, refresh = 500 },
    rotates = false,
    lifetimes = { access = 2 * 3600, refresh = 60 * 24 * 3600 },
  },
}

-- The `state` of every push: lower hex MD5 of the API key.
function memories_ai.account_key(config)
  local key = config.api_key
  return core.encoding.hex_encode(core.digest.md5(type(key) == "string" and key or key:reveal()))
end

function memories_ai.request_key(request)
  local values, err = query.read(request, { "state" })
  return values and values.state:lower(), err
end

function memories_ai.read_callback(request, config)
  local values, err = query.read(request, { "code", "clientId", "state" })
  if not values then
    return nil, err
  elseif not core.secret.equal(values.state:lower(), memories_ai.account_key(config)) then
    return errors.fail("forbidden", "wrong state")
  end
  -- Base64 has no space: a proxy has read a bare `+` as one.
  return { credential = values.code, subject = (values.clientId:gsub(" ", "+")) }
end

function memories_ai.exchange(config, code, context)
  local fields = { clientId = context.subject, code = code }
  return json_request.post(config.base_url or BASE_URL, PATHS.exchange, fields)
end

function memories_ai.refresh(config, tokens)
  local fields = { refreshToken = tokens.refresh_token }
  return tokens.refresh_token and json_request.post(config.base_url or BASE_URL, PATHS.refresh, fields)
end

-- The envelope and its code as four digits, "" where it has none; nil where the body is no JSON object.
local function envelope_of(response)
  local body = json_request.object(response.body)
  if not body then
    return nil
  end
  local code = math.type(body.code) == "integer" and ("%04d"):format(body.code) or body.code
  return body, type(code) == "string" and code or ""
end

local function has_tokens(body)
  return type(body.data) == "table" and body.data.accessToken ~= nil
end

function memories_ai.classify(response, kind)
  local body, code = envelope_of(response)
  if response.status == 429 then
    return "budget"
  elseif response.status ~= 200 then
    local is_refused = body and body.error == "invalid_grant"
    return is_refused and GRANT_REFUSED[kind] or "retryable", is_refused and "invalid_grant" or nil
  elseif not body then
    return "retryable", "no_json"
  elseif code == "0000" or (code == "0200" or code == "200") and has_tokens(body) then
    return "ok"
  end
  return CLASSES[kind][code] or CLASSES.either[code] or "retryable", code:match "^%w+$"
end

function memories_ai.read_tokens(response, config)
  local body = envelope_of(response)
  if not body or not has_tokens(body) then
    return errors.fail("bad_response", "an answer without tokens")
  end
  local data = body.data
  local lifetimes, err = lifetime.read_pair(data.expiresIn, data.refreshExpiresIn, config.expires_unit)
  if not lifetimes then
    return nil, err
  end
  return {
    access_token = data.accessToken,
    token_type = type(data.type) == "string" and data.type ~= "" and data.type or nil,
    expires_in = lifetimes.access,
    refresh_token = data.refreshToken ~= "" and data.refreshToken or nil,
    refresh_expires_in = lifetimes.refresh,
    notes = lifetimes.notes,
  }
end

return memories_ai
