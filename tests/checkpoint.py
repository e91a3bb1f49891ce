#!/usr/bin/env python3
"""checkpoint.py CLCNN: trains for a moment and reads the checkpoint with Python's own safetensors.

Run by the Python of build/venv, which scripts/test.sh makes from requirements.txt.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy
from safetensors import safe_open
from safetensors.numpy import load_file

PARAMETERS = 61706  # of lenet5


def train(clcnn, path):
    subprocess.run([clcnn, "train", "--net", "lenet5", "--data", "synthetic", "--epochs", "1",
                    "--out", path], check=True, stdout=subprocess.DEVNULL)


def main():
    clcnn = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.safetensors")
        train(clcnn, path)
        tensors = load_file(path)
        with safe_open(path, framework="numpy") as opened:
            assert set(opened.keys()) == set(tensors)
            assert opened.metadata(), "the file says nothing about its network"
        for name, tensor in tensors.items():
            assert tensor.size > 0, name
            if tensor.dtype == numpy.float32:
                assert numpy.isfinite(tensor).all(), f"{name} has values that are no numbers"
        floats = sum(t.size for t in tensors.values() if t.dtype == numpy.float32)
        assert floats >= 3 * PARAMETERS, f"{floats} numbers are no weights, m and v of lenet5"

        # The header by hand: data begins on a multiple of 8, as the format asks.
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        assert length % 8 == 0 and set(header) - {"__metadata__"} == set(tensors)
    print(f"{len(tensors)} tensors, {floats} numbers")


if __name__ == "__main__":
    main()
