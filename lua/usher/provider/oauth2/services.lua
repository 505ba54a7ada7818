-- SPDX-License-Identifier: MIT
-- Well-known providers of OAuth 2.0 as data: where their endpoints are, and what is odd about them. An operator's own
-- keys go first.

local DAY = 24 * 3600

---@class usher.oauth2.Service
---@field base_url string before the endpoints' paths, unless the account has its own
---@field authorization_endpoint string
---@field token_endpoint string
---@field device_authorization_endpoint? string
---@field revocation_endpoint? string RFC 7009
---@field issuer? string where authorization responses name it (RFC 9207)
---@field parameters? table<string, string> of every authorization request
---@field client_auth? string how a client with a secret authenticates; default: client_secret_basic
---@field own_grant? string the `grant_type` of the grant client_credentials
---@field token_type? string whatever an answer says
---@field life? integer seconds that an access token lives where an answer does not say
---@field errors? table<string, string> error code -> class; "grant": what was sent is not accepted any more

---@type table<string, usher.oauth2.Service>
local services = {
  -- Gives a refresh token only for offline access, and again only with consent. Polls are answered with 403 and 428.
  google = {
    base_url = "https://oauth2.googleapis.com",
    authorization_endpoint = "https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint = "/token",
    device_authorization_endpoint = "/device/code",
    revocation_endpoint = "/revoke",
    issuer = "https://accounts.google.com",
    parameters = { access_type = "offline", prompt = "consent" },
  },
  -- For one tenant: base_url = "https://login.microsoftonline.com/TENANT/oauth2/v2.0". Refresh tokens need the scope
  -- offline_access. A policy may demand a person at a refresh.
  microsoft = {
    base_url = "https://login.microsoftonline.com/common/oauth2/v2.0",
    authorization_endpoint = "/authorize",
    token_endpoint = "/token",
    device_authorization_endpoint = "/devicecode",
    errors = { interaction_required = "grant", authorization_declined = "credential" },
  },
  -- Errors come with status 200, under names of its own. Tokens of an OAuth app, and of a GitHub App that chose so, do
  -- not expire. Revocation is not that of RFC 7009.
  github = {
    base_url = "https://github.com",
    authorization_endpoint = "/login/oauth/authorize",
    token_endpoint = "/login/oauth/access_token",
    device_authorization_endpoint = "/login/device/code",
    client_auth = "client_secret_post",
    life = 365 * DAY,
    errors = {
      bad_verification_code = "credential",
      bad_refresh_token = "refresh_token",
      incorrect_client_credentials = "configuration",
      incorrect_device_code = "credential",
      redirect_uri_mismatch = "configuration",
      device_flow_disabled = "configuration",
    },
  },
  -- For an instance of one's own: base_url = "https://gitlab.example/oauth".
  gitlab = {
    base_url = "https://gitlab.com/oauth",
    authorization_endpoint = "/authorize",
    token_endpoint = "/token",
    device_authorization_endpoint = "/authorize_device",
    revocation_endpoint = "/revoke",
  },
  -- Errors come with status 200, under names of its own. Without token rotation, tokens do not expire.
  slack = {
    base_url = "https://slack.com",
    authorization_endpoint = "/oauth/v2/authorize",
    token_endpoint = "/api/oauth.v2.access",
    token_type = "Bearer",
    life = 365 * DAY,
    errors = {
      invalid_code = "credential",
      code_already_used = "credential",
      invalid_refresh_token = "refresh_token",
      token_revoked = "refresh_token",
      bad_client_secret = "configuration",
      invalid_client_id = "configuration",
      bad_redirect_uri = "configuration",
      ratelimited = "budget",
    },
  },
  -- Server-to-server apps: grant = "client_credentials", token_parameters = { account_id = "..." }.
  zoom = {
    base_url = "https://zoom.us/oauth",
    authorization_endpoint = "/authorize",
    token_endpoint = "/token",
    device_authorization_endpoint = "/devicecode",
    revocation_endpoint = "/revoke",
    own_grant = "account_credentials",
  },
}

return services
