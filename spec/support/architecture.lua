-- SPDX-License-Identifier: MIT
-- The rules of docs/architecture.md that a machine can hold, as functions from a source tree to a list of
-- violations. The spec runs them on this tree, where there must be none, and on small trees with one fault each.

local architecture = {}

local MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60

-- What a folder of src/ may include from the others.
local C_LAYERS = {
  base = {},
  crypto = { "base" },
  http = { "base" },
  store = { "base" },
  net = { "base", "http" },
  bind = { "base", "crypto", "http", "store", "net" },
}

-- Which folders may include a library's headers.
local LIBRARIES = {
  { pattern = "^uv%.h$", folders = { net = true } },
  { pattern = "^curl/", folders = { net = true } },
  { pattern = "^sqlite3%.h$", folders = { store = true } },
  { pattern = "^openssl/", folders = { crypto = true, net = true } },
  { pattern = "^llhttp%.h$", folders = { http = true } },
  { pattern = "^lua", folders = { bind = true } },
  { pattern = "^lauxlib%.h$", folders = { bind = true } },
}

-- The only files that may call into Lua.
local DOOR = { ["src/bind/context.c"] = true, ["src/bind/task.c"] = true }

-- The level of a Lua module: it may require lower levels and its own folder, nothing else.
local LUA_LEVELS = {
  { "core", "launch" },
  { "errors", "clock", "log", "json", "config", "operator", "version", "xml" },
  { "model" },
  { "provider", "store" },
  { "keeper" },
  { "callback", "api" },
  { "gateway", "local_keeper", "simulator", "crypto", "http" },
  { "init", "client" },
  { "cli" },
}

-- Parts of one engine that are told apart for the reader and seen only through it: stem -> whose spec holds it.
local SEEN_THROUGH = {
  curl_loop = "transfer",
  field = "request_parser",
  hmac = "digest",
  http_message = "http",
  request_policy = "http",
  request_scan = "request_parser",
  sqlite_transaction = "sqlite",
  tls_session = "tls",
  transfer_request = "transfer",
}

-- Words that say nothing about what a file holds.
local EMPTY_WORDS = { "util", "utils", "helper", "helpers", "common", "manager", "misc", "process_data" }

---@class architecture.File
---@field path string relative to the root
---@field folder string the part after src/ or lua/usher/, "" where there is none
---@field stem string
---@field extension string
---@field text string

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function add(violations, path, rule, detail)
  table.insert(violations, ("%s: %s: %s"):format(path, rule, detail))
end

--- Every C and Lua file below `root`'s src, lua, spec and bin.
---@param root string
---@return architecture.File[]
function architecture.files(root)
  local files = {}
  local names = [[ -name node_modules -prune -o -name '*.[ch]' -print -o -name '*.lua' -print | sort]]
  local find = io.popen(("cd '%s' && find src lua spec"):format(root) .. names)
  for path in find:lines() do
    local folder, stem, extension = path:match "^(.-)([%w_]+)%.([%w.]+)$"
    table.insert(files, {
      path = path,
      folder = folder:gsub("^src/", ""):gsub("^lua/usher/", ""):gsub("/$", ""),
      stem = stem,
      extension = extension,
      text = read(root .. "/" .. path),
    })
  end
  find:close()
  return files
end

local function is_c(file)
  return file.path:find "^src/" ~= nil
end

local function is_lua(file)
  return file.path:find "^lua/" ~= nil
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function check_library(violations, file, header)
  for _, library in ipairs(LIBRARIES) do
    if header:find(library.pattern) and not library.folders[file.folder] then
      add(violations, file.path, "include", ("<%s> does not belong into %s"):format(header, file.folder))
    end
  end
end

local function header_folders(files, violations)
  local folders = {}
  for _, file in ipairs(files) do
    if is_c(file) and file.extension == "h" then
      if folders[file.stem] then
        add(violations, file.path, "header", "another folder has a header of this name")
      end
      folders[file.stem] = file.folder
    end
  end
  return folders
end

--- A folder of src/ includes its own headers, those of lower layers, and the libraries meant for it.
function architecture.c_layers(files)
  local violations = {}
  local folders = header_folders(files, violations)
  for _, file in ipairs(files) do
    if is_c(file) then
      local allowed = set_of(C_LAYERS[file.folder] or {})
      allowed[file.folder] = true
      for stem in file.text:gmatch '#include "([%w_]+)%.h"' do
        if not folders[stem] then
          add(violations, file.path, "include", ('"%s.h" is not ours'):format(stem))
        elseif not allowed[folders[stem]] then
          add(
            violations,
            file.path,
            "include",
            ("%s may not include %s/%s.h"):format(file.folder, folders[stem], stem)
          )
        end
      end
      for header in file.text:gmatch "#include <([^>]+)>" do
        check_library(violations, file, header)
      end
    end
  end
  return violations
end

--- Only the door calls into Lua.
function architecture.one_door(files)
  local violations = {}
  for _, file in ipairs(files) do
    if is_c(file) and not DOOR[file.path] then
      for name in file.text:gmatch "%f[%w_](lua_p?call%w*)%s*%(" do
        add(violations, file.path, "door", name .. " outside of the door")
      end
      for name in file.text:gmatch "%f[%w_](lua_resume)%s*%(" do
        add(violations, file.path, "door", name .. " outside of the door")
      end
    end
  end
  return violations
end

local function level_of(module)
  local first = module:match "^usher%.([%w_]+)" or "init"
  for level, names in ipairs(LUA_LEVELS) do
    for _, name in ipairs(names) do
      if name == first then
        return level, first
      end
    end
  end
end

local function module_of(file)
  return (file.path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", "."):gsub("%.init$", ""))
end

local function requires_of(file)
  local required = {}
  for line in file.text:gmatch "[^\n]+" do
    if not line:find "^%s*%-%-" then
      for name in line:gmatch "require%s*%(?%s*[\"'](usher[%w_.]*)[\"']" do
        table.insert(required, name)
      end
    end
  end
  return required
end

--- A Lua module requires lower levels and its own folder; folders on one level never require each other.
function architecture.lua_layers(files)
  local violations = {}
  for _, file in ipairs(files) do
    if is_lua(file) then
      local own_level, own_folder = level_of(module_of(file))
      if not own_level then
        add(violations, file.path, "require", "the module stands on no level")
      end
      for _, name in ipairs(own_level and requires_of(file) or {}) do
        local level, folder = level_of(name)
        if
          not level or (folder ~= own_folder and level >= own_level and not (own_level == 2 and level == 2))
        then
          add(violations, file.path, "require", ("%s may not require %s"):format(module_of(file), name))
        end
      end
    end
  end
  return violations
end

local function find_cycle(graph, node, path, visited)
  if path[node] then
    return { node }
  end
  if visited[node] then
    return
  end
  visited[node], path[node] = true, true
  for _, target in ipairs(graph[node] or {}) do
    local cycle = find_cycle(graph, target, path, visited)
    if cycle then
      table.insert(cycle, 1, node)
      return cycle
    end
  end
  path[node] = nil
end

local function add_cycles(violations, graph, rule)
  local nodes, visited = {}, {}
  for node in pairs(graph) do
    table.insert(nodes, node)
  end
  table.sort(nodes)
  for _, node in ipairs(nodes) do
    local cycle = find_cycle(graph, node, {}, visited)
    if cycle then
      add(violations, node, rule, table.concat(cycle, " -> "))
    end
  end
end

--- No header reaches itself through includes, no Lua module through requires.
function architecture.cycles(files)
  local violations, headers, modules = {}, {}, {}
  for _, file in ipairs(files) do
    if is_c(file) and file.extension == "h" then
      headers[file.stem] = {}
      for stem in file.text:gmatch '#include "([%w_]+)%.h"' do
        table.insert(headers[file.stem], stem)
      end
    elseif is_lua(file) then
      modules[module_of(file)] = requires_of(file)
    end
  end
  add_cycles(violations, headers, "include cycle")
  add_cycles(violations, modules, "require cycle")
  return violations
end

local function check_c_functions(violations, file)
  local number, start = 0, nil
  for line in (file.text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if
      line:find "^[%a].*%)%s*{$"
      or (line:find "^%s+.*%)%s*{$" and not start and not line:find "^%s+[%w_]+ %(")
    then
      start = start or number
    elseif line == "}" and start then
      if number - start + 1 > MAX_FUNCTION_LINES then
        add(
          violations,
          file.path,
          "length",
          ("the function at line %d has %d lines"):format(start, number - start + 1)
        )
      end
      start = nil
    end
  end
end

local function check_lua_functions(violations, root, file)
  local listing = io.popen(("luac5.4 -l -p '%s/%s' 2>&1"):format(root, file.path))
  for line in listing:lines() do
    local first, last = line:match "^function <.*:(%d+),(%d+)>"
    if first and last - first + 1 > MAX_FUNCTION_LINES then
      add(
        violations,
        file.path,
        "length",
        ("the function at line %d has %d lines"):format(first, last - first + 1)
      )
    end
  end
  listing:close()
end

--- No file over 400 lines; no function over 60 lines in src and lua.
function architecture.lengths(files, root)
  local violations = {}
  for _, file in ipairs(files) do
    local _, lines = file.text:gsub("\n", "")
    if lines > MAX_FILE_LINES then
      add(violations, file.path, "length", ("the file has %d lines"):format(lines))
    end
    if is_c(file) and file.extension == "c" then
      check_c_functions(violations, file)
    elseif is_lua(file) then
      check_lua_functions(violations, root, file)
    end
  end
  return violations
end

local function spec_stem(file)
  local stem = file.stem:gsub("^bind_", "")
  if stem == "init" then
    return file.folder ~= "" and file.folder:match "[%w_]+$" or "usher"
  end
  return is_c(file) and SEEN_THROUGH[stem] or stem
end

--- Every Lua module and every C source has a spec of its stem.
function architecture.specs(files)
  local violations, stems = {}, {}
  for _, file in ipairs(files) do
    local stem = file.path:find "^spec/" and (file.stem:match "^(.*)_spec$" or file.stem:match "^(.*)_test$")
    if stem then
      stems[stem] = true
    end
  end
  for _, file in ipairs(files) do
    if (is_lua(file) or (is_c(file) and file.extension == "c")) and not stems[spec_stem(file)] then
      add(
        violations,
        file.path,
        "spec",
        ("no %s_spec.lua or %s_test.c"):format(spec_stem(file), spec_stem(file))
      )
    end
  end
  return violations
end

--- Each file says its licence, names say something, and nothing is left open.
function architecture.words(files)
  local violations, empty = {}, set_of(EMPTY_WORDS)
  local open_ends = { "TO" .. "DO", "FIX" .. "ME", "X" .. "XX" }
  for _, file in ipairs(files) do
    if not file.text:sub(1, 120):find("SPDX-License-Identifier: MIT", 1, true) then
      add(violations, file.path, "licence", "no SPDX line")
    end
    if empty[file.stem] then
      add(violations, file.path, "name", "says nothing about what the file holds")
    end
    for _, word in ipairs(open_ends) do
      if file.text:find("%f[%w]" .. word .. "%f[%W]") then
        add(violations, file.path, "open end", word)
      end
    end
  end
  return violations
end

return architecture
