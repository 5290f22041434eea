// SPDX-License-Identifier: Apache-2.0
// failing_calls.c: makes one call to the disk fail, in a program that knows nothing of it. Preloaded.
//
// Used by: tests/faults/run.py:  LD_PRELOAD=… LEAT_FAIL_UNDER=/data/ LEAT_FAIL_AT=N LEAT_FAIL_WITH=EIO|ENOSPC
// Always:  - counts, from 1, the calls that change or sync a file with LEAT_FAIL_UNDER in its path; the N-th fails and does nothing;
//          - says on standard error which it was; N = 0 fails none, and says at the end how many there were.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char* folder;
static long fail_at;
static int fail_with;
static atomic_long calls;

static void say(const char* format, ...) {
  char line[PATH_MAX + 100];
  va_list values;
  va_start(values, format);
  const int size = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  ssize_t (*const really)(int, const void*, size_t) = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  really(STDERR_FILENO, line, (size_t)size);
}

__attribute__((constructor)) static void begin(void) {
  folder = getenv("LEAT_FAIL_UNDER");
  const char* const at = getenv("LEAT_FAIL_AT");
  const char* const with = getenv("LEAT_FAIL_WITH");
  fail_at = at ? atol(at) : 0;
  fail_with = with && strcmp(with, "ENOSPC") == 0 ? ENOSPC : EIO;
}

__attribute__((destructor)) static void end(void) {
  if (fail_at == 0) say("failing_calls: %ld calls\n", atomic_load(&calls));
}

static int fails(const char* call, const char* path) {
  if (folder == NULL || strstr(path, folder) == NULL) return 0;
  if (atomic_fetch_add(&calls, 1) + 1 != fail_at) return 0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  say("failing_calls: at %ld%09ld %s of %s\n", (long)now.tv_sec, now.tv_nsec, call, path);
  errno = fail_with;
  return 1;
}

static int file_fails(const char* call, int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const int kept = errno;
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (size <= 0) return 0;
  path[size] = 0;
  return fails(call, path);
}

#define REALLY(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void* from, size_t size) {
  return file_fails("write", file) ? -1 : REALLY(ssize_t, write, int, const void*, size_t)(file, from, size);
}
ssize_t pwrite(int file, const void* from, size_t size, off_t at) {
  return file_fails("pwrite", file) ? -1 : REALLY(ssize_t, pwrite, int, const void*, size_t, off_t)(file, from, size, at);
}
ssize_t pwrite64(int file, const void* from, size_t size, off64_t at) { return pwrite(file, from, size, at); }
ssize_t pwritev(int file, const struct iovec* from, int count, off_t at) {
  if (file_fails("pwritev", file)) return -1;
  return REALLY(ssize_t, pwritev, int, const struct iovec*, int, off_t)(file, from, count, at);
}
ssize_t pwritev64(int file, const struct iovec* from, int count, off64_t at) { return pwritev(file, from, count, at); }
int fdatasync(int file) { return file_fails("fdatasync", file) ? -1 : REALLY(int, fdatasync, int)(file); }
int fsync(int file) { return file_fails("fsync", file) ? -1 : REALLY(int, fsync, int)(file); }
int sync_file_range(int file, off64_t from, off64_t size, unsigned flags) {
  return file_fails("sync_file_range", file) ? -1 : REALLY(int, sync_file_range, int, off64_t, off64_t, unsigned)(file, from, size, flags);
}
int ftruncate(int file, off_t size) {
  return file_fails("ftruncate", file) ? -1 : REALLY(int, ftruncate, int, off_t)(file, size);
}
int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }
int rename(const char* from, const char* to) {
  return fails("rename", from) ? -1 : REALLY(int, rename, const char*, const char*)(from, to);
}
int unlink(const char* path) { return fails("unlink", path) ? -1 : REALLY(int, unlink, const char*)(path); }

// Only what creates: whoever merely looks is not meant.
static int open_it(const char* path, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0 && fails("open", path)) return -1;
  return REALLY(int, open, const char*, int, ...)(path, flags, mode);
}
static mode_t mode_of(int flags, va_list values) { return (flags & O_CREAT) != 0 ? va_arg(values, mode_t) : 0; }
int open(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = mode_of(flags, values);
  va_end(values);
  return open_it(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = mode_of(flags, values);
  va_end(values);
  return open_it(path, flags, mode);
}
