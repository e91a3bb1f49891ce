#!/usr/bin/env python3
"""Makes the files beside it: a network's weights as PyTorch has them, and what it computes.

    python3 tests/import/make.py        needs torch, numpy and the package safetensors

    torch.safetensors     the state_dict in PyTorch's own order, laid out by hand
    sorted.safetensors    the same by the package safetensors, which sorts the names
    expected.safetensors  images (U8), their logits (F64, computed in double from the same float
                          weights) and how far float arithmetic may be off (F64)

The bounds follow the errors of single operations through the network, with u = 2^-24: an operation
on inputs that are off by e is off by what it makes of e, and by its own rounding. That is
  conv, dense   gamma(n + 2) * sum |w||x| for sums of n products (the library's error class)
  batchnorm     20 u (|s|(sum |w||x| of the convolution before it + |mean|) + |beta|), s being
                gamma / sqrt(var + eps): 15 u for 1/sqrt (5 roundings and the ulps that OpenCL
                allows a root and a quotient), 5 for gamma, the difference, the product and the sum.
                The magnitude is the convolution's, so that its weights may be multiplied by s
                beforehand.
  add           u of the sum; relu and maxpool are exact
and 1.1 times all that for products of errors, which are far below.
"""

import json
import os
import struct

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

HERE = os.path.dirname(os.path.abspath(__file__))
U = 2.0 ** -24
COUNT, CHANNELS, HEIGHT, WIDTH, CLASSES = 6, 3, 12, 10, 5
FILTERS = 4
MEAN, DEVIATION = 0.375, 0.25


class Net(nn.Module):
    """Names that sort otherwise than they are counted: 10 before 3."""

    def __init__(self):
        super().__init__()
        self.features = nn.Module()
        for name, layer in (("0", nn.Conv2d(CHANNELS, FILTERS, 3, padding=1, bias=False)),
                            ("1", nn.BatchNorm2d(FILTERS)),
                            ("3", nn.Conv2d(FILTERS, FILTERS, 3, padding=1, bias=False)),
                            ("9", nn.BatchNorm2d(FILTERS)),
                            ("10", nn.Conv2d(FILTERS, FILTERS, 3, padding=1))):
            self.features.add_module(name, layer)
        self.classifier = nn.Module()
        self.classifier.add_module("1", nn.Linear(FILTERS * 6 * 5, 8))
        self.classifier.add_module("3", nn.Linear(8, CLASSES))


class Tracked:
    """Values, and how far those of float arithmetic may be off."""

    def __init__(self, value, error=None, size=None):
        self.value, self.error = value, torch.zeros_like(value) if error is None else error
        self.size = size  # sum |w||x|, of a convolution


def gamma(terms):
    return terms * U / (1 - terms * U)


def linear(apply, x, layer, terms):
    weight = layer.weight
    bias = layer.bias if layer.bias is not None else torch.zeros(weight.shape[0]).double()
    size = apply(x.value.abs() + x.error, weight.abs(), bias.abs())
    spread = apply(x.error, weight.abs(), 0 * bias)
    return Tracked(apply(x.value, weight, bias), spread + gamma(terms + 2) * size, size)


def conv(x, layer):
    def apply(v, w, b):
        return functional.conv2d(v, w, b, layer.stride, layer.padding)
    return linear(apply, x, layer, layer.weight[0].numel())


def dense(x, layer):
    return linear(functional.linear, x, layer, layer.weight.shape[1])


def channel(values):
    return values[None, :, None, None]


def batchnorm(x, layer):
    scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
    value = (x.value - channel(layer.running_mean)) * channel(scale) + channel(layer.bias)
    size = (x.size + channel(layer.running_mean.abs())) * channel(scale.abs()) + \
        channel(layer.bias.abs())
    return Tracked(value, x.error * channel(scale.abs()) + 20 * U * size)


def relu(x):
    return Tracked(x.value.clamp(min=0), x.error)


def add(x, y):
    value = x.value + y.value
    return Tracked(value, x.error + y.error + U * (value.abs() + x.error + y.error))


def maxpool(x):
    return Tracked(functional.max_pool2d(x.value, 2), functional.max_pool2d(x.error, 2))


def run(net, x):
    """conv 4 3x3 pad 1 nobias, batchnorm, relu as a, conv 4 3x3 pad 1 nobias, batchnorm, add a,
    relu as b, conv 4 3x3 pad 1, add b, relu, maxpool 2, flatten, dense 8, relu, dense 5"""
    layers, head = net.features._modules, net.classifier._modules
    a = relu(batchnorm(conv(x, layers["0"]), layers["1"]))
    b = relu(add(batchnorm(conv(a, layers["3"]), layers["9"]), a))
    c = maxpool(relu(add(conv(b, layers["10"]), b)))
    flat = Tracked(c.value.flatten(1), c.error.flatten(1))
    return dense(relu(dense(flat, head["1"])), head["3"])


def write_by_hand(path, tensors):
    """Tensors in the order given, as safetensors lays them out."""
    types = {numpy.dtype("float32"): "F32", numpy.dtype("int64"): "I64",
             numpy.dtype("float64"): "F64", numpy.dtype("uint8"): "U8"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        array = tensor.detach().contiguous().numpy()
        raw = array.tobytes()
        header[name] = {"dtype": types[array.dtype], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def shake_statistics(net):
    """As after some training: scales, offsets and statistics that are their own in each channel."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.uniform_(-0.5, 0.5)
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.25, 2)
            layer.num_batches_tracked.fill_(7)


def main():
    torch.manual_seed(20)
    net = Net()
    shake_statistics(net)
    state = net.state_dict()
    write_by_hand(os.path.join(HERE, "torch.safetensors"), state)
    path = os.path.join(HERE, "sorted.safetensors")
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    os.chmod(path, 0o644)

    pixels = torch.randint(0, 256, (COUNT, CHANNELS, HEIGHT, WIDTH), dtype=torch.uint8)
    images = ((pixels.numpy() / 255.0 - MEAN) / DEVIATION).astype(numpy.float32)
    with torch.no_grad():
        logits = run(net.double(), Tracked(torch.from_numpy(images).double()))
    write_by_hand(os.path.join(HERE, "expected.safetensors"),
                  {"logits": logits.value, "bounds": 1.1 * logits.error, "images": pixels})


if __name__ == "__main__":
    main()
