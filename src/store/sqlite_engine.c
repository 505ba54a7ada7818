// SPDX-License-Identifier: MIT
#include "sqlite_engine.h"

#include <sqlite3.h>
#include <string.h>

enum { PRIMARY_CODE = 0xff };

enum usher_error usher_sqlite_engine_open(struct usher_sqlite_engine *engine,
                                          const struct usher_sqlite_options *options,
                                          struct usher_sqlite_failure *failure) {
    memset(engine, 0, sizeof *engine);
    memset(failure, 0, sizeof *failure);
    engine->application_id = options->application_id;
    if (usher_sqlite_file_resolve(options->path, engine->path, failure) != USHER_ERROR_NONE)
        return failure->error;
    enum usher_error error = usher_sqlite_file_inspect(engine->path, engine->application_id, failure);
    if (error == USHER_ERROR_NOT_FOUND && options->may_create) {
        memset(failure, 0, sizeof *failure);
        struct usher_sqlite_options absolute = *options;
        absolute.path = engine->path;
        error = usher_sqlite_file_create(&absolute, failure);
        if (error == USHER_ERROR_NONE)
            error = usher_sqlite_file_inspect(engine->path, engine->application_id, failure);
    }
    if (error == USHER_ERROR_NONE)
        error = usher_sqlite_connection_open(&engine->connection, engine->path, failure);
    if (error == USHER_ERROR_NONE)
        usher_sqlite_file_sweep(engine->path);
    return error;
}

void usher_sqlite_engine_close(struct usher_sqlite_engine *engine) {
    usher_sqlite_connection_close(&engine->connection);
}

static bool is_code(const struct usher_sqlite_failure *failure, int primary) {
    return (failure->code & PRIMARY_CODE) == primary;
}

// After these the state of the transaction, or of the disk, is not what the other jobs of the group were
// told.
static bool ends_group(const struct usher_sqlite_failure *failure) {
    static const int codes[] = {SQLITE_NOMEM,    SQLITE_READONLY, SQLITE_IOERR,  SQLITE_CORRUPT, SQLITE_FULL,
                                SQLITE_CANTOPEN, SQLITE_PROTOCOL, SQLITE_NOTADB, SQLITE_BUSY};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (is_code(failure, codes[i]))
            return true;
    return false;
}

static int bind_value(sqlite3_stmt *statement, int position, const struct usher_sqlite_value *value) {
    switch (value->type) {
    case USHER_SQLITE_TYPE_INTEGER:
        return sqlite3_bind_int64(statement, position, value->integer);
    case USHER_SQLITE_TYPE_TEXT:
        return sqlite3_bind_text64(statement, position, value->text, value->length, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case USHER_SQLITE_TYPE_NULL:
    default:
        return sqlite3_bind_null(statement, position);
    }
}

static enum usher_error bind_all(sqlite3 *db, sqlite3_stmt *statement, const struct usher_sqlite_step *step,
                                 struct usher_sqlite_failure *failure) {
    int wanted = sqlite3_bind_parameter_count(statement);
    if (step->parameter_count != (size_t)wanted)
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_FAILED,
                                 "%zu parameters for a statement that takes %d", step->parameter_count,
                                 wanted);
    for (int i = 0; i < wanted; i++) {
        int code = bind_value(statement, i + 1, &step->parameters[i]);
        if (code != SQLITE_OK)
            return usher_sqlite_fail_from(failure, db, code, "bind a parameter");
    }
    return USHER_ERROR_NONE;
}

static enum usher_error read_column(sqlite3_stmt *statement, int column, struct usher_sqlite_value *value,
                                    struct usher_sqlite_failure *failure) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        return USHER_ERROR_NONE;
    case SQLITE_INTEGER:
        value->type = USHER_SQLITE_TYPE_INTEGER;
        value->integer = sqlite3_column_int64(statement, column);
        return USHER_ERROR_NONE;
    case SQLITE_TEXT: {
        const unsigned char *text = sqlite3_column_text(statement, column);
        size_t length = (size_t)sqlite3_column_bytes(statement, column);
        if (text != NULL && usher_sqlite_value_set_text(value, text, length))
            return USHER_ERROR_NONE;
        return usher_sqlite_fail(failure, USHER_ERROR_OUT_OF_MEMORY, "out of memory");
    }
    default:
        return usher_sqlite_fail(failure, USHER_ERROR_STORE_CORRUPT,
                                 "a column holds neither text nor an integer");
    }
}

static enum usher_error read_row(sqlite3_stmt *statement, struct usher_sqlite_step *step,
                                 struct usher_sqlite_failure *failure) {
    step->column_count = (size_t)sqlite3_column_count(statement);
    for (int column = 0; column < (int)step->column_count; column++) {
        struct usher_sqlite_value *value = usher_sqlite_step_append(step);
        if (value == NULL)
            return usher_sqlite_fail(failure, USHER_ERROR_OUT_OF_MEMORY, "out of memory");
        if (read_column(statement, column, value, failure) != USHER_ERROR_NONE)
            return failure->error;
    }
    return USHER_ERROR_NONE;
}

static enum usher_error run_statement(sqlite3 *db, sqlite3_stmt *statement, struct usher_sqlite_step *step,
                                      struct usher_sqlite_failure *failure) {
    if (bind_all(db, statement, step, failure) != USHER_ERROR_NONE)
        return failure->error;
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW) {
        if (read_row(statement, step, failure) != USHER_ERROR_NONE)
            return failure->error;
        code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE)
        return usher_sqlite_fail_from(failure, db, code, "run a statement");
    step->changes = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(db);
    return USHER_ERROR_NONE;
}

static enum usher_error run_step(struct usher_sqlite_connection *connection, struct usher_sqlite_job *job,
                                 struct usher_sqlite_step *step) {
    sqlite3_stmt *statement;
    struct usher_sqlite_failure *failure = &job->failure;
    if (usher_sqlite_connection_prepare(connection, step->sql, &statement, failure) != USHER_ERROR_NONE)
        return failure->error;
    enum usher_error error = run_statement(connection->db, statement, step, failure);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (error == USHER_ERROR_NONE && sqlite3_get_autocommit(connection->db))
        error = usher_sqlite_fail(failure, USHER_ERROR_STORE_FAILED, "a step ended the transaction");
    if (error == USHER_ERROR_NONE && step->guard != NULL && step->changes == 0 && step->value_count == 0) {
        job->guard = step->guard;
        error = usher_sqlite_fail(failure, USHER_ERROR_GUARD, "the condition '%s' did not hold", step->guard);
    }
    return error;
}

static enum usher_error run_steps(struct usher_sqlite_connection *connection, struct usher_sqlite_job *job) {
    for (size_t i = 0; i < job->step_count; i++)
        if (run_step(connection, job, &job->steps[i]) != USHER_ERROR_NONE)
            return job->failure.error;
    return USHER_ERROR_NONE;
}

// Returns whether the group can go on; if not, `failure` says why.
static bool run_job(struct usher_sqlite_connection *connection, struct usher_sqlite_job *job,
                    struct usher_sqlite_failure *failure) {
    if (usher_sqlite_connection_run(connection, "SAVEPOINT job", failure) != USHER_ERROR_NONE)
        return false;
    bool failed = run_steps(connection, job) != USHER_ERROR_NONE;
    if (failed) {
        usher_sqlite_job_clear_results(job);
        if (ends_group(&job->failure) || sqlite3_get_autocommit(connection->db)) {
            *failure = job->failure;
            return false;
        }
        if (usher_sqlite_connection_run(connection, "ROLLBACK TO job", failure) != USHER_ERROR_NONE)
            return false;
    }
    return usher_sqlite_connection_run(connection, "RELEASE job", failure) == USHER_ERROR_NONE;
}

static bool writes(struct usher_sqlite_connection *connection, const struct usher_sqlite_job *job) {
    for (size_t i = 0; i < job->step_count; i++) {
        sqlite3_stmt *statement;
        struct usher_sqlite_failure ignored;
        if (usher_sqlite_connection_prepare(connection, job->steps[i].sql, &statement, &ignored) ==
                USHER_ERROR_NONE &&
            !sqlite3_stmt_readonly(statement))
            return true;
    }
    return false;
}

static enum usher_error prepare_group(struct usher_sqlite_engine *engine,
                                      const struct usher_sqlite_job *first,
                                      struct usher_sqlite_failure *failure) {
    struct usher_sqlite_connection *connection = &engine->connection;
    if (connection->db == NULL &&
        usher_sqlite_connection_open(connection, engine->path, failure) != USHER_ERROR_NONE)
        return failure->error;
    if (engine->must_settle && usher_sqlite_connection_make_writable(connection, failure) != USHER_ERROR_NONE)
        return failure->error;
    engine->must_settle = false;
    for (const struct usher_sqlite_job *job = first; job != NULL && !connection->is_writable; job = job->next)
        if (writes(connection, job) &&
            usher_sqlite_connection_make_writable(connection, failure) != USHER_ERROR_NONE)
            return failure->error;
    return USHER_ERROR_NONE;
}

static enum usher_error run_group(struct usher_sqlite_engine *engine, struct usher_sqlite_job *first,
                                  struct usher_sqlite_failure *failure) {
    struct usher_sqlite_connection *connection = &engine->connection;
    if (prepare_group(engine, first, failure) != USHER_ERROR_NONE ||
        usher_sqlite_connection_run(connection, "BEGIN IMMEDIATE", failure) != USHER_ERROR_NONE)
        return failure->error;
    for (struct usher_sqlite_job *job = first; job != NULL; job = job->next)
        if (!run_job(connection, job, failure))
            return failure->error;
    return usher_sqlite_connection_run(connection, "COMMIT", failure);
}

// A handle whose read, write or sync failed is not used again: what the kernel drops after a failed sync it
// does not report twice (https://wiki.postgresql.org/wiki/Fsync_Errors).
static void recover(struct usher_sqlite_engine *engine, const struct usher_sqlite_failure *failure) {
    struct usher_sqlite_connection *connection = &engine->connection;
    struct usher_sqlite_failure ignored;
    bool is_spent = is_code(failure, SQLITE_IOERR);
    if (!is_spent && connection->db != NULL && !sqlite3_get_autocommit(connection->db))
        is_spent = usher_sqlite_connection_run(connection, "ROLLBACK", &ignored) != USHER_ERROR_NONE;
    if (!is_spent)
        return;
    engine->must_settle = engine->must_settle || connection->is_writable;
    usher_sqlite_connection_abandon(connection);
}

static void forget_results(struct usher_sqlite_job *job) {
    usher_sqlite_job_clear_results(job);
    job->failure = (struct usher_sqlite_failure){.error = USHER_ERROR_NONE};
    job->guard = NULL;
}

static void fail_all(struct usher_sqlite_job *first, const struct usher_sqlite_failure *failure) {
    for (struct usher_sqlite_job *job = first; job != NULL; job = job->next) {
        forget_results(job);
        job->failure = *failure;
    }
}

// A page that is damaged is in the way of those only who need it.
static void run_each_alone(struct usher_sqlite_engine *engine, struct usher_sqlite_job *first) {
    struct usher_sqlite_job *next;
    for (struct usher_sqlite_job *job = first; job != NULL; job = next) {
        next = job->next;
        job->next = NULL;
        forget_results(job);
        usher_sqlite_engine_run(engine, job);
        job->next = next;
    }
}

// NOLINTNEXTLINE(misc-no-recursion): once, for a group of one
void usher_sqlite_engine_run(struct usher_sqlite_engine *engine, struct usher_sqlite_job *first) {
    struct usher_sqlite_failure failure = {.error = USHER_ERROR_NONE};
    if (run_group(engine, first, &failure) == USHER_ERROR_NONE)
        return;
    recover(engine, &failure);
    if (is_code(&failure, SQLITE_CORRUPT) && first->next != NULL)
        run_each_alone(engine, first);
    else
        fail_all(first, &failure);
}

static void checkpoint(struct usher_sqlite_engine *engine, int frames) {
    struct usher_sqlite_failure failure = {.error = USHER_ERROR_NONE};
    if (engine->connection.db != NULL &&
        usher_sqlite_connection_checkpoint(&engine->connection, frames, &failure) != USHER_ERROR_NONE)
        recover(engine, &failure);
}

void usher_sqlite_engine_tidy(struct usher_sqlite_engine *engine) {
    checkpoint(engine, USHER_SQLITE_CHECKPOINT_FRAMES);
}

void usher_sqlite_engine_rest(struct usher_sqlite_engine *engine) {
    checkpoint(engine, 1);
}
