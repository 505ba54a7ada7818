-- SPDX-License-Identifier: MIT
-- Writes what each fuzz target starts from, one file an input: the public suites, where they lie beside the checkout,
-- and a few of ours. Argument: the folder, which has one for each target.
local paths = require "spec.support.paths"
local cjson = require "cjson"
local core = require "usher.core"

local folder = ...
local written = 0

local function add(target, bytes)
  written = written + 1
  local file <close> = assert(io.open(("%s/%s/seed-%d"):format(folder, target, written), "wb"))
  assert(file:write(bytes))
end

-- The cases of a suite as bytes, none where it is absent.
local function suite(name, field)
  local file <close> = io.open(paths.vectors .. "/" .. name .. ".json", "rb")
  local list = {}
  for index, case in ipairs(file and cjson.decode(file:read "a").cases or {}) do
    list[index] = case[field] and assert(core.encoding.base64_decode(case[field])) or ""
  end
  return list
end

for _, name in ipairs { "llhttp-request", "http-parser-request", "picohttpparser" } do
  for _, bytes in ipairs(suite(name, "raw_b64")) do
    add("request", "\4" .. bytes)
  end
end
add("request", "\1GET /callback?code=a&state=b HTTP/1.1\r\nHost: a\r\n\r\n")
add(
  "request",
  "\3POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n"
)

for _, text in ipairs {
  "code=abc&clientId=a%2Bb%3D&state=0cc1",
  "a=&b&=c&a=%zz",
  ("x=1&"):rep(70),
  "\xc3\xa4=%00",
} do
  for _, kind in ipairs { "u", "f", "b" } do
    add("query", kind .. text)
  end
end

local ANSWERS = {
  '{"code":"0000","data":{"accessToken":"a","refreshToken":"r","expiresIn":7200,"refreshExpiresIn":5184000}}',
  '{"code":"0401","msg":"used"}',
  '{"code":200,"data":{"accessToken":"a","expiresIn":"7200"}}',
  '{"code":0,"app_access_token":"a","expire":7200,"tenant_access_token":"t"}',
  '{"errcode":0,"suite_access_token":"a","expires_in":7200}',
  '{"errcode":40001,"errmsg":"invalid"}',
  '{"component_access_token":"a","expires_in":7200}',
  '{"error":"invalid_grant"}',
}
for choice = 0, 9 do
  for _, answer in ipairs(ANSWERS) do
    add("provider", string.char(choice) .. answer)
  end
end
for index, text in ipairs(suite("jsontestsuite", "b64")) do
  add("provider", string.char(index % 10) .. text)
end

local RECORDS = {
  '{"token_set":{"access_token":"a","expires_at":1700000000},"subject":"s","epoch":1}',
  '{"sequence":1,"pushes":[{"sequence":1,"credential":"c","received_at":1,"hash":"h"}],"spent":[],"gaps":[600]}',
  '{"fence":3,"budgets":{"exchange":{"472222":1},"refresh":{}},"lease":{"owner":"gateway","until":1}}',
}
for index, text in ipairs(RECORDS) do
  add("record", string.char(index - 1) .. text)
end
add("record", "\x801.0cc175b9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")

add(
  "configuration",
  "eMEMORIES_API_KEY=sk\nUSHER_CALLBACK_LISTEN=127.0.0.1:8080\nUSHER_API_LISTEN=unix:/tmp/s\n"
)
add("configuration", "eMEMORIES_API_KEY=sk\nUSHER_API_LISTEN=127.0.0.1:1\nUSHER_API_TOKEN=0123456789abcdef\n")
add("configuration", "eMEMORIES_API_KEY=sk\nUSHER_CALLBACK_ALLOW=203.0.113.0/24,::1\nUSHER_LOG_LEVEL=debug\n")
add(
  "configuration",
  'd{"callback":{"listen":"127.0.0.1:0","path":"/callback","allow":["10.0.0.0/8"]},"api":{"listen":"unix:/tmp/s",'
    .. '"mode":"0660"},"store":1,"accounts":{"acme":{"api_key":"sk","policy":{"margin":1200}}},"log":{"level":"info"}}'
)
