"""The restricted reader of old .pth files: right on a small file made here, and running nothing that a file asks for."""
import collections
import io
import os
import pickle
import struct

import numpy as np
import pytest
from torch_pickle import MAGIC, PROTOCOL, read_state_dict


class Named:
    """Pickles as a global of another module."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as a call of a global."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Storage:
    def __init__(self, key, kind="FloatStorage"):
        self.key, self.kind = key, kind


class Pickler(pickle._Pickler):
    def persistent_id(self, value):
        return ("storage", Named("torch", value.kind), value.key, "cpu", 0, None) if isinstance(value, Storage) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, Call):
            self.save(value.function)
            self.save(value.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(value, save_persistent_id)


def pth(state, storages, magic=MAGIC):
    file = io.BytesIO()
    for value in (magic, PROTOCOL, {"little_endian": True}, state, [key for key, _ in storages]):
        Pickler(file, 2).dump(value)
    for _, content in storages:
        file.write(struct.pack("<q", content.size) + content.tobytes())
    file.seek(0)
    return file


def tensor(storage, offset, size, stride):
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, storage, offset, size, stride, False, Call(Named("collections", "OrderedDict")))


def test_strides_offsets_and_types():
    floats, longs = np.arange(12, dtype="<f4"), np.array([7], "<i8")
    state = collections.OrderedDict(a=tensor(Storage("0"), 0, (3, 4), (1, 3)), b=tensor(Storage("0"), 6, (6,), (1,)),
                                    n=tensor(Storage("1", "LongStorage"), 0, (), ()))
    read = read_state_dict(pth(state, [("1", longs), ("0", floats)]))
    np.testing.assert_array_equal(read["a"], floats.reshape(4, 3).T)
    np.testing.assert_array_equal(read["b"], floats[6:])
    assert read["n"] == 7 and read["n"].dtype == np.int64


def test_other_globals_are_refused_and_not_called(tmp_path):
    mark = tmp_path / "called"
    state = {"a": Call(Named("os", "mkdir"), str(mark))}
    with pytest.raises(pickle.UnpicklingError, match="os.mkdir"):
        read_state_dict(pth(state, []))
    assert not os.path.exists(mark)


@pytest.mark.parametrize("offset, size, stride", [(0, (13,), (1,)), (12, (1,), (1,)), (-1, (2,), (1,)), (0, (2, 7), (7, 1)),
                                                  (11, (2,), (-1,))])
def test_tensors_outside_their_storage_are_refused(offset, size, stride):
    state = {"a": tensor(Storage("0"), offset, size, stride)}
    with pytest.raises(ValueError, match="outside its storage"):
        read_state_dict(pth(state, [("0", np.zeros(12, "<f4"))]))


def test_other_files_are_refused():
    with pytest.raises(ValueError, match="not a .pth"):
        read_state_dict(pth({}, [], magic=1))
