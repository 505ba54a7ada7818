-- SPDX-License-Identifier: MIT
-- Reads a description as a configuration file returns it: every key checked, defaults set, secrets read. Opens
-- nothing and changes nothing of what it is given.

local account = require "usher.provider.account"
local callback = require "usher.callback"
local clock = require "usher.clock"
local core = require "usher.core"
local deferred = require "usher.config.deferred"
local keeper = require "usher.keeper"
local keys = require "usher.config.keys"
local locations = require "usher.config.locations"
local log = require "usher.log"
local rules = require "usher.config.rules"
local schema = require "usher.config.schema"
local sorted = require "usher.config.sorted"
local trust = require "usher.config.trust"
local values = require "usher.config.values"

local description = {}

---@class usher.gateway.description.Callback
---@field listen? string
---@field mode? string
---@field group? string
---@field plain? boolean
---@field path? string
---@field allow? string[]
---@field reply_status? integer
---@field tls? {cert: string, key: string} paths

---@class usher.gateway.description.Api
---@field listen? string
---@field mode? string
---@field group? string
---@field token? usher.core.Secret|usher.config.Deferred|string
---@field hosts? string[]

---@class usher.gateway.Description what a configuration file returns
---@field callback? usher.gateway.description.Callback
---@field api? usher.gateway.description.Api
---@field store usher.Store a store of `usher.store.*`, not open yet
---@field accounts table<string, usher.Account> made by `usher.provider.*`
---@field routes? table<string, function>
---@field on? table<string, function>
---@field log? {level: string?, format: string?}

local SHAPE = schema.shape(keys)

-- Of settings that were read: no setting itself.
local certificates = setmetatable({}, { __mode = "k" })

-- Each event is a key of its own, so that a misspelt one is found.
local function add_events(shape)
  local members = {}
  for _, name in ipairs(keeper.EVENTS) do
    members[name] = { value = values.handler }
  end
  shape.members.on = { members = members }
end
add_events(SHAPE)

local function append(list, more)
  table.move(more, 1, #more, #list + 1, list)
end

local function check_accounts(accounts)
  local findings = {}
  for _, name in ipairs(sorted.keys(accounts)) do
    if values.account_name.check(name) then
      append(findings, account.check(accounts[name], name))
    else
      local phrase = "is no account's name; allowed: " .. values.account_name.allowed
      table.insert(findings, schema.finding({ "accounts", name }, phrase))
    end
  end
  return findings
end

local function check(raw)
  local findings = schema.check(raw, SHAPE)
  if type(raw.accounts) == "table" then
    append(findings, check_accounts(raw.accounts))
  end
  return findings
end

local function copy(members)
  local copied = {}
  for name, value in pairs(members or {}) do
    copied[name] = value
  end
  return copied
end

-- With defaults, which nobody has to look for elsewhere from then on.
local function settings_of(raw)
  local settings = copy(raw)
  for name, member in pairs(SHAPE.members) do
    settings[name] = member.members and copy(raw[name]) or raw[name]
  end
  schema.fill(settings, keys)
  settings.api.listen = settings.api.listen or locations.api_listen(os.getenv, locations.state_dir(os.getenv))
  return settings
end

local function read_token(settings, findings)
  local reason
  settings.api.token, reason = deferred.resolve(settings.api.token)
  if reason then
    table.insert(findings, schema.finding({ "api", "token" }, "is missing: " .. reason))
  end
end

local function read_accounts(settings, findings)
  local accounts = {}
  for _, name in ipairs(sorted.keys(settings.accounts)) do
    local made, err = account.resolve(settings.accounts[name], name)
    append(findings, err and err.findings or {})
    accounts[name] = made
    if made then
      made.config.callback_path = made.config.callback_path or settings.callback.path
    end
  end
  settings.accounts = accounts
end

local function prepare_store(settings, findings)
  if settings.store.prepare then
    local _, err = settings.store:prepare()
    append(findings, err and err.findings or {})
  end
end

local function read_secrets(settings)
  local findings = {}
  read_token(settings, findings)
  read_accounts(settings, findings)
  prepare_store(settings, findings)
  return #findings > 0 and findings or check(settings)
end

-- Both files are read here and now, so that a new certificate which cannot be used changes nothing. A key that others
-- may read is refused by the core.
local function read_certificate(settings)
  local tls = settings.callback.tls
  if not tls or not tls.cert then
    return {}
  end
  local fault = trust.file_fault(tls.key)
  if fault then
    return { schema.finding({ "callback", "tls", "key" }, "cannot be used: " .. fault) }
  end
  local certificate, err = core.tls.open(tls.cert, tls.key)
  certificates[settings] = certificate
  return err and { schema.finding({ "callback", "tls", err.file }, err.message) } or {}
end

local function random(count)
  return assert(core.random.bytes(count))
end

-- What only the callback can tell: accounts that cannot be told apart, routes in each other's way.
local function check_callback(settings)
  local _, err = callback.new {
    accounts = settings.accounts,
    offer = error,
    log = log.silent(),
    clock = clock.system(),
    random = random,
    allow = settings.callback.allow,
    routes = settings.routes,
  }
  return err and { { keys = err.keys or {}, message = err.message } } or {}
end

-- On TCP nobody knows who asks.
local function check_access(settings)
  local findings = {}
  for _, name in ipairs(sorted.keys(settings.accounts)) do
    if settings.accounts[name].access and not settings.api.listen:find "^unix:" then
      local phrase = "cannot be held on TCP, where nobody knows who asks: api.listen must be a Unix socket"
      table.insert(findings, schema.finding({ "accounts", name, "allow" }, phrase))
    end
  end
  return findings
end

-- A folder that is not there yet is for the listener to tell.
local function check_sockets(settings)
  local findings = {}
  for _, part in ipairs { "api", "callback" } do
    local path = settings[part].listen:match "^unix:(.*)$"
    local fault = path and trust.socket_fault(path)
    if fault then
      table.insert(findings, schema.finding({ part, "listen" }, "has an unsafe place: " .. fault))
    end
  end
  return findings
end

local function check_groups(settings)
  local findings = {}
  for _, part in ipairs { "api", "callback" } do
    local group = settings[part].group
    if group and not core.identity.group(group) then
      table.insert(findings, schema.finding({ part, "group" }, ('names "%s": no such group'):format(group)))
    end
  end
  return findings
end

local function check_rules(settings)
  if not settings.api.listen then
    return { schema.missing({ "api", "listen" }, "is required: the environment names no folder for a socket") }
  end
  local violation = rules.violation(settings)
  if not violation then
    return {}
  end
  local words = {}
  for word in violation.path:gmatch "[^.]+" do
    table.insert(words, word)
  end
  local remedy = violation.remedy and (" (%s = true)"):format(violation.remedy) or ""
  return { (violation.is_missing and schema.missing or schema.finding)(words, violation.reason .. remedy) }
end

--- The settings that a description stands for.
---@param raw usher.gateway.Description
---@return usher.gateway.Description? settings with defaults, secrets read
---@return usher.Error? err bad_configuration with `findings`
function description.read(raw)
  local findings = check(raw)
  if #findings > 0 then
    return schema.failure(findings)
  end
  local settings = settings_of(raw)
  for _, step in ipairs {
    check_sockets,
    check_groups,
    read_secrets,
    check_rules,
    check_access,
    read_certificate,
    check_callback,
  } do
    findings = step(settings)
    if #findings > 0 then
      return schema.failure(findings)
    end
  end
  return settings
end

--- The callback's certificate, where it has one.
---@param settings usher.gateway.Description as `read` gave it
---@return usher.core.Tls?
function description.certificate(settings)
  return certificates[settings]
end

--- What is allowed, and still a person should know.
---@param settings usher.gateway.Description as `read` gave it
---@param now number Unix seconds
---@return usher.config.Warning[]
function description.warnings(settings, now)
  local warnings, certificate = rules.warnings(settings), certificates[settings]
  append(warnings, trust.warnings())
  table.insert(warnings, certificate and rules.expiry_warning(certificate:expires_at(), now))
  return warnings
end

return description
