#!/usr/bin/env python3
"""Tests of the command clcnn bench and of its peers:

    python3 tests/bench.py BUILD/clcnn [unittest's own options]

Nothing here depends on how fast anything is. The cases are those of the suite `tiny`; peers that
have to misbehave are small programs that are made here. Needs Python's standard library alone.
"""

import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

TOOL = None
TEMP = None
KEYS = ["case", "direction", "ms", "gflops", "ceiling", "algo", "device"]
QUICK = ["--rounds", "1", "--seconds", "0.0005"]
CONV = ["forward", "backward_data", "backward_weights"]


def run(*args, timeout=250, **env):
    """Runs clcnn bench; returns (exit code, stdout, stderr)."""
    done = subprocess.run([TOOL, "bench", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, timeout=timeout,
                          env=dict(os.environ, **env))
    return done.returncode, done.stdout, done.stderr


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def peers_folder():
    return os.path.join(os.path.dirname(os.path.abspath(TOOL)), "bench", "peers")


def program(name, folder, text):
    """A program that is found as the peer `name` (or as gnuplot) in a folder of its own."""
    folder = os.path.join(TEMP, folder)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return folder


def fake_peer(folder, body):
    """A peer in Python: `body` sees a case as the dictionary d and sets the dictionary `out`."""
    return program("openblas", folder, "#!%s\n" % sys.executable + """
import json, os, sys, threading, time
def say(**line):
    print(json.dumps(line), flush=True)
say(peer="openblas", version="fake 1", device="CPU, 0 threads")
beats, answered = [], None
def beat():
    while True:
        beats.append(time.monotonic())
        time.sleep(0.001)
threading.Thread(target=beat, daemon=True).start()
for line in sys.stdin:
    d, out = json.loads(line), {}
""" + "".join("    %s\n" % row for row in body.splitlines()) + """
    say(**out)
    answered = time.monotonic()
""")


class Results(unittest.TestCase):
    """What the lines of JSON say, and that it fits together."""

    tiny = None

    @classmethod
    def setUpClass(cls):
        code, out, err = run("--suite", "tiny", "--json", *QUICK)
        if code != 0:
            raise AssertionError(err)
        cls.tiny = lines(out)

    def of(self, case, direction):
        found = [r for r in self.tiny if r["case"] == case and r["direction"] == direction
                 and "packed" not in r]
        self.assertEqual(len(found), 1, (case, direction))
        return found[0]

    def test_keys_and_values(self):
        for r in self.tiny:
            self.assertEqual(list(r)[:len(KEYS)], KEYS)
            self.assertNotIn("peer", r)
            self.assertGreater(r["ms"], 0, r)
            self.assertTrue(r["best_ms"] <= r["ms"] <= r["worst_ms"], r)
            self.assertTrue(r["algo"] and r["device"], r)
            self.assertEqual(r["samples"], 1)
            rates = {"GFLOP/s": "gflops", "GB/s": "gbs", "images/s": "images_per_second"}
            for unit, key in rates.items():
                if unit == r["unit"]:
                    self.assertGreater(r[key], 0, r)
                else:
                    self.assertIsNone(r[key], r)
            if r["unit"] == "images/s":
                self.assertIsNone(r["ceiling"])
            else:
                rate = r[rates[r["unit"]]]
                self.assertAlmostEqual(r["share"], rate / r["ceiling"], delta=1e-6 * r["share"])

    def test_time_and_rate_are_the_work_of_the_case(self):
        floats = lambda *counts: 4 * sum(counts)
        flop = {"tiny_conv": 2 * 2 * 4 * 9 * 9 * 3 * 3 * 3,  # n k p q, c r s
                "tiny_groups": 2 * 1 * 4 * 5 * 5 * 3 * 3 * 3}
        for case, work in flop.items():
            for direction in CONV:
                r = self.of(case, direction)
                self.assertAlmostEqual(r["ms"] * 1e6 * r["gflops"], work, delta=1e-6 * work)
        moved = {("tiny_maxpool", "forward"): floats(2 * 3 * 81, 2 * 3 * 25, 2 * 3 * 25),
                 ("tiny_maxpool", "backward_data"): floats(2 * 3 * 81, 2 * 3 * 25, 2 * 3 * 25),
                 ("tiny_avgpool", "forward"): floats(2 * 3 * 81, 2 * 3 * 25),
                 ("tiny_global_avgpool", "forward"): floats(2 * 3 * 20, 2 * 3),
                 ("tiny_batchnorm", "forward"): floats(3 * 120),
                 ("tiny_batchnorm", "backward_data"): floats(5 * 120),
                 ("tiny_batchnorm_inference", "forward"): floats(2 * 120),
                 ("tiny_layernorm", "backward_data"): floats(3 * 60),
                 ("tiny_relu", "forward"): floats(200), ("tiny_gelu", "backward_data"): floats(300),
                 ("tiny_add", "forward"): floats(3 * 96), ("tiny_softmax", "forward"): floats(80),
                 ("tiny_dropout", "backward_data"): floats(200), ("tiny_sgd", "forward"): floats(500),
                 ("tiny_rmsprop", "forward"): floats(500), ("tiny_adam", "forward"): floats(700)}
        for (case, direction), work in moved.items():
            r = self.of(case, direction)
            self.assertAlmostEqual(r["ms"] * 1e6 * r["gbs"], work, delta=1e-6 * work, msg=case)
        for direction in "training", "inference":
            r = self.of("tiny_net", direction)
            self.assertAlmostEqual(r["ms"] / 1e3 * r["images_per_second"], 128, delta=1e-3)

    def test_checksums(self):
        """Those of the convolution as the formula has it, in plain Python."""
        once = lambda i, seed: i * 2654435761 + seed * 40503 & 0xffffffff
        again = lambda a: ((a ^ a >> 15) * 2246822519 & 0xffffffff) >> 16
        hashed = lambda i, seed: again(once(i, seed))
        tensor = lambda name, count: [hashed(i, ord(name[-1])) % 5 - 2 for i in range(count)]
        check = lambda values: sum(v * (hashed(i, 0) % 7 - 3) for i, v in enumerate(values))
        x, w, dy = tensor("x", 2 * 3 * 81), tensor("w", 4 * 3 * 9), tensor("dy", 2 * 4 * 81)
        y, dx, dw = [0] * len(dy), [0] * len(x), [0] * len(w)
        for n in range(2):
            for k in range(4):
                for at in range(81):
                    for c in range(3):
                        for tap in range(9):
                            row, column = at // 9 + tap // 3 - 1, at % 9 + tap % 3 - 1
                            if not (0 <= row < 9 and 0 <= column < 9):
                                continue
                            i = (n * 3 + c) * 81 + row * 9 + column
                            j, o = (k * 3 + c) * 9 + tap, (n * 4 + k) * 81 + at
                            y[o] += x[i] * w[j]
                            dx[i] += dy[o] * w[j]
                            dw[j] += dy[o] * x[i]
        for direction, values in zip(CONV, (y, dx, dw)):
            self.assertEqual(self.of("tiny_conv", direction)["checksum"], check(values), direction)

    def test_directions(self):
        found = {}
        for r in self.tiny:
            found.setdefault(r["case"], set()).add(r["direction"])
        both = {"forward", "backward_data"}
        for case in "maxpool", "avgpool", "global_avgpool", "batchnorm", "layernorm", "relu", \
                "gelu", "add", "softmax", "dropout":
            self.assertEqual(found.pop("tiny_" + case), both, case)
        for case in "batchnorm_inference", "sgd", "rmsprop", "adam":
            self.assertEqual(found.pop("tiny_" + case), {"forward"}, case)
        for case in "conv", "groups":
            self.assertEqual(found.pop("tiny_" + case), set(CONV), case)
        self.assertEqual(found, {"tiny_net": {"training", "inference"}})

    def test_packed_weights_stand_apart(self):
        """Where the algorithm packs them; never in place of the plain call."""
        for r in self.tiny:
            if "packed" in r:
                self.assertEqual((r["packed"], r["direction"]), (True, "forward"))
                plain = self.of(r["case"], "forward")
                self.assertEqual(r["checksum"], plain["checksum"])

    def test_algorithms(self):
        code, out, err = run("--case", "tiny_conv", "--algo", "all", "--json", *QUICK)
        self.assertEqual(code, 0, err)
        for direction in CONV:
            found = [r for r in lines(out) if r["direction"] == direction]
            names = [r["algo"] for r in found]
            self.assertIn("direct", names)
            self.assertEqual(len(names), len(set(names)))
            self.assertEqual(len({r["checksum"] for r in found}), 1, found)
            for r in found: # one alone rounds where a sum of integers does not
                self.assertLess(r.get("off", 0), 0.25 if r["algo"] == "winograd" else 1e-30, r)
        code, out, err = run("--case", "tiny_conv", "--algo", "direct", "--json", *QUICK)
        self.assertEqual(code, 0, err)
        self.assertEqual({r["algo"] for r in lines(out)}, {"direct"})

    def test_profile(self):
        code, out, err = run("--case", "tiny_batchnorm", "--profile")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"tiny_batchnorm, forward: [0-9.]+ ms, of these in kernels [0-9.]+")
        rows = [row.split() for row in out.splitlines() if row.startswith("    batchnorm")]
        launches = {row[0]: row[1] for row in rows}
        for kernel in ("moments", "statistics", "normalise", "gradients", "reduce",
                       "backward_data"):
            self.assertEqual(launches.get("batchnorm_direct_" + kernel), "1", out)
        if "pocl" in os.environ.get("OCL_ICD_VENDORS", ""):  # others' clocks may stand still so long
            self.assertGreater(sum(float(row[2]) for row in rows), 0, out)

    def test_profile_of_a_network(self):
        code, out, err = run("--case", "tiny_net", "--profile")
        self.assertEqual(code, 0, err)
        self.assertIn("tiny_net, training:", out)
        self.assertIn("adam_direct_step", out.split("tiny_net, inference:")[0])
        self.assertNotIn("adam_direct_step", out.split("tiny_net, inference:")[1])

    def test_profile_stands_alone(self):
        for option in (["--json"], ["--peers", "all"], ["--plot", "x.svg"], ["--algo", "all"]):
            code, out, err = run("--case", "tiny_relu", "--profile", *option)
            self.assertEqual((code, out), (2, ""), option)
            self.assertIn("--profile", err)

    def test_rounds(self):
        code, out, err = run("--case", "tiny_relu", "--rounds", "4", "--seconds", "0.0005", "--json")
        self.assertEqual(code, 0, err)
        self.assertEqual([r["samples"] for r in lines(out)], [4, 4])

    def test_table(self):
        code, out, err = run("--case", "tiny_add", "--peers", "reference", *QUICK)
        self.assertEqual(code, 0, err)
        for word in "median ms", "tiny_add", "backward_data", "clcnn", "reference", "GB/s", \
                "against reference":
            self.assertIn(word, out)
        self.assertIn("device ", err)


class Usage(unittest.TestCase):
    def refused(self, *args, expected):
        code, out, err = run(*args)
        self.assertEqual((code, out), (2, ""), err)
        for word in expected:
            self.assertIn(word, err)

    def test_names(self):
        self.refused("--suite", "nope", expected=["'nope'", "conv, pool, norm, optim, net, all"])
        self.refused("--case", "nope", expected=["'nope'", "lenet1", "vgg3_2", "adam", "tiny_conv"])
        self.refused("--algo", "nope", expected=["'nope'"])
        self.refused("--peers", "nope", expected=[
            "'nope'", "cpu, reference, openblas, onednn, clblast, pytorch"])
        self.refused("--peers", "cpu,nope", expected=["'nope'"])
        self.refused("--rounds", "0", expected=["--rounds"])
        self.refused("--seconds", "0", expected=["--seconds"])
        self.refused("extra", expected=["'extra'"])

    def test_start(self):
        code, out, err = run("--suite", "start", "--json")
        self.assertEqual(code, 0, err)
        found = lines(out)
        self.assertEqual([line["cache"] for line in found[:2]], ["empty", "warm"])
        self.assertTrue(all(line["seconds"] > 0 for line in found))
        programs = [line["program"] for line in found[2:] if line["kernel"] is None]
        kernels = [line for line in found[2:] if line["kernel"] is not None]
        self.assertIn("adam_direct", programs)
        self.assertGreaterEqual(len(kernels), len(programs))
        self.assertTrue(all(line["program"] in programs for line in kernels))

    def test_start_alone(self):
        """What start does not do is refused; without an OpenCL device it says so."""
        for more in ["--profile"], ["--peers", "cpu"], ["--algo", "direct"], ["--rounds", "3"], \
                    ["--plot", "x.svg"]:
            self.refused("--suite", "start", *more, expected=["--device and --json alone"])

    @unittest.skipIf(os.environ.get("CLCNN_TEST_DEVICE") == "rusticl",
                     "nothing of the device's: PoCL's start is interrupted, llvmpipe's takes half a "
                     "minute")
    def test_start_interrupted(self):
        """Ctrl-C in the middle leaves nothing behind."""
        folder = os.path.join(TEMP, "interrupted")
        os.mkdir(folder)
        process = subprocess.Popen([TOOL, "bench", "--suite", "start"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env=dict(os.environ, TMPDIR=folder))
        while not os.listdir(folder) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(os.listdir(folder), [])

    def test_case_alone(self):
        code, out, err = run("--case", "tiny_sgd", "--suite", "conv", "--json", *QUICK)
        self.assertEqual(code, 0, err)
        self.assertEqual([r["case"] for r in lines(out)], ["tiny_sgd"])

    def test_algorithm_that_an_operation_lacks(self):
        code, out, err = run("--case", "tiny_relu", "--algo", "gemm", "--json", *QUICK)
        self.assertEqual(code, 1)
        for r in lines(out):
            self.assertIsNone(r["ms"])
            self.assertIn("gemm", r["note"])
        self.assertIn("gemm", err)


class Peers(unittest.TestCase):
    def bench(self, peers, *args, case="tiny_conv", **env):
        code, out, err = run("--case", case, "--peers", peers, "--json", *(args or QUICK), **env)
        return code, lines(out), err

    def test_everybody_agrees(self):
        """All that were built, on the same integers; those that are missing are named."""
        for case in "tiny_conv", "tiny_maxpool", "tiny_relu", "tiny_add":
            code, found, err = self.bench("all", case=case)
            self.assertEqual(code, 0, err)
            ours = {r["direction"]: r for r in found
                    if "peer" not in r and "packed" not in r}
            for r in found:
                if "peer" in r:
                    self.agree(r, ours[r["direction"]], err)
            self.assertEqual({r["peer"] for r in found if "peer" in r},
                             {"cpu", "reference", "openblas", "onednn", "clblast", "pytorch",
                              "onednn-new", "pytorch-new", "onnxruntime"})

    def agree(self, r, ours, err):
        if r["ms"] is None:
            known = ["missing: ", "alone", "CLBlast", "PyTorch"]
            self.assertTrue(any(word in r["note"] for word in known), r)
            if r["note"].startswith("missing: "):
                self.assertIn("peer %s is missing" % r["peer"], err)
            return
        self.assertEqual(r["checksum"], ours["checksum"], r)
        self.assertAlmostEqual(r["speedup"], r["ms"] / ours["ms"], delta=1e-6 * r["speedup"])
        self.assertTrue(r["version"] and r["device"], r)

    def test_built_in_peers_are_there(self):
        code, found, err = self.bench("reference")
        self.assertEqual(code, 0, err)
        measured = [r for r in found if r.get("peer") == "reference"]
        self.assertEqual([r["direction"] for r in measured], CONV)
        for r in measured:
            self.assertGreater(r["ms"], 0)

    def test_networks(self):
        code, found, err = self.bench("cpu,reference", case="tiny_net")
        self.assertEqual(code, 0, err)
        for r in found:
            if r.get("peer") == "reference":
                self.assertIsNone(r["ms"])
                self.assertIn("network", r["note"])
            else:
                self.assertGreater(r["images_per_second"], 0)

    def test_missing(self):
        empty = os.path.join(TEMP, "empty")
        os.makedirs(empty, exist_ok=True)
        newer = "onednn-new", "pytorch-new", "onnxruntime"
        for peers, expected in ("onednn,clblast," + ",".join(newer), 1), ("all", 0):
            code, found, err = self.bench(peers, CLCNN_PEERS=empty)
            self.assertEqual(code, expected, err)
            for name, package in ("onednn", "libdnnl-dev"), ("clblast", "libclblast-dev"), \
                    *((name, "scripts/peers.sh") for name in newer):
                said = [row for row in err.splitlines() if "peer %s is missing" % name in row]
                self.assertEqual(len(said), 1, err)
                self.assertIn(package, said[0])
                absent = [r for r in found if r.get("peer") == name]
                self.assertEqual([r["direction"] for r in absent], CONV)
                for r in absent:
                    self.assertIsNone(r["ms"])
                    self.assertIn("missing", r["note"])

    def test_peer_that_says_it_is_missing(self):
        folder = program("pytorch", "says", "#!/bin/sh\necho '{\"missing\":\"no module\"}'\n")
        code, found, err = self.bench("pytorch", CLCNN_PEERS=folder)
        self.assertEqual(code, 1)
        self.assertIn("no module", err)
        self.assertIn("python3-torch", err)

    def test_silent_peer(self):
        folder = program("pytorch", "silent", "#!/bin/sh\nexit 3\n")
        code, found, err = self.bench("pytorch", CLCNN_PEERS=folder)
        self.assertEqual(code, 1)
        self.assertIn("without a word", err)

    def test_wrong_results_have_no_time(self):
        folder = fake_peer("wrong", 'out = {"ms": 0.001, "algo": "guess", "checksum": 12345}')
        code, found, err = self.bench("openblas", CLCNN_PEERS=folder)
        self.assertEqual(code, 1)
        for r in found:
            if "peer" in r:
                self.assertIsNone(r["ms"])
                self.assertIn("12345", r["note"])
        self.assertIn("12345", err)

    def test_peer_that_dies(self):
        folder = fake_peer("dies", 'if d["direction"] != "forward": os._exit(0)\n'
                                   'out = {"ms": 2.5, "algo": "known"}')
        code, found, err = self.bench("openblas", CLCNN_PEERS=folder)
        self.assertEqual(code, 1)
        measured = {r["direction"]: r for r in found if "peer" in r}
        self.assertEqual(measured["forward"]["ms"], 2.5)
        for direction in CONV[1:]:
            self.assertIsNone(measured[direction]["ms"])
            self.assertIn("ended without an answer", measured[direction]["note"])
        self.assertEqual({r["direction"] for r in found if "peer" not in r}, set(CONV))

    def test_answers_that_are_none(self):
        folder = fake_peer("odd", 'out = {"ms": -1} if d["direction"] == "forward" else {}')
        code, found, err = self.bench("openblas", CLCNN_PEERS=folder)
        for r in found:
            if "peer" in r:
                self.assertIsNone(r["ms"])
                self.assertIn("neither", r["note"])

    def test_median(self):
        folder = fake_peer("median", 'times = globals().setdefault("times", [9, 1, 5, 2, 30])\n'
                                     'out = {"ms": times.pop(0)}')
        code, found, err = self.bench("openblas", "--rounds", "5", "--seconds", "0.0005",
                                      case="tiny_sgd", CLCNN_PEERS=folder)
        self.assertEqual(code, 0, err)
        r = [r for r in found if "peer" in r][0]
        self.assertEqual((r["ms"], r["best_ms"], r["worst_ms"], r["samples"]), (5, 1, 30, 5))

    def test_slow_ones_are_asked_once(self):
        folder = fake_peer("slow", 'out = {"ms": 2500}')
        code, found, err = self.bench("openblas", "--rounds", "3", "--seconds", "0.0005",
                                      case="tiny_sgd", CLCNN_PEERS=folder)
        self.assertEqual([r["samples"] for r in found if "peer" in r], [1])

    def test_peers_are_stopped_between_their_turns(self):
        """A thread of the peer beats every millisecond; while others work it must not."""
        folder = fake_peer("beats", """
idle = [b for b in beats if answered is not None and b > answered]
out = {"ms": 1.0 + len(idle)}
""")
        code, found, err = self.bench("openblas", "--rounds", "3", "--seconds", "0.2",
                                      case="tiny_sgd", CLCNN_PEERS=folder)
        self.assertEqual(code, 0, err)
        beats = [r for r in found if "peer" in r][0]["worst_ms"] - 1
        # Two probes and our own turn take 600 beats at least; falling asleep may take some.
        self.assertLess(beats, 300)

    def test_case_on_the_line(self):
        folder = fake_peer("line", 'with open(os.environ["LINE"], "a") as f: f.write(line)\n'
                                   'out = {"ms": 1}')
        path = os.path.join(TEMP, "line.txt")
        code, found, err = self.bench("openblas", case="tiny_groups", CLCNN_PEERS=folder, LINE=path)
        self.assertEqual(code, 0, err)
        with open(path) as file:
            first = json.loads(file.readline())
        self.assertEqual(first, {
            "op": "conv2d", "direction": "forward", "seconds": 0.0005, "n": 1, "c": 6, "h": 11,
            "w": 11, "k": 4, "r": 3, "s": 3, "pad_top": 1, "pad_left": 1, "pad_bottom": 1,
            "pad_right": 1, "stride_h": 2, "stride_w": 2, "dilation_h": 2, "dilation_w": 2,
            "groups": 2, "activation": first["activation"]})


class Protocol(unittest.TestCase):
    def answers(self, *rows, name="reference"):
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        done = subprocess.run([os.path.join(peers_folder(), name)], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = lines(done.stdout)
        self.assertEqual(found[0]["peer"], name)
        self.assertEqual(len(found), 1 + len(rows), found)
        return found[1:]

    def test_lines_that_are_no_cases(self):
        good = {"op": "add", "direction": "forward", "seconds": 0.0005, "n": 1, "c": 2}
        found = self.answers(
            "nonsense", "[1]", {}, {"op": "add"}, dict(good, seconds=0), dict(good, direction="up"),
            dict(good, op="nope"), dict(good, n="one"), dict(good, n=1.5), dict(good, n=2**40),
            dict(good, n=-1), good)
        for answer in found[:-1]:
            self.assertEqual(list(answer), ["note"], answer)
        self.assertGreater(found[-1]["ms"], 0)

    def test_no_input(self):
        self.assertEqual(self.answers(), [])

    def named(self, command, name):
        done = subprocess.run(command, input="", text=True, stdout=subprocess.PIPE, timeout=100)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(lines(done.stdout)[0]["peer"], name)

    def test_a_newer_version_goes_by_its_program_s_name(self):
        folder = os.path.join(TEMP, "names")
        os.makedirs(folder)
        for name in "pytorch", "onednn":
            path = os.path.join(peers_folder(), name)
            newer = os.path.join(folder, name + "-new")
            if name == "onednn" and not os.path.exists(path):
                self.skipTest("libdnnl-dev is not installed")
            shutil.copy(path, newer)
            shutil.copy(os.path.join(peers_folder(), "peer.py"), folder)
            for program, expected in (path, name), (newer, name + "-new"):
                self.named([sys.executable, program] if name == "pytorch" else [program], expected)

    def test_pytorch_has_a_python(self):
        """CMake has written down one that is there."""
        with open(os.path.join(peers_folder(), "pytorch")) as file:
            python = file.readline().strip()
        self.assertTrue(python.startswith("#!/") and os.access(python[2:], os.X_OK), python)


class Plot(unittest.TestCase):
    def test_without_gnuplot(self):
        empty = os.path.join(TEMP, "no-programs")
        os.makedirs(empty, exist_ok=True)
        path = os.path.join(TEMP, "never.svg")
        code, out, err = run("--case", "tiny_add", "--plot", path, *QUICK, PATH=empty)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("gnuplot, which is not installed", err)
        self.assertFalse(os.path.exists(path))

    def test_script(self):
        """What gnuplot is told."""
        folder = program("gnuplot", "told", '#!/bin/sh\n[ "$1" = --version ] || cat >"$TOLD"\n')
        told = os.path.join(TEMP, "told.txt")
        path = os.path.join(TEMP, 'a "quoted" name.svg')
        code, out, err = run("--suite", "tiny", "--json", "--peers", "reference", "--plot", path,
                             *QUICK, PATH=folder + ":" + os.environ["PATH"], TOLD=told)
        self.assertEqual(code, 0, err)
        with open(told) as file:
            script = file.read()
        self.assertIn('a \\"quoted\\" name.svg', script)
        for unit in "GFLOP/s", "GB/s", "images/s":
            self.assertIn('set ylabel "%s"' % unit, script)
        rows = {row.split('"')[1]: row.split('"')[2].split() for row in script.splitlines()
                if row.startswith('"')}
        self.assertEqual(len(rows), len({(r["case"], r["direction"]) for r in lines(out)}))
        for r in lines(out):
            values = rows["%s %s" % (r["case"], r["direction"])]
            rate = r["gflops"] or r["gbs"] or r["images_per_second"] if r["ms"] else None
            if "packed" not in r:
                shown = values[1 if "peer" in r else 0]
                self.assertEqual(shown == "?", rate is None, r)
                if rate is not None:
                    self.assertTrue(math.isclose(float(shown), rate, rel_tol=1e-6), r)

    def test_gnuplot_that_fails(self):
        folder = program("gnuplot", "fails", '#!/bin/sh\n[ "$1" = --version ]\n')
        code, out, err = run("--case", "tiny_add", "--plot", os.path.join(TEMP, "x.svg"), *QUICK,
                             PATH=folder + ":" + os.environ["PATH"])
        self.assertEqual(code, 1)
        self.assertIn("gnuplot failed", err)

    def test_picture(self):
        if subprocess.call("gnuplot --version >/dev/null 2>&1", shell=True) != 0:
            self.skipTest("gnuplot is not installed")
        path = os.path.join(TEMP, "picture.svg")
        code, out, err = run("--case", "tiny_conv", "--peers", "reference", "--plot", path, *QUICK)
        self.assertEqual(code, 0, err)
        text = "".join(xml.etree.ElementTree.parse(path).getroot().itertext())
        for word in "tiny_conv", "clcnn", "reference", "ceiling", "GFLOP/s":
            self.assertIn(word, text)

    def test_places_that_cannot_be_written(self):
        for path in TEMP, os.path.join(TEMP, "no", "folder.svg"):
            code, out, err = run("--case", "tiny_add", "--plot", path, *QUICK)
            self.assertIn(code, (1, 2))
            self.assertIn("--plot", err)
            self.assertEqual(out, "")


def main():
    global TOOL, TEMP
    TOOL = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="clcnn-bench-") as TEMP:
        unittest.main()


if __name__ == "__main__":
    main()
