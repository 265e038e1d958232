"""Writes the variants of ResNet-18 and MobileNetV2 that `make bench` runs besides the skeletons: width 0.75, 160 pixels, batch 4.

python bench/make_models.py FOLDER. What is already there stays. Seeded weights, BatchNorm folded away, opset 17. Needs numpy, onnx.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools" / "models"))
from network import Network  # noqa: E402

# Name of the variant -> width, size, batch.
VARIANTS = {"w075": (0.75, 224, 1), "160px": (1.0, 160, 1), "batch4": (1.0, 224, 4)}


def scaled(channels, width, multiple=8):
    """channels * width to the nearest multiple, never below 90 % of it (Sandler et al. 2018, arXiv:1801.04381)."""
    value = max(multiple, int(channels * width + multiple / 2) // multiple * multiple)
    return value if value >= 0.9 * channels * width else value + multiple


def basic_block(net, x, name, channels, stride):
    y = net.relu(net.conv(x, f"{name}.conv1", channels, 3, stride=stride, bias=True), f"{name}.relu1")
    y = net.conv(y, f"{name}.conv2", channels, 3, bias=True)
    if stride != 1 or net.shapes[x][0] != channels:
        x = net.conv(x, f"{name}.downsample", channels, 1, stride=stride, bias=True)
    return net.relu(net.add(y, x, f"{name}.add"), f"{name}.relu2")


def resnet18(path, width, size, batch):
    """He et al. 2015 (arXiv:1512.03385), two basic blocks a stage."""
    net = Network("resnet18", opset=17, size=size, batch=batch)
    x = net.relu(net.conv("input", "conv1", scaled(64, width), 7, stride=2, bias=True), "relu1")
    x = net.max_pool(x, "pool1", 3, 2, 1)
    for stage, channels in enumerate((64, 128, 256, 512)):
        for i in range(2):
            x = basic_block(net, x, f"layer{stage + 1}.{i}", scaled(channels, width), 2 if stage and i == 0 else 1)
    net.save(path, net.classifier(x, "fc"))


def inverted_bottleneck(net, x, name, expansion, channels, stride):
    inputs, y = net.shapes[x][0], x
    wide = inputs * expansion
    if expansion != 1:
        y = net.relu6(net.conv(y, f"{name}.expand", wide, 1, bias=True), f"{name}.relu0")
    y = net.relu6(net.conv(y, f"{name}.depthwise", wide, 3, stride=stride, groups=wide, bias=True), f"{name}.relu1")
    y = net.conv(y, f"{name}.project", channels, 1, bias=True)
    return net.add(x, y, f"{name}.add") if stride == 1 and inputs == channels else y


def mobilenet_v2(path, width, size, batch):
    """Sandler et al. 2018 (arXiv:1801.04381)."""
    net = Network("mobilenet_v2", opset=17, size=size, batch=batch)
    x = net.relu6(net.conv("input", "stem", scaled(32, width), 3, stride=2, bias=True), "stem.relu")
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for row, (expansion, channels, repeats, stride) in enumerate(rows):
        for i in range(repeats):
            x = inverted_bottleneck(net, x, f"block{row}.{i}", expansion, scaled(channels, width), stride if i == 0 else 1)
    x = net.relu6(net.conv(x, "head", scaled(1280, max(1.0, width)), 1, bias=True), "head.relu")
    net.save(path, net.classifier(x, "fc"))


def make_models(folder):
    for build in (resnet18, mobilenet_v2):
        for variant, parameters in VARIANTS.items():
            path = Path(folder) / f"{build.__name__}_{variant}.onnx"
            if not path.exists():
                build(path, *parameters)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make_models(sys.argv[1])
