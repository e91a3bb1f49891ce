/* What was found, as a file that CLCNN_TUNE may name: for this device alone, an operation's rows
 * after its line `op`, and beside each row what it is worth. */
#include "tuning.h"

#include "file.h"

#include <stdlib.h>
#include <string.h>

bool tuning_row_faster(const tuning_result *r)
{
    return memcmp(r->before.values, r->after.values, sizeof r->before.values) != 0;
}

static void print_row(FILE *to, const tuning_result *r)
{
    char before[TUNING_TEXT], header[TUNING_TEXT], after[TUNING_TEXT];
    tuning_row_values(&r->before, before);
    tuning_row_header(&r->after, header);
    tuning_row_values(&r->after, after);
    fprintf(to, "# in place of: %s\n", before);
    if (tuning_row_faster(r))
        fprintf(to, "# %.2f times as fast: %d problems, %d rounds; %d candidates, %d rejected\n",
                r->ratio.value, r->ratio.problems, r->ratio.rounds, r->candidates, r->rejected);
    if (r->before.use != r->after.use)
        fprintf(to, "# use: %.2f times as fast as %s\n", r->choice, r->other);
    fprintf(to, "%s\n%s\n", header, after);
}

static void print_op(FILE *to, const char *op, const tuning_result *results, int count)
{
    bool first = true;
    for (int i = 0; i < count; i++) {
        if (strcmp(results[i].class->op, op) != 0 ||
            tuning_row_equal(&results[i].before, &results[i].after))
            continue;
        if (first)
            fprintf(to, "\nop %s\n", op);
        first = false;
        print_row(to, &results[i]);
    }
}

char *tuning_report(const clcnn_device_info *info, const tuning_result *results, int count,
                    const char *heading)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    fprintf(to, "%s\ndevice %s\n", heading, info->name);
    for (int i = 0; i < count; i++) {
        bool seen = false;
        for (int j = 0; j < i; j++)
            seen |= strcmp(results[j].class->op, results[i].class->op) == 0;
        if (!seen)
            print_op(to, results[i].class->op, results, count);
    }
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

clcnn_status tuning_write(const char *path, const char *text, clcnn_error *error)
{
    const clcnn__piece piece = {text, strlen(text)};
    return clcnn__file_replace(path, &piece, 1, error);
}
