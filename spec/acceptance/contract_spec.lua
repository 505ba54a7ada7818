-- SPDX-License-Identifier: MIT
-- Both listeners as the outside sees them: statuses, bodies and headers of DESIGN.md, section 9, over real sockets.

require "spec.support.paths"
local push = require "usher.simulator.push"
local world = require "spec.support.world"

local TOKEN = "b3arer-0123456789"

local function with_headers(...)
  local words = { "--include" }
  for _, header in ipairs { ... } do
    table.insert(words, ("--header '%s'"):format(header))
  end
  return table.concat(words, " ")
end

describe("the callback listener", function()
  it("answers each case with its status and one fixed body", function()
    local here <close> = world.new()
    here:start_gateway()
    local url, state = here:callback_url(), push.state_of(here.api_key)
    local good = "code=c1&clientId=w1&state=" .. state
    for _, case in ipairs {
      { good, nil, 200, "ok" },
      { good, nil, 200, "ok" },
      { "code=c2&clientId=w1&state=" .. state:upper(), "--request POST", 200, "ok" },
      { good, "--header 'Connection: Upgrade, HTTP2-Settings' --header 'Upgrade: h2c'", 200, "ok" },
      { "code=c1&clientId=w1", nil, 400, "bad request" },
      { "code=c1&clientId=w1&state=", nil, 400, "bad request" },
      { "code=&clientId=w1&state=" .. state, nil, 400, "bad request" },
      { "clientId=w1&state=" .. state, nil, 400, "bad request" },
      { good .. "&code=c3", nil, 400, "bad request" },
      { good .. "&clientId=w1", nil, 400, "bad request" },
      { "code=c%00&clientId=w1&state=" .. state, nil, 400, "bad request" },
      { "code=c%0a&clientId=w1&state=" .. state, nil, 400, "bad request" },
      { "code=c%zz&clientId=w1&state=" .. state, nil, 400, "bad request" },
      { "code=c%4&clientId=w1&state=" .. state, nil, 400, "bad request" },
      { "code=c1&clientId=w1&state=" .. ("0"):rep(32), nil, 403, "forbidden" },
      { good, "--request PUT", 405, "method not allowed" },
      { good, "--request DELETE", 405, "method not allowed" },
    } do
      local query, options, status, body = table.unpack(case, 1, 4)
      assert.are.same({ status, body }, { here.curl(url .. "?" .. query, options) }, query)
    end
    assert.are.equal(404, (here.curl(url .. "/?" .. good)))
    assert.are.equal(405, (here.curl(url .. "?" .. good, "--head")))
    local _, answer = here.curl(url .. "?" .. good, "--include --request PUT")
    assert.matches("\r\nAllow: GET, POST\r\n", answer, 1, true)
    assert.matches("\r\nConnection: close\r\n", answer, 1, true)
    assert.are.equal(413, (here.curl(url, "--data-binary '@" .. here:large_file(70000) .. "'")))
    assert.are.equal(414, (here.curl(url .. "?" .. ("x"):rep(9000))))
    assert.are.equal(431, (here.curl(url, "--header 'X-Long: " .. ("x"):rep(17000) .. "'")))
  end)

  it("refuses another subject once one is pinned", function()
    local here <close> = world.new { environment = { MEMORIES_CLIENT_ID = "w1" } }
    here:start_gateway()
    local url, state = here:callback_url(), push.state_of(here.api_key)
    assert.are.equal(403, (here.curl(("%s?code=c1&clientId=w2&state=%s"):format(url, state))))
    assert.are.equal(200, (here.curl(("%s?code=c1&clientId=w1&state=%s"):format(url, state))))
  end)

  it("refuses other source networks", function()
    local here <close> =
      world.new { environment = { USHER_CALLBACK_ALLOW = "203.0.113.0/24, 2001:db8::/32" } }
    here:start_gateway()
    local query = "?code=c1&clientId=w1&state=" .. push.state_of(here.api_key)
    assert.are.same({ 403, "forbidden" }, { here.curl(here:callback_url() .. query) })
  end)
end)

describe("the API", function()
  it("on TCP asks for the bearer token, except for probes", function()
    local here <close> = world.new()
    here:serve_api_on_tcp(TOKEN)
    here:start_gateway()
    local url = here:api_url()
    local bearer = with_headers("Authorization: Bearer " .. TOKEN)
    assert.are.equal(200, (here.curl(url .. "/livez")))
    assert.are.equal(200, (here.curl(url .. "/readyz")))
    local status, answer = here.curl(url .. "/v1/accounts", "--include")
    assert.are.equal(401, status)
    assert.matches('\r\nWWW-Authenticate: Bearer realm="usher"\r\n', answer, 1, true)
    assert.are.equal(401, (here.curl(url .. "/v1/accounts", with_headers "Authorization: Bearer wrong")))
    assert.are.equal(200, (here.curl(url .. "/v1/accounts", bearer)))
    assert.are.equal(421, (here.curl(url .. "/v1/accounts", bearer .. " --header 'Host: evil.example'")))
    assert.are.equal(421, (here.curl(url .. "/livez", "--header 'Host: evil.example'")))
  end)

  it("on a socket answers as documented", function()
    local here <close> = world.new()
    here:start_gateway()
    for _, case in ipairs {
      { "/livez", nil, 200 },
      { "/readyz", nil, 200 },
      { "/v1/accounts", nil, 200 },
      { "/v1/accounts?limit=1&after=a", nil, 200 },
      { "/v1/accounts/default", nil, 200 },
      { "/v1/accounts?limit=x", nil, 400, "bad_request" },
      { "/v1/accounts/default/token?min_ttl=soon", nil, 400, "bad_request" },
      { "/v1/accounts/default/token?min_ttl=1&wait=61", nil, 400, "bad_request" },
      { "/v1/accounts/default/token?ttl=1", nil, 400, "bad_request" },
      { "/v1/accounts/default/refresh", "--data '{'", 400, "bad_request" },
      { "/v1/accounts/default", "--header 'Origin: http://evil.example'", 403, "forbidden" },
      { "/v1/accounts/default", "--header 'Sec-Fetch-Site: cross-site'", 403, "forbidden" },
      { "/v1/accounts/nobody", nil, 404, "unknown_account" },
      { "/v1/accounts/nobody/token", nil, 404, "unknown_account" },
      { "/v2/accounts", nil, 404, "not_found" },
      { "/v1/accounts/default/refresh", nil, 405, "method_not_allowed" },
      { "/v1/accounts", "--request DELETE", 405, "method_not_allowed" },
      { "/v1/accounts", "--header 'Host: evil.example'", 421, "misdirected" },
      { "/v1/accounts/default/token", nil, 503, "awaiting_credential" },
      { "/v1/accounts/default/refresh", "--request POST", 503, "awaiting_credential" },
    } do
      local path, options, expected, code = table.unpack(case, 1, 4)
      local status, _, answer = here:ask(path, options)
      assert.are.same({ expected, code }, { status, answer.error }, path)
    end
  end)

  it("says how an account is", function()
    local here <close> = world.new()
    here:start_gateway()
    here:start_simulator()
    here:await_token()
    local _, body, document = here:ask "/v1/accounts/default"
    assert.are.same(
      { "default", "memories_ai", "ready" },
      { document.name, document.provider, document.status }
    )
    assert.are.equal(7200, document.token.expires_at - document.token.issued_at)
    assert.matches("^%x%x%x%x%x%x%x%x$", document.token.fingerprint)
    assert.is_true(document.refresh_token.expires_at > document.token.expires_at)
    assert.are.same({ limit = 50, used = 1 }, document.budgets.exchange)
    assert.are.same({ limit = 500, used = 0 }, document.budgets.refresh)
    assert.are.same({ 1, 0 }, { document.pushes_24h, document.failures })
    for _, field in ipairs { '"last_error":null', '"needs":null' } do
      assert.matches(field, body, 1, true)
    end
  end)

  it("never lets a token into a cache, and says when to ask again", function()
    local here <close> = world.new()
    here:start_gateway()
    local status, answer = here:ask("/v1/accounts/default/token", "--include")
    assert.are.equal(503, status)
    assert.matches("\r\nRetry%-After: [1-9]%d*\r\n", answer)
    here:start_simulator()
    here:await_token()
    status, answer = here:ask("/v1/accounts/default/token", "--include")
    assert.are.equal(200, status)
    assert.matches("\r\nCache-Control: no-store\r\n", answer, 1, true)
  end)

  it("refreshes once for who cannot use the token, and not for an old one", function()
    local here <close> = world.new()
    here:start_gateway()
    here:start_simulator()
    local before = here:await_token()
    local body = ('--data \'{"rejected": "%s"}\''):format(before.access_token)
    local status, _, answer = here:ask("/v1/accounts/default/refresh", body)
    assert.are.same({ 200, true }, { status, answer.refreshed })
    assert.are_not.equal(before.access_token, answer.access_token)
    local _, _, again = here:ask("/v1/accounts/default/refresh", body)
    assert.are.same({ answer.access_token, false }, { again.access_token, again.refreshed })
    assert.are.equal(1, #here:ledger "refresh")
  end)
end)
