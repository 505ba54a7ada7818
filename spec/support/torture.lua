-- SPDX-License-Identifier: MIT
-- How hard a spec tries: a little in every run, a lot under `./dev torture`.

local torture = {}

--- Whether this is the long version.
torture.is_long = os.getenv "USHER_TORTURE" == "1"

--- A number for the run at hand.
---@generic T
---@param short T
---@param long T
---@return T
function torture.rounds(short, long)
  return torture.is_long and long or short
end

return torture
