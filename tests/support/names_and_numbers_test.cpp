// Near names, hashes, element types.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support/dtype.h"
#include "support/hash.h"
#include "support/nearest.h"

namespace broach {
namespace {

TEST(Names, AreAsFarApartAsTheirEdits) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("haswell", "hsawell"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Names, SuggestTheNearest) {
  const std::string known[] = {"haswell", "skylake", "znver3"};
  EXPECT_EQ(nearest_name("hasvell", known), "haswell");
  EXPECT_EQ(nearest_name("znver4", known), "znver3");
  EXPECT_EQ(nearest_name("cortex-a72", known), "");
  EXPECT_EQ(did_you_mean("skylace", known), " (did you mean 'skylake'?)");
  EXPECT_EQ(did_you_mean("x", known), "");
}

std::array<uint8_t, 32> hash_of(std::initializer_list<std::string_view> parts) {
  ContentHash hash;
  for (std::string_view part : parts) hash.add(part);
  return hash.digest();
}

TEST(Hash, TellsPartsApart) {
  EXPECT_EQ(hash_of({"ab", "c"}), hash_of({"ab", "c"}));
  EXPECT_NE(hash_of({"ab", "c"}), hash_of({"a", "bc"}));
  EXPECT_NE(hash_of({}), hash_of({""}));
}

TEST(DTypes, HaveTwoNames) {
  for (int i = 0; i <= int(DType::boolean); ++i) {
    const DType dtype = DType(i);
    EXPECT_EQ(parse_dtype(info(dtype).name), dtype);
    EXPECT_EQ(parse_dtype(info(dtype).numpy), dtype);
    EXPECT_GE(byte_size(dtype), 1);
  }
  EXPECT_FALSE(parse_dtype("float31").has_value());
}

double through(DType dtype, double value) {
  uint64_t memory = 0;
  store_double(dtype, &memory, 0, value);
  return load_as_double(dtype, &memory, 0);
}

TEST(DTypes, RoundHalvesToEven) {
  EXPECT_EQ(through(DType::f16, 1.0 + 1.0 / 2048), 1.0);
  EXPECT_EQ(through(DType::f16, 1.0 + 3.0 / 2048), 1.0 + 2.0 / 1024);
  EXPECT_EQ(through(DType::f16, 65504), 65504);
  EXPECT_EQ(through(DType::f16, 65520), std::numeric_limits<double>::infinity());
  EXPECT_EQ(through(DType::f16, std::ldexp(1, -24)), std::ldexp(1, -24));
  EXPECT_EQ(through(DType::f16, std::ldexp(1, -26)), 0);
  EXPECT_EQ(through(DType::bf16, 1.0 + 1.0 / 256), 1.0);
  EXPECT_EQ(through(DType::bf16, 1.0 + 3.0 / 256), 1.0 + 4.0 / 256);
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    EXPECT_TRUE(std::isnan(through(dtype, std::numeric_limits<double>::quiet_NaN()))) << info(dtype).name;
    EXPECT_TRUE(std::signbit(through(dtype, -0.0))) << info(dtype).name;
  }
}

TEST(DTypes, WrapIntegers) {
  const auto wrapped = [](DType dtype, int64_t value) {
    uint64_t memory = 0;
    store_int(dtype, &memory, 0, value);
    return load_as_int(dtype, &memory, 0);
  };
  EXPECT_EQ(wrapped(DType::i8, 200), -56);
  EXPECT_EQ(wrapped(DType::u8, -1), 255);
  EXPECT_EQ(wrapped(DType::i32, int64_t{1} << 31), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(wrapped(DType::i64, -5), -5);
}

}  // namespace
}  // namespace broach
