-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local json = require "usher.json"
local paths = require "spec.support.paths"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local ticket_rig = require "spec.support.ticket_rig"

local folder

local function usher(...)
  return process.run(folder, { paths.root .. "/bin/usher", "simulate", ... })
end

describe("usher simulate --provider", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  for name, dialect in pairs(ticket_rig.DIALECTS) do
    it("pushes tickets, and gives tokens for them: " .. dialect, function()
      local rig = ticket_rig.new(name, { app_id = "app-1", secret = "s3cret", token = "t0ken" })
      local tickets = {}
      local receiver = peers.listen(function(request)
        rig.clock.offset = core.clock.wall() - rig.clock.now
        local push = assert(rig:read(request))
        table.insert(tickets, push.credential)
        local reply = push.reply
        return { status = reply.status, headers = reply.headers, body = reply.body }
      end)
      local running <close> = process.start(folder, "simulate", {
        paths.root .. "/bin/usher",
        "simulate",
        "--provider",
        dialect,
        "--listen",
        "127.0.0.1:0",
        "--callback",
        ("http://%s/callback"):format(receiver:address()),
        "--first-push",
        "0.01",
        "--push-interval",
        "0.2",
        "--app-id",
        "app-1",
        "--secret",
        "s3cret",
        "--token",
        "t0ken",
        "--key",
        rig.platform.options.key,
      })
      local url = "http://" .. running:await "event=simulator_listening address=(%S+)"
      process.await("tickets", function()
        return #tickets >= 2
      end)
      rig.config.base_url = url
      local response =
        assert(core.transfer.perform(rig.script.exchange(rig.config, tickets[1], rig:context())))
      assert.are.equal("ok", (rig.script.classify(response, "exchange", rig.config)))
      local ledger = assert(core.transfer.perform { method = "GET", url = url .. "/ledger" }).body
      assert.is_nil(ledger:find '"verdict":"refused"')
      assert.matches('"verdict":"ok"', ledger, 1, true)
      running:signal "TERM"
      assert.are.equal(0, running:wait())
    end)
  end

  it("has no faults, and wants keys that the provider could have", function()
    local status, _, err = usher("--provider", "wechat", "--fault", "push:lost")
    assert.are.equal(64, status)
    assert.matches("faults are for the provider memories_ai only", err, 1, true)
    status, _, err = usher("--provider", "wechat", "--key", "short")
    assert.are.equal(64, status)
    assert.matches("--key is not 43 characters of base64", err, 1, true)
    assert.are.equal(64, (usher("--provider", "nobody")))
  end)

  it("asks for a push at once where the provider can be asked", function()
    local pushes = 0
    local receiver = peers.listen(function()
      pushes = pushes + 1
      return { status = 200, body = "success" }
    end)
    local running <close> = process.start(folder, "simulate", {
      paths.root .. "/bin/usher",
      "simulate",
      "--provider",
      "wechat",
      "--listen",
      "127.0.0.1:0",
      "--callback",
      ("http://%s/callback"):format(receiver:address()),
      "--first-push",
      "600",
    })
    local url = "http://" .. running:await "event=simulator_listening address=(%S+)"
    local function post(path, body)
      return assert(core.transfer.perform { method = "POST", url = url .. path, body = json.encode(body) }).status
    end
    local body = { component_appid = "wx0000000000simul", component_secret = "secret-simulated" }
    assert.are.equal(200, post("/cgi-bin/component/api_start_push_ticket", body))
    assert.are.equal(200, post("/authorize?tenant=wx9", {}))
    process.await("pushes", function()
      return pushes >= 3
    end)
  end)
end)
