#pragma once
// Random legal functions for property tests: nests of all kinds of loops, Lets, Ifs, private memory and expressions
// of several types.
#include <cstring>
#include <random>

#include "loop/stmt.h"

namespace broach {

// Whether products of floats may round. Exact ones hide whether a compiler fuses a product with the sum that takes it.
enum class Products { rounded, exact };

// Deterministic per seed. Indices are inside their buffers and iterations of vector loops independent, so the
// function runs. All parameters have 96 elements.
PrimFunc random_loops(uint32_t seed, Products products = Products::rounded);
constexpr int64_t random_elements = 96;

// Memory for a function's parameters, filled by the seed, and what comes of running it.
class Arguments {
 public:
  Arguments(const PrimFunc& f, uint32_t seed);
  std::vector<void*> pointers();
  // Where the two differ (NaN equals NaN, 0 differs from -0); empty: nowhere.
  std::string difference(const Arguments& other) const;

 private:
  std::vector<Buffer> params_;
  std::vector<std::vector<char>> memory_;
};

Arguments result_of(const PrimFunc& f, uint32_t seed);

}  // namespace broach
