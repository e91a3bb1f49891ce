#!/usr/bin/python3
"""Makes golden cases that nobody has seen yet: inputs drawn from a seed, results by PyTorch.

Like the files in this folder (see README.md): the inputs are rounded to float first, and everything
is computed from those very numbers in double precision. Needs PyTorch (Debian: python3-torch) and
nothing else; without it the exit status is 77.

    make.py --seed 7 --count 300 --out cases
    clcnn replay --algo all cases/*.safetensors
"""
import argparse
import json
import os
import random
import struct
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("make.py: PyTorch is not installed (Debian: python3-torch)", file=sys.stderr)
    sys.exit(77)

DTYPES = {torch.float64: ("F64", "d"), torch.int64: ("I64", "q"), torch.float32: ("F32", "f")}


# ---- Files -------------------------------------------------------------------------------------


def write_safetensors(path, metadata, tensors):
    """The header's length, the header in JSON, padded to a multiple of 8, then the bare data."""
    header, data = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        t = t.detach().contiguous()
        word, code = DTYPES[t.dtype]
        raw = struct.pack(f"<{t.numel()}{code}", *t.reshape(-1).tolist())
        header[name] = {"dtype": word, "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


# ---- Drawing -----------------------------------------------------------------------------------


class Draw:
    """Shapes, attributes and values, all from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.generator = torch.Generator().manual_seed(self.random.getrandbits(62))

    def int(self, low, high):
        return self.random.randint(low, high)

    def pick(self, *choices):
        return self.random.choice(choices)

    def often(self, probability=0.5):
        return self.random.random() < probability

    def pads(self, most):
        """top, left, bottom, right: none, all alike, or four."""
        kind = self.int(0, 2)
        if kind == 1:
            return [min(self.int(1, 2), most)] * 4
        return [self.int(0, most) if kind else 0 for _ in range(4)]

    def values(self, *shape):
        """Floats as doubles: normal, of some scale, or small integers, which make ties."""
        if self.often(0.2):
            t = torch.randint(-4, 5, shape, generator=self.generator).double()
        else:
            t = torch.randn(shape, generator=self.generator, dtype=torch.float64)
            t = t * self.pick(1, 1, 1, 0.01, 30)
        return t.float().double()

    def far_from_0(self, *shape):
        """Sometimes with a mean that is large beside the deviation, for what takes the mean off."""
        return (self.values(*shape) + self.pick(0, 0, 0, 10, -1000)).float().double()

    def positive(self, *shape):
        return (self.values(*shape).abs() + 0.01).float().double()


class Case:
    """One case: attributes as the file has them, inputs, and results in double."""

    def __init__(self, **attributes):
        self.attributes = {}
        self.inputs, self.results = {}, {}
        self.set(**attributes)

    def set(self, **attributes):
        for name, value in attributes.items():
            value = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            self.attributes[name] = value if isinstance(value, str) else repr(value)

    def give(self, **inputs):
        """Inputs, which take part in gradients from here on."""
        for name, t in inputs.items():
            self.inputs[name] = t if t.dtype == torch.int64 else t.requires_grad_(True)

    def differentiate(self, y, dy, **gradients):
        """y, and for each NAME=input the gradient of sum(y * dy) by it."""
        self.results["y"] = y
        if dy is None:
            return
        self.inputs["dy"] = dy
        wanted = [self.inputs[name] for name in gradients.values()]
        for name, g in zip(gradients, torch.autograd.grad(y, wanted, dy)):
            self.results[name] = g

    def tensors(self):
        tensors = dict(self.results)
        tensors.update((name, t if t.dtype == torch.int64 else t.float())
                       for name, t in self.inputs.items())
        return dict(sorted(tensors.items(), key=lambda item: item[1].dtype != torch.float64))


def pad_image(x, pad, value=0.0):
    top, left, bottom, right = pad
    return F.pad(x, (left, right, top, bottom), value=value)


def window(draw, dilations=True):
    """Height and width of a window, its strides and its dilations."""
    dilation = [draw.int(1, 3), draw.int(1, 3)] if dilations and draw.often(0.3) else [1, 1]
    stride = [draw.int(1, 3), draw.int(1, 3)] if draw.often(0.6) else [1, 1]
    return [draw.int(1, 5), draw.int(1, 5)], stride, dilation


def image_for(draw, kernel, pad, dilation, most=14):
    """An image that the window fits in once it is padded."""
    least = [max(1, d * (k - 1) + 1 - a - b)
             for k, d, a, b in zip(kernel, dilation, pad[:2], pad[2:])]
    return [draw.int(low, max(low, most)) for low in least]


# ---- Operations: each returns a Case, or None where the draw is not legal ------------------------


def conv2d(draw):
    kernel, stride, dilation = window(draw)
    pad = draw.pads(3)
    groups = draw.pick(1, 1, 1, 2, 3)
    wide = draw.often(0.25)  # the channels that fast algorithms are made for
    c = draw.pick(8, 16, 17, 32) if wide else groups * draw.int(1, 4)
    k = draw.pick(8, 16, 31, 32) if wide else groups * draw.int(1, 5)
    groups = 1 if wide else groups
    if wide:
        kernel, stride, dilation = draw.pick([1, 1], [3, 3], [5, 5]), [1, 1], [1, 1]
    h, w = image_for(draw, kernel, pad, dilation)
    case = Case(stride=stride, pad=pad, dilation=dilation, groups=groups)
    case.give(x=draw.values(draw.int(1, 3), c, h, w), w=draw.values(k, c // groups, *kernel))
    gradients = {"dx": "x", "dw": "w"}
    if draw.often(0.8):
        case.give(b=draw.values(k))
        gradients["db"] = "b"
    y = F.conv2d(pad_image(case.inputs["x"], pad), case.inputs["w"], case.inputs.get("b"),
                 stride, 0, dilation, groups)
    case.differentiate(y, draw.values(*y.shape) if draw.often(0.9) else None, **gradients)
    return case


def conv2d_transpose(draw):
    kernel, stride, dilation = window(draw)
    groups = draw.pick(1, 1, 2, 3)
    c, k = groups * draw.int(1, 3), groups * draw.int(1, 3)
    output_pad = [draw.int(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
    h, w = draw.int(1, 8), draw.int(1, 8)
    full = [(n - 1) * s + d * (r - 1) + 1 + o
            for n, s, d, r, o in zip((h, w), stride, dilation, kernel, output_pad)]
    top, left = draw.int(0, 2), draw.int(0, 2)
    bottom, right = draw.int(0, 2), draw.int(0, 2)
    if full[0] <= top + bottom or full[1] <= left + right:
        return None
    case = Case(stride=stride, pad=[top, left, bottom, right], output_pad=output_pad,
                dilation=dilation, groups=groups)
    case.give(x=draw.values(draw.int(1, 3), c, h, w), w=draw.values(c, k // groups, *kernel),
              b=draw.values(k))
    y = F.conv_transpose2d(case.inputs["x"], case.inputs["w"], None, stride, 0, 0, groups, dilation)
    y = pad_image(y, [0, 0] + output_pad)
    y = y[:, :, top:full[0] - bottom, left:full[1] - right] + case.inputs["b"].view(1, k, 1, 1)
    case.differentiate(y, draw.values(*y.shape), dx="x", dw="w", db="b")
    return case


def maxpool2d(draw):
    kernel, stride, dilation = window(draw)
    pad = draw.pads(2)
    h, w = image_for(draw, kernel, pad, dilation)
    case = Case(kernel=kernel, stride=stride, pad=pad, dilation=dilation)
    case.give(x=draw.values(draw.int(1, 3), draw.int(1, 5), h, w))
    y, index = F.max_pool2d(pad_image(case.inputs["x"], pad, -float("inf")), kernel, stride, 0,
                            dilation, return_indices=True)
    if torch.isinf(y).any():  # a window wholly in the padding
        return None
    padded = w + pad[1] + pad[3]
    case.results["argmax"] = (torch.div(index, padded, rounding_mode="floor") - pad[0]) * w \
        + index % padded - pad[1]
    case.differentiate(y, draw.values(*y.shape), dx="x")
    return case


def avgpool2d(draw):
    kernel, stride, _ = window(draw, dilations=False)
    pad = [min(p, kernel[i % 2] - 1) for i, p in enumerate(draw.pads(2))]
    h, w = image_for(draw, kernel, pad, [1, 1])
    include = draw.int(0, 1)
    case = Case(kernel=kernel, stride=stride, pad=pad, count_include_pad=include)
    case.give(x=draw.values(draw.int(1, 3), draw.int(1, 5), h, w))
    y = F.avg_pool2d(pad_image(case.inputs["x"], pad), kernel, stride, divisor_override=1)
    inside = torch.ones(1, 1, h, w, dtype=torch.float64)
    count = F.avg_pool2d(pad_image(inside, pad, float(include)), kernel, stride, divisor_override=1)
    if (count == 0).any():  # a window wholly in the padding
        return None
    y = y / count
    case.differentiate(y, draw.values(*y.shape), dx="x")
    return case


def columns(draw):
    kernel, stride, dilation = window(draw)
    pad = draw.pads(3)
    size = image_for(draw, kernel, pad, dilation)
    padded = [size[0] + pad[0] + pad[2], size[1] + pad[1] + pad[3]]
    outputs = [(p - d * (k - 1) - 1) // s + 1
               for p, d, k, s in zip(padded, dilation, kernel, stride)]
    return (Case(kernel=kernel, stride=stride, pad=pad, dilation=dilation), kernel, stride, pad,
            dilation, size, padded, outputs)


def im2col(draw):
    case, kernel, stride, pad, dilation, size, _, _ = columns(draw)
    case.give(x=draw.values(draw.int(1, 3), draw.int(1, 4), *size))
    case.results["y"] = F.unfold(pad_image(case.inputs["x"], pad), kernel, dilation, 0, stride)
    return case


def col2im(draw):
    case, kernel, stride, pad, dilation, size, padded, outputs = columns(draw)
    case.set(size=size)
    case.give(x=draw.values(draw.int(1, 3), draw.int(1, 4) * kernel[0] * kernel[1],
                            outputs[0] * outputs[1]))
    y = F.fold(case.inputs["x"], padded, kernel, dilation, 0, stride)
    case.results["y"] = y[:, :, pad[0]:pad[0] + size[0], pad[1]:pad[1] + size[1]]
    return case


def pad2d(draw):
    pad = draw.pads(5)
    case = Case(pad=pad)
    case.give(x=draw.values(draw.int(1, 3), draw.int(1, 4), draw.int(1, 12), draw.int(1, 12)))
    y = pad_image(case.inputs["x"], pad)
    case.differentiate(y, draw.values(*y.shape), dx="x")
    return case


def batchnorm(draw):
    train, unbiased = draw.often(0.7), draw.often()
    eps, momentum = draw.pick(1e-5, 1e-3), draw.pick(0.1, 0.5, 0.01, 1.0, 0.0)
    c = draw.int(1, 6)
    shape = [draw.int(2, 8), c] + ([draw.int(1, 7), draw.int(1, 7)] if draw.often(0.7) else [])
    case = Case(mode="train" if train else "eval", eps=eps, momentum=momentum,
                running_var_kind="unbiased" if unbiased else "biased")
    case.give(x=draw.far_from_0(*shape), gamma=draw.values(c), beta=draw.values(c),
              running_mean=draw.values(c), running_var=draw.positive(c))
    mean, var = (case.inputs[n].detach().clone() for n in ("running_mean", "running_var"))
    y = F.batch_norm(case.inputs["x"], mean, var, case.inputs["gamma"], case.inputs["beta"], train,
                     momentum, eps)
    if train and not unbiased:
        axes = [0, 2, 3][:len(shape) - 1]
        batch = case.inputs["x"].detach().var(axes, unbiased=False)
        var = (1 - momentum) * case.inputs["running_var"].detach() + momentum * batch
    case.results["new_running_mean"], case.results["new_running_var"] = mean, var
    case.differentiate(y, draw.values(*shape), dx="x", dgamma="gamma", dbeta="beta")
    return case


def layernorm(draw):
    n, d, eps = draw.int(1, 10), draw.int(2, 60), draw.pick(1e-5, 1e-3)
    case = Case(eps=eps)
    case.give(x=draw.far_from_0(n, d), gamma=draw.values(d), beta=draw.values(d))
    y = F.layer_norm(case.inputs["x"], (d,), case.inputs["gamma"], case.inputs["beta"], eps)
    case.differentiate(y, draw.values(n, d), dx="x", dgamma="gamma", dbeta="beta")
    return case


def activation(draw):
    kind = draw.pick("relu", "elu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu")
    alpha = draw.pick(1.0, 0.01, 0.3, round(draw.random.uniform(0, 2), 3))
    case = Case(kind=kind, alpha=alpha)
    case.give(x=draw.values(draw.int(1, 5), draw.int(1, 60)))
    function = {"elu": lambda x: F.elu(x, alpha), "leaky_relu": lambda x: F.leaky_relu(x, alpha),
                "sigmoid": torch.sigmoid, "tanh": torch.tanh}.get(kind) or getattr(F, kind)
    y = function(case.inputs["x"])
    case.differentiate(y, draw.values(*y.shape), dx="x")
    return case


def dense(draw):
    n, i, o = draw.int(1, 20), draw.int(1, 60), draw.int(1, 40)
    case = Case()
    case.give(x=draw.values(n, i), w=draw.values(o, i), b=draw.values(o))
    y = F.linear(case.inputs["x"], case.inputs["w"], case.inputs["b"])
    case.differentiate(y, draw.values(n, o), dx="x", dw="w", db="b")
    return case


def softmax_cross_entropy(draw):
    n, classes = draw.int(1, 20), draw.int(1, 30)
    case = Case()
    case.give(x=draw.values(n, classes),
              labels=torch.randint(0, classes, (n,), generator=draw.generator))
    loss = F.cross_entropy(case.inputs["x"], case.inputs["labels"])
    case.results = {"y": F.softmax(case.inputs["x"], 1), "loss": loss.reshape(1),
                    "dx": torch.autograd.grad(loss, case.inputs["x"])[0]}
    return case


def step(case, draw, make, states):
    """One step of PyTorch's optimiser from the given state: its names to those of the file."""
    count = draw.int(1, 200)
    param = torch.nn.Parameter(draw.values(count))
    param.grad = draw.values(count)
    case.inputs = {"param": param.detach().clone(), "grad": param.grad.clone()}
    optimiser = make([param])
    for theirs, (ours, positive) in states.items():
        value = draw.positive(count) if positive else draw.values(count)
        case.inputs[ours] = value.clone()
        optimiser.state[param][theirs] = value
    if "step" in case.attributes:
        optimiser.state[param]["step"] = torch.tensor(float(case.attributes["step"]) - 1)
    elif isinstance(optimiser, torch.optim.RMSprop):
        optimiser.state[param]["step"] = 0
    optimiser.step()
    case.results["new_param"] = param.detach().clone()
    for theirs, (ours, _) in states.items():
        case.results["new_" + ours] = optimiser.state[param][theirs]
    return case


def sgd(draw):
    lr, momentum, decay = draw.pick(0.001, 0.05, 1.0), draw.pick(0.9, 0.5, 0.0), draw.pick(0.0, 0.01)
    nesterov = momentum > 0 and draw.often()
    case = Case(lr=lr, momentum=momentum, nesterov=int(nesterov), weight_decay=decay)
    return step(case, draw, lambda p: torch.optim.SGD(p, lr, momentum, 0, decay, nesterov),
                {"momentum_buffer": ("velocity", False)} if momentum else {})


def rmsprop(draw):
    lr, alpha = draw.pick(0.001, 0.05), draw.pick(0.99, 0.9, 0.5)
    eps, decay = draw.pick(1e-8, 1e-3), draw.pick(0.0, 0.01)
    case = Case(lr=lr, alpha=alpha, eps=eps, weight_decay=decay)
    return step(case, draw, lambda p: torch.optim.RMSprop(p, lr, alpha, eps, decay),
                {"square_avg": ("square_avg", True)})


def adam(draw):
    lr, betas, eps = draw.pick(0.001, 0.05), draw.pick((0.9, 0.999), (0.5, 0.9)), draw.pick(1e-8, 1e-3)
    decay, decoupled = draw.pick(0.0, 0.01), draw.often()
    case = Case(lr=lr, beta1=betas[0], beta2=betas[1], eps=eps, weight_decay=decay,
                decoupled=int(decoupled), step=draw.pick(1, 2, draw.int(3, 1000), 100000))
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    return step(case, draw, lambda p: kind(p, lr, betas, eps, decay),
                {"exp_avg": ("m", False), "exp_avg_sq": ("v", True)})


OPS = [conv2d, conv2d_transpose, maxpool2d, avgpool2d, im2col, col2im, pad2d, batchnorm, layernorm,
       activation, dense, softmax_cross_entropy, sgd, rmsprop, adam]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=len(OPS) * 8,
                        help="cases in all, operation by operation in turn")
    parser.add_argument("--out", required=True, help="a folder; it is made")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(1)
    for i in range(options.count):
        op = OPS[i % len(OPS)]
        draw, case = Draw(f"{options.seed} {i}"), None
        while case is None:
            case = op(draw)
        path = os.path.join(options.out, f"{op.__name__}_{options.seed}_{i:04}.safetensors")
        write_safetensors(path, {"op": op.__name__, **case.attributes}, case.tensors())


if __name__ == "__main__":
    main()
