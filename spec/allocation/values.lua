-- SPDX-License-Identifier: MIT
-- The bindings that answer at once.
local core = require "usher.core"
local jose_keys = require "spec.support.jose_keys"

local REQUEST = "POST /path?a=b HTTP/1.1\r\nHost: a\r\nX-Long: "
  .. ("x"):rep(1000)
  .. "\r\nX-A: 1\r\nX-A: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

local function encode()
  local bytes = assert(core.random.bytes(3000))
  for _, name in ipairs { "hex", "base64", "base64url", "percent" } do
    local text = core.encoding[name .. "_encode"](bytes)
    assert(core.encoding[name .. "_decode"](text) == bytes)
    assert(select(2, core.encoding[name .. "_decode"] "%") or name == "percent")
  end
end

local function seal()
  local key <close> = core.secret.new(("k"):rep(32))
  local plain = ("text"):rep(800)
  local nonce = ("n"):rep(12)
  local sealed = assert(core.aead.seal(key, nonce, plain, "more"))
  assert(core.aead.open(key, nonce, sealed, "more") == plain)
  local none, err = core.aead.open(key, nonce, sealed, "less")
  assert(none == nil and err.code == "bad_seal")
  local scrambled = assert(core.cbc.encrypt(key, ("i"):rep(16), plain))
  assert(core.cbc.decrypt(key, ("i"):rep(16), scrambled) == plain)
  assert(#core.digest.md5(plain) == 16 and #core.digest.sha256(plain) == 32)
  assert(#core.digest.hmac_sha256(key, plain) == 32 and core.secret.equal(key, key:reveal()))
  local decoded <close> = assert(core.secret.from_base64 "aGVsZA==")
  assert(decoded:reveal() == "held" and core.secret.from_base64 "=" == nil)
  assert(core.secret.from_environment "NO_SUCH_VARIABLE" == nil and tostring(key) == "secret(...)")
end

local function keep_files(folder)
  local path = folder .. "/deep/file"
  os.remove(path)
  assert(core.file.make_directory(folder .. "/deep", 448))
  assert(core.file.create(path, ("bytes"):rep(5000), 384))
  assert(#core.file.read(path, 1 << 20) == 25000)
  local held <close> = assert(core.secret.from_file(path, 1 << 20))
  local line <close> = held:without_newline()
  assert(#held == 25000 and #line == 25000)
  assert(core.file.status(path).mode == 384)
  assert(core.file.set_mode(path, 256))
  local none, err = core.file.read(folder .. "/none", 10)
  assert(none == nil and err.code == "not_found" and tostring(err))
end

local function parse()
  local parser <close> = core.http.parser()
  assert(parser:feed(REQUEST:sub(1, 20)) == nil)
  local request = assert(parser:feed(REQUEST:sub(21)))
  assert(request.body == "hello" and request.headers["x-a"] == "1, 2")
  local response = { status = 200, headers = { ["x-b"] = "1" }, body = ("y"):rep(3000) }
  assert(#core.http.format_response(response, true) > 3000)
  local none, err = parser:feed "GARBAGE\r\n\r\n"
  assert(none == nil and err.code)
end

return function(folder)
  return {
    perform = function()
      encode()
      seal()
      keep_files(folder)
      parse()
      assert(core.clock.wall() > core.clock.boot() and core.process.id() > 0)
      assert(core.failure("timeout", "late").retryable)
      assert(core.signature.sign("ES256", jose_keys.ES256.private, "text"))
      assert(core.identity.user "root" == 0 and core.identity.group "root" == 0)
      local none, err = core.process.notify(folder .. "/none", "READY=1")
      assert(none == nil and err.code == "not_found")
    end,
  }
end
