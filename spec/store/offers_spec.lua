-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local offers = require "usher.store.offers"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local CROWD = 100

local function push(number)
  return { subject = "c1", credential = "code-" .. number, received_at = 1000 }
end

describe("a crowd of pushes", function()
  local folder, store

  before_each(function()
    folder = temporary.folder()
    store = sqlite.new { path = folder .. "/usher.db", key = core.secret.new(("k"):rep(32)) }
    assert(store:open())
  end)

  -- Offers them all at once; the sequences that come back, and the codes of errors.
  local function offer_all(from, to)
    local sequences, codes, left = {}, {}, to - from + 1
    local done = core.future.new()
    for number = from, to do
      core.loop:spawn(function()
        local sequence, err = store:offer("acme", push(number))
        sequences[number], codes[number] = sequence, err and err.code
        left = left - 1
        if left == 0 then
          done:resolve()
        end
      end)
    end
    done:wait()
    return sequences, codes
  end

  it("costs few writes, and each is answered for itself", function()
    local writes, write = 0, store._engine.write
    store._engine.write = function(...)
      writes = writes + 1
      return write(...)
    end
    finally(function()
      store:close()
      temporary.remove(folder)
    end)
    local sequences = offer_all(1, CROWD)
    for number = 1, CROWD do
      assert.are.equal(number, sequences[number])
    end
    assert.is_true(writes <= 3, writes)
    local _, codes = offer_all(CROWD, CROWD + 1)
    assert.are.same({ [CROWD] = "repeat" }, codes)
    assert.are.equal(push(CROWD + 1).credential, store:load("acme").pushes[1].credential)
  end)

  it("is refused as one where the store is down", function()
    store:close()
    temporary.remove(folder)
    local _, codes = offer_all(1, 3)
    assert.are.same({ "closed", "closed", "closed" }, codes)
    assert.are.same({}, store._offers._waiting)
  end)
end)

describe("offers", function()
  it("leave out who has stopped waiting", function()
    local subject = offers.new()
    local account = { inbox = { sequence = 0, pushes = {}, spent = {}, gaps = {} }, tokens = {} }
    local first = subject:add("acme", { subject = "c1", hash = "1", received_at = 1 })
    do
      local _ <close> = subject:add("acme", { subject = "c1", hash = "2", received_at = 1 })
    end
    local after, answers = subject:take("acme", account)
    assert.are.equal(1, #answers)
    assert.are.equal(1, after.inbox.sequence)
    subject:answer("acme", answers)
    assert.are.equal(1, first.sequence)
    assert.are.same({}, subject._waiting)
  end)
end)
