#pragma once
#include "cli/verbs.h"

namespace broach {

// The parser with all commands; `invocation` must outlive it.
void add_commands(CLI::App& root, Invocation& invocation);

// The whole program: parses, runs, prints errors to stderr. Returns the exit code:
// 0 done; 1 no command was given; 2 the command line is wrong; 4 an error of the model, a file or a value; 70 a fault of Broach.
int run_program(int argc, char** argv);

}  // namespace broach
