-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local exec = require "usher.provider.exec"
local interface = require "usher.provider.interface"

local function ended(body, status, signal)
  local exit = { status = status or 0, signal = signal or 0 }
  local is_done = exit.status == 0 and exit.signal == 0
  return { status = is_done and 200 or 500, headers = {}, body = body, exit = exit }
end

describe("exec", function()
  it("is a provider script to which nothing is pushed", function()
    assert.is_true((interface.check(exec)))
    assert.is_false(exec.account_key {})
    assert.is_nil(exec.request_key { query = "state=1" })
    assert.are.equal("forbidden", select(2, exec.read_callback()).code)
    assert.is_nil(exec.refresh())
    assert.is_string(exec.own_credential())
  end)

  it("runs its command in an environment of its own", function()
    local command = { "/usr/bin/token", "--json" }
    local request = exec.exchange { command = command, environment = { HOME = "/srv" }, timeout = 5 }
    assert.are.same(command, request.command)
    assert.are.equal(5, request.timeout)
    assert.are.equal("/srv", request.environment.HOME)
    assert.matches("^/usr/local/sbin:", request.environment.PATH)
    assert.are.equal(
      "/bin",
      exec.exchange({ command = command, environment = { PATH = "/bin" } }).environment.PATH
    )
  end)

  it("reads what the command prints", function()
    local response = ended '{"access_token":"a","token_type":"MAC","expires_in":"60"}\n'
    assert.are.equal("ok", (exec.classify(response)))
    assert.are.same({ access_token = "a", token_type = "MAC", expires_in = 60 }, exec.read_tokens(response))
    assert.are.same({ access_token = "a" }, exec.read_tokens(ended '{"access_token":"a"}'))
    assert.are.equal("bad_response", select(2, exec.read_tokens(ended '{"expires_in":-1}')).code)
  end)

  it("says how a command failed", function()
    assert.are.same({ "retryable", "exit_3" }, { exec.classify(ended("", 3)) })
    assert.are.same({ "retryable", "signal_9" }, { exec.classify(ended("", 0, 9)) })
    assert.are.same({ "retryable", "no_json" }, { exec.classify(ended "token") })
    assert.are.same({ "retryable", "no_json" }, { exec.classify(ended "") })
  end)
end)
