-- SPDX-License-Identifier: MIT
-- Sums up which lines of C and Lua the specs have run. Arguments: the build folder with gcc's counts, the folder with
-- those of spec/c/line_coverage.c.
local cjson = require "cjson"

local build, folder = ...

local function output_of(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local function lines_of(command)
  return output_of(command):gmatch "[^\n]+"
end

-- file -> line -> whether it was run, of what can be run.
local function c_lines()
  local files = {}
  for object in lines_of(("find %s -name '*.gcda' -path '*src*'"):format(build)) do
    for text in lines_of(("gcov --json-format --stdout %s 2>/dev/null"):format(object)) do
      for _, file in ipairs(cjson.decode(text).files) do
        local name = file.file:match "src/%a+/[%w_]+%.[ch]$"
        files[name or ""] = files[name or ""] or {}
        for _, line in ipairs(name and file.lines or {}) do
          files[name][line.line_number] = files[name][line.line_number] or line.count > 0
        end
      end
    end
  end
  files[""] = nil
  return files
end

local function lua_lines()
  local files = {}
  for name in lines_of "git ls-files 'lua/*.lua'" do
    files[name] = {}
    local texts = {}
    for text in io.lines(name) do
      table.insert(texts, text)
    end
    for number, operation in output_of("luac5.4 -l -p " .. name):gmatch "\n\t%d+\t%[(%d+)%]\t(%u+)" do
      local line = math.tointeger(number)
      -- What every function has behind its last statement, reached or not, is none of the programmer's.
      if operation ~= "VARARGPREP" and not texts[line]:match "^%s*end[%s),]*$" then
        files[name][line] = false
      end
    end
  end
  for text in lines_of(("cat %s/lines-* | sort -u"):format(folder)) do
    local name, line = text:match "^(.*):(%d+)$"
    local lines = files[name] or {}
    line = math.tointeger(line)
    if lines[line] ~= nil then
      lines[line] = true
    end
  end
  return files
end

local function count(lines)
  local run, all = 0, 0
  for _, is_run in pairs(lines) do
    run, all = run + (is_run and 1 or 0), all + 1
  end
  return run, all
end

-- "12-14, 20"
local function missing(lines)
  local numbers, ranges = {}, {}
  for line, is_run in pairs(lines) do
    table.insert(numbers, not is_run and line or nil)
  end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    local last = ranges[#ranges]
    if last and last[2] == number - 1 then
      last[2] = number
    else
      table.insert(ranges, { number, number })
    end
  end
  for index, range in ipairs(ranges) do
    ranges[index] = range[1] == range[2] and tostring(range[1]) or range[1] .. "-" .. range[2]
  end
  return table.concat(ranges, ", ")
end

local function report(title, files)
  local names, run, all = {}, 0, 0
  for name, lines in pairs(files) do
    local file_run, file_all = count(lines)
    run, all = run + file_run, all + file_all
    if file_run < file_all then
      table.insert(names, name)
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    print(("%s: not run: %s"):format(name, missing(files[name])))
  end
  print(("%s: %d of %d lines, %.1f %%"):format(title, run, all, 100 * run / math.max(1, all)))
end

report("C", c_lines())
report("Lua", lua_lines())
