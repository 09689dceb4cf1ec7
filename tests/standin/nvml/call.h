/* What every call has in common: initialisation, handles, the call count, faults, latency. */
#ifndef STANDIN_CALL_H
#define STANDIN_CALL_H

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "sensors.h"
#include "state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static State *state;
static char state_path[4096];
static int users;          /* initialisations not yet shut down */
static uint64_t generation; /* handles of an earlier one are refused, as after a reload */
static double initialized_s;

/* ---- a call: handle, count, fault, latency ---- */

static Return initialized(void) {
    if (users == 0) return UNINITIALIZED;
    if (initialized_s < state->unloaded_from_s && now_s() >= state->unloaded_from_s)
        return UNINITIALIZED;
    return OK;
}

/* A handle is generation * 2^16 + (MIG slot + 1) * 2^8 + device + 1. */
static void *handle_of(int device, int mig_slot) {
    return (void *)(uintptr_t)((generation << 16) + (((uint64_t)mig_slot + 1) << 8) + (uint64_t)device + 1);
}

static Return resolve(const void *handle, Device **device, Mig **mig) {
    Return result = initialized();
    if (result != OK) return result;
    uint64_t bits = (uint64_t)(uintptr_t)handle;
    int index = (int)(bits & 0xFF) - 1, slot = (int)(bits >> 8 & 0xFF) - 1;
    if (bits >> 16 != generation || index < 0 || index >= state->device_count) return INVALID_ARGUMENT;
    *device = &state->devices[index];
    *mig = slot < 0 ? NULL : &(*device)->mig[slot];
    return OK;
}

static Return fault(const Device *device, Call call, double moment_s) {
    for (uint64_t i = 0; i < device->fault_count; i++) {
        const Fault *f = &device->faults[i];
        if ((f->call == CALL_ANY || f->call == (int32_t)call) && moment_s >= f->from_s && moment_s < f->until_s)
            return (Return)f->code;
    }
    return OK;
}

static double latency_s(const Device *device, Call call) {
    return device->latency_s[call] > 0 ? device->latency_s[call] : device->latency_s[CALL_ANY];
}

/* The moment that the figure belongs to lies `latency_share` of the latency into the call. */
static Return begin(Device *device, Call call, double *moment_s) {
    __atomic_fetch_add(&device->calls[call], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&device->calls[CALL_ANY], 1, __ATOMIC_RELAXED);
    sleep_s(latency_s(device, call) * device->latency_share);
    *moment_s = now_s();
    return fault(device, call, *moment_s);
}

static Return end(Device *device, Call call, Return result) {
    sleep_s(latency_s(device, call) * (1 - device->latency_share));
    return result;
}

/* Board figures do not exist for a MIG handle. */
#define ENTER(call)                                                        \
    Device *device; Mig *mig; double moment_s;                             \
    Return result = resolve(handle, &device, &mig);                        \
    if (result != OK) return result;                                       \
    result = begin(device, call, &moment_s);                               \
    if (result != OK && result != GARBAGE) return end(device, call, result); \
    const int garbage = result == GARBAGE;                                 \
    (void)garbage; (void)mig; (void)moment_s;

static Return copy(char *to, unsigned int length, const char *from) {
    if (strlen(from) + 1 > length) return INSUFFICIENT_SIZE;
    strcpy(to, from);
    return OK;
}

#endif
