"""ONNX Runtime on the processor. Usage: onnx_reference.py MODEL THREADS GRAPH PRECISION

PRECISION is float32, or int8: weights quantized by channel, activations as they come (dynamic quantization)."""
import os, sys

import numpy, onnxruntime

import network

model, threads, graph, precision = sys.argv[1:]
network.need(model, graph)
if precision == "int8":
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantized = graph + ".int8"
    if not os.path.exists(quantized):
        quantize_dynamic(graph, quantized, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"])
    graph = quantized
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(items):
    out = numpy.empty((len(items), 384), numpy.float32)
    for batch, ids, mask in network.batches(items):
        hidden, = session.run(None, {"ids": ids, "mask": mask})
        out[batch] = network.pool(hidden, mask)
    return out


network.serve(model, run)
