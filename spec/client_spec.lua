-- SPDX-License-Identifier: MIT
local api_server = require "spec.support.api_server"
local client = require "usher.client"
local errors = require "usher.errors"
local json = require "usher.json"
local socket = require "socket"

local server

-- What `expression` over `client` gives in a program of its own: {value, error}.
local function ask(expression, options)
  options = options or {}
  local status, stdout, stderr = server:lua(([[
    local client = assert(require("usher.client").new { listen = %q, token = %q, timeout = %s })
    local value, err = %s
    assert(not package.loaded["usher.core"], "the core was loaded")
    io.write(require("usher.json").encode { value = value, err = err and { code = err.code, message = err.message,
      retry_after = err.retry_after, text = tostring(err) } })
  ]]):format(options.listen or server.listen, options.token or "", options.timeout or 5, expression))
  assert.are.equal("", stderr)
  assert.are.equal(0, status)
  local answer = assert(json.decode(stdout))
  return answer.value, answer.err
end

local function has_ipv6()
  local bound = socket.bind("::1", 0)
  return bound ~= nil and bound:close() ~= nil
end

local function answer_with(response)
  server.handler = function()
    return response
  end
end

describe("a client", function()
  before_each(function()
    server = api_server.open()
  end)

  it("gets a token", function()
    local token =
      { access_token = "tok-1", token_type = "Bearer", expires_in = 3600, expires_at = 1800003600 }
    server.keeper.answers.token = { token }
    local value = ask 'client:token("acme", { min_ttl = 600, wait = 3 })'
    assert.are.same(token, value)
    assert.are.equal("integer", math.type(value.expires_in))
    assert.are.same({ "token", "acme", { min_ttl = 600, wait = 3 } }, server.keeper.calls[1])
  end)

  it("gets one account and all accounts", function()
    assert.are.same({ name = "acme" }, ask 'client:account "acme"')
    assert.are.same(
      { { name = "acme" }, { name = "bolt" } },
      (function()
        server.keeper.document = function(_, name)
          return { name = name }
        end
        return ask "client:accounts()"
      end)()
    )
  end)

  it("gets accounts page by page", function()
    local names = {}
    for number = 1, 1001 do
      names[number] = ("a%04d"):format(number)
    end
    server.keeper.names = function()
      return { table.unpack(names) }
    end
    server.keeper.document = function(_, name)
      return { name = name }
    end
    local documents = ask "client:accounts()"
    assert.are.equal(1001, #documents)
    assert.are.equal("a1001", documents[1001].name)
    assert.are.equal(3, #server.requests)
  end)

  it("has a token refreshed", function()
    server.keeper.answers.refresh = { { access_token = "tok-2", refreshed = true } }
    assert.is_true(ask('client:refresh("acme", { rejected = "tok-1" })').refreshed)
    assert.are.same({ "refresh", "acme", { rejected = "tok-1" } }, server.keeper.calls[1])
    assert.is_true(ask('client:refresh("acme")').refreshed)
    assert.are.same({ "refresh", "acme", {} }, server.keeper.calls[2])
  end)

  it("gives the API's errors with when to come again", function()
    server.keeper.answers.token = { nil, errors.new("budget_exhausted", "opens later", { retry_after = 90 }) }
    local value, err = ask 'client:token "acme"'
    assert.is_nil(value)
    assert.are.same({
      code = "budget_exhausted",
      message = "opens later",
      retry_after = 90,
      text = "budget_exhausted: opens later",
    }, err)
    assert.are.equal("unknown_account", select(2, ask 'client:token "nobody"').code)
  end)

  it("asks for no name that would be another path", function()
    for _, name in ipairs { "a/b", "", "a b", "a?b", ("x"):rep(65) } do
      local value, err = ask(("client:token(%q)"):format(name))
      assert.is_nil(value)
      assert.are.equal("unknown_account", err.code)
    end
    assert.are.same({}, server.requests)
  end)

  it("takes no other answer for a token", function()
    for _, response in ipairs {
      { status = 200, body = "tok-1" },
      { status = 200, body = '"tok-1"' },
      { status = 200, body = "null" },
      { status = 302, headers = { Location = "http://127.0.0.1:1/" }, body = "" },
      { status = 502, body = "<html>" },
      { status = 503, body = '{"error":17}' },
      { status = 200, body = "{}" },
      { status = 200, body = '{"access_token":"a\nb"}' },
    } do
      answer_with(response)
      local value, err = ask 'client:token "acme"'
      assert.is_nil(value)
      assert.are.equal("bad_response", err.code)
    end
    answer_with { status = 200, body = "{}" }
    assert.are.equal("bad_response", select(2, ask "client:accounts()").code)
  end)

  it("says that nobody is there", function()
    local _, err = ask('client:token "acme"', { listen = "unix:" .. server.folder .. "/none.sock" })
    assert.are.equal("no_gateway", err.code)
    assert.matches("no gateway at unix:.*/none.sock: ", err.message)
    _, err = ask('client:token "acme"', { listen = "127.0.0.1:1" })
    assert.are.equal("no_gateway", err.code)
  end)

  it("has the gateway reload", function()
    server.handler = function(request)
      assert(request.method == "POST" and request.path == "/v1/reload" and request.body == "")
      return { status = 200, body = '{"reloaded":true}' }
    end
    assert.is_true(ask("client:reload()").reloaded)
  end)

  it("does not wait for ever", function()
    local core = require "usher.core"
    server.handler = function()
      return core.future.new():wait()
    end
    local _, err = ask('client:token "acme"', { timeout = 0.2 })
    assert.are.equal("timeout", err.code)
  end)

  it("waits as long as it lets the gateway wait", function()
    local clock = require("usher.clock").system()
    server.handler = function()
      clock:sleep(0.6)
      return { status = 200, body = '{"access_token":"late"}' }
    end
    assert.are.equal("late", ask('client:token("acme", { wait = 1 })', { timeout = 0.2 }).access_token)
  end)
end)

describe("a client over TCP", function()
  for _, host in ipairs { "127.0.0.1", has_ipv6() and "::1" or nil } do
    it("presents its bearer at " .. host, function()
      server = api_server.open { host = host, token = "the-bearer" }
      assert.are.equal("acme", ask('client:account "acme"', { token = "the-bearer" }).name)
      local _, err = ask('client:account "acme"', { token = "another" })
      assert.are.equal("unauthorized", err.code)
    end)
  end
end)

describe("client.new", function()
  it("refuses what is no address", function()
    local made, err = client.new { listen = "example.com:80" }
    assert.is_nil(made)
    assert.are.equal("bad_configuration", err.code)
    assert.matches("numeric", err.message)
  end)
end)
