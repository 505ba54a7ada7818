-- SPDX-License-Identifier: MIT
-- docs/api.md and the code say the same.

local paths = require "spec.support.paths"
local accounts = require "usher.api.accounts"
local api = require "usher.api"
local api_replies = require "usher.api.replies"
local callback_replies = require "usher.callback.replies"
local core = require "usher.core"
local errors = require "usher.errors"
local fake_keeper = require "spec.support.fake_keeper"
local json = require "usher.json"
local lifecycle = require "usher.keeper.lifecycle"
local markdown = require "spec.support.markdown"
local metrics = require "usher.api.metrics"
local one_account = require "spec.support.one_account"
local recorder = require "spec.support.recorder"
local routes = require "usher.callback.routes"
local sorted = require "usher.config.sorted"
local temporary = require "spec.support.temporary"

local sections = markdown.read "api.md"

local RESOURCES = {
  authorization = "GET /v1/accounts/{name}/authorization",
  list = "GET /v1/accounts",
  token = "GET /v1/accounts/{name}/token",
}
local ACTIONS = {
  authorize = "POST /v1/accounts/{name}/authorize",
  redirect = "POST /v1/accounts/{name}/redirect",
  refresh = "POST /v1/accounts/{name}/refresh",
}
local DOCUMENT = "GET /v1/accounts/{name}"

local function section(title)
  return markdown.section(sections, title)
end

local function documented_fields(title)
  return markdown.names(markdown.rows(section(title), "field"))
end

-- Every field of a value by its path: "token", "token.issued_at".
local function add_fields(names, value, prefix)
  for name, member in pairs(value) do
    table.insert(names, prefix .. name)
    if type(member) == "table" then
      add_fields(names, member, prefix .. name .. ".")
    end
  end
  return names
end

local function fields_of(value)
  local names = add_fields({}, value, "")
  table.sort(names)
  return names
end

-- An account of which everything is known.
local function full_account()
  local rig = one_account.new()
  rig:push "c0de"
  rig:hold(rig:tokens "a")
  rig.account.last_error = { class = "retryable", code = "http_503", at = 1800000000 }
  rig.account.status = "ready"
  return rig
end

describe("docs/api.md", function()
  it("has every route, and no other", function()
    local expected, documented = {}, {}
    for _, route in ipairs(api.ROUTES) do
      local path =
        route[1]:gsub("^%^", ""):gsub("%$$", ""):gsub("%([^)]*%)", "{name}", 1):gsub("%([^)]*%)", "{tenant}")
      table.insert(expected, route[2] .. " " .. path)
    end
    for _, each in ipairs(sections) do
      if each.title:find "^%u+ /" then
        table.insert(documented, each.title)
      end
    end
    table.sort(expected)
    table.sort(documented)
    assert.are.same(expected, documented)
  end)

  it("has every parameter with what it may be, and no other", function()
    local documented = 0
    for resource, readers in pairs(accounts.PARAMETERS) do
      local rows = markdown.rows(section(RESOURCES[resource]), "parameter")
      assert.are.same(sorted.keys(readers), markdown.names(rows))
      documented = documented + #rows
      for _, row in ipairs(rows) do
        local range = select(2, readers[markdown.words(row[1])[1]] "!"):match "%d+ to %d+"
        assert.are.equal(range or "an account's name", row[2])
      end
    end
    for _, each in ipairs(sections) do
      documented = documented - #markdown.rows(each, "parameter")
    end
    assert.are.equal(0, documented)
  end)

  it("has every member of a body with what it may be, and no other", function()
    local expected, documented = {}, {}
    for action, members in pairs(accounts.BODIES) do
      for _, name in ipairs(sorted.keys(members)) do
        table.insert(expected, { ACTIONS[action], name, members[name].allowed })
      end
    end
    for _, each in ipairs(sections) do
      for _, row in ipairs(markdown.rows(each, "member of the body")) do
        table.insert(documented, { each.title, markdown.words(row[1])[1], row[2] })
      end
    end
    local function by_title(a, b)
      return a[1] .. a[2] < b[1] .. b[2]
    end
    table.sort(expected, by_title)
    table.sort(documented, by_title)
    assert.are.same(expected, documented)
  end)

  it("has every field of an account, and no other", function()
    local rig = full_account()
    assert.are.same(fields_of(rig.keeper:document "acme"), documented_fields(DOCUMENT))
  end)

  it("has every field of a token, and no other", function()
    local rig = full_account()
    local token = assert(rig.keeper:token "acme")
    assert.are.same(fields_of(token), documented_fields "GET /v1/accounts/{name}/token")
    token = assert(rig.keeper:refresh("acme", { rejected = "another" }))
    assert.are.same(fields_of(token), documented_fields "POST /v1/accounts/{name}/refresh")
  end)

  it("has every field of an authorization, and of a revocation", function()
    local function fields_by(resource)
      return fields_of(
        json.decode(accounts[resource](fake_keeper.new(), { query = "", body = "" }, "acme").body)
      )
    end
    local function nulls_by(resource)
      local body = accounts[resource](fake_keeper.new(), { query = "", body = "" }, "acme").body
      local names = {}
      for name in body:gmatch '"([%w_]+)":' do
        table.insert(names, name)
      end
      table.sort(names)
      return names
    end
    assert.are.same(nulls_by "authorize", documented_fields "POST /v1/accounts/{name}/authorize")
    assert.are.same({ "body", "headers", "status" }, documented_fields "POST /v1/accounts/{name}/redirect")
    local shown = nulls_by "authorization"
    table.insert(shown, "status")
    table.sort(shown)
    assert.are.same(shown, documented_fields "GET /v1/accounts/{name}/authorization")
    assert.are.same(fields_by "revoke", documented_fields "POST /v1/accounts/{name}/revoke")
  end)

  it("has every status of an account with its meaning", function()
    local documented = {}
    for _, row in ipairs(markdown.rows(section(DOCUMENT), "status")) do
      documented[markdown.words(row[1])[1]] = row[2]
    end
    assert.are.same(lifecycle.STATUSES, documented)
  end)

  it("has every error with its status", function()
    local documented = {}
    for _, row in ipairs(markdown.rows(section "Errors", "status")) do
      documented[markdown.words(row[2])[1]] = math.tointeger(tonumber(row[1]))
    end
    assert.are.same(api_replies.STATUSES, documented)
  end)

  it("has every body of the callback listener", function()
    local documented = {}
    for _, row in ipairs(markdown.rows(section "The callback listener", "status")) do
      documented[math.tointeger(tonumber(row[1]))] = markdown.words(row[2])[1]
    end
    assert.are.same(callback_replies.BODIES, documented)
  end)

  it("has every metric with type, labels and help", function()
    local expected, documented = {}, {}
    for _, list in ipairs { metrics.PROCESS, metrics.ACCOUNT } do
      for _, definition in ipairs(list) do
        table.insert(expected, { definition.name, definition.type, definition.labels, definition.help })
      end
    end
    for _, row in ipairs(markdown.rows(section "GET /metrics", "metric")) do
      table.insert(documented, { markdown.words(row[1])[1], row[2], markdown.words(row[3]), row[4] })
    end
    assert.are.same(expected, documented)
  end)

  it("has every field of a request that a route of one's own gets", function()
    local seen
    local own = assert(routes.read({
      ["GET /x"] = function(request)
        seen = request
        return { status = 204 }
      end,
    }, (recorder.new())))
    own["/x"].GET {
      method = "GET",
      path = "/x",
      query = "",
      headers = {},
      body = "",
      remote = "unix",
      version = "1.1",
    }
    local rows = markdown.rows(section "Routes of your own", "field of the request")
    assert.are.same(sorted.keys(seen), markdown.names(rows))
  end)
end)

describe("docs/api.md, of headers,", function()
  -- One response of each kind.
  local function responses()
    local keeper = fake_keeper.new()
    keeper.answers.document = { full_account().keeper:document "acme" }
    keeper.answers.token = { nil, errors.new "awaiting_credential" }
    local service = api.new {
      keeper = keeper,
      is_tcp = true,
      token = "b3arer",
      ready = function()
        return true
      end,
    }
    local function ask(method, path, authorization)
      local headers = { host = "localhost", authorization = authorization or "Bearer b3arer" }
      return service:handle { method = method, path = path, query = "", headers = headers, body = "" }
    end
    return {
      ask("GET", "/v1/accounts/acme"),
      ask("GET", "/v1/accounts/acme/token"),
      ask("GET", "/v1/accounts", "Bearer wrong"),
      ask("PUT", "/v1/accounts"),
      ask("GET", "/metrics"),
    }
  end

  it("has every one that a response carries, and no other", function()
    local names = {}
    for _, response in ipairs(responses()) do
      for name in pairs(response.headers) do
        names[name] = true
      end
    end
    assert.are.same(sorted.keys(names), markdown.names(markdown.rows(section "Headers", "header")))
  end)

  it("tells the values that never change", function()
    local text = json.encode(section("Headers").tables)
    for _, response in ipairs(responses()) do
      for _, name in ipairs { "Content-Type", "Cache-Control", "WWW-Authenticate" } do
        local value = response.headers[name]
        assert.is_true(value == nil or text:find(json.encode(value):sub(2, -2), 1, true) ~= nil, value)
      end
    end
  end)
end)

describe("docs/api.md, of numbers,", function()
  local text = temporary.read(paths.root .. "/docs/api.md")

  local function constant(file, name)
    local source = temporary.read(("%s/lua/usher/%s.lua"):format(paths.root, file))
    return tonumber(source:match("local " .. name .. " = (%d+)"))
  end

  it("tells the defaults of the code", function()
    assert.matches(("default %d |"):format(constant("keeper/consumer", "DEFAULT_WAIT")), text, 1, true)
    assert.matches(("default %d |"):format(constant("api/accounts", "PAGE")), text, 1, true)
    local shown = ("first %d"):format(constant("api/metrics", "MAX_ACCOUNTS")):gsub("(%d)(%d%d%d)$", "%1,%2")
    assert.matches(shown, text:gsub("\n", " "), 1, true)
  end)

  local function code_of(request)
    local parser <close> = core.http.parser()
    local _, err = parser:feed(request)
    return err and err.code
  end

  it("tells the limits of the listeners", function()
    local start = "GET / HTTP/1.1\r\nHost: h\r\n"
    local function post(bytes)
      return ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"):format(bytes)
    end
    assert.matches("64 KiB of body, 16 KiB of headers, 8 KiB of request line", text, 1, true)
    assert.is_nil(code_of(post(64 * 1024)))
    assert.are.equal("body_too_large", code_of(post(64 * 1024 + 1)))
    assert.is_nil(code_of(start .. "A: " .. ("a"):rep(15 * 1024)))
    assert.are.equal("headers_too_large", code_of(start .. "A: " .. ("a"):rep(16 * 1024)))
    assert.are.equal("headers_too_large", code_of(start .. ("A: a\r\n"):rep(64) .. "\r\n"))
    assert.is_nil(code_of("GET /" .. ("a"):rep(8 * 1024 - 100)))
    assert.are.equal("uri_too_long", code_of("GET /" .. ("a"):rep(8 * 1024)))
  end)
end)
