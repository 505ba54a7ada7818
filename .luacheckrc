-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
self = false
files["spec"] = { std = "+busted" }
exclude_files = { "build", "build-*", "node_modules", "types" }
