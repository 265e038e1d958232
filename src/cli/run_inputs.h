#pragma once
// What a model is given by `broach run`: arrays of an .npz file, pictures, and numbers for the rest.
#include <optional>

#include "cli/tensors.h"
#include "driver/meta.h"
#include "image/preprocess.h"
#include "npz/npz.h"

namespace broach {

// The inputs of a session, filled one after the other. All errors name the input and what it expects.
class RunInputs {
 public:
  RunInputs(const runtime::Module& module, runtime::Session& session);

  // Every array must be an input of the model, with its type and shape.
  void set_arrays(const NpzFile& file);

  // The input for pictures: `name`, or the only one left that has the shape of pictures.
  uint32_t find_picture_input(const std::string& name, std::optional<ImageLayout> layout) const;
  // One picture for each of the batch. crop: the side that the input must have; 0: any.
  void set_pictures(uint32_t input, const std::vector<std::string>& paths, const Preprocess& preprocess, std::optional<ImageLayout> layout);

  bool all_set() const;
  // The inputs that nothing has set.
  void fill(FillMode mode);

 private:
  std::string expected() const;  // "'data' float32[1, 3, 224, 224], ..."

  const runtime::Module& module_;
  runtime::Session& session_;
  std::vector<runtime::TensorInfo> infos_;
  std::vector<bool> set_;
};

}  // namespace broach
