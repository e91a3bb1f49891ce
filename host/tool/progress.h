/*
 * The progress of a training run, for people: a bar that is redrawn in place on a terminal,
 * nothing elsewhere.
 */
#ifndef CLCNN_PROGRESS_H
#define CLCNN_PROGRESS_H

#include "clcnn_net.h"

#include <stdbool.h>

typedef struct progress_bar {
    bool shown;  /* stderr is a terminal that can redraw a line */
    bool drawn;  /* there is a bar on the screen now */
    int epochs;  /* of the whole run */
    int batch;   /* images a step */
    double last; /* when it was drawn, seconds */
} progress_bar;

void progress_start(progress_bar *bar, int epochs, int batch);
/* Draws the bar, at most ten times a second. */
void progress_draw(progress_bar *bar, const clcnn_progress *now);
/* Takes the bar off the screen; to be called before anything else is printed. */
void progress_clear(progress_bar *bar);

#endif
