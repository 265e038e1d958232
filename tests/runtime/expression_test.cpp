#include "runtime/expression.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

using broach::runtime::internal::evaluate;
using broach::runtime::internal::is_valid_expression;

enum : int64_t {
  C = BROACH_EXPR_CONST,
  D = BROACH_EXPR_DIM,
  ADD = BROACH_EXPR_ADD,
  MUL = BROACH_EXPR_MUL,
  DIV = BROACH_EXPR_FLOORDIV,
  MAX = BROACH_EXPR_MAX
};
constexpr int64_t dims[] = {10, -3};

broach_program program_of(const std::vector<int64_t>& words) {
  broach_program program = {};
  program.exprs = words.data();
  program.nexprs = static_cast<uint32_t>(words.size());
  program.ndims = 2;
  return program;
}

bool is_valid(std::vector<int64_t> code) {
  code.insert(code.begin(), static_cast<int64_t>(code.size()));
  return is_valid_expression(program_of(code), 0);
}

// The value, or -999 where it has none.
int64_t value_of(std::vector<int64_t> code, const int64_t* dims_given = dims) {
  code.insert(code.begin(), static_cast<int64_t>(code.size()));
  const broach_program program = program_of(code);
  EXPECT_TRUE(is_valid_expression(program, 0));
  int64_t value;
  return evaluate(program, 0, dims_given, value) ? value : -999;
}

TEST(Expression, Operators) {
  EXPECT_EQ(value_of({C, 42}), 42);
  EXPECT_EQ(value_of({D, 0}), 10);
  EXPECT_EQ(value_of({D, 0, C, 5, ADD}), 15);
  EXPECT_EQ(value_of({D, 0, D, 1, MUL}), -30);
  EXPECT_EQ(value_of({D, 0, C, 3, DIV}), 3);
  EXPECT_EQ(value_of({D, 0, D, 1, MAX}), 10);
  EXPECT_EQ(value_of({C, 1, C, 2, C, 3, MUL, ADD}), 7);
}

TEST(Expression, DivisionRoundsDown) {
  EXPECT_EQ(value_of({C, 7, C, 2, DIV}), 3);
  EXPECT_EQ(value_of({C, -7, C, 2, DIV}), -4);
  EXPECT_EQ(value_of({C, 7, C, -2, DIV}), -4);
  EXPECT_EQ(value_of({C, -8, C, 2, DIV}), -4);
}

TEST(Expression, WhatHasNoValue) {
  EXPECT_EQ(value_of({C, 7, C, 0, DIV}), -999);
  EXPECT_EQ(value_of({C, INT64_MIN, C, -1, DIV}), -999);
  EXPECT_EQ(value_of({C, INT64_MAX, C, 1, ADD}), -999);
  EXPECT_EQ(value_of({C, INT64_MAX, C, 2, MUL}), -999);
  EXPECT_EQ(value_of({D, 0}, nullptr), -999);
  EXPECT_EQ(value_of({C, 3}, nullptr), 3);
}

TEST(Expression, MalformedOnesAreFound) {
  EXPECT_FALSE(is_valid({}));
  EXPECT_FALSE(is_valid({ADD}));
  EXPECT_FALSE(is_valid({C, 1, ADD}));
  EXPECT_FALSE(is_valid({C, 1, C, 2}));
  EXPECT_FALSE(is_valid({C}));
  EXPECT_FALSE(is_valid({D, 2}));
  EXPECT_FALSE(is_valid({D, -1}));
  EXPECT_FALSE(is_valid({C, 1, C, 2, 6}));
  EXPECT_FALSE(is_valid({C, 1, C, 2, -1}));
  std::vector<int64_t> deep;
  for (int i = 0; i < 33; ++i) deep.insert(deep.end(), {C, 1});
  for (int i = 0; i < 32; ++i) deep.push_back(ADD);
  EXPECT_FALSE(is_valid(deep));
}

TEST(Expression, LengthStaysInTheWords) {
  const std::vector<int64_t> words = {3, C, 1};
  EXPECT_FALSE(is_valid_expression(program_of(words), 0));
  EXPECT_FALSE(is_valid_expression(program_of(words), 3));
  EXPECT_FALSE(is_valid_expression(program_of(words), UINT32_MAX));
  const std::vector<int64_t> negative = {-1, C, 1}, huge = {INT64_MAX, C, 1};
  EXPECT_FALSE(is_valid_expression(program_of(negative), 0));
  EXPECT_FALSE(is_valid_expression(program_of(huge), 0));
}

}  // namespace
