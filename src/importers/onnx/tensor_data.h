#pragma once
// Tensors of an ONNX file as constants.
#include <map>
#include <optional>
#include <string>

#include "graph/constant.h"
#include "support/files.h"

namespace broach_onnx {
class TensorProto;
}

namespace broach {

// ONNX's number of an element type as ours; nothing for strings, complex numbers and types below a byte.
std::optional<DType> dtype_of_onnx(int data_type);
std::string onnx_dtype_name(int data_type);  // "FLOAT", "type 99"

// Reads tensors; files beside the model are mapped once and shared by the constants.
class TensorReader {
 public:
  // `folder` holds the model; nothing outside it is read. Empty: the model has no folder, external data is refused.
  explicit TensorReader(std::string folder) : folder_(std::move(folder)) {}

  // Takes the data out of the message. Throws Error: type, dims or amount of data that do not fit, external files.
  Constant read(broach_onnx::TensorProto& tensor);

 private:
  Constant read_external(const broach_onnx::TensorProto& tensor, TensorType type);
  std::shared_ptr<const MappedFile> open(const std::string& location);

  std::string folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
  uint64_t mapped_ = 0, copied_ = 0;  // bytes
};

}  // namespace broach
