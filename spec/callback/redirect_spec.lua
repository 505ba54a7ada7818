-- SPDX-License-Identifier: MIT
-- Redirects that come to another place of ours than the callback listener.
require "spec.support.paths"
local callback = require "usher.callback"
local clock = require "usher.clock"
local core = require "usher.core"
local recorder = require "spec.support.recorder"
local toy_provider = require "spec.support.toy_provider"

local PATH = "/callback/secret"

-- "acme" waits for the redirect k1, and has the key "pushed" for pushes besides.
local function receiver(changes)
  local script, offered = toy_provider.new(), {}
  script.authorize = error
  function script.account_key()
    return "pushed"
  end
  function script.read_callback(asked, _, context)
    return { credential = asked.query .. tostring((context.pending or {}).verifier), reply = "Thank you." }
  end
  local options = {
    accounts = { acme = { provider = script, config = { callback_path = PATH } } },
    offer = function(name, push)
      table.insert(offered, { name, push.credential })
      return true
    end,
    log = recorder.new(),
    clock = clock.system(),
    random = core.random.bytes,
    allow = { "203.0.113.0/24" },
    authorizations = {
      find = function(key)
        return key == "k1" and "acme" or nil
      end,
      take = function()
        return { pending = { verifier = "v1" } }
      end,
      fail = error,
    },
  }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return assert(callback.new(options)), offered
end

describe("a redirect that came elsewhere", function()
  it("ends the authorization of its account, whatever networks callbacks must come from", function()
    local made, offered = receiver()
    local response = made:redirect("acme", "key=k1&code=c")
    assert.are.same({ 200, "Thank you." }, { response.status, response.body })
    assert.are.same({ { "acme", "key=k1&code=cv1" } }, offered)
  end)

  for what, case in pairs {
    ["a push"] = { "acme", "key=pushed" },
    ["a forged one"] = { "acme", "key=k2" },
    ["one of another account"] = { "bolt", "key=k1" },
  } do
    it("is nothing else: " .. what, function()
      local accounts = {}
      for _, name in ipairs { "acme", "bolt" } do
        local script = toy_provider.new()
        script.authorize = error
        script.account_key = function()
          return name == "acme" and "pushed" or "another"
        end
        accounts[name] = { provider = script, config = { callback_path = PATH } }
      end
      local made, offered = receiver { accounts = accounts }
      assert.are.equal(403, made:redirect(case[1], case[2]).status)
      assert.are.same({}, offered)
    end)
  end

  it("is refused where the account is gone", function()
    local made, offered = receiver()
    assert.are.equal(403, made:redirect("gone", "key=k1").status)
    assert.are.same({}, offered)
  end)

  it("answers 500 where the script breaks", function()
    local made = receiver {
      offer = function()
        error "broken"
      end,
    }
    assert.are.equal(500, made:redirect("acme", "key=k1").status)
  end)
end)
