"""Builds convolutional networks as ONNX, layer by layer, with given or seeded weights. Needs numpy and onnx only."""
import math
import zlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The IR version that the ONNX release of each opset wrote.
IR_OF_OPSET = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8}


def same_pads(size, kernel, stride):
    """TensorFlow's SAME padding of one axis as (before, after): the odd one goes behind."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Network:
    """A graph with one float input [batch, channels, size, size]; every layer takes and gives value names.

    weights: tensors by name; one that is not there is drawn from the seed and its own name, so that the same name gets
    the same values in any network. Convolutions are He-normal, BatchNorm statistics near 0 and 1.
    batch: a number, or a string for a symbolic dimension.
    """

    def __init__(self, name, *, opset, batch=1, size=224, input_name="input", weights=None, seed=0):
        self.name, self.opset, self.seed = name, opset, seed
        self.weights = weights or {}
        self.nodes, self.tensors = [], {}
        self.input = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [batch, 3, size, size])
        self.batch = batch
        self.shapes = {input_name: (3, size)}  # value -> channels, height and width

    def tensor(self, name, dims, *, around=0.0, scale=0.05, positive=False):
        value = self.weights.get(name)
        if value is None:
            rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
            value = around + scale * (rng.random(dims) if positive else rng.standard_normal(dims))
        value = np.asarray(value, np.float32)
        if value.shape != tuple(dims):
            raise ValueError(f"{name} has the shape {value.shape}, the network needs {tuple(dims)}")
        self.tensors[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, op_type, inputs, name, shape, **attributes):
        self.nodes.append(helper.make_node(op_type, inputs, [name], name=name, **attributes))
        self.shapes[name] = shape
        return name

    def conv(self, x, name, channels, kernel, *, stride=1, groups=1, pads=None, bias=False):
        """pads: (before, after) of both axes; without it half the kernel on each side."""
        inputs, size = self.shapes[x]
        before, after = pads or (kernel // 2, kernel // 2)
        fan_in = inputs // groups * kernel * kernel
        parameters = [self.tensor(f"{name}.weight", (channels, inputs // groups, kernel, kernel),
                                  scale=math.sqrt(1.5 / fan_in))]
        if bias:
            parameters.append(self.tensor(f"{name}.bias", (channels,)))
        return self.node("Conv", [x, *parameters], name, (channels, (size + before + after - kernel) // stride + 1),
                         kernel_shape=[kernel, kernel], strides=[stride, stride], group=groups,
                         dilations=[1, 1], pads=[before, before, after, after])

    def batch_norm(self, x, name, *, epsilon=1e-5, variance=1.0):
        channels = self.shapes[x][:1]
        parameters = [self.tensor(f"{name}.weight", channels, around=1.0),
                      self.tensor(f"{name}.bias", channels),
                      self.tensor(f"{name}.running_mean", channels),
                      self.tensor(f"{name}.running_var", channels, around=variance, scale=0.1, positive=True)]
        return self.node("BatchNormalization", [x, *parameters], name, self.shapes[x], epsilon=epsilon)

    def relu(self, x, name):
        return self.node("Relu", [x], name, self.shapes[x])

    def relu6(self, x, name):
        limits = [("relu6.min", 0.0), ("relu6.max", 6.0)]
        for limit, value in limits:
            self.tensors[limit] = numpy_helper.from_array(np.array(value, np.float32), limit)
        return self.node("Clip", [x, *(limit for limit, _ in limits)], name, self.shapes[x])

    def add(self, a, b, name):
        if self.shapes[a] != self.shapes[b]:
            raise ValueError(f"{name} adds {a} of {self.shapes[a]} and {b} of {self.shapes[b]}")
        return self.node("Add", [a, b], name, self.shapes[a])

    def max_pool(self, x, name, kernel, stride, pad):
        channels, size = self.shapes[x]
        return self.node("MaxPool", [x], name, (channels, (size + 2 * pad - kernel) // stride + 1),
                         kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4)

    def classifier(self, x, name, classes=1000, output="output"):
        """Global average pooling and one dense layer."""
        channels = self.shapes[x][0]
        x = self.node("GlobalAveragePool", [x], f"{name}.pool", (channels, 1))
        x = self.node("Flatten", [x], f"{name}.flatten", (channels, 1), axis=1)
        weight = self.tensor(f"{name}.weight", (classes, channels), scale=math.sqrt(1 / channels))
        bias = self.tensor(f"{name}.bias", (classes,))
        self.nodes.append(helper.make_node("Gemm", [x, weight, bias], [output], name=name, transB=1))
        return helper.make_tensor_value_info(output, TensorProto.FLOAT, [self.batch, classes])

    def save(self, path, output):
        ir_version = IR_OF_OPSET[self.opset]
        inputs = [self.input]
        if ir_version < 4:  # in these every initialiser is an input as well
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.tensors.values()]
        graph = helper.make_graph(self.nodes, self.name, inputs, [output], list(self.tensors.values()))
        model = helper.make_model(graph, producer_name="broach", ir_version=ir_version,
                                  opset_imports=[helper.make_opsetid("", self.opset)])
        onnx.checker.check_model(model)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(model.SerializeToString())
        unfinished.replace(path)
