-- SPDX-License-Identifier: MIT
-- The authorization code grant's two ways through a browser: the URL that a person is sent to (RFC 6749, 4.1.1; RFC
-- 7636), and the redirect that comes back (4.1.2; RFC 9207). Pure.

local core = require "usher.core"
local errors = require "usher.errors"
local form = require "usher.model.form"
local json = require "usher.json"
local query = require "usher.model.query"
local settings = require "usher.provider.oauth2.settings"

local redirect = {}

local RANDOM_BYTES = 32
local NAMES = { code = true, error = true, iss = true }
local CODE_SECONDS = 600 -- RFC 6749, 4.1.2: no code should live longer

local encode = core.encoding.base64url_encode

local function url_with(endpoint, parameters)
  return endpoint .. (endpoint:find("?", 1, true) and "&" or "?") .. form.encode(parameters)
end

-- RFC 8252, 7.3: at a loopback address any port will do; what else was registered stays as it is.
local function redirect_uri_of(config, context)
  if not context.loopback_port then
    return config.redirect_uri or context.callback_url
  end
  local registered = config.redirect_uri or ""
  local origin, rest = registered:match "^(http://[^/?]+)(.*)$"
  origin = origin and origin:gsub(":%d+$", "") or "http://127.0.0.1"
  return ("%s:%d%s"):format(origin, context.loopback_port, rest or config.callback_path)
end

--- The authorization of a person by way of a redirect.
---@param config table
---@param context usher.provider.Context
---@return usher.provider.Authorization? authorization
---@return usher.Error? err bad_configuration
function redirect.begin(config, context)
  local redirect_uri = redirect_uri_of(config, context)
  local endpoint = settings.endpoint(config, context.metadata, "authorization_endpoint")
  if not redirect_uri then
    return errors.fail(
      "bad_configuration",
      "redirect_uri is needed, or usher authorize --loopback: the callback listener is not a loopback one"
    )
  elseif not endpoint then
    return errors.fail("bad_configuration", "the provider's metadata names no authorization_endpoint")
  end
  local state, verifier = encode(context.random(RANDOM_BYTES)), encode(context.random(RANDOM_BYTES))
  local metadata = context.metadata or {}
  local fields = {
    response_type = "code",
    client_id = config.client_id,
    redirect_uri = redirect_uri,
    scope = config.scope,
    state = state,
    code_challenge = encode(core.digest.sha256(verifier)),
    code_challenge_method = "S256",
  }
  local further = config.parameters or settings.service(config).parameters
  return {
    url = url_with(endpoint, settings.parameters(config, fields, further)),
    redirect_uri = redirect_uri,
    expires_in = CODE_SECONDS,
    key = state,
    pending = {
      verifier = verifier,
      redirect_uri = redirect_uri,
      issuer = settings.issuer(config),
      must_name_issuer = metadata.authorization_response_iss_parameter_supported == true,
    },
  }
end

-- For a person, who has nothing more to do here: short, and without anything of the redirect.
local function page(text)
  return {
    status = 200,
    body = text .. " You may close this page.\n",
    headers = {
      ["Content-Type"] = "text/plain; charset=utf-8",
      ["Cache-Control"] = "no-store",
      ["Referrer-Policy"] = "no-referrer",
      ["X-Content-Type-Options"] = "nosniff",
      ["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'",
    },
  }
end

-- RFC 9207, 2.4: another provider's answer is refused, and one that does not say whose it is where this one would.
local function is_of_issuer(pending, issuer)
  if issuer and pending.issuer then
    return core.secret.equal(issuer, pending.issuer)
  end
  return issuer ~= nil or not pending.must_name_issuer
end

local function read_failure(code)
  code = code:match "^[%w_.-]+$" or "unknown"
  return {
    failure = { code = code, message = "the provider says: " .. code },
    reply = page "Access was not granted.",
  }
end

--- The `state` of a redirect.
---@param request usher.core.Request
---@return string? state
---@return usher.Error? err bad_request
function redirect.state(request)
  local values, err = query.read(request, { "state" })
  return values and values.state, err
end

-- The redirect's parameters; one that stands twice, or is empty, is none that could be trusted (RFC 6749, 3.1).
local function read_parameters(request)
  local sent, err = query.of_request(request)
  local parameters = {}
  for _, name in ipairs(sent and sent:names() or {}) do
    if NAMES[name] and not err then
      parameters[name], err = sent:get(name)
    end
  end
  return not err and parameters or nil, err
end

--- What a redirect brought: a credential that holds all that its exchange needs, or the provider's refusal.
---@param request usher.core.Request
---@param pending? table as `begin` gave it; nil: nobody was asked
---@return usher.provider.Callback? callback
---@return usher.Error? err bad_request, forbidden
function redirect.read(request, pending)
  local parameters, err = read_parameters(request)
  if not pending then
    return errors.fail("forbidden", "nobody was asked")
  elseif not parameters then
    return nil, err
  elseif not is_of_issuer(pending, parameters.iss) then
    return errors.fail("forbidden", "of another issuer")
  elseif parameters.error then
    return read_failure(parameters.error)
  elseif not parameters.code then
    return errors.fail("bad_request", "parameter code is missing")
  end
  local credential =
    { code = parameters.code, code_verifier = pending.verifier, redirect_uri = pending.redirect_uri }
  return {
    credential = json.encode(credential),
    valid_for = CODE_SECONDS,
    reply = page "Thank you: access was granted.",
  }
end

--- The parameters of the token request for such a credential.
---@param credential string
---@return table<string, string>
function redirect.fields(credential)
  local fields = assert(json.decode(credential))
  fields.grant_type = "authorization_code"
  return fields
end

return redirect
