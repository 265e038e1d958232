#pragma once
// What comes before the parser: prefixes of options, spellings of tvmc's users, names that nobody knows.
#include <set>
#include <vector>

#include "cli/verbs.h"

namespace broach {

struct Arguments {
  std::vector<std::string> words;  // the verb first; then options by their full long names, each value a word of its own
  std::string verb;                // empty: none was given
  std::set<std::string> given;     // long names of the options that occur, without dashes
  bool has(const std::string& option) const { return given.contains(option); }
};

// Rewrites a command line so that the parser sees whole names only:
// - an unambiguous beginning of a long option stands for the option, as in Python's argparse;
// - "--option=value" and "-ovalue" become two words, so that a value may be anything;
// - "-mcpu=x", "-mattr=x" and "-mtriple=x", which belong into --target, are understood beside it: --target llvm -mcpu=skylake.
// Throws UsageError for an unknown command or option (naming the nearest), an ambiguous one (naming all it could be), a
// value that is missing, and Error for the command `tune` and for targets that are not built in.
// `result.verb` is set as soon as it is known, also where an exception follows.
void expand_arguments(const CLI::App& root, const std::vector<std::string>& words, Arguments& result);

}  // namespace broach
