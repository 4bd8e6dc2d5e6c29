/*
 * A wall clock that another process can step while this one runs.
 *
 * The step is a word in a shared mapping, so it takes effect at once and costs a load. Clocks that never go back are left alone. What
 * waits until an instant of the wall clock was told that instant by us, so it is translated back for the kernel; a wait that is
 * already under way does not feel a step, which is where this differs from a machine whose clock is set.
 */
#define _GNU_SOURCE
#include "CSteppedClock.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const int64_t second = 1000000000;

static _Atomic(int64_t) none;
static _Atomic(int64_t) *step = &none;

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
static int (*real_mutex_timedlock)(pthread_mutex_t *, const struct timespec *);
static int (*real_sem_timedwait)(sem_t *, const struct timespec *);
static int (*real_cnd_timedwait)(cnd_t *, mtx_t *, const struct timespec *);
static int (*real_mtx_timedlock)(mtx_t *, const struct timespec *);

__attribute__((constructor)) static void open_clock(void) {
  real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  /* The unversioned lookup may give the one of before 2003, whose condition has another layout. */
  real_cond_timedwait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlvsym(
      RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!real_cond_timedwait)
    real_cond_timedwait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(
        RTLD_NEXT, "pthread_cond_timedwait");
  real_cond_clockwait = (int (*)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *))dlsym(
      RTLD_NEXT, "pthread_cond_clockwait");
  real_mutex_timedlock =
      (int (*)(pthread_mutex_t *, const struct timespec *))dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  real_sem_timedwait = (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
  /* C's own threads, which librdkafka is made of, do not go through POSIX's names. */
  real_cnd_timedwait =
      (int (*)(cnd_t *, mtx_t *, const struct timespec *))dlsym(RTLD_NEXT, "cnd_timedwait");
  real_mtx_timedlock = (int (*)(mtx_t *, const struct timespec *))dlsym(RTLD_NEXT, "mtx_timedlock");

  const char *path = getenv(STEPPED_CLOCK_VARIABLE);
  if (!path) return;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) step = page;
}

static struct timespec moved(struct timespec time, int64_t by) {
  int64_t nanoseconds = time.tv_nsec + by % second;
  time.tv_sec += by / second;
  if (nanoseconds < 0) {
    nanoseconds += second;
    time.tv_sec -= 1;
  } else if (nanoseconds >= second) {
    nanoseconds -= second;
    time.tv_sec += 1;
  }
  time.tv_nsec = nanoseconds;
  return time;
}

static int64_t present_step(void) { return atomic_load_explicit(step, memory_order_relaxed); }

/* The machine's own clock. Somebody may ask before the constructor ran. */
static int machine_time(clockid_t clock, struct timespec *time) {
  if (real_clock_gettime) return real_clock_gettime(clock, time);
  return (int)syscall(SYS_clock_gettime, clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = machine_time(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *time = moved(*time, present_step());
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *place) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
  if (place) *place = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(struct timespec *place, int base) {
  if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, place) != 0) return 0;
  return base;
}

/* A condition may wait on the clock that never goes back, and does not say so: that one counts from the machine's start, so an
 * instant of it is far below any of the wall clock. */
static struct timespec machine_instant(const struct timespec *until) {
  static const time_t year_2001 = 1000000000;
  return until->tv_sec < year_2001 ? *until : moved(*until, -present_step());
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
  struct timespec instant = machine_instant(until);
  return real_cond_timedwait(condition, mutex, &instant);
}

int pthread_cond_clockwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
    const struct timespec *restrict until) {
  if (!real_cond_clockwait) return EINVAL;
  struct timespec instant = clock == CLOCK_REALTIME ? machine_instant(until) : *until;
  return real_cond_clockwait(condition, mutex, clock, &instant);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
  struct timespec instant = machine_instant(until);
  return real_mutex_timedlock(mutex, &instant);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  struct timespec instant = machine_instant(until);
  return real_sem_timedwait(semaphore, &instant);
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
  struct timespec instant = machine_instant(until);
  return real_cnd_timedwait(condition, mutex, &instant);
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
  struct timespec instant = machine_instant(until);
  return real_mtx_timedlock(mutex, &instant);
}
