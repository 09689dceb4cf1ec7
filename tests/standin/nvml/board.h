/* What NVML says about a board besides its energy: identity, limits, MIG, who uses it. */
#ifndef STANDIN_BOARD_H
#define STANDIN_BOARD_H

#include <stddef.h>
#include <stdio.h>

#include "call.h"

/* ---- identity and limits ---- */

Return nvmlDeviceGetName(void *handle, char *name, unsigned int length) {
    ENTER(CALL_IDENTITY)
    return end(device, CALL_IDENTITY, copy(name, length, device->name));
}

Return nvmlDeviceGetUUID(void *handle, char *uuid, unsigned int length) {
    ENTER(CALL_IDENTITY)
    return end(device, CALL_IDENTITY, copy(uuid, length, mig ? mig->uuid : device->uuid));
}

Return nvmlDeviceGetIndex(void *handle, unsigned int *index) {
    ENTER(CALL_IDENTITY)
    *index = (unsigned int)(device - state->devices);
    return end(device, CALL_IDENTITY, OK);
}

Return nvmlDeviceGetArchitecture(void *handle, unsigned int *architecture) {
    ENTER(CALL_IDENTITY)
    *architecture = (unsigned int)device->architecture;
    return end(device, CALL_IDENTITY, OK);
}

Return nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
    ENTER(CALL_IDENTITY)
    *major = device->compute_major;
    *minor = device->compute_minor;
    return end(device, CALL_IDENTITY, OK);
}

Return nvmlDeviceGetNumGpuCores(void *handle, unsigned int *cores) {
    ENTER(CALL_IDENTITY)
    *cores = (unsigned int)device->cores;
    return end(device, CALL_IDENTITY, OK);
}

Return nvmlDeviceGetMaxClockInfo(void *handle, unsigned int type, unsigned int *mhz) {
    (void)type;
    ENTER(CALL_IDENTITY)
    *mhz = device->max_clock_mhz;
    return end(device, CALL_IDENTITY, OK);
}

typedef struct {
    char legacy[16];
    unsigned int domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} PciInfo;

Return nvmlDeviceGetPciInfo_v3(void *handle, PciInfo *info) {
    ENTER(CALL_IDENTITY)
    memset(info, 0, sizeof *info);
    sscanf(device->bus_id, "%x:%x:%x", &info->domain, &info->bus, &info->device);
    snprintf(info->legacy, sizeof info->legacy, "%04X:%02X:%02X.0", info->domain & 0xFFFF,
             info->bus & 0xFF, info->device & 0xFF);
    strcpy(info->bus_id, device->bus_id);
    info->device_id = 0x20B010DE;
    return end(device, CALL_IDENTITY, OK);
}

static Return milliwatts(void *handle, size_t offset, unsigned int *limit_mw) {
    ENTER(CALL_LIMIT)
    memcpy(limit_mw, (const char *)device + offset, sizeof *limit_mw);
    return end(device, CALL_LIMIT, OK);
}

Return nvmlDeviceGetPowerManagementLimit(void *handle, unsigned int *limit_mw) {
    return milliwatts(handle, offsetof(Device, limit_mw), limit_mw);
}

Return nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned int *limit_mw) {
    return milliwatts(handle, offsetof(Device, enforced_limit_mw), limit_mw);
}

Return nvmlDeviceGetPowerManagementDefaultLimit(void *handle, unsigned int *limit_mw) {
    return milliwatts(handle, offsetof(Device, default_limit_mw), limit_mw);
}

/* ---- MIG ---- */

Return nvmlDeviceGetMigMode(void *handle, unsigned int *current, unsigned int *pending) {
    ENTER(CALL_MIG)
    if (device->mig_mode < 0) return end(device, CALL_MIG, NOT_SUPPORTED);
    *current = *pending = (unsigned int)device->mig_mode;
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceIsMigDeviceHandle(void *handle, unsigned int *is_mig) {
    ENTER(CALL_MIG)
    *is_mig = mig != NULL;
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned int *count) {
    ENTER(CALL_MIG)
    *count = device->mig_mode < 0 ? 0 : MAX_MIG;
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned int index, void **mig_handle) {
    ENTER(CALL_MIG)
    if (mig || device->mig_mode < 1) return end(device, CALL_MIG, NOT_SUPPORTED);
    if (index >= (unsigned int)device->mig_count) return end(device, CALL_MIG, NOT_FOUND);
    *mig_handle = handle_of((int)(device - state->devices), (int)index);
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *handle, void **parent) {
    ENTER(CALL_MIG)
    if (!mig) return end(device, CALL_MIG, INVALID_ARGUMENT);
    *parent = handle_of((int)(device - state->devices), -1);
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceGetGpuInstanceId(void *handle, unsigned int *id) {
    ENTER(CALL_MIG)
    if (!mig) return end(device, CALL_MIG, NOT_SUPPORTED);
    *id = mig->gpu_instance;
    return end(device, CALL_MIG, OK);
}

Return nvmlDeviceGetComputeInstanceId(void *handle, unsigned int *id) {
    ENTER(CALL_MIG)
    if (!mig) return end(device, CALL_MIG, NOT_SUPPORTED);
    *id = mig->compute_instance;
    return end(device, CALL_MIG, OK);
}

/* ---- who uses it ---- */

Return nvmlDeviceGetUtilizationRates(void *handle, unsigned int *rates) {
    ENTER(CALL_UTILIZATION)
    rates[0] = device->gpu_percent;
    rates[1] = device->memory_percent;
    return end(device, CALL_UTILIZATION, OK);
}

Return nvmlDeviceGetMemoryInfo(void *handle, unsigned long long *total_free_used) {
    ENTER(CALL_MEMORY)
    total_free_used[0] = device->memory_bytes;
    total_free_used[1] = device->memory_bytes - device->memory_used_bytes;
    total_free_used[2] = device->memory_used_bytes;
    return end(device, CALL_MEMORY, OK);
}

typedef struct {
    unsigned int pid;
    unsigned long long memory_bytes;
    unsigned int gpu_instance, compute_instance;
} RunningProcess;

Return nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned int *count, RunningProcess *running) {
    ENTER(CALL_PROCESSES)
    unsigned int present = (unsigned int)device->process_count;
    if (*count < present || (running == NULL && present > 0)) {
        *count = present;
        return end(device, CALL_PROCESSES, INSUFFICIENT_SIZE);
    }
    *count = present;
    for (unsigned int i = 0; i < present; i++)
        running[i] = (RunningProcess){device->processes[i].pid, device->processes[i].memory_bytes,
                                      UINT32_MAX, UINT32_MAX};
    return end(device, CALL_PROCESSES, OK);
}

Return nvmlDeviceGetComputeRunningProcesses_v2(void *handle, unsigned int *count, RunningProcess *running) {
    return nvmlDeviceGetComputeRunningProcesses_v3(handle, count, running);
}

typedef struct {
    unsigned int pid;
    unsigned long long timestamp_us;
    unsigned int sm, memory, encoder, decoder;
} ProcessSample;

/* NOT_FOUND when there is no sample newer than the one last seen, as on the real one. */
Return nvmlDeviceGetProcessUtilization(void *handle, ProcessSample *samples, unsigned int *count,
                                       unsigned long long last_seen_us) {
    ENTER(CALL_PROCESSES)
    double period_s = device->process_period_s;
    int64_t stamp_us = wall_us(floor(moment_s / period_s) * period_s);
    unsigned int present = (unsigned int)device->process_count;
    if (present == 0 || stamp_us <= (int64_t)last_seen_us + 1000) return end(device, CALL_PROCESSES, NOT_FOUND);
    if (samples == NULL || *count < present) {
        *count = present;
        return end(device, CALL_PROCESSES, INSUFFICIENT_SIZE);
    }
    *count = present;
    for (unsigned int i = 0; i < present; i++) {
        const Process *p = &device->processes[i];
        samples[i] = (ProcessSample){p->pid, (unsigned long long)stamp_us, p->sm_percent, p->memory_percent, 0, 0};
    }
    return end(device, CALL_PROCESSES, OK);
}

#endif
