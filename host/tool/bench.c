/*
 * clcnn bench: how fast the operations are on a device, beside what the device can do at all and
 * what others make of the same cases. Everybody takes turns, round by round, because the speed of a
 * machine drifts; and only one works at a time.
 */
#include "bench_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const command = "bench";

enum { MOST_PEERS = 10, MOST = 24 /* contestants of a case */, MOST_RESULTS = 256 };
enum { ROUNDS = 5 }; /* the defaults */
static const double SECONDS = 0.05;

typedef struct bench_run {
    const char *suite, *case_name, *device, *peers, *plot, *algo; /* options */
    int rounds;
    double seconds;
    bool json, profile;
    clcnn_ctx *ctx;
    bench_probe *probe;
    bench_contestant others[MOST_PEERS]; /* the peers, as they stand in every case */
    bench_score scores[MOST_PEERS];
    int other_count;
    bool all_peers;
    int code; /* TOOL_FAILED as soon as something that was asked for could not be measured */
    bench_bar bars[MOST_RESULTS];
    double rates[MOST_RESULTS][MOST_PEERS + 1];
    char labels[MOST_RESULTS][128];
    size_t bar_count;
} bench_run;

/* ---- What is asked for -------------------------------------------------------------------------
 */

/* "a, b, c" of the names that `next` gives one after the other, until NULL. */
static void list_names(char *text, size_t size, const char *(*name_at)(int))
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; name_at(i) != NULL && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", name_at(i));
}

static const char *suite_at(int i)
{
    return bench_suites[i];
}

static const char *case_at(int i)
{
    return bench_cases[i].name;
}

static const char *peer_at(int i)
{
    return bench_peer_kinds[i].name;
}

static int unknown(const char *option, const char *what, const char *got,
                   const char *(*name_at)(int))
{
    char names[2048];
    list_names(names, sizeof names, name_at);
    return tool_usage(command, "--%s: there is no %s '%s'; known are %s", option, what, got, names);
}

static bool is_known(const char *name, const char *(*name_at)(int))
{
    for (int i = 0; name_at(i) != NULL; i++)
        if (strcmp(name_at(i), name) == 0)
            return true;
    return false;
}

static bool is_algo(const char *name)
{
    for (const bench_way *way = bench_ways; way->op != NULL; way++)
        for (const clcnn_algo *algo = clcnn_algos(way->op); algo->name != NULL; algo++)
            if (strcmp(algo->name, name) == 0)
                return true;
    return strcmp(name, "all") == 0;
}

static int check_names(const bench_run *run)
{
    if (!is_known(run->suite, suite_at))
        return unknown("suite", "suite", run->suite, suite_at);
    if (run->case_name != NULL && bench_case_find(run->case_name) == NULL)
        return unknown("case", "case", run->case_name, case_at);
    if (run->algo != NULL && !is_algo(run->algo))
        return tool_usage(command, "--algo: no operation has an algorithm '%s'", run->algo);
    return TOOL_OK;
}

/* Tries before anything is measured what would be a pity to fail afterwards. */
static int check_plot(const bench_run *run)
{
    if (run->plot == NULL)
        return TOOL_OK;
    const int code = tool_check_out(command, "plot", run->plot);
    if (code != TOOL_OK)
        return code;
    if (!bench_can_plot())
        return tool_fail(command, "--plot needs gnuplot, which is not installed");
    return TOOL_OK;
}

/* ---- Peers -------------------------------------------------------------------------------------
 */

static void start_peer(bench_run *run, const bench_peer_kind *kind)
{
    bench_contestant *who = &run->others[run->other_count];
    char why[1024] = "";
    *who = (bench_contestant){.peer = kind->name, .device = "", .version = "", .checksum = NAN};
    run->scores[run->other_count++] = (bench_score){.peer = kind->name};
    who->program = bench_peer_start(kind, why, sizeof why);
    if (who->program != NULL) {
        who->device = bench_peer_device(who->program);
        who->version = bench_peer_version(who->program);
        tool_print(stderr, "peer     %s: %s, %s\n", kind->name, who->version, who->device);
        return;
    }
    snprintf(who->note, sizeof who->note, "missing: %s", why);
    tool_fail(command, "peer %s is missing: %s", kind->name, why);
    if (!run->all_peers)
        run->code = TOOL_FAILED;
}

static bool is_listed(const bench_run *run, const char *name)
{
    for (int i = 0; i < run->other_count; i++)
        if (strcmp(run->others[i].peer, name) == 0)
            return true;
    return false;
}

static const bench_peer_kind *kind_of(const char *name)
{
    const bench_peer_kind *kind = bench_peer_kinds;
    while (kind->name != NULL && strcmp(kind->name, name) != 0)
        kind++;
    return kind->name != NULL ? kind : NULL;
}

/* The list is read twice: names first, and nothing is started if one of them is wrong. */
static int each_peer(bench_run *run, bool start)
{
    for (const char *at = run->peers; at != NULL && *at != '\0';) {
        char name[64];
        const size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        at += length + (at[length] == ',');
        const bool all = strcmp(name, "all") == 0;
        if (!all && kind_of(name) == NULL)
            return unknown("peers", "peer", name, peer_at);
        run->all_peers = all;
        for (const bench_peer_kind *kind = bench_peer_kinds; start && kind->name != NULL; kind++)
            if ((all || strcmp(kind->name, name) == 0) && !is_listed(run, kind->name))
                start_peer(run, kind);
    }
    return TOOL_OK;
}

/* ---- One case in one direction -----------------------------------------------------------------
 */

static void note_error(bench_run *run, bench_contestant *who, const clcnn_error *error)
{
    snprintf(who->note, sizeof who->note, "%s", error->message);
    if (error->status != CLCNN_UNSUPPORTED || run->algo != NULL) {
        tool_report(command, error);
        run->code = TOOL_FAILED;
    }
}

/* One of ours, if the device and the operation have it. What nobody asked for by name is left out
 * where it is not to be had: packed weights, and one of `all` algorithms. */
static void add_ours(bench_run *run, bench_result *r, const bench_request *request)
{
    bench_contestant *who = &r->contestants[r->count];
    clcnn_error error = {0};
    *who = (bench_contestant){.algo = request->algo,
                              .packed = request->packed,
                              .device = clcnn_ctx_device_info(run->ctx)->name,
                              .version = clcnn_version(),
                              .checksum = NAN};
    clcnn_status status = bench_subject_create(request, &who->subject, &error);
    const bool asked = !request->packed && (run->algo == NULL || strcmp(run->algo, "all") != 0);
    if (status == CLCNN_UNSUPPORTED && !asked)
        return;
    r->count++;
    if (status != CLCNN_SUCCESS) {
        note_error(run, who, &error);
        return;
    }
    snprintf(who->used, sizeof who->used, "%s", who->subject->algo);
}

static void add_contestants(bench_run *run, bench_result *r, const bench_way *way)
{
    bench_request request = {
        .ctx = run->ctx, .c = r->c, .way = way, .direction = r->direction, .algo = run->algo};
    if (run->algo != NULL && strcmp(run->algo, "all") == 0 && way != NULL) {
        for (const clcnn_algo *algo = clcnn_algos(way->op); algo->name != NULL; algo++) {
            request.algo = algo->name;
            add_ours(run, r, &request);
        }
    } else {
        add_ours(run, r, &request);
        request.packed = true;
        if (way != NULL && way->packs)
            add_ours(run, r, &request);
    }
    for (int i = 0; i < run->other_count; i++)
        r->contestants[r->count++] = run->others[i];
}

static void ours_turn(bench_run *run, bench_contestant *who)
{
    clcnn_error error = {0};
    double ms = 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (who->samples.count == 0 && who->subject->checksum != NULL) {
        status = who->subject->run(who->subject, 1, &error);
        if (status == CLCNN_SUCCESS)
            status = who->subject->checksum(who->subject, &who->checksum, &error);
    }
    if (status == CLCNN_SUCCESS)
        status = bench_sample(who->subject, run->seconds, &ms, &error);
    if (status == CLCNN_SUCCESS)
        bench_add(&who->samples, ms);
    else
        note_error(run, who, &error);
}

static void peers_turn(bench_run *run, bench_result *r, bench_contestant *who)
{
    bench_answer answer;
    const bool there = bench_peer_ask(who->program, r->c, r->direction, run->seconds, &answer);
    if (answer.ms > 0) {
        bench_add(&who->samples, answer.ms);
        snprintf(who->used, sizeof who->used, "%s", answer.algo);
        who->checksum = answer.checksum;
        return;
    }
    snprintf(who->note, sizeof who->note, "%s", answer.note);
    if (there)
        return;
    tool_fail(command, "peer %s, %s %s: %s", who->peer, r->c->name, r->direction, answer.note);
    run->code = TOOL_FAILED;
    for (int i = 0; i < run->other_count; i++)
        if (run->others[i].program == who->program) {
            bench_peer_end(who->program);
            snprintf(run->others[i].note, sizeof run->others[i].note, "%s", answer.note);
            run->others[i].program = NULL;
            run->others[i].device = run->others[i].version = "";
        }
    who->program = NULL;
    who->device = who->version = "";
}

static void take_turns(bench_run *run, bench_result *r)
{
    for (int i = 0; i < r->count; i++) {
        bench_contestant *who = &r->contestants[i];
        if (who->note[0] != '\0' || bench_is_slow(&who->samples))
            continue;
        if (who->subject != NULL)
            ours_turn(run, who);
        else if (who->program != NULL)
            peers_turn(run, r, who);
    }
}

static clcnn_status probe(bench_run *run, const bench_work *work, bench_samples *ceilings,
                          clcnn_error *error)
{
    double gflops = 0, gbs = 0;
    clcnn_status status = bench_probe_peak(run->probe, &gflops, error);
    if (status == CLCNN_SUCCESS)
        status = bench_probe_copy(run->probe, work->bytes, &gbs, error);
    if (status == CLCNN_SUCCESS)
        bench_add(ceilings, bench_ceiling(work, gflops, gbs));
    return status;
}

static void disqualify(bench_run *run, const bench_result *r, bench_contestant *who)
{
    tool_fail(command, "%s, %s %s: %s", who->peer != NULL ? who->peer : who->used, r->c->name,
              r->direction, who->note);
    who->samples.count = 0;
    run->code = TOOL_FAILED;
}

/* Speed counts only where the result is right: whoever differs from us has no time. Integers are
 * computed, so that there is one right result; what our sums are from integers is rounding, and
 * must stay small. */
static void compare_results(bench_run *run, bench_result *r)
{
    const double ours = r->contestants[0].checksum;
    for (int i = 0; i < r->count; i++) {
        bench_contestant *who = &r->contestants[i];
        if (who->subject == NULL || who->subject->off <= BENCH_OFF)
            continue;
        snprintf(who->note, sizeof who->note, "a result is %g from the nearest integer",
                 who->subject->off);
        disqualify(run, r, who);
    }
    if (isnan(ours) || r->c->rounded)
        return;
    for (int i = 1; i < r->count; i++) {
        bench_contestant *who = &r->contestants[i];
        if (isnan(who->checksum) || (who->checksum <= ours && who->checksum >= ours))
            continue;
        snprintf(who->note, sizeof who->note, "other results than ours: checksum %.17g, not %.17g",
                 who->checksum, ours);
        disqualify(run, r, who);
    }
}

static void keep_for_plot(bench_run *run, bench_result *r)
{
    if (run->plot == NULL || run->bar_count == MOST_RESULTS)
        return;
    const size_t at = run->bar_count++;
    snprintf(run->labels[at], sizeof run->labels[at], "%s %s", r->c->name, r->direction);
    run->bars[at] = (bench_bar){.label = run->labels[at],
                                .unit = bench_unit_of(&r->work),
                                .ceiling = r->ceiling,
                                .rates = run->rates[at]};
    for (int i = 0; i <= run->other_count; i++) {
        bench_contestant *who = &r->contestants[i == 0 ? 0 : r->count - run->other_count + i - 1];
        if (who->samples.count > 0)
            run->rates[at][i] = bench_rate(&r->work, bench_summarise(&who->samples).median);
    }
}

/* No measurement, but where the time goes. */
static int profile_direction(bench_run *run, const bench_case *c, const char *direction)
{
    const bench_request request = {.ctx = run->ctx,
                                   .c = c,
                                   .way = bench_way_find(c->op, direction),
                                   .direction = direction,
                                   .algo = run->algo};
    bench_profile profile;
    clcnn_error error = {0};
    if (bench_profile_run(&request, &profile, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    bench_print_profile(c, direction, &profile);
    return TOOL_OK;
}

static int run_direction(bench_run *run, const bench_case *c, const char *direction)
{
    if (run->profile)
        return profile_direction(run, c, direction);
    static bench_contestant contestants[MOST];
    const bench_way *way = bench_way_find(c->op, direction);
    bench_result r = {.c = c,
                      .direction = direction,
                      .work = bench_work_of(c, way),
                      .on_host = clcnn_ctx_device_info(run->ctx)->type & CL_DEVICE_TYPE_CPU,
                      .contestants = contestants};
    bench_samples ceilings = {0};
    clcnn_error error = {0};
    add_contestants(run, &r, way);
    clcnn_status status = CLCNN_SUCCESS;
    for (int round = 0; round < run->rounds && status == CLCNN_SUCCESS; round++) {
        status = probe(run, &r.work, &ceilings, &error);
        if (status == CLCNN_SUCCESS)
            take_turns(run, &r);
    }
    int code = status == CLCNN_SUCCESS ? TOOL_OK : tool_report(command, &error);
    if (code == TOOL_OK) {
        r.ceiling = bench_summarise(&ceilings).median;
        compare_results(run, &r);
        keep_for_plot(run, &r);
        code = bench_print_result(command, &r, run->json);
    }
    for (int i = 0; i < run->other_count; i++) {
        const double speedup = bench_speedup(&r, r.count - run->other_count + i);
        if (speedup > 0)
            bench_score_add(&run->scores[i], speedup, &r);
    }
    for (int i = 0; i < r.count; i++)
        bench_subject_destroy(r.contestants[i].subject);
    return code;
}

/* ---- All of it ---------------------------------------------------------------------------------
 */

static int run_case(bench_run *run, const bench_case *c)
{
    static const char *const of_networks[] = {"training", "inference", NULL};
    int code = TOOL_OK;
    for (const bench_way *way = bench_ways; way->op != NULL && code == TOOL_OK; way++)
        if (strcmp(way->op, c->op) == 0 && (c->only == NULL || !strcmp(c->only, way->direction)))
            code = run_direction(run, c, way->direction);
    for (int i = 0; c->images > 0 && of_networks[i] != NULL && code == TOOL_OK; i++)
        code = run_direction(run, c, of_networks[i]);
    return code;
}

static int run_cases(bench_run *run)
{
    int code = TOOL_OK;
    if (!run->json && !run->profile)
        bench_print_header();
    for (const bench_case *c = bench_cases; c->name != NULL && code == TOOL_OK; c++) {
        const bool wanted = run->case_name != NULL ? strcmp(run->case_name, c->name) == 0
                                                   : bench_in_suite(c, run->suite);
        if (wanted)
            code = run_case(run, c);
    }
    return code;
}

static int draw(const bench_run *run)
{
    const char *names[MOST_PEERS + 2] = {"clcnn"};
    char why[256];
    for (int i = 0; i < run->other_count; i++)
        names[i + 1] = run->others[i].peer;
    const bench_plot plot = {.title = clcnn_ctx_device_info(run->ctx)->name,
                             .names = names,
                             .bars = run->bars,
                             .count = run->bar_count};
    if (!bench_plot_write(&plot, run->plot, why, sizeof why))
        return tool_fail(command, "--plot %s: %s", run->plot, why);
    return TOOL_OK;
}

static int measure(bench_run *run)
{
    clcnn_error error = {0};
    int code = tool_open_device(command, run->device, &run->ctx);
    if (code != TOOL_OK)
        return code;
    const clcnn_device_info *info = clcnn_ctx_device_info(run->ctx);
    char selector[TOOL_TEXT_SIZE];
    tool_print_device(stderr, info);
    snprintf(selector, sizeof selector, "%d:%d", info->platform_index, info->device_index);
    setenv("CLCNN_BENCH_DEVICE", selector, 1); /* for a peer that works on the same device */
    code = each_peer(run, true);
    if (code == TOOL_OK &&
        bench_probe_create(run->ctx, run->seconds, &run->probe, &error) != CLCNN_SUCCESS)
        code = tool_report(command, &error);
    if (code == TOOL_OK)
        code = run_cases(run);
    if (code == TOOL_OK && !run->json)
        bench_print_scores(run->scores, run->other_count);
    if (code == TOOL_OK && run->plot != NULL)
        code = draw(run);
    for (int i = 0; i < run->other_count; i++)
        bench_peer_end(run->others[i].program);
    bench_probe_destroy(run->probe);
    clcnn_ctx_destroy(run->ctx);
    return code == TOOL_OK ? run->code : code;
}

static const tool_doc doc = {
    .name = "bench",
    .usage = "[OPTION...]",
    .about = "Measures operations and networks on a device, beside what the device can do at all\n"
             "and what other libraries make of the same cases.\n",
    .details =
        "For each case and direction: the median of the samples in milliseconds, the best one\n"
        "and the spread between best and worst; GFLOP/s of convolutions, GB/s of what memory\n"
        "limits, images/s of networks; and which share that is of the ceiling, measured beside\n"
        "the case: the device's rate of multiply-adds and of a plain copy. Padding and packing\n"
        "that a call repeats are in its time; 'packed' has the weights packed once beforehand.\n"
        "\n"
        "The suite start measures none of that, but the seconds from opening the device to the\n"
        "end of LeNet-5's first training step, once with the driver's cache empty and once\n"
        "more, each in its own process (PoCL's, Mesa's and NVIDIA's caches are found; another\n"
        "driver may have both starts alike); then what is compiled for it, in a third process.\n"
        "\n"
        "Peers are programs of their own (folder CLCNN_PEERS). They take turns with clcnn and are "
        "stopped\n"
        "meanwhile. Their results must be equal to ours. Peers: cpu (our kernels on a CPU\n"
        "device), reference (scalar, in double), openblas, onednn, clblast, pytorch; and once\n"
        "scripts/peers.sh has fetched them: onednn-new, pytorch-new, onnxruntime.\n"
        "\n"
        "With --json: one object a line, with case, direction, ms, gflops, ceiling, algo,\n"
        "device, peer (absent for clcnn) and more; README.md of the sources' folder bench\n"
        "explains all of them.\n"
        "Exit codes: 0 all was measured, 1 something was not, 2 wrong usage.\n",
    .examples = "  clcnn bench --suite conv --peers onednn,pytorch\n"
                "  clcnn bench --case vgg3_2 --algo all\n"
                "  clcnn bench --suite net --device gpu --peers cpu --json\n"
                "  clcnn bench --suite net --profile\n"
                "  clcnn bench --peers all --plot bench.svg\n"
                "  clcnn bench --suite start --device pocl\n",
};

int cmd_bench(int argc, char **argv)
{
    static bench_run run;
    run = (bench_run){.suite = "all", .rounds = ROUNDS, .seconds = SECONDS};
    tool_option options[] = {
        {"suite", "NAME", TOOL_TEXT, &run.suite, 0, 0,
         "conv, pool, norm, optim, net, all, growth, tiny or start", false},
        {"case", "NAME", TOOL_TEXT, &run.case_name, 0, 0, "this one alone, whatever its suite",
         false},
        {TOOL_DEVICE_OPTION(&run.device)},
        {"peers", "LIST", TOOL_TEXT, &run.peers, 0, 0,
         "names, separated by commas; all: those that are\ninstalled", false},
        {"algo", "NAME", TOOL_TEXT, &run.algo, 0, 0,
         "an algorithm of clcnn, or all that support the case;\nits own choice if left out", false},
        {"rounds", "N", TOOL_INT, &run.rounds, 1, BENCH_MAX_ROUNDS,
         "samples of each case; what takes seconds has one", false},
        {"seconds", "X", TOOL_RATE, &run.seconds, 0, 0, "that a sample takes at least", false},
        {"json", NULL, TOOL_FLAG, &run.json, 0, 0, "one JSON object a line", false},
        {"profile", NULL, TOOL_FLAG, &run.profile, 0, 0,
         "instead of measuring, show which kernels the time\nof one run goes to", false},
        {"plot", "FILE.svg", TOOL_TEXT, &run.plot, 0, 0, "draw bars, by gnuplot", false},
        {.name = NULL},
    };
    int code = tool_parse_options(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    code = check_names(&run);
    if (code == TOOL_OK && run.profile && (run.peers || run.plot || run.json))
        code = tool_usage(command, "--profile goes with none of --peers, --plot and --json");
    if (code == TOOL_OK && run.profile && run.algo && strcmp(run.algo, "all") == 0)
        code = tool_usage(command, "--profile takes one algorithm, not all");
    const bool start = run.case_name == NULL && strcmp(run.suite, "start") == 0;
    if (code == TOOL_OK && start &&
        (run.peers || run.algo || run.plot || run.profile || run.rounds != ROUNDS ||
         run.seconds != SECONDS))
        code = tool_usage(command, "--suite start goes with --device and --json alone");
    if (code == TOOL_OK && start)
        return bench_start_suite(run.device, run.json);
    if (code == TOOL_OK)
        code = each_peer(&run, false);
    if (code == TOOL_OK)
        code = check_plot(&run);
    return code == TOOL_OK ? measure(&run) : code;
}
