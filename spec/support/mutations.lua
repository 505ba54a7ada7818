-- SPDX-License-Identifier: MIT
-- What can happen to the files of a store: bit flips, zeros, truncation, pages in each other's place, older files put
-- back, files of another store. Each takes the files' bytes and a random source, and gives other bytes.

local mutations = {}

local PAGE = 4096
local FRAME = PAGE + 24
local WAL_HEADER = 32

---@class spec.Files
---@field main string
---@field wal string

local function replace(bytes, offset, piece)
  return bytes:sub(1, offset) .. piece .. bytes:sub(offset + #piece + 1)
end

local function flip(bytes, offset, bit)
  return replace(bytes, offset, string.char(bytes:byte(offset + 1) ~ (1 << bit)))
end

local function pages_of(main)
  return math.max(1, math.min(string.unpack(">I4", main, 29), #main // PAGE))
end

-- The log as far as there is something in it.
local function used_of(wal)
  return wal:match ".*()[^%z]" or 1
end

local function page(random, main)
  return random(0, pages_of(main) - 1) * PAGE
end

---@alias spec.Mutation fun(files: spec.Files, random: fun(low: integer, high: integer): integer, more: table)

--- Each changes the files in place; `more` has `older` and `other` files.
---@type table<string, spec.Mutation>
mutations.kinds = {
  flip_a_bit = function(files, random)
    files.main = flip(files.main, random(0, pages_of(files.main) * PAGE - 1), random(0, 7))
  end,
  flip_a_bit_of_a_page_header = function(files, random)
    files.main = flip(files.main, page(random, files.main) + random(0, 40), random(0, 7))
  end,
  flip_a_bit_of_the_file_header = function(files, random)
    files.main = flip(files.main, random(0, 99), random(0, 7))
  end,
  flip_many_bits = function(files, random)
    for _ = 1, random(2, 50) do
      files.main = flip(files.main, random(0, pages_of(files.main) * PAGE - 1), random(0, 7))
    end
  end,
  write_noise = function(files, random)
    local noise = {}
    for index = 1, random(1, 600) do
      noise[index] = string.char(random(0, 255))
    end
    noise = table.concat(noise)
    files.main = replace(files.main, random(0, pages_of(files.main) * PAGE - #noise), noise)
  end,
  zero_a_page = function(files, random)
    files.main = replace(files.main, page(random, files.main), ("\0"):rep(PAGE))
  end,
  zero_a_sector = function(files, random)
    files.main = replace(files.main, page(random, files.main) + random(0, 7) * 512, ("\0"):rep(512))
  end,
  copy_a_page = function(files, random)
    local from = page(random, files.main)
    files.main = replace(files.main, page(random, files.main), files.main:sub(from + 1, from + PAGE))
  end,
  truncate = function(files, random)
    files.main = files.main:sub(1, random(0, pages_of(files.main) * PAGE))
  end,
  truncate_at_a_page = function(files, random)
    files.main = files.main:sub(1, page(random, files.main))
  end,
  empty = function(files)
    files.main = ""
  end,
  flip_a_bit_of_the_log = function(files, random)
    files.wal = flip(files.wal, random(0, used_of(files.wal) - 1), random(0, 7))
  end,
  zero_a_frame_of_the_log = function(files, random)
    local frames = math.max(1, (used_of(files.wal) - WAL_HEADER) // FRAME)
    files.wal = replace(files.wal, WAL_HEADER + random(0, frames - 1) * FRAME, ("\0"):rep(FRAME))
  end,
  truncate_the_log = function(files, random)
    files.wal = files.wal:sub(1, random(0, used_of(files.wal)))
  end,
  lose_the_log = function(files)
    files.wal = nil
  end,
  put_older_files_back = function(files, _, more)
    files.main, files.wal = more.older.main, more.older.wal
  end,
  put_an_older_file_back = function(files, _, more)
    files.main = more.older.main
  end,
  put_an_older_log_back = function(files, _, more)
    files.wal = more.older.wal
  end,
  put_another_stores_files_there = function(files, _, more)
    files.main, files.wal = more.other.main, more.other.wal
  end,
  put_another_stores_file_there = function(files, _, more)
    files.main = more.other.main
  end,
  put_another_stores_log_there = function(files, _, more)
    files.wal = more.other.wal
  end,
}

return mutations
