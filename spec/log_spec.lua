-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local errors = require "usher.errors"
local fake_clock = require "spec.support.fake_clock"
local json = require "usher.json"
local log = require "usher.log"

local lines, logger

local function new(options)
  lines = {}
  options = options or {}
  options.clock = options.clock or fake_clock.new(1800000000.25)
  options.write = options.write or function(text)
    table.insert(lines, text)
  end
  logger = log.new(options)
end

describe("a logger", function()
  before_each(function()
    new()
  end)

  it("writes time, level, event and the fields in order", function()
    logger:info("listening", { port = 8080, address = "127.0.0.1" })
    assert.are.same({
      "time=2027-01-15T08:00:00.250Z level=info event=listening address=127.0.0.1 port=8080\n",
    }, lines)
  end)

  it("writes JSON", function()
    new { format = "json" }
    logger:warn("push_missed", { account = "default", since = 900 })
    assert.are.same({
      time = "2027-01-15T08:00:00.250Z",
      level = "warn",
      event = "push_missed",
      account = "default",
      since = 900,
    }, json.decode(lines[1]))
  end)

  it("counts what nobody read, and tells it to whoever reads again", function()
    local is_read = false
    new {
      write = function(text)
        table.insert(lines, is_read and text or nil)
        return is_read
      end,
    }
    logger:info "a"
    logger:debug "below"
    logger:info "b"
    assert.are.equal(0, #lines)
    is_read = true
    logger:info "c"
    logger:info "d"
    assert.are.same({
      "time=2027-01-15T08:00:00.250Z level=warn event=log_lines_lost count=2\n",
      "time=2027-01-15T08:00:00.250Z level=info event=c\n",
      "time=2027-01-15T08:00:00.250Z level=info event=d\n",
    }, lines)
  end)

  it("writes nothing below its level", function()
    new { level = "warn" }
    logger:debug "a"
    logger:info "b"
    logger:warn "c"
    logger:error "d"
    assert.are.equal(2, #lines)
    assert.is_false(logger:is_enabled "info")
    assert.is_true(logger:is_enabled "warn")
  end)

  it("does not touch its fields below its level", function()
    new { level = "info" }
    logger:debug(
      "event",
      setmetatable({}, {
        __pairs = function()
          error "touched"
        end,
      })
    )
    assert.are.same({}, lines)
  end)

  it("redacts by the field's name", function()
    logger:info("event", { refresh_token = "abc", code = 12345, state = "def", account = "default" })
    assert.is_truthy(
      lines[1]:find("account=default code=[redacted] refresh_token=[redacted] state=[redacted]", 1, true)
    )
  end)

  it(
    "redacts concealed values, in fields of later loggers too, and a while after they are released",
    function()
      local child = logger:with { account = "default" }
      logger:conceal "the-secret-value"
      child:info(
        "event",
        { url_seen = "/callback?code=the-secret-value", error = errors.new("io", "the-secret-value") }
      )
      assert.is_nil(lines[1]:find "the%-secret%-value")
      assert.is_truthy(lines[1]:find "account=default")
      child:release "the-secret-value"
      logger:info("event", { text = "the-secret-value" })
      assert.is_nil(lines[2]:find "the%-secret%-value")
      for number = 1, 256 do
        logger:conceal("secret-value-" .. number)
        logger:release("secret-value-" .. number)
      end
      logger:info("event", { text = "the-secret-value" })
      assert.is_truthy(lines[3]:find "the%-secret%-value")
    end
  )

  it("shows of a secret that it is one", function()
    logger:info("event", { found = core.secret.new "abcdef" })
    assert.is_truthy(lines[1]:find("found=secret(...)", 1, true))
  end)

  it("shows an error by its code and message", function()
    logger:error("event", { error = errors.new("timeout", "after 20 s") })
    assert.is_truthy(lines[1]:find('error="timeout: after 20 s"', 1, true))
  end)

  it("lets no field pass for time, level or event", function()
    logger:info("event", { time = "never", level = "error", event = "other", ["a b=c"] = 1 })
    assert.are.equal("time=2027-01-15T08:00:00.250Z level=info event=event a_b_c=1\n", lines[1])
  end)

  it("adds the fields of `with`, later ones first", function()
    logger:with({ account = "a", attempt = 1 }):with({ attempt = 2 }):info("event", { account = "b" })
    assert.is_truthy(lines[1]:find "account=b attempt=2\n$")
  end)

  it("takes a level and a format while it runs", function()
    local child = logger:with {}
    logger:configure { level = "debug", format = "json" }
    child:debug "event"
    assert.are.equal("debug", json.decode(lines[1]).level)
  end)

  it("never raises", function()
    local broken = setmetatable({}, {
      __tostring = function()
        error "broken"
      end,
    })
    logger:info("event", { value = broken })
    assert.are.same({ "level=info event=unloggable\n" }, lines)
    logger:info(nil, { [1] = {}, [2] = print, [true] = io.stderr })
    logger:conceal(nil)
    logger:release(17)
    new {
      write = function()
        error "disk full"
      end,
    }
    logger:info "event"
  end)
end)

describe("log", function()
  it("refuses an unknown level or format", function()
    assert.has_error(function()
      log.new { level = "loud" }
    end)
    assert.has_error(function()
      log.new { format = "xml" }
    end)
  end)

  it("has a logger that writes nothing", function()
    log.silent():error("event", {})
    log.silent():conceal "value-of-secret"
  end)
end)
