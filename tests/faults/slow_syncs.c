// SPDX-License-Identifier: Apache-2.0
// slow_syncs.c: makes each sync, or each read, take as long as a slow disk takes, in a program that knows nothing of it.
// Preloaded.
//
// Used by: tests/faults/slow_disk.py, tests/loading.py:  LD_PRELOAD=… LEAT_SLOW_UNDER=/data/ LEAT_SLOW_BY=FILE
// Always:  - FILE holds five numbers, shared with who wrote it, who may change them at any time, but for the fourth: how
//            many microseconds each sync takes, each how-many-th takes longer (0: none), and how long that one takes;
//          - the fourth counts the syncs that have begun; the fifth is how long each read takes; only files with
//            LEAT_SLOW_UNDER in their path are meant;
//          - a sync is slow and true: it returns after its time, with what the disk said.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct Slowness {
  atomic_long each_us;
  atomic_long every;
  atomic_long long_us;
  atomic_long begun;
  atomic_long read_us;
};

static const char* folder;
static struct Slowness* slowness;

__attribute__((constructor)) static void begin(void) {
  folder = getenv("LEAT_SLOW_UNDER");
  const char* const path = getenv("LEAT_SLOW_BY");
  const int file = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* const shared = mmap(NULL, sizeof *slowness, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) slowness = shared;
  close(file);
}

static int is_meant(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return strstr(path, folder) != NULL;
}

static void wait_us(long us) {
  struct timespec left = {us / 1000000, us % 1000000 * 1000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

static void take_time(int file) {
  if (folder == NULL || slowness == NULL || !is_meant(file)) return;
  const long number = atomic_fetch_add(&slowness->begun, 1) + 1;
  const long every = atomic_load(&slowness->every);
  wait_us(every > 0 && number % every == 0 ? atomic_load(&slowness->long_us) : atomic_load(&slowness->each_us));
}

static void take_time_to_read(int file) {
  const long us = folder == NULL || slowness == NULL ? 0 : atomic_load(&slowness->read_us);
  if (us > 0 && is_meant(file)) wait_us(us);
}

#define SLOW(name)                                                     \
  int name(int file) {                                                 \
    const int status = ((int (*)(int))dlsym(RTLD_NEXT, #name))(file);  \
    const int kept = errno;                                            \
    take_time(file);                                                   \
    errno = kept;                                                      \
    return status;                                                     \
  }
SLOW(fdatasync)
SLOW(fsync)

ssize_t pread(int file, void* to, size_t size, off_t at) {
  take_time_to_read(file);
  return ((ssize_t(*)(int, void*, size_t, off_t))dlsym(RTLD_NEXT, "pread"))(file, to, size, at);
}
ssize_t pread64(int file, void* to, size_t size, off64_t at) {
  take_time_to_read(file);
  return ((ssize_t(*)(int, void*, size_t, off64_t))dlsym(RTLD_NEXT, "pread64"))(file, to, size, at);
}
