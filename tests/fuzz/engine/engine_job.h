/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strangers' frames through a whole job, as in a codec process: what it reports is always something
 * that the server takes.
 *
 * Input: records of a byte that says what it is, two for the length, and the payload.
 */
#ifndef SL_TESTS_FUZZ_ENGINE_JOB_H
#define SL_TESTS_FUZZ_ENGINE_JOB_H

#include "codec/codec.h"
#include "engine/jobs.h"

#include <stdlib.h>
#include <string.h>

enum { JOB = 7, FRAME_US = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void check(bool holds)
{
    if (!holds)
        abort();
}

static inline void check_report(void *owner, const struct sl_engine_message *report)
{
    uint8_t *bytes = malloc(SL_ENGINE_HEAD_LEN + report->len);
    struct sl_engine_message back;
    size_t needed;

    (void)owner;
    check(bytes != NULL && report->job == JOB);
    sl_engine_build(report, bytes);
    if (report->len > 0)
        memcpy(bytes + SL_ENGINE_HEAD_LEN, report->data, report->len);
    check(sl_engine_parse(bytes, SL_ENGINE_HEAD_LEN + report->len, true, &back, &needed) ==
          (int64_t)(SL_ENGINE_HEAD_LEN + report->len));
    free(bytes);
}

static inline void order(struct sl_engine_jobs *jobs, struct sl_engine_message message)
{
    message.job = JOB;
    sl_engine_jobs_order(jobs, &message);
}

/* The next record as an input; false: there is none. *what: its first byte. */
static inline bool next_input(const uint8_t **data, size_t *len, uint8_t *what,
                              struct sl_engine_message *out)
{
    if (*len < 3)
        return false;
    size_t payload_len = (size_t)(*data)[1] << 8 | (*data)[2];
    *what = (*data)[0];
    *data += 3;
    *len -= 3;
    if (payload_len > *len)
        payload_len = *len;
    *out = (struct sl_engine_message){.type = SL_ENGINE_INPUT, .data = *data, .len = payload_len};
    *data += payload_len;
    *len -= payload_len;
    return true;
}

#endif
