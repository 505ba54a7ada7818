-- SPDX-License-Identifier: MIT
-- Keeps a Memories.ai token in this process: no gateway runs. The provider pushes its codes to
-- http://127.0.0.1:8080/callback (forwarded there by a proxy that speaks TLS), and the program uses the token.
--
--     MEMORIES_API_KEY=sk-... USHER_MASTER_KEY=$(usher keygen) lua5.4 examples/keep_a_token.lua

local usher = require "usher"

local keeper <close> = usher.keeper {
  store = usher.store.sqlite {
    path = os.getenv "TOKENS_DB" or "tokens.db",
    key = usher.secret.env "USHER_MASTER_KEY", -- keep it: without it the file cannot be read again
  },
  accounts = {
    acme = usher.provider.memories_ai {
      api_key = usher.secret.env "MEMORIES_API_KEY",
      base_url = os.getenv "MEMORIES_BASE_URL", -- nil: the provider's own
    },
  },
  on_event = function(event)
    print(event.event, event.account)
  end,
}
assert(keeper:start())

-- Any HTTP server will do that hands the request to `keeper:receive`; this is usher's own.
local listener <close> = assert(usher.http.listen {
  host = "127.0.0.1",
  port = tonumber(os.getenv "CALLBACK_PORT" or "8080"),
  handler = function(request)
    return keeper:receive(request)
  end,
})
print("callbacks come to", listener:address())

-- In plain code a call blocks until the answer is there; meanwhile the loop turns, and the push comes in.
local token = assert(keeper:token("acme", { wait = 60 }))
print(("plain code: a token for %d s"):format(token.expires_in))

-- In a handler the same call yields, and everything else goes on.
usher.loop:spawn(function()
  local fresh = assert(keeper:token("acme", { min_ttl = 60 }))
  print(("handler: a token for %d s"):format(fresh.expires_in))
  usher.loop:stop()
end)
usher.loop:run()
