-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local accounts = require "usher.api.accounts"
local errors = require "usher.errors"
local fake_keeper = require "spec.support.fake_keeper"
local json = require "usher.json"

local TOKEN = { access_token = "at", token_type = "Bearer", expires_in = 60, expires_at = 1800000060 }

-- The keeper's last call, the status, and the decoded body of one request.
local function ask(resource, name, request, keeper)
  keeper = keeper or fake_keeper.new()
  local response =
    accounts[resource](keeper, { query = request.query or "", body = request.body or "" }, name)
  return response.status, json.decode(response.body), keeper.calls
end

local function names_of(body)
  local names = {}
  for index, document in ipairs(body.accounts) do
    names[index] = document.name
  end
  return table.concat(names, " ")
end

describe("api accounts", function()
  for query, expected in pairs {
    [""] = "acme bolt",
    ["limit=1"] = "acme",
    ["after=acme"] = "bolt",
    ["after=acme&limit=1"] = "bolt",
    ["after=bolt"] = "",
    ["after=aaa"] = "acme bolt",
  } do
    it(("list %q: %s"):format(query, expected), function()
      local status, body = ask("list", nil, { query = query })
      assert.are.equal(200, status)
      assert.are.equal(expected, names_of(body))
    end)
  end

  it("list none as an empty array", function()
    local response = accounts.list(fake_keeper.new(), { query = "after=bolt" })
    assert.are.equal('{"accounts":[]}', response.body)
  end)

  it("show one account's document", function()
    local status, body = ask("document", "acme", {})
    assert.are.equal(200, status)
    assert.are.same({ name = "acme" }, body)
  end)

  local function ask_of_tenant(resource, tenant, request, answer)
    local keeper = fake_keeper.new()
    keeper.answers[resource] = answer
    local asked = { query = request.query or "", body = request.body or "" }
    local response = accounts[resource](keeper, asked, "acme", tenant)
    return response.status, json.decode(response.body), keeper.calls
  end

  it("give tenants' tokens, and renew them", function()
    local status, body, calls = ask_of_tenant("tenant_token", "wx%2D1", { query = "min_ttl=60" }, { TOKEN })
    assert.are.same({ 200, TOKEN }, { status, body })
    assert.are.same({ { "tenant_token", "acme", { "wx-1", { min_ttl = 60 } } } }, calls)
    status, body, calls = ask_of_tenant("tenant_refresh", "wx-1", { body = '{"rejected":"old"}' }, { TOKEN })
    assert.are.same({ 200, TOKEN }, { status, body })
    assert.are.same({ { "tenant_refresh", "acme", { "wx-1", { rejected = "old" } } } }, calls)
    assert.are.equal(404, (ask_of_tenant("tenant_token", "%", {}, { TOKEN })))
    assert.are.equal(400, (ask_of_tenant("tenant_token", "wx-1", { query = "x=1" }, { TOKEN })))
    assert.are.equal(400, (ask_of_tenant("tenant_refresh", "wx-1", { body = "[" }, { TOKEN })))
  end)

  it("show tenants, none as an empty array", function()
    local keeper = fake_keeper.new()
    keeper.answers.tenants = { {} }
    assert.are.equal('{"tenants":[]}', accounts.tenants(keeper, { query = "" }, "acme").body)
    assert.are.equal(404, accounts.tenants(keeper, { query = "" }, "nobody").status)
  end)

  it("give the token, by default without demands", function()
    local keeper = fake_keeper.new()
    keeper.answers.token = { TOKEN }
    local status, body, calls = ask("token", "acme", {}, keeper)
    assert.are.equal(200, status)
    assert.are.same(TOKEN, body)
    assert.are.same({ { "token", "acme", {} } }, calls)
  end)

  it("pass min_ttl and wait on", function()
    local _, _, calls = ask("token", "acme", { query = "min_ttl=300&wait=60" })
    assert.are.same({ { "token", "acme", { min_ttl = 300, wait = 60 } } }, calls)
  end)

  it("know an account by its percent-encoded name", function()
    assert.are.equal(200, (ask("token", "%61cme", {})))
  end)

  for _, name in ipairs { "nobody", "%zz", "a%2Fb", "a%00", ("a"):rep(65) } do
    it(("do not know %q"):format(name), function()
      for _, resource in ipairs { "document", "token", "refresh" } do
        local status, body = ask(resource, name, {})
        assert.are.equal(404, status)
        assert.are.equal("unknown_account", body.error)
      end
    end)
  end

  it("pass the keeper's refusal on", function()
    local keeper = fake_keeper.new()
    keeper.answers.token = { nil, errors.new("awaiting_credential", nil, { retry_after = 3 }) }
    local response = accounts.token(keeper, { query = "" }, "acme")
    assert.are.equal(503, response.status)
    assert.are.equal("3", response.headers["Retry-After"])
    assert.are.equal("awaiting_credential", json.decode(response.body).error)
  end)

  for _, case in ipairs {
    { "list", "limit=0" },
    { "list", "limit=1001" },
    { "list", "limit=x" },
    { "list", "after=" },
    { "list", "after=a/b" },
    { "list", "page=2" },
    { "document", "verbose=1" },
    { "token", "min_ttl=" },
    { "token", "min_ttl=soon" },
    { "token", "min_ttl=-1" },
    { "token", "min_ttl=1.5" },
    { "token", "min_ttl=1e3" },
    { "token", "min_ttl=0x10" },
    { "token", "min_ttl=99999999999999999999" },
    { "token", "min_ttl=1&min_ttl=1" },
    { "token", "wait=61" },
    { "token", "min_ttl=%zz" },
    { "token", "ttl=1" },
    { "refresh", "force=1" },
  } do
    local resource, query = table.unpack(case)
    it(("refuse %s?%s"):format(resource, query), function()
      local status, body, calls = ask(resource, "acme", { query = query })
      assert.are.equal(400, status)
      assert.are.equal("bad_request", body.error)
      assert.are.same({}, calls)
    end)
  end

  it("refresh without or with the token that was refused", function()
    for body, options in pairs { [""] = {}, ["{}"] = {}, ['{"rejected": "at"}'] = { rejected = "at" } } do
      local status, _, calls = ask("refresh", "acme", { body = body })
      assert.are.equal(200, status)
      assert.are.same({ { "refresh", "acme", options } }, calls)
    end
  end)

  for _, body in ipairs {
    "{",
    "null",
    "[]1",
    '"at"',
    '{"rejected": 1}',
    '{"rejected": ""}',
    '{"token": "at"}',
    "[1]",
  } do
    it(("refuse to refresh with %s"):format(body), function()
      local status, answered, calls = ask("refresh", "acme", { body = body })
      assert.are.equal(400, status)
      assert.are.equal("bad_request", answered.error)
      assert.are.same({}, calls)
    end)
  end

  it("have a person asked to authorize", function()
    local keeper = fake_keeper.new()
    keeper.answers.authorize = { { url = "https://as/device", user_code = "WDJB", expires_at = 1800000600 } }
    local status, body, calls = ask("authorize", "acme", {}, keeper)
    assert.are.equal(200, status)
    assert.are.same({ url = "https://as/device", user_code = "WDJB", expires_at = 1800000600 }, body)
    assert.are.same({ { "authorize", "acme", {} } }, calls)
    keeper.answers.authorize = { nil, errors.new "not_implemented" }
    assert.are.equal(501, (ask("authorize", "acme", {}, keeper)))
    assert.are.equal(404, (ask("authorize", "nobody", {}, keeper)))
    assert.are.equal(400, (ask("authorize", "acme", { query = "wait=1" }, keeper)))
  end)

  it("have a browser sent back to a port of the machine", function()
    local keeper, uri = fake_keeper.new(), "http://127.0.0.1:49152/callback"
    keeper.answers.authorize = { { url = "https://as", redirect_uri = uri, expires_at = 1800000600 } }
    local status, body, calls = ask("authorize", "acme", { body = '{"loopback_port":49152}' }, keeper)
    assert.are.same({ 200, uri }, { status, body.redirect_uri })
    assert.are.same({ { "authorize", "acme", { loopback_port = 49152 } } }, calls)
    assert.are.equal(400, (ask("authorize", "acme", { body = '{"loopback_port":0}' }, keeper)))
  end)

  describe("given a redirect", function()
    local given

    local function redirect(name, body)
      given = {}
      local answer_for = accounts.redirect(function(...)
        table.insert(given, { ... })
        return {
          status = 403,
          headers = { ["Content-Type"] = "text/plain" },
          body = "forbidden",
          close = true,
        }
      end)
      local response = answer_for(fake_keeper.new(), { query = "", body = body }, name)
      return response.status, json.decode(response.body)
    end

    it("have the callback receive it, and give its response", function()
      local status, body = redirect("acme", '{"query":"code=c&state=s"}')
      assert.are.equal(200, status)
      local expected = { status = 403, headers = { ["Content-Type"] = "text/plain" }, body = "forbidden" }
      assert.are.same(expected, body)
      assert.are.same({ { "acme", "code=c&state=s" } }, given)
    end)

    it("refuse one of an unknown account, and one without a query", function()
      for _, case in ipairs { { "nobody", '{"query":"q"}', 404 }, { "acme", "", 400 }, { "acme", "{}", 400 } } do
        assert.are.equal(case[3], (redirect(case[1], case[2])))
        assert.are.same({}, given)
      end
    end)
  end)

  it("show how an authorization stands", function()
    local keeper = fake_keeper.new()
    keeper.answers.authorization = {
      { status = "failed", url = "https://as", failure = { code = "access_denied", message = "no" } },
    }
    local status, body, calls = ask("authorization", "acme", { query = "wait=30" }, keeper)
    assert.are.equal(200, status)
    assert.are.same(
      { status = "failed", url = "https://as", error = "access_denied", error_description = "no" },
      body
    )
    assert.are.same({ { "authorization", "acme", { wait = 30 } } }, calls)
    assert.are.equal(400, (ask("authorization", "acme", { query = "wait=61" }, keeper)))
  end)

  it("have tokens revoked", function()
    local keeper = fake_keeper.new()
    local status, body = ask("revoke", "acme", {}, keeper)
    assert.are.same({ 200, { revoked = true } }, { status, body })
    keeper.answers.revoke = { nil, errors.new "temporarily_unavailable" }
    assert.are.equal(503, (ask("revoke", "acme", {}, keeper)))
  end)
end)
