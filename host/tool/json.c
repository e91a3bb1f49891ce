/*
 * Results as JSON: one object a line, flushed line by line, so that a program that reads along
 * gets each result when it exists.
 */
#include "tool.h"

#include <math.h>

json_t *tool_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int tool_json_line(const char *command, json_t *object)
{
    if (object == NULL)
        return tool_fail(command, "no memory for a line of JSON");
    /* 9 digits carry any float, and 0.8912 stays 0.8912. */
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    putchar('\n');
    return fflush(stdout) == 0 ? TOOL_OK : TOOL_FAILED;
}
