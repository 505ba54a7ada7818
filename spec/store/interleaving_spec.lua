-- SPDX-License-Identifier: MIT
-- Two owners do as they please with one account, at the same time: whatever the order, no budget is overspent, one
-- attempt runs at a time, no version is given twice, and no push is lost.
require "spec.support.paths"
local contract = require "usher.store.contract"
local core = require "usher.core"
local memory = require "usher.store.memory"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local NAME, SUBJECT = "acme", "s"
local DAY = 24 * 3600
local LEASE, LIMIT, RESERVE = 30, 20, 2
local KEY = ("k"):rep(32)
local STEPS = 150

local function pause()
  local future = core.future.new()
  core.loop:spawn(function()
    future:resolve()
  end)
  future:wait()
end

-- An engine that lets others in before each of its calls.
local function pausing(engine)
  return setmetatable({}, {
    __index = function(_, name)
      return function(_, ...)
        pause()
        return engine[name](engine, ...)
      end
    end,
  })
end

local engines = {
  memory = function()
    return contract.new(pausing(memory.engine()), sealer.new { key = KEY })
  end,
  sqlite = function(folder)
    return sqlite.new { path = folder .. "/usher.db", key = KEY }
  end,
}

-- Another store over the same engine, as of another process: within one store changes take turns.
local function beside(store)
  local other = contract.new(store._engine, store._sealer)
  other._is_open = true
  return other
end

-- What the world outside the store knows, and checks.
local function new_world(store)
  local world = {
    stores = { one = store, two = beside(store) },
    now = 1800000000,
    beginning = 0,
    attempts = {},
    sent = {},
    pushes = 0,
  }
  world.versions, world.offered, world.spent, world.waiting = {}, {}, {}, 2

  function world:pass()
    self.now = self.now + math.random(0, 3)
    if self.beginning == 0 and math.random(10) == 1 then
      self.now = self.now + math.random(4 * 3600)
    end
  end

  function world:check_alone(attempt)
    for _, other in ipairs(self.attempts) do
      local overlaps = other.at < attempt.at + LEASE and attempt.at < other.at + LEASE
      assert(other.owner == attempt.owner or other.has_ended or not overlaps, "two attempts at once")
      assert(other.fence ~= attempt.fence, "a fence given twice")
      -- An owner that claims again has given up what it had begun.
      other.has_ended = other.has_ended or other.owner == attempt.owner
    end
    table.insert(self.attempts, attempt)
  end

  function world:check_budget()
    for _, last in ipairs(self.sent) do
      local count = 0
      for _, attempt in ipairs(self.sent) do
        local is_within = attempt.at > last.at - DAY and attempt.at <= last.at
        count = count + (is_within and not attempt.is_unsent and 1 or 0)
      end
      assert(count <= LIMIT, "the budget is overspent")
    end
  end

  function world:check_pushes(record)
    local kept = {}
    for _, push in ipairs(record.pushes) do
      kept[push.credential] = true
    end
    local newest = self.offered[#self.offered]
    assert(not newest or kept[newest] or self.spent[newest], "the newest push is lost")
  end

  return world
end

local actions = {}

function actions.offer(world, owner)
  world.pushes = world.pushes + 1
  local credential = "c" .. world.pushes
  local push = { subject = SUBJECT, credential = credential, received_at = world.now }
  local sequence = assert(world.stores[owner]:offer(NAME, push, SUBJECT))
  assert(not world.offered[sequence], "a sequence given twice")
  world.offered[sequence] = credential
end

local function finish(world, attempt, record)
  local push = record.pushes[#record.pushes]
  local choice = math.random(5)
  attempt.has_ended = true
  if choice == 1 then
    attempt.is_unsent = true
    assert(
      world.stores[attempt.owner]:abort(NAME, attempt.fence, "certain", { now = world.now, unsent = true })
    )
  elseif choice == 2 then
    assert(world.stores[attempt.owner]:abort(NAME, attempt.fence, "uncertain", { now = world.now }))
  else
    local version, err = world.stores[attempt.owner]:commit(NAME, {
      fence = attempt.fence,
      epoch = record.epoch,
      token_set = { access_token = ("%s%d"):format(attempt.owner, attempt.fence) },
      subject = SUBJECT,
      spent_sequence = push and push.sequence,
      now = world.now,
    }, record.version)
    assert(version or err.code == "conflict", tostring(err))
    if version then
      assert(not world.versions[version], "a version given twice")
      world.versions[version] = true
      world.spent[push and push.credential or ""] = true
    end
  end
end

function actions.attempt(world, owner)
  local record = assert(world.stores[owner]:load(NAME))
  local attempt = { owner = owner, at = world.now, is_forced = math.random(4) == 1 }
  world.beginning = world.beginning + 1
  local fence, err = world.stores[owner]:begin(NAME, {
    owner = owner,
    lease = LEASE,
    kind = "refresh",
    now = attempt.at,
    entry = { version = record.version },
    limit = LIMIT,
    reserve = RESERVE,
    forced = attempt.is_forced,
  })
  world.beginning = world.beginning - 1
  if not fence then
    assert(err.code == "held" or err.code == "budget_exhausted", tostring(err))
    assert(err.code == "held" or err.opens_at > attempt.at, "a budget that opened in the past")
    return
  end
  attempt.fence = fence
  world:check_alone(attempt)
  table.insert(world.sent, attempt)
  for _ = 1, math.random(0, 3) do
    pause()
  end
  -- Or it is killed here: the lease and the journal entry stay.
  if math.random(6) > 1 then
    finish(world, attempt, record)
  end
end

local function live(world, owner)
  for _ = 1, STEPS do
    world:pass()
    actions[math.random(3) == 1 and "offer" or "attempt"](world, owner)
    pause()
  end
  world.waiting = world.waiting - 1
end

describe("two owners on one account", function()
  for engine, make in pairs(engines) do
    for seed = 1, 4 do
      it(("hold the store's promises on %s, seed %d"):format(engine, seed), function()
        math.randomseed(seed)
        local folder = temporary.folder()
        local store = make(folder)
        finally(function()
          store:close()
          temporary.remove(folder)
        end)
        assert(store:open())
        local world = new_world(store)
        for _, owner in ipairs { "one", "two" } do
          core.loop:spawn(live, world, owner)
        end
        core.loop:run()
        assert.are.equal(0, world.waiting)
        assert.is_true(#world.sent > LIMIT)
        assert.is_true(next(world.versions) ~= nil)
        world:check_budget()
        world:check_pushes(assert(store:load(NAME)))
        assert.are.equal(world.pushes, #world.offered)
      end)
    end
  end
end)
