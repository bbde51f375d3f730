"""OpenVINO on the processor. Usage: openvino_reference.py MODEL THREADS GRAPH PRECISION HINT

PRECISION is f32, bf16 or int8 (weights and activations quantized by NNCF after training, calibrated on generated text).
HINT is LATENCY, one stream on all threads, or THROUGHPUT, two streams that share them."""
import os, sys

import numpy, openvino

import network

model, threads, graph, precision, hint = sys.argv[1:]
network.need(model, graph)
core = openvino.Core()
if precision == "int8":
    import nncf

    quantized = graph + ".nncf.xml"
    if not os.path.exists(quantized):
        t = network.tokenizer(model)
        texts = [f"We could start on day {i} for {i * 97} dollars, if the contract with the other vendor ends." * (1 + i % 6) for i in range(128)]
        samples = [(ids, mask) for _, ids, mask in network.batches([numpy.array(t.encode(s).ids) for s in texts])]
        data = nncf.Dataset(samples, lambda s: {"ids": s[0], "mask": s[1]})
        q = nncf.quantize(core.read_model(graph), data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))
        openvino.save_model(q, quantized)
    graph = quantized
compiled = core.compile_model(graph, "CPU", {
    "PERFORMANCE_HINT": hint, "NUM_STREAMS": 1 if hint == "LATENCY" else 2, "INFERENCE_NUM_THREADS": int(threads),
    "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
})
queue = openvino.AsyncInferQueue(compiled, 1 if hint == "LATENCY" else 2)


def finish(request, task):
    out, batch, mask = task
    out[batch] = network.pool(request.get_output_tensor().data, mask)


queue.set_callback(finish)


def run(items):
    out = numpy.empty((len(items), 384), numpy.float32)
    for batch, ids, mask in network.batches(items):
        queue.start_async({"ids": ids, "mask": mask}, (out, batch, mask))
    queue.wait_all()
    return out


network.serve(model, run)
