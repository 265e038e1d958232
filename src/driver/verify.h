#pragma once
// Compares what an artifact computes, step by step, with a naive computation of its model in double precision.
#include "driver/compile.h"
#include "graph/constant.h"

namespace broach {

struct VerifyOptions {
  ModelOptions model;
  std::map<std::string, Constant> inputs;  // inputs that are not here get seeded random values
  double tolerance = 1e-4;                 // of the largest magnitude of a step's reference
  std::function<void(std::string_view stage, double fraction)> progress;
};

struct VerifyStep {
  std::string origin;    // the model's node names
  double error = 0;      // largest difference
  double magnitude = 0;  // largest magnitude of the reference
  bool agrees = true;    // error <= tolerance * magnitude, and no NaN where the reference has none
};

struct VerifyReport {
  std::vector<VerifyStep> steps;  // in the order of execution; the first that does not agree is the first divergent one
  bool weights_intact = true;     // their checksum is the one that was written
};

// Runs the artifact's own steps one after the other and looks at what each has written. Where a step leaves which value is known from
// the model: it is lowered again, and what that gives must be what the artifact was built from (its build id says so).
// The artifact must be for this host and must have been compiled from this model by this version. Throws Error where it was not.
VerifyReport verify_artifact(const std::string& artifact, const std::string& model, const VerifyOptions& options);

}  // namespace broach
