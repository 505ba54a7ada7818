-- SPDX-License-Identifier: MIT
-- No secret where it does not belong, in any spelling: everything that a gateway and its commands do is done once, with
-- the log at its most talkative, and then all that they left is searched. The provider is seeded, so that every code
-- and token it can have handed out is known.

require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local json = require "usher.json"
local process = require "spec.support.process"
local push = require "usher.simulator.push"
local simulator = require "usher.simulator"
local spellings = require "spec.support.spellings"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local SEED = "secrecy"
local KNOWN_TEXTS = 60
local SECRET_SEGMENT = "s3cret-segment-of-the-path"
local BEARER = "b3arer-of-the-api-9f8a6c1e5b7d"
local FORGED_CODE = "f0rged-c0de-0123456789"
local MASTER_KEY = core.encoding.base64_encode(("0123456789abcdef"):rep(2))
local SOMEBODY = 4711

local CONFIGURATION = [[
local usher = require "usher"
local calls = 0
return usher.gateway {
  callback = { listen = "@callback", path = "/@segment/callback" },
  api = { listen = "@api", token = usher.secret.env "BEARER" },
  store = usher.store.sqlite { path = "@state/usher.db", key = usher.secret.env "MASTER_KEY" },
  log = { level = "debug", format = "@format" },
  accounts = {
    default = usher.provider.memories_ai {
      api_key = usher.secret.env "API_KEY", base_url = "@provider", policy = { push_interval = 1 },
    },
  },
  routes = {
    ["POST /leak"] = function(request) error("cannot use " .. request.body .. " " .. tostring(request.query)) end,
  },
  on = {
    push_received = function() error "no mail server" end,
    token_refreshed = function(event)
      calls = calls + 1
      if calls % 2 == 0 then error(event) end
    end,
  },
}
]]

-- What the provider, or what stands between it and us, may do; each is met by an attempt.
local FAULTS = {
  { kind = "http", status = 500 },
  { kind = "http", status = 403 },
  { kind = "envelope" },
  { kind = "html" },
  { kind = "reset" },
  { kind = "truncated" },
}

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

-- The codes and tokens in the order in which the seeded provider makes them.
local function texts_of_provider()
  local random, texts = simulator.seeded(SEED), {}
  for index = 1, KNOWN_TEXTS do
    texts[index] = core.encoding.base64url_encode(random(24))
  end
  return texts
end

local function secrets_of(here)
  local secrets = texts_of_provider()
  for _, secret in ipairs {
    here.api_key,
    push.state_of(here.api_key),
    MASTER_KEY,
    (core.encoding.base64_decode(MASTER_KEY)),
    SECRET_SEGMENT,
    BEARER,
    FORGED_CODE,
  } do
    table.insert(secrets, secret)
  end
  return secrets
end

-- What the world's programs have left, by a name for each. `usher token` gives the token away, as it should, and the
-- configuration names the path.
local function leavings(here)
  local texts = {}
  for path in run(("find '%s' -type f"):format(here.folder)):gmatch "[^\n]+" do
    local is_meant = path:find "/run%-%d+%.out$" or path:find "/usher%.lua$" or path:find "/simulator"
    texts[path] = not is_meant and temporary.read(path) or nil
  end
  return texts
end

local function find_secrets(here, texts)
  local found, secrets = {}, secrets_of(here)
  for name, bytes in pairs(texts) do
    local names = #bytes > 0 and spellings.find(bytes, secrets) or {}
    for _, finding in ipairs(names) do
      table.insert(found, name .. ": " .. finding)
    end
  end
  return found
end

local function open_modes(folder)
  return run(("find '%s' ! -type d ! -perm 600; find '%s' -type d ! -perm 700"):format(folder, folder))
end

local function write_configuration(here, format)
  local values = {
    api = here.environment.USHER_API_LISTEN,
    callback = here:callback_url():match "http://([^/]+)/",
    format = format,
    provider = here.environment.MEMORIES_BASE_URL,
    segment = SECRET_SEGMENT,
    state = here.state_dir,
  }
  temporary.write(here.config, (CONFIGURATION:gsub("@(%l+)", values)))
end

local function new_world()
  local here = world.new {
    simulator = { ["--seed"] = SEED, ["--access-lifetime"] = 4, ["--push-interval"] = 1 },
  }
  here:serve_api_on_tcp(BEARER)
  here.environment.USHER_CALLBACK_PATH = ("/%s/callback"):format(SECRET_SEGMENT)
  here.config = here.folder .. "/usher.lua"
  assert(os.execute(("mkdir -m 700 '%s'"):format(here.state_dir)))
  write_configuration(here, "logfmt")
  return here
end

-- Starts it with the secrets that its configuration names, and no others: those are for client commands.
local function start_gateway(here)
  local everything = here.environment
  here.environment = { API_KEY = here.api_key, BEARER = BEARER, MASTER_KEY = MASTER_KEY }
  local gateway = here:start_gateway()
  here.environment = everything
  return gateway
end

-- The API's answer, and what it may show of a token: nothing.
local function ask(here, path, options)
  local bearer = ("--header 'Authorization: Bearer %s' "):format(BEARER)
  return here.curl(here:api_url() .. path, bearer .. (options or ""))
end

-- Every kind of callback there is, good and bad.
local function call_back(here, token)
  local url, state = here:callback_url(), push.state_of(here.api_key)
  for _, query in ipairs {
    ("?code=%s&clientId=w2&state=%s"):format(FORGED_CODE, state),
    ("?code=%s&clientId=w2&state=0"):format(token),
    ("?code=%s&code=%s&clientId=w2&state=%s"):format(FORGED_CODE, token, state),
    ("?code=%s"):format(FORGED_CODE),
    "?code=%zz" .. token,
  } do
    here.curl(url .. query)
  end
  here.curl(url .. "/" .. token)
  here.curl(url:gsub("/callback$", "/" .. FORGED_CODE), "--request DELETE")
end

-- An operator's route that fails with secrets in its error.
local function leak(here, token)
  local url = here:callback_url():match "^http://[^/]+" .. "/leak"
  for _, text in ipairs {
    token,
    core.encoding.hex_encode(token),
    core.encoding.base64_encode("Bearer " .. token),
    core.encoding.percent_encode(here.api_key),
    here.api_key .. " " .. BEARER,
    "http://localhost/" .. SECRET_SEGMENT .. "/callback",
  } do
    local body = "--data-binary " .. child.quote(text)
    assert.are.equal(500, (here.curl(url .. "?" .. core.encoding.percent_encode(token), body)))
  end
end

-- Every command that must not show a secret; their words.
local function run_commands(here)
  local texts = {}
  for _, words in ipairs {
    { "status" },
    { "status", "default" },
    { "status", "--json" },
    { "refresh", "default" },
    { "refresh", "n0ne" },
    { "token", "n0ne" },
    { "reload" },
    { "check", here.config },
    {
      "exec",
      "default",
      "--",
      "sh",
      "-c",
      "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -a ^lua",
    },
  } do
    local _, out, err = here:usher(table.unpack(words))
    texts["usher " .. table.concat(words, " ")] = out .. err
  end
  for _, words in ipairs { { "token", "default" }, { "token", "default", "--format", "header" } } do
    local _, _, err = here:usher(table.unpack(words))
    texts["standard error of usher " .. table.concat(words, " ")] = err
  end
  return texts
end

local function ask_everything(here, token)
  local texts = {}
  for path, options in pairs {
    ["/v1/accounts"] = "",
    ["/v1/accounts/default"] = "",
    ["/metrics"] = "",
    ["/readyz"] = "",
    ["/v1/accounts/" .. token] = "",
    ["/v1/accounts/default/token?min_ttl=" .. token] = "",
    ["/v1/accounts/default/refresh"] = "--request POST --data 'not json " .. token .. "'",
    ["/v1/reload"] = "--request POST",
    ["/livez"] = "--header 'Authorization: Bearer " .. FORGED_CODE .. "'",
    ["/v1/accounts/default/"] = "--header 'Host: " .. FORGED_CODE .. "'",
  } do
    texts["API " .. path:sub(1, 20)] = select(2, ask(here, path, options))
  end
  return texts
end

local function meet_faults(here)
  for _, fault in ipairs(FAULTS) do
    fault.count = 1
    here:ask_provider("/faults", "--data " .. child.quote(json.encode(fault)))
    ask(here, "/v1/accounts/default/refresh", "--request POST")
  end
end

local function add(texts, more)
  for name, text in pairs(more) do
    texts[name] = text
  end
end

local function process_texts(gateway)
  return {
    environment = run(("cat /proc/%d/environ 2>&1"):format(gateway.pid)),
    ["command line"] = run(("cat /proc/%d/cmdline 2>&1"):format(gateway.pid)),
  }
end

describe("a search for secrets", function()
  it("finds a text in each spelling", function()
    local text = 's3cret/with+odd "characters" and m0re'
    assert.is_true(#spellings.ALL >= 20)
    for _, spelling in ipairs(spellings.ALL) do
      local found = spellings.find("before " .. spelling[2](text) .. " after", { "another text", text })
      assert.is_true(#found > 0, spelling[1])
    end
    for before = 0, 2 do
      local bytes = ("b"):rep(before) .. text .. "after"
      assert.is_true(#spellings.find(core.encoding.base64_encode(bytes), { text }) > 0)
      assert.is_true(#spellings.find(core.encoding.base64url_encode(bytes), { text }) > 0)
    end
    assert.are.same({}, spellings.find("nothing of the kind", { text }))
  end)
end)

describe("secrecy", function()
  it("holds whatever happens, in logs, answers, metrics, files, environment and command lines", function()
    local here <close> = new_world()
    local gateway = start_gateway(here)
    here:start_simulator()
    local token = process.await("a token", function()
      local status, _, answer = ask(here, "/v1/accounts/default/token")
      return status == 200 and answer.access_token
    end)
    assert.is_true((" " .. table.concat(texts_of_provider(), " ") .. " "):find(token, 1, true) ~= nil)
    gateway:await "event=token_refreshed.-event=token_refreshed"

    local texts = {}
    call_back(here, token)
    leak(here, token)
    meet_faults(here)
    add(texts, ask_everything(here, token))
    write_configuration(here, "json")
    gateway:signal "HUP"
    gateway:await '"event":"gateway_reloaded"'
    leak(here, token)
    call_back(here, token)
    here:ask_provider("/revoke", "--request POST")
    add(texts, run_commands(here))
    temporary.write(here.config, "return nil -- " .. token)
    add(texts, { reload = select(2, ask(here, "/v1/reload", "--request POST")) })
    add(texts, process_texts(gateway))
    add(texts, leavings(here))
    assert.are.same({}, find_secrets(here, texts))
    assert.are.equal("", open_modes(here.state_dir))

    gateway:signal "KILL"
    gateway:wait()
    assert.are.same({}, find_secrets(here, leavings(here)))
    assert.are.equal("", open_modes(here.state_dir))
    local _, stderr = gateway:output()
    for _, event in ipairs {
      "route_failed",
      "hook_failed",
      "callback_refused",
      "attempt_failed",
      "status_changed",
    } do
      assert.matches(event, stderr, 1, true)
    end
  end)

  it("leaves nothing that names a secret in the environment of the bundled gateway", function()
    local here <close> = new_world()
    here.config, here.environment.USHER_MASTER_KEY = nil, MASTER_KEY
    local texts = process_texts(here:start_gateway())
    if texts.environment:find "Permission denied" then
      return -- not root: the process shows nobody its environment
    end
    assert.matches("USHER_MASTER_KEY=", texts.environment, 1, true)
    assert.are.same({}, find_secrets(here, texts))
  end)
end)

describe("the memory of a gateway", function()
  local here, program

  before_each(function()
    here = new_world()
    here.environment =
      { API_KEY = here.api_key, BEARER = BEARER, MASTER_KEY = MASTER_KEY, PATH = os.getenv "PATH" }
    program = run("realpath " .. child.quote(here.program)):match "[^\n]+"
  end)

  after_each(function()
    here:close()
  end)

  -- A program started in a folder of its own, where nothing forbids a core file.
  local function start_where_cores_are_kept(name, command)
    local folder = ("%s/%s-core"):format(here.folder, name)
    assert(os.execute(("mkdir -m 777 '%s'"):format(folder)))
    local script = ("ulimit -c unlimited 2>/dev/null; cd '%s' && exec %s"):format(folder, command)
    local started = process.start(here.folder, name, { "sh", "-c", script }, here.environment)
    return started, folder
  end

  local function cores_in(folder)
    return run(("ls '%s'"):format(folder))
  end

  it("is not written to a core file when it is killed", function()
    local witness, kept = start_where_cores_are_kept("sleep", "sleep 60")
    process.await("sleep", function()
      return run(("cat /proc/%d/comm"):format(witness.pid)) == "sleep\n"
    end)
    witness:signal "ABRT"
    witness:wait()
    if cores_in(kept) == "" then
      return -- this system keeps no core files, or keeps them elsewhere
    end
    local command = ("%s run %s"):format(child.quote(program), child.quote(here.config))
    local gateway, folder = start_where_cores_are_kept("gateway", command)
    gateway:await "event=gateway_started"
    gateway:signal "ABRT"
    gateway:wait()
    gateway:close()
    assert.are.equal("", cores_in(folder))
  end)

  it("cannot be read by programs of the same user", function()
    if core.identity.own() ~= 0 then
      return -- only root can become somebody else, and still look
    end
    local become = ("setpriv --reuid %d --regid %d --clear-groups"):format(SOMEBODY, SOMEBODY)
    if not os.execute(("%s test -r '%s'"):format(become, program)) then
      return -- the checkout is for its owner only
    end
    assert(os.execute(("chown -R %d '%s'"):format(SOMEBODY, here.folder)))
    local command = ("%s %s run %s"):format(become, child.quote(program), child.quote(here.config))
    local gateway = start_where_cores_are_kept("gateway", command)
    gateway:await "event=gateway_started"
    for _, name in ipairs { "environ", "mem", "maps", "auxv" } do
      local path = ("/proc/%d/%s"):format(gateway.pid, name)
      assert.are.equal("0\n", run("stat -c %u " .. path))
      assert.matches("Permission denied", run(("%s head -c 1 %s 2>&1"):format(become, path)), 1, true)
    end
    gateway:close()
  end)
end)
