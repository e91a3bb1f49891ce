#!@python@
"""The peer `onnxruntime`: convolutions forward by ONNX Runtime's own kernels for CPUs.

A model of one node is made of each case. Its weights are constants, as they are in a model: they are
packed when it is loaded, and not in a run.
"""

from peer import THREADS, checksum, missing, sample, serve, values

try:
    import numpy
    import onnx
    import onnxruntime
except (ImportError, OSError) as failed:
    missing(failed)

OPSET = 17  # any that has Conv, which has not changed since 11


def model(d):
    groups = d.get("groups", 1)
    w = values("w", d["k"], d["c"] // groups, d["r"], d["s"])
    node = onnx.helper.make_node(
        "Conv", ["x", "w"], ["y"], group=groups,
        pads=[d.get(side, 0) for side in ("pad_top", "pad_left", "pad_bottom", "pad_right")],
        strides=[d.get("stride_h", 1), d.get("stride_w", 1)],
        dilations=[d.get("dilation_h", 1), d.get("dilation_w", 1)])
    tensor = lambda name, shape: onnx.helper.make_tensor_value_info(
        name, onnx.TensorProto.FLOAT, shape)
    graph = onnx.helper.make_graph(
        [node], "conv", [tensor("x", [d["n"], d["c"], d["h"], d["w"]])], [tensor("y", None)],
        [onnx.numpy_helper.from_array(w, "w")])
    opset = onnx.helper.make_opsetid("", OPSET)
    made = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return made.SerializeToString()


def conv2d(d):
    """The session with the input and a place for the result in memory, and that place."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(model(d), options, ["CPUExecutionProvider"])
    x = values("x", d["n"], d["c"], d["h"], d["w"])
    y = numpy.empty_like(session.run(None, {"x": x})[0])
    bound = session.io_binding()
    bound.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
    place = onnxruntime.OrtValue.ortvalue_from_numpy(y)
    bound.bind_ortvalue_output("y", place)
    return lambda: session.run_with_iobinding(bound), place


def answer(d):
    if d["op"] != "conv2d" or d["direction"] != "forward":
        return {"note": "it does convolutions forward alone"}
    run, place = conv2d(d)
    run()
    return {"algo": "weights packed", "checksum": checksum(place.numpy()),
            "ms": sample(run, d["seconds"])}


if __name__ == "__main__":
    serve("ONNX Runtime " + onnxruntime.__version__, answer, (RuntimeError,))
