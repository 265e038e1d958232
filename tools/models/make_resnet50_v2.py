"""Writes ResNet-50 v2 (pre-activation, He et al. 2016, arXiv:1603.05027) with seeded weights as ONNX in its opset 7 form:
python tools/models/make_resnet50_v2.py OUT.onnx [SEED]. Input `data` [1, 3, 224, 224], output `output` [1, 1000].

BatchNormalization and Relu stand before each convolution here, and one BatchNormalization before the padded first
convolution, so that not all of them can be folded into a convolution. Needs numpy and onnx.
"""
import sys

from network import Network

STAGES = ((64, 256, 3, 1), (128, 512, 4, 2), (256, 1024, 6, 2), (512, 2048, 3, 2))  # middle, out, units, stride


def unit(net, x, name, middle, channels, stride, depth):
    """depth: how many units were added up before, which is about the variance of what comes in."""
    active = net.relu(net.batch_norm(x, f"{name}.norm1", variance=1.0 + depth), f"{name}.relu1")
    widens = net.shapes[x][0] != channels
    shortcut = net.conv(active, f"{name}.shortcut", channels, 1, stride=stride) if widens else x
    y = net.conv(active, f"{name}.conv1", middle, 1)
    y = net.relu(net.batch_norm(y, f"{name}.norm2"), f"{name}.relu2")
    y = net.conv(y, f"{name}.conv2", middle, 3, stride=stride)
    y = net.relu(net.batch_norm(y, f"{name}.norm3"), f"{name}.relu3")
    return net.add(net.conv(y, f"{name}.conv3", channels, 1), shortcut, f"{name}.add")


def resnet50_v2(path, seed=0):
    net = Network("resnet50_v2", opset=7, input_name="data", seed=seed)
    x = net.batch_norm("data", "data_norm")
    x = net.conv(x, "conv0", 64, 7, stride=2, pads=(3, 3))
    x = net.relu(net.batch_norm(x, "norm0"), "relu0")
    x = net.max_pool(x, "pool0", 3, 2, 1)
    for stage, (middle, channels, units, stride) in enumerate(STAGES, 1):
        for i in range(units):
            x = unit(net, x, f"stage{stage}.unit{i + 1}", middle, channels, stride if i == 0 else 1, i)
    x = net.relu(net.batch_norm(x, "norm5", variance=3.0), "relu5")
    net.save(path, net.classifier(x, "dense"))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    resnet50_v2(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 0)
