-- SPDX-License-Identifier: MIT
-- The programs of bench/ run, and show a ratio: how large it is, nobody asserts.

local child = require "spec.support.child"
local paths = require "spec.support.paths"

local function run(words)
  local command = ("cd %s && env -u LD_PRELOAD tools/bench %s 2>&1"):format(child.quote(paths.root), words)
  local pipe <close> = assert(io.popen(command))
  local output = pipe:read "a"
  assert(pipe:close(), output)
  return output
end

local function is_installed(name)
  return os.execute(("command -v %s >/dev/null"):format(name)) == true
end

describe("the bench", function()
  -- Its figures under a sanitizer would say nothing, and the commands it starts are not built with one.
  if os.getenv "USHER_SANITIZED" or os.getenv "USHER_COVERAGE" then
    return
  end

  it("of a client command shows its time beside curl's", function()
    local output = run "client_start 2"
    assert.matches("usher +[%d.]+ milliseconds\n +curl +[%d.]+ milliseconds\n +ratio +[%d.]+ ", output)
  end)

  it("of tokens over TCP shows what one costs beside nginx", function()
    if not (is_installed "wrk" and is_installed "nginx") then
      return assert.is_nil(os.getenv "CI")
    end
    local output = run "token_answer 1 1"
    assert.matches("nginx +[%d.]+ requests a second, [%d.]+ microseconds", output)
    assert.matches("ratio +[%d.]+ %(usher's requests a second to nginx's%)", output)
  end)
end)
