// Text of loops: what is printed, and that parsing it gives the same function back.
#include <gtest/gtest.h>

#include "loop/random_loops.h"

namespace broach {
namespace {

constexpr const char* conv = R"(func conv(in: f32[4096] param, w: f32[512] param, out: f32[4096] param written) {
  parallel og in 0..4 {
    alloc acc: f32[96] registers {
      unrolled j in 0..6 {
        vector v in 0..16 {
          acc[j * 16 + v] = 0.0f
        }
      }
      for ib in 0..32 {
        prefetch w[ib * 16 - 512]
        unrolled j_1 in 0..6 {
          vector v_1 in 0..16 {
            acc[j_1 * 16 + v_1] = fma(in[og * 16 + ib + j_1], w[ib * 16 + v_1], acc[j_1 * 16 + v_1])
          }
        }
      }
      if og < 3 {
        out[ramp(og * 96, 1, 96)] = max(acc[ramp(0, 1, 96)], broadcast(0.0f, 96))
      } else {
        let x = og % 2
        for i in x ..+ og {
        }
        for i_1 in 3..9 {
          let y = cast(f32, x)
          out[i_1 + 5 - x * (2 - i_1)] = y * (y - 1.5f)
        }
      }
    }
  }
}
)";

TEST(Print, TextComesBackUnchanged) { EXPECT_EQ(to_string(parse_prim_func(conv)), conv); }

TEST(Print, LiteralsKeepTypeAndValue) {
  constexpr const char* text =
      R"(func f(a: f32[9] param written, b: f64[9] param written, c: u64[9] param written, d: i8[9] param written, e: f16[9] param written, g: bool[9] param written, h: bf16[9] param written) {
  a[0] = 0.1f
  a[1] = -0.0f
  a[2] = inf_f32
  a[3] = -inf_f32
  a[4] = nan_f32
  a[5] = 1e-45f
  a[6] = 3.4028235e+38f
  b[0] = 0.1f64
  b[1] = 5e-324f64
  b[2] = neg(1.0f64)
  c[0] = 18446744073709551615u64
  d[0] = -128i8
  d[1] = neg(5i8) << 1i8
  e[0] = 65504.0f16
  g[0] = true || !(false && true)
  h[0] = 0.100097656bf16
  b[3] = cast(f64, -9223372036854775808)
}
)";
  EXPECT_EQ(to_string(parse_prim_func(text)), text);
}

TEST(Print, ParenthesesKeepTheTree) {
  constexpr const char* text = R"(func f(a: i32[9] param written, i: i32[1] param) {
  a[0] = i[0] - (i[0] - i[0]) - i[0]
  a[1] = (i[0] + i[0]) * i[0] / (i[0] * i[0])
  a[2] = i[0] & i[0] | i[0] ^ ~i[0]
  a[3] = i[0] & (i[0] | i[0])
  a[4] = select(i[0] < i[0] == (i[0] == i[0]), rem(i[0], i[0]), min(i[0], i[0]))
  a[5] = bitcast(i32, cast(f32, i[0]))
}
)";
  EXPECT_EQ(to_string(parse_prim_func(text)), text);
}

TEST(Print, CollidingAndReservedNamesAreNumbered) {
  Var i = make_var("i"), other = make_var("i"), max = make_var("max");
  Buffer out = make_buffer("for", DType::i64, 100, Storage::param, true);
  PrimFunc f{"a/b:0", {out}, make_for(i, 0, 2, make_for(other, 0, 2, make_for(max, 0, 2, make_store(out, Expr(i) + other, max))))};
  EXPECT_EQ(to_string(f), R"(func a_b_0(for_1: i64[100] param written) {
  for i in 0..2 {
    for i_1 in 0..2 {
      for max_1 in 0..2 {
        for_1[i + i_1] = max_1
      }
    }
  }
}
)");
  EXPECT_TRUE(structurally_equal(f, parse_prim_func(to_string(f))));
}

TEST(Print, StructuralKeyForgetsNamesAndNothingElse) {
  auto key = [](const char* text) { return structural_key(parse_prim_func(text)); };
  const char* base = "func f(a: f32[4] param written) { for i in 0..4 { a[i] = 1.0f } }";
  EXPECT_EQ(key(base), key("func g(x: f32[4] param written) { for k in 0..4 { x[k] = 1.0f } }"));
  for (const char* other :
       {"func f(a: f32[4] param written) { vector i in 0..4 { a[i] = 1.0f } }", "func f(a: f32[5] param written) { for i in 0..4 { a[i] = 1.0f } }",
        "func f(a: f32[4] param written) { for i in 0..4 { a[i] = -1.0f } }", "func f(a: f32[4] param written) { for i in 0..4 { a[0] = 1.0f } }",
        "func f(a: f32[4] param written, b: f32[1] param) { for i in 0..4 { a[i] = 1.0f } }"})
    EXPECT_NE(key(base), key(other)) << other;
}

TEST(Print, RandomFunctionsComeBackEqual) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    PrimFunc f = random_loops(seed);
    std::string text = to_string(f);
    PrimFunc back = parse_prim_func(text);
    ASSERT_EQ(structural_key(back), structural_key(f)) << "seed " << seed << "\n" << text;
    ASSERT_EQ(to_string(back), text) << "seed " << seed;
  }
}

std::string error_of(const char* text) {
  try {
    parse_prim_func(text);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Parse, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("func f(a: f32[4] param) {\n  b[0] = 1.0f\n}"), "line 2, column 3: 'b' is no buffer in scope");
  EXPECT_EQ(error_of("func f(a: f32[4] param) {\n  a[i] = 1.0f\n}"), "line 2, column 5: 'i' is no variable in scope");
  EXPECT_EQ(error_of("func f(a: f33[4] param) {}"), "line 1, column 11: found 'f33', expected a type such as f32");
  EXPECT_EQ(error_of("func f(a: f32[4] heap) {}"), "line 1, column 18: found 'heap', expected param, registers, stack or worker_scratch");
  EXPECT_EQ(error_of("func f() { for i in 0..4 {"), "line 1, column 27: found the end of the text, expected a statement");
  EXPECT_EQ(error_of("func f(a: f32[4] param) { a[0] = a[0] + 1i32 + 1u8 }"), "no error");
  EXPECT_EQ(error_of("func f(a: f32[4] param, b: i8[1] param) { a[0] = a[0] + b[0] }"),
            "line 1, column 55: operands of '+' do not fit together: f32x1, i8x1");
  EXPECT_EQ(error_of("func f(a: f32[4] param) { a[0] = foo(1) }"), "line 1, column 34: 'foo' is no function");
  EXPECT_EQ(error_of("func f(a: f32[4] param) { a[0] = exp(1.0f, 2.0f) }"), "line 1, column 34: exp has 2 operands, expected 1");
  EXPECT_EQ(error_of("func f(a: i8[4] param) { a[0] = 128i8 }"),
            "line 1, column 33: '128i8' is no integer literal (such as 5, 5i32 or 5u8) in the range of its type");
  EXPECT_EQ(error_of("func f(a: f32[4] param) { a[0] = 1.0 }"),
            "line 1, column 34: '1.0' is no float literal (such as 0.5f, 0.5f64 or 0.5f16) in the range of its type");
  EXPECT_EQ(error_of("func f(a: f32[4] param) { for i in 1..a[0] { } }"),
            "line 1, column 37: '..' goes from 0 or between two literals; write begin ..+ extent");
  EXPECT_EQ(error_of("func f() { } }"), "line 1, column 14: found '}', expected the end of the text after the function");
  EXPECT_NE(error_of(("func f(a: f32[4] param) { a[0] = " + std::string(5000, '(')).c_str()).find("nested deeper"), std::string::npos);
}

}  // namespace
}  // namespace broach
