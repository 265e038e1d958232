#include "runtime/expression.h"

namespace broach::runtime::internal {
namespace {

constexpr int stack_depth = 32;

bool has_operand(int64_t code) { return code == BROACH_EXPR_CONST || code == BROACH_EXPR_DIM; }

bool divide_down(int64_t a, int64_t b, int64_t& value) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  value = a / b - (a % b != 0 && (a < 0) != (b < 0));
  return true;
}

bool apply(int64_t code, int64_t a, int64_t b, int64_t& value) {
  switch (code) {
    case BROACH_EXPR_ADD: return !__builtin_add_overflow(a, b, &value);
    case BROACH_EXPR_MUL: return !__builtin_mul_overflow(a, b, &value);
    case BROACH_EXPR_FLOORDIV: return divide_down(a, b, value);
    default: value = a > b ? a : b; return true;
  }
}

}  // namespace

bool is_valid_expression(const broach_program& program, uint32_t index) noexcept {
  if (index >= program.nexprs) return false;
  const int64_t words = program.exprs[index];
  if (words <= 0 || words > static_cast<int64_t>(program.nexprs - index - 1)) return false;
  const int64_t* code = program.exprs + index + 1;
  int depth = 0;
  for (int64_t i = 0; i < words; ++i) {
    if (has_operand(code[i])) {
      const bool is_dim = code[i] == BROACH_EXPR_DIM;
      if (++i >= words || ++depth > stack_depth) return false;
      if (is_dim && (code[i] < 0 || code[i] >= static_cast<int64_t>(program.ndims))) return false;
    } else {
      if (code[i] < BROACH_EXPR_ADD || code[i] > BROACH_EXPR_MAX || --depth < 1) return false;
    }
  }
  return depth == 1;
}

bool evaluate(const broach_program& program, uint32_t index, const int64_t* dims, int64_t& value) noexcept {
  const int64_t words = program.exprs[index];
  const int64_t* code = program.exprs + index + 1;
  int64_t stack[stack_depth];
  int depth = 0;
  for (int64_t i = 0; i < words; ++i) {
    if (has_operand(code[i])) {
      if (code[i] == BROACH_EXPR_DIM && !dims) return false;
      stack[depth++] = code[i] == BROACH_EXPR_DIM ? dims[code[i + 1]] : code[i + 1];
      ++i;
    } else {
      --depth;
      if (!apply(code[i], stack[depth - 1], stack[depth], stack[depth - 1])) return false;
    }
  }
  value = stack[0];
  return true;
}

}  // namespace broach::runtime::internal
