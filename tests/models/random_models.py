"""Random networks of the supported operators, small enough for a naive reference. The same seed gives the same model.

A network is a chain of blocks drawn by weight; each block keeps the shape of what it makes, so that the next can be fitted to it.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = [1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 20, 24, 32, 40, 48, 58, 64]
SIZES = [1, 2, 3, 5, 7, 8, 9, 13, 14, 15, 16, 20, 28, 31, 33, 40]
ACTIVATIONS = ["Relu", "Relu6", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "HardSwishByParts", "LeakyRelu", "PRelu", "Tanh", "Elu",
               "Swish", "Softplus", "Gelu", "Mish", "Abs", "Exp"]


class Network:
    def __init__(self, seed, channels=CHANNELS, sizes=SIZES, most_elements=60000):
        self.rng = np.random.default_rng(seed)
        self.seed, self.channels, self.sizes, self.most_elements = seed, channels, sizes, most_elements
        self.nodes, self.weights, self.shapes, self.counter = [], [], {}, 0

    # --- Plumbing ---

    def pick(self, items):
        return items[self.rng.integers(len(items))]

    def chance(self, p):
        return self.rng.random() < p

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def name(self):
        self.counter += 1
        return f"v{self.counter}"

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def normal(self, shape, scale=1.0, offset=0.0):
        return self.constant((offset + scale * self.rng.standard_normal(shape)).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def add(self, op, inputs, shape, **attributes):
        name = self.name()
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"{op}_{name}", **attributes))
        self.shapes[name] = tuple(int(d) for d in shape)
        return name

    def split(self, x, axis, parts):
        names = [self.name() for _ in parts]
        self.nodes.append(helper.make_node("Split", [x, self.ints(*parts)], names, name=f"Split_{names[0]}", axis=axis))
        for name, extent in zip(names, parts):
            self.shapes[name] = tuple(extent if d == axis else e for d, e in enumerate(self.shapes[x]))
        return names

    def model(self, inputs, outputs):
        def info(name):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name])
        graph = helper.make_graph(self.nodes, f"random_{self.seed}", [info(i) for i in inputs], [info(o) for o in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        return model

    # --- Windows over [N, C, spatial...] ---

    def window(self, x, kernel, most_stride=3, most_dilation=1):
        """Strides, dilations and pads that leave something of x; and the extents that result."""
        spatial = self.shapes[x][2:]
        strides, dilations, low, high, out, sizes = [], [], [], [], [], []
        for d, extent in enumerate(spatial):
            k = kernel[d]
            dilation = self.whole(1, most_dilation) if k > 1 else 1
            span = (k - 1) * dilation + 1
            if span > extent + 2 * (k - 1):
                k, dilation, span = 1, 1, 1
            kind = self.rng.integers(3)
            a = (span // 2) if kind == 0 else self.whole(0, k - 1)
            b = (span // 2) if kind == 0 else self.whole(0, k - 1)
            a, b = min(a, k - 1) if most_dilation == 1 else a, min(b, k - 1) if most_dilation == 1 else b
            short = span - (extent + a + b)
            if short > 0:
                b += short
            if most_dilation == 1 and b > k - 1:
                k, span, dilation, a, b = 1, 1, 1, 0, 0
            stride = self.pick([1, 1, 1, 2, 2, 3][:3 + most_stride]) if most_stride > 1 else 1
            sizes.append(k), strides.append(stride), dilations.append(dilation), low.append(a), high.append(b)
            out.append((extent + a + b - span) // stride + 1)
        return sizes, strides, dilations, low, high, out

    def conv(self, x, c_out=None, kernel=None, group=None):
        n, c, *spatial = self.shapes[x]
        kernel = kernel or [self.pick([1, 1, 1, 3, 3, 3, 5, 7, 2, 4]) for _ in spatial]
        if self.chance(0.7):
            kernel = [kernel[0]] * len(spatial)
        if group is None:
            divisors = [g for g in range(2, c + 1) if c % g == 0]
            group = self.pick(divisors) if divisors and self.chance(0.15) else 1
        c_out = c_out or self.pick(self.channels)
        c_out = max(1, c_out // group) * group
        return self.windowed_conv(x, c_out, kernel, group)

    def windowed_conv(self, x, c_out, kernel, group):
        n, c, *spatial = self.shapes[x]
        weight = lambda k: self.normal((c_out, c // group, *k), np.sqrt(1.5 / (c // group * np.prod(k))))
        bias = [self.normal((c_out,), 0.1)] if self.chance(0.6) else []
        if self.chance(0.15):
            strides = [self.whole(1, 2) for _ in spatial]
            return self.add("Conv", [x, weight(kernel)] + bias, (n, c_out, *(-(-e // s) for e, s in zip(spatial, strides))), group=group,
                            strides=strides, auto_pad=self.pick(["SAME_UPPER", "SAME_LOWER"]))
        kernel, strides, dilations, low, high, out = self.window(x, kernel, most_dilation=self.pick([1, 1, 1, 2, 3]))
        return self.add("Conv", [x, weight(kernel)] + bias, (n, c_out, *out), group=group, kernel_shape=kernel, strides=strides,
                        dilations=dilations, pads=low + high)

    def depthwise(self, x):
        c = self.shapes[x][1]
        multiplier = self.pick([1, 1, 1, 1, 2, 3])
        return self.windowed_conv(x, c * multiplier, [self.pick([3, 3, 5, 7, 2])] * len(self.shapes[x][2:]), c)

    def pool(self, x):
        n, c, *spatial = self.shapes[x]
        op = self.pick(["MaxPool", "AveragePool"])
        kernel, strides, _, low, high, out = self.window(x, [self.pick([2, 3, 3, 4, 5])] * len(spatial))
        extra = {"count_include_pad": self.whole(0, 1)} if op == "AveragePool" else {}
        if self.chance(0.15):
            extra["auto_pad"] = self.pick(["SAME_UPPER", "SAME_LOWER", "VALID"])
            if extra["auto_pad"] == "VALID":
                kernel = [min(k, e) for k, e in zip(kernel, spatial)]
                out = [(e - k) // s + 1 for e, k, s in zip(spatial, kernel, strides)]
            else:
                out = [-(-e // s) for e, s in zip(spatial, strides)]
                strides = [min(s, k) for s, k in zip(strides, kernel)]
                out = [-(-e // s) for e, s in zip(spatial, strides)]
            return self.add(op, [x], (n, c, *out), kernel_shape=kernel, strides=strides, **extra)
        rounded_up = [-(-(e + a + b - k) // s) + 1 for e, k, s, a, b in zip(spatial, kernel, strides, low, high)]
        # A last window that begins behind the input is counted by some and not by others.
        if self.chance(0.3) and all((o - 1) * s < e + a for o, e, s, a in zip(rounded_up, spatial, strides, low)):
            extra["ceil_mode"], out = 1, rounded_up
        return self.add(op, [x], (n, c, *out), kernel_shape=kernel, strides=strides, pads=low + high, **extra)

    # --- One value in, one of the same shape out ---

    def batch_norm(self, x):
        c = self.shapes[x][1]
        variance = self.constant((0.5 + self.rng.random(c)).astype(np.float32))
        return self.add("BatchNormalization", [x, self.normal((c,), 0.2, 1), self.normal((c,), 0.2), self.normal((c,), 0.2), variance],
                        self.shapes[x], epsilon=1e-3)

    def scalar(self, value):
        return self.constant(np.float32(value))

    def activation(self, x):
        kind, shape = self.pick(ACTIVATIONS), self.shapes[x]
        unary = lambda op, y, **a: self.add(op, [y], shape, **a)
        if kind == "Relu6":
            return self.add("Clip", [x, self.scalar(0), self.scalar(6)], shape)
        if kind == "Clip":
            return self.add("Clip", [x, self.scalar(-0.7)] + ([self.scalar(1.3)] if self.chance(0.5) else []), shape)
        if kind == "HardSwishByParts":
            shifted = self.add("Clip", [self.add("Add", [x, self.scalar(3)], shape), self.scalar(0), self.scalar(6)], shape)
            return self.add("Div", [self.add("Mul", [x, shifted], shape), self.scalar(6)], shape)
        if kind == "PRelu":
            slope = (shape[1],) + (1,) * (len(shape) - 2) if len(shape) > 2 else (1,)
            return self.add("PRelu", [x, self.normal(slope, 0.2, 0.2)], shape)
        if kind == "Swish":
            return self.add("Mul", [x, unary("Sigmoid", x)], shape)
        if kind == "Mish":
            return self.add("Mul", [x, unary("Tanh", unary("Softplus", x))], shape)
        if kind == "Gelu":
            inner = unary("Erf", self.add("Mul", [x, self.scalar(0.70710678)], shape))
            return self.add("Mul", [self.add("Mul", [x, self.scalar(0.5)], shape), self.add("Add", [inner, self.scalar(1)], shape)], shape)
        if kind == "Exp":
            return unary("Exp", unary("Tanh", x))
        return unary(kind, x, **({"alpha": 0.1} if kind == "LeakyRelu" else {}))

    def squeeze_excite(self, x):
        n, c, *spatial = self.shapes[x]
        ones = (1,) * len(spatial)
        if self.chance(0.5):
            mean = self.add("GlobalAveragePool", [x], (n, c, *ones))
        else:
            mean = self.add("ReduceMean", [x], (n, c, *ones), axes=list(range(2, 2 + len(spatial))), keepdims=1)
        middle = max(1, c // 4)
        narrow = self.add("Conv", [mean, self.normal((middle, c, *ones), 1 / np.sqrt(c))], (n, middle, *ones))
        wide = self.add("Conv", [self.activation(narrow), self.normal((c, middle, *ones), 1), self.normal((c,), 0.3)], (n, c, *ones))
        gate = self.add(self.pick(["Sigmoid", "HardSigmoid"]), [wide], (n, c, *ones))
        return self.add("Mul", [x, gate] if self.chance(0.5) else [gate, x], self.shapes[x])

    def normalization(self, x):
        n, c, *_ = self.shapes[x]
        kind = self.pick(["LRN", "InstanceNormalization", "Softmax", "LogSoftmax"])
        if kind == "LRN":
            return self.add("LRN", [x], self.shapes[x], size=self.pick([1, 3, 5]), alpha=0.5, beta=0.75, bias=1.0)
        if kind == "InstanceNormalization":
            return self.add(kind, [x, self.normal((c,), 0.2, 1), self.normal((c,), 0.2)], self.shapes[x], epsilon=1e-2)
        return self.add(kind, [x], self.shapes[x], axis=self.whole(-len(self.shapes[x]), len(self.shapes[x]) - 1))

    def binary_with_constant(self, x):
        shape = self.shapes[x]
        other = tuple(d if self.chance(0.4) else 1 for d in shape)[self.whole(0, len(shape)):]
        inputs = [x, self.normal(other, 0.3, 1)]
        return self.add(self.pick(["Add", "Mul", "Sub", "Max", "Min"]), inputs[::self.pick([1, -1])], shape)

    def residual(self, x):
        y, shape = x, self.shapes[x]
        for _ in range(self.whole(1, 3)):
            y = self.same_conv(y, shape[1]) if self.chance(0.8) else self.activation(y)
        z = self.add(self.pick(["Add", "Add", "Add", "Mul", "Sum"]), [x, y][::self.pick([1, -1])], shape)
        return self.add("Relu", [z], shape) if self.chance(0.5) else z

    def same_conv(self, x, c_out, group=1):
        n, c, *spatial = self.shapes[x]
        k = self.pick([1, 3, 5])
        return self.add("Conv", [x, self.normal((c_out, c // group, *[k] * len(spatial)), np.sqrt(1 / (c // group * k ** len(spatial)))),
                                 self.normal((c_out,), 0.1)], (n, c_out, *spatial), pads=[k // 2] * 2 * len(spatial), group=group)

    def inverted_residual(self, x):
        n, c, *spatial = self.shapes[x]
        wide = c * self.pick([1, 2, 3])
        y = self.add("Clip", [self.same_conv(x, wide), self.scalar(0), self.scalar(6)], (n, wide, *spatial))
        y = self.activation(self.batch_norm(self.same_conv(y, wide, wide)))
        y = self.squeeze_excite(y) if self.chance(0.3) else y
        return self.add("Add", [x, self.same_conv(y, c)], self.shapes[x])

    # --- Channels ---

    def branches(self, x):
        n, _, *spatial = self.shapes[x]
        parts = [x] if self.chance(0.4) else []
        while len(parts) < 2 or (len(parts) < 4 and self.chance(0.4)):
            y = self.same_conv(x, self.pick(self.channels))
            parts.append(self.activation(y) if self.chance(0.7) else y)
        return self.add("Concat", parts, (n, sum(self.shapes[p][1] for p in parts), *spatial), axis=1)

    def shuffle(self, x, groups=None):
        n, c, *spatial = self.shapes[x]
        divisors = [g for g in range(1, c + 1) if c % g == 0]
        groups = groups or self.pick(divisors)
        shape = (n, groups, c // groups, *spatial)
        y = self.add("Reshape", [x, self.ints(*shape)], shape)
        permutation = [0, 2, 1, *range(3, len(shape))]
        y = self.add("Transpose", [y], [shape[p] for p in permutation], perm=permutation)
        return self.add("Reshape", [y, self.ints(n, c, *spatial)], (n, c, *spatial))

    def shuffle_unit(self, x):
        n, c, *spatial = self.shapes[x]
        if c < 2:
            return self.same_conv(x, 8)
        cut = c // 2 if self.chance(0.7) else self.whole(1, c - 1)
        left, right = self.split(x, 1, [cut, c - cut])
        for _ in range(self.whole(1, 3)):
            width = self.shapes[right][1]
            right = self.same_conv(right, width, width) if self.chance(0.4) else self.add("Relu", [self.same_conv(right, width)], self.shapes[right])
        y = self.add("Concat", [left, right], (n, c, *spatial), axis=1)
        return self.shuffle(y, 2 if c % 2 == 0 else None)

    def slice(self, x):
        shape = self.shapes[x]
        axis = self.whole(1, len(shape) - 1)
        extent = shape[axis]
        begin, step = self.whole(0, extent - 1), self.pick([1, 1, 2])
        end = self.whole(begin + 1, extent)
        out = [-(-(end - begin) // step) if d == axis else e for d, e in enumerate(shape)]
        if self.chance(0.2) and step == 1:
            return self.add("Slice", [x, self.ints(end - 1), self.ints(begin - 1 if begin else -extent - 1), self.ints(axis), self.ints(-1)], out)
        return self.add("Slice", [x, self.ints(begin), self.ints(end), self.ints(axis), self.ints(step)], out)

    def space_to_depth(self, x):
        n, c, h, w = self.shapes[x]
        if h % 2 == 0 and w % 2 == 0 and self.chance(0.5):
            parts = []
            for dy in (0, 1):
                for dx in (0, 1):
                    parts.append(self.add("Slice", [x, self.ints(dy, dx), self.ints(1 << 40, 1 << 40), self.ints(2, 3), self.ints(2, 2)],
                                          (n, c, h // 2, w // 2)))
            return self.add("Concat", parts, (n, 4 * c, h // 2, w // 2), axis=1)
        if h % 2 == 0 and w % 2 == 0:
            return self.add("SpaceToDepth", [x], (n, 4 * c, h // 2, w // 2), blocksize=2)
        if c % 4 == 0:
            return self.add("DepthToSpace", [x], (n, c // 4, 2 * h, 2 * w), blocksize=2, mode=self.pick(["DCR", "CRD"]))
        return x

    # --- Movement ---

    def pad(self, x):
        shape = self.shapes[x]
        mode = self.pick(["constant", "constant", "reflect", "edge"])
        most = [0, self.whole(0, 2) if mode != "reflect" else 0] + [2] * (len(shape) - 2)
        low = [min(self.whole(0, m), e - 1 if mode == "reflect" else m) for m, e in zip(most, shape)]
        high = [min(self.whole(0, m), e - 1 if mode == "reflect" else m) for m, e in zip(most, shape)]
        value = [self.scalar(0.5)] if mode == "constant" and self.chance(0.3) else []
        return self.add("Pad", [x, self.ints(*low, *high)] + value, [a + e + b for a, e, b in zip(low, shape, high)], mode=mode)

    def resize(self, x):
        n, c, h, w = self.shapes[x]
        mode = self.pick(["nearest", "nearest", "linear"])
        coordinates = self.pick(["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"])
        out = (n, c, self.pick([h * 2, h * 3, max(1, h // 2), h + 3]), self.pick([w * 2, w * 2, max(1, w // 2), w]))
        extra = {"nearest_mode": self.pick(["floor", "ceil", "round_prefer_floor"])} if mode == "nearest" else {}
        return self.add("Resize", [x, "", "", self.ints(*out)], out, mode=mode, coordinate_transformation_mode=coordinates, **extra)

    def transpose_spatial(self, x):
        shape = self.shapes[x]
        permutation = [0, 1, *self.rng.permutation(np.arange(2, len(shape)))] if self.chance(0.5) else [0, *self.rng.permutation(np.arange(1, len(shape)))]
        permutation = [int(p) for p in permutation]
        return self.add("Transpose", [x], [shape[p] for p in permutation], perm=permutation)

    def reshape(self, x):
        n, c, h, w = self.shapes[x]
        shape = self.pick([(n, c, w, h), (n, c * h, w, 1), (n, c, 1, h * w), (n, h, c, w)])
        return self.add("Reshape", [x, self.ints(*shape)], shape)

    def reduce(self, x):
        shape = self.shapes[x]
        op = self.pick(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"])
        axis = self.whole(1, len(shape) - 1)
        return self.add(op, [x], [1 if d == axis else e for d, e in enumerate(shape)], axes=[axis], keepdims=1)

    # --- Heads and sequences ---

    def attention(self, x):
        """x [N, S, D]: layer norm, multi-head attention, feed-forward with gelu."""
        n, s, d = self.shapes[x]
        heads = self.pick([h for h in (1, 2, 3, 4) if d % h == 0])
        normed = self.add("LayerNormalization", [x, self.normal((d,), 0.1, 1), self.normal((d,), 0.1)], (n, s, d), axis=-1, epsilon=1e-3)

        def head(source):
            y = self.add("MatMul", [source, self.normal((d, d), 1 / np.sqrt(d))], (n, s, d))
            y = self.add("Add", [y, self.normal((d,), 0.1)], (n, s, d))
            y = self.add("Reshape", [y, self.ints(n, s, heads, d // heads)], (n, s, heads, d // heads))
            return self.add("Transpose", [y], (n, heads, s, d // heads), perm=[0, 2, 1, 3])
        q, k, v = head(normed), head(normed), head(normed)
        k = self.add("Transpose", [k], (n, heads, d // heads, s), perm=[0, 1, 3, 2])
        scores = self.add("MatMul", [q, k], (n, heads, s, s))
        scores = self.add("Softmax", [self.add("Mul", [scores, self.scalar((d // heads) ** -0.5)], (n, heads, s, s))], (n, heads, s, s), axis=-1)
        mixed = self.add("Transpose", [self.add("MatMul", [scores, v], (n, heads, s, d // heads))], (n, s, heads, d // heads), perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", [mixed, self.ints(n, s, d)], (n, s, d))
        y = self.add("Add", [x, self.add("MatMul", [mixed, self.normal((d, d), 1 / np.sqrt(d))], (n, s, d))], (n, s, d))
        wide = self.activation(self.add("MatMul", [y, self.normal((d, 2 * d), 1 / np.sqrt(d))], (n, s, 2 * d)))
        return self.add("Add", [y, self.add("MatMul", [wide, self.normal((2 * d, d), 1 / np.sqrt(2 * d))], (n, s, d))], (n, s, d))

    def gemm(self, x):
        n, k = self.shapes[x]
        m = self.pick([1, 2, 5, 10, 16, 33, 100, 257, 1000])
        transposed = self.chance(0.5)
        bias = [self.normal(self.pick([(m,), (1, m), (n, m), (n, 1), (1,)]), 0.1)] if self.chance(0.8) else []
        return self.add("Gemm", [x, self.normal((m, k) if transposed else (k, m), 1 / np.sqrt(k))] + bias, (n, m), transB=int(transposed),
                        **({"alpha": 0.5, "beta": 2.0} if self.chance(0.2) else {}))

    def flatten(self, x):
        shape = self.shapes[x]
        out = (shape[0], int(np.prod(shape[1:])))
        if self.chance(0.5):
            return self.add("Flatten", [x], out)
        return self.add("Reshape", [x, self.ints(0, -1)], out)

    def head(self, x):
        n, c, *spatial = self.shapes[x]
        ones = (1,) * len(spatial)
        kind = self.pick(["global", "global", "flat", "mean", "none", "conv"])
        if kind == "none":
            return x
        if kind == "conv":
            y = self.add("Conv", [x, self.normal((10, c, *ones), 1 / np.sqrt(c))], (n, 10, *spatial))
            y = self.add("GlobalAveragePool", [y], (n, 10, *ones))
            return self.add("Softmax", [y], (n, 10, *ones), axis=1)
        if kind == "global":
            y = self.flatten(self.add(self.pick(["GlobalAveragePool", "GlobalMaxPool"]), [x], (n, c, *ones)))
        elif kind == "mean":
            y = self.add("ReduceMean", [x], (n, c), axes=list(range(2, 2 + len(spatial))), keepdims=0)
        else:
            y = self.flatten(x)
            if self.shapes[y][1] > 4096:
                return y
        y = self.gemm(y)
        y = self.gemm(self.activation(y)) if self.chance(0.4) else y
        return self.add("Softmax", [y], self.shapes[y], axis=self.pick([1, -1])) if self.chance(0.4) else y


FLAT_BLOCKS = {"conv": 30, "depthwise": 14, "pool": 10, "batch_norm": 8, "activation": 14, "squeeze_excite": 4, "normalization": 3,
               "binary_with_constant": 5, "residual": 8, "inverted_residual": 5, "branches": 7, "shuffle": 3, "shuffle_unit": 6, "slice": 4,
               "pad": 4, "transpose_spatial": 2, "reduce": 2}
IMAGE_BLOCKS = {"space_to_depth": 3, "resize": 4, "reshape": 2}


def choose(network, blocks):
    names, weights = list(blocks), np.array(list(blocks.values()), float)
    return names[network.rng.choice(len(names), p=weights / weights.sum())]


def image_network(network, rank):
    blocks = FLAT_BLOCKS | IMAGE_BLOCKS if rank == 4 else FLAT_BLOCKS
    batch = network.pick([1, 1, 1, 1, 2, 3, 4, 5, 8])
    network.shapes["x"] = (batch, network.pick([3, 3, 3, 1, 2, 4, 5, 8, 16, 17, 32]), *(network.pick(network.sizes) for _ in range(rank - 2)))
    value, outputs = "x", []
    for _ in range(network.whole(2, 9)):
        kept = (len(network.nodes), len(network.weights))
        new = getattr(network, choose(network, blocks))(value)
        if np.prod(network.shapes[new]) > network.most_elements or 0 in network.shapes[new]:
            del network.nodes[kept[0]:], network.weights[kept[1]:]
            continue
        value = new
        if network.chance(0.06) and value != "x":
            outputs.append(value)
    value = network.head(value)
    if value == "x":
        value = network.activation(value)
    return network.model(["x"], list(dict.fromkeys(outputs + [value])))


def sequence_network(network):
    width = network.pick([4, 12, 16, 24, 60])
    network.shapes["x"] = (network.pick([1, 1, 2, 3, 8]), network.pick([1, 5, 8, 16, 31]), width)
    value = "x"
    for _ in range(network.whole(1, 2)):
        value = network.attention(value)
    return network.model(["x"], [value])


def random_model(seed, **limits):
    network = Network(seed, **limits)
    kind = network.rng.random()
    return sequence_network(network) if kind < 0.08 else image_network(network, 3 if kind < 0.16 else 4)
