/*
 * What stands between the server and the C library in a round: it keeps what an fsync has not covered yet, so that a power cut can take
 * it back, and it lets fsync fail and the clock be wrong.
 *
 * CRASH_SHIM_FOLDER   only files below this folder are meant
 * CRASH_SHIM_UNDO     where the old content of what is written goes
 * CRASH_SHIM_CONTROL  a page shared with the harness: struct control
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The harness reads and writes the same words; see control.rs. */
struct control {
    int64_t realtime_shift_seconds;
    int64_t monotonic_shift_seconds;
    int64_t sync_fails;
    int64_t syncs_failed;
    int64_t syncs_are_skipped;
    int64_t sync_takes_micros;
    int64_t disk_lies;
    int64_t database_writes;
};

enum kind { KIND_WRITE = 1, KIND_TRUNCATE, KIND_SYNC, KIND_CREATE, KIND_RENAME, KIND_FOLDER_SYNC };

/* One record of the undo file, its old content behind it; see undo.rs. */
struct record {
    uint32_t magic;
    uint32_t kind;
    uint64_t sequence;
    uint64_t offset;
    uint64_t old_size;
    uint32_t old_length;
    uint32_t new_length;
    char name[40];
    char other[40];
};

#define MAGIC 0x4a544e31u
#define FILES 4096
#define CHUNK (1 << 16)

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct control nothing;
static volatile struct control *control = &nothing;
static const char *folder;
static size_t folder_length;
static int undo = -1;
static uint64_t sequence;
static char names[FILES][40];

static void begin(void) {
    folder = getenv("CRASH_SHIM_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
    const char *path = getenv("CRASH_SHIM_CONTROL");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) control = page;
        syscall(SYS_close, fd);
    }
    path = getenv("CRASH_SHIM_UNDO");
    if (path) undo = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void ready(void) { pthread_once(&once, begin); }

#define REAL(type, name, ...)                                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                                  \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

/* The name of a file of the folder, or the folder itself as "."; NULL for any other path. The index of the log is no part of what lasts. */
static const char *name_of(const char *path) {
    if (!folder || strncmp(path, folder, folder_length) != 0) return NULL;
    const char *rest = path + folder_length;
    if (*rest == 0 || (rest[0] == '/' && rest[1] == 0)) return ".";
    if (*rest != '/' || strchr(rest + 1, '/') || strlen(rest + 1) >= sizeof names[0]) return NULL;
    size_t length = strlen(rest + 1);
    return length > 4 && strcmp(rest + 1 + length - 4, "-shm") == 0 ? NULL : rest + 1;
}

static const char *name_of_fd(int fd) { return fd >= 0 && fd < FILES && names[fd][0] ? names[fd] : NULL; }

static int is_database(const char *name) { return strcmp(name, "jeton.db") == 0; }

static uint64_t size_of_fd(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void append(const void *bytes, size_t length) {
    while (length > 0) {
        long written = syscall(SYS_write, undo, bytes, length);
        if (written <= 0) _exit(97);
        bytes = (const char *)bytes + written;
        length -= (size_t)written;
    }
}

static void tell(uint32_t kind, const char *name, const char *other, uint64_t offset, uint64_t old_size, int fd, uint32_t length) {
    struct record record = {MAGIC, kind, ++sequence, offset, old_size, 0, length, {0}, {0}};
    static char old[CHUNK];
    strncpy(record.name, name, sizeof record.name - 1);
    if (other) strncpy(record.other, other, sizeof record.other - 1);
    if (fd >= 0 && offset < old_size) {
        uint64_t there = old_size - offset;
        uint32_t wanted = there < length ? (uint32_t)there : length;
        long read = syscall(SYS_pread64, fd, old, wanted, offset);
        record.old_length = read > 0 ? (uint32_t)read : 0;
    }
    append(&record, sizeof record);
    append(old, record.old_length);
}

/* Keeps the old content of what is about to be written, in pieces. */
static void tell_write(int fd, const char *name, uint64_t offset, uint64_t length) {
    uint64_t old_size = size_of_fd(fd);
    while (length > 0) {
        uint32_t piece = length < CHUNK ? (uint32_t)length : CHUNK;
        tell(KIND_WRITE, name, NULL, offset, old_size, fd, piece);
        offset += piece;
        length -= piece;
    }
}

static int opened(int fd, const char *path, int existed) {
    if (fd < 0 || fd >= FILES) return fd;
    const char *name = name_of(path);
    pthread_mutex_lock(&turn);
    names[fd][0] = 0;
    if (name) {
        strncpy(names[fd], name, sizeof names[fd] - 1);
        if (!existed && undo >= 0) tell(KIND_CREATE, name, NULL, 0, 0, -1, 0);
    }
    pthread_mutex_unlock(&turn);
    return fd;
}

static int open_any(const char *path, int flags, mode_t mode) {
    ready();
    struct stat status;
    int existed = !(flags & O_CREAT) || !name_of(path) || stat(path, &status) == 0;
    return opened((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, existed);
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(path, flags, mode);
}

int close(int fd) {
    REAL(int, close, int);
    ready();
    if (name_of_fd(fd)) {
        pthread_mutex_lock(&turn);
        names[fd][0] = 0;
        pthread_mutex_unlock(&turn);
    }
    return real(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    ready();
    const char *name = name_of_fd(fd);
    if (!name) return syscall(SYS_pwrite64, fd, bytes, length, offset);
    pthread_mutex_lock(&turn);
    if (undo >= 0) tell_write(fd, name, (uint64_t)offset, length);
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, offset);
    int error = errno;
    if (is_database(name)) __atomic_add_fetch((int64_t *)&control->database_writes, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&turn);
    errno = error;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
    ready();
    const char *name = name_of_fd(fd);
    if (!name) return syscall(SYS_write, fd, bytes, length);
    pthread_mutex_lock(&turn);
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    uint64_t offset = appends ? size_of_fd(fd) : (uint64_t)lseek(fd, 0, SEEK_CUR);
    if (undo >= 0) tell_write(fd, name, offset, length);
    ssize_t written = syscall(SYS_write, fd, bytes, length);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return written;
}

int ftruncate64(int fd, off64_t length) {
    ready();
    const char *name = name_of_fd(fd);
    if (!name) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&turn);
    uint64_t old_size = size_of_fd(fd);
    for (uint64_t offset = (uint64_t)length; undo >= 0 && offset < old_size; offset += CHUNK) {
        uint64_t left = old_size - offset;
        tell(KIND_TRUNCATE, name, NULL, offset, old_size, fd, left < CHUNK ? (uint32_t)left : CHUNK);
    }
    if (undo >= 0 && (uint64_t)length > old_size) tell(KIND_TRUNCATE, name, NULL, old_size, old_size, -1, 0);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_any(int fd, long number) {
    ready();
    const char *name = name_of_fd(fd);
    if (!name) return (int)syscall(number, fd);
    pthread_mutex_lock(&turn);
    uint64_t covered = sequence;
    pthread_mutex_unlock(&turn);
    if (control->sync_fails == 1 || (control->sync_fails == 2 && is_database(name))) {
        __atomic_add_fetch((int64_t *)&control->syncs_failed, 1, __ATOMIC_SEQ_CST);
        errno = EIO;
        return -1;
    }
    int result = control->syncs_are_skipped ? 0 : (int)syscall(number, fd);
    /* Time for the power to go while nothing is covered yet. */
    struct timespec pause = {0, control->sync_takes_micros * 1000};
    if (pause.tv_nsec > 0) syscall(SYS_nanosleep, &pause, NULL);
    if (result == 0 && undo >= 0 && !control->disk_lies) {
        pthread_mutex_lock(&turn);
        tell(strcmp(name, ".") == 0 ? KIND_FOLDER_SYNC : KIND_SYNC, name, NULL, covered, 0, -1, 0);
        pthread_mutex_unlock(&turn);
    }
    return result;
}

int fsync(int fd) { return sync_any(fd, SYS_fsync); }

int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

int rename(const char *from, const char *to) {
    ready();
    const char *name = name_of(from), *other = name_of(to);
    if (name && other && undo >= 0) {
        pthread_mutex_lock(&turn);
        tell(KIND_RENAME, name, other, 0, 0, -1, 0);
        pthread_mutex_unlock(&turn);
    }
    return (int)syscall(SYS_rename, from, to);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    ready();
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += control->realtime_shift_seconds;
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) time->tv_sec += control->monotonic_shift_seconds;
    return result;
}

int gettimeofday(struct timeval *time, void *zone) {
    ready();
    int result = (int)syscall(SYS_gettimeofday, time, zone);
    if (time) time->tv_sec += control->realtime_shift_seconds;
    return result;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
