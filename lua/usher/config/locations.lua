-- SPDX-License-Identifier: MIT
-- Where things are by default, from the variables that systemd and the XDG base directory specification set.
-- Pure, without the core: client commands find the gateway's socket with it.

local locations = {}

-- systemd separates several folders by colons; the first is ours.
local function first_folder(text)
  local folder = text and text:match "^[^:]+"
  return folder
end

-- Both specifications demand absolute paths, XDG that others be ignored.
local function absolute(path)
  return path and path:find "^/" and path or nil
end

--- The folder of the store, the master key and, where nothing better is known, the API's socket.
---@param getenv fun(name: string): string?
---@return string? path nil: the environment names no home either
function locations.state_dir(getenv)
  local systemd = absolute(first_folder(getenv "STATE_DIRECTORY"))
  if systemd then
    return systemd
  end
  local xdg, home = absolute(getenv "XDG_STATE_HOME"), absolute(getenv "HOME")
  if xdg then
    return xdg .. "/usher"
  end
  return home and home .. "/.local/state/usher"
end

--- The API's listen address where USHER_API_LISTEN says none.
---@param getenv fun(name: string): string?
---@param state_dir? string
---@return string? address nil: no folder to put the socket into
function locations.api_listen(getenv, state_dir)
  local folder = absolute(first_folder(getenv "RUNTIME_DIRECTORY"))
    or absolute(getenv "XDG_RUNTIME_DIR")
    or state_dir
  return folder and ("unix:%s/usher.sock"):format(folder)
end

return locations
