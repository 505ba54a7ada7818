-- SPDX-License-Identifier: MIT
-- What answers requests, made from settings: callback and api, with the places where they listen. Opens nothing, so
-- that a reload can make them anew.

local api = require "usher.api"
local api_replies = require "usher.api.replies"
local callback = require "usher.callback"
local callback_replies = require "usher.callback.replies"
local core = require "usher.core"
local description = require "usher.gateway.description"
local hooks = require "usher.gateway.hooks"
local keys = require "usher.config.keys"
local listen = require "usher.config.listen"
local redaction = require "usher.log.redaction"

local parts = {}

--- The bodies of errors that reach no part, as listeners take them.
parts.ERROR_BODIES = { callback = callback_replies.body, api = api_replies.body }

local SECRET_SEGMENT_BYTES = 16

---@class usher.gateway.Parts
---@field settings usher.gateway.Description
---@field callback usher.Callback
---@field api usher.Api
---@field spots table<string, usher.gateway.Spot>
---@field on_event fun(event: table)

---@class usher.gateway.Surroundings what stays when settings change
---@field keeper usher.Keeper
---@field log usher.Logger
---@field clock usher.Clock
---@field random fun(count: integer): string
---@field requests table<string, table<integer, integer>> counts of answers
---@field seen? usher.callback.Seen what callbacks have brought lately
---@field ready fun(): boolean, string?
---@field reload fun(): true?, usher.Error?

local function make_callback(settings, around)
  return callback.new {
    accounts = settings.accounts,
    offer = function(name, push)
      return around.keeper:offer(name, push)
    end,
    offer_tenant = function(name, push)
      return around.keeper:offer_tenant(name, push)
    end,
    authorizations = around.keeper:for_callback(),
    allow = settings.callback.allow,
    seen = around.seen,
    reply_status = settings.callback.reply_status,
    routes = settings.routes,
    log = around.log,
    clock = around.clock,
    random = around.random,
  }
end

local function own_hosts(address, configured)
  local hosts = { table.unpack(configured) }
  if address.host then
    table.insert(hosts, address.host:find ":" and ("[%s]"):format(address.host) or address.host)
  end
  return hosts
end

local function access_of(accounts)
  local access = {}
  for name, account in pairs(accounts) do
    access[name] = account.access
  end
  return access
end

local function make_api(settings, around, receiver, address)
  return api.new {
    keeper = around.keeper,
    token = settings.api.token,
    is_tcp = address.host ~= nil,
    hosts = own_hosts(address, settings.api.hosts),
    requests = around.requests,
    access = access_of(settings.accounts),
    own_user = core.identity.own(),
    ready = around.ready,
    reload = around.reload,
    redirect = function(name, query)
      return receiver:redirect(name, query)
    end,
  }
end

--- The parts for settings as `gateway.description` reads them.
---@param settings usher.gateway.Description
---@param around usher.gateway.Surroundings
---@return usher.gateway.Parts? parts
---@return usher.Error? err bad_configuration
function parts.make(settings, around)
  local made, err = make_callback(settings, around)
  if not made then
    return nil, err
  end
  local api_address = listen.parse(settings.api.listen)
  return {
    settings = settings,
    callback = made,
    api = make_api(settings, around, made, api_address),
    spots = {
      callback = {
        address = listen.parse(settings.callback.listen),
        tls = description.certificate(settings),
        mode = settings.callback.mode,
        group = settings.callback.group,
      },
      api = { address = api_address, mode = settings.api.mode, group = settings.api.group },
    },
    on_event = hooks.new(settings.on, around.log),
  }
end

-- A path may hold a secret segment; nothing logs paths, and this keeps what others report clean.
local function add_path(secrets, path)
  if path ~= keys["callback.path"].default then
    table.insert(secrets, path)
  end
  for segment in path:gmatch "[^/]+" do
    if #segment >= SECRET_SEGMENT_BYTES then
      table.insert(secrets, segment)
    end
  end
end

--- A text, such as a redirect_uri, without what in it looks like a secret of a callback's path.
---@param text string
---@param path string
---@return string
function parts.without_secrets(text, path)
  for segment in path:gmatch "[^/]+" do
    if #segment >= SECRET_SEGMENT_BYTES then
      text = text:gsub(segment:gsub("%p", "%%%0"), redaction.MARK)
    end
  end
  return text
end

--- A callback's path without the segments that look like secrets.
---@param path string
---@return string
function parts.shown_path(path)
  return parts.without_secrets(path, path)
end

--- Whether a key of an account's configuration holds a secret.
---@param account usher.Account
---@param name string
---@return boolean
function parts.is_secret(account, name)
  local key = (account.provider.keys or {})[name]
  return type(account.config[name]) == "userdata" or name == "api_key" or key ~= nil and key.secret == true
end

--- Whether a key of an account's configuration may hold secrets among other things.
---@param account usher.Account
---@param name string
---@return boolean
function parts.is_hidden(account, name)
  local key = (account.provider.keys or {})[name]
  return key ~= nil and key.is_hidden == true
end

--- Every secret of the settings.
---@param settings usher.gateway.Description
---@return (string|usher.core.Secret)[]
function parts.secrets(settings)
  local secrets = { settings.api.token }
  for _, account in pairs(settings.accounts) do
    add_path(secrets, account.config.callback_path)
    for name, value in pairs(account.config) do
      if parts.is_secret(account, name) then
        table.insert(secrets, value)
      end
    end
  end
  return secrets
end

return parts
