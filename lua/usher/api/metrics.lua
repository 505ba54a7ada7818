-- SPDX-License-Identifier: MIT
-- GET /metrics: what Prometheus is shown. Labels name accounts and providers, never subjects, paths or tokens.

local exposition = require "usher.api.exposition"
local sorted = require "usher.config.sorted"
local version = require "usher.version"

local metrics = {}

local MAX_ACCOUNTS = 1000
local KINDS = { "exchange", "refresh" }

-- Of the process ---------------------------------------------------------------------------------------

---@class usher.api.metrics.Definition
---@field name string
---@field type "counter"|"gauge"
---@field labels string[] besides those of an account
---@field help string
---@field read fun(add: fun(value: any, ...: string), from: table) `add` takes labels' values too; only numbers count

--- Families of the whole process. `read` gets what `metrics.answer` got.
---@type usher.api.metrics.Definition[]
metrics.PROCESS = {
  {
    name = "usher_build_info",
    type = "gauge",
    labels = { "version" },
    help = "The version that runs; always 1.",
    read = function(add)
      add(1, version)
    end,
  },
  {
    name = "usher_accounts",
    type = "gauge",
    labels = {},
    help = "How many accounts are configured.",
    read = function(add, from)
      add(#from.keeper:names())
    end,
  },
  {
    name = "usher_store_up",
    type = "gauge",
    labels = {},
    help = "1 where the store took what it was last given, else 0.",
    read = function(add, from)
      add(from.keeper:is_store_up() and 1 or 0)
    end,
  },
  {
    name = "usher_requests_total",
    type = "counter",
    labels = { "listener", "status" },
    help = "Requests answered since the start; those that could not be read are not counted.",
    read = function(add, from)
      for _, listener in ipairs(sorted.keys(from.requests)) do
        for _, status in ipairs(sorted.keys(from.requests[listener])) do
          add(from.requests[listener][status], listener, ("%d"):format(status))
        end
      end
    end,
  },
}

-- Of an account ----------------------------------------------------------------------------------------

local function of_budgets(field)
  return function(add, account)
    for _, kind in ipairs(KINDS) do
      add(account.document.budgets[kind][field], kind)
    end
  end
end

local function of_document(field)
  return function(add, account)
    add(account.document[field])
  end
end

local function of_member(field, member)
  return function(add, account)
    local value = account.document[field]
    add(type(value) == "table" and value[member] or nil)
  end
end

--- Families with `account` and `provider` as their first labels. `read` gets an account's `document` and `tally`.
---@type usher.api.metrics.Definition[]
metrics.ACCOUNT = {
  {
    name = "usher_account_status",
    type = "gauge",
    labels = { "status" },
    help = "1 for the account's present status; the others are absent.",
    read = function(add, account)
      add(account.document.status and 1, account.document.status)
    end,
  },
  {
    name = "usher_token_expiry_timestamp_seconds",
    type = "gauge",
    labels = {},
    help = "When the access token expires.",
    read = of_member("token", "expires_at"),
  },
  {
    name = "usher_refresh_token_expiry_timestamp_seconds",
    type = "gauge",
    labels = {},
    help = "When the refresh token expires, where that is known.",
    read = of_member("refresh_token", "expires_at"),
  },
  {
    name = "usher_next_attempt_timestamp_seconds",
    type = "gauge",
    labels = {},
    help = "When the provider is asked next.",
    read = of_document "next_attempt_at",
  },
  {
    name = "usher_last_push_timestamp_seconds",
    type = "gauge",
    labels = {},
    help = "When the last credential was pushed.",
    read = of_document "last_push_at",
  },
  {
    name = "usher_pushes_total",
    type = "counter",
    labels = {},
    help = "Credentials received since the start, repeats aside.",
    read = function(add, account)
      add(account.tally.pushes)
    end,
  },
  {
    name = "usher_attempts_total",
    type = "counter",
    labels = { "kind", "outcome" },
    help = "Exchanges and refreshes since the start, by what the provider's answer meant.",
    read = function(add, account)
      for _, kind in ipairs(KINDS) do
        for _, outcome in ipairs(sorted.keys(account.tally.attempts[kind])) do
          add(account.tally.attempts[kind][outcome], kind, outcome)
        end
      end
    end,
  },
  {
    name = "usher_consecutive_failures",
    type = "gauge",
    labels = {},
    help = "Attempts that failed since the last that did not.",
    read = of_document "failures",
  },
  {
    name = "usher_budget_used",
    type = "gauge",
    labels = { "kind" },
    help = "Requests of the last 24 hours that count against the budget.",
    read = of_budgets "used",
  },
  {
    name = "usher_budget_limit",
    type = "gauge",
    labels = { "kind" },
    help = "Requests that the budget allows in 24 hours; absent where there is no limit.",
    read = of_budgets "limit",
  },
}

-- Together ---------------------------------------------------------------------------------------------

-- The function that adds samples to a family; fields without a value are null in a document, and are left out.
local function adder(family, definition, first_labels)
  return function(value, ...)
    if type(value) ~= "number" then
      return
    end
    local labels = table.move(first_labels, 1, #first_labels, 1, {})
    for index, name in ipairs(definition.labels) do
      table.insert(labels, name)
      table.insert(labels, (select(index, ...)))
    end
    table.insert(family.samples, { labels = labels, value = value })
  end
end

local function new_family(definition)
  return { name = definition.name, type = definition.type, help = definition.help, samples = {} }
end

-- The first accounts by name. One that was removed meanwhile is left out.
local function read_accounts(keeper)
  local names, accounts = keeper:names(), {}
  table.sort(names)
  for index = 1, math.min(#names, MAX_ACCOUNTS) do
    local document = keeper:document(names[index])
    if document then
      table.insert(accounts, { document = document, tally = keeper:tally(names[index]) })
    end
  end
  return accounts
end

local function families_of(from)
  local families = {}
  for _, definition in ipairs(metrics.PROCESS) do
    local family = new_family(definition)
    definition.read(adder(family, definition, {}), from)
    table.insert(families, family)
  end
  local accounts = read_accounts(from.keeper)
  for _, definition in ipairs(metrics.ACCOUNT) do
    local family = new_family(definition)
    for _, account in ipairs(accounts) do
      local first = { "account", account.document.name, "provider", account.document.provider }
      definition.read(adder(family, definition, first), account)
    end
    table.insert(families, family)
  end
  return families
end

--- The response to GET /metrics.
---@param keeper table a `usher.keeper`
---@param requests table<string, table<integer, integer>> listener -> status -> count
---@return usher.core.Response
function metrics.answer(keeper, requests)
  return {
    status = 200,
    headers = { ["Content-Type"] = exposition.CONTENT_TYPE, ["Cache-Control"] = "no-store" },
    body = exposition.write(families_of { keeper = keeper, requests = requests }),
  }
end

return metrics
