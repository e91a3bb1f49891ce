/*
 * Bars by gnuplot, through a pipe: one picture for each unit, a group of bars for each case, and a
 * mark where the device's ceiling is.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

bool bench_can_plot(void)
{
    const int status = system("gnuplot --version >/dev/null 2>&1");
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static size_t count_of(const bench_plot *plot, bench_unit unit)
{
    size_t count = 0;
    for (size_t i = 0; i < plot->count; i++)
        count += plot->bars[i].unit == unit;
    return count;
}

/* A string of gnuplot's: in it a quotation mark and a backslash are written twice or escaped. */
static void write_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', to);
        if ((unsigned char)*text >= ' ')
            fputc(*text, to);
    }
    fputc('"', to);
}

static void write_data(FILE *to, const bench_plot *plot, bench_unit unit)
{
    fprintf(to, "$data%d << END\n", (int)unit);
    for (size_t i = 0; i < plot->count; i++) {
        const bench_bar *bar = &plot->bars[i];
        if (bar->unit != unit)
            continue;
        write_text(to, bar->label);
        for (size_t j = 0; plot->names[j] != NULL; j++)
            if (bar->rates[j] > 0)
                fprintf(to, " %.9g", bar->rates[j]);
            else
                fprintf(to, " ?");
        if (bar->ceiling > 0)
            fprintf(to, " %.9g\n", bar->ceiling);
        else
            fprintf(to, " ?\n");
    }
    fprintf(to, "END\n");
}

/* Whether anybody's rate (or, for the number behind the last name, the ceiling) is known. */
static bool has_column(const bench_plot *plot, bench_unit unit, size_t column, size_t names)
{
    for (size_t i = 0; i < plot->count; i++) {
        const bench_bar *bar = &plot->bars[i];
        const double value = column < names ? bar->rates[column] : bar->ceiling;
        if (bar->unit == unit && value > 0)
            return true;
    }
    return false;
}

static void write_picture(FILE *to, const bench_plot *plot, bench_unit unit)
{
    size_t names = 0;
    while (plot->names[names] != NULL)
        names++;
    fprintf(to, "set ylabel \"%s\"\n", bench_unit_names[unit]);
    const char *separator = "plot ";
    for (size_t i = 0; i < names; i++) {
        if (!has_column(plot, unit, i, names))
            continue;
        fprintf(to, "%s$data%d using %zu:xtic(1) with histograms linetype %zu title ", separator,
                (int)unit, i + 2, i + 1);
        write_text(to, plot->names[i]);
        separator = ", ";
    }
    if (has_column(plot, unit, names, names))
        fprintf(to,
                "%s$data%d using 0:%zu with points pointtype 2 linecolor \"black\" "
                "title \"ceiling\"",
                separator, (int)unit, names + 2);
    fputc('\n', to);
}

static void write_script(FILE *to, const bench_plot *plot, const char *path)
{
    static const bench_unit units[] = {BENCH_GFLOPS, BENCH_GBS, BENCH_IMAGES};
    size_t widest = 0, pictures = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t count = count_of(plot, units[i]);
        widest = count > widest ? count : widest;
        pictures += count > 0;
    }
    fprintf(to, "set terminal svg size %zu,%zu dynamic background \"white\"\n", 300 + 60 * widest,
            480 * pictures);
    fprintf(to, "set output ");
    write_text(to, path);
    fprintf(to, "\nset datafile missing \"?\"\nset style fill solid 0.8 border -1\n"
                "set style histogram clustered gap 1\nset boxwidth 0.9\nset yrange [0:*]\n"
                "set grid ytics\nset xtics rotate by -45 noenhanced\nset key outside noenhanced\n");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (count_of(plot, units[i]) > 0)
            write_data(to, plot, units[i]);
    fprintf(to, "set multiplot layout %zu,1 title ", pictures);
    write_text(to, plot->title);
    fprintf(to, " noenhanced\n");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (count_of(plot, units[i]) > 0)
            write_picture(to, plot, units[i]);
    fprintf(to, "unset multiplot\n");
}

bool bench_plot_write(const bench_plot *plot, const char *path, char *why, size_t size)
{
    FILE *gnuplot = popen("gnuplot", "w");
    if (gnuplot == NULL) {
        snprintf(why, size, "gnuplot can't be started");
        return false;
    }
    write_script(gnuplot, plot, path);
    const int status = pclose(gnuplot);
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(why, size, "gnuplot failed (see above)");
        return false;
    }
    return true;
}
