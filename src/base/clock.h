// SPDX-License-Identifier: MIT
// The two clocks: absolute times come from the wall clock, deadlines from the boot-time clock.
#ifndef USHER_CLOCK_H
#define USHER_CLOCK_H

#include <stdint.h>

// Microseconds since 1970 (CLOCK_REALTIME); may jump.
int64_t usher_clock_wall_us(void);

// Microseconds since boot (CLOCK_BOOTTIME): counts suspend, never goes back.
int64_t usher_clock_boot_us(void);

#endif
