"""Reads the tensors of a PyTorch state dictionary in the old (before 1.6, not zip) .pth format, without torch.

A pickle can name any function for its reader to call. This reader knows the three names a dictionary of tensors needs
and refuses every other, so a file can give wrong numbers but runs nothing.
Layout: five pickles (magic, protocol, system, the dictionary, the list of storage keys), then each storage in the order
of that list as a 64-bit element count and its elements, little endian.
"""
import collections
import pickle
import struct

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _TensorOf:
    """A tensor that waits for its storage."""

    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), tuple(stride)

    def read(self, storages):
        elements = storages[self.storage]
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride))
        if min(self.size, default=1) < 1 or min(self.stride, default=0) < 0 or not 0 <= self.offset <= last < elements.size:
            raise ValueError(f"a tensor of the size {self.size} reaches outside its storage of {elements.size} elements")
        steps = tuple(step * elements.itemsize for step in self.stride)
        return np.lib.stride_tricks.as_strided(elements[self.offset:], self.size, steps).copy()


class _Unpickler(pickle.Unpickler):
    known = {("collections", "OrderedDict"): collections.OrderedDict,
             ("torch._utils", "_rebuild_tensor_v2"): _TensorOf,
             **{("torch", name): dtype for name, dtype in DTYPES.items()}}

    def __init__(self, file):
        super().__init__(file)
        self.dtypes = {}

    def find_class(self, module, name):
        if (module, name) not in self.known:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which a dictionary of tensors does not need")
        return self.known[module, name]

    def persistent_load(self, pid):
        kind, dtype, key, _device, _count, _view = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"unknown persistent object {kind!r}")
        self.dtypes[key] = dtype
        return key


def read_state_dict(file):
    """Tensor name -> numpy array, of a binary file open for reading. Raises ValueError or pickle.UnpicklingError for another form."""
    if _Unpickler(file).load() != MAGIC or _Unpickler(file).load() != PROTOCOL:
        raise ValueError("not a .pth file of the old format")
    _Unpickler(file).load()
    unpickler = _Unpickler(file)
    tensors = unpickler.load()
    storages = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        dtype = unpickler.dtypes[key]
        storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: tensor.read(storages) for name, tensor in tensors.items()}
