-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local mime = require "mime"
local redaction = require "usher.log.redaction"

local SECRET = 'tok/en+3"=~\\s3cret'

local function percent_all(text)
  return (text:gsub(".", function(character)
    return ("%%%02X"):format(character:byte())
  end))
end

local function json_escape_all(text)
  return (text:gsub(".", function(character)
    return ("\\u%04x"):format(character:byte())
  end))
end

local function concealing(...)
  local registry = redaction.new()
  for _, value in ipairs { ... } do
    registry:conceal(value)
  end
  return registry
end

describe("redaction.is_secret_name", function()
  it("knows names in any writing", function()
    for name in
      ([[access_token refresh_token token code credential state api_key apiKey secret client_secret
        authorization Authorization password key master_key body query headers Set-Cookie clientSecret
        X-Api-Key url old_refresh_token proxy_authorization]]):gmatch "%S+"
    do
      assert.is_true(redaction.is_secret_name(name), name)
    end
  end)

  it("leaves others alone", function()
    for name in
      ([[account status error expires_at attempt key_path fingerprint tokens_served base_url]]):gmatch "%S+"
    do
      assert.is_false(redaction.is_secret_name(name), name)
    end
  end)
end)

describe("a registry", function()
  it("leaves no trace of a concealed value in any spelling", function()
    local registry = concealing(SECRET)
    local hex = core.encoding.hex_encode(SECRET)
    for spelling, text in pairs {
      plain = SECRET,
      ["amid text"] = "before " .. SECRET .. " after",
      twice = SECRET .. SECRET,
      percent = core.encoding.percent_encode(SECRET),
      ["percent, lower case"] = core.encoding.percent_encode(SECRET):gsub("%%%x%x", string.lower),
      ["percent, only what a query needs"] = SECRET:gsub('[+%%&=#"\\]', percent_all),
      ["percent, every byte"] = percent_all(SECRET),
      ["percent, twice"] = core.encoding.percent_encode(core.encoding.percent_encode(SECRET)),
      ["JSON"] = SECRET:gsub('["\\]', "\\%0"),
      ["JSON with slashes"] = SECRET:gsub('["\\/]', "\\%0"),
      ["JSON, every character"] = json_escape_all(SECRET),
      ["JSON in JSON"] = SECRET:gsub('["\\]', "\\%0"):gsub('["\\]', "\\%0"),
      ["JSON in a query"] = percent_all((SECRET:gsub('["\\]', "\\%0"))),
      hex = hex,
      ["hex, upper case"] = hex:upper(),
      base64 = core.encoding.base64_encode(SECRET),
      base64url = core.encoding.base64url_encode(SECRET),
      ["base64 in a query"] = core.encoding.percent_encode(core.encoding.base64_encode(SECRET)),
      basic = "Basic " .. mime.b64("user:" .. SECRET),
    } do
      local cleaned = registry:clean(text)
      assert.is_truthy(cleaned:find(redaction.MARK, 1, true), spelling)
      assert.is_nil(cleaned:find("s3cret", 1, true), spelling)
      assert.is_nil(cleaned:find(hex:sub(5, -5), 1, true), spelling)
    end
  end)

  it("finds a value in base64 at each of its three places in a longer text", function()
    local registry = concealing(SECRET)
    for before = 0, 5 do
      for after = 0, 3 do
        local text = mime.b64(("a"):rep(before) .. SECRET .. ("z"):rep(after))
        local cleaned = registry:clean(text)
        local rest = cleaned:gsub("%[redacted%]", "")
        assert.is_true(#rest <= 4 * ((before + 2) // 3) + 4 * ((after + 4) // 3), cleaned)
        assert.are_not.equal(text, cleaned)
      end
    end
  end)

  it("keeps the text around a value", function()
    assert.are.equal(
      "a=[redacted] b=[redacted].",
      concealing(SECRET):clean(("a=%s b=%s."):format(SECRET, SECRET))
    )
  end)

  it("tells values with the same beginning apart and takes the longest", function()
    local registry = concealing("eyJhbGciOi.one", "eyJhbGciOi.one.more", "eyJhbGciOi.two")
    assert.are.equal("[redacted]", registry:clean "eyJhbGciOi.one.more")
    assert.are.equal("[redacted].mor", registry:clean "eyJhbGciOi.one.mor")
    assert.are.equal("eyJhbGciOi.six", registry:clean "eyJhbGciOi.six")
  end)

  it("counts", function()
    local registry = concealing(SECRET, SECRET)
    registry:release(SECRET)
    assert.are.equal("[redacted]", registry:clean(SECRET))
    registry:release(SECRET)
    assert.are.equal(SECRET, registry:clean(SECRET))
    registry:release(SECRET)
    registry:conceal(SECRET)
    assert.are.equal("[redacted]", registry:clean(SECRET))
  end)

  it("keeps the last that were released concealed, if it is told to", function()
    local registry = redaction.new(2)
    local values = { "s3cret-1", "s3cret-2", "s3cret-3" }
    for _, value in ipairs(values) do
      registry:conceal(value)
      registry:release(value)
    end
    assert.are.equal("s3cret-1 [redacted] [redacted]", registry:clean(table.concat(values, " ")))
    registry:conceal "s3cret-2"
    registry:conceal "another"
    registry:release "another"
    registry:conceal "and another"
    registry:release "and another"
    assert.are.equal("s3cret-1 [redacted] s3cret-3", registry:clean(table.concat(values, " ")))
  end)

  it("keeps nothing in clear, and nothing at all after the last release", function()
    local registry = concealing(SECRET)
    for digest in pairs(registry._counts) do
      assert.are.equal(32, #digest)
    end
    registry:release(SECRET)
    assert.are.same({}, registry._counts)
    assert.are.same({}, registry._prefixes)
  end)

  it("takes secret userdata", function()
    assert.are.equal("[redacted]", concealing(core.secret.new(SECRET)):clean(SECRET))
  end)

  it("does not search for what is too short to be told from words", function()
    assert.are.equal("ready", concealing("ready"):clean "ready")
  end)

  it("searches as fast for thousands of values as for one", function()
    local registry = redaction.new()
    for number = 1, 5000 do
      registry:conceal(("secret-%d-%d"):format(number * 7919, number))
    end
    local text = ("an ordinary value of a line, secret-not; "):rep(5)
    local start = os.clock()
    for _ = 1, 100 do
      registry:clean(text)
    end
    assert.is_true(os.clock() - start < 1)
  end)
end)
