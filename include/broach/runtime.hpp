// The C++ face of runtime.h: header-only, owning types, exceptions.
//
//   broach::runtime::Module module("model.tar");
//   broach::runtime::Session session(module);
//   session.set_input(module.find_input("data"), broach::runtime::Tensor::of(pixels.data(), {1, 3, 224, 224}));
//   session.run();
//   auto scores = session.output(0).values<float>();
//
// Every failure throws broach::runtime::Error, whose what() is the runtime's one sentence. What runtime.h says of
// threads and of the life of memory holds here too; a Session keeps its module alive by itself.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "broach/runtime.h"

namespace broach::runtime {

class Error : public std::runtime_error {
 public:
  Error(broach_status status, const char* message) : std::runtime_error(message), status_(status) {}
  broach_status status() const noexcept { return status_; }

 private:
  broach_status status_;
};

inline void check(broach_status status) {
  if (status != BROACH_STATUS_OK) throw Error(status, broach_error_message());
}

// DLPack's type of a C++ arithmetic type.
template <typename T>
constexpr broach_dldatatype dtype_of() {
  static_assert(std::is_arithmetic_v<T>);
  constexpr int code = std::is_same_v<T, bool>       ? BROACH_DL_BOOL
                       : std::is_floating_point_v<T> ? BROACH_DL_FLOAT
                       : std::is_signed_v<T>         ? BROACH_DL_INT
                                                     : BROACH_DL_UINT;
  return {static_cast<uint8_t>(code), static_cast<uint8_t>(sizeof(T) * 8), 1};
}

struct TensorInfo {
  std::string name;
  broach_dldatatype dtype;
  std::vector<int64_t> shape;  // -1: depends on a symbolic dimension
  uint64_t bytes;

  explicit TensorInfo(const broach_tensor_info& info)
      : name(info.name), dtype(info.dtype), shape(info.shape, info.shape + info.ndim), bytes(info.bytes) {}
};

// A view of memory in the CPU: it owns its shape, not its data.
class Tensor {
 public:
  Tensor(void* data, broach_dldatatype dtype, std::vector<int64_t> shape, std::vector<int64_t> strides = {})
      : data_(data), dtype_(dtype), shape_(std::move(shape)), strides_(std::move(strides)) {}
  explicit Tensor(const broach_dltensor& view)
      : data_(static_cast<char*>(view.data) + view.byte_offset), dtype_(view.dtype), shape_(view.shape, view.shape + view.ndim) {
    if (view.strides) strides_.assign(view.strides, view.strides + view.ndim);
  }
  // A compact view of elements of a C++ type. Inputs are only read, so const data is accepted.
  template <typename T>
  static Tensor of(const T* data, std::vector<int64_t> shape) {
    return Tensor(const_cast<T*>(data), dtype_of<T>(), std::move(shape));
  }

  void* data() const noexcept { return data_; }
  broach_dldatatype dtype() const noexcept { return dtype_; }
  const std::vector<int64_t>& shape() const noexcept { return shape_; }
  int64_t elements() const noexcept {
    int64_t count = 1;
    for (int64_t dim : shape_) count *= dim;
    return count;
  }
  template <typename T>
  bool holds() const noexcept {
    constexpr broach_dldatatype wanted = dtype_of<T>();
    return dtype_.code == wanted.code && dtype_.bits == wanted.bits && dtype_.lanes == wanted.lanes;
  }
  // The elements of a compact tensor of exactly this type.
  template <typename T>
  std::span<T> values() const {
    if (!holds<std::remove_const_t<T>>()) throw Error(BROACH_STATUS_ARGUMENT, "the tensor has another element type");
    return {static_cast<T*>(data_), static_cast<size_t>(elements())};
  }
  // For calls of runtime.h; its pointers are this object's.
  broach_dltensor dl() const noexcept {
    broach_dltensor tensor = {};
    tensor.data = data_;
    tensor.device.device_type = static_cast<decltype(tensor.device.device_type)>(BROACH_DL_CPU);
    tensor.ndim = static_cast<int32_t>(shape_.size());
    tensor.dtype = dtype_;
    tensor.shape = const_cast<int64_t*>(shape_.data());
    tensor.strides = strides_.empty() ? nullptr : const_cast<int64_t*>(strides_.data());
    return tensor;
  }

 private:
  void* data_;
  broach_dldatatype dtype_;
  std::vector<int64_t> shape_, strides_;
};

class Module {
 public:
  explicit Module(const std::string& path) {
    open([&](broach_module** to) { return broach_module_open(path.c_str(), to); });
  }
  // An artifact in memory; params as in broach_module_open_memory.
  explicit Module(std::span<const uint8_t> artifact, std::span<const uint8_t> params = {}) {
    open([&](broach_module** to) { return broach_module_open_memory(artifact.data(), artifact.size(), params.data(), params.size(), to); });
  }

  std::string target() const { return broach_module_target(get()); }
  std::string meta() const { return broach_module_meta(get()); }
  void verify() const { check(broach_module_verify(get())); }
  uint32_t dim_count() const noexcept { return broach_module_dim_count(get()); }
  uint32_t input_count() const noexcept { return broach_module_input_count(get()); }
  uint32_t output_count() const noexcept { return broach_module_output_count(get()); }
  TensorInfo input(uint32_t index) const { return describe(broach_module_get_input, index); }
  TensorInfo output(uint32_t index) const { return describe(broach_module_get_output, index); }
  uint32_t find_input(const std::string& name) const { return find(broach_module_find_input, name); }
  uint32_t find_output(const std::string& name) const { return find(broach_module_find_output, name); }
  broach_module* get() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(broach_module* module) const noexcept { broach_module_close(module); }
  };
  template <typename Open>
  void open(Open&& from) {
    broach_module* module = nullptr;
    check(from(&module));
    handle_.reset(module);
  }
  template <typename Query>
  TensorInfo describe(Query query, uint32_t index) const {
    broach_tensor_info info;
    check(query(get(), index, &info));
    return TensorInfo(info);
  }
  template <typename Query>
  uint32_t find(Query query, const std::string& name) const {
    uint32_t index = 0;
    check(query(get(), name.c_str(), &index));
    return index;
  }
  std::unique_ptr<broach_module, Close> handle_;
};

class Session {
 public:
  explicit Session(const Module& module, uint32_t threads = 0) : Session(module, threads, std::span<const int64_t>()) {}
  Session(const Module& module, uint32_t threads, std::span<const int64_t> dims) {
    broach_session* session = nullptr;
    const auto ndims = static_cast<uint32_t>(dims.size());
    check(broach_session_create_with_dims(module.get(), threads, dims.data(), ndims, &session));
    handle_.reset(session);
  }

  uint32_t thread_count() const noexcept { return broach_session_thread_count(get()); }

  void set_input(uint32_t index, const Tensor& tensor) { give(broach_session_set_input, index, tensor); }
  void copy_input(uint32_t index, const Tensor& tensor) { give(broach_session_copy_input, index, tensor); }
  void set_output(uint32_t index, const Tensor& tensor) { give(broach_session_set_output, index, tensor); }
  Tensor input(uint32_t index) { return view(broach_session_get_input, index); }
  Tensor output(uint32_t index) { return view(broach_session_get_output, index); }
  void run() { check(broach_session_run(get())); }

  void set_profile(bool enabled) { check(broach_session_set_profile(get(), enabled)); }
  std::vector<broach_profile_entry> profile() const {
    std::vector<broach_profile_entry> entries(broach_session_profile_count(get()));
    for (uint32_t i = 0; i < entries.size(); ++i) check(broach_session_get_profile(get(), i, &entries[i]));
    return entries;
  }
  broach_session* get() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(broach_session* session) const noexcept { broach_session_close(session); }
  };
  template <typename Give>
  void give(Give call, uint32_t index, const Tensor& tensor) {
    const broach_dltensor dl = tensor.dl();
    check(call(get(), index, &dl));
  }
  template <typename View>
  Tensor view(View call, uint32_t index) {
    broach_dltensor dl = {};
    check(call(get(), index, &dl));
    return Tensor(dl);
  }
  std::unique_ptr<broach_session, Close> handle_;
};

}  // namespace broach::runtime
