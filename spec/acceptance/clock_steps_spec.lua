-- SPDX-License-Identifier: MIT
-- The real gateway while its wall clock is set: faketime moves it, and leaves the monotonic clocks alone. Eight hours
-- of sleep look to a process like all clocks moving together, which is what faketime does by itself. The provider keeps
-- its own time.

require "spec.support.paths"
local json = require "usher.json"
local temporary = require "spec.support.temporary"
local world = require "spec.support.world"

local LIFETIME = 40 -- seconds, of which the last fourth is for renewal
local LOOKS, LOOK_EVERY = 3, 0.1

-- Of the wall clock's offset, one after the other.
local STEPS =
  { "+1d", "+0", "-1d", "-30y", "-30y -5s", "+1d", "-1d", "+0", "-3600", "+59m", "-30y", "+2d", "+0" }

local function library()
  local pipe <close> = assert(io.popen "ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null")
  return pipe:read "l"
end

-- Two preloaded libraries that both stand between a program and its clocks do not go together.
local function can_fake()
  return not os.getenv "USHER_SANITIZED" and library() ~= nil
end

describe("a gateway whose clock is set", function()
  local here

  -- The clocks that the gateway sees from now on.
  local function set_clock(offset)
    temporary.write(here.folder .. "/offset.new", offset .. "\n")
    assert(os.rename(here.folder .. "/offset.new", here.folder .. "/offset"))
  end

  local function begin(fakes_all)
    here = world.new {
      simulator = { ["--access-lifetime"] = LIFETIME, ["--push-interval"] = 600 },
      environment = {
        LD_PRELOAD = library(),
        FAKETIME_TIMESTAMP_FILE = "",
        FAKETIME_NO_CACHE = "1",
        FAKETIME_DONT_FAKE_MONOTONIC = not fakes_all and "1" or "0",
      },
    }
    here.environment.FAKETIME_TIMESTAMP_FILE = here.folder .. "/offset"
    set_clock "+0"
    here:start_gateway()
    here:start_simulator()
    return here:await_token()
  end

  local function attempts()
    local count = 0
    for _, entry in ipairs(here:ledger()) do
      count = count + ((entry.kind == "exchange" or entry.kind == "refresh") and 1 or 0)
    end
    return count
  end

  -- The token that is served at this moment, if there is one: it is good where it is used.
  local function look(step)
    local status, _, answer = here:ask "/v1/accounts/default/token"
    if status == 503 then
      return nil
    end
    assert.are.equal(200, status)
    local used =
      here:ask_provider("/api/serve/echo", "--header 'Authorization: Bearer " .. answer.access_token .. "'")
    assert.are.equal(200, used, step .. ": a dead token was served: " .. json.encode(answer))
    return answer
  end

  local function case(name, body)
    it(name, function()
      if not can_fake() then
        return
      end
      local ok, message = xpcall(body, debug.traceback)
      here:close()
      assert(ok, message)
    end)
  end

  case("serves no dead token and makes no storm", function()
    begin(false)
    local after = attempts()
    for number, offset in ipairs(STEPS) do
      local step = ("step %d to %s"):format(number, offset)
      local before, token = after, nil
      set_clock(offset)
      for _ = 1, LOOKS do
        token = look(step)
        here.sleep(LOOK_EVERY)
      end
      assert.truthy(token, step .. ": no token")
      after = attempts()
      assert.is_true(after - before <= 1, step .. ": more than one attempt")
    end
    assert.are.equal(1, #here:ledger "exchange")
  end)

  case("asks once after eight hours of sleep", function()
    local first = begin(true)
    set_clock "+8h"
    local second = here:await_token()
    assert.are_not.equal(first.access_token, second.access_token)
    assert.are.same({ 1, 1 }, { #here:ledger "exchange", #here:ledger "refresh" })
  end)
end)
