#include "cli/program.h"

int main(int argc, char** argv) { return broach::run_program(argc, argv); }
