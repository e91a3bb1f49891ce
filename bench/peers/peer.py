"""What peers in Python share: the numbers of a case, the clock, and answering. bench/README.md has
the protocol. A peer says how a case is run; who it is, is its program's name.
"""

import json
import os
import sys
import time

SLOW = 2  # seconds: what takes longer runs once
OFF = 0.25  # what is further from an integer than that is not taken for one
NAME = os.path.basename(sys.argv[0])
THREADS = os.cpu_count() or 1


def say(**line):
    print(json.dumps(line), flush=True)


def missing(error):
    """Ends the program, which can't be had."""
    say(peer=NAME, missing=str(error))
    sys.exit(0)


try:
    import numpy
except ImportError as failed:
    missing(failed)


# ---- Tensors: the same numbers as everybody's ----------------------------------------------------

def scattered(count, seed):
    places = numpy.arange(count, dtype=numpy.uint32)
    once = places * numpy.uint32(2654435761) + numpy.uint32(seed * 40503)
    return (once ^ once >> numpy.uint32(15)) * numpy.uint32(2246822519) >> numpy.uint32(16)


def values(name, *shape):
    """Small integers by the name's last letter."""
    count = int(numpy.prod(shape))
    return ((scattered(count, ord(name[-1])) % numpy.uint32(5)).astype(numpy.float32) - 2).reshape(shape)


def checksum(result):
    result = result.ravel().astype(numpy.float64)
    whole = numpy.rint(result)
    result = numpy.where(abs(result - whole) <= OFF, whole, result)
    weights = (scattered(result.size, 0) % numpy.uint32(7)).astype(numpy.float64) - 3
    # No product of vectors: a BLAS that numpy brings has threads, which wait for more work actively
    # and would take their time from the sample that follows.
    return float((result * weights).sum())


# ---- The clock, as host/bench/measure.c has it ---------------------------------------------------

def timed(run, count):
    begin = time.perf_counter()
    for _ in range(count):
        run()
    return time.perf_counter() - begin


def sample(run, seconds):
    took = timed(run, 1)
    if took >= SLOW:
        return took * 1e3
    count = 1
    while True:
        took = timed(run, count)
        if took >= seconds:
            return took * 1e3 / count
        count = int(min(1.2 * count * seconds / max(took, 1e-9), 16 * count)) + 1


# ---- Answers -------------------------------------------------------------------------------------

def serve(version, answer, wrong):
    """Says who it is, then answers until the input ends; exceptions of `wrong` are answers too."""
    say(peer=NAME, version=version,
        device="CPU, %d thread%s" % (THREADS, "" if THREADS == 1 else "s"))
    for line in sys.stdin:
        try:
            say(**answer(json.loads(line)))
        except (NotImplementedError, KeyError, ValueError, *wrong) as error:
            say(note="%s: %s" % (type(error).__name__, error))
