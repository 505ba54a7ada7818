-- SPDX-License-Identifier: MIT
-- `./dev soak [SECONDS] [RATE]`: shows memory and descriptors of a gateway under steady load, as time passes.

package.path = "./?.lua;" .. package.path
require "spec.support.paths"
local soak = require "spec.support.soak"

local ROWS = 60

local seconds, rate = tonumber(arg[1] or 3600), tonumber(arg[2] or 500)
if not seconds or not rate or seconds <= 0 or rate <= 0 then
  io.stderr:write "usage: ./dev soak [SECONDS] [REQUESTS A SECOND]\n"
  os.exit(64)
end

io.stdout:setvbuf "line"
print "seconds  requests  RSS KiB  descriptors"
local function show(sample)
  print(("%7.0f  %8d  %7d  %11d"):format(sample.at, sample.requests, sample.rss_kib, sample.descriptors))
end

local done =
  soak.run { seconds = seconds, rate = rate, sample_every = math.max(1, seconds / ROWS), on_sample = show }
show(done.last)
print(
  ("%d requests in %.0f s (%.0f a second), %d failures, %d tokens, %d refreshes"):format(
    done.requests,
    done.seconds,
    done.requests / done.seconds,
    done.failures,
    done.tokens,
    done.refreshes
  )
)
print(("p50 %.2f ms, p99 %.2f ms, slowest %.0f ms"):format(done.p50_ms, done.p99_ms, done.slowest_ms))
os.exit(done.failures == 0, true)
