// What is left of a command that could not finish: nothing.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/workplace.h"
#include "small_onnx.h"

namespace broach::test {
namespace {

using Names = std::vector<std::string>;

TEST(Files, ALimitOnTheirSizeIsAnErrorAndLeavesNothing) {
  Workplace place;
  for (const char* output : {"x.tar", "x.so", "x.graph"}) {
    Result result = place.run(std::string("ulimit -f 4; broach compile small.onnx -o ") + output);
    EXPECT_EQ(result.code, 4) << output;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_EQ(place.files(), Names{"small.onnx"});
  }
}

TEST(Files, AFullDiskWhereThePageGoesIsAnError) {
  Result result = Workplace().run("broach inspect small.onnx > /dev/full");
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.err, "Error: the output cannot be written: No space left on device\n");
}

TEST(Files, AnOldOneStaysWhenANewOneFails) {
  Workplace place;
  place.write("x.tar", "old");
  EXPECT_EQ(place.run("ulimit -f 4; broach compile small.onnx -o x.tar").code, 4);
  EXPECT_EQ(place.read("x.tar"), "old");
}

// The compiler is held in the middle of linking by a cross compiler that never ends.
TEST(Files, AnInterruptLeavesNothing) {
  Workplace place;
  place.write("waits", "#!/bin/sh\necho $$ > linking\nexec sleep 60\n");
  place.succeed("chmod +x waits");
  for (const char* signal : {"INT", "TERM", "HUP"}) {
    std::string script = R"sh(
mkdir temporary; export TMPDIR=$PWD/temporary
set -m  # a background command keeps its interrupts
broach compile small.onnx -o x.tar --cross-compiler ./waits &
for i in $(seq 300); do [ -s linking ] && break; sleep 0.1; done
[ -s linking ] && [ -n "$(ls temporary)" ] || exit 99
kill -SIGNAL $!; wait $!; code=$?
kill $(cat linking)
ls temporary; rmdir temporary; rm linking; exit $code)sh";
    script.replace(script.find("SIGNAL"), 6, signal);
    Result result = place.run(script);
    EXPECT_EQ(result.code, 128 + (std::string(signal) == "INT" ? 2 : std::string(signal) == "TERM" ? 15 : 1)) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(place.files(), (Names{"small.onnx", "waits"}));
  }
}

}  // namespace
}  // namespace broach::test
