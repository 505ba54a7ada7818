-- SPDX-License-Identifier: MIT
-- Accounts and their tokens, as /v1/accounts shows them. Each function answers one resource and method.

local core = require "usher.core"
local errors = require "usher.errors"
local json = require "usher.json"
local parameters = require "usher.api.parameters"
local replies = require "usher.api.replies"

local accounts = {}

local PAGE = 1000
local MAX_WAIT_SECONDS = 60
local MAX_TTL_SECONDS = 400 * 24 * 3600 -- longer than any token lives

--- The parameters of each resource that has some, with their readers.
---@type table<string, table<string, fun(text: string): any, string?>>
accounts.PARAMETERS = {
  list = { after = parameters.account_name, limit = parameters.integer(1, PAGE) },
  authorization = { wait = parameters.integer(0, MAX_WAIT_SECONDS) },
  token = { min_ttl = parameters.integer(0, MAX_TTL_SECONDS), wait = parameters.integer(0, MAX_WAIT_SECONDS) },
}
local NO_PARAMETERS = {}

local MEMBERS = parameters.MEMBERS

--- The members of each body.
---@type table<string, table<string, {allowed: string, check: fun(value: any): boolean}>>
accounts.BODIES = {
  authorize = { loopback_port = MEMBERS.port },
  redirect = { query = MEMBERS.text },
  refresh = { rejected = MEMBERS.text },
}

-- A name as it stands in a path; one that no account can have is an unknown account.
local function name_of(segment)
  local name = core.encoding.percent_decode(segment)
  return name and parameters.account_name(name)
end

local function answer(value, err)
  return value and replies.json(200, value) or replies.failure(err)
end

--- GET /v1/accounts: documents in the order of names.
---@param keeper table a `usher.keeper`
---@param request usher.core.Request
---@return usher.core.Response
function accounts.list(keeper, request)
  local page, err = parameters.read(request.query, accounts.PARAMETERS.list)
  if not page then
    return replies.failure(err)
  end
  local names, documents = keeper:names(), json.array {}
  table.sort(names)
  for _, name in ipairs(names) do
    if #documents == (page.limit or PAGE) then
      break
    elseif not page.after or name > page.after then
      table.insert(documents, (keeper:document(name)))
    end
  end
  return replies.json(200, { accounts = documents })
end

-- Wraps `answer_for(keeper, name, request, values, tenant)` with the checks that every account's resource shares.
local function resource(readers, answer_for)
  return function(keeper, request, segment, other)
    local values, err = parameters.read(request.query, readers)
    if not values then
      return replies.failure(err)
    end
    local name = name_of(segment)
    if not name then
      return replies.failure(errors.new "unknown_account")
    end
    local tenant = other and core.encoding.percent_decode(other)
    if other and not tenant then
      return replies.failure(errors.new "unknown_account")
    end
    return answer_for(keeper, name, request, values, tenant)
  end
end

-- The same for a resource whose body has members: `answer_for(keeper, name, members, tenant)`.
local function action(members, answer_for)
  return resource(NO_PARAMETERS, function(keeper, name, request, _, tenant)
    local values, err = parameters.read_body(request.body, members)
    if not values then
      return replies.failure(err)
    end
    return answer_for(keeper, name, values, tenant)
  end)
end

--- GET /v1/accounts/{name}
accounts.document = resource(NO_PARAMETERS, function(keeper, name)
  return answer(keeper:document(name))
end)

--- GET /v1/accounts/{name}/token
accounts.token = resource(accounts.PARAMETERS.token, function(keeper, name, _, values)
  return answer(keeper:token(name, values))
end)

--- POST /v1/accounts/{name}/refresh
accounts.refresh = action(accounts.BODIES.refresh, function(keeper, name, options)
  return answer(keeper:refresh(name, options))
end)

--- GET /v1/accounts/{name}/tenants: documents in the order of names.
accounts.tenants = resource(NO_PARAMETERS, function(keeper, name)
  local documents, err = keeper:tenants(name)
  return answer(documents and { tenants = json.array(documents) }, err)
end)

--- GET /v1/accounts/{name}/tenants/{tenant}/token
accounts.tenant_token = resource(accounts.PARAMETERS.token, function(keeper, name, _, values, tenant)
  return answer(keeper:tenant_token(name, tenant, values))
end)

--- POST /v1/accounts/{name}/tenants/{tenant}/refresh
accounts.tenant_refresh = action(accounts.BODIES.refresh, function(keeper, name, options, tenant)
  return answer(keeper:tenant_refresh(name, tenant, options))
end)

local function prompt_of(shown)
  return {
    url = json.or_null(shown.url),
    user_code = json.or_null(shown.user_code),
    expires_at = json.or_null(shown.expires_at),
  }
end

--- POST /v1/accounts/{name}/authorize
accounts.authorize = action(accounts.BODIES.authorize, function(keeper, name, options)
  local prompt, err = keeper:authorize(name, options)
  local body = prompt and prompt_of(prompt)
  if body then
    body.redirect_uri = json.or_null(prompt.redirect_uri)
  end
  return answer(body, err)
end)

--- POST /v1/accounts/{name}/redirect
---@param receive fun(name: string, query: string): usher.core.Response what the callback answers to such a redirect
---@return fun(keeper: table, request: usher.core.Request, segment: string): usher.core.Response
function accounts.redirect(receive)
  return action(accounts.BODIES.redirect, function(keeper, name, members)
    local known, err = keeper:document(name)
    if not known then
      return replies.failure(err)
    elseif not members.query then
      return replies.failure(errors.new("bad_request", "query is missing"))
    end
    local response = receive(name, members.query)
    return replies.json(200, { status = response.status, headers = response.headers, body = response.body })
  end)
end

--- GET /v1/accounts/{name}/authorization
accounts.authorization = resource(accounts.PARAMETERS.authorization, function(keeper, name, _, values)
  local shown, err = keeper:authorization(name, values)
  local body = shown and prompt_of(shown)
  if body then
    local failure = shown.failure or {}
    body.status, body.error = shown.status, json.or_null(failure.code)
    body.error_description = json.or_null(failure.message)
  end
  return answer(body, err)
end)

--- POST /v1/accounts/{name}/revoke
accounts.revoke = resource(NO_PARAMETERS, function(keeper, name)
  local ok, err = keeper:revoke(name)
  return answer(ok and { revoked = true }, err)
end)

return accounts
