-- SPDX-License-Identifier: MIT
local environment = require "usher.config.environment"

local REQUIRED = { MEMORIES_API_KEY = "the-api-key", HOME = "/home/op" }

local function read(set, files)
  local variables = setmetatable(set, { __index = REQUIRED })
  return environment.read(function(name)
    return variables[name] or nil
  end, function(path)
    return (files or {})[path], "no such file"
  end)
end

local function message_of(set)
  local settings, err = read(set)
  assert.is_nil(settings)
  assert.are.equal("bad_configuration", err.code)
  return err.message
end

local REFUSED = {
  { "MEMORIES_API_KEY", false, "MEMORIES_API_KEY is required (or MEMORIES_API_KEY_FILE" },
  { "MEMORIES_API_KEY", "", "MEMORIES_API_KEY is required" },
  {
    "MEMORIES_BASE_URL",
    "http://h.example",
    'MEMORIES_BASE_URL "http://h.example" is plain http to another',
  },
  { "MEMORIES_BASE_URL", "http://h.example", "allowed: https://HOST" },
  {
    "MEMORIES_EXCHANGE_BUDGET",
    "0",
    'MEMORIES_EXCHANGE_BUDGET "0" is not allowed; allowed: a whole number from 1',
  },
  { "MEMORIES_REFRESH_BUDGET", "many", "MEMORIES_REFRESH_BUDGET" },
  { "MEMORIES_PUSH_INTERVAL", "0.0", "MEMORIES_PUSH_INTERVAL" },
  { "MEMORIES_PUSH_INTERVAL", "1e3", "MEMORIES_PUSH_INTERVAL" },
  { "USHER_API_HOSTS", "usher.internal:80", "USHER_API_HOSTS" },
  { "MEMORIES_CLIENT_ID", "a b", "MEMORIES_CLIENT_ID" },
  { "USHER_ACCOUNT", "a/b", 'USHER_ACCOUNT "a/b" is not allowed; allowed: 1 to 64 of' },
  { "USHER_CALLBACK_LISTEN", "0.0.0.0:80", "USHER_CALLBACK_LISTEN is reachable from other machines" },
  { "USHER_CALLBACK_LISTEN", "0.0.0.0:80", "(USHER_CALLBACK_PLAIN=1)" },
  { "USHER_CALLBACK_LISTEN", "80", 'USHER_CALLBACK_LISTEN "80" is not an address; allowed: HOST:PORT' },
  { "USHER_CALLBACK_PLAIN", "yes", "USHER_CALLBACK_PLAIN" },
  { "USHER_CALLBACK_PATH", "callback", "USHER_CALLBACK_PATH" },
  { "USHER_CALLBACK_ALLOW", "example.com", "USHER_CALLBACK_ALLOW" },
  {
    "USHER_CALLBACK_TLS_CERT",
    "c.pem",
    "USHER_CALLBACK_TLS_KEY is required: certificate and key go together",
  },
  {
    "USHER_CALLBACK_TLS_KEY",
    "k.pem",
    "USHER_CALLBACK_TLS_CERT is required: certificate and key go together",
  },
  { "USHER_API_LISTEN", "127.0.0.1:9090", "USHER_API_TOKEN is required where the API is on TCP" },
  { "USHER_LOG_LEVEL", "loud", 'USHER_LOG_LEVEL "loud" is not allowed; allowed: debug, info, warn, error' },
  { "USHER_LOG_FORMAT", "xml", "USHER_LOG_FORMAT" },
  {
    "USHER_LOG_LEVEL_FILE",
    "/missing",
    "USHER_LOG_LEVEL cannot be read through USHER_LOG_LEVEL_FILE: no such file",
  },
  { "HOME", false, "USHER_STATE_DIR is required" },
}

describe("the environment", function()
  it("needs but the API key", function()
    local settings = assert(read {})
    assert.are.equal("the-api-key", settings.memories.api_key:reveal())
    settings.memories.api_key = nil
    assert.are.same({
      account = "default",
      state_dir = "/home/op/.local/state/usher",
      callback = { listen = "127.0.0.1:8080", path = "/callback", plain = false, allow = {} },
      api = { listen = "unix:/home/op/.local/state/usher/usher.sock", hosts = {} },
      log = { level = "info", format = "logfmt" },
      memories = {
        base_url = "https://mavi-backend.memories.ai",
        policy = { budgets = { exchange = 50, refresh = 500 }, push_interval = 600 },
      },
    }, settings)
  end)

  it("sets everything", function()
    local settings = assert(read {
      MEMORIES_CLIENT_ID = "d7a7",
      MEMORIES_BASE_URL = "http://127.0.0.1:9000",
      MEMORIES_EXCHANGE_BUDGET = "5",
      MEMORIES_REFRESH_BUDGET = "6",
      MEMORIES_PUSH_INTERVAL = "2",
      USHER_ACCOUNT = "acme",
      USHER_CALLBACK_LISTEN = "0.0.0.0:80",
      USHER_CALLBACK_PLAIN = "1",
      USHER_CALLBACK_PATH = "/x/s3cret",
      USHER_CALLBACK_ALLOW = "203.0.113.0/24,192.0.2.1",
      USHER_API_LISTEN = "127.0.0.1:9090",
      USHER_API_TOKEN = "bearer-value",
      USHER_STATE_DIR = "/state",
      USHER_MASTER_KEY = "AAAA",
      USHER_LOG_LEVEL = "debug",
      USHER_LOG_FORMAT = "json",
    })
    assert.are.equal("bearer-value", settings.api.token:reveal())
    assert.are.equal("AAAA", settings.master_key:reveal())
    assert.are.equal("secret(...)", tostring(settings.memories.api_key))
    settings.api.token, settings.master_key, settings.memories.api_key = nil, nil, nil
    assert.are.same({
      account = "acme",
      state_dir = "/state",
      callback = {
        listen = "0.0.0.0:80",
        path = "/x/s3cret",
        plain = true,
        allow = { "203.0.113.0/24", "192.0.2.1" },
      },
      api = { listen = "127.0.0.1:9090", hosts = {} },
      log = { level = "debug", format = "json" },
      memories = {
        client_id = "d7a7",
        base_url = "http://127.0.0.1:9000",
        policy = { budgets = { exchange = 5, refresh = 6 }, push_interval = 2 },
      },
    }, settings)
  end)

  it("reads any variable from a file", function()
    local settings = assert(
      read(
        { MEMORIES_API_KEY = false, MEMORIES_API_KEY_FILE = "/k", USHER_LOG_LEVEL_FILE = "/l" },
        { ["/k"] = "from-file\n", ["/l"] = "warn\n" }
      )
    )
    assert.are.equal("from-file", settings.memories.api_key:reveal())
    assert.are.equal("warn", settings.log.level)
  end)

  it("gives each reading tables of its own", function()
    table.insert(read({}).callback.allow, "192.0.2.1")
    assert.are.same({}, read({}).callback.allow)
  end)

  for _, case in ipairs(REFUSED) do
    local name, text, expected = table.unpack(case)
    it(("refuses %s=%s: %s"):format(name, text, expected), function()
      local message = message_of { [name] = text }
      assert.is_truthy(message:find(expected, 1, true), message)
    end)
  end

  it("refuses to tell networks apart on a Unix socket", function()
    local set = { USHER_CALLBACK_ALLOW = "10.0.0.0/8", USHER_CALLBACK_LISTEN = "unix:/run/callback.sock" }
    assert.matches("^USHER_CALLBACK_ALLOW cannot be held on a Unix socket", message_of(set))
  end)

  it("reads seconds with a fraction, and hosts", function()
    local settings = assert(read { MEMORIES_PUSH_INTERVAL = "0.5", USHER_API_HOSTS = "a.internal, b" })
    assert.are.equal(0.5, settings.memories.policy.push_interval)
    assert.are.same({ "a.internal", "b" }, settings.api.hosts)
  end)

  it("shows no secret in its messages", function()
    for _, name in ipairs { "MEMORIES_API_KEY", "USHER_API_TOKEN", "USHER_MASTER_KEY" } do
      local message = message_of { [name] = "s3cret with spaces" }
      assert.is_truthy(message:find("^" .. name .. " is not allowed; allowed: printable"), message)
    end
  end)

  it("shows a wrong value short and without control characters", function()
    local message = message_of { USHER_LOG_LEVEL = "\27[31m" .. ("x"):rep(500) }
    assert.is_nil(message:find "%c")
    assert.is_true(#message < 200)
  end)
end)

describe("environment.misspelt", function()
  it("finds names that are nearly those of variables", function()
    local names = {
      "HOME",
      "MEMORIES_API_KEY",
      "MEMORIES_API_KEYS_FILE",
      "USHER_API_TOKEN_FILE",
      "USHER_CALLBAK_ALLOW",
      "USHER_LOGLEVEL",
      "USHER_TOKEN",
      "USHER_" .. ("X"):rep(100),
    }
    local rest = " is no variable of usher's, and counts for nothing; "
    assert.are.same({
      "MEMORIES_API_KEYS_FILE" .. rest .. "MEMORIES_API_KEY_FILE is one",
      "USHER_CALLBAK_ALLOW" .. rest .. "USHER_CALLBACK_ALLOW is one",
      "USHER_LOGLEVEL" .. rest .. "USHER_LOG_LEVEL is one",
    }, environment.misspelt(names))
  end)
end)

describe("environment.by_variable", function()
  it("names the variable behind a key", function()
    for message, expected in pairs {
      ["callback.listen: in use"] = "USHER_CALLBACK_LISTEN: in use",
      ["callback.allow[2]: not a network"] = "USHER_CALLBACK_ALLOW[2]: not a network",
      ["accounts.default: odd"] = "accounts.default: odd",
      ["/state/usher.db: locked"] = "/state/usher.db: locked",
      [""] = "",
    } do
      assert.are.equal(expected, environment.by_variable(message))
    end
  end)
end)

describe("the process's environment", function()
  it("keeps no secret once read", function()
    local script = [[
      package.path, package.cpath = %q, %q
      local settings = assert(require("usher.config").from_environment())
      assert(settings.memories.api_key:reveal() == "the-api-key-value")
      assert(settings.api.token:reveal() == "the-bearer-value")
      assert(settings.master_key:reveal() == "the-master-key-value")
      local file = assert(io.open("/proc/self/environ", "rb"))
      io.write((file:read("a"):gsub("%%z", "\n")))
    ]]
    local command = (
      "MEMORIES_API_KEY=the-api-key-value USHER_API_TOKEN=the-bearer-value "
      .. "USHER_MASTER_KEY=the-master-key-value VISIBLE=visible lua5.4 -e '%s' 2>&1"
    ):format(script:format(package.path, package.cpath))
    local pipe = io.popen(command)
    local output = pipe:read "a"
    assert.is_true(pipe:close(), output)
    assert.is_truthy(output:find("VISIBLE=visible", 1, true))
    for value in ("the-api-key-value the-bearer-value the-master-key-value"):gmatch "%S+" do
      assert.is_nil(output:find(value, 1, true))
    end
  end)
end)
