// SPDX-License-Identifier: MIT
// Which lines of lua/usher a process has run: a Lua module that, once loaded, watches every coroutine made
// afterwards, C-made ones too. At the end of the process it writes "FILE:LINE" to a file of its own in
// $USHER_COVERAGE. Code under loop:limited has another hook and is not seen.
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 512, MAX_LINES = 512, MAX_PATH = 256 };

struct file {
    char name[MAX_PATH]; // from "lua/usher/" on
    bool lines[MAX_LINES];
};

static struct file files[MAX_FILES];
static int file_count;

static struct file *find_file(const char *source) {
    const char *name = strstr(source, "lua/usher/");
    if (source[0] != '@' || name == NULL || strlen(name) >= MAX_PATH)
        return NULL;
    for (int i = 0; i < file_count; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    if (file_count == MAX_FILES)
        return NULL;
    strcpy(files[file_count].name, name);
    return &files[file_count++];
}

static void on_line(lua_State *L, lua_Debug *activation) {
    lua_getinfo(L, "S", activation);
    struct file *file = find_file(activation->source);
    if (file != NULL && activation->currentline > 0 && activation->currentline < MAX_LINES)
        file->lines[activation->currentline] = true;
}

static void write_lines(void) {
    char path[512];
    const char *folder = getenv("USHER_COVERAGE");
    snprintf(path, sizeof path, "%s/lines-%d-XXXXXX", folder != NULL ? folder : ".", (int)getpid());
    int descriptor = mkstemp(path);
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (out == NULL)
        return;
    for (int i = 0; i < file_count; i++)
        for (int line = 1; line < MAX_LINES; line++)
            if (files[i].lines[line])
                fprintf(out, "%s:%d\n", files[i].name, line);
    fclose(out);
}

__attribute__((visibility("default"))) int luaopen_line_coverage(lua_State *L);

int luaopen_line_coverage(lua_State *L) {
    lua_sethook(L, on_line, LUA_MASKLINE, 0);
    atexit(write_lines);
    lua_pushboolean(L, true);
    return 1;
}
