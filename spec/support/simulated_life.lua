-- SPDX-License-Identifier: MIT
-- What an operator runs, on one fake clock and without a socket: a simulated provider that pushes, the callback, the
-- keeper and its store. The gateway's part can end in order or be killed, and start again over what the store holds.

local callback = require "usher.callback"
local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local keeper = require "usher.keeper"
local log = require "usher.log"
local memories_ai = require "usher.provider.memories_ai"
local memory = require "usher.store.memory"
local provider_account = require "usher.provider.account"
local pusher = require "usher.simulator.pusher"
local simulator = require "usher.simulator"

local simulated_life = {}

local NAME = "acme"
local API_KEY = "sk-life"
local CALLBACK = "http://gateway/callback"
local LATENCY = 0.05 -- seconds, of a request as of its answer
local FRESH_SECONDS = 60
local KEEPING_SECONDS = 1
local WRITE_SECONDS = 0.004 -- of the store, before and after the write

---@class spec.Life
---@field clock usher.Clock
---@field simulator usher.Simulator
---@field keeper? usher.Keeper nil while the gateway is down
---@field events table[] all that was told
---@field last_fresh_push? number boot time of one that came at once
---@field last_stale_push? number boot time of one that came late
---@field lost table<integer, true> numbers of ledger entries whose answers came too late for the process
---@field dies_in? "exchange"|"refresh" the next of these is cut off in the middle: `wants_kill` is set then
local Life = {}
Life.__index = Life

-- time ------------------------------------------------------------------------------------------------

--- Runs a function as a task to its end, letting time pass as it needs.
---@param fn function
---@return any ... its results
function Life:run(fn, ...)
  local results
  core.loop:spawn(function(...)
    results = table.pack(xpcall(fn, debug.traceback, ...))
  end, ...)
  self.clock:advance(0)
  while not results do
    self.clock:advance(WRITE_SECONDS)
  end
  assert(results[1], results[2])
  return table.unpack(results, 2, results.n)
end

--- Starts functions as tasks that may wait for each other; the boxes get `value`, `err` once they have ended.
---@param count integer
---@param fn function
---@return table[] boxes
function Life:start_many(count, fn, ...)
  local boxes = {}
  for index = 1, count do
    local box = {}
    boxes[index] = box
    core.loop:spawn(function(...)
      box.value, box.err = fn(...)
    end, ...)
  end
  return boxes
end

-- the world between the parts --------------------------------------------------------------------------

-- A process that ends knows nothing of an answer on its way, nor keeps one that it has only just received.
local function note_lost(self)
  local last = self._last_request
  if last and last.answered_at > self.clock:boot() - KEEPING_SECONDS then
    self.lost[last.number] = true
  end
end

-- Every request of the keeper to the provider.
local function transfer(self, request)
  self.clock:sleep(LATENCY)
  local response, err = self.simulator:perform(request)
  if self._last_request.kind == self.dies_in then
    self.dies_in, self.wants_kill = nil, true
    note_lost(self)
    core.future.new():wait()
  end
  self.clock:sleep(LATENCY)
  self._last_request.answered_at = self.clock:boot()
  return response, err
end

local function request_of(request)
  local path, query = request.url:match "^http://gateway([^?]*)%??(.*)$"
  return {
    method = request.method,
    path = path,
    query = query,
    headers = {},
    body = request.body or "",
    remote = "192.0.2.1:1",
  }
end

--- A push's way to the callback; gives what a transfer would.
---@param request usher.core.transfer.Request
---@return usher.core.transfer.Response? response
---@return usher.Error? err
function Life:receive(request)
  if not self.keeper then
    return errors.fail("connect_failed", nil, { sent = false })
  end
  local current = self.simulator.grants:current_code()
  local is_current = current and request.url:find("code=" .. core.encoding.percent_encode(current), 1, true)
  local is_fresh = is_current and self.clock:boot() - self._pushed_at <= FRESH_SECONDS
  local response = self._callback:handle(request_of(request))
  if response.status == 200 then
    self[is_fresh and "last_fresh_push" or "last_stale_push"] = self.clock:boot()
  end
  return response
end

-- The store as one process sees it: it takes its time, and after the process's end nothing reaches it any more.
local function store_of(self, process)
  return setmetatable({}, {
    __index = function(_, method)
      return function(_, ...)
        self.clock:sleep(WRITE_SECONDS)
        if process.is_dead then
          return errors.fail "closed"
        end
        local results = table.pack(self.store[method](self.store, ...))
        self.clock:sleep(WRITE_SECONDS)
        if process.is_dead then
          return errors.fail "closed"
        end
        return table.unpack(results, 1, results.n)
      end
    end,
  })
end

-- the gateway -----------------------------------------------------------------------------------------

--- Starts the gateway over what the store holds.
function Life:start()
  local process = { is_dead = false }
  local accounts = { [NAME] = self.account }
  local started = keeper.new {
    store = store_of(self, process),
    transfer = function(request)
      return transfer(self, request)
    end,
    clock = self.clock,
    log = self.log,
    random = self.random,
    owner = "life",
    accounts = accounts,
    on_event = function(event)
      table.insert(self.events, event)
    end,
  }
  assert(self:run(started.start, started))
  self._callback = assert(callback.new {
    accounts = accounts,
    offer = function(name, push)
      return started:offer(name, push)
    end,
    log = self.log,
    clock = self.clock,
    random = self.random,
  })
  self.keeper, self._process = started, process
  return self
end

--- Ends the gateway in order.
function Life:stop()
  local ending = self.keeper
  note_lost(self)
  self.keeper = nil
  self:run(ending.stop, ending)
end

--- Ends the gateway as SIGKILL does: what it was about stays as it is.
function Life:kill()
  self._process.is_dead, self.wants_kill, self.dies_in = true, false, nil
  self:stop()
end

--- Begins to push. Ends with `close`.
---@param first_push? number
function Life:begin_pushing(first_push)
  self._pusher = pusher.start {
    simulator = self.simulator,
    clock = self.clock,
    first_push = first_push,
    transfer = function(request)
      return self:receive(request)
    end,
  }
end

--- Ends everything.
function Life:close()
  if self._pusher then
    self._pusher:close()
  end
  if self.keeper then
    self:stop()
  end
  self.clock:advance(1)
end

-- what specs ask --------------------------------------------------------------------------------------

--- What a consumer gets without waiting.
---@return table? token
---@return usher.Error? err
function Life:token()
  if not self.keeper then
    return errors.fail "no_gateway"
  end
  return self.keeper:token(NAME, { wait = 0 })
end

--- Whether the provider takes an access token.
---@param token string
---@return boolean
function Life:is_live(token)
  return self.simulator.grants:check("access", token, self.simulator:now()) == true
end

--- Sets a fault, as `usher simulate --fault` has them.
---@param text string
function Life:fault(text)
  self.simulator.faults:add(assert(simulator.parse_fault(text)))
end

--- Ledger entries of a kind.
---@param kind string
---@return table[]
function Life:entries(kind)
  local entries = {}
  for _, entry in ipairs(self.simulator.ledger:after()) do
    if entry.kind == kind then
      table.insert(entries, entry)
    end
  end
  return entries
end

--- How many requests of a kind have reached the provider.
---@param kind "exchange"|"refresh"
---@param verdict? string
---@return integer
function Life:count(kind, verdict)
  return self.simulator.ledger:count(kind, verdict)
end

---@class spec.Life.options
---@field seed? integer|string default 1
---@field simulator? table over its defaults
---@field policy? table over the script's
---@field client_id? string the configured pin

--- A life in which nothing runs yet.
---@param options? spec.Life.options
---@return spec.Life
function simulated_life.new(options)
  options = options or {}
  local seed = options.seed or 1
  local clock = fake_clock.new()
  local provider_options = { api_key = API_KEY, clock = clock, callback = CALLBACK }
  provider_options.random = simulator.seeded("provider" .. seed)
  for name, value in pairs(options.simulator or {}) do
    provider_options[name] = value
  end
  local self
  function provider_options.on_entry(entry)
    if entry.kind == "push" then
      self._pushed_at = clock:boot()
    elseif entry.kind == "exchange" or entry.kind == "refresh" then
      self._last_request = { kind = entry.kind, number = entry.number, answered_at = math.huge }
    end
  end
  self = setmetatable({
    clock = clock,
    simulator = simulator.new(provider_options),
    store = memory.new {},
    log = log.silent(),
    random = simulator.seeded("gateway" .. seed),
    events = {},
    lost = {},
    account = provider_account.new(memories_ai, {
      api_key = API_KEY,
      base_url = "http://provider",
      callback_path = "/callback",
      client_id = options.client_id,
      policy = options.policy,
    }),
  }, Life)
  assert(self.store:open())
  return self
end

return simulated_life
