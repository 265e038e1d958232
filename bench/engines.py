"""Broach and ONNX Runtime behind one interface: open a model with seeded inputs, run it, read its outputs."""
import ctypes
from pathlib import Path

import numpy as np

LIBRARY = Path(__file__).resolve().parent.parent / "build" / "lib" / "libbroach_runtime.so"


def seeded(shape, index):
    return np.random.default_rng(index).standard_normal(shape).astype(np.float32)


class OnnxRuntime:
    """All graph optimisations, sequential execution, one inter-op thread, default spinning; bound inputs and outputs, no copies."""

    def __init__(self, model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        for i, value in enumerate(self.session.get_inputs()):
            self.binding.bind_cpu_input(value.name, seeded(value.shape, i))
        for value in self.session.get_outputs():
            array = np.zeros(value.shape, np.float32)
            self.binding.bind_ortvalue_output(value.name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
        self.target = f"onnxruntime {onnxruntime.__version__}"

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return self.binding.copy_outputs_to_cpu()


class Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    """DLPack's DLTensor."""

    _fields_ = [("data", ctypes.c_void_p), ("device", Device), ("ndim", ctypes.c_int32), ("dtype", DataType),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]

    def array(self):
        """A float32 view of the tensor's memory."""
        if (self.dtype.code, self.dtype.bits, self.dtype.lanes) != (2, 32, 1):
            raise TypeError("bench runs models of float32 inputs and outputs only")
        shape = self.shape[: self.ndim]
        address = ctypes.cast(self.data + self.byte_offset, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(address, shape=tuple(shape))


class Broach:
    """The C API of include/broach/runtime.h, in the session's own memory."""

    def __init__(self, artifact, threads):
        library = self.library = ctypes.CDLL(str(LIBRARY))
        library.broach_error_message.restype = ctypes.c_char_p
        library.broach_module_target.restype = ctypes.c_char_p
        module, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("broach_module_open", artifact.encode(), ctypes.byref(module))
        self.call("broach_session_create", module, ctypes.c_uint32(threads), ctypes.byref(self.session))
        for i in range(library.broach_module_input_count(module)):
            view = self.view("broach_session_get_input", i)
            view[...] = seeded(view.shape, i)
        self.output_count = library.broach_module_output_count(module)
        self.target = library.broach_module_target(module).decode()
        self.run_once = library.broach_session_run

    def call(self, function, *arguments):
        if getattr(self.library, function)(*arguments) != 0:
            raise RuntimeError(f"{function}: {self.library.broach_error_message().decode()}")

    def view(self, function, index):
        tensor = Tensor()
        self.call(function, self.session, ctypes.c_uint32(index), ctypes.byref(tensor))
        return tensor.array()

    def run(self):
        if self.run_once(self.session) != 0:
            raise RuntimeError(self.library.broach_error_message().decode())

    def outputs(self):
        return [self.view("broach_session_get_output", i).copy() for i in range(self.output_count)]


ENGINES = {"broach": Broach, "ort": OnnxRuntime}
