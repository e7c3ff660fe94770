// Preloaded into a process under test, this records every change that the process makes below one
// folder, so that a test can work out afterwards what a disk might hold had the power gone.
//
// Which of two ways was taken: the shim does not keep a second, durable tree; it writes a log of
// operations with their data, in the order in which they happened, and `powercut/` in Rust replays
// that log with a seed. One log then yields any number of cuts, at its end or at any record before.
//
// What the log holds: opening (with creation and truncation), writing, cutting, syncing, renaming,
// linking and removing, each below MACHI_SHIM_ROOT. Every operation is done and logged under one lock,
// so the order of the log is the order of the disk. Syncing takes two records, one before it begins and
// one after it succeeded, with the lock free in between: what was written meanwhile is not covered.
// What the process prints on its standard output is logged too, so that what it acknowledged has its
// place among what it did. Things that the log cannot tell of (writable shared mappings, symbolic links,
// files without a name) are logged as violations; a test must find none.
//
// Settings, all by environment:
//   MACHI_SHIM_ROOT         the folder to watch, absolute and without symbolic links
//   MACHI_SHIM_LOG          where to log, outside that folder
//   MACHI_SHIM_MATCH        what a path must contain for the two settings below (default: anything)
//   MACHI_SHIM_FAIL_SYNC    N: the Nth sync of a matching file, and no other, fails with EIO
//   MACHI_SHIM_IGNORE_SYNC  1: syncs of matching files say yes and do nothing
//   MACHI_SHIM_SYNC_MICROS  how long a sync takes at least, as on a slow disk
//   MACHI_SHIM_QUOTA        a file with a number: by how many bytes the folder may grow in all; beyond
//                           it there is no space. The file is read again each time space runs out.
//
// Real system calls are made directly, so nothing here depends on the order in which libraries load.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS 65536
// The log's descriptor gets a number from here on, so that the process gets those it would get without us.
#define LOG_FD_FROM 1000

enum { CREATED = 1, TRUNCATED = 2, FOLDER = 4 };

struct record {
    uint32_t payload;
    uint32_t kind;
    uint64_t handle;
    uint64_t number;
};

struct opened {
    uint64_t handle;
    int appends;
    char *path;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct opened fds[FDS];
static uint64_t last_handle, last_sync, matching_syncs;
static int is_on, log_fd;
static char root[PATH_MAX];
static size_t root_length;
static const char *match, *quota_file;
static long fail_sync, ignore_sync, sync_micros;
static int64_t grown, quota;

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static void read_quota(void) {
    char text[32] = {0};
    int fd = syscall(SYS_openat, AT_FDCWD, quota_file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return;
    if (syscall(SYS_read, fd, text, sizeof text - 1) > 0) quota = atoll(text);
    syscall(SYS_close, fd);
}

__attribute__((constructor)) static void start(void) {
    const char *folder = getenv("MACHI_SHIM_ROOT"), *log = getenv("MACHI_SHIM_LOG");
    if (!folder || !log) return;
    strncpy(root, folder, sizeof root - 1);
    root_length = strlen(root);
    match = getenv("MACHI_SHIM_MATCH");
    fail_sync = number_of("MACHI_SHIM_FAIL_SYNC");
    ignore_sync = number_of("MACHI_SHIM_IGNORE_SYNC");
    sync_micros = number_of("MACHI_SHIM_SYNC_MICROS");
    quota_file = getenv("MACHI_SHIM_QUOTA");
    if (quota_file) read_quota();
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) _exit(97);
    log_fd = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOG_FD_FROM);
    if (log_fd < 0) _exit(97);
    syscall(SYS_close, fd);
    is_on = 1;
}

static void write_log(uint32_t kind, uint64_t handle, uint64_t number, const void *payload, size_t length) {
    struct record head = {(uint32_t)length, kind, handle, number};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)payload, length}};
    size_t total = sizeof head + length;
    if ((size_t)syscall(SYS_writev, log_fd, parts, 2) != total) _exit(98);
}

// The absolute path of a name relative to a folder, without doubled slashes and single dots.
static int resolve(int folder, const char *name, char *out) {
    char joined[PATH_MAX * 2];
    if (!name) return 0;
    if (name[0] == '/') {
        snprintf(joined, sizeof joined, "%s", name);
    } else {
        char base[PATH_MAX];
        if (folder == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
            if (length < 0) return 0;
            base[length] = 0;
        }
        snprintf(joined, sizeof joined, "%s/%s", base, name);
    }
    size_t at = 0;
    for (const char *from = joined; *from && at < PATH_MAX - 1; from++) {
        if (from[0] == '/' && (from[1] == '/' || from[1] == 0)) continue;
        if (from[0] == '/' && from[1] == '.' && (from[2] == '/' || from[2] == 0)) {
            from++;
            continue;
        }
        out[at++] = *from;
    }
    out[at] = 0;
    return 1;
}

// The part of a path below the watched folder; nothing where it lies elsewhere.
static const char *below(const char *path) {
    if (!is_on || strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == '/') return path + root_length + 1;
    return path[root_length] == 0 ? path + root_length : NULL;
}

static const char *watched(int folder, const char *name, char *out) {
    if (!is_on || !resolve(folder, name, out)) return NULL;
    return below(out);
}

static struct opened *opened(int fd) {
    return is_on && fd >= 0 && fd < FDS && fds[fd].handle ? &fds[fd] : NULL;
}

static int is_match(const char *path) {
    return !match || strstr(path, match) != NULL;
}

static void violation(const char *what) {
    write_log('X', 0, 0, what, strlen(what));
}

// Takes up to so many bytes of the space that is left, and says how many. Called under the lock.
static int64_t take_space(int64_t bytes) {
    if (!quota_file) return bytes;
    if (grown + bytes > quota) read_quota();
    int64_t left = quota > grown ? quota - grown : 0;
    int64_t taken = bytes < left ? bytes : left;
    grown += taken;
    return taken;
}

static int64_t size_of(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 ? about.st_size : 0;
}

// Gives back what the last name of a file holds.
static void give_space_back(const char *path) {
    struct stat about;
    if (quota_file && lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1) grown -= about.st_size;
}

static int open_any(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    const char *inside = watched(folder, name, path);
    if (!inside) return syscall(SYS_openat, folder, name, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat about;
    int was_there = stat(path, &about) == 0;
    if ((flags & O_TMPFILE) == O_TMPFILE) violation("a file without a name");
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    int error = errno;
    if (fd >= 0 && fd < FDS) {
        struct stat now;
        fstat(fd, &now);
        uint64_t how = S_ISDIR(now.st_mode) ? FOLDER : 0;
        if ((flags & O_CREAT) && !was_there) how |= CREATED;
        if ((flags & O_TRUNC) && was_there && about.st_size > 0) {
            how |= TRUNCATED;
            grown -= about.st_size;
        }
        fds[fd] = (struct opened){++last_handle, (flags & O_APPEND) != 0, strdup(inside)};
        write_log('O', last_handle, how, inside, strlen(inside));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

static mode_t mode_in(int flags, va_list list) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

#define OPEN(name)                                      \
    int name(const char *path, int flags, ...) {        \
        va_list list;                                   \
        va_start(list, flags);                          \
        mode_t mode = mode_in(flags, list);             \
        va_end(list);                                   \
        return open_any(AT_FDCWD, path, flags, mode);   \
    }
#define OPENAT(name)                                           \
    int name(int folder, const char *path, int flags, ...) {   \
        va_list list;                                          \
        va_start(list, flags);                                 \
        mode_t mode = mode_in(flags, list);                    \
        va_end(list);                                          \
        return open_any(folder, path, flags, mode);            \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) {
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) {
    return creat(path, mode);
}

int close(int fd) {
    struct opened *file = opened(fd);
    if (!file) return syscall(SYS_close, fd);
    pthread_mutex_lock(&lock);
    write_log('C', file->handle, 0, NULL, 0);
    free(file->path);
    *file = (struct opened){0};
    int result = syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return result;
}

// A second descriptor of an open file: it stands for the same handle.
static int second(int from, int to) {
    struct opened *file = opened(from);
    if (!file || to < 0 || to >= FDS || from == to) return to;
    pthread_mutex_lock(&lock);
    free(fds[to].path);
    fds[to] = (struct opened){file->handle, file->appends, strdup(file->path)};
    pthread_mutex_unlock(&lock);
    return to;
}

int dup(int fd) {
    return second(fd, syscall(SYS_dup, fd));
}
int dup2(int fd, int to) {
    return fd == to ? to : second(fd, syscall(SYS_dup3, fd, to, 0));
}
int dup3(int fd, int to, int flags) {
    return second(fd, syscall(SYS_dup3, fd, to, flags));
}

#define FCNTL(name)                                                                     \
    int name(int fd, int command, ...) {                                                \
        va_list list;                                                                   \
        va_start(list, command);                                                        \
        unsigned long argument = va_arg(list, unsigned long);                           \
        va_end(list);                                                                   \
        long result = syscall(SYS_fcntl, fd, command, argument);                        \
        if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) second(fd, (int)result);  \
        return (int)result;                                                             \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

// Writes at an offset, or at the file's own place where the offset is negative. Called under the lock.
static ssize_t write_at(struct opened *file, int fd, const void *data, size_t length, off_t offset) {
    off_t at = offset;
    int64_t size = size_of(fd);
    if (offset < 0) at = file->appends ? size : lseek(fd, 0, SEEK_CUR);
    int64_t growth = (int64_t)(at + length) - size;
    if (growth > 0) {
        // As on a real disk, what still fits is written, and the rest finds no space.
        int64_t missing = growth - take_space(growth);
        if (missing >= (int64_t)length) {
            errno = ENOSPC;
            return -1;
        }
        length -= missing;
    }
    ssize_t done = offset < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    int error = errno;
    if (done > 0) write_log('W', file->handle, at, data, done);
    errno = error;
    return done;
}

// What the process says: acknowledgements have their place among the operations.
static void note_said(int fd, const void *data, ssize_t length) {
    if (!is_on || fd != STDOUT_FILENO || length <= 0) return;
    int error = errno;
    pthread_mutex_lock(&lock);
    write_log('A', 0, 0, data, length);
    pthread_mutex_unlock(&lock);
    errno = error;
}

ssize_t write(int fd, const void *data, size_t length) {
    struct opened *file = opened(fd);
    if (!file) {
        note_said(fd, data, (ssize_t)length);
        return syscall(SYS_write, fd, data, length);
    }
    pthread_mutex_lock(&lock);
    ssize_t done = write_at(file, fd, data, length, -1);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t pwrite_any(int fd, const void *data, size_t length, off_t offset) {
    struct opened *file = opened(fd);
    if (!file) return syscall(SYS_pwrite64, fd, data, length, offset);
    pthread_mutex_lock(&lock);
    ssize_t done = write_at(file, fd, data, length, offset);
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return pwrite_any(fd, data, length, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    return pwrite_any(fd, data, length, offset);
}

static ssize_t writev_any(int fd, const struct iovec *parts, int count, off_t offset) {
    struct opened *file = opened(fd);
    if (!file) {
        for (int part = 0; offset < 0 && part < count; part++) note_said(fd, parts[part].iov_base, (ssize_t)parts[part].iov_len);
        return offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
    }
    pthread_mutex_lock(&lock);
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        if (parts[part].iov_len == 0) continue;
        ssize_t done = write_at(file, fd, parts[part].iov_base, parts[part].iov_len, offset < 0 ? -1 : offset + all);
        if (done < 0) {
            all = all ? all : -1;
            break;
        }
        all += done;
        if ((size_t)done < parts[part].iov_len) break;
    }
    pthread_mutex_unlock(&lock);
    return all;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    return writev_any(fd, parts, count, -1);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return writev_any(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return writev_any(fd, parts, count, offset);
}
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
    if (!opened(fd)) return syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags);
    return writev_any(fd, parts, count, offset);
}
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
    return pwritev2(fd, parts, count, offset, flags);
}

// The kernel's own ways of copying: refused, so that the caller falls back to reading and writing.
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (opened(to)) {
        errno = EXDEV;
        return -1;
    }
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}
static ssize_t sendfile_any(int to, int from, off_t *offset, size_t length) {
    if (opened(to)) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_sendfile, to, from, offset, length);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
    return sendfile_any(to, from, offset, length);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    return sendfile_any(to, from, offset, length);
}
ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (opened(to)) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_splice, from, from_at, to, to_at, length, flags);
}

// Sets the length of an open file.
static int set_length(struct opened *file, int fd, off_t length) {
    pthread_mutex_lock(&lock);
    int64_t growth = (int64_t)length - size_of(fd);
    int result = -1;
    if (growth > 0 && take_space(growth) < growth) {
        errno = ENOSPC;
    } else {
        result = syscall(SYS_ftruncate, fd, length);
        if (growth < 0 && result == 0) grown += growth;
    }
    int error = errno;
    if (result == 0) write_log('T', file->handle, length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
static int ftruncate_any(int fd, off_t length) {
    struct opened *file = opened(fd);
    return file ? set_length(file, fd, length) : syscall(SYS_ftruncate, fd, length);
}
int ftruncate(int fd, off_t length) {
    return ftruncate_any(fd, length);
}
int ftruncate64(int fd, off64_t length) {
    return ftruncate_any(fd, length);
}
static int truncate_any(const char *path, off_t length) {
    char buffer[PATH_MAX];
    if (!watched(AT_FDCWD, path, buffer)) return syscall(SYS_truncate, path, length);
    int fd = open_any(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    int result = ftruncate_any(fd, length);
    close(fd);
    return result;
}
int truncate(const char *path, off_t length) {
    return truncate_any(path, length);
}
int truncate64(const char *path, off64_t length) {
    return truncate_any(path, length);
}

static int allocate(int fd, int mode, off_t offset, off_t length) {
    struct opened *file = opened(fd);
    if (!file) return syscall(SYS_fallocate, fd, mode, offset, length);
    if (mode & FALLOC_FL_KEEP_SIZE) return 0;
    if (mode != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return offset + length > size_of(fd) ? set_length(file, fd, offset + length) : 0;
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
    return allocate(fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    return allocate(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
    return allocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    return posix_fallocate(fd, offset, length);
}

static int sync_any(int fd, long call) {
    struct opened *file = opened(fd);
    if (!file) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    uint64_t handle = file->handle, number = ++last_sync;
    int matches = is_match(file->path), fails = 0;
    if (matches) fails = (long)++matching_syncs == fail_sync;
    int is_ignored = matches && ignore_sync;
    if (!is_ignored) write_log('B', handle, number, NULL, 0);
    pthread_mutex_unlock(&lock);
    if (is_ignored) return 0;
    int result = fails ? -1 : syscall(call, fd);
    int error = fails ? EIO : errno;
    if (sync_micros) nanosleep(&(struct timespec){0, sync_micros * 1000}, NULL);
    pthread_mutex_lock(&lock);
    write_log(result == 0 ? 'E' : 'F', handle, number, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int fsync(int fd) {
    return sync_any(fd, SYS_fsync);
}
int fdatasync(int fd) {
    return sync_any(fd, SYS_fdatasync);
}
// Starts writing out, but promises nothing.
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
    return opened(fd) ? 0 : syscall(SYS_sync_file_range, fd, offset, length, flags);
}

// Two paths as they stand in the log: with a zero in between.
static void log_two(uint32_t kind, const char *from, const char *to) {
    char both[PATH_MAX * 2];
    size_t first = strlen(from), second_length = strlen(to);
    memcpy(both, from, first + 1);
    memcpy(both + first + 1, to, second_length);
    write_log(kind, 0, 0, both, first + 1 + second_length);
}

static int rename_any(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char from_path[PATH_MAX], to_path[PATH_MAX];
    const char *source = watched(from_folder, from, from_path), *target = watched(to_folder, to, to_path);
    if (!source && !target) return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    if (!source || !target) violation("a name moved into or out of the folder");
    if (flags & RENAME_EXCHANGE) violation("two names exchanged");
    struct stat about;
    int64_t replaced = stat(to_path, &about) == 0 && about.st_nlink == 1 ? about.st_size : 0;
    int result = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    int error = errno;
    if (result == 0 && source && target) {
        grown -= replaced;
        log_two('R', source, target);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int rename(const char *from, const char *to) {
    return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return rename_any(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return rename_any(from_folder, from, to_folder, to, flags);
}

static int link_any(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    char from_path[PATH_MAX], to_path[PATH_MAX];
    const char *source = watched(from_folder, from, from_path), *target = watched(to_folder, to, to_path);
    if (!source && !target) return syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    if (!source || !target) violation("a link into or out of the folder");
    int result = syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    int error = errno;
    if (result == 0 && source && target) log_two('L', source, target);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int link(const char *from, const char *to) {
    return link_any(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    return link_any(from_folder, from, to_folder, to, flags);
}

static int unlink_any(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    const char *inside = watched(folder, name, path);
    if (!inside) return syscall(SYS_unlinkat, folder, name, flags);
    pthread_mutex_lock(&lock);
    int64_t before = grown;
    give_space_back(path);
    int result = syscall(SYS_unlinkat, folder, name, flags);
    int error = errno;
    if (result == 0) write_log(flags & AT_REMOVEDIR ? 'D' : 'U', 0, 0, inside, strlen(inside));
    else grown = before;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int unlink(const char *path) {
    return unlink_any(AT_FDCWD, path, 0);
}
int unlinkat(int folder, const char *name, int flags) {
    return unlink_any(folder, name, flags);
}
int rmdir(const char *path) {
    return unlink_any(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char *path) {
    struct stat about;
    int is_folder = lstat(path, &about) == 0 && S_ISDIR(about.st_mode);
    return unlink_any(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    const char *inside = watched(folder, name, path);
    if (!inside) return syscall(SYS_mkdirat, folder, name, mode);
    pthread_mutex_lock(&lock);
    int result = syscall(SYS_mkdirat, folder, name, mode);
    int error = errno;
    if (result == 0) write_log('M', 0, 0, inside, strlen(inside));
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int folder, const char *name) {
    char path[PATH_MAX];
    if (watched(folder, name, path)) {
        pthread_mutex_lock(&lock);
        violation("a symbolic link");
        pthread_mutex_unlock(&lock);
    }
    return syscall(SYS_symlinkat, target, folder, name);
}
int symlink(const char *target, const char *path) {
    return symlinkat(target, AT_FDCWD, path);
}

static void *map_any(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (opened(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
        pthread_mutex_lock(&lock);
        violation("a writable shared mapping");
        pthread_mutex_unlock(&lock);
    }
    return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
}
void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return map_any(at, length, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
    return map_any(at, length, protection, flags, fd, offset);
}
