-- SPDX-License-Identifier: MIT
-- The keys of one account, as `usher.provider.memories_ai` and other scripts take them. A script may make some of them
-- required, or add its own: its field `keys`.

local values = require "usher.config.values"

local REQUESTS_A_DAY = values.integer(1, 1000000)

---@type table<string, usher.config.Key> by path
local account_keys = {
  api_key = {
    value = values.printable,
    secret = true,
    what = "the API key made in the provider's console",
    example = "sk-0123456789",
  },
  client_id = {
    value = values.printable,
    what = "pins the account: pushes for another client are refused",
    default_text = "the one of the first push that is exchanged",
    example = "d7a7c3f0",
  },
  base_url = {
    value = values.base_url,
    what = "the provider's API",
    default_text = "the provider script's",
    example = "https://mavi-backend.memories.ai",
  },
  callback_path = {
    value = values.callback_path,
    default_text = "that of the callback listener",
    what = "where this account's callbacks arrive; may hold a secret segment, which no log shows",
    example = "/callback/acme",
  },
  expires_unit = {
    value = values.one_of { "auto", "s", "ms" },
    default_text = "auto",
    what = "the unit of the lifetimes that the provider answers; auto tells by their size",
    example = "ms",
  },
  ca_file = {
    value = values.file_path,
    default_text = "the system's",
    what = "certificates of the authorities that the provider's server is trusted by",
    example = "/etc/usher/ca.pem",
  },
  disabled = {
    value = values.boolean,
    default_text = "false",
    what = "keep the account as it is: no request to the provider, and no token to anybody; pushes are kept",
    example = true,
  },
  ["allow.users"] = {
    value = values.identities,
    what = "users whose programs may ask for the account's token on the API's Unix socket",
    default_text = "everybody who may open the socket",
    example = { "app", 1001 },
  },
  ["allow.groups"] = {
    value = values.identities,
    what = "groups whose members' programs may ask for it, besides the users",
    default_text = "everybody who may open the socket",
    example = { "apps" },
  },
  ["policy.push_interval"] = {
    value = values.seconds,
    what = "seconds from one push to the next",
    default_text = "learnt",
    example = 600,
  },
  ["policy.credential_ttl"] = {
    value = values.seconds,
    default_text = "until the next push",
    what = "seconds that a pushed credential can be exchanged",
    example = 900,
  },
  ["policy.margin"] = {
    value = values.seconds,
    default_text = "two and a half push intervals, at most a quarter of the token's life",
    what = "seconds before the expiry that renewal begins",
    example = 1200,
  },
  ["policy.budgets.exchange"] = {
    value = REQUESTS_A_DAY,
    what = "exchanges allowed a day",
    default_text = "no limit",
    example = 40,
  },
  ["policy.budgets.refresh"] = {
    value = REQUESTS_A_DAY,
    what = "refreshes allowed a day",
    default_text = "no limit",
    example = 400,
  },
  ["policy.rotates"] = {
    value = values.boolean,
    default_text = "taken for true",
    what = "whether a refresh replaces the refresh token",
    example = true,
  },
  ["policy.retry_uncertain"] = {
    value = values.boolean,
    default_text = "true",
    what = "whether a refresh token is sent once more where nobody knows how its first request ended",
    example = false,
  },
  ["policy.single_use"] = {
    value = values.boolean,
    default_text = "true",
    what = "whether a credential is good for one exchange only; false: it is sent again until the provider refuses it",
    example = false,
  },
  ["policy.repeats_token"] = {
    value = values.boolean,
    default_text = "false",
    what = "whether the provider gives the same token until its end, so that its life counts from the first answer",
    example = true,
  },
  ["policy.lifetimes.access"] = {
    value = values.seconds,
    what = "seconds that an access token lives where the provider does not say",
    default_text = "the provider script's",
    example = 7200,
  },
  ["policy.lifetimes.refresh"] = {
    value = values.seconds,
    what = "seconds that a refresh token lives where the provider does not say",
    default_text = "the provider script's",
    example = 1728000,
  },
}

return account_keys
