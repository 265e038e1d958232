#include "cli/preprocess_json.h"

#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "support/errors.h"
#include "support/nearest.h"

namespace broach {
namespace {

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& preset : preprocess_presets()) names.push_back(preset.name);
  return names;
}

}  // namespace

std::string preset_names() { return fmt::format("{}", fmt::join(all_names(), ", ")); }

const Preprocess& require_preset(const std::string& name) {
  if (const Preprocess* preset = find_preprocess_preset(name)) return *preset;
  throw UsageError(fmt::format("--preprocess knows no '{}'{}; known are {}", name, did_you_mean(name, all_names()), preset_names()));
}

std::string preprocess_to_json(const Preprocess& preprocess) {
  nlohmann::json object = {{"scale", preprocess.scale},
                           {"mean", preprocess.mean},
                           {"std", preprocess.deviation},
                           {"resize", preprocess.resize},
                           {"centre_crop", preprocess.centre_crop},
                           {"channel_order", preprocess.bgr ? "bgr" : "rgb"}};
  return object.dump();
}

Preprocess preprocess_from_json(const std::string& text) {
  try {
    auto object = nlohmann::json::parse(text);
    Preprocess preprocess;
    object.at("scale").get_to(preprocess.scale);
    object.at("mean").get_to(preprocess.mean);
    object.at("std").get_to(preprocess.deviation);
    object.at("resize").get_to(preprocess.resize);
    object.at("centre_crop").get_to(preprocess.centre_crop);
    preprocess.bgr = object.at("channel_order") == "bgr";
    return preprocess;
  } catch (const nlohmann::json::exception&) {
    throw_error("the artifact's preprocessing is not in a form that this version knows; say it by --preprocess, --mean and --std");
  }
}

}  // namespace broach
