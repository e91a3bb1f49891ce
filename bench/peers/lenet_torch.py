#!/usr/bin/env python3
"""lenet_torch.py EPOCHS: LeNet-5 on Fashion-MNIST in PyTorch, as `clcnn train` does it.

Same network (61,706 parameters), batch 128, Adam, mean cross-entropy, a fresh order each epoch. All
images lie in memory as floats before the clock starts, which is to PyTorch's advantage. Prints the
images per second of each epoch's training. CLCNN_BENCH_THREADS sets the threads (2).
"""

import gzip
import os
import sys
import time

import numpy
import torch
from torch import nn

FOLDER = "/usr/share/datasets/fashion-mnist"
BATCH = 128


def read(name, header):
    with gzip.open(os.path.join(FOLDER, name + ".gz")) as file:
        return numpy.frombuffer(file.read(), dtype=numpy.uint8, offset=header)


def main():
    epochs = int(sys.argv[1])
    torch.set_num_threads(int(os.environ.get("CLCNN_BENCH_THREADS", "2")))
    torch.manual_seed(1)
    labels = torch.from_numpy(read("train-labels-idx1-ubyte", 8).astype(numpy.int64))
    pixels = read("train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
    images = torch.from_numpy(pixels.astype(numpy.float32) / 255)
    images = (images - images.mean()) / images.std()
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    assert sum(p.numel() for p in net.parameters()) == 61706
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for _ in range(epochs):
        start = time.perf_counter()
        for batch in torch.randperm(len(images)).split(BATCH):
            optimiser.zero_grad(set_to_none=True)
            loss = criterion(net(images[batch]), labels[batch])
            loss.backward()
            optimiser.step()
        loss.item()
        print(f"{len(images) / (time.perf_counter() - start):.0f}", flush=True)


if __name__ == "__main__":
    main()
