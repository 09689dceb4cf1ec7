/* A library that answers NVML for the real pynvml, from a state file instead of a driver.
 *
 * `nvmlInitWithFlags` maps the file named by JUPYTER_CARBON_STANDIN_NVML and refuses one of
 * another size than `State`. The library only reads the state, but for the call counters.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "call.h"
#include "sensors.h"
#include "state.h"

/* ---- the library ---- */

static Return map_state(void) {
    const char *path = getenv("JUPYTER_CARBON_STANDIN_NVML");
    struct stat about;
    if (path == NULL || strlen(path) >= sizeof state_path) return DRIVER_NOT_LOADED;
    int file = open(path, O_RDWR);
    if (file < 0) return DRIVER_NOT_LOADED;
    if (fstat(file, &about) != 0 || (uint64_t)about.st_size != sizeof(State)) {
        fprintf(stderr, "stand-in: %s is not %zu bytes long\n", path, sizeof(State));
        close(file);
        return UNKNOWN;
    }
    if (state != NULL && strcmp(path, state_path) != 0) {
        munmap(state, sizeof(State));
        state = NULL;
    }
    if (state == NULL) {
        void *memory = mmap(NULL, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) {
            close(file);
            return UNKNOWN;
        }
        state = memory;
        strcpy(state_path, path);
    }
    close(file);
    return state->size == sizeof(State) ? OK : UNKNOWN;
}

Return nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    pthread_mutex_lock(&lock);
    /* After a reload the old users' handles are dead anyway. */
    if (users > 0 && initialized() != OK) users = 0;
    Return result = users > 0 ? OK : map_state();
    double moment_s = now_s();
    if (result == OK && moment_s >= state->unloaded_from_s && moment_s < state->unloaded_until_s)
        result = DRIVER_NOT_LOADED;
    if (result == OK) {
        if (users++ == 0) {
            generation++;
            initialized_s = moment_s;
        }
        __atomic_fetch_add(&state->init_calls, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

Return nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

Return nvmlShutdown(void) {
    pthread_mutex_lock(&lock);
    Return result = users > 0 ? OK : UNINITIALIZED;
    if (users > 0) {
        users--;
        __atomic_fetch_add(&state->shutdown_calls, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

const char *nvmlErrorString(int code) { return code == OK ? "Success" : "Error of the stand-in"; }

Return nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    Return result = initialized();
    return result != OK ? result : copy(version, length, state->driver_version);
}

Return nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
    Return result = initialized();
    return result != OK ? result : copy(version, length, state->nvml_version);
}

Return nvmlSystemGetCudaDriverVersion_v2(int *version) {
    Return result = initialized();
    if (result == OK) *version = state->cuda_version;
    return result;
}

Return nvmlSystemGetCudaDriverVersion(int *version) { return nvmlSystemGetCudaDriverVersion_v2(version); }

Return nvmlDeviceGetCount_v2(unsigned int *count) {
    Return result = initialized();
    if (result == OK) *count = (unsigned int)state->device_count;
    return result;
}

static Return look_up(int index, int slot, void **handle) {
    double moment_s;
    Device *device = &state->devices[index];
    Return result = begin(device, CALL_HANDLE, &moment_s);
    if (result == OK) *handle = handle_of(index, slot);
    return end(device, CALL_HANDLE, result);
}

Return nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **handle) {
    Return result = initialized();
    if (result != OK) return result;
    if (index >= (unsigned int)state->device_count) return INVALID_ARGUMENT;
    return look_up((int)index, -1, handle);
}

Return nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) {
    Return result = initialized();
    if (result != OK) return result;
    for (int i = 0; i < state->device_count; i++) {
        if (strcmp(uuid, state->devices[i].uuid) == 0) return look_up(i, -1, handle);
        for (int slot = 0; slot < state->devices[i].mig_count; slot++)
            if (strcmp(uuid, state->devices[i].mig[slot].uuid) == 0) return look_up(i, slot, handle);
    }
    return NOT_FOUND;
}

Return nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **handle) {
    Return result = initialized();
    if (result != OK) return result;
    for (int i = 0; i < state->device_count; i++)
        if (strcasecmp(bus_id, state->devices[i].bus_id) == 0) return look_up(i, -1, handle);
    return NOT_FOUND;
}

/* ---- energy and power ---- */

Return nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *energy_mj) {
    double refresh_s;
    ENTER(CALL_ENERGY)
    if (!device->counter.supported || mig) return end(device, CALL_ENERGY, NOT_SUPPORTED);
    *energy_mj = garbage ? UINT64_MAX : counter_mj(device, moment_s, &refresh_s);
    return end(device, CALL_ENERGY, OK);
}

Return nvmlDeviceGetPowerUsage(void *handle, unsigned int *power) {
    double refresh_s;
    ENTER(CALL_POWER)
    const Power *p = &device->power;
    if (!p->usage_supported || mig) return end(device, CALL_POWER, NOT_SUPPORTED);
    double window_s = p->usage_is_average ? p->average_window_s : p->instant_window_s;
    *power = garbage ? UINT32_MAX : power_mw(device, moment_s, window_s, 0, &refresh_s);
    return end(device, CALL_POWER, OK);
}

static void answer_field(Device *device, FieldValue *value, double moment_s, int garbage) {
    const Power *p = &device->power;
    double refresh_s = moment_s, window_s = 0;
    Call call = CALL_ANY;
    int supported = 0;
    value->value.natural_64 = 0;
    value->type = TYPE_NATURAL;
    switch (value->field) {
    case 83: call = CALL_FIELD_83; supported = device->counter.supported; break;
    case 185: call = CALL_FIELD_185; supported = p->average_supported; window_s = p->average_window_s; break;
    case 186: call = CALL_FIELD_186; supported = p->instant_supported; window_s = p->instant_window_s; break;
    default: value->result = INVALID_ARGUMENT; return;
    }
    if (value->scope == 1 && p->module_extra_w < 0) supported = 0;
    Return result = fault(device, call, moment_s);
    garbage = garbage || result == GARBAGE;
    value->result = result != OK && result != GARBAGE ? result : supported ? OK : NOT_SUPPORTED;
    if (value->result != OK) return;
    if (value->field == 83) {
        value->type = TYPE_NATURAL_64;
        value->value.natural_64 = counter_mj(device, moment_s, &refresh_s);
    } else {
        double extra_w = value->scope == 1 ? p->module_extra_w : 0;
        value->value.natural = power_mw(device, moment_s, window_s, extra_w, &refresh_s);
    }
    if (garbage) {
        value->type = TYPE_DOUBLE;
        value->value.real = NAN;
    }
    switch (device->stamp_mode) {
    case STAMP_PLAUSIBLE: value->timestamp_us = wall_us(moment_s); break;
    case STAMP_ZERO: value->timestamp_us = 0; break;
    case STAMP_NONSENSE: value->timestamp_us = 1234567890123456789LL; break;
    default: value->timestamp_us = wall_us(refresh_s);
    }
}

Return nvmlDeviceGetFieldValues(void *handle, int count, FieldValue *values) {
    ENTER(CALL_FIELDS)
    if (mig) return end(device, CALL_FIELDS, NOT_SUPPORTED);
    for (int i = 0; i < count; i++) {
        values[i].latency_us = (int64_t)(latency_s(device, CALL_FIELDS) * 1e6);
        answer_field(device, &values[i], moment_s, garbage);
    }
    return end(device, CALL_FIELDS, OK);
}

typedef struct {
    unsigned long long timestamp_us;
    Value value;
} Sample;

Return nvmlDeviceGetSamples(void *handle, unsigned int type, unsigned long long last_seen_us,
                            unsigned int *value_type, unsigned int *count, Sample *samples) {
    ENTER(CALL_SAMPLES)
    const Buffer *b = &device->buffer;
    if (!b->supported || mig || type != 0) return end(device, CALL_SAMPLES, NOT_SUPPORTED);
    *value_type = TYPE_NATURAL;
    if (samples == NULL) {
        *count = (unsigned int)b->depth;
        return end(device, CALL_SAMPLES, OK);
    }
    int64_t newest = (int64_t)floor(moment_s / b->period_s);
    unsigned int filled = 0;
    for (int64_t k = newest - b->depth + 1; k <= newest && filled < *count; k++) {
        double sampled_s = (double)k * b->period_s;
        int64_t stamp_us = wall_us(sampled_s);
        if (sampled_s < device->segments[0].start_s || stamp_us <= (int64_t)last_seen_us) continue;
        double power_w = mean_power_w(device, sampled_s, device->power.instant_window_s) * device->gain;
        samples[filled].timestamp_us = (unsigned long long)stamp_us;
        samples[filled].value.natural_64 = 0;
        samples[filled].value.natural = garbage ? UINT32_MAX : (uint32_t)llround(fmax(0, power_w) * 1e3);
        filled++;
    }
    *count = filled;
    return end(device, CALL_SAMPLES, filled == 0 ? NOT_FOUND : OK);
}
