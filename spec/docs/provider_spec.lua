-- SPDX-License-Identifier: MIT
-- docs/provider.md: its blocks are run as they stand.

require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local interface = require "usher.provider.interface"
local json = require "usher.json"
local log = require "usher.log"
local markdown = require "spec.support.markdown"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local usher = require "usher"
local world = require "spec.support.world"

local SECRET = "s3cret"
local sections = markdown.read "provider.md"

-- All blocks of a file, in their order, but those that have `left_out`.
local function text_of(file, left_out)
  local parts = {}
  for _, section in ipairs(sections) do
    for _, block in ipairs(section.code) do
      local is_left_out = left_out and block.text:find(left_out, 1, true)
      if block.language == "lua " .. file and not is_left_out then
        table.insert(parts, block.text)
      end
    end
  end
  return table.concat(parts, "\n")
end

local function load_script()
  return assert(load(text_of "parcel.lua", "=parcel.lua", "t"))()
end

local function signed(fields)
  local text = fields.app_id .. "\n" .. (fields.challenge or fields.ticket)
  fields.sign = core.encoding.hex_encode(core.digest.hmac_sha256(SECRET, text))
  return fields
end

-- Parcel as the page tells of it: one ticket and one refresh token at a time are good for something.
local function new_parcel()
  local parcel = { ticket = nil, refresh_token = nil, requests = {}, count = 0 }

  local function answer(fields)
    return { status = 200, headers = {}, body = json.encode(fields) }
  end

  local function issue()
    parcel.count = parcel.count + 1
    parcel.refresh_token = "refresh-" .. parcel.count
    local access_token = "access-" .. parcel.count
    return answer {
      code = 0,
      access_token = access_token,
      expires_in = 7200,
      refresh_token = parcel.refresh_token,
    }
  end

  local ENDPOINTS = {
    ["/v1/token"] = function(body)
      if body.app_secret ~= SECRET then
        return answer { code = 4030 }
      end
      return body.ticket == parcel.ticket and issue() or answer { code = 4001 }
    end,
    ["/v1/refresh"] = function(body)
      return body.refresh_token == parcel.refresh_token and issue() or answer { code = 4002 }
    end,
  }

  function parcel.perform(request)
    assert(request.method == "POST" and request.headers["Content-Type"] == "application/json")
    local path, body = request.url:match "^https?://[^/]+(/.*)$", assert(json.decode(request.body))
    assert(body.app_id == "app-1")
    table.insert(parcel.requests, path)
    return ENDPOINTS[path](body)
  end

  return parcel
end

local function as_callback(fields)
  return { method = "POST", path = "/callback", body = json.encode(fields) }
end

describe("the example of docs/provider.md", function()
  local parcel, clock, keeper

  -- A case with the example's account, kept in this process on a clock that only moves when told.
  local function case(name, body)
    it(name, function()
      parcel, clock = new_parcel(), fake_clock.new()
      keeper = usher.keeper {
        store = usher.store.memory {},
        accounts = {
          shop = usher.provider(load_script()) { app_id = "app-1", app_secret = SECRET },
        },
        transfer = parcel.perform,
        clock = clock,
        log = log.silent(),
      }
      assert(keeper:start())
      local ok, message = xpcall(body, debug.traceback)
      keeper:stop()
      assert(ok, message)
    end)
  end

  local function receive(fields)
    return keeper:receive(as_callback(fields))
  end

  local function push(ticket)
    parcel.ticket = ticket
    local response = receive(signed { app_id = "app-1", ticket = ticket })
    clock:advance(1)
    return response
  end

  case("answers the check of the URL", function()
    local response = receive(signed { app_id = "app-1", challenge = "ch4llenge" })
    assert.are.same({ 200, "ch4llenge" }, { response.status, response.body })
    assert.are.equal(json.null, keeper:document("shop").last_push_at)
  end)

  case("refuses what is not Parcel's", function()
    assert.are.equal(403, receive({ app_id = "app-1", ticket = "t", sign = ("0"):rep(64) }).status)
    assert.are.equal(403, receive(signed { app_id = "app-2", ticket = "t" }).status)
    assert.are.equal(400, receive({ app_id = "app-1", ticket = "t" }).status)
    assert.are.equal(400, receive({ app_id = "app-1", ticket = json.array {}, sign = "" }).status)
    assert.are.equal(400, keeper:receive({ method = "POST", path = "/callback", body = "{" }).status)
  end)

  case("exchanges a ticket, and refreshes with each new refresh token", function()
    local response = push "t-1"
    assert.are.same({ 200, "success" }, { response.status, response.body })
    assert.are.equal("access-1", assert(keeper:token "shop").access_token)
    clock:advance(7200)
    assert.are.equal("access-2", assert(keeper:token "shop").access_token)
    clock:advance(7200)
    assert.are.equal("access-3", assert(keeper:token "shop").access_token)
    assert.are.same({ "/v1/token", "/v1/refresh", "/v1/refresh" }, parcel.requests)
  end)

  case("takes the next ticket where one is refused", function()
    receive(signed { app_id = "app-1", ticket = "t-0" })
    clock:advance(1)
    assert.are.equal("credential", keeper:document("shop").last_error.class)
    assert.are.equal("4001", keeper:document("shop").last_error.code)
    clock:advance(1800)
    push "t-1"
    clock:advance(1800)
    assert.are.equal("access-1", assert(keeper:token "shop").access_token)
  end)

  case("exchanges a ticket where the refresh token is refused", function()
    push "t-1"
    parcel.refresh_token = "of somebody else"
    for number = 2, 4 do
      clock:advance(1800)
      push("t-" .. number)
    end
    clock:advance(1800)
    assert.are.equal("access-2", assert(keeper:token "shop").access_token)
    assert.are.same({ "/v1/token", "/v1/refresh", "/v1/token" }, parcel.requests)
  end)
end)

describe("the configuration of docs/provider.md", function()
  local here

  -- Writes it with this world's addresses and folder, and the script.
  local function write(script, listener)
    local text = text_of("usher.lua"):gsub('"([^"]*)"', {
      ["127.0.0.1:8080"] = ('"%s"'):format(here:callback_url():match "http://([^/]+)/"),
      ["unix:/run/usher/usher.sock"] = ('"unix:%s/usher.sock"'):format(here.state_dir),
      ["/var/lib/usher/usher.db"] = ('"%s/usher.db"'):format(here.state_dir),
      ["/etc/usher/master.key"] = ('"%s/master.key"'):format(here.state_dir),
      ["/etc/usher/parcel.lua"] = ('"%s/parcel.lua"'):format(here.folder),
      ["app-1"] = listener and ('"app-1", base_url = "http://%s"'):format(listener:address()),
    })
    temporary.write(here.folder .. "/usher.lua", text)
    temporary.write(here.folder .. "/parcel.lua", script)
  end

  before_each(function()
    here = world.new()
    here.config = here.folder .. "/usher.lua"
    here.environment = { PARCEL_SECRET = SECRET }
    assert(os.execute(("mkdir %s"):format(child.quote(here.state_dir))))
    assert.are.equal(0, (here:usher("keygen", here.state_dir .. "/master.key")))
  end)

  after_each(function()
    here:close()
  end)

  it("is checked without a complaint", function()
    write(text_of "parcel.lua")
    local status, out, err = here:usher("check", here.config)
    assert.are.same({ 0, "" }, { status, err })
    assert.matches('accounts.shop.provider = "parcel"\n', out, 1, true)
    assert.not_matches(SECRET, out, 1, true)
  end)

  it("is complained about as the page says, where a function is missing", function()
    write(text_of("parcel.lua", "function parcel.classify"))
    local status, _, err = here:usher("check", here.config)
    assert.are.equal(78, status)
    local said = markdown.section(sections, "Using it").code[2].text
    assert.are.equal(said, (err:gsub(here.folder:gsub("%p", "%%%0"), "/etc/usher")))
  end)

  it("keeps a token", function()
    local parcel = new_parcel()
    local listener <close> = assert(core.listener.open {
      host = "127.0.0.1",
      port = 0,
      handler = function(request)
        request.url = "http://parcel" .. request.path
        request.headers["Content-Type"] = request.headers["content-type"]
        return parcel.perform(request)
      end,
    })
    write(text_of "parcel.lua", listener)
    here:start_gateway()
    parcel.ticket = "t-1"
    local response = assert(usher.http.request {
      method = "POST",
      url = here:callback_url():gsub("/callback$", "/hooks/parcel"),
      body = json.encode(signed { app_id = "app-1", ticket = "t-1" }),
    })
    assert.are.same({ 200, "success" }, { response.status, response.body })
    local answer = process.await("a token", function()
      local status, _, answer = here:ask "/v1/accounts/shop/token?wait=0"
      return status == 200 and answer
    end)
    assert.are.equal("access-1", answer.access_token)
  end)
end)

describe("docs/provider.md", function()
  it("tries its example as it says", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    temporary.write(folder .. "/parcel.lua", text_of "parcel.lua")
    temporary.write(folder .. "/try.lua", text_of "try.lua")
    assert.are.equal("parcel.lua does what Parcel says\n", child.run('dofile "try.lua"', { folder = folder }))
  end)

  it("writes every function that a script must have", function()
    local count = 0
    assert.is_true(interface.check(load_script(), "parcel"))
    for name, value in pairs(load_script()) do
      if type(value) == "function" then
        local script = load_script()
        script[name] = nil
        local _, err = interface.check(script, "parcel")
        assert.matches(("the function %s is missing"):format(name), err.message, 1, true)
        count = count + 1
      end
    end
    assert.are.equal(7, count)
  end)

  it("has every class of answers", function()
    local classes = {}
    for class in pairs(interface.CLASSES) do
      table.insert(classes, class)
    end
    table.sort(classes)
    local rows = markdown.rows(markdown.section(sections, "Answers"), "class")
    assert.are.same(classes, markdown.names(rows))
  end)
end)
