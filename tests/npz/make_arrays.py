"""Writes what npz_test reads: arrays by numpy. python make_arrays.py, in this folder."""
import io
import zipfile

import numpy as np


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


counting = np.arange(24).reshape(2, 3, 4)
arrays = {f"{t}": counting.astype(t) for t in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
                                               "uint16", "uint32", "uint64")}
arrays["bool"] = counting % 3 == 0
arrays["scalar"] = np.float32(5)
arrays["empty"] = np.zeros((3, 0, 2), np.float32)
arrays["vector"] = np.arange(5, dtype=np.int32)
arrays["gpu_0/data_0"] = np.asfortranarray(counting.astype(np.float32))
np.savez("stored.npz", **arrays)
np.savez_compressed("packed.npz", **arrays)
np.savez("big_endian.npz", a=counting.astype(">f4"))
np.savez("complex.npz", a=counting.astype(np.complex64))
np.savez("records.npz", a=np.zeros(3, dtype=[("x", "f4"), ("y", "i4")]))
np.savez("written.npz", output_0=np.array([[1.5, -2]], np.float32), ids=np.array([7, 8, 9], np.int64))
with zipfile.ZipFile("versions.npz", "w") as file:
    for version in ((1, 0), (2, 0), (3, 0)):
        file.writestr(f"v{version[0]}.npy", npy(counting.astype(np.float32), version))
