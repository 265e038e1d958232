#pragma once
// The JSON object that an artifact carries for programs above the runtime: who made it and how, what its inputs may hold.
#include "driver/compile.h"
#include "graph/graph.h"

namespace broach {

// options.meta and "producer"; "compile": the options that shape the program, where they are not the defaults; "index_ranges": of the
// integer inputs of the imported graph that choose among rows, the least and the largest legal value.
std::string make_meta(const Graph& imported, const CompileOptions& options);

// The options of which make_meta keeps record, and the module's name. Throws Error for an object of another form.
CompileOptions recorded_options(const std::string& meta, const std::string& module_name);

// Legal values of an input that holds indices, both included. The default is legal for every table of two rows or more.
struct IndexRange {
  int64_t least = 0, most = 1;
};

// What make_meta wrote of them; entries of another form are left out.
std::map<std::string, IndexRange> recorded_index_ranges(const std::string& meta);

}  // namespace broach
