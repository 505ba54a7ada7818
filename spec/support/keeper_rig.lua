-- SPDX-License-Identifier: MIT
-- A keeper with everything around it on a fake clock: the simulator as provider, the memory store, faults on demand.

local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local keeper = require "usher.keeper"
local memories_ai = require "usher.provider.memories_ai"
local memory = require "usher.store.memory"
local recorder = require "spec.support.recorder"
local simulator = require "usher.simulator"

local keeper_rig = { faults = {} }

local Rig = {}
Rig.__index = Rig

local API_KEY = "sk-fixture"
local LATENCY = 0.05
local PATHS = { exchange = "/getAccessToken$", refresh = "/refreshAccessToken$" }

-- faults ----------------------------------------------------------------------------------------------
-- Each is a function(rig, request) that takes the place of the transfer.

--- An answer of the infrastructure; the provider has not acted.
function keeper_rig.faults.status(status, headers, body)
  return function()
    return { status = status, headers = headers or {}, body = body or "" }
  end
end

--- An envelope; the provider has not acted.
function keeper_rig.faults.envelope(code)
  return keeper_rig.faults.status(200, {}, ('{"code":"%s","msg":"fault","data":null}'):format(code))
end

--- The request did not leave.
function keeper_rig.faults.unsent(code)
  return function()
    return errors.fail(code or "connect_failed", nil, { sent = false })
  end
end

--- The request left, and nothing came back: the provider acted (`has_acted`) or not.
function keeper_rig.faults.lost(has_acted)
  return function(rig, request)
    if has_acted then
      rig.simulator:perform(request)
    end
    rig.clock:sleep(request.timeout_ms / 1000)
    return errors.fail("timeout", nil, { sent = true })
  end
end

local function kind_of(request)
  for kind, pattern in pairs(PATHS) do
    if request.url:match(pattern) then
      return kind
    end
  end
end

local function transfer(self, request)
  local kind = kind_of(request)
  table.insert(self.requests, {
    kind = kind,
    at = self.clock:boot(),
    body = request.body,
    timeout_ms = request.timeout_ms,
    ca_file = request.ca_file,
  })
  self.clock:sleep(self.latency)
  local queue = self.queued[kind]
  local fault = table.remove(queue, 1) or self.standing[kind]
  if fault then
    return fault(self, request)
  end
  return self.simulator:perform(request)
end

--- The next requests of that kind meet these faults, in order.
function Rig:fail_next(kind, ...)
  for _, fault in ipairs { ... } do
    table.insert(self.queued[kind], fault)
  end
end

--- Until told otherwise (nil), every request of that kind meets this fault.
function Rig:fail_always(kind, fault)
  self.standing[kind] = fault
end

--- How many requests of that kind have been made.
function Rig:count(kind)
  local count = 0
  for _, request in ipairs(self.requests) do
    count = count + (request.kind == kind and 1 or 0)
  end
  return count
end

--- How many events of that name have been told.
function Rig:told(name)
  local count = 0
  for _, event in ipairs(self.events) do
    count = count + (event.event == name and 1 or 0)
  end
  return count
end

--- The names of events, in order.
function Rig:event_names()
  local names = {}
  for index, event in ipairs(self.events) do
    names[index] = event.event
  end
  return table.concat(names, " ")
end

local function settle()
  repeat
    core.loop:step()
  until not core.loop:has_ready_tasks()
end

--- Runs a function as a task; its results appear in the table once it is through.
function Rig:run(fn, ...)
  local box = {}
  core.loop:spawn(function(...)
    box.value, box.err = fn(...)
    box.is_done, box.at = true, self.clock:boot()
  end, ...)
  settle()
  return box
end

--- What a consumer gets for `keeper:token` without waiting.
function Rig:token(options)
  local merged = { wait = 0 }
  for name, value in pairs(options or {}) do
    merged[name] = value
  end
  local box = self:run(self.keeper.token, self.keeper, "acme", merged)
  assert(box.is_done, "it waits")
  return box.value, box.err
end

--- Whether the provider takes this access token.
function Rig:accepts(token)
  local response = self.simulator:perform {
    method = "GET",
    url = "http://simulator/api/serve/echo",
    headers = { Authorization = "Bearer " .. token.access_token },
  }
  return response.status == 200
end

--- Hands the keeper a credential, by itself or a new one of the simulator; gives what `offer` gives.
function Rig:push(credential, subject)
  local code = credential or select(2, self.simulator:push())
  local push = { credential = code, subject = subject or self.simulator.options.client_id }
  local box = self:run(self.keeper.offer, self.keeper, "acme", push)
  assert(box.is_done, "an offer waits for something")
  return box.value, box.err
end

--- Pushes a code every so many seconds, until `stop`.
function Rig:push_every(seconds)
  local function again()
    self:push_in_task()
    self.pusher = self.clock:timer(seconds, again)
  end
  self.pusher = self.clock:timer(0, again)
end

function Rig:push_in_task()
  local _, code = self.simulator:push()
  return self.keeper:offer("acme", { credential = code, subject = self.simulator.options.client_id })
end

function Rig:advance(seconds)
  self.clock:advance(seconds)
end

function Rig:document()
  return self.keeper:document "acme"
end

--- The record as the store has it.
function Rig:record()
  return assert(self.store:load "acme")
end

local function merged(base, changes)
  local copy = {}
  for _, fields in ipairs { base, changes or {} } do
    for name, value in pairs(fields) do
      copy[name] = value
    end
  end
  return copy
end

local function accounts_of(self)
  local options = self.options
  local policy = merged(memories_ai.policy, options.policy)
  policy.push_interval = policy.push_interval or nil
  local account = {
    provider = options.provider or memories_ai,
    config = {
      api_key = API_KEY,
      base_url = "http://simulator",
      callback_path = "/callback",
      ca_file = "/ca.pem",
    },
    policy = policy,
    subject = options.subject,
    disabled = options.disabled,
  }
  local accounts = { acme = account }
  for index = 2, options.accounts or 1 do
    accounts["acme" .. index] = account
  end
  return accounts
end

--- Makes and starts a keeper over the same store, as after a restart of the process.
function Rig:start()
  self.keeper = keeper.new {
    store = self.store,
    transfer = function(request)
      return transfer(self, request)
    end,
    clock = self.clock,
    log = self.log,
    random = simulator.seeded(self.options.seed or 7),
    owner = "spec",
    accounts = accounts_of(self),
    on_event = function(event)
      table.insert(self.events, event)
      if self.on_event then
        self.on_event(event)
      end
    end,
  }
  assert(self.keeper:start())
  settle()
  return self
end

--- Ends the keeper in order.
function Rig:stop()
  if self.pusher then
    self.pusher:close()
    self.pusher = nil
  end
  self.keeper:stop()
  settle()
end

--- Ends the keeper as a crash does: nothing that it was about is told to the store.
function Rig:crash()
  local store = self.store
  for _, name in ipairs { "commit", "abort", "begin", "offer" } do
    store[name] = function()
      return errors.fail "closed"
    end
  end
  self:stop()
  for _, name in ipairs { "commit", "abort", "begin", "offer" } do
    store[name] = nil
  end
end

--- A rig that has not started. Options: `policy` (over the script's; `push_interval = false`: none), `subject`,
--- `simulator` (its options), `latency`, `accounts`, `seed`, `wall`, `provider`, `disabled`.
function keeper_rig.new(options)
  options = options or {}
  local clock = fake_clock.new(options.wall)
  local log, lines = recorder.new()
  local self = setmetatable({
    options = options,
    clock = clock,
    store = memory.new {},
    log = log,
    lines = lines,
    events = {},
    requests = {},
    queued = { exchange = {}, refresh = {} },
    standing = {},
    latency = options.latency or LATENCY,
  }, Rig)
  local own = { api_key = API_KEY, clock = clock, random = simulator.seeded(options.seed or 1) }
  self.simulator = simulator.new(merged(own, options.simulator))
  assert(self.store:open())
  return self
end

--- A rig that has started and exchanged its first code.
function keeper_rig.ready(options)
  local self = keeper_rig.new(options):start()
  self:push()
  self:advance(1)
  assert(self:token(), "no first token")
  return self
end

return keeper_rig
