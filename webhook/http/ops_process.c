#include "http/ops_process.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/version.h"
#include "http/metrics.h"

/* Where the kernel shows a container the limit of its own control group; "max": there is none. */
static const char memory_limit_path[] = "/sys/fs/cgroup/memory.max";

/* The file's `place`th number, from 1 on. */
static bool read_number(const char *path, int place, long long *out)
{
    FILE *file = fopen(path, "re");
    bool is_read = file;

    for (int i = 0; i < place && is_read; i++)
        is_read =
            fscanf(file, "%lld", out) == 1; /* NOLINT(cert-err34-c): the kernel's own figure */
    if (file)
        fclose(file);
    return is_read;
}

static long long memory_limit(void)
{
    long long limit;

    return read_number(memory_limit_path, 1, &limit)
               ? limit
               : (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static void write_processor_time(struct buf *buf)
{
    static const char name[] = "process_cpu_seconds_total";
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    metrics_write_head(buf, name, "counter", "Processor time, the program's and the kernel's.");
    buf_printf(buf, "%s %lld.%06ld\n", name, (long long)used.tv_sec, used.tv_nsec / 1000);
}

void ops_write_process(int64_t started_at, struct buf *buf)
{
    long long pages;

    metrics_write_head(buf, "fairgate_build_info", "gauge", "The program's version.");
    buf_add_text(buf, "fairgate_build_info{");
    metrics_write_label(buf, "version", bytes_from(version));
    buf_add_text(buf, "} 1\n");
    metrics_write_value(buf, "fairgate_memory_limit_bytes", "gauge",
                        "What the container may use; without a limit, what the machine has.",
                        memory_limit());
    metrics_write_value(buf, "process_start_time_seconds", "gauge", "When the process started.",
                        started_at);
    write_processor_time(buf);
    if (read_number("/proc/self/statm", 2, &pages))
        metrics_write_value(buf, "process_resident_memory_bytes", "gauge", "Memory in use.",
                            pages * sysconf(_SC_PAGESIZE));
}
