// SPDX-License-Identifier: MIT
#include "class.h"
#include "command.h"
#include "context.h"
#include "failure.h"
#include "future.h"
#include "modules.h"

#include <limits.h>
#include <string.h>

enum { ARGUMENT_REQUEST = 1 };

// Where l_run keeps what the engine's request points to.
enum {
    SLOT_WORDS = ARGUMENT_REQUEST + 1,
    SLOT_ENVIRONMENT,
    SLOT_TIMEOUT,
    SLOT_MAX_BYTES,
    SLOT_WORD_POINTERS,
    SLOT_ASSIGNMENTS,
    SLOT_ENVIRONMENT_POINTERS,
    SLOT_LAST = SLOT_ENVIRONMENT_POINTERS
};

enum { MAX_TIMEOUT_MS = 3600000, MAX_BYTES = 1 << 30, MAX_STRINGS = 1024 };

// One program that runs. Being younger than the context it is finalised before the loop is.
struct operation {
    struct usher_context *context;
    struct usher_command *engine;  // NULL once it has ended
    struct usher_reference future; // keeps the userdata
};

static bool operation_is_open(const void *userdata) {
    const struct operation *operation = userdata;
    return operation->engine != NULL;
}

static int operation_close(lua_State *L) {
    struct operation *operation = lua_touserdata(L, 1);
    struct usher_command *engine = operation->engine;
    operation->engine = NULL;
    usher_command_free(engine);
    return 0;
}

static const luaL_Reg operation_methods[] = {{"__gc", operation_close}, {NULL, NULL}};
static const struct usher_class operation_class = {"usher.command", operation_methods, NULL,
                                                   operation_is_open};

static int push_outcome(lua_State *L, void *arg) {
    const struct usher_command_result *result = arg;
    if (result->error != USHER_ERROR_NONE)
        return usher_failure_push(L, result->error, NULL);
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, result->exit_status);
    lua_setfield(L, -2, "status");
    lua_pushinteger(L, result->signal);
    lua_setfield(L, -2, "signal");
    lua_pushlstring(L, result->output != NULL ? result->output : "", result->length);
    lua_setfield(L, -2, "output");
    return 1;
}

static void on_done(const struct usher_command_result *result, void *arg) {
    struct operation *operation = arg;
    struct usher_command_result copy = *result;
    operation->engine = NULL;
    usher_future_settle(operation->context, &operation->future, push_outcome, &copy);
}

// The waiting task is closed: on_done still comes, with an outcome that nobody waits for.
static void cancel(void *arg) {
    struct operation *operation = arg;
    if (operation->engine != NULL)
        usher_command_cancel(operation->engine);
}

// The string on top of the stack, popped: it stays where its table does.
static const char *check_string(lua_State *L, const char *message) {
    size_t length;
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, ARGUMENT_REQUEST, message);
    const char *text = lua_tolstring(L, -1, &length);
    luaL_argcheck(L, strlen(text) == length, ARGUMENT_REQUEST, message);
    lua_pop(L, 1);
    return text;
}

static const char **new_pointers(lua_State *L, int slot, size_t count) {
    const char **pointers = lua_newuserdatauv(L, (count + 1) * sizeof *pointers, 0);
    pointers[count] = NULL;
    lua_replace(L, slot);
    return pointers;
}

// Replaces the words by a copy that no other code can change while the request points to its strings.
static void copy_words(lua_State *L, lua_Unsigned count) {
    lua_createtable(L, (int)count, 0);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_WORDS, (lua_Integer)i + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_replace(L, SLOT_WORDS);
}

static const char **read_words(lua_State *L) {
    luaL_argcheck(L, lua_istable(L, SLOT_WORDS), ARGUMENT_REQUEST, "words must be a table");
    lua_Unsigned count = lua_rawlen(L, SLOT_WORDS);
    luaL_argcheck(L, count > 0 && count <= MAX_STRINGS, ARGUMENT_REQUEST, "words must be 1 to 1024");
    copy_words(L, count);
    const char **words = new_pointers(L, SLOT_WORD_POINTERS, (size_t)count);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_WORDS, (lua_Integer)i + 1);
        words[i] = check_string(L, "words must be strings without zero bytes");
        luaL_argcheck(L, i > 0 || words[i][0] == '/', ARGUMENT_REQUEST,
                      "the program must be an absolute path");
    }
    return words;
}

// "NAME=value" for each pair, as a list that keeps the strings. Returns how many.
static lua_Integer push_assignments(lua_State *L) {
    static const char message[] = "environment must be strings by name, without zero bytes";
    lua_Integer count = 0;
    lua_newtable(L);
    lua_replace(L, SLOT_ASSIGNMENTS);
    if (lua_isnil(L, SLOT_ENVIRONMENT))
        return 0;
    luaL_argcheck(L, lua_istable(L, SLOT_ENVIRONMENT), ARGUMENT_REQUEST, "environment must be a table");
    for (lua_pushnil(L); lua_next(L, SLOT_ENVIRONMENT) != 0; count++) {
        const char *value = check_string(L, message);
        lua_pushvalue(L, -1);
        const char *name = check_string(L, message);
        luaL_argcheck(L, name[0] != '\0' && strchr(name, '=') == NULL && count < MAX_STRINGS,
                      ARGUMENT_REQUEST, message);
        lua_pushfstring(L, "%s=%s", name, value);
        lua_rawseti(L, SLOT_ASSIGNMENTS, count + 1);
    }
    return count;
}

static const char **read_environment(lua_State *L) {
    lua_Integer count = push_assignments(L);
    const char **pointers = new_pointers(L, SLOT_ENVIRONMENT_POINTERS, (size_t)count);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, SLOT_ASSIGNMENTS, i + 1);
        pointers[i] = check_string(L, "environment");
    }
    return pointers;
}

static lua_Integer check_integer(lua_State *L, int slot, lua_Integer most, const char *message) {
    int is_integer = 0;
    lua_Integer value = lua_tointegerx(L, slot, &is_integer);
    luaL_argcheck(L, is_integer && value >= 1 && value <= most, ARGUMENT_REQUEST, message);
    return value;
}

static void read_request(lua_State *L, struct usher_command_request *request) {
    static const char *const keys[] = {"words", "environment", "timeout_ms", "max_bytes"};
    luaL_checktype(L, ARGUMENT_REQUEST, LUA_TTABLE);
    lua_settop(L, ARGUMENT_REQUEST);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        lua_getfield(L, ARGUMENT_REQUEST, keys[i]);
    lua_settop(L, SLOT_LAST);
    request->words = read_words(L);
    request->environment = read_environment(L);
    request->timeout_ms = (uint64_t)check_integer(L, SLOT_TIMEOUT, MAX_TIMEOUT_MS,
                                                  "timeout_ms must be an integer from 1 to 3600000");
    request->max_bytes =
        (size_t)check_integer(L, SLOT_MAX_BYTES, MAX_BYTES, "max_bytes must be an integer from 1 to 2^30");
}

static int l_run(lua_State *L) {
    struct usher_command_request request = {0};
    read_request(L, &request);
    usher_future_check_wait(L);
    struct usher_context *context = usher_context_get(L);
    struct operation *operation = usher_class_new(L, &operation_class, sizeof *operation, 0);
    operation->context = context;
    usher_future_new(L);
    usher_future_keep(L, -1, -2);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &operation->future);
    enum usher_error error = USHER_ERROR_NONE;
    operation->engine = usher_command_start(context->loop, &request, on_done, operation, &error);
    if (operation->engine == NULL) {
        usher_reference_clear(L, &operation->future);
        return usher_failure_push(L, error, NULL);
    }
    usher_future_on_cancel(L, -1, cancel, operation);
    return usher_future_wait(L);
}

static const luaL_Reg functions[] = {{"run", l_run}, {NULL, NULL}};

int usher_bind_command(lua_State *L) {
    usher_class_register(L, &operation_class);
    luaL_newlib(L, functions);
    return 1;
}
