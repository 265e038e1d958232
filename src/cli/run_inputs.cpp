#include "cli/run_inputs.h"

#include <algorithm>
#include <cstring>

#include "support/errors.h"
#include "support/nearest.h"

namespace broach {

RunInputs::RunInputs(const runtime::Module& module, runtime::Session& session) : module_(module), session_(session) {
  for (uint32_t i = 0; i < module.input_count(); ++i) infos_.push_back(module.input(i));
  set_.resize(infos_.size());
}

std::string RunInputs::expected() const {
  std::string text;
  for (const auto& info : infos_) text += fmt::format("{}'{}' {}", text.empty() ? "" : ", ", info.name, to_numpy_text(type_of(info)));
  return text;
}

void RunInputs::set_arrays(const NpzFile& file) {
  for (const std::string& name : file.names()) {
    auto found = std::ranges::find(infos_, name, &runtime::TensorInfo::name);
    if (found == infos_.end())
      throw_error("'{}' holds an array '{}', but the model has no such input; its inputs are {}", file.path(), name, expected());
    TensorType wanted = type_of(*found), given = file.type(name);
    if (given != wanted) throw_error("array '{}' of '{}' is {}, but the input is {}", name, file.path(), to_numpy_text(given), to_numpy_text(wanted));
    auto index = uint32_t(found - infos_.begin());
    auto data = file.read(name);
    std::ranges::copy(data, static_cast<std::byte*>(session_.input(index).data()));
    set_[index] = true;
  }
}

uint32_t RunInputs::find_picture_input(const std::string& name, std::optional<ImageLayout> layout) const {
  std::vector<uint32_t> candidates;
  for (uint32_t i = 0; i < infos_.size(); ++i) {
    bool named = infos_[i].name == name;
    bool fits = find_image_shape(infos_[i].shape, layout).has_value();
    if (named && !fits)
      throw_error("input '{}' is {}, which is not the shape of pictures with 1 or 3 channels", name, to_numpy_text(type_of(infos_[i])));
    if (named || (name.empty() && fits && !set_[i])) candidates.push_back(i);
  }
  if (candidates.size() == 1) return candidates[0];
  if (!name.empty()) throw_error("the model has no input '{}'; its inputs are {}", name, expected());
  if (candidates.empty()) throw_error("no input of the model takes a picture with 1 or 3 channels; its inputs are {}", expected());
  throw_error("{} inputs of the model can take a picture: say which by --image-input; the inputs are {}", candidates.size(), expected());
}

void RunInputs::set_pictures(uint32_t input, const std::vector<std::string>& paths, const Preprocess& preprocess, std::optional<ImageLayout> layout) {
  const auto& info = infos_[input];
  ImageShape shape = *find_image_shape(info.shape, layout);
  if (paths.size() != size_t(shape.batch)) throw_error("input '{}' takes {} pictures, but {} are given", info.name, shape.batch, paths.size());
  auto tensor = session_.input(input);
  if (tensor.holds<uint8_t>()) {
    Preprocess as_it_is = preprocess;
    as_it_is.scale = Preprocess().scale, as_it_is.mean = Preprocess().mean, as_it_is.deviation = Preprocess().deviation;
    if (as_it_is != preprocess) throw_error("input '{}' takes pixels as they are: --mean, --std and --scale have no effect", info.name);
  } else if (!tensor.holds<float>()) {
    throw_error("input '{}' is {}; pictures become float32 or uint8 only", info.name, to_numpy_text(type_of(info)));
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    Image image = fit_image(read_image(paths[i], shape.channels), preprocess, shape.width, shape.height);
    size_t offset = i * image.pixels.size();
    if (tensor.holds<float>()) {
      normalise_image(image, preprocess, shape.layout, tensor.values<float>().data() + offset);
    } else {
      copy_image(image, preprocess.bgr, shape.layout, tensor.values<uint8_t>().data() + offset);
    }
  }
  set_[input] = true;
}

bool RunInputs::all_set() const { return std::ranges::all_of(set_, std::identity()); }

void RunInputs::fill(FillMode mode) {
  auto ranges = recorded_index_ranges(module_.meta());
  for (uint32_t i = 0; i < infos_.size(); ++i) {
    if (set_[i]) continue;
    auto range = ranges.find(infos_[i].name);
    fill_tensor(type_of(infos_[i]), session_.input(i).data(), mode, i, range == ranges.end() ? IndexRange() : range->second);
    set_[i] = true;
  }
}

}  // namespace broach
