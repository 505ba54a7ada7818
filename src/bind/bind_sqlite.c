// SPDX-License-Identifier: MIT
#include "class.h"
#include "context.h"
#include "failure.h"
#include "future.h"
#include "modules.h"
#include "sqlite_transaction.h"
#include "sqlite_worker.h"
#include "wakeup.h"

#include <string.h>

enum { ARGUMENT_OPTIONS = 1 };
enum { ARGUMENT_SELF = 1, ARGUMENT_STEPS = 2 };

// Of what makes a new file, and of one transaction.
enum { MAX_STATEMENTS = 100, MAX_STEPS = 1000 };

struct engine {
    struct usher_context *context;
    struct usher_sqlite_worker *worker; // NULL: closed
    struct usher_wakeup *wakeup;
    struct usher_reference anchor; // the userdata itself while it opens or closes
    struct usher_reference opening;
    struct usher_reference closing; // futures
    size_t pending;                 // jobs with the worker: each keeps the engine
    bool is_closing;
};

// A job while Lua can still raise over it, then what waits for it.
struct transaction {
    struct usher_sqlite_job *job;  // NULL once the worker has it
    struct usher_reference future; // keeps the userdata while the worker has the job
};

enum { VALUE_ENGINE = 1, VALUE_COUNT = 1 }; // of a transaction

static int m_transaction(lua_State *L);
static int m_close(lua_State *L);
static int m_release(lua_State *L);
static int m_drop(lua_State *L);

static bool engine_is_open(const void *userdata) {
    const struct engine *engine = userdata;
    return engine->worker != NULL && !engine->is_closing;
}

static const luaL_Reg engine_methods[] = {{"transaction", m_transaction},
                                          {"close", m_close},
                                          {"__close", m_close},
                                          {"__gc", m_release},
                                          {NULL, NULL}};
static const struct usher_class engine_class = {"usher.sqlite", engine_methods, NULL, engine_is_open};

static const luaL_Reg transaction_methods[] = {{NULL, NULL}};
static const struct usher_class transaction_class = {"usher.sqlite.transaction", transaction_methods, m_drop,
                                                     NULL};

static int push_failure(lua_State *L, const struct usher_sqlite_failure *failure) {
    return usher_failure_push(L, failure->error, failure->message[0] != '\0' ? failure->message : NULL);
}

// the worker's reports --------------------------------------------------------------------------------

static int push_outcome(lua_State *L, void *arg) {
    return usher_sqlite_transaction_push(L, arg);
}

static int push_opened(lua_State *L, void *arg) {
    struct engine *engine = arg;
    const struct usher_sqlite_failure *failure = usher_sqlite_worker_failure(engine->worker);
    if (failure->error != USHER_ERROR_NONE)
        return push_failure(L, failure);
    usher_reference_push(L, &engine->anchor);
    return 1;
}

static int push_closed(lua_State *L, void *arg) {
    (void)L;
    (void)arg;
    return 0;
}

static void settle_jobs(struct engine *engine) {
    struct usher_sqlite_job *job;
    while ((job = usher_sqlite_worker_take(engine->worker)) != NULL) {
        struct transaction *transaction = job->owner;
        engine->pending--;
        usher_future_settle(engine->context, &transaction->future, push_outcome, job);
        usher_sqlite_job_free(job);
    }
}

// The thread has ended, or is waited for: at the end of the state, or for an engine nobody refers to.
static void free_worker(struct engine *engine) {
    struct usher_sqlite_worker *worker = engine->worker;
    struct usher_wakeup *wakeup = engine->wakeup;
    engine->worker = NULL;
    engine->wakeup = NULL;
    if (worker != NULL)
        usher_sqlite_worker_join(worker);
    usher_wakeup_close(wakeup);
    usher_sqlite_worker_free(worker);
}

// Once what it waited for is settled nothing may keep the engine any more: it is looked at as long as no Lua
// code, and so no collector, can run.
static void on_woken(void *arg) {
    struct engine *engine = arg;
    lua_State *L = engine->context->L;
    // Read before the jobs are taken: those of a worker that has ended are then all there.
    enum usher_sqlite_worker_status status = usher_sqlite_worker_status(engine->worker);
    settle_jobs(engine);
    if (status != USHER_SQLITE_WORKER_OPENING && engine->opening.key != 0)
        usher_future_settle(engine->context, &engine->opening, push_opened, engine);
    if (status == USHER_SQLITE_WORKER_ENDED) {
        free_worker(engine);
        if (engine->closing.key != 0)
            usher_future_settle(engine->context, &engine->closing, push_closed, engine);
    }
    bool is_awaited = engine->is_closing && engine->worker != NULL;
    if (engine->pending > 0 || engine->opening.key != 0 || is_awaited)
        return;
    if (engine->wakeup != NULL)
        usher_wakeup_hold(engine->wakeup, false);
    usher_reference_clear(L, &engine->anchor);
}

static void wake(void *arg) {
    usher_wakeup_send(arg);
}

// Keeps the engine until on_woken finds nothing awaited any more; `index`: its userdata. May raise.
static void anchor(lua_State *L, struct engine *engine, int index) {
    if (engine->anchor.key != 0)
        return;
    lua_pushvalue(L, index);
    usher_reference_set(L, &engine->anchor);
}

// open ------------------------------------------------------------------------------------------------

static const char *check_path(lua_State *L) {
    size_t length = 0;
    lua_getfield(L, ARGUMENT_OPTIONS, "path");
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, ARGUMENT_OPTIONS, "path must be a string");
    const char *path = lua_tolstring(L, -1, &length);
    luaL_argcheck(L, length > 0 && strlen(path) == length, ARGUMENT_OPTIONS, "path is empty or holds a NUL");
    return path;
}

static uint32_t check_application_id(lua_State *L) {
    lua_getfield(L, ARGUMENT_OPTIONS, "application_id");
    luaL_argcheck(L, lua_isinteger(L, -1), ARGUMENT_OPTIONS, "application_id must be an integer");
    lua_Integer id = lua_tointeger(L, -1);
    luaL_argcheck(L, id > 0 && id <= INT32_MAX, ARGUMENT_OPTIONS, "application_id is out of range");
    return (uint32_t)id;
}

// Fills in what makes a new file; the list of pointers is a userdata left on the stack.
static void check_create(lua_State *L, struct usher_sqlite_options *options) {
    if (lua_getfield(L, ARGUMENT_OPTIONS, "create") == LUA_TNIL)
        return;
    luaL_argcheck(L, lua_istable(L, -1), ARGUMENT_OPTIONS, "create must be a list of statements");
    int list = lua_gettop(L);
    lua_Unsigned count = lua_rawlen(L, list);
    luaL_argcheck(L, count <= MAX_STATEMENTS, ARGUMENT_OPTIONS, "too many statements to create");
    const char **statements = lua_newuserdatauv(L, (count + 1) * sizeof *statements, 0);
    luaL_checkstack(L, (int)count + LUA_MINSTACK, "no room for the statements");
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, ARGUMENT_OPTIONS,
                      "create must be a list of strings");
        statements[i] = lua_tostring(L, -1);
    }
    options->may_create = true;
    options->create = statements;
    options->create_count = count;
}

// Nobody will have the engine.
// At the end of the state the engine may be finalised before the task that opens it is closed.
static void cancel_open(void *arg) {
    struct engine *engine = arg;
    if (engine->worker != NULL)
        usher_sqlite_worker_stop(engine->worker);
}

static int l_open(lua_State *L) {
    luaL_checktype(L, ARGUMENT_OPTIONS, LUA_TTABLE);
    lua_settop(L, ARGUMENT_OPTIONS);
    struct usher_sqlite_options options = {.path = check_path(L), .application_id = check_application_id(L)};
    check_create(L, &options);
    usher_future_check_wait(L);
    struct engine *engine = usher_class_new(L, &engine_class, sizeof *engine, 0);
    int index = lua_gettop(L);
    engine->context = usher_context_get(L);
    usher_future_new(L);
    lua_pushvalue(L, -1);
    usher_reference_set(L, &engine->opening);
    anchor(L, engine, index);
    engine->wakeup = usher_wakeup_open(engine->context->loop, on_woken, engine);
    if (engine->wakeup != NULL)
        engine->worker = usher_sqlite_worker_start(&options, wake, engine->wakeup);
    if (engine->worker == NULL) {
        free_worker(engine);
        usher_reference_clear(L, &engine->opening);
        usher_reference_clear(L, &engine->anchor);
        return usher_failure_push(L, USHER_ERROR_OUT_OF_MEMORY, "cannot start the store's thread");
    }
    usher_wakeup_hold(engine->wakeup, true);
    usher_future_on_cancel(L, lua_gettop(L), cancel_open, engine);
    return usher_future_wait(L);
}

// transaction -----------------------------------------------------------------------------------------

static int m_drop(lua_State *L) {
    struct transaction *transaction = usher_class_check(L, 1, &transaction_class);
    usher_sqlite_job_free(transaction->job);
    transaction->job = NULL;
    usher_reference_clear(L, &transaction->future);
    return 0;
}

// Pushes the transaction made of the steps at ARGUMENT_STEPS.
static struct transaction *read_steps(lua_State *L) {
    luaL_checktype(L, ARGUMENT_STEPS, LUA_TTABLE);
    lua_Integer count = luaL_len(L, ARGUMENT_STEPS);
    luaL_argcheck(L, count > 0 && count <= MAX_STEPS, ARGUMENT_STEPS, "1 to 1000 steps expected");
    struct transaction *transaction =
        usher_class_new(L, &transaction_class, sizeof *transaction, VALUE_COUNT);
    struct usher_sqlite_job *job = usher_sqlite_job_new((size_t)count);
    if (job == NULL) {
        luaL_error(L, "out of memory");
        return NULL;
    }
    transaction->job = job;
    usher_sqlite_transaction_read(L, ARGUMENT_STEPS, job);
    return transaction;
}

static int m_transaction(lua_State *L) {
    struct engine *engine = usher_class_check(L, ARGUMENT_SELF, &engine_class);
    struct transaction *transaction = read_steps(L);
    int index = lua_gettop(L);
    usher_future_check_wait(L);
    usher_future_new(L);
    // After the last object was made, which may run a finalizer that closes the engine.
    if (!engine_is_open(engine))
        return usher_failure_push(L, USHER_ERROR_CLOSED, "the store is closed");
    lua_pushvalue(L, -1);
    usher_reference_set(L, &transaction->future);
    lua_pushvalue(L, ARGUMENT_SELF);
    lua_setiuservalue(L, index, VALUE_ENGINE);
    usher_future_keep(L, -1, index);
    struct usher_sqlite_job *job = transaction->job;
    transaction->job = NULL;
    job->owner = transaction;
    engine->pending++;
    usher_wakeup_hold(engine->wakeup, true);
    usher_sqlite_worker_submit(engine->worker, job);
    return usher_future_wait(L);
}

// close -----------------------------------------------------------------------------------------------

// Where waiting is impossible, as when a cancelled task's variables are closed, it ends in the background.
static int m_close(lua_State *L) {
    struct engine *engine = usher_class_check(L, ARGUMENT_SELF, &engine_class);
    lua_settop(L, ARGUMENT_SELF);
    if (engine->worker == NULL)
        return 0;
    engine->is_closing = true;
    usher_wakeup_hold(engine->wakeup, true);
    usher_sqlite_worker_stop(engine->worker);
    anchor(L, engine, ARGUMENT_SELF);
    if (!usher_future_can_wait(L))
        return 0;
    usher_future_check_wait(L);
    usher_reference_push(L, &engine->closing);
    if (lua_isnil(L, -1)) {
        usher_future_new(L);
        // By a finalizer that this has run.
        if (engine->worker == NULL)
            return 0;
        lua_pushvalue(L, -1);
        usher_reference_set(L, &engine->closing);
    }
    return usher_future_wait(L);
}

// Only when nobody refers to the engine: nothing is awaited then, or the state itself ends, whose other
// userdata must not be touched.
static int m_release(lua_State *L) {
    struct engine *engine = usher_class_check(L, ARGUMENT_SELF, &engine_class);
    free_worker(engine);
    usher_reference_clear(L, &engine->opening);
    return 0;
}

static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};

int usher_bind_sqlite(lua_State *L) {
    usher_class_register(L, &engine_class);
    usher_class_register(L, &transaction_class);
    luaL_newlib(L, functions);
    return 1;
}
