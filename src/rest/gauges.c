/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gauges with labels of their own. */
#include "rest/parts.h"

#include <stdarg.h>
#include <stdio.h>

void sl_gauges_add(struct sl_gauges *gauges, enum sl_gauge gauge, double value, const char *labels,
                   ...)
{
    size_t n = gauges->count;
    va_list args;

    if (n == SL_GAUGES_MAX)
        return;
    va_start(args, labels);
    (void)vsnprintf(gauges->labels[n], SL_GAUGE_LABELS_MAX, labels, args); /* ours are short */
    va_end(args);
    gauges->values[n] = (struct sl_gauge_value){gauge, gauges->labels[n], value};
    gauges->count++;
}
