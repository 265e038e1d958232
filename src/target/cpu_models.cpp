#include "target/target.h"

namespace broach {

const CpuModel* find_cpu_model(const std::string& name) {
  static constexpr CpuModel models[] = {
#define BROACH_CPU(...) {__VA_ARGS__},
#include "target/targets.def"
#undef BROACH_CPU
  };
  for (const CpuModel& model : models)
    if (name == model.name) return &model;
  return nullptr;
}

}  // namespace broach
