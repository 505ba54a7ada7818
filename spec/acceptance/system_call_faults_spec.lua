-- SPDX-License-Identifier: MIT
-- Every system call around a refresh and an exchange fails, or is the gateway's last, one after the other: no token
-- that was kept is lost, nothing is damaged, and the gateway comes back by itself. Only root may trace the gateway.

require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local process = require "spec.support.process"
local rotating_world = require "spec.support.rotating_world"
local torture = require "spec.support.torture"
local tracer = require "spec.support.tracer"

local NO_PUSHES = 3600 -- seconds: they come when they are called for
local TRIES = 3
local RECOVERY_SECONDS = 20
local ANSWER_SECONDS = 5
local DYING_SECONDS = 0.1 -- from a failed call to the known end, where libuv or libc gives up
local FAULTS = { "signal=KILL", "error=EIO", "error=ENOSPC" }
local CANNOT_FAIL = { futex = true } -- waking another thread: glibc does not even look
local LOOP, STORE = 1, 2 -- the gateway's threads

local system = clock.system()

-- What brings the gateway onto the path.
local paths = {}

function paths.refresh() end

-- The refresh token is refused, and a code is there for an exchange.
function paths.exchange(here)
  here:push()
  here:revoke()
end

-- Where the gateway lost the answer it holds the token that it had before, and nothing worse.
local function check_stored(here, before)
  local issue = here:issue_of(here:stored().token_set.access_token)
  assert(issue.number >= before.number, "an older token is stored than was served")
end

-- An answer that reached the gateway is not lost because the store failed for a moment.
local function check_no_exchange(here, before)
  local entries = here:read_ledger()
  for index = before.number + 1, #entries do
    assert(entries[index].kind ~= "exchange", "a token pair was lost")
  end
end

-- The gateway may be gone before it is asked.
local function refresh_somehow(here)
  local began, socket = pcall(here.begin_refresh, here)
  if began then
    socket:settimeout(ANSWER_SECONDS)
    socket:receive "*a"
    socket:close()
  end
end

local function is_dead(pid)
  local file <close> = io.open(("/proc/%d/stat"):format(pid))
  return not file or file:read("a"):find "%) [ZX]" ~= nil
end

-- Has one call of a thread go wrong on the path. Gives whether there was such a call, and whether it was the last.
local function strike(here, path, thread, name, fault, number)
  paths[path](here)
  local trace = tracer.attach(
    here.here.folder,
    tracer.threads(here.gateway.pid)[thread],
    "-e",
    "trace=" .. name,
    "-e",
    ("inject=%s:%s:when=%d"):format(name, fault, number)
  )
  refresh_somehow(here)
  local text = trace:detach()
  local is_killed = text:find("+++ killed by", 1, true) ~= nil
  local is_hit = is_killed or text:find("INJECTED", 1, true) ~= nil
  if is_hit then
    system:sleep(DYING_SECONDS)
  end
  local is_last = is_killed or is_hit and fault:find "^signal" ~= nil or is_dead(here.gateway.pid)
  if is_last then
    here.gateway:wait()
  end
  return is_hit, is_last
end

-- Gives the time at which the token was served that the provider issued last.
local function recover(here)
  here:push()
  here:await_recovery(RECOVERY_SECONDS)
  local recovered_at = system:boot()
  process.await("a refresh", function()
    return here:refresh()
  end)
  return recovered_at
end

-- The n-th call of that name goes wrong, and all is well again afterwards. False: there are not so many.
local function survive(here, case, figures)
  local before = here:issue_of(here:served())
  local is_hit, is_last = strike(here, case.path, case.thread, case.name, case.fault, case.number)
  local struck_at = system:boot()
  if is_last then
    check_stored(here, before)
    here:start()
  end
  local seconds = recover(here) - struck_at
  if case.thread == STORE and case.path == "refresh" and not is_last then
    check_no_exchange(here, before)
  end
  figures.calls = figures.calls + (is_hit and 1 or 0)
  figures.ends = figures.ends + (is_last and 1 or 0)
  figures.longest = math.max(figures.longest, seconds)
  return is_hit
end

local function describe_case(case)
  return ("%s, thread %d, %s number %d, %s"):format(
    case.path,
    case.thread,
    case.name,
    case.number,
    case.fault
  )
end

local function check(here, case, figures)
  local ran, result = pcall(survive, here, case, figures)
  assert(ran, describe_case(case) .. ": " .. tostring(result))
  return result
end

-- The names of the calls that a thread makes on the path.
local function calls_on(here, path, thread)
  paths[path](here)
  local trace = tracer.attach(here.here.folder, tracer.threads(here.gateway.pid)[thread])
  refresh_somehow(here)
  local names = {}
  for name in pairs(tracer.counts(trace:detach())) do
    table.insert(names, name)
  end
  recover(here)
  table.sort(names)
  return names
end

local function check_all(here, path, figures)
  for _, thread in ipairs { LOOP, STORE } do
    for _, name in ipairs(calls_on(here, path, thread)) do
      for index = 1, CANNOT_FAIL[name] and 1 or #FAULTS do
        local fault = FAULTS[index]
        local case = { path = path, thread = thread, name = name, fault = fault, number = 1 }
        while check(here, case, figures) do
          case.number = case.number + 1
        end
      end
    end
  end
end

-- Path, thread, call, which of them, fault: the moments that matter most.
local SAMPLES = {
  { "refresh", STORE, "pwrite64", 3, "error=ENOSPC" }, -- of the journal entry
  { "refresh", STORE, "fdatasync", 1, "error=EIO" },
  { "refresh", LOOP, "sendto", 1, "signal=KILL" },
  { "refresh", LOOP, "recvfrom", 1, "signal=KILL" },
  { "refresh", STORE, "pwrite64", 9, "error=ENOSPC" }, -- of the token set
  { "refresh", STORE, "fdatasync", 2, "error=EIO" },
  { "refresh", STORE, "fdatasync", 2, "signal=KILL" },
  { "exchange", STORE, "fdatasync", 2, "signal=KILL" }, -- of the refusal
}

describe("a system call that goes wrong", function()
  if core.identity.own() ~= 0 then
    it("is not tried: only root may trace the gateway", function() end)
    return
  end

  it("loses no token: samples", function()
    local here <close> = rotating_world.new(NO_PUSHES)
    local figures = { calls = 0, ends = 0, longest = 0 }
    for _, sample in ipairs(SAMPLES) do
      local path, thread, name, number, fault = table.unpack(sample)
      local case = { path = path, thread = thread, name = name, fault = fault, number = number }
      local is_hit, tries = false, 0
      -- An attempt that was under way before it was traced has made its calls already.
      while not is_hit and tries < TRIES do
        is_hit, tries = check(here, case, figures), tries + 1
      end
      assert(is_hit, describe_case(case) .. ": there is none")
    end
  end)

  if torture.is_long then
    for path in pairs(paths) do
      it("loses no token: each call of the path of " .. path, function()
        local here <close> = rotating_world.new(NO_PUSHES)
        local began, figures = system:boot(), { calls = 0, ends = 0, longest = 0 }
        check_all(here, path, figures)
        io.stderr:write(
          ("%s: %d calls went wrong in %.0f s, %d of them the last; longest recovery %.1f s\n"):format(
            path,
            figures.calls,
            system:boot() - began,
            figures.ends,
            figures.longest
          )
        )
      end)
    end
  end
end)
