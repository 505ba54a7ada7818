-- SPDX-License-Identifier: MIT
-- Asks a running gateway over its API, by LuaSocket's HTTP. Never loads the core: a command that only asks for a token
-- must start fast. Blocks; for programs without a loop.

local http = require "socket.http"
local json = require "usher.json"
local listen = require "usher.config.listen"
local ltn12 = require "ltn12"
local socket = require "socket"
local unix = require "socket.unix"

local client = {}

local TIMEOUT_SECONDS = 15
local PAGE = 500
local RELOAD_SECONDS = 30
local REFRESH_SECONDS = 60 -- the longest that an attempt takes
local PROVIDER_SECONDS = 60 -- a few requests to a provider

-- The shape of usher.errors, which loads the core.
local Failure = {
  __tostring = function(err)
    return err.code .. ": " .. err.message
  end,
}

local function fail(code, message, retry_after)
  return nil, setmetatable({ code = code, message = message, retry_after = retry_after }, Failure)
end

---@class usher.Client
---@field _listen string
---@field _address usher.config.Address
---@field _token string?
---@field _timeout number
---@field _keeps_null boolean
local Client = {}
Client.__index = Client
Client.__name = "usher.client"

function Client:__tostring()
  return "usher.client: " .. self._listen
end

-- requests --------------------------------------------------------------------------------------------

local function headers_of(self, body)
  return {
    -- Of a Unix socket the API takes any loopback name.
    host = self._address.path and "localhost" or self._listen,
    accept = "application/json",
    authorization = self._token and "Bearer " .. self._token,
    ["content-type"] = body and "application/json",
    ["content-length"] = body and tostring(#body),
  }
end

local function request_of(self, method, path, query, body)
  local address = self._address
  local chunks = {}
  return {
    method = method,
    scheme = "http",
    host = address.path or address.host,
    port = address.port or 80,
    create = address.path and unix.stream or socket.tcp,
    path = path,
    query = query,
    headers = headers_of(self, body),
    source = body and ltn12.source.string(body),
    sink = ltn12.sink.table(chunks),
    redirect = false,
  },
    chunks
end

-- LuaSocket's time-out is one variable for all requests; it counts from one byte to the next.
local function perform(request, seconds)
  local before = http.TIMEOUT
  http.TIMEOUT = seconds
  local done, status, headers = http.request(request)
  http.TIMEOUT = before
  if not done then
    return nil, status
  elseif not headers then
    return nil, status == 408 and "timeout" or "not an HTTP answer"
  end
  return status, nil, headers
end

local function failure_of(status, value, headers)
  if type(value) ~= "table" or type(value.error) ~= "string" then
    return fail("bad_response", ("the gateway answered with status %d"):format(status))
  end
  local description = value.error_description
  description = type(description) == "string" and description or value.error
  return fail(value.error, description, tonumber(headers["retry-after"]))
end

-- One exchange; `wait` is how long the gateway may take on purpose.
local function ask(self, method, path, query, body, wait)
  local request, chunks = request_of(self, method, path, query, body)
  local status, reason, headers = perform(request, self._timeout + (wait or 0))
  if reason == "timeout" then
    return fail("timeout", ("the gateway at %s did not answer in time"):format(self._listen))
  elseif not status then
    return fail("no_gateway", ("no gateway at %s: %s"):format(self._listen, reason))
  end
  local value = json.decode(table.concat(chunks), { keeps_null = self._keeps_null })
  if status == 200 and type(value) == "table" then
    return value
  end
  return failure_of(status, value, headers)
end

local function path_of(name, resource)
  return ("/v1/accounts/%s%s"):format(name, resource or "")
end

-- Another name could only be asked for by a path that means something else.
local function check_name(name)
  if not name:find "^[%w._-]+$" or #name > 64 then
    return fail("unknown_account", "unknown account")
  end
  return true
end

-- The account's own token, or that of a tenant of it.
local function token_resource(tenant)
  if not tenant then
    return "/token"
  elseif not tenant:find "^[%w._@-]+$" or #tenant > 128 then
    return fail("unknown_account", "unknown tenant")
  end
  return ("/tenants/%s/token"):format(tenant)
end

local function query_of(parameters)
  local parts = {}
  for _, name in ipairs { "min_ttl", "wait", "after", "limit" } do
    if parameters[name] then
      table.insert(parts, ("%s=%s"):format(name, parameters[name]))
    end
  end
  return #parts > 0 and table.concat(parts, "&") or nil
end

-- What can stand in a header.
local function is_token(value)
  return type(value) == "string" and value:find "^[\33-\126]+$" ~= nil
end

-- resources -------------------------------------------------------------------------------------------

--- A valid token.
---@param name string of the account
---@param options? { min_ttl?: integer, wait?: integer, tenant?: string } seconds; whose token, if not the account's own
---@return { access_token: string, token_type: string, expires_in: integer, expires_at: integer }? token
---@return table? err `code` of the API, `no_gateway`, `timeout` or `bad_response`; `message`, `retry_after`
function Client:token(name, options)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  options = options or {}
  local resource, answer
  resource, err = token_resource(options.tenant)
  if not resource then
    return nil, err
  end
  answer, err = ask(self, "GET", path_of(name, resource), query_of(options), nil, options.wait)
  if answer and not is_token(answer.access_token) then
    return fail("bad_response", "the gateway's answer holds no token")
  end
  return answer, err
end

--- What the gateway tells of an account.
---@param name string
---@return table? document
---@return table? err
function Client:account(name)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  return ask(self, "GET", path_of(name))
end

--- All accounts' documents, in the order of names.
---@return table[]? documents
---@return table? err
function Client:accounts()
  local documents, after = {}, nil
  repeat
    local page, err = ask(self, "GET", "/v1/accounts", query_of { after = after, limit = PAGE })
    local found = page and page.accounts
    if not page then
      return nil, err
    elseif type(found) ~= "table" then
      return fail("bad_response", "the gateway's answer names no accounts")
    end
    table.move(found, 1, #found, #documents + 1, documents)
    after = #found > 0 and found[#found].name or after
  until #found < PAGE
  return documents
end

--- Has the gateway try once now, whatever its schedule says.
---@param name string
---@param options? { rejected?: string } a token that was refused: nothing is done if it is not the current one
---@return table? token with `refreshed`
---@return table? err
function Client:refresh(name, options)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  local body = json.encode { rejected = options and options.rejected }
  return ask(self, "POST", path_of(name, "/refresh"), nil, body, REFRESH_SECONDS)
end

--- Has a person asked to authorize the account.
---@param name string
---@param options? { loopback_port?: integer } where a redirect is awaited: its query is for `redirect`
---@return usher.keeper.Prompt? prompt what the person is to do
---@return table? err `not_implemented`: this account needs no person
function Client:authorize(name, options)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  local body = json.encode { loopback_port = options and options.loopback_port }
  return ask(self, "POST", path_of(name, "/authorize"), nil, body, PROVIDER_SECONDS)
end

--- Gives the gateway what a redirect to the loopback port brought.
---@param name string
---@param query string of the redirect's URL
---@return { status: integer, headers: table<string, string>, body: string }? response for the browser
---@return table? err
function Client:redirect(name, query)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  return ask(self, "POST", path_of(name, "/redirect"), nil, json.encode { query = query }, RELOAD_SECONDS)
end

--- How the account's last authorization stands.
---@param name string
---@param options? { wait?: integer } seconds, or until it has ended
---@return { status: string, error: string?, error_description: string? }? shown
---@return table? err
function Client:authorization(name, options)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  options = options or {}
  return ask(self, "GET", path_of(name, "/authorization"), query_of(options), nil, options.wait)
end

--- Has the provider revoke the account's tokens, and the gateway forget them.
---@param name string
---@return { revoked: boolean }? answer
---@return table? err
function Client:revoke(name)
  local named, err = check_name(name)
  if not named then
    return nil, err
  end
  return ask(self, "POST", path_of(name, "/revoke"), nil, nil, PROVIDER_SECONDS)
end

--- Has the gateway read its configuration again. All or nothing.
---@return { reloaded: boolean }? answer
---@return table? err `bad_configuration`, which says what is wrong with it
function Client:reload()
  return ask(self, "POST", "/v1/reload", nil, nil, RELOAD_SECONDS)
end

---@class usher.client.options
---@field listen string the API's address
---@field token? string the bearer that the API asks for
---@field keeps_null? boolean fields without a value are `json.null` in what it gives; default: they are absent
---@field timeout? number seconds that the gateway may be silent, beyond what it was told to wait: 15

--- A client of the gateway that listens there.
---@param options usher.client.options
---@return usher.Client? client
---@return table? err bad_configuration
function client.new(options)
  local address, reason = listen.parse(options.listen)
  if not address then
    local message = 'the API address "%s" %s; allowed: %s'
    return fail("bad_configuration", message:format(options.listen, reason, listen.allowed))
  end
  return setmetatable({
    _listen = options.listen,
    _address = address,
    _token = options.token,
    _timeout = options.timeout or TIMEOUT_SECONDS,
    _keeps_null = options.keeps_null == true,
  }, Client)
end

return client
