#ifndef C_BENCH_COUNTS_H
#define C_BENCH_COUNTS_H

#include <stdint.h>

/// Counts what the process asks of the heap and of Swift's reference counts, between `begin` and `end`. While nothing is counted an
/// allocation or a retain costs a call and a branch more than usual. One thread at a time.
void bench_counts_begin(void);
void bench_counts_end(void);

uint64_t bench_counts_allocations(void);
uint64_t bench_counts_retains(void);

/// Bytes that the heap has handed out at present, its own bookkeeping included.
uint64_t bench_counts_heap_bytes(void);

#endif
