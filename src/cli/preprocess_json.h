#pragma once
// Recipes of preprocessing as the command line and an artifact's meta object hold them.
#include <string>

#include "image/preprocess.h"

namespace broach {

std::string preset_names();                                  // "imagenet, unit, ..."
const Preprocess& require_preset(const std::string& name);   // throws UsageError naming the nearest

// {"channel_order": "rgb", "centre_crop": true, "mean": [...], "resize": 0, "scale": ..., "std": [...]}
std::string preprocess_to_json(const Preprocess& preprocess);
// Throws Error where the text is not of that form: the artifact was made by something else.
Preprocess preprocess_from_json(const std::string& text);

}  // namespace broach
