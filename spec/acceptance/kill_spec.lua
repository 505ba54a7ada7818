-- SPDX-License-Identifier: MIT
-- The gateway is killed at random moments around refreshes and exchanges. What had reached it is there afterwards, and
-- each start comes back to a served token by itself.

require "spec.support.paths"
local clock = require "usher.clock"
local ledger_audit = require "spec.support.ledger_audit"
local process = require "spec.support.process"
local rotating_world = require "spec.support.rotating_world"
local torture = require "spec.support.torture"

local ROUNDS = torture.rounds(6, 500)
local RECOVERY_SECONDS = 15
local PUSH_SECONDS = 0.5

-- What was answered so long before the kill has arrived and is kept. Other specs take the processor meanwhile; the long
-- version runs alone.
local DELIVERY_SECONDS = torture.rounds(0.25, 0.05)

local system = clock.system()

-- How long a refresh takes here and now, undisturbed. The refresh token may be refused first, and a code be awaited.
local function time_refresh(here)
  local began
  process.await("a refresh", function()
    began = system:boot()
    return here:refresh()
  end)
  return system:boot() - began
end

local function kill(here, figures)
  local killed_at = here:kill()
  table.insert(figures.kills, killed_at)
  local delivered = here:last_issue(here.started_at, killed_at - DELIVERY_SECONDS)
  local kept = here:issue_of(here:stored().token_set.access_token)
  if delivered and kept.number < delivered.number then
    error(("lost: issued at %.3f, killed at %.3f"):format(delivered.at, killed_at))
  end
  figures.unknown = figures.unknown + (kept == here:last_issue() and 0 or 1)
end

-- Each kind of round brings the gateway to the moment of its death.
local kinds = {}

function kinds.refresh(here, seconds)
  local socket = here:begin_refresh()
  system:sleep(math.random() * 1.5 * seconds)
  return socket
end

-- The refresh token is refused, and the newest code exchanged.
function kinds.exchange(here, seconds)
  here:revoke()
  local socket = here:begin_refresh()
  system:sleep(math.random() * 2.5 * seconds)
  return socket
end

-- What the last death left behind is being put right.
function kinds.start(here, seconds, figures)
  kinds.refresh(here, seconds):close()
  kill(here, figures)
  here:start()
  system:sleep(math.random() * 1.5 * seconds)
end

local ORDER = { "refresh", "exchange", "refresh", "start" }

local function play(here, kind, figures)
  local socket = kinds[kind](here, time_refresh(here), figures)
  kill(here, figures)
  if socket then
    socket:close()
  end
  here:start()
  figures.longest = math.max(figures.longest, here:await_recovery(RECOVERY_SECONDS))
end

-- A kill may hide the answer of the last request from the gateway: none else.
local function lost_answers(entries, kills)
  local lost = {}
  for _, entry in ipairs(entries) do
    for _, killed_at in ipairs(kills) do
      lost[entry.number] = lost[entry.number]
        or entry.at <= killed_at + 1 and entry.at > killed_at - DELIVERY_SECONDS
        or nil
    end
  end
  return lost
end

describe("a gateway that is killed", function()
  it("loses no token that had reached it, and comes back by itself", function()
    local here <close> = rotating_world.new(PUSH_SECONDS)
    local began, figures = system:boot(), { unknown = 0, longest = 0, kills = {} }
    for round = 1, ROUNDS do
      play(here, ORDER[(round - 1) % #ORDER + 1], figures)
    end
    local entries = here:read_ledger()
    local lost = lost_answers(entries, figures.kills)
    assert.is_nil(ledger_audit.sent_again(entries, "refresh", false, lost))
    assert.is_nil(ledger_audit.sent_again(entries, "exchange", false, lost))
    if torture.is_long then
      io.stderr:write(
        ("%d kills in %.0f s: %d with an answer on its way, longest recovery %.1f s\n"):format(
          #figures.kills,
          system:boot() - began,
          figures.unknown,
          figures.longest
        )
      )
    end
  end)
end)
