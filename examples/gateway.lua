-- SPDX-License-Identifier: MIT
-- A configuration of the gateway: two accounts, a hook, and a route of its own. `usher check examples/gateway.lua` says
-- what it describes, `usher run examples/gateway.lua` runs it.

local usher = require "usher"

local folder = os.getenv "STATE_DIRECTORY" or "."

-- Whose videos are ours. The same ids pin the accounts: pushes for another client are refused.
local CLIENTS = { acme = os.getenv "ACME_CLIENT_ID", bolt = os.getenv "BOLT_CLIENT_ID" }

local STATUSES = { PARSE = true, UNPARSE = true, FAIL = true }

local function account_of(client_id)
  for name, known in pairs(CLIENTS) do
    if type(client_id) == "string" and usher.crypto.equal(known, client_id) then
      return name
    end
  end
end

-- Memories.ai POSTs this to the callBackUri that was given at the upload of a video. Nothing signs it: a path that
-- nobody can guess keeps strangers out, and the clientId says whose video it is.
local function video_status(request)
  local status = usher.json.decode(request.body)
  if type(status) ~= "table" or type(status.videoNo) ~= "string" or not status.videoNo:find "^%w+$" then
    return { status = 400, body = "not a video's status" }
  elseif not STATUSES[status.status] then
    return { status = 400, body = "an unknown status" }
  end
  local account = account_of(status.clientId)
  if not account then
    return { status = 403, body = "forbidden" }
  end
  local file <close> = assert(io.open(folder .. "/videos.log", "a"))
  file:write(("%d %s %s %s\n"):format(os.time(), account, status.videoNo, status.status))
  return { status = 204 }
end

return usher.gateway {
  callback = {
    listen = os.getenv "CALLBACK_LISTEN" or "127.0.0.1:8080",
  },
  api = {
    listen = ("unix:%s/usher.sock"):format(folder),
    mode = "0660",
  },
  store = usher.store.sqlite {
    path = folder .. "/usher.db",
    key = usher.secret.file(folder .. "/master.key"), -- usher keygen master.key
  },
  accounts = {
    acme = usher.provider.memories_ai {
      api_key = usher.secret.env "ACME_API_KEY",
      client_id = CLIENTS.acme,
      base_url = os.getenv "MEMORIES_BASE_URL", -- nil: the provider's own
      callback_path = "/callback/acme",
      policy = { budgets = { exchange = 40 } },
    },
    bolt = usher.provider.memories_ai {
      api_key = usher.secret.env "BOLT_API_KEY",
      client_id = CLIENTS.bolt,
      base_url = os.getenv "MEMORIES_BASE_URL",
      callback_path = "/callback/bolt",
    },
  },
  routes = {
    ["POST /video-status"] = video_status,
  },
  on = {
    reauthorization_required = function(event)
      local file <close> = assert(io.open(folder .. "/attention", "w"))
      file:write(event.account, ": ", event.needs, "\n")
    end,
  },
  log = { level = "info", format = "logfmt" },
}
