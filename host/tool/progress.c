/*
 * The progress bar. It is drawn on stderr over itself, at most ten times a second, and fits the
 * width that the terminal has at that moment:
 *
 *     epoch 3/10 [===========>              ]  45%   11,873 images/s   loss 0.4132   31 s left
 */
#include "progress.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    USUAL_WIDTH = 80,
    WIDEST_BAR = 40,
    LINE_SIZE = 256,
    /* Columns left free: one because a full last column would wrap, two for the "^C" of an
     * interrupt, which would otherwise start a line of its own. */
    SPARE = 3,
    /* Before that, the pace says more about building kernels than about training. */
    STEPS_TO_JUDGE = 10
};
static const double redraw_seconds = 0.1;

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col;
}

void progress_start(progress_bar *bar, int epochs, int batch)
{
    const char *terminal = getenv("TERM");
    bool can_redraw = terminal != NULL && strcmp(terminal, "dumb") != 0;
    *bar = (progress_bar){
        .shown = can_redraw && isatty(STDERR_FILENO), .epochs = epochs, .batch = batch, .last = -1};
}

/* Training that is left in the whole run, at the pace so far. */
static double seconds_left(const progress_bar *bar, const clcnn_progress *now)
{
    double steps = (double)(bar->epochs - now->epoch) * now->steps + (now->steps - now->step);
    return steps * bar->batch / now->images_per_second;
}

/* What is known by now, behind the bar. */
static void describe(char text[LINE_SIZE], const progress_bar *bar, const clcnn_progress *now)
{
    char rate[TOOL_TEXT_SIZE * 2] = "", loss[TOOL_TEXT_SIZE] = "", left[TOOL_TEXT_SIZE * 2] = "";
    char number[TOOL_TEXT_SIZE];
    if (isfinite(now->loss))
        snprintf(loss, sizeof loss, "   loss %.4f", now->loss);
    if (now->step >= STEPS_TO_JUDGE && now->images_per_second >= 1) {
        snprintf(rate, sizeof rate, "   %s images/s",
                 tool_grouped(number, (uint64_t)now->images_per_second));
        snprintf(left, sizeof left, "   %s left", tool_duration(number, seconds_left(bar, now)));
    }
    snprintf(text, LINE_SIZE, " %3d%%%s%s%s", now->steps > 0 ? 100 * now->step / now->steps : 0,
             rate, loss, left);
}

void progress_draw(progress_bar *bar, const clcnn_progress *now)
{
    if (!bar->shown)
        return;
    double time = now_seconds();
    if (bar->last >= 0 && time - bar->last < redraw_seconds)
        return;
    bar->last = time;
    bar->drawn = true;

    char head[TOOL_TEXT_SIZE], tail[LINE_SIZE], middle[WIDEST_BAR + 1];
    snprintf(head, sizeof head, "epoch %d/%d ", now->epoch, bar->epochs);
    describe(tail, bar, now);
    int width = terminal_width() - SPARE;
    int room = width - (int)strlen(head) - (int)strlen(tail) - 2;
    int cells = room > WIDEST_BAR ? WIDEST_BAR : room;
    if (cells < 4) { /* a narrow terminal gets the words alone, as many as fit */
        char line[LINE_SIZE + TOOL_TEXT_SIZE];
        snprintf(line, sizeof line, "%s%s", head, tail);
        fprintf(stderr, "\r%.*s\033[K", width, line);
    } else {
        int done = now->steps > 0 ? (int)((long)cells * now->step / now->steps) : 0;
        memset(middle, '=', (size_t)done);
        memset(middle + done, ' ', (size_t)(cells - done));
        if (done < cells)
            middle[done] = '>';
        middle[cells] = '\0';
        fprintf(stderr, "\r%s[%s]%s\033[K", head, middle, tail);
    }
    fflush(stderr);
}

void progress_clear(progress_bar *bar)
{
    if (!bar->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    bar->drawn = false;
}
