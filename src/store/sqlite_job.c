// SPDX-License-Identifier: MIT
#include "sqlite_job.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 8 };

struct usher_sqlite_job *usher_sqlite_job_new(size_t step_count) {
    struct usher_sqlite_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->steps = calloc(step_count > 0 ? step_count : 1, sizeof *job->steps);
    if (job->steps == NULL) {
        free(job);
        return NULL;
    }
    job->step_count = step_count;
    return job;
}

static void free_values(struct usher_sqlite_value *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(values[i].text);
    free(values);
}

static void clear_results(struct usher_sqlite_step *step) {
    free_values(step->values, step->value_count);
    step->values = NULL;
    step->value_count = step->value_capacity = step->column_count = 0;
    step->changes = 0;
}

void usher_sqlite_job_clear_results(struct usher_sqlite_job *job) {
    for (size_t i = 0; i < job->step_count; i++)
        clear_results(&job->steps[i]);
}

void usher_sqlite_job_free(struct usher_sqlite_job *job) {
    if (job == NULL)
        return;
    usher_sqlite_job_clear_results(job);
    for (size_t i = 0; i < job->step_count; i++) {
        struct usher_sqlite_step *step = &job->steps[i];
        free_values(step->parameters, step->parameter_count);
        free(step->sql);
        free(step->guard);
    }
    free(job->steps);
    free(job);
}

bool usher_sqlite_step_set(struct usher_sqlite_step *step, const char *sql, const char *guard,
                           size_t parameter_count) {
    step->sql = strdup(sql);
    if (step->sql == NULL)
        return false;
    if (guard != NULL && (step->guard = strdup(guard)) == NULL)
        return false;
    if (parameter_count == 0)
        return true;
    step->parameters = calloc(parameter_count, sizeof *step->parameters);
    step->parameter_count = step->parameters != NULL ? parameter_count : 0;
    return step->parameters != NULL;
}

bool usher_sqlite_value_set_text(struct usher_sqlite_value *value, const void *bytes, size_t length) {
    char *text = malloc(length + 1);
    if (text == NULL)
        return false;
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    value->type = USHER_SQLITE_TYPE_TEXT;
    value->text = text;
    value->length = length;
    return true;
}

struct usher_sqlite_value *usher_sqlite_step_append(struct usher_sqlite_step *step) {
    if (step->value_count == step->value_capacity) {
        size_t capacity = step->value_capacity > 0 ? step->value_capacity * 2 : FIRST_CAPACITY;
        struct usher_sqlite_value *values = reallocarray(step->values, capacity, sizeof *values);
        if (values == NULL)
            return NULL;
        step->values = values;
        step->value_capacity = capacity;
    }
    struct usher_sqlite_value *value = &step->values[step->value_count++];
    memset(value, 0, sizeof *value);
    return value;
}
