/* The state that the library, the kernel under test and the test share through one file.
 *
 * Mirrored field by field in layout.py. All moments are seconds of CLOCK_MONOTONIC.
 */
#ifndef STANDIN_STATE_H
#define STANDIN_STATE_H

#include <stdint.h>

#define MAX_DEVICES 16
#define MAX_SEGMENTS 20000
#define MAX_FAULTS 32
#define MAX_MIG 7
#define MAX_PROCESSES 16

typedef enum {
    CALL_ANY, CALL_ENERGY, CALL_POWER, CALL_FIELDS, CALL_SAMPLES, CALL_HANDLE, CALL_IDENTITY,
    CALL_LIMIT, CALL_MIG, CALL_PROCESSES, CALL_UTILIZATION, CALL_MEMORY, CALL_FIELD_83,
    CALL_FIELD_185, CALL_FIELD_186, CALL_COUNT
} Call;

typedef enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, UNKNOWN = 999, GARBAGE = 10000
} Return;

typedef struct {
    double start_s, from_w, to_w, ramp_s, period_s, duty, low_w, energy_j;
} Segment;

typedef struct {
    int32_t supported, pad;
    double period_s, phase_s, jitter, base_j;
    double frozen_from_s, frozen_until_s, factor_from_s, factor;
    double reset_at_s, glitch_from_s, glitch_until_s, glitch_j;
} Counter;

typedef struct {
    int32_t usage_supported, usage_is_average, average_supported, instant_supported;
    double period_s, phase_s, jitter, noise_w, average_window_s, instant_window_s, module_extra_w;
} Power;

typedef struct {
    int32_t supported, depth;
    double period_s;
} Buffer;

typedef struct {
    int32_t call, code;
    double from_s, until_s;
} Fault;

typedef struct {
    char uuid[96];
    uint32_t gpu_instance, compute_instance;
} Mig;

typedef struct {
    uint32_t pid, sm_percent, memory_percent, pad;
    uint64_t memory_bytes;
} Process;

typedef struct {
    char uuid[96], name[96], bus_id[32];
    int32_t architecture, compute_major, compute_minor, cores;
    uint32_t max_clock_mhz, limit_mw, enforced_limit_mw, default_limit_mw;
    uint32_t gpu_percent, memory_percent;
    uint64_t memory_bytes, memory_used_bytes;
    int32_t mig_mode, mig_count;
    Mig mig[MAX_MIG];
    int32_t process_count, stamp_mode;
    double process_period_s, gain, latency_share;
    Process processes[MAX_PROCESSES];
    Counter counter;
    Power power;
    Buffer buffer;
    double latency_s[CALL_COUNT];
    uint64_t calls[CALL_COUNT];
    Fault faults[MAX_FAULTS];
    uint64_t fault_count, sequence, segment_count;
    Segment segments[MAX_SEGMENTS];
} Device;

typedef struct {
    uint64_t size;
    int32_t device_count, cuda_version;
    double unloaded_from_s, unloaded_until_s;
    uint64_t init_calls, shutdown_calls;
    char driver_version[80], nvml_version[80];
    Device devices[MAX_DEVICES];
} State;

/* Of the NVML interface, not of the file. */
typedef union {
    double real;
    uint32_t natural;
    uint64_t natural_64;
} Value;

typedef struct {
    uint32_t field, scope;
    int64_t timestamp_us, latency_us;
    uint32_t type, result;
    Value value;
} FieldValue;

enum { TYPE_DOUBLE = 0, TYPE_NATURAL = 1, TYPE_NATURAL_64 = 3 };
enum { STAMP_PLAUSIBLE, STAMP_ZERO, STAMP_NONSENSE, STAMP_REFRESH };

#endif
