/*
 * A folder of its own for a test program's files, in TMPDIR or /tmp, removed at its end. All names
 * are relative to it. What goes wrong here is a failed check.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the folder and takes it away again, with the files in it. */
void scratch_begin(void);
void scratch_end(void);
/* "FOLDER/NAME"; valid for the next eight calls. */
const char *scratch_path(const char *name);
/* Writes a file, without any care for crashes. */
void scratch_write(const char *name, const void *data, size_t size);
/* A whole file, with a zero byte after it; NULL when there is none. To be freed. */
unsigned char *scratch_read(const char *name, size_t *size);
/* Whether a file holds exactly these bytes. */
bool scratch_equals(const char *name, const void *data, size_t size);
void scratch_remove(const char *name);
/* Files and folders in it. */
int scratch_count(void);
/* Descriptors that this process has open. */
int scratch_descriptors(void);

#endif
