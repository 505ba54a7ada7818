-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local hooks = require "usher.gateway.hooks"
local recorder = require "spec.support.recorder"

local function emit(handlers, event)
  local log, lines = recorder.new()
  hooks.new(handlers, log)(event)
  core.loop:run()
  return lines
end

describe("hooks", function()
  it("get the events of their name", function()
    local seen = {}
    local handlers = {
      recovered = function(event)
        table.insert(seen, event.account)
      end,
    }
    emit(handlers, { event = "recovered", account = "acme" })
    emit(handlers, { event = "token_refreshed", account = "bolt" })
    assert.are.same({ "acme" }, seen)
  end)

  it("run after the emitter has gone on", function()
    local ran = false
    hooks.new({
      recovered = function()
        ran = true
      end,
    }, (recorder.new()))({ event = "recovered" })
    assert.is_false(ran)
    core.loop:run()
    assert.is_true(ran)
  end)

  it("that fail are logged with their place", function()
    local lines = emit({
      recovered = function()
        error "no mail server"
      end,
    }, { event = "recovered" })
    assert.are.equal("hook_failed", lines[1].event)
    assert.are.equal("recovered", lines[1].hook)
    assert.matches("hooks_spec.lua:%d+$", lines[1].place)
    assert.matches("hooks_spec.lua:%d+: no mail server", lines[1].error)
  end)

  it("that never end are cut", function()
    local lines = emit({
      recovered = function()
        while true do
        end
      end,
    }, { event = "recovered" })
    assert.matches("hooks_spec.lua:%d+$", lines[1].place)
    assert.matches("cut: .*hooks_spec.lua:%d+", lines[1].error)
  end)
end)
