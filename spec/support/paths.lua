-- SPDX-License-Identifier: MIT
-- Where a spec finds the checkout's modules; USHER_BUILD names another build folder (the sanitized one).

local paths = {}

paths.root = debug.getinfo(1, "S").source:match "^@(.*)/spec/support/paths%.lua$" or "."
paths.build = os.getenv "USHER_BUILD" or (paths.root .. "/build")
paths.vectors = paths.root .. "/../shared/vectors"

package.path = paths.root .. "/lua/?.lua;" .. paths.root .. "/lua/?/init.lua;" .. package.path
package.cpath = paths.build .. "/lib/?.so;" .. package.cpath

return paths
