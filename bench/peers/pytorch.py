#!@python@
"""The peers `pytorch` and `pytorch-new`: the same cases by PyTorch, on the CPU with as many threads
as processors.

Reads a case a line on stdin, answers with a line of JSON: see bench/README.md. CMake writes down
which Python runs it: CLCNN_PYTHON for `pytorch`, the one of scripts/peers.sh for `pytorch-new`.
"""

import os

# Debian's PyTorch has OpenBLAS's threads beside OpenMP's, and each wait actively for work while the
# others have it. With one of the former it trains LeNet-5 3 times as fast.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from peer import THREADS, checksum, missing, sample, serve, values

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except (ImportError, OSError) as failed:  # the latter where a library of PyTorch's is missing
    missing(failed)

BATCH = 128


def tensor(name, *shape):
    """Small integers; positive where a root is taken of them."""
    array = values(name, *shape)
    if name in ("rstd", "running_var", "square_avg", "v"):
        array += 3
    return torch.from_numpy(array)


# ---- Cases: each makes a function that runs it once and returns its result -----------------------

def pads(d):
    """Padding as PyTorch takes it, which is the same at both ends."""
    top, left = d.get("pad_top", 0), d.get("pad_left", 0)
    if (top, left) != (d.get("pad_bottom", 0), d.get("pad_right", 0)):
        raise NotImplementedError("PyTorch pads both sides alike")
    return top, left


def conv2d(d, direction):
    groups = d.get("groups", 1)
    stride = d.get("stride_h", 1), d.get("stride_w", 1)
    dilation = d.get("dilation_h", 1), d.get("dilation_w", 1)
    padding = pads(d)
    x = tensor("x", d["n"], d["c"], d["h"], d["w"])
    w = tensor("w", d["k"], d["c"] // groups, d["r"], d["s"])
    y = F.conv2d(x, w, None, stride, padding, dilation, groups)
    dy = tensor("dy", *y.shape)

    def backward(x_too, w_too):
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, stride, padding, dilation, False, (0, 0), groups,
            (x_too, w_too, False))

    return {"forward": lambda: F.conv2d(x, w, None, stride, padding, dilation, groups),
            "backward_data": lambda: backward(True, False)[0],
            "backward_weights": lambda: backward(False, True)[1]}[direction]


def by_autograd(function, x, dy_name="dy"):
    """Backward of a function of x alone: the graph is made once, and gone through again and again."""
    x.requires_grad_(True)
    y = function(x)
    dy = tensor(dy_name, *y.shape)
    return lambda: torch.autograd.grad(y, x, dy, retain_graph=True)[0]


def of_function(function, x, direction):
    return (lambda: function(x)) if direction == "forward" else by_autograd(function, x)


def maxpool2d(d, direction):
    size, stride, padding = (d["r"], d["s"]), (d["stride_h"], d["stride_w"]), pads(d)
    x = tensor("x", d["n"], d["c"], d["h"], d["w"])
    if direction == "forward":
        return lambda: F.max_pool2d_with_indices(x, size, stride, padding)[0]
    return by_autograd(lambda x: F.max_pool2d(x, size, stride, padding), x)


def avgpool2d(d, direction):
    size, stride, padding = (d["r"], d["s"]), (d["stride_h"], d["stride_w"]), pads(d)
    both = bool(d.get("count_include_pad", 0))
    return of_function(lambda x: F.avg_pool2d(x, size, stride, padding, False, both),
                       tensor("x", d["n"], d["c"], d["h"], d["w"]), direction)


def adaptive_avgpool2d(d, direction):
    return of_function(lambda x: F.adaptive_avg_pool2d(x, (d["p"], d["q"])),
                       tensor("x", d["n"], d["c"], d["h"], d["w"]), direction)


def batchnorm(d, direction):
    shape = [d["n"], d["c"], d["h"], d["w"]]
    gamma, beta = tensor("gamma", d["c"]), tensor("beta", d["c"])
    mean, var = tensor("running_mean", d["c"]), tensor("running_var", d["c"])
    training = not d.get("inference", 0)
    x = tensor("x", *shape)
    if direction == "forward":
        return lambda: F.batch_norm(x, mean, var, gamma, beta, training, d.get("momentum", 0))
    y, save_mean, save_rstd = torch.native_batch_norm(x, gamma, beta, mean, var, training, 0.1, 1e-5)
    dy = tensor("dy", *shape)
    return lambda: torch.ops.aten.native_batch_norm_backward(
        dy, x, gamma, mean, var, save_mean, save_rstd, training, 1e-5, [True, True, True])[0]


def layernorm(d, direction):
    gamma, beta = tensor("gamma", d["d"]), tensor("beta", d["d"])
    x = tensor("x", d["n"], d["d"])
    if direction == "forward":
        return lambda: F.layer_norm(x, (d["d"],), gamma, beta)
    y, mean, rstd = torch.native_layer_norm(x, (d["d"],), gamma, beta, 1e-5)
    dy = tensor("dy", d["n"], d["d"])
    return lambda: torch.ops.aten.native_layer_norm_backward(
        dy, x, (d["d"],), mean, rstd, gamma, beta, [True, True, True])[0]


def activation(d, direction):
    functions = {"relu": F.relu, "tanh": torch.tanh, "gelu": F.gelu, "sigmoid": torch.sigmoid,
                 "silu": F.silu}
    return of_function(functions[d["kind"]], tensor("x", d["count"]), direction)


def add(d, direction):
    shape = d["n"], d["c"], d["h"], d["w"]
    a, b, dy = tensor("a", *shape), tensor("b", *shape), tensor("dy", *shape)
    return (lambda: a + b) if direction == "forward" else (lambda: dy.clone())


def softmax(d, direction):
    return of_function(lambda x: F.softmax(x, 1), tensor("x", d["n"], d["classes"]), direction)


def dropout(d, direction):
    return of_function(lambda x: F.dropout(x, d["drop"]), tensor("x", d["count"]), direction)


def stepper(make):
    def case(d, direction):
        param = nn.Parameter(tensor("param", d["count"]))
        param.grad = tensor("grad", d["count"])
        optimiser = make(param, d)

        def step():
            optimiser.step()
            return param
        return step
    return case


# Results that are the same everywhere, bit for bit: integers in, integers out.
EXACT = {"conv2d", "maxpool2d", "add"}
CASES = {
    "conv2d": conv2d, "maxpool2d": maxpool2d, "avgpool2d": avgpool2d,
    "adaptive_avgpool2d": adaptive_avgpool2d, "batchnorm": batchnorm, "layernorm": layernorm,
    "activation": activation, "add": add, "softmax": softmax, "dropout": dropout,
    "sgd": stepper(lambda p, d: torch.optim.SGD([p], d["lr"], d["momentum"])),
    "rmsprop": stepper(lambda p, d: torch.optim.RMSprop([p], d["lr"], d["alpha"])),
    "adam": stepper(lambda p, d: torch.optim.Adam([p], d["lr"], (d["beta1"], d["beta2"]))),
}


# ---- Networks: the presets of clcnn, layer by layer ----------------------------------------------

class Block(nn.Module):
    """Two convolutions of a residual network, and the input on top of them."""

    def __init__(self, c, k):
        super().__init__()
        stride = 2 if c != k else 1
        self.main = nn.Sequential(
            nn.Conv2d(c, k, 3, stride, 1, bias=False), nn.BatchNorm2d(k), nn.ReLU(),
            nn.Conv2d(k, k, 3, 1, 1, bias=False), nn.BatchNorm2d(k))
        self.input = nn.Sequential() if c == k else nn.Sequential(
            nn.Conv2d(c, k, 1, 2, bias=False), nn.BatchNorm2d(k))

    def forward(self, x):
        return F.relu(self.main(x) + self.input(x))


NETS = {
    "lenet5": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    "resnet-mini": lambda: nn.Sequential(
        nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16), Block(16, 16), Block(16, 32), Block(32, 32), Block(32, 64), Block(64, 64),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    "simple-cnn": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 28 * 28, 10)),
}


def network(d, direction):
    """An epoch over images that lie in memory as floats already, which is to PyTorch's advantage."""
    torch.manual_seed(1)
    net = NETS[d["op"]]()
    images, labels = torch.randn(d["images"], 1, 28, 28), torch.arange(d["images"]) % 10
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    def train():
        net.train()
        for batch in torch.randperm(len(images)).split(BATCH):
            optimiser.zero_grad(set_to_none=True)
            loss = criterion(net(images[batch]), labels[batch])
            loss.backward()
            optimiser.step()
        return loss

    def infer():
        net.eval()
        right = 0
        with torch.no_grad():
            for batch, expected in zip(images.split(BATCH), labels.split(BATCH)):
                right += (net(batch).argmax(1) == expected).sum()
        return right

    return {"training": train, "inference": infer}[direction]


# ---- Answers -------------------------------------------------------------------------------------

def answer(d):
    op, direction = d["op"], d["direction"]
    if op not in CASES and op not in NETS:
        return {"note": "PyTorch's counterpart of %s is not written" % op}
    run = network(d, direction) if op in NETS else CASES[op](d, direction)
    result = {"algo": ""}
    if op in EXACT or d.get("kind") == "relu":
        result["checksum"] = checksum(run().detach().contiguous().numpy())
    if op in NETS or op in ("sgd", "rmsprop", "adam") or direction == "backward_data":
        result["ms"] = sample(run, d["seconds"])
    else:
        with torch.no_grad():
            result["ms"] = sample(run, d["seconds"])
    return result


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    serve("PyTorch " + torch.__version__, answer, (RuntimeError,))
