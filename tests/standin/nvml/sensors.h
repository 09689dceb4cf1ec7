/* What the sensors of a device show at a moment: clocks, chance, the trace, counter and power. */
#ifndef STANDIN_SENSORS_H
#define STANDIN_SENSORS_H

#include <math.h>
#include <stdint.h>
#include <time.h>

#include "state.h"

/* ---- clocks and chance ---- */

static double clock_s(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double now_s(void) { return clock_s(CLOCK_MONOTONIC); }

static int64_t wall_us(double moment_s) {
    double offset_s = clock_s(CLOCK_REALTIME) - now_s();
    return (int64_t)llround((moment_s + offset_s) * 1e6);
}

static void sleep_s(double span_s) {
    if (span_s <= 0) return;
    struct timespec rest = {(time_t)span_s, (long)((span_s - floor(span_s)) * 1e9)};
    while (nanosleep(&rest, &rest) != 0) {}
}

/* splitmix64; mirrored in trace.py */
static double uniform(int64_t index, uint64_t salt) {
    uint64_t z = (uint64_t)index + (salt + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

static double bell(int64_t index) {
    double sum = -2.0;
    for (uint64_t i = 0; i < 4; i++) sum += uniform(index, 10 + i);
    return sum * 1.7320508075688772; /* the sum of four uniforms has a variance of 1/3 */
}

/* ---- the trace ---- */

static const Segment *segment_at(const Device *device, double moment_s) {
    uint64_t low = 0, high = __atomic_load_n(&device->segment_count, __ATOMIC_ACQUIRE);
    while (high - low > 1) {
        uint64_t middle = (low + high) / 2;
        if (device->segments[middle].start_s <= moment_s) low = middle; else high = middle;
    }
    return &device->segments[low];
}

static double segment_power_w(const Segment *s, double dt) {
    if (dt < 0) return s->from_w;
    if (dt < s->ramp_s) return s->from_w + (s->to_w - s->from_w) * dt / s->ramp_s;
    if (s->period_s <= 0) return s->to_w;
    double turn = (dt - s->ramp_s) / s->period_s;
    return turn - floor(turn) < s->duty ? s->to_w : s->low_w;
}

static double segment_energy_j(const Segment *s, double dt) {
    if (dt < 0) return s->energy_j + s->from_w * dt;
    if (dt < s->ramp_s)
        return s->energy_j + dt * (s->from_w + (s->to_w - s->from_w) * dt / (2 * s->ramp_s));
    double ramp_j = s->ramp_s * (s->from_w + s->to_w) / 2, rest_s = dt - s->ramp_s;
    if (s->period_s <= 0) return s->energy_j + ramp_j + s->to_w * rest_s;
    double turns = floor(rest_s / s->period_s), part_s = rest_s - turns * s->period_s;
    double high_s = s->duty * s->period_s;
    double full_j = s->to_w * high_s + s->low_w * (s->period_s - high_s);
    double part_j = s->to_w * fmin(part_s, high_s) + s->low_w * fmax(0, part_s - high_s);
    return s->energy_j + ramp_j + turns * full_j + part_j;
}

/* The driver may replace planned segments while we read: try again if it did. */
static double trace(const Device *device, double moment_s, double (*figure)(const Segment *, double)) {
    double result = 0;
    for (int attempt = 0; attempt < 1000; attempt++) {
        uint64_t before = __atomic_load_n(&device->sequence, __ATOMIC_ACQUIRE);
        const Segment *s = segment_at(device, moment_s);
        result = figure(s, moment_s - s->start_s);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && before == __atomic_load_n(&device->sequence, __ATOMIC_ACQUIRE)) break;
    }
    return result;
}

static double energy_j(const Device *device, double moment_s) {
    return trace(device, moment_s, segment_energy_j);
}

static double mean_power_w(const Device *device, double moment_s, double window_s) {
    if (window_s <= 0) return trace(device, moment_s, segment_power_w);
    return (energy_j(device, moment_s) - energy_j(device, moment_s - window_s)) / window_s;
}

/* ---- sensors ---- */

static double last_refresh_s(double moment_s, double period_s, double phase_s, double jitter,
                             uint64_t salt, int64_t *index) {
    *index = 0;
    if (period_s <= 0) return moment_s;
    int64_t k = (int64_t)floor((moment_s - phase_s) / period_s) + 1;
    for (;; k--) {
        double u = 2 * uniform(k, salt) - 1;
        double refresh_s = phase_s + ((double)k + jitter * u) * period_s;
        if (refresh_s <= moment_s) {
            *index = k;
            return refresh_s;
        }
    }
}

static double seen_j(const Device *device, double refresh_s) {
    const Counter *c = &device->counter;
    double result = energy_j(device, fmin(refresh_s, c->factor_from_s));
    if (refresh_s > c->factor_from_s)
        result += c->factor * (energy_j(device, refresh_s) - energy_j(device, c->factor_from_s));
    return result * device->gain;
}

static uint64_t counter_mj(const Device *device, double moment_s, double *refresh_s) {
    const Counter *c = &device->counter;
    int64_t index;
    if (moment_s >= c->frozen_from_s && moment_s < c->frozen_until_s) moment_s = c->frozen_from_s;
    *refresh_s = last_refresh_s(moment_s, c->period_s, c->phase_s, c->jitter, 0, &index);
    double result_j = seen_j(device, *refresh_s);
    if (*refresh_s >= c->reset_at_s) result_j -= seen_j(device, c->reset_at_s);
    else result_j += c->base_j;
    if (moment_s >= c->glitch_from_s && moment_s < c->glitch_until_s) result_j -= c->glitch_j;
    return (uint64_t)fmax(0, floor(result_j * 1e3));
}

static uint32_t power_mw(const Device *device, double moment_s, double window_s, double extra_w,
                         double *refresh_s) {
    const Power *p = &device->power;
    int64_t index;
    *refresh_s = last_refresh_s(moment_s, p->period_s, p->phase_s, p->jitter, 1, &index);
    if (p->period_s <= 0) index = (int64_t)(moment_s * 1e6);
    double power_w = mean_power_w(device, *refresh_s, window_s) * device->gain + extra_w;
    power_w += p->noise_w * bell(index);
    return (uint32_t)llround(fmax(0, power_w) * 1e3);
}

#endif
