-- SPDX-License-Identifier: MIT
local capture = require "spec.support.capture"
local core = require "usher.core"
local json = require "usher.json"
local paths = require "spec.support.paths"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local simulator = require "usher.simulator"
local temporary = require "spec.support.temporary"

local folder

-- The command with a callback in this process; gives the program, its URL and the pushes so far.
local function start(...)
  local pushes = {}
  local receiver = peers.listen(function(request)
    table.insert(pushes, request)
    return { status = 200, body = "ok" }
  end)
  local command =
    { paths.root .. "/bin/usher", "simulate", "--listen", "127.0.0.1:0", "--first-push", "0.01", ... }
  table.move({ "--callback", ("http://%s/cb"):format(receiver:address()) }, 1, 2, #command + 1, command)
  local running = process.start(folder, "simulate", command)
  finally(function()
    running:close()
  end)
  local address = running:await "event=simulator_listening address=(%S+)"
  return running, "http://" .. address, pushes
end

local function await_push(pushes, count)
  return process.await("a push", function()
    return #pushes >= count and pushes[count]
  end)
end

local function code_of(push)
  return push.query:match "^code=([^&]+)&"
end

local function post(url, body)
  local response = assert(core.transfer.perform {
    method = "POST",
    url = url,
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode(body),
  })
  return json.decode(response.body)
end

describe("usher simulate", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("pushes codes and exchanges the newest for tokens", function()
    local running, url, pushes =
      start("--push-interval", "0.05", "--ledger", folder .. "/ledger", "--api-key", "sk-a")
    local old = code_of(await_push(pushes, 1))
    await_push(pushes, 2)
    local client_id = simulator.defaults.client_id
    local exchange = url .. "/auth/api/token/getAccessToken"
    assert.are.equal("0401", post(exchange, { clientId = client_id, code = old }).code)
    assert.matches("&state=" .. core.encoding.hex_encode(core.digest.md5 "sk-a"), pushes[1].query, 1, true)
    running:signal "TERM"
    assert.are.equal(0, running:wait())
    local kinds = {}
    for line in temporary.read(folder .. "/ledger"):gmatch "[^\n]+" do
      local entry = json.decode(line)
      kinds[entry.kind .. (entry.reason or "")] = true
    end
    assert.are.same({ push = true, delivery = true, exchangeexpired_code = true }, kinds)
    assert.is_nil(temporary.read(folder .. "/ledger"):find(old, 1, true))
  end)

  it("takes its figures from the command line", function()
    local options = { "--access-lifetime", "30", "--refresh-lifetime", "90", "--expires-unit", "ms" }
    table.move({ "--method", "POST", "--client-id", "a b", "--client-id-encoding", "form" }, 1, 6, 7, options)
    local running, url, pushes = start("--exchange-budget", "1", "--seed", "s", table.unpack(options))
    local push = await_push(pushes, 1)
    assert.are.same({ "POST", "a+b" }, { push.method, push.query:match "clientId=([^&]*)" })
    local exchange = url .. "/auth/api/token/getAccessToken"
    local answer = post(exchange, { clientId = "a b", code = code_of(push) })
    assert.are.same({ 30000, 90000 }, { answer.data.expiresIn, answer.data.refreshExpiresIn })
    assert.are.equal("0429", post(exchange, { clientId = "a b", code = code_of(push) }).code)
    running:signal "INT"
    assert.are.equal(0, running:wait())
  end)

  it("repeats itself for the same seed", function()
    local codes = {}
    for index = 1, 2 do
      local running, _, pushes = start("--seed", "7")
      codes[index] = code_of(await_push(pushes, 1))
      running:close()
    end
    assert.are.equal(codes[1], codes[2])
  end)

  it("meets its endpoints with faults, from the start and while it runs", function()
    local running, url = start("--fault", "refresh:http,status=503,count=1", "--fault", "refresh:close")
    local refresh = { method = "POST", url = url .. "/auth/api/token/refreshAccessToken", body = "{}" }
    assert.are.equal(503, core.transfer.perform(refresh).status)
    assert.are.equal("connection_lost", select(2, core.transfer.perform(refresh)).code)
    assert(core.transfer.perform { method = "DELETE", url = url .. "/faults" })
    local set = post(url .. "/faults", { kind = "envelope", endpoint = "refresh", code = "0403" }).faults
    assert.are.equal("0403", set[1].code)
    assert.are.equal("0403", post(refresh.url, {}).code)
    running:close()
  end)

  it("names what it can be asked in its help", function()
    local _, out = capture.usher("simulate", "--help")
    for _, request in ipairs { "POST /faults", "POST /push", "POST /revoke", "GET /state", "GET /ledger" } do
      assert.matches(request, out, 1, true)
    end
  end)

  it("names its defaults in its help", function()
    local code, out = capture.usher("simulate", "--help")
    assert.are.equal(0, code)
    for name, default in pairs(simulator.defaults) do
      assert.matches("--" .. name:gsub("_", "-"), out, 1, true)
      assert.matches("Default: " .. default .. ".", out, 1, true)
    end
    for _, name in ipairs(simulator.fault_kinds.names) do
      assert.matches("\n  " .. name .. " ", out, 1, true)
    end
  end)

  it("refuses arguments that make no sense", function()
    for option, value in pairs {
      ["--push-interval"] = "0",
      ["--access-lifetime"] = "1.5",
      ["--exchange-budget"] = "-1",
      ["--listen"] = "somewhere",
      ["--callback"] = "ftp://h/",
      ["--method"] = "PUT",
      ["--client-id-encoding"] = "rot13",
      ["--fault"] = "refresh:flood",
    } do
      local code, _, err = capture.usher("simulate", option, value)
      assert.are.equal(64, code, option)
      assert.matches("\nusher: ", err)
    end
  end)

  it("ends with 78 where it cannot listen or write", function()
    local code, _, err = capture.usher("simulate", "--ledger", folder)
    assert.are.equal(78, code)
    assert.matches(folder, err, 1, true)
    local taken = peers.listen(error)
    code, _, err = capture.usher("simulate", "--listen", taken:address())
    assert.are.equal(78, code)
    assert.are.equal(("usher: %s: address already in use\n"):format(taken:address()), err)
  end)
end)
