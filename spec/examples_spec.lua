-- SPDX-License-Identifier: MIT
-- The programs of examples/, run as they stand.

local paths = require "spec.support.paths"
local child = require "spec.support.child"
local process = require "spec.support.process"
local push = require "usher.simulator.push"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local ROOT = assert(io.popen(("cd %s && pwd"):format(child.quote(paths.root)))):read "l"

local BUILD = os.getenv "USHER_BUILD" or ROOT .. "/build"

local function example(name)
  return ("%s/examples/%s.lua"):format(ROOT, name)
end

-- What the example prints, with a folder of its own as the present one.
local function output_of(folder, name, environment)
  environment = environment or {}
  environment.LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(ROOT, ROOT)
  environment.LUA_CPATH = BUILD .. "/lib/?.so;;"
  local command = ("cd %s && exec lua5.4 %s"):format(child.quote(folder), child.quote(example(name)))
  local status, out, err = process.run(folder, { "sh", "-c", command }, environment)
  assert.are.equal(0, status, err)
  return out
end

local function print_of(name)
  local folder = temporary.folder()
  finally(function()
    temporary.remove(folder)
  end)
  return output_of(folder, name)
end

describe("examples/", function()
  it("crypto.lua", function()
    local out = print_of "crypto"
    assert.matches("sha256\tba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n", out, 1, true)
    assert.matches("signature\t%S+\ttrue\n", out)
    assert.matches("shown as\tsecret%(%.%.%.%)\n", out)
    assert.matches("opened\ta refresh token\nelsewhere\tbad_seal", out, 1, true)
    assert.matches("refused\tbad_encoding", out, 1, true)
  end)

  it("http.lua", function()
    local out = print_of "http"
    assert.matches(
      '\t200\t{"greeting":"hello Ada Lovelace"}\n/greet\t200\t{"greeting":"hello Grace"}\n',
      out,
      1,
      true
    )
    assert.matches(
      '/greet\t400\tname is missing\n/relay?name=Alan\t200\trelayed: {"greeting":"hello Alan"}',
      out,
      1,
      true
    )
    assert.matches("/nowhere\t404\tnot found\ncode\ta+b\ta+b\nstate\tnil\tbad_request", out, 1, true)
  end)

  it("outer_loop.lua", function()
    assert.are.equal("200\tseen /outer\nturns of the outer loop\tseveral\n", print_of "outer_loop")
  end)

  it("keep_a_token.lua", function()
    local here <close> = world.new { simulator = { ["--push-interval"] = 1 } }
    here:start_simulator()
    local out = output_of(here.folder, "keep_a_token", {
      MEMORIES_API_KEY = here.api_key,
      MEMORIES_BASE_URL = here.environment.MEMORIES_BASE_URL,
      CALLBACK_PORT = here:callback_url():match ":(%d+)/",
      USHER_MASTER_KEY = ("A"):rep(43) .. "=",
    })
    assert.matches("push_received\tacme\n", out, 1, true)
    assert.matches("plain code: a token for %d+ s\n", out)
    assert.matches("handler: a token for %d+ s\n", out)
    assert.are.equal(1, #here:ledger "exchange")
  end)
end)

describe("examples/gateway.lua", function()
  local here, gateway

  local function push_code(account, api_key, client_id)
    local query = ("code=c0de&clientId=%s&state=%s"):format(client_id, push.state_of(api_key))
    return (here.curl(("%s/%s?%s"):format(here:callback_url(), account, query)))
  end

  before_each(function()
    here = world.new { config = example "gateway" }
    here.environment = {
      STATE_DIRECTORY = here.state_dir,
      CALLBACK_LISTEN = here:callback_url():match "http://([^/]+)/",
      MEMORIES_BASE_URL = here.environment.MEMORIES_BASE_URL,
      ACME_API_KEY = "sk-acme-0123456789",
      BOLT_API_KEY = "sk-bolt-0123456789",
      ACME_CLIENT_ID = "w1",
      BOLT_CLIENT_ID = "w2",
    }
    assert(os.execute(("mkdir %s"):format(child.quote(here.state_dir))))
    assert.are.equal(0, (here:usher("keygen", here.state_dir .. "/master.key")))
    gateway = here:start_gateway()
  end)

  after_each(function()
    here:close()
  end)

  it("takes each account's pushes on its own path", function()
    assert.are.equal(200, push_code("acme", "sk-acme-0123456789", "w1"))
    assert.are.equal(200, push_code("bolt", "sk-bolt-0123456789", "w2"))
    assert.are.equal(403, push_code("bolt", "sk-acme-0123456789", "w2"))
    assert.are.equal(403, push_code("acme", "sk-acme-0123456789", "w2"))
    local status, _, acme = here:ask "/v1/accounts/acme"
    assert.are.same({ 200, 40 }, { status, acme.budgets.exchange.limit })
  end)

  it("notes what becomes of its clients' videos", function()
    local url = here:callback_url():gsub("/callback$", "/video-status")
    local function post(client_id, status)
      local body = [[--data '{"videoNo": "VI7", "clientId": %s, "status": "%s"}']]
      return (here.curl(url, body:format(client_id, status)))
    end
    assert.are.equal(204, post('"w1"', "PARSE"))
    assert.are.equal(204, post('"w2"', "FAIL"))
    assert.are.equal(403, post('"w3"', "PARSE"))
    assert.are.equal(403, post("null", "PARSE"))
    assert.are.equal(403, post("1", "PARSE"))
    assert.are.equal(400, post('"w1"', "PARSED"))
    assert.are.equal(400, (here.curl(url, "--data PARSE")))
    assert.matches(
      "^%d+ acme VI7 PARSE\n%d+ bolt VI7 FAIL\n$",
      temporary.read(here.state_dir .. "/videos.log")
    )
    gateway:signal "TERM"
    assert.are.equal(0, gateway:wait())
  end)
end)
