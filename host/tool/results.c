/*
 * Results on stdout: flushed line by line, so that a program that reads along gets each one when it
 * exists; with --json one object a line.
 */
#include "tool.h"

#include <math.h>

int tool_flush(void)
{
    /* A line that was flushed by its own '\n' and did not arrive is known to ferror alone. */
    return fflush(stdout) == 0 && !ferror(stdout) ? TOOL_OK : TOOL_FAILED;
}

json_t *tool_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int tool_json_line(const char *command, json_t *object)
{
    if (object == NULL)
        return tool_fail(command,
                         "a result can't be written as JSON: there is no memory, or a name "
                         "is not UTF-8");
    /* 9 digits carry any float, and 0.8912 stays 0.8912. */
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    putchar('\n');
    return tool_flush();
}
