-- SPDX-License-Identifier: MIT
-- What every store promises, on every engine.
require "spec.support.paths"
local core = require "usher.core"
local memory = require "usher.store.memory"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local HOUR = 3600
local NOW = 1800000000
local NAME = "acme"

local function push(credential, changes)
  local one = { subject = "s", credential = credential, received_at = NOW }
  for key, value in pairs(changes or {}) do
    one[key] = value
  end
  return one
end

local function request(changes)
  local one =
    { owner = "one", lease = 30, kind = "exchange", now = NOW, entry = { sequence = 1 }, limit = 50 }
  for key, value in pairs(changes or {}) do
    one[key] = value
  end
  return one
end

local function tokens(access_token)
  return { access_token = access_token, token_type = "Bearer", issued_at = NOW, expires_at = NOW + 7200 }
end

local function result(access_token, changes)
  local one = { epoch = 0, token_set = tokens(access_token), now = NOW }
  for key, value in pairs(changes or {}) do
    one[key] = value
  end
  return one
end

local function refuses(code, value, err)
  assert.is_nil(value)
  assert.are.equal(code, err.code)
  return err
end

local function promises(engine, make)
  describe("the store contract on " .. engine, function()
    -- The store is closed before the audit of the case.
    local function case(what, body)
      it(what, function()
        local folder = temporary.folder()
        local store = make(folder)
        finally(function()
          store:close()
          temporary.remove(folder)
        end)
        assert(store:open())
        body(store)
      end)
    end

    case("gives the empty record of a name never seen", function(store)
      assert.are.same({
        name = NAME,
        version = 0,
        epoch = 0,
        last_sequence = 0,
        pushes = {},
        push_gaps = {},
        budgets = { exchange = {}, refresh = {} },
      }, store:load(NAME))
      assert.are.same({}, store:names())
    end)

    case("refuses everything while it is not open", function(store)
      store:close()
      store:close()
      refuses("closed", store:load(NAME))
      refuses("closed", store:names())
      refuses("closed", store:offer(NAME, push "1"))
      refuses("closed", store:begin(NAME, request()))
      refuses("closed", store:commit(NAME, result "a", 0))
      refuses("closed", store:abort(NAME, 1, "certain", { now = NOW }))
      refuses("closed", store:remove(NAME))
      refuses("closed", store:changes())
      refuses("closed", store:each(error))
      assert(store:open())
      assert(store:open())
    end)

    case("keeps everything over a close", function(store)
      assert(store:offer(NAME, push("1", { expires_at = NOW + 600 })))
      assert(store:offer(NAME, push("2", { subject = "t", received_at = NOW + 600 })))
      assert(store:begin(NAME, request()))
      assert(store:commit(NAME, result("a", { alternate = tokens "b" }), 0))
      local before = store:load(NAME)
      store:close()
      assert(store:open())
      assert.are.same(before, store:load(NAME))
      assert.are.equal(600, before.push_gaps[1])
      assert.are.equal(2, before.last_sequence)
      assert.are.equal("integer", math.type(before.token_set.expires_at))
      assert.are.equal("integer", math.type((next(before.budgets.exchange))))
    end)

    case("goes from a push to a token set", function(store)
      assert.are.equal(1, store:offer(NAME, push "1"))
      refuses("repeat", store:offer(NAME, push "1"))
      local fence = assert(store:begin(NAME, request()))
      local record = store:load(NAME)
      assert.are.same({ "one", fence }, { record.lease.owner, record.journal.fence })
      assert.are.equal(NOW, record.pushes[1].attempted_at)
      assert.are.equal(1, record.budgets.exchange[NOW // HOUR])
      assert.are.equal(
        1,
        store:commit(NAME, result("a", { fence = fence, subject = "s", spent_sequence = 1 }), 0)
      )
      record = store:load(NAME)
      assert.are.same(tokens "a", record.token_set)
      assert.are.same({ 1, "s", {} }, { record.version, record.subject, record.pushes })
      assert.is_nil(record.lease)
      assert.is_nil(record.journal)
      refuses("repeat", store:offer(NAME, push "1"))
      refuses("forbidden", store:offer(NAME, push("2", { subject = "t" })))
      assert.are.equal(2, store:offer(NAME, push "2"))
    end)

    case("takes the configured subject as pinned", function(store)
      refuses("forbidden", store:offer(NAME, push "1", "t"))
      assert.are.equal(1, store:offer(NAME, push "1", "s"))
    end)

    case("tells the same credential of another subject apart", function(store)
      assert(store:offer(NAME, push("1", { subject = "forged" })))
      assert(store:offer(NAME, push "1"))
      assert.are.equal(2, #store:load(NAME).pushes)
    end)

    case("lets one owner at the account", function(store)
      local fence = assert(store:begin(NAME, request()))
      refuses("held", store:begin(NAME, request { owner = "two" }))
      assert.are.equal(fence + 1, store:begin(NAME, request()))
      assert.are.equal(fence + 2, store:begin(NAME, request { owner = "two", now = NOW + 30 }))
      refuses("held", store:begin(NAME, request { now = NOW + 30 }))
    end)

    case("says when an empty budget opens, and does", function(store)
      local spend = { limit = 3, reserve = 1, lease = 0 }
      assert(store:begin(NAME, request(spend)))
      assert(store:begin(NAME, request(spend)))
      local err = refuses("budget_exhausted", store:begin(NAME, request(spend)))
      assert.are.equal((NOW // HOUR + 25) * HOUR, err.opens_at)
      assert(store:begin(NAME, request { limit = 3, reserve = 1, forced = true }))
      refuses("budget_exhausted", store:begin(NAME, request { limit = 3, reserve = 1, forced = true }))
      assert(store:begin(NAME, request { kind = "refresh", limit = 3 }))
      refuses("budget_exhausted", store:begin(NAME, request { limit = 3, now = err.opens_at - 1 }))
      assert(store:begin(NAME, request { limit = 3, now = err.opens_at }))
    end)

    case("forgets in a day what a clock running ahead has spent", function(store)
      local later = NOW + 30 * 365 * 24 * HOUR
      for _ = 1, 3 do
        assert(store:begin(NAME, request { limit = 3, now = later }))
      end
      local err = refuses("budget_exhausted", store:begin(NAME, request { limit = 3 }))
      assert(store:begin(NAME, request { limit = 3, now = err.opens_at }))
    end)

    case("ends an attempt", function(store)
      assert(store:offer(NAME, push "1"))
      local fence = store:begin(NAME, request())
      assert.is_true(store:abort(NAME, fence, "uncertain", { now = NOW }))
      assert.are.equal(fence, store:load(NAME).journal.fence)
      fence = assert(store:begin(NAME, request { owner = "two" }))
      assert.is_true(store:abort(NAME, fence, "certain", { now = NOW, unsent = true }))
      local record = store:load(NAME)
      assert.is_nil(record.journal)
      assert.is_nil(record.lease)
      assert.are.equal(1, record.budgets.exchange[NOW // HOUR])
      fence = assert(store:begin(NAME, request()))
      assert.is_true(store:abort(NAME, fence, "certain", { now = NOW, spent_sequence = 1 }))
      assert.are.same({}, store:load(NAME).pushes)
      assert.is_true(store:abort(NAME, fence, "certain", { now = NOW }))
    end)

    case("decides commits by the version, whatever was pushed or begun meanwhile", function(store)
      local fence = store:begin(NAME, request())
      assert(store:offer(NAME, push "1"))
      assert(store:begin(NAME, request { owner = "two", now = NOW + 30 }))
      assert.are.equal(1, store:commit(NAME, result("a", { fence = fence }), 0))
      assert.are.equal("two", store:load(NAME).lease.owner)
      refuses("conflict", store:commit(NAME, result "b", 0))
      assert.are.equal(2, store:commit(NAME, result "b", 1))
      assert.are.equal(2, store:commit(NAME, result "b", 1))
    end)

    case("forgets an account, and what comes for it later", function(store)
      store:offer(NAME, push "1")
      store:commit(NAME, result "a", 0)
      store:offer("other", push "1")
      assert.is_true(store:remove(NAME))
      assert.is_true(store:remove "never seen")
      assert.are.same({ "other" }, store:names())
      local record = store:load(NAME)
      assert.are.same({ 0, 1, {} }, { record.version, record.epoch, record.pushes })
      refuses("conflict", store:commit(NAME, result "a", 1))
      refuses("conflict", store:commit(NAME, result "a", 0))
      assert.are.equal(1, store:commit(NAME, result("a", { epoch = 1 }), 0))
    end)

    case("refuses what comes for an account that was removed before anything was kept of it", function(store)
      assert.is_true(store:remove(NAME))
      refuses("conflict", store:commit(NAME, result "a", 0))
      assert.are.same({}, store:names())
    end)

    case("names what has changed", function(store)
      local names, cursor = store:changes()
      assert.are.same({}, names)
      store:offer("b", push "1")
      store:offer("a", push "1")
      names, cursor = store:changes(cursor)
      assert.are.same({ "b", "a" }, names)
      assert.are.same({}, (store:changes(cursor)))
      store:offer("a", push "1")
      assert.are.same({}, (store:changes(cursor)))
      store:begin("b", request())
      store:remove "a"
      assert.are.same({ "b", "a" }, (store:changes(cursor)))
      assert.are.same({ "b", "a" }, (store:changes()))
    end)

    case("visits each account in order", function(store)
      for _, name in ipairs { "c", "a", "b" } do
        store:offer(name, push(name))
      end
      local seen = {}
      assert.is_true(store:each(function(name, record)
        table.insert(seen, name .. record.pushes[1].credential)
      end))
      assert.are.same({ "aa", "bb", "cc" }, seen)
      assert.are.same({ "a", "b", "c" }, store:names())
    end)

    case("refuses a value that it could not give back", function(store)
      refuses("invalid_argument", store:offer(NAME, push "\xff"))
      assert.are.equal(1, store:offer(NAME, push "1"))
    end)

    case("loses no push where many come at once", function(store)
      local sequences = {}
      for i = 1, 20 do
        core.loop:spawn(function()
          sequences[i] = assert(store:offer("a" .. i % 2, push(tostring(i))))
        end)
      end
      core.loop:run()
      table.sort(sequences)
      local expected = {}
      for i = 1, 10 do
        expected[2 * i - 1], expected[2 * i] = i, i
      end
      assert.are.same(expected, sequences)
    end)
  end)
end

promises("memory", function()
  return memory.new {}
end)

promises("sqlite", function(folder)
  return sqlite.new { path = folder .. "/usher.db", key = core.secret.new(("k"):rep(32)) }
end)
