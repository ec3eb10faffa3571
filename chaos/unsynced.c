/*
 * Preloaded into the gateway. It remembers what each write to the database replaced until the file
 * is synced, so that a power cut can take back what no disk was asked to keep, and it does on
 * command what disks and power do at the worst moment.
 *
 * CHAOS_UNDO: the log of what was replaced. CHAOS_ORDERS: a file of three int32: order,
 * countdown, and how many writes found no room.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DATABASE = 1, LOG = 2 };
enum { WROTE = 1, SYNCED = 2 };
/* As in chaos/disk.ts. */
enum {
  DIE_IN_WRITE = 1,
  DIE_BEFORE_SYNC = 2,
  DIE_AFTER_SYNC = 3,
  DIE_IN_CHECKPOINT = 4,
  DISK_FULL = 5,
  DISK_SLOW = 6,
};
enum { FILES_MAX = 65536, SLOW_MS = 400 };

struct orders {
  volatile int32_t order;
  volatile int32_t countdown;
  volatile int32_t refused;
};

struct record {
  uint32_t kind;
  uint32_t file;
  uint64_t offset;
  uint64_t sizeBefore;
  uint64_t length;
};

static unsigned char fileOf[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct orders *orders;
static int undo = -1;
static int isDirty[3];

static ssize_t (*realWrite)(int, const void *, size_t);
static ssize_t (*realPwrite)(int, const void *, size_t, off64_t);
static int (*realFsync)(int);
static int (*realFdatasync)(int);
static int (*realTruncate)(int, off64_t);
static int (*realOpen)(const char *, int, ...);
static int (*realClose)(int);

/* Other libraries begin before this one, and open files. */
static void find(void) {
  if (realClose != NULL) return;
  realWrite = dlsym(RTLD_NEXT, "write");
  realPwrite = dlsym(RTLD_NEXT, "pwrite64");
  realFsync = dlsym(RTLD_NEXT, "fsync");
  realFdatasync = dlsym(RTLD_NEXT, "fdatasync");
  realTruncate = dlsym(RTLD_NEXT, "ftruncate64");
  realOpen = dlsym(RTLD_NEXT, "open64");
  realClose = dlsym(RTLD_NEXT, "close");
}

__attribute__((constructor)) static void begin(void) {
  find();
  const char *undoPath = getenv("CHAOS_UNDO");
  const char *ordersPath = getenv("CHAOS_ORDERS");
  if (undoPath == NULL || ordersPath == NULL) return;
  int file = realOpen(ordersPath, O_RDWR | O_CLOEXEC);
  if (file < 0) abort();
  orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  realClose(file);
  undo = realOpen(undoPath, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (orders == MAP_FAILED || undo < 0) abort();
  /* What an earlier process left unsynced still is. */
  struct stat64 state;
  isDirty[DATABASE] = isDirty[LOG] = fstat64(undo, &state) == 0 && state.st_size > 0;
}

static int kindOf(int file) {
  find();
  return orders != NULL && file >= 0 && file < FILES_MAX ? fileOf[file] : 0;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Whether this order is given and its turn has come. Called under the lock. */
static int isDue(int order) {
  if (orders->order != order) return 0;
  if (orders->countdown > 0) {
    orders->countdown -= 1;
    return 0;
  }
  return 1;
}

static void note(struct record record, const void *bytes) {
  size_t size = sizeof record + (bytes == NULL ? 0 : record.length);
  char *whole = malloc(size);
  if (whole == NULL) abort();
  memcpy(whole, &record, sizeof record);
  if (bytes != NULL) memcpy(whole + sizeof record, bytes, record.length);
  if (realWrite(undo, whole, size) != (ssize_t)size) abort();
  free(whole);
}

/* Keeps what stands there before it is replaced; zeros beyond the end of the file. */
static void keep(int file, int kind, off64_t offset, size_t length) {
  struct stat64 state;
  if (fstat64(file, &state) != 0) abort();
  char *bytes = calloc(1, length);
  if (bytes == NULL) abort();
  if (pread64(file, bytes, length, offset) < 0) abort();
  struct record record = {WROTE, (uint32_t)kind, (uint64_t)offset, (uint64_t)state.st_size, length};
  note(record, bytes);
  free(bytes);
  isDirty[kind] = 1;
}

static ssize_t writeTracked(int file, int kind, const void *bytes, size_t count, off64_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t done = -1;
  if (orders->order == DISK_FULL) {
    orders->refused += 1;
    errno = ENOSPC;
  } else {
    keep(file, kind, offset, count);
    if (isDue(kind == LOG ? DIE_IN_WRITE : DIE_IN_CHECKPOINT)) {
      realPwrite(file, bytes, count / 2, offset);
      die();
    }
    done = realPwrite(file, bytes, count, offset);
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  int kind = kindOf(file);
  if (kind == 0) return realPwrite(file, bytes, count, offset);
  return writeTracked(file, kind, bytes, count, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  return pwrite64(file, bytes, count, offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
  int kind = kindOf(file);
  if (kind == 0) return realWrite(file, bytes, count);
  off64_t offset = lseek64(file, 0, SEEK_CUR);
  ssize_t done = writeTracked(file, kind, bytes, count, offset);
  if (done > 0) lseek64(file, offset + done, SEEK_SET);
  return done;
}

int ftruncate64(int file, off64_t size) {
  int kind = kindOf(file);
  if (kind == 0) return realTruncate(file, size);
  pthread_mutex_lock(&lock);
  struct stat64 state;
  if (fstat64(file, &state) == 0 && state.st_size > size) {
    keep(file, kind, size, (size_t)(state.st_size - size));
  }
  int done = realTruncate(file, size);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int syncTracked(int file, int kind, int (*sync)(int)) {
  pthread_mutex_lock(&lock);
  if (kind == LOG && isDue(DIE_BEFORE_SYNC)) die();
  if (orders->order == DISK_SLOW) {
    struct timespec pause = {0, SLOW_MS * 1000000L};
    nanosleep(&pause, NULL);
  }
  int done = sync(file);
  if (done == 0) {
    isDirty[kind] = 0;
    if (isDirty[DATABASE] || isDirty[LOG]) {
      struct record record = {SYNCED, (uint32_t)kind, 0, 0, 0};
      note(record, NULL);
    } else if (realTruncate(undo, 0) != 0) {
      abort();
    }
    if (kind == LOG && isDue(DIE_AFTER_SYNC)) die();
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int fsync(int file) {
  int kind = kindOf(file);
  return kind == 0 ? realFsync(file) : syncTracked(file, kind, realFsync);
}

int fdatasync(int file) {
  int kind = kindOf(file);
  return kind == 0 ? realFdatasync(file) : syncTracked(file, kind, realFdatasync);
}

static int hasEnd(const char *path, const char *end) {
  size_t length = strlen(path);
  size_t part = strlen(end);
  return length >= part && strcmp(path + length - part, end) == 0;
}

int open64(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  find();
  int file = realOpen(path, flags, mode);
  if (file >= 0 && file < FILES_MAX) {
    fileOf[file] = hasEnd(path, "/wardgate.db") ? DATABASE : hasEnd(path, "/wardgate.db-wal") ? LOG : 0;
  }
  return file;
}

int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return open64(path, flags, mode);
}

int close(int file) {
  find();
  if (file >= 0 && file < FILES_MAX) fileOf[file] = 0;
  return realClose(file);
}
