// SPDX-License-Identifier: MIT
#include "sqlite_transaction.h"

#include "failure.h"
#include "sqlite_job.h"

#include <lauxlib.h>

enum { MAX_PARAMETERS = 100 }; // of one step

static void read_parameter(lua_State *L, struct usher_sqlite_value *value, int step, int position) {
    size_t length = 0;
    if (lua_isinteger(L, -1)) {
        value->type = USHER_SQLITE_TYPE_INTEGER;
        value->integer = lua_tointeger(L, -1);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &length);
        if (!usher_sqlite_value_set_text(value, text, length))
            luaL_error(L, "out of memory");
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "step %d: parameter %d is neither string, integer nor nil", step, position);
    }
}

// The parameters' table is on top of the stack, or nil.
static lua_Integer count_parameters(lua_State *L, int step) {
    if (lua_isnil(L, -1))
        return 0;
    if (!lua_istable(L, -1))
        luaL_error(L, "step %d: params must be a table", step);
    lua_getfield(L, -1, "n");
    lua_Integer count = lua_isnil(L, -1) ? luaL_len(L, -2) : luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    if (count < 0 || count > MAX_PARAMETERS)
        luaL_error(L, "step %d: too many parameters", step);
    return count;
}

// The step's table is on top of the stack.
static void read_step(lua_State *L, struct usher_sqlite_step *step, int number) {
    if (!lua_istable(L, -1))
        luaL_error(L, "step %d is not a table", number);
    int table = lua_gettop(L);
    if (lua_rawgeti(L, table, 1) != LUA_TSTRING)
        luaL_error(L, "step %d has no statement", number);
    int guard_type = lua_getfield(L, table, "guard");
    if (guard_type != LUA_TNIL && guard_type != LUA_TSTRING)
        luaL_error(L, "step %d: guard must be a string", number);
    lua_getfield(L, table, "params");
    lua_Integer count = count_parameters(L, number);
    if (!usher_sqlite_step_set(step, lua_tostring(L, table + 1), lua_tostring(L, table + 2), (size_t)count))
        luaL_error(L, "out of memory");
    for (int i = 0; i < (int)count; i++) {
        lua_rawgeti(L, table + 3, i + 1);
        read_parameter(L, &step->parameters[i], number, i + 1);
        lua_pop(L, 1);
    }
    lua_settop(L, table);
}

void usher_sqlite_transaction_read(lua_State *L, int index, struct usher_sqlite_job *job) {
    for (size_t i = 0; i < job->step_count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        read_step(L, &job->steps[i], (int)i + 1);
        lua_pop(L, 1);
    }
}

static void push_value(lua_State *L, const struct usher_sqlite_value *value) {
    switch (value->type) {
    case USHER_SQLITE_TYPE_INTEGER:
        lua_pushinteger(L, value->integer);
        break;
    case USHER_SQLITE_TYPE_TEXT:
        lua_pushlstring(L, value->text, value->length);
        break;
    case USHER_SQLITE_TYPE_NULL:
    default:
        lua_pushnil(L);
    }
}

static void push_rows(lua_State *L, const struct usher_sqlite_step *step) {
    size_t columns = step->column_count > 0 ? step->column_count : 1;
    lua_newtable(L);
    for (size_t i = 0; i < step->value_count; i += columns) {
        lua_createtable(L, (int)columns, 1);
        for (size_t column = 0; column < columns; column++) {
            push_value(L, &step->values[i + column]);
            lua_rawseti(L, -2, (lua_Integer)column + 1);
        }
        lua_pushinteger(L, (lua_Integer)columns);
        lua_setfield(L, -2, "n");
        lua_rawseti(L, -2, (lua_Integer)(i / columns) + 1);
    }
}

int usher_sqlite_transaction_push(lua_State *L, const struct usher_sqlite_job *job) {
    if (job->failure.error != USHER_ERROR_NONE) {
        const char *message = job->failure.message;
        int count = usher_failure_push(L, job->failure.error, message[0] != '\0' ? message : NULL);
        if (job->guard != NULL) {
            lua_pushstring(L, job->guard);
            lua_setfield(L, -2, "guard");
        }
        return count;
    }
    lua_createtable(L, (int)job->step_count, 0);
    for (size_t i = 0; i < job->step_count; i++) {
        lua_createtable(L, 0, 2);
        push_rows(L, &job->steps[i]);
        lua_setfield(L, -2, "rows");
        lua_pushinteger(L, job->steps[i].changes);
        lua_setfield(L, -2, "changes");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}
