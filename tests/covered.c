/* The list of covered functions, and the symbols of a library as nm tells them. */
#include "covered.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COVERED = 256 };

static const char *covered[MAX_COVERED];
static int covered_count;

static int find(const char *name)
{
    int at = 0;
    while (at < covered_count && strcmp(covered[at], name) != 0)
        at++;
    return at;
}

void cover(const char *name)
{
    if (find(name) == covered_count &&
        CHECK(covered_count < MAX_COVERED, "the list of covered functions is full"))
        covered[covered_count++] = name;
}

void check_all_covered(const char *library, const char *test)
{
    char command[4096], line[512], symbol[256];
    bool seen[MAX_COVERED] = {false};
    int exported = 0;
    snprintf(command, sizeof command, "env -u LD_PRELOAD nm -D --defined-only '%s'", library);
    FILE *nm = popen(command, "r");
    while (nm && fgets(line, sizeof line, nm)) {
        if (sscanf(line, "%*s %*s %255s", symbol) != 1)
            continue;
        symbol[strcspn(symbol, "@")] = '\0';
        exported++;
        const int at = find(symbol);
        if (CHECK(at < covered_count, "%s has no rows in tests/%s", symbol, test))
            seen[at] = true;
    }
    CHECK(nm && pclose(nm) == 0 && exported > 0, "nm can't list the symbols of %s", library);
    for (int i = 0; i < covered_count; i++)
        CHECK(seen[i], "%s is tested but not exported", covered[i]);
}
