#!/usr/bin/env python3
"""Tests of the command clcnn, run as a user would run it:

    python3 tests/tool.py BUILD/clcnn [unittest's own options]

Needs Python's standard library alone. The OpenCL implementation is the one that the environment
selects (OCL_ICD_VENDORS and its like). The data are a small set of images that are made here.
"""

import fcntl
import gzip
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

TOOL = None
DATA = None  # folder with the four IDX files
TEMP = None
COMMANDS = ["train", "eval", "predict", "summary", "gradcheck", "import", "devices", "replay",
            "bench", "tune"]
SIZE = 28
SMALL = "conv 4 3x3, relu, maxpool 2, dense 10"


# ---- Tools ---------------------------------------------------------------------------------------

def run(*args, timeout=300, env=None, **options):
    """Runs the command; returns (exit code, stdout, stderr)."""
    environment = dict(os.environ, **(env or {}))
    done = subprocess.run([TOOL, *args], stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          timeout=timeout, env=environment, **options)
    return done.returncode, done.stdout, done.stderr


def temp(name):
    return os.path.join(TEMP, name)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def draw(label, dice):
    """An image whose class is seen at a glance: a light block at the class's own place."""
    pixels = bytearray(dice.randrange(40) for _ in range(SIZE * SIZE))
    top, left = 4 + 12 * (label // 5), 2 + 5 * (label % 5)
    for y in range(top, top + 8):
        for x in range(left, left + 4):
            pixels[y * SIZE + x] = 180 + dice.randrange(60)
    return bytes(pixels)


def write_idx(folder, stem, count, seed, compress):
    dice = random.Random(seed)
    labels = bytes(i % 10 for i in range(count))
    images = b"".join(draw(label, dice) for label in labels)
    files = {stem + "-images-idx3-ubyte": struct.pack(">IIII", 0x803, count, SIZE, SIZE) + images,
             stem + "-labels-idx1-ubyte": struct.pack(">II", 0x801, count) + labels}
    for name, data in files.items():
        write(os.path.join(folder, name + (".gz" if compress else "")),
              gzip.compress(data) if compress else data)


def make_data(folder, train=600, test=200):
    os.makedirs(folder)
    write_idx(folder, "train", train, 1, True)
    write_idx(folder, "t10k", test, 2, False)
    return folder


def make_cifar10(folder, each=60, test=100):
    """A folder of CIFAR-10's files: each class has a tint of its own over a dark or light half."""
    os.makedirs(folder)
    dice = random.Random(3)

    def record(label):
        tint = [40 + 160 * (label >> bit & 1) for bit in range(3)]
        pixels = bytearray()
        for value in tint:
            for y in range(32):
                light = 50 if (y < 16) == (label >= 8) else 0
                pixels += bytes(value + light + dice.randrange(-40, 6) for _ in range(32))
        return bytes([label]) + bytes(pixels)

    for name, count in [("data_batch_%d.bin" % i, each) for i in range(1, 6)] + [
            ("test_batch.bin.gz", test)]:
        data = b"".join(record(i % 10) for i in range(count))
        write(os.path.join(folder, name), gzip.compress(data) if name.endswith("gz") else data)
    return folder


def pgm(label, kind="P5", max_value=255, comment=b"", size=SIZE):
    pixels = draw(label, random.Random(77))
    header = b"%s\n%s%d %d\n%d\n" % (kind.encode(), comment, size, SIZE, max_value)
    if kind == "P2":
        return header + b"\n".join(b"%d" % (p * max_value // 255) for p in pixels) + b"\n"
    if max_value > 255:
        return header + b"".join(struct.pack(">H", p * max_value // 255) for p in pixels)
    return header + bytes(p * max_value // 255 for p in pixels)


def train(*args, **options):
    return run("train", "--data", DATA, "--net", SMALL, "--batch", "32", *args, **options)


def tensors(path):
    """What follows the header of a safetensors file."""
    data = contents(path)
    return data[8 + struct.unpack("<Q", data[:8])[0]:]


def metadata(path):
    data = contents(path)
    return json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]


def with_metadata(source, target, **values):
    """Copies a safetensors file with other metadata; returns the copy's path."""
    data = contents(source)
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header["__metadata__"].update(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return write(target, struct.pack("<Q", len(text)) + text + data[8 + length:])


_saved = []


def saved():
    """A network that was trained on the test's images once."""
    if not _saved:
        path = temp("saved.safetensors")
        code, out, err = train("--epochs", "4", "--lr", "0.005", "--out", path)
        if code != 0:
            raise AssertionError("training failed: " + err)
        _saved.append(path)
    return _saved[0]


class Case(unittest.TestCase):
    maxDiff = None

    def popen(self, *args, **options):
        """Starts the command; whatever happens in the test, it does not outlive it."""
        process = subprocess.Popen([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def check_exit(self, expected, result):
        self.assertEqual(expected, result[0], "exit code; stderr: " + result[2])
        return result[1], result[2]

    def check_usage(self, args, *pieces):
        """Wrong usage: exit code 2, nothing on stdout, a message with the pieces and a hint."""
        with self.subTest(args=args):
            out, err = self.check_exit(2, run(*args))
            self.assertEqual("", out)
            for piece in pieces + ("--help",):
                self.assertIn(piece, err)

    def check_failure(self, args, *pieces, **options):
        with self.subTest(args=args):
            out, err = self.check_exit(1, run(*args, **options))
            for piece in pieces:
                self.assertIn(piece, err)
            return out, err


# ---- Help and wrong usage ------------------------------------------------------------------------

class Help(Case):
    def test_overall(self):
        out, err = self.check_exit(0, run("--help"))
        self.assertEqual("", err)
        for word in COMMANDS + ["Usage:", "Examples:", "Exit codes"]:
            self.assertIn(word, out)
        self.assertEqual(out, run("help")[1])
        self.assertEqual(out, run("-h")[1])
        self.assertEqual(out, run("help", "help")[1])

    def test_each_command(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                out, err = self.check_exit(0, run(command, "--help"))
                self.assertEqual("", err)
                self.assertTrue(out.startswith("Usage: clcnn " + command))
                self.assertIn("Examples:\n  clcnn " + command, out)
                self.assertEqual(out, run("help", command)[1])
                self.assertLessEqual(max(map(len, out.splitlines())), 100)

    def test_options_of_train(self):
        out = run("train", "--help")[1]
        for option in ("data", "net", "epochs", "batch", "lr", "seed", "optimiser", "momentum",
                       "nesterov", "weight-decay", "clip-norm", "label-smoothing", "schedule",
                       "warmup", "schedule-epochs", "gamma", "min-lr", "init", "weights", "shift",
                       "flip", "device", "out", "resume", "json"):
            self.assertIn("  --" + option, out)

    def test_networks(self):
        """The help knows every layer and preset that the library knows."""
        message = run("summary", "nothing")[2]
        found = re.search(r"expected a layer \((.*)\), or the name of a preset alone \((.*)\)", message)
        layers, presets = (part.split(", ") for part in found.groups())
        self.assertIn("gelu_tanh", layers)
        self.assertIn("resnet-mini", presets)
        for command in ("train", "summary"):
            words = re.split(r"[^a-z0-9_-]+", run(command, "--help")[1])
            for word in layers + presets + ["as", "from", "frozen", "pad", "stride", "dilation",
                                            "groups", "nobias", "ceil", "count_pad", "eps",
                                            "momentum", "biased"]:
                self.assertIn(word, words, command)

    def test_version(self):
        out, err = self.check_exit(0, run("--version"))
        self.assertRegex(out, r"^clcnn \d+\.\d+\.\d+\n$")


class Usage(Case):
    def test_commands(self):
        self.check_usage(["trian"], "'trian'", "'train'")
        self.check_usage(["xyzzy"], "'xyzzy'")
        self.check_usage([""], "''")
        self.check_usage(["help", "evla"], "'evla'", "'eval'")
        self.check_usage(["help", "eval", "train"], "'train'")
        self.check_usage(["--json"], "'--json'")
        self.check_usage(["-x"], "'-x'")

    def test_options(self):
        self.check_usage(["train", "--epohcs", "3"], "'--epohcs'", "'--epochs'")
        self.check_usage(["train", "--epohcs=3"], "'--epohcs=3'", "'--epochs'")
        self.check_usage(["train", "--qqq"], "'--qqq'")
        self.check_usage(["train", "-z"], "unknown", "'-z'")
        self.check_usage(["train", "-e", "3"], "unknown", "'-e'")
        self.check_usage(["train", "--d", "x"], "several options", "'--d'")
        self.check_usage(["train", "--epochs"], "--epochs needs a value")
        self.check_usage(["train", "--json=1"], "--json takes no value")
        self.check_usage(["train", "extra"], "'extra'")
        self.check_usage(["devices", "--jsno"], "'--json'")
        self.check_usage(["devices", "all"], "'all'")

    def test_numbers(self):
        for text in ("0", "-1", "12x", "x", "", " 1", "1.5", "1e3", "99999999999999999999", "nan"):
            self.check_usage(["train", "--epochs", text], "--epochs", "'%s'" % text)
            self.check_usage(["train", "--batch", text], "--batch", "'%s'" % text)
        for text in ("0", "-0.1", "nan", "inf", "-inf", "1e999", "1e-999", "0.1x", "", " 1", "0x1"):
            self.check_usage(["train", "--lr", text], "--lr", "'%s'" % text)
        for text in ("-1", "12x", "", "18446744073709551616", "1.0"):
            self.check_usage(["train", "--seed", text], "--seed", "'%s'" % text)
        for text in ("-1", "1.5", "", "x"):
            self.check_usage(["train", "--shift", text], "--shift", "'%s'" % text)
        for option, most in (("momentum", "1"), ("weight-decay", "1000"), ("clip-norm", "1000000"),
                             ("label-smoothing", "1"), ("warmup", "1000000"), ("gamma", "1"),
                             ("min-lr", "1000000")):
            for text in ("-0.1", "x", "", " 1", "nan", "inf", "0x1", "1e999", "0.5y", "1000000.5"):
                self.check_usage(["train", "--" + option, text], "--" + option, "from 0 to " + most,
                                 "'%s'" % text)
        for text in ("0", "-1", "1.5", "x", "1000001"):
            self.check_usage(["train", "--schedule-epochs", text], "--schedule-epochs",
                             "'%s'" % text)
        self.check_usage(["predict", "f", "i", "--top", "0"], "--top", "'0'")
        self.check_usage(["eval", "f", "--batch", "0"], "--batch", "'0'")
        for text in ("0", "-1", "1001", "x"):
            self.check_usage(["gradcheck", "mlp", "--batch", text], "--batch", "'%s'" % text)
        self.check_usage(["gradcheck", "mlp", "--samples", "0"], "--samples", "'0'")
        self.check_usage(["gradcheck", "mlp", "--seed", "-1"], "--seed", "'-1'")

    def test_values(self):
        self.check_usage(["train", "--data", "fashion-mnits"], "'fashion-mnits'", "'fashion-mnist'")
        self.check_usage(["train", "--data", "/no/such/folder"], "'/no/such/folder'")
        self.check_usage(["train", "--data", DATA, "--net", "lenet6"], "lenet6")
        self.check_usage(["train", "--data", DATA, "--net", "conv 4 3x3,, relu"], "--net")
        self.check_usage(["train", "--data", DATA, "--net", "conv 4 30x30, dense 10"], "30")
        self.check_usage(["train", "--data", DATA, "--net", "dense 9"], "9", "10")
        self.check_usage(["train", "--data", DATA, "--net", ""], "--net")
        self.check_usage(["train", "--data", DATA, "--shift", "28"], "--shift 28", "28x28", "27")
        self.check_usage(["train", "--flip=1"], "--flip takes no value")
        self.check_usage(["train", "--nesterov=1"], "--nesterov takes no value")

    def test_words(self):
        for option, words in (("optimiser", "adam|adamw|sgd|rmsprop"),
                              ("schedule", "constant|step|cosine"), ("init", "default|he|glorot")):
            for text in ("", "none", "Adam", "sg", "steps", "he ", "0", "cosine|step", "step|"):
                self.check_usage(["train", "--" + option, text], "--" + option, words,
                                 "'%s'" % text)

    def test_company(self):
        """What would have no effect is refused, before a device or data are looked at."""
        self.check_usage(["train", "--momentum", "0.9"], "--momentum", "--optimiser sgd")
        self.check_usage(["train", "--momentum", "0.9", "--optimiser", "rmsprop"], "--momentum",
                         "--optimiser sgd")
        self.check_usage(["train", "--nesterov"], "--nesterov", "--optimiser sgd")
        self.check_usage(["train", "--nesterov", "--optimiser", "sgd"], "--nesterov", "--momentum")
        self.check_usage(["train", "--gamma", "0.5"], "--gamma", "--schedule step")
        self.check_usage(["train", "--gamma", "0.5", "--schedule", "cosine"], "--schedule step")
        self.check_usage(["train", "--min-lr", "0"], "--min-lr", "--schedule cosine")
        self.check_usage(["train", "--min-lr", "0", "--schedule", "step"], "--schedule cosine")
        self.check_usage(["train", "--schedule-epochs", "3"], "--schedule-epochs", "step or cosine")
        self.check_usage(["train", "--schedule", "cosine", "--min-lr", "0.5", "--lr", "0.25"],
                         "--min-lr 0.5", "--lr 0.25")

    def test_operands(self):
        self.check_usage(["eval"], "FILE")
        self.check_usage(["eval", "a", "b"], "'b'")
        self.check_usage(["predict"], "FILE")
        self.check_usage(["predict", "a"], "'a'")
        self.check_usage(["summary"], "NET")
        self.check_usage(["summary", "conv", "4"], "'4'", "quoted")
        self.check_usage(["gradcheck"], "NET")
        self.check_usage(["gradcheck", "conv", "4"], "'4'", "quoted")
        self.check_usage(["replay"])
        self.check_usage(["import"], "FILE")
        self.check_usage(["import", "a", "b"], "'b'", "quoted")
        self.check_usage(["import", "a", "--net", "lenet5"], "--out is missing")
        self.check_usage(["import", "a", "--out", temp("b")], "--net is missing")


# ---- devices, summary, gradcheck ----------------------------------------------------------------------------

def vendors(*names):
    """OCL_ICD_VENDORS for a loader that sees just these drivers."""
    folder = tempfile.mkdtemp(dir=TEMP)
    for name in names:
        shutil.copy(os.path.join("/etc/OpenCL/vendors", name), folder)
    return {"OCL_ICD_VENDORS": folder + "/"}


class Devices(Case):
    def test_table(self):
        out, err = self.check_exit(0, run("devices"))
        for word in ("platform 0: ", "  0:0  ", "memory", "local memory", "compute units",
                     "work-group", "fp64", "fp16", "version", "taken by default"):
            self.assertIn(word, out)
        self.assertEqual("", err)

    def test_json(self):
        out, _ = self.check_exit(0, run("devices", "--json"))
        entries = [json.loads(line) for line in out.splitlines()]
        found = [entry["device"] for entry in entries if entry["device"]]
        self.assertTrue(found)
        self.assertEqual(1, sum(device["best"] for device in found))
        for device in found:
            self.assertGreater(device["global_memory"], 0)
            self.assertGreater(device["max_work_group"], 0)
            self.assertEqual(3, len(device["max_work_items"]))

    def test_no_platform(self):
        for command in (["devices"], ["devices", "--json"], ["train", "--data", DATA]):
            out, err = self.check_failure(command, "OCL_ICD_VENDORS", env=vendors())
            self.assertEqual("", out)

    def test_empty_platform(self):
        env = dict(vendors("pocl.icd", "rusticl.icd"), RUSTICL_ENABLE="")
        out, _ = self.check_exit(0, run("devices", env=env))
        self.assertIn("rusticl", out)
        self.assertIn("  no devices\n", out)
        out, _ = self.check_exit(0, run("devices", "--json", env=env))
        empty = [entry for entry in map(json.loads, out.splitlines()) if entry["device"] is None]
        self.assertEqual(1, len(empty))
        self.assertEqual(-1, empty[0]["device_index"])

    def test_only_empty_platforms(self):
        env = dict(vendors("rusticl.icd"), RUSTICL_ENABLE="")
        out, _ = self.check_exit(0, run("devices", env=env))
        self.assertIn("  no devices\n", out)
        self.check_failure(["train", "--data", DATA], "rusticl", "OCL_ICD_VENDORS", env=env)

    def test_selector(self):
        self.check_failure(["train", "--data", DATA, "--device", "no-such-device"],
                           "no-such-device")


class Gradcheck(Case):
    NET = "conv 4 3x3, gelu, batchnorm, avgpool 2, dense 3"

    def test_text(self):
        out, err = self.check_exit(0, run("gradcheck", self.NET, "--input", "2x8x8"))
        self.assertEqual("", err)
        lines = out.splitlines()
        self.assertEqual(["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"],
                         [line.split()[0] for line in lines[:-1]])
        for line in lines[:-1]:
            self.assertRegex(line, r"^\S+ +\d+ of \d+ +error +\d\.\de-\d+$")
        self.assertRegex(lines[-1],
                         r"^6 of 6 tensors are right; the largest error is \d\.\de-\d+$")

    def test_json(self):
        out, _ = self.check_exit(0, run("gradcheck", self.NET, "--input", "2x8x8", "--json",
                                        "--samples", "5", "--batch", "2"))
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([72, 4, 4, 4, 108, 3], [row["elements"] for row in rows])
        self.assertEqual([5, 4, 4, 4, 5, 3], [row["checked"] for row in rows])
        for row in rows:
            self.assertIs(True, row["right"])
            self.assertTrue(0 <= row["error"] < 1e-5)
            self.assertLess(row["worst"], row["elements"])
            self.assertAlmostEqual(row["analytic"], row["numeric"], delta=1e-5)

    def test_seed_and_device(self):
        first = run("gradcheck", "lenet5", "--batch", "1", "--samples", "1", env=vendors())
        self.check_exit(0, first)  # without any device
        again = run("gradcheck", "lenet5", "--batch", "1", "--samples", "1", "--seed", "1")
        other = run("gradcheck", "lenet5", "--batch", "1", "--samples", "1", "--seed", "2")
        self.assertEqual(first, again)
        self.assertNotEqual(first[1], other[1])

    def test_nothing_to_check(self):
        self.check_failure(["gradcheck", "relu"], "'relu' has no parameters")
        self.check_failure(["gradcheck", "dense 4 frozen"], "no parameters")
        self.check_usage(["gradcheck", "conv 8 5x5", "--input", "1x4x4"], "5", "4")
        self.check_usage(["gradcheck", "dense 3", "--input", "1x8"], "--input", "'1x8'")


class Summary(Case):
    def test_lenet5(self):
        out, err = self.check_exit(0, run("summary", "lenet5"))
        self.assertEqual("", err)
        for piece in ("conv 6 5x5 pad 2", "6x28x28", "16x10x10", "61,706", "dense 84", "48,120"):
            self.assertIn(piece, out)

    def test_needs_no_device(self):
        out, _ = self.check_exit(0, run("summary", "lenet5", env=vendors()))
        self.assertIn("61,706", out)

    def test_json(self):
        out, _ = self.check_exit(0, run("summary", "--json", "lenet5"))
        net = json.loads(out)
        self.assertEqual(61706, net["parameters"])
        self.assertEqual(61706, sum(layer["parameters"] for layer in net["layers"]))
        self.assertEqual([1, 28, 28], net["input"])
        self.assertEqual([10, 1, 1], net["layers"][-1]["output"])

    def test_input(self):
        net = "conv 8 3x3 stride 2, relu, dense 5"
        out, _ = self.check_exit(0, run("summary", net, "--input", "3x33x17", "--json"))
        layers = json.loads(out)["layers"]
        self.assertEqual([8, 16, 8], layers[0]["output"])
        self.assertEqual(3 * 9 * 8 + 8, layers[0]["parameters"])
        self.assertEqual(8 * 16 * 8 * 5 + 5, layers[-1]["parameters"])
        for text in ("28", "28x28", "1x28x28x1", "0x28x28", "1x-2x3", "ax2x3", "1x2x", "", "1X2X3"):
            self.check_usage(["summary", net, "--input", text], "--input", "'%s'" % text)
        self.check_usage(["summary", "conv 8 5x5", "--input", "1x4x4"], "5", "4")

    def test_memory_on_device(self):
        out, err = self.check_exit(0, run("summary", SMALL, "--device", "", "--json"))
        net = json.loads(out)
        self.assertGreaterEqual(net["inference_bytes"], 4 * net["parameters"])
        self.assertGreaterEqual(net["training_bytes"], 16 * net["parameters"])
        self.assertIn("device", err)

    def test_saved_file(self):
        out, _ = self.check_exit(0, run("summary", saved()))
        self.assertIn("conv 4 3x3", out)

    def test_wrong_layers(self):
        self.check_usage(["summary", "lenet55"], "lenet55")
        self.check_usage(["summary", "dense"], "column 6")
        self.check_failure(["summary", write(temp("junk"), b"junk")], "junk")


# ---- import --------------------------------------------------------------------------------------

class Import(Case):
    PYTORCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import",
                           "torch.safetensors")
    NET = ("conv 4 3x3 pad 1 nobias, batchnorm, relu as a, conv 4 3x3 pad 1 nobias, batchnorm, "
           "add a, relu as b, conv 4 3x3 pad 1, add b, relu, maxpool 2, flatten, dense 8, relu, "
           "dense 5")

    def weights_of(self, path):
        """The parameters of a saved network alone, under other names, and its metadata."""
        data = contents(path)
        length = struct.unpack("<Q", data[:8])[0]
        old, header, values = json.loads(data[8:8 + length]), {}, b""
        for name, tensor in old.items():
            if name[0].isdigit():
                begin, end = (8 + length + offset for offset in tensor["data_offsets"])
                header["model.net." + name] = dict(
                    tensor, data_offsets=[len(values), len(values) + end - begin])
                values += data[begin:end]
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        file = write(temp("weights"), struct.pack("<Q", len(text)) + text + values)
        return file, old["__metadata__"]

    def test_same_as_saved(self):
        file, said = self.weights_of(saved())
        out, err = self.check_exit(0, run("import", file, "--net", SMALL, "--mean", said["mean"],
                                          "--deviation", said["deviation"], "--out",
                                          temp("imported")))
        self.assertEqual("4 tensors imported into %s\n" % temp("imported"), out)
        self.assertRegex(err, r"^  0\.weight +model\.net\.0\.weight\n  0\.bias ")
        expected = self.check_exit(0, run("eval", saved(), "--json"))[0]
        out = self.check_exit(0, run("eval", temp("imported"), "--data", DATA, "--json"))[0]
        self.assertEqual(json.loads(expected)["confusion"], json.loads(out)["confusion"])
        tuned = self.check_exit(0, train("--weights", temp("imported"), "--epochs", "1", "--lr",
                                         "1e-30", "--json"))[0]
        self.assertEqual(json.loads(out)["test_accuracy"], json.loads(tuned)["test_accuracy"])
        self.check_failure(["eval", temp("imported")], "imported", "--data")
        self.check_failure(["train", "--resume", temp("imported"), "--data", DATA], "imported")

    def test_pytorchs_file(self):
        out, err = self.check_exit(0, run("import", self.PYTORCH, "--net", self.NET, "--input",
                                          "3x12x10", "--out", temp("pytorchs"), "--json"))
        self.assertEqual("", err)
        said = json.loads(out)
        self.assertEqual(16, said["count"])
        self.assertEqual("4.running_var", said["tensors"]["features.9.running_var"])
        self.assertIn("add b", self.check_exit(0, run("summary", temp("pytorchs")))[0])

    def test_failures(self):
        self.check_failure(["import", self.PYTORCH, "--net", "lenet5", "--out", temp("not-made")],
                           'tensor "features.0.weight" is [4,3,3,3]', "[6,1,5,5]")
        self.check_failure(["import", temp("nothing-here"), "--net", "lenet5", "--out",
                            temp("not-made")], "nothing-here")
        self.assertFalse(os.path.exists(temp("not-made")))
        base = ["import", self.PYTORCH, "--net", "lenet5", "--out", temp("not-made")]
        self.check_usage(base + ["--input", "3x12"], "--input", "'3x12'")
        self.check_usage(base + ["--mean", "1.5"], "--mean", "'1.5'")
        self.check_usage(base + ["--deviation", "0"], "--deviation", "'0'")
        self.check_usage(base + ["--deviation", "2"], "deviation is 2")
        self.check_usage(base[:2] + ["--net", "lenet6", "--out", temp("not-made")], "lenet6")
        self.check_usage(base[:4] + ["--out", TEMP], TEMP, "folder")


# ---- train ---------------------------------------------------------------------------------------

class Train(Case):
    def test_text(self):
        out, err = self.check_exit(0, train("--epochs", "3", "--lr", "0.005"))
        lines = out.splitlines()
        self.assertEqual(4, len(lines))
        for i in range(3):
            self.assertRegex(lines[i], r"^epoch %d/3   train loss \d+\.\d{4}   test accuracy "
                                       r"[01]\.\d{4} +[\d,]+ images/s +\d+\.\d s$" % (i + 1))
        self.assertRegex(lines[3], r"^test accuracy [01]\.\d{4}$")
        self.assertIn(lines[3], lines[2])
        self.assertGreater(float(lines[3].split()[-1]), 0.9)
        for piece in ("device ", "data ", "600 training and 200 test", "conv 4 3x3", "parameters",
                      "4x26x26"):
            self.assertIn(piece, err)
        self.assertNotIn("\r", err)

    def test_json(self):
        out, _ = self.check_exit(0, train("--epochs", "2", "--json"))
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([1, 2], [row["epoch"] for row in rows])
        for row in rows:
            self.assertEqual(["epoch", "train_loss", "test_accuracy", "images_per_second",
                              "seconds"], list(row))
            self.assertGreater(row["train_loss"], 0)
            self.assertTrue(0 <= row["test_accuracy"] <= 1)
            self.assertGreater(row["images_per_second"], 0)
            self.assertAlmostEqual(600, row["images_per_second"] * row["seconds"], delta=1)

    def test_same_seed_same_file(self):
        for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
            self.check_exit(0, train("--epochs", "1", "--seed", seed, "--out", temp(name)))
        self.assertEqual(contents(temp("a")), contents(temp("b")))
        self.assertNotEqual(contents(temp("a")), contents(temp("c")))

    def test_resume_equals_unbroken(self):
        whole, part = temp("whole"), temp("part")
        unbroken, _ = self.check_exit(0, train("--epochs", "3", "--out", whole))
        self.check_exit(0, train("--epochs", "1", "--out", part))
        out, err = self.check_exit(0, run("train", "--resume", part, "--epochs", "3",
                                          "--out", part))
        self.assertIn("after epoch 1\n", err)
        self.assertEqual(contents(whole), contents(part))
        self.assertEqual(unbroken.splitlines()[-1], out.splitlines()[-1])
        self.assertEqual(3, len(out.splitlines()))

    def test_shift_and_flip(self):
        whole, part, still = temp("whole-moved"), temp("part-moved"), temp("still")
        _, err = self.check_exit(0, train("--epochs", "2", "--shift", "3", "--flip", "--out",
                                          whole))
        self.assertIn("seed 1, shifts up to 3, flips, ", err)
        _, err = self.check_exit(0, train("--epochs", "1", "--shift", "3", "--flip", "--out", part))
        _, err = self.check_exit(0, run("train", "--resume", part, "--epochs", "2", "--out", part))
        self.assertIn("seed 1, shifts up to 3, flips, ", err)
        self.assertEqual(contents(whole), contents(part))
        _, err = self.check_exit(0, train("--epochs", "2", "--out", still))
        self.assertNotIn("shifts", err)
        self.assertNotIn("flips", err)
        self.assertNotEqual(tensors(whole), tensors(still))
        resume = ["train", "--resume", part, "--epochs", "2"]
        self.check_exit(0, run(*resume, "--shift", "3", "--flip"))
        self.check_usage(resume + ["--shift", "2"], "--shift 2", "which has 3")
        self.check_usage(["train", "--resume", still, "--flip"], "--flip", "has it not")

    def test_resume_with_equal_options(self):
        out, _ = self.check_exit(0, train("--resume", saved(), "--lr", "0.005", "--epochs", "5"))
        self.assertEqual(2, len(out.splitlines()))

    def test_resume_contradictions(self):
        resume = ["train", "--resume", saved()]
        self.check_usage(resume + ["--net", "lenet5"], "lenet5", "conv 4 3x3")
        self.check_usage(resume + ["--batch", "33"], "33", "32")
        self.check_usage(resume + ["--lr", "0.25"], "0.25", "0.005")
        self.check_usage(resume + ["--seed", "9"], "9", "1")
        self.check_usage(resume + ["--weights", saved()], "--weights", "--resume", saved())
        out, err = self.check_failure(resume + ["--data", "synthetic", "--epochs", "5"],
                                      "synthetic", DATA)
        self.assertEqual("", out)

    def test_resume_contradicts_each_option(self):
        resume = ["train", "--resume", saved()]
        for option, wanted, has in (
                ("optimiser", "sgd", "adam"), ("momentum", "0.5", "0"), ("nesterov", None, "it not"),
                ("weight-decay", "0.125", "0"), ("clip-norm", "2.5", "0"),
                ("label-smoothing", "0.1", "0"), ("schedule", "cosine", "constant"),
                ("warmup", "1.5", "0"), ("schedule-epochs", "3", "0"), ("gamma", "0.5", "0.1"),
                ("min-lr", "0.25", "0"), ("init", "he", "default"), ("shift", "1", "0"),
                ("flip", None, "it not")):
            given = ["--" + option] + ([wanted] if wanted else [])
            self.check_usage(resume + given, "%s contradicts %s, which has %s;" % (
                " ".join(given), saved(), has))

    def test_all_options(self):
        """All of them together; a run that resumes may say them once more."""
        sgd = ["--optimiser", "sgd", "--momentum", "0.9", "--nesterov", "--weight-decay", "1e-3",
               "--clip-norm", "2.5", "--label-smoothing", "0.1", "--schedule", "cosine", "--warmup",
               "0.5", "--schedule-epochs", "2", "--min-lr", "1e-4", "--init", "he", "--lr", "0.05"]
        rms = ["--optimiser", "rmsprop", "--schedule", "step", "--gamma", "0.5", "--init", "glorot",
               "--schedule-epochs", "1", "--shift", "2"]
        for name, options in (("sgd", sgd), ("rms", rms)):
            whole, part = temp("whole-" + name), temp("part-" + name)
            self.check_exit(0, train("--epochs", "2", "--out", whole, *options))
            self.check_exit(0, train("--epochs", "1", "--out", part, *options))
            self.check_exit(0, train("--resume", part, "--epochs", "2", "--out", part, *options))
            self.assertEqual(contents(whole), contents(part))
        self.check_usage(["train", "--resume", temp("part-sgd"), "--optimiser", "adam"], "sgd")
        self.check_usage(["train", "--resume", temp("part-sgd"), "--schedule", "step"], "cosine")
        self.check_usage(["train", "--resume", temp("part-rms"), "--init", "he"], "glorot")
        self.assertNotEqual(tensors(temp("whole-sgd")), tensors(temp("whole-rms")))

    def test_schedule_lasts_as_long_as_training(self):
        """Without --schedule-epochs it is --epochs, as the file says."""
        path = temp("cosine")
        self.check_exit(0, train("--epochs", "2", "--schedule", "cosine", "--out", path))
        self.assertEqual("2", metadata(path)["schedule_epochs"])
        self.check_usage(["train", "--resume", path, "--schedule-epochs", "3"], "which has 2")
        self.check_exit(0, train("--epochs", "2", "--out", path))
        self.assertEqual("0", metadata(path)["schedule_epochs"])

    def test_presets(self):
        """Each trains on a few images, and its file is good for an evaluation."""
        few = make_data(temp("few"), 20, 10)
        for preset in ("lenet5", "mlp", "simple-cnn", "vgg-mini", "resnet-mini"):
            with self.subTest(preset=preset):
                path = temp("net-" + preset)
                out, _ = self.check_exit(0, run("train", "--data", few, "--net", preset, "--batch",
                                                "8", "--epochs", "1", "--json", "--out", path))
                row = json.loads(out)
                self.assertTrue(0 < row["train_loss"] < 20)
                out, _ = self.check_exit(0, run("eval", path, "--json"))
                self.assertEqual(row["test_accuracy"], json.loads(out)["test_accuracy"])

    def test_already_trained(self):
        accuracy = json.loads(run("eval", saved(), "--json")[1])["test_accuracy"]
        copy = temp("copy")
        out, err = self.check_exit(0, run("train", "--resume", saved(), "--epochs", "2",
                                          "--out", copy))
        self.assertEqual("test accuracy %.4f\n" % accuracy, out)
        self.assertIn("nothing is left to train", err)
        self.assertEqual(contents(saved()), contents(copy))
        out, _ = self.check_exit(0, run("train", "--resume", saved(), "--epochs", "4", "--json"))
        row = json.loads(out)
        self.assertEqual((4, accuracy), (row["epoch"], row["test_accuracy"]))
        self.assertIsNone(row["train_loss"])

    def test_bad_resume(self):
        self.check_failure(["train", "--resume", temp("nothing-here")], "nothing-here")
        cut = write(temp("cut"), contents(saved())[:-10])
        self.check_failure(["train", "--resume", cut], "cut")

    def test_bad_data(self):
        folder = make_data(temp("damaged"), 40, 20)
        path = os.path.join(folder, "t10k-labels-idx1-ubyte")
        write(path, contents(path)[:-1])
        self.check_failure(["train", "--data", folder], "t10k-labels-idx1-ubyte")

    def test_cifar10(self):
        folder = temp("colours")
        inner = make_cifar10(os.path.join(folder, "cifar-10-batches-bin"))
        net = "conv 8 3x3 stride 2, relu, maxpool 3, dense 10"
        out, err = self.check_exit(0, run("train", "--data", folder, "--net", net, "--batch", "30",
                                          "--epochs", "8", "--lr", "0.01", "--out", temp("tints")))
        self.assertIn("300 training and 100 test images of 3x32x32, 10 classes", err)
        self.assertGreater(float(out.split()[-1]), 0.9)
        for data in ([], ["--data", inner]):
            result = json.loads(run("eval", temp("tints"), "--json", *data)[1])
            self.assertAlmostEqual(float(out.split()[-1]), result["test_accuracy"], delta=5e-5)
        os.remove(os.path.join(inner, "data_batch_4.bin"))
        self.check_failure(["train", "--data", folder, "--net", net], "data_batch_4.bin")
        write_idx(folder, "train", 10, 1, False)
        self.check_failure(["train", "--data", folder, "--net", net], "files of two data sets")

    def test_out_is_tried_first(self):
        for out in (temp("no/such/folder/file"), "/proc/nothing"):
            result, err = self.check_failure(["train", "--data", DATA, "--out", out], "--out", out)
            self.assertNotIn("parameters", err)
        self.check_usage(["train", "--out", TEMP], TEMP, "folder")
        link = temp("link")
        os.symlink(write(temp("behind-a-link"), b"not ours"), link)
        self.check_usage(["train", "--data", DATA, "--out", link], link, "symbolic link")
        os.symlink(temp("not-there"), temp("loose-link"))
        self.check_usage(["train", "--data", DATA, "--out", temp("loose-link")], "symbolic link")
        self.check_usage(["train", "--out", "/dev/null"], "/dev/null", "no ordinary file")
        self.check_usage(["train", "--out", ""], "--out")
        self.assertTrue(os.path.exists("/dev/null"))

    def test_save_that_fails(self):
        """What an epoch came to is told even when it can't be kept."""
        folder = temp("goes-away")
        os.mkdir(folder)
        process = self.popen("train", "--data", DATA, "--net", SMALL, "--batch", "1", "--epochs",
                             "3", "--out", os.path.join(folder, "file"))
        for line in process.stderr:
            if line.startswith("training"):
                break
        os.rmdir(folder)
        out, err = process.communicate(timeout=120)
        self.assertEqual(1, process.returncode, err)
        self.assertIn("goes-away", err)
        self.assertEqual(1, len(out.splitlines()), out)
        self.assertRegex(out, r"^epoch 1/3   train loss \d+\.\d{4}   test accuracy [01]\.\d{4} ")

    def test_batch_too_large(self):
        self.check_failure(["train", "--data", DATA, "--net", "relu, conv 64 5x5, dense 10",
                            "--batch", "1000000"], '"conv 64 5x5"', "batch of 1000000")

    def test_classes(self):
        """Labels need not use all of a network's outputs, neither all of them both for training
        and for testing."""
        folder = make_data(temp("nine"), 90, 20)
        for name in ("train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte"):
            path, zipped = os.path.join(folder, name), name.endswith(".gz")
            data = gzip.decompress(contents(path)) if zipped else contents(path)
            data = data[:8] + bytes(min(label, 7 if zipped else 8) for label in data[8:])
            write(path, gzip.compress(data) if zipped else data)
        path = temp("nine.safetensors")
        for outputs in ("9", "12"):
            command = ["train", "--data", folder, "--net", "dense " + outputs, "--epochs", "1"]
            out, err = self.check_exit(0, run(*command, "--out", path))
            self.assertIn("9 classes", err)
            out, _ = self.check_exit(0, run("eval", path, "--json"))
            matrix = json.loads(out)["confusion"]
            self.assertEqual(int(outputs), len(matrix))
            self.assertEqual([2] * 8 + [4], [sum(row) for row in matrix[:9]])
            self.check_exit(0, run("train", "--resume", path, "--epochs", "2"))
            image = write(temp("nine.pgm"), pgm(3))
            out, _ = self.check_exit(0, run("predict", "--json", path, image))
            self.assertEqual(int(outputs), len(json.loads(out)["probabilities"]))
        self.check_usage(["train", "--data", folder, "--net", "dense 8"], "8", "9 classes")
        self.check_failure(["eval", path, "--data", make_data(temp("ten"), 20, 20),
                            "--device", "none-such"], "none-such")
        self.check_exit(0, run("eval", path, "--data", temp("ten")))

    def test_failing_run_leaves_out_alone(self):
        path = write(temp("mine"), b"my own file")
        self.check_usage(["train", "--data", "nope", "--out", path])
        self.check_failure(["train", "--data", DATA, "--device", "none-such", "--out", path])
        before = sorted(os.listdir(TEMP))
        self.assertEqual(b"my own file", contents(path))
        self.assertFalse([name for name in before if name.startswith(".clcnn")])

    def test_out_is_replaced(self):
        path = write(temp("old"), b"an old file")
        self.check_exit(0, train("--epochs", "1", "--out", path))
        self.assertEqual(200, json.loads(run("eval", path, "--json")[1])["images"])

    def test_loss_that_is_no_number(self):
        path = temp("diverged")
        result = train("--epochs", "3", "--lr", "1e30", "--out", path)
        out, err = self.check_exit(1, result)
        self.assertIn("1e+30", err)
        self.assertFalse(os.path.exists(path))


class Defaults(Case):
    """No arguments at all: the whole default run is long, so it is stopped once it has begun."""

    def start(self, *args):
        process = self.popen(*args)
        seen = ""
        for line in process.stderr:
            seen += line
            if line.startswith("training"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, seen + err

    def test_no_arguments(self):
        installed = os.path.isdir("/usr/share/datasets/fashion-mnist")
        for args in ([], ["train"]):
            code, out, err = self.start(*args)
            self.assertEqual(130, code, err)
            self.assertEqual("", out)
            self.assertIn("fashion-mnist" if installed else "synthetic", err)
            self.assertIn("61,706", err)

    def test_synthetic(self):
        code, _, err = self.start("train", "--data", "synthetic")
        self.assertEqual(130, code, err)
        self.assertIn("synthetic: ", err)


# ---- Interrupts ----------------------------------------------------------------------------------

class Interrupts(Case):
    LONG = ["--data", None, "--net", SMALL, "--batch", "8", "--epochs", "100000"]

    def start(self, *args):
        long = [DATA if word is None else word for word in self.LONG]
        process = self.popen("train", *long, *args)
        process.stdout.readline()  # the first epoch is done
        time.sleep(0.05)
        return process

    def end(self, process, number):
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_saves_and_can_be_resumed(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            path = temp("stopped%d" % number)
            code, out, err = self.end(self.start("--out", path), number)
            self.assertEqual(130, code, err)
            self.assertIn("saved to " + path, err)
            self.assertIn("--resume", err)
            self.check_exit(0, run("eval", path))

    def test_resumed_equals_unbroken(self):
        path, whole = temp("broken"), temp("unbroken")
        code, out, err = self.end(self.start("--out", path), signal.SIGINT)
        self.assertEqual(130, code, err)
        epochs = len(out.splitlines()) + 3  # the first was read by start()
        self.check_exit(0, run("train", "--resume", path, "--epochs", str(epochs), "--out", path))
        self.check_exit(0, run("train", "--data", DATA, "--net", SMALL, "--batch", "8", "--epochs",
                               str(epochs), "--out", whole))
        self.assertEqual(contents(whole), contents(path))

    def test_without_out(self):
        code, out, err = self.end(self.start(), signal.SIGINT)
        self.assertEqual(130, code, err)
        self.assertIn("not saved", err)

    def test_json_stays_json(self):
        code, out, err = self.end(self.start("--json"), signal.SIGINT)
        self.assertEqual(130, code, err)
        for line in out.splitlines():
            json.loads(line)

    def test_early(self):
        """Before the first step, too, the exit code is 130, and what was there stays whole."""
        for delay in (0.02, 0.1, 0.4):
            path = temp("early%g" % delay)
            process = self.popen("train", "--data", DATA, "--epochs", "100000", "--out", path)
            time.sleep(delay)
            code, out, err = self.end(process, signal.SIGINT)
            if code == -signal.SIGINT:  # not even the handler was there
                continue
            self.assertEqual(130, code, err)
            if os.path.exists(path):
                self.check_exit(0, run("eval", path))
            else:
                self.assertIn("nothing to save", err)

    def test_second_ends_at_once(self):
        process = self.start("--out", temp("second"))
        os.kill(process.pid, signal.SIGSTOP)  # so that it notices the first only with the second
        process.send_signal(signal.SIGINT)
        os.kill(process.pid, signal.SIGCONT)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertIn(process.returncode, (130, -signal.SIGINT))
        self.check_exit(0, run("eval", temp("second")))


# ---- eval, predict -------------------------------------------------------------------------------

class Eval(Case):
    def test_text(self):
        out, err = self.check_exit(0, run("eval", saved()))
        lines = out.splitlines()
        self.assertRegex(lines[-1], r"^test accuracy [01]\.\d{4}$")
        table = [line.split() for line in lines if line[:1].isdigit()]
        self.assertEqual(10, len(table))
        right = 0
        for i, row in enumerate(table):
            numbers = [int(text) for text in row[:-1]]
            self.assertEqual((i, 20, 13), (numbers[0], numbers[-1], len(row)))
            self.assertEqual(20, sum(numbers[1:-1]))
            self.assertEqual("%.3f" % (numbers[1 + i] / 20), row[-1])
            right += numbers[1 + i]
        self.assertEqual("test accuracy %.4f" % (right / 200), lines[-1])
        self.assertIn("device ", err)

    def test_json(self):
        out, _ = self.check_exit(0, run("eval", saved(), "--data", DATA, "--json", "--batch", "7"))
        result = json.loads(out)
        self.assertEqual(200, result["images"])
        matrix = result["confusion"]
        self.assertEqual([20] * 10, [sum(row) for row in matrix])
        self.assertAlmostEqual(sum(matrix[i][i] for i in range(10)) / 200, result["test_accuracy"])
        self.assertGreater(result["test_accuracy"], 0.9)

    def test_many_classes(self):
        path = temp("wide")
        self.check_exit(0, run("train", "--data", DATA, "--net", "dense 1025", "--epochs", "1",
                               "--out", path))
        out, _ = self.check_failure(["eval", path], path, "1025 outputs", "1024")
        self.assertEqual("", out)

    def test_failures(self):
        self.check_failure(["eval", temp("nothing-here")], "nothing-here")
        self.check_failure(["eval", write(temp("empty"), b"")], "empty")
        self.check_failure(["eval", TEMP], TEMP)
        self.check_usage(["eval", saved(), "--data", "nope"], "'nope'")


    def test_data_that_is_gone(self):
        path = with_metadata(saved(), temp("moved"), data="/no/such/folder")
        for command in (["eval", path], ["train", "--resume", path, "--epochs", "5"]):
            out, err = self.check_failure(command, path, "/no/such/folder", "--data")
            self.assertEqual("", out)
            self.assertNotIn("clcnn %s: --data" % command[0], err)
        self.check_exit(0, run("eval", path, "--data", DATA))


class Hostile(Case):
    """Texts from files don't command the terminal that they are shown on."""
    EVIL = "\x1b[2J\x9b31m\r\x07\x7fend"

    def check_harmless(self, result, expected=None):
        code, out, err = result
        self.assertTrue(code == expected if expected is not None else code != 0, (code, err))
        for c in out.replace("\n", "").replace("\t", "") + err.replace("\n", ""):
            self.assertFalse(ord(c) < 32 or 127 <= ord(c) < 160, repr(out + err))

    def test_metadata(self):
        for key in ("data", "layers", "format", "format_version", "batch", "lr"):
            path = with_metadata(saved(), temp("evil"), **{key: self.EVIL})
            for command in (["eval", path], ["summary", path], ["train", "--resume", path],
                            ["predict", path, temp("no.pgm")]):
                with self.subTest(key=key, command=command):
                    if key != "data" or command[0] != "summary":
                        self.check_harmless(run(*command))
        layers = SMALL.replace(", ", ",\r\n\t")
        path = with_metadata(saved(), temp("evil"), layers=layers)
        self.check_harmless(run("train", "--resume", path, "--epochs", "5"), 0)

    def test_golden_files(self):
        source = os.path.join(os.path.dirname(__file__), "golden", "conv2d_000.safetensors")
        for key in ("op", "stride", self.EVIL):
            path = with_metadata(source, temp("evil-golden"), **{key: self.EVIL})
            self.check_harmless(run("replay", path))

    def test_names(self):
        folder = make_data(temp("evil" + self.EVIL), 40, 20)
        path = temp("evil-name" + self.EVIL)
        self.check_harmless(run("train", "--data", folder, "--net", SMALL, "--epochs", "1",
                                "--out", path), 0)
        self.check_harmless(run("eval", path), 0)
        self.check_harmless(run("predict", path, write(temp(self.EVIL), pgm(1))), 0)
        self.check_harmless(run("train", "--resume", path, "--epochs", "1"), 0)
        self.check_harmless(run("replay", path))


class Predict(Case):
    def image(self, name, data):
        return write(temp(name), data)

    def classes(self, *paths):
        out, _ = self.check_exit(0, run("predict", saved(), *paths, "--json"))
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(list(paths), [row["file"] for row in rows])
        for row in rows:
            self.assertEqual(10, len(row["probabilities"]))
            self.assertAlmostEqual(1, sum(row["probabilities"]), places=5)
            self.assertEqual(max(row["probabilities"]), row["probabilities"][row["class"]])
        return rows

    def test_classes(self):
        paths = [self.image("class%d.pgm" % i, pgm(i)) for i in range(10)]
        rows = self.classes(*paths)
        self.assertGreaterEqual(sum(row["class"] == i for i, row in enumerate(rows)), 9)

    def test_kinds_of_pgm_agree(self):
        paths = [self.image("p5.pgm", pgm(3)), self.image("p2.pgm", pgm(3, "P2")),
                 self.image("deep.pgm", pgm(3, "P5", 65535)),
                 self.image("deep2.pgm", pgm(3, "P2", 65535)),
                 self.image("comment.pgm", pgm(3, comment=b"# drawn by hand\n# twice\n"))]
        rows = self.classes(*paths)
        for row in rows[1:]:
            self.assertEqual(rows[0]["probabilities"], row["probabilities"])
        # 0..51 is a coarser scale, so only the class is the same.
        self.assertEqual(rows[0]["class"],
                         self.classes(self.image("flat.pgm", pgm(3, "P2", 51)))[0]["class"])

    def test_text(self):
        paths = [self.image("a.pgm", pgm(1)), self.image("longer-name.pgm", pgm(2))]
        out, _ = self.check_exit(0, run("predict", saved(), *paths))
        lines = out.splitlines()
        self.assertEqual(2, len(lines))
        self.assertEqual(len(lines[0]), len(lines[1]))
        for line, path in zip(lines, paths):
            words = line.split()
            self.assertEqual((path, 7), (words[0], len(words)))
            shares = [float(word) for word in words[2::2]]
            self.assertEqual(sorted(shares, reverse=True), shares)
        out, _ = self.check_exit(0, run("predict", "--top", "10", saved(), paths[0]))
        words = out.split()
        self.assertEqual(list(range(10)), sorted(int(word) for word in words[1::2]))
        self.assertAlmostEqual(1, sum(float(word) for word in words[2::2]), delta=0.001)

    def test_many_images(self):
        path = self.image("again.pgm", pgm(6))
        rows = self.classes(*[path] * 130)
        self.assertTrue(all(row == rows[0] for row in rows))

    def test_bad_images(self):
        good = pgm(4)
        header = b"P5\n28 28\n255\n"
        bad = [
            ("size.pgm", pgm(4, size=27), ("27", "28")),
            ("magic.pgm", b"P6" + good[2:], ("P5", "P2")),
            ("none.pgm", b"", ("P5", "P2")),
            ("cut.pgm", good[:-1], ("cut short", "783 of 784")),
            ("long.pgm", good + b"x", ("784",)),
            ("cut2.pgm", b"P2\n28 28\n255\n1 2 3", ("cut short", "3 of 784")),
            ("word.pgm", b"P2\n28 28\n255\n1 2 z", ("no number",)),
            ("long2.pgm", pgm(4, "P2") + b"7\n", ("784",)),
            ("high.pgm", b"P2\n28 28\n9\n" + b"10 " * 784, ("10", "9")),
            ("depth0.pgm", b"P5\n28 28\n0\n" + bytes(784), ("65535", "0")),
            ("depth.pgm", b"P5\n28 28\n65536\n" + bytes(784 * 2), ("65535", "65536")),
            ("huge.pgm", b"P5\n99999999 99999999\n255\n", ("99999999", "28")),
            ("overflow.pgm", b"P5\n4294967324 28\n255\n" + bytes(784), ("header",)),
            ("negative.pgm", b"P5\n-28 28\n255\n" + bytes(784), ("header",)),
            ("header.pgm", header[:6], ("header",)),
            ("letters.pgm", b"P5\n28x28\n255\n" + bytes(784), ("header",)),
        ]
        whole = self.image("whole.pgm", good)
        for name, data, pieces in bad:
            path = self.image(name, data)
            out, err = self.check_failure(["predict", saved(), path], name, *pieces)
            self.assertEqual("", out)
            out, err = self.check_failure(["predict", saved(), path, whole], name)
            self.assertEqual(1, len(out.splitlines()))
        self.check_failure(["predict", saved(), temp("no.pgm")], "no.pgm")
        self.check_failure(["predict", saved(), TEMP], TEMP)
        self.check_failure(["predict", temp("no-net"), whole], "no-net")

    def test_standard_input(self):
        with open(self.image("in.pgm", pgm(5)), "rb") as file:
            done = subprocess.run([TOOL, "predict", saved(), "-"], stdin=file,
                                  stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((0, "-"), (done.returncode, done.stdout.split()[0]))

    def test_channels(self):
        self.check_usage(["predict", saved(), temp("a.pgm"), "--channels", "3"], "--channels")


# ---- Streams -------------------------------------------------------------------------------------

class Streams(Case):
    COMMANDS = [["devices"], ["summary", "lenet5"], ["--help"], ["train", "--help"], ["--version"]]

    def test_full_disk(self):
        for command in self.COMMANDS + [["eval", saved()]]:
            with open("/dev/full", "w") as full:
                code, _, err = run(*command, stdout=full)
            self.assertEqual(1, code, command)
            self.assertIn("standard output", err)

    def test_closed_stdout(self):
        for command in self.COMMANDS:
            done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", TOOL, *command],
                                  stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(1, done.returncode, command)
            self.assertIn("standard output", done.stderr)

    def test_reader_that_goes_away(self):
        path = temp("reader")
        process = self.popen("train", "--data", DATA, "--net", SMALL, "--epochs", "100000", "--out",
                             path)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(1, process.wait(timeout=120))
        err = process.stderr.read()
        self.assertIn("standard output", err)
        self.check_exit(0, run("eval", path))

    def test_lines_come_at_once(self):
        process = self.popen("train", "--data", DATA, "--net", SMALL, "--epochs", "100000",
                             "--json")
        self.assertEqual(1, json.loads(process.stdout.readline())["epoch"])
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


class Terminal(Case):
    TRAIN = ["train", "--net", SMALL, "--batch", "4", "--data"]
    SHORT, LONG = ["--epochs", "2"], ["--epochs", "100000"]

    def session(self, *args, columns=80, term="xterm", until=None):
        """Runs train on a terminal, up to its end or an interrupt once until(shown) is true;
        returns the exit code and what was shown."""
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([TOOL, *self.TRAIN, DATA, *args], stdin=terminal,
                                   stdout=terminal, stderr=terminal, start_new_session=True,
                                   env=dict(os.environ, TERM=term))
        os.close(terminal)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        shown = ""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not select.select([main], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(main, 65536)
            except OSError:  # the other end is closed
                break
            shown += part.decode()
            if until and until(shown):
                until = None
                process.send_signal(signal.SIGINT)
        os.close(main)
        return process.wait(timeout=60), shown

    def bars(self, shown):
        return [part.split("\033")[0] for part in shown.split("\r")
                if part.startswith("epoch") and "%" in part]

    def check_lines(self, shown):
        """A bar is wiped before anything else is printed."""
        for line in shown.splitlines():
            self.assertNotIn("%", line.split("\033[K")[-1])

    def test_bar(self):
        code, shown = self.session(*self.LONG, columns=110,
                                   until=lambda text: text.count(" left") >= 3)
        self.assertEqual(130, code, shown)
        self.check_lines(shown)
        self.assertRegex(shown, r"(\r\033\[K|\n)interrupted in epoch")
        for bar in self.bars(shown):
            self.assertRegex(bar, r"^epoch +\d+/100000 \[=*>? *\] +\d+%(   [\d,]+ images/s)?"
                                  r"(   loss \d+\.\d{4})?(   .+ left)?$")
            self.assertLess(len(bar), 108)
        self.assertIn(" images/s", "".join(self.bars(shown)))

    def test_results(self):
        code, shown = self.session(*self.SHORT)
        self.assertEqual(0, code, shown)
        self.check_lines(shown)
        lines = [line.split("\033[K")[-1] for line in shown.splitlines()]
        self.assertRegex(lines[-1], r"^test accuracy [01]\.\d{4}$")
        self.assertEqual(2, sum(line.startswith("epoch ") for line in lines))
        self.assertGreaterEqual(len(self.bars(shown)), 1)

    def test_narrow_terminal(self):
        code, shown = self.session(*self.SHORT, columns=30)
        self.assertEqual(0, code, shown)
        bars = self.bars(shown)
        self.assertTrue(bars)
        for bar in bars:
            self.assertLess(len(bar), 28)

    def test_dumb_terminal(self):
        code, shown = self.session(*self.SHORT, term="dumb")
        self.assertEqual(0, code, shown)
        self.assertNotIn("\033", shown)
        self.assertRegex(shown.splitlines()[-1], r"^test accuracy [01]\.\d{4}$")


def main():
    global TOOL, DATA, TEMP
    if len(sys.argv) < 2:
        sys.exit("usage: python3 tool.py BUILD/clcnn [unittest options]")
    TOOL = os.path.abspath(sys.argv.pop(1))
    with tempfile.TemporaryDirectory(prefix="clcnn-tool-") as TEMP:
        DATA = make_data(os.path.join(TEMP, "data"))
        program = unittest.main(exit=False)
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
