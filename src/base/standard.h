// SPDX-License-Identifier: MIT
// Standard input, output and error.
#ifndef USHER_STANDARD_H
#define USHER_STANDARD_H

#include <stdbool.h>
#include <stddef.h>

// Opens on /dev/null what is closed of them: a file or socket of ours would get its number, and what is
// written to standard error would go there. False: not all could be opened.
bool usher_standard_open(void);

// Writes to standard error unless that would wait for whoever reads it. False: not all was written; nobody
// waits for the rest. A terminal that this user may not open can still make it wait.
bool usher_standard_write_error(const char *bytes, size_t length);

#endif
