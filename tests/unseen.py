#!/usr/bin/python3
"""Golden cases that nobody has seen yet, made by golden/make.py from a seed and replayed by the
command with every algorithm: the true ones must pass, and copies with one wrong number must fail.

    unseen.py TOOL [SEED [COUNT]]

Exit status 77 where PyTorch is not installed: ctest then says that the test was skipped.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = {"F64": "d", "I64": "q", "F32": "f"}


def replay(tool, paths, algo):
    """The verdicts of the lines, file by file, and the exit status."""
    run = subprocess.run([tool, "replay", "--algo", algo, *paths], capture_output=True, text=True,
                         check=False)
    verdicts = {path: [] for path in paths}
    for line in run.stdout.splitlines()[:-1]:
        verdict, path = line.split("\t")[:2]
        verdicts[path].append(verdict)
    return verdicts, run


def read(path):
    with open(path, "rb") as f:
        image = bytearray(f.read())
    length = struct.unpack_from("<Q", image)[0]
    header = json.loads(image[8:8 + length])
    op = header.pop("__metadata__")["op"]
    return image, 8 + length, op, header


def is_result(name, tensor):
    return tensor["dtype"] == "F64" or name == "argmax"


def values_of(image, base, tensor):
    begin, end = (base + offset for offset in tensor["data_offsets"])
    code = FORMATS[tensor["dtype"]]
    return begin, f"<{(end - begin) // struct.calcsize(code)}{code}"


def digits_lost(op, name, image, base, header):
    """How much less exactly a result is known than to 1e-12 of itself: gradients of parameters are
    sums whose terms cancel, adam divides by 1 - beta^step, and a normalisation takes the mean off and
    divides by a deviation that may be small."""
    lost = 10 if name in ("dw", "db", "dgamma", "dbeta") else 1
    if op == "adam" and name == "new_param":
        lost *= 1000
    if op in ("batchnorm", "layernorm"):
        begin, form = values_of(image, base, header["x"])
        lost *= 1000 * (1 + max(map(abs, struct.unpack_from(form, image, begin))))
    return lost


def falsify(path, to, amount, draw):
    """A copy in which one number of one result is off by `amount` of itself, or of 1 where it is
    smaller. It is the largest of its tensor: where sums cancelled, the others have fewer digits to be
    held to."""
    image, base, op, header = read(path)
    name = draw.choice(sorted(n for n, t in header.items() if is_result(n, t)))
    begin, form = values_of(image, base, header[name])
    values = list(struct.unpack_from(form, image, begin))
    at = max(range(len(values)), key=lambda i: abs(values[i]))
    if form.endswith("q"):
        values[at] += 1
    else:
        values[at] += amount * digits_lost(op, name, image, base, header) * max(1, abs(values[at]))
    struct.pack_into(form, image, begin, *values)
    with open(to, "wb") as f:
        f.write(image)
    return name


def check_falsified(tool, paths, folder, seed):
    """How many falsified copies passed. 1e-12 only the CPU reference can tell, a thousandth every
    device as well."""
    draw, passed = random.Random(seed), 0
    for amount in (1e-12, 1e-3):
        wrong = {}
        for path in paths:
            to = os.path.join(folder, f"wrong_{amount}_{os.path.basename(path)}")
            wrong[to] = falsify(path, to, amount, draw)
        verdicts, _ = replay(tool, list(wrong), "direct")
        for path, name in wrong.items():
            if "FAIL" not in verdicts[path]:
                passed += 1
                print(f"{path} passed, though {name} is off by {amount}", file=sys.stderr)
    return passed


def main():
    tool = sys.argv[1]
    seed = sys.argv[2] if len(sys.argv) > 2 else "20240229"
    count = sys.argv[3] if len(sys.argv) > 3 else "45"
    with tempfile.TemporaryDirectory() as folder:
        make = subprocess.run(["/usr/bin/python3", os.path.join(HERE, "golden", "make.py"), "--seed",
                               seed, "--count", count, "--out", folder], check=False)
        if make.returncode == 77:
            return 77
        make.check_returncode()
        paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        verdicts, run = replay(tool, paths, "all")
        good = [p for p in paths if verdicts[p] and set(verdicts[p]) == {"pass"}]
        wrong = check_falsified(tool, paths, folder, seed)
        print(f"seed {seed}: {len(good)} of {len(paths)} cases passed, {wrong} falsified ones too")
        if run.returncode or len(good) != int(count) or wrong:
            print(run.stderr, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
