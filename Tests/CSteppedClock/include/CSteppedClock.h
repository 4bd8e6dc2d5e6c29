/* A wall clock that another process can step while this one runs: put in front of a program with LD_PRELOAD. */
#ifndef C_STEPPED_CLOCK_H
#define C_STEPPED_CLOCK_H

/* Names a file of eight bytes, the step in nanoseconds; without it the clock is the machine's. */
#define STEPPED_CLOCK_VARIABLE "STEPPED_CLOCK"

#endif
