#!/usr/bin/env python3
"""Tests of the command clcnn tune, and of the files that CLCNN_TUNE names:

    python3 tests/tuning_command.py BUILD/clcnn [unittest's own options]

Nothing here depends on what is fast. Needs Python's standard library alone.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = None
TEMP = None
HEADER = "algo device width shape use VEC VECS PIX RUN NEAR\n"
# What a run may take beyond its budget: a device's start, a build under way, a last contest.
GRACE = 20


def environment(**more):
    env = {k: v for k, v in os.environ.items() if k != "CLCNN_TUNE"}
    env.update(more)
    return env


def run(*args, timeout=250, **env):
    """Runs the command; returns (exit code, stdout, stderr)."""
    done = subprocess.run([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, timeout=timeout,
                          env=environment(**env))
    return done.returncode, done.stdout, done.stderr


def temp(name):
    return os.path.join(TEMP, name)


def write(name, text):
    with open(temp(name), "w") as file:
        file.write(text)
    return temp(name)


def contents(path):
    with open(path) as file:
        return file.read()


def bench(**env):
    return run("bench", "--case", "tiny_conv", "--rounds", "1", "--seconds", "0.0005", "--json",
               **env)


class Search(unittest.TestCase):
    def check_file(self, text):
        """A file of rows: comments, the device, and sections that each have a header."""
        self.assertRegex(text, r"\A# Tuning rows by clcnn tune \d")
        self.assertRegex(text, r"\n# driver    \S")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.assertRegex(lines[0], r"^device \S")
        self.assertEqual(1, sum(line.startswith("device ") for line in lines))
        for before, line in zip(lines, lines[1:]):
            if line.startswith("algo "):
                continue
            if line.startswith("op "):
                self.assertIn(line[3:], ["activation", "softmax"])
                continue
            self.assertTrue(before.startswith("algo device width shape use "), before)
            self.assertEqual(len(before.split()), len(line.split()))

    def test_small_budget(self):
        path = temp("small.tune")
        began = time.monotonic()
        code, out, err = run("tune", "--op", "softmax,activation", "--budget", "4", "--output", path)
        took = time.monotonic() - began
        self.assertEqual((0, ""), (code, out), err)
        self.assertLess(took, 4 + GRACE)
        self.assertRegex(err, r"\Adevice   \d+:\d+ ")
        self.assertRegex(err, r"(?m)^activation direct +VEC \d+ ITEM \d+ LOCAL \d+ (stays|->).*"
                              r" \d+ candidates, \d+ rejected, \d+\.\d s")
        self.assertRegex(err, r"(?m)^[12] of 2 classes searched, \d cut short; [0-2] better")
        self.check_file(contents(path))
        self.assertEqual(["small.tune"], [n for n in os.listdir(TEMP) if n.startswith("small")])

        # What was written is read.
        code, out, err = bench(CLCNN_TUNE=path)
        self.assertEqual(0, code, err)
        self.assertTrue(json.loads(out.splitlines()[0])["ms"] > 0)
        code, out, err = run("devices", CLCNN_TUNE=path)
        self.assertEqual(0, code, err)

    def test_no_budget(self):
        """A budget that is over at once finds nothing, and says so."""
        code, out, err = run("tune", "--op", "softmax", "--budget", "0.01")
        self.assertEqual(0, code, err)
        self.check_file(out)
        self.assertNotIn("\nop ", out)
        self.assertIn("0 better than the built-in row", err)

    def test_nothing_found(self):
        """Rows of an earlier search are not replaced by none; a new file says that there are none."""
        path, before = write("earlier.tune", "op softmax\n"), "op softmax\n"
        code, _, err = run("tune", "--op", "softmax", "--budget", "0.01", "--output", path)
        self.assertEqual(0, code, err)
        self.assertEqual(before, contents(path))
        self.assertIn("earlier.tune is left as it was", err)
        path = temp("nothing.tune")
        code, _, err = run("tune", "--op", "softmax", "--budget", "0.01", "--output", path)
        self.assertEqual(0, code, err)
        self.check_file(contents(path))
        code, _, err = run("devices", CLCNN_TUNE=path)
        self.assertEqual(0, code, err)

    def test_own_rows_do_not_count(self):
        """The search begins with the built-in rows, whatever CLCNN_TUNE names."""
        code, _, err = run("tune", "--op", "softmax", "--budget", "0.01",
                           CLCNN_TUNE=temp("no such file"))
        self.assertEqual(0, code, err)

    def interrupt(self, *args, path):
        process = subprocess.Popen([TOOL, "tune", "--output", path, *args], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment())
        self.assertRegex(process.stderr.readline(), r"^device ")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=120)
        return process.returncode, err, time.monotonic() - began

    def test_interrupt(self):
        path = temp("interrupted.tune")
        code, err, took = self.interrupt("--op", "activation,softmax", "--budget", "100", path=path)
        self.assertEqual(130, code, err)
        self.assertLess(took, GRACE)
        self.check_file(contents(path))
        self.assertEqual(["interrupted.tune"],
                         [n for n in os.listdir(TEMP) if n.startswith("interrupted")])


class Usage(unittest.TestCase):
    def test_bad_options(self):
        for args, word in [(["--op", "convolution"], "convolution"),
                           (["--op", "dense"], "rows of conv2d"), (["--op", ""], "known are"),
                           (["--op", "softmax,,adam"], "''"), (["--budget", "0"], "budget"),
                           (["--budget", "soon"], "soon"), (["--output", ""], "output"),
                           (["--output", TEMP], "folder"), (["softmax"], "softmax"),
                           (["--device", "no such device", "--budget", "1"], "no such device")]:
            code, out, err = run("tune", *args)
            self.assertEqual((1 if "--device" in args else 2, ""), (code, out), (args, err))
            self.assertIn(word, err)

    def test_unwritable(self):
        code, _, err = run("tune", "--budget", "1", "--output", temp("no folder/x.tune"))
        self.assertEqual(1, code)
        self.assertIn("no folder/x.tune", err)

    def test_help(self):
        code, out, _ = run("tune", "--help")
        self.assertEqual(0, code)
        for word in ["--budget", "--op", "--output", "--device", "CLCNN_TUNE", "Ctrl-C"]:
            self.assertIn(word, out)


class Files(unittest.TestCase):
    """What CLCNN_TUNE names."""

    def test_rows_are_used(self):
        """Rows decide which algorithm the default takes."""
        rows = ("op conv2d\n" + HEADER + "tile * * * 0 4 1 3 0 4\n"
                "algo device width shape use VEC SUMS CHANNELS NEAR\nrow * * * 0 4 4 8 8\n"
                "algo device width shape use WM WN PM PN TK\ngemm * * * 0 4 4 4 2 4\n")
        for name, text, taken in [("all.tune", rows, True),
                                  ("other.tune", "device of another machine\n" + rows, False)]:
            code, out, err = bench(CLCNN_TUNE=write(name, text))
            self.assertEqual(0, code, err)
            algos = {json.loads(line)["algo"] for line in out.splitlines()}
            self.assertEqual(taken, algos == {"direct"}, algos)
            self.assertEqual(not taken, "%s has no row for " % temp(name) in err, err)

    def test_bad_files(self):
        for name, text, words in [
                ("op.tune", "op convolution\n", ["line 1", "convolution"]),
                ("column.tune", "op conv2d\nalgo device shape\n", ["line 2", "column 3"]),
                ("macro.tune", "op conv2d\nalgo device width shape use VEC VECS PIXELS RUN NEAR\n"
                               "tile * * * 1 4 1 3 0 4\n", ["line 3", "VEC VECS PIX"]),
                ("number.tune", "op conv2d\n" + HEADER + "tile * * * 1 4 1 65537 0 4\n",
                 ["line 3", "column 8", "65537"]),
                ("text.tune", "Lorem ipsum\n", ["line 1", "header"])]:
            path = write(name, text)
            for args in [["bench", "--case", "tiny_conv"], ["train", "--epochs", "1"], ["devices"]]:
                code, out, err = run(*args, CLCNN_TUNE=path)
                self.assertEqual((1, ""), (code, out), err)
                for word in words + [path]:
                    self.assertIn(word, err)

    def test_missing(self):
        for path in [temp("none.tune"), TEMP]:
            code, out, err = bench(CLCNN_TUNE=path)
            self.assertEqual((1, ""), (code, out), err)
            self.assertIn(path, err)


def main():
    global TOOL, TEMP
    if len(sys.argv) < 2:
        sys.exit("usage: python3 tuning_command.py BUILD/clcnn [unittest options]")
    TOOL = os.path.abspath(sys.argv.pop(1))
    with tempfile.TemporaryDirectory(prefix="clcnn-tune-") as TEMP:
        program = unittest.main(exit=False)
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
