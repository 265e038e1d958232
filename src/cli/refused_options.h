#pragma once
// Options that users of tvmc know and that can have no effect here. They are understood, so that the answer is the reason and
// not "unknown option"; a value that says what Broach does anyway is accepted.
#include <span>
#include <string_view>

#include "cli/verbs.h"

namespace broach {

struct RefusedOption {
  const char* verb;
  const char* name;      // long, without dashes
  bool takes_value;
  const char* accepted;  // the value that is what happens anyway; null: none is
  const char* reason;    // ends the sentence "--name is refused: "
};
std::span<const RefusedOption> refused_options();

// Adds those of the verb, hidden from the help. Parsing one throws Error with its reason.
void add_refused_options(CLI::App& verb);

}  // namespace broach
