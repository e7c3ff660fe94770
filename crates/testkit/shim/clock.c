// Preloaded into a process under test, this shifts its wall clock, and nothing else: durations and
// time-outs go by the monotonic clock, which stays.
//
//   MACHI_CLOCK_SHIFT   a file of eight bytes: by how many seconds the clock is shifted, as a native number.
//                       It is mapped, so that whoever writes it sets the clock of the running process.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("MACHI_CLOCK_SHIFT");
    if (!file) return;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) _exit(97);
    void *mapped = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) _exit(97);
    close(fd);
    shift = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += *shift;
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return result;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
