// What is wrong is said in one line on stderr, with the exit code that belongs to it, and no file is left behind.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/workplace.h"

namespace broach::test {
namespace {

struct Wrong {
  const char* command;
  int code;
  const char* message;  // all that is printed
};

void PrintTo(const Wrong& wrong, std::ostream* stream) { *stream << wrong.command; }

constexpr Wrong wrong_commands[] = {
    // The command line.
    {"broach compil small.onnx", 2,
     "broach: error: unknown command 'compil' (did you mean 'compile'?); the commands are compile, run, inspect, check, verify"},
    {"broach compile", 2, "broach compile: error: FILE is required"},
    {"broach compile small.onnx --optlevel 3", 2, "broach compile: error: unknown option --optlevel (did you mean '--opt-level'?)"},
    {"broach compile small.onnx -q", 2, "broach compile: error: unknown option -q"},
    {"broach compile small.onnx --print-ir x", 2,
     "broach compile: error: option --print-ir is ambiguous: it could be --print-ir-before, --print-ir-after"},
    {"broach compile small.onnx --output", 2, "broach compile: error: option --output expects a value"},
    {"broach compile small.onnx --print-pass-times=1", 2, "broach compile: error: option --print-pass-times takes no value"},
    {"broach compile small.onnx other.onnx", 2, "broach compile: error: unexpected argument: other.onnx"},
    {"broach compile small.onnx -O 4", 2, "broach compile: error: --opt-level: Value 4 not in range 0 to 3"},
    {"broach compile small.onnx --input-shapes image", 2,
     "broach compile: error: input shapes are written as NAME:[D,D,...], several with blanks between them, not 'image'"},
    {"broach compile small.onnx --input-shapes image:[0,3]", 2,
     "broach compile: error: input shapes give input 'image' a dimension of 0; every dimension must be a number from 1"},
    {"broach compile small.onnx --dump-code grap", 2,
     "broach compile: error: --dump-code knows no stage 'grap' (did you mean 'graph'?); the stages are graph, te, schedule, loop, plan, ll, asm"},
    {"broach compile small.onnx --dump-code relay", 2,
     "broach compile: error: --dump-code knows no stage 'relay' (it is called 'graph' here); the stages are graph, te, schedule, loop, plan, ll, "
     "asm"},
    {"broach compile small.onnx --pass-config fuse", 2, "broach compile: error: --pass-config expects NAME=VALUE, not 'fuse'"},
    {"broach run small.tar --fill-mode twos", 2, "broach run: error: --fill-mode: twos not in {zeros,ones,random}"},
    {"broach check", 2, "broach check: error: expected a model, FILE, or --list-operators"},
    {"tvmc run", 2, "tvmc run: error: FILE is required"},
    // Models.
    {"broach compile none.onnx", 4, "Error: cannot read 'none.onnx': No such file or directory"},
    {"broach compile folder.onnx", 4, "Error: cannot read 'folder.onnx': it is a directory, a file was expected"},
    {"broach compile .", 4, "Error: '.' is a directory; a model file was expected"},
    {"broach compile empty.onnx", 4, "Error: model 'empty.onnx': the file is empty; an ONNX model was expected"},
    {"broach compile text.onnx", 4, "Error: model 'text.onnx': it is not an ONNX model, or it is cut off or damaged"},
    {"broach compile text.txt", 4, "Error: the suffix of 'text.txt' does not tell its format: name it with --model-format onnx or graph"},
    {"broach compile small.onnx --model-format tflite", 4, "Error: there is no importer for the model format 'tflite'; there are onnx and graph"},
    {"broach compile small.onnx --input-shapes data:[1,3,16,16]", 4,
     "Error: model 'small.onnx': a shape was given for input 'data', but the model's inputs are 'image'"},
    {"broach compile small.onnx --input-shapes image:[1,3,16]", 4,
     "Error: model 'small.onnx': shape [1, 3, 16] was given for input 'image', which has shape [1, 3, 16, 16] in the model"},
    {"broach check text.onnx", 4, "Error: 'text.onnx' is not an ONNX model, or it is cut off or damaged"},
    {"broach inspect text.onnx", 4, "Error: 'text.onnx' is not an ONNX model, or it is cut off or damaged"},
    // Options of compile.
    {"broach compile small.onnx --target lvm", 4, "Error: unknown target kind 'lvm' (did you mean 'llvm'?); built kinds are llvm and cpu (the same)"},
    {"broach compile small.onnx --target cuda", 4,
     "Error: the target kind 'cuda' is not built into this compiler; built kinds are llvm and cpu (the same)"},
    {"broach compile small.onnx --target 'llvm -mtriple=x86_64-linux-gnu -mcpu=haswel'", 4,
     "Error: unknown CPU 'haswel' for x86_64-linux-gnu (did you mean 'haswell'?)"},
    {"broach compile small.onnx --target-cuda-arch sm_80", 4,
     "Error: --target-cuda-arch belongs to target kind 'cuda', which is not built in; the only kind is llvm"},
    {"broach compile small.onnx --desired-layout NHWC", 4,
     "Error: the layout 'NHWC' is none that convolutions have; it may be NCHW (row-major), NCHW4c, NCHW8c or NCHW16c"},
    {"broach compile small.onnx --pass-config tir.UnrollLoop=1", 4,
     "Error: no pass has a setting 'tir.UnrollLoop'; there are fuse.max_nodes and the same as relay.FuseOps.max_depth"},
    {"broach compile small.onnx --pass-config fuse.max_nodes=none", 4, "Error: the setting fuse.max_nodes must be a number from 1, not 'none'"},
    {"broach compile small.onnx --module-name 1st", 4, "Error: the module name '1st' is not made of letters, digits and _, beginning with no digit"},
    {"broach compile small.onnx --cross-compiler no-such-gcc", 4, "Error: the cross compiler 'no-such-gcc' cannot be run: No such file or directory"},
    {"broach compile small.onnx --cross-compiler-options -g", 4,
     "Error: --cross-compiler-options is refused: it has no effect without --cross-compiler"},
    {"broach compile small.onnx -o x.a --cross-compiler gcc", 4, "Error: a cross compiler has no effect on 'x.a', for which nothing is linked"},
    {"broach compile small.onnx -o x.graph -O 1", 4,
     "Error: an optimisation level can have no effect on 'x.graph', which is the model as it was imported"},
    {"broach compile small.onnx --config none", 4,
     "Error: there is no configuration 'none': expected a .json file, or the name of one in the folder that BROACH_CONFIGS_DIR names"},
    {"broach compile small.onnx --labels none.txt", 4, "Error: there is no file 'none.txt'"},
    {"broach compile small.onnx --preprocess imagnet", 2,
     "broach compile: error: --preprocess knows no 'imagnet' (did you mean 'imagenet'?); known are imagenet, unit, signed, lite, caffe, raw"},
    // Options of tvmc's that can have no effect.
    {"tvmc compile small.onnx --exact", 4,
     "Error: --exact is refused: no algorithm is used that rounds otherwise than the plain one, so every artifact is exact"},
    {"tvmc compile small.onnx --executor aot", 4,
     "Error: --executor aot is refused: every model becomes one static plan of steps, and there is no executor or runtime to choose (only 'graph' "
     "is accepted)"},
    {"tvmc compile small.onnx --mixed-precision", 4, "Error: --mixed-precision is refused: weights and arithmetic keep the precision of the model"},
    {"tvmc compile small.onnx --tuning-records r.json", 4,
     "Error: --tuning-records is refused: tuning comes in a later version, and no records are read until then"},
    {"tvmc tune --target llvm --output r.json small.onnx", 4,
     "Error: tuning comes in a later version: compile chooses its schedules by a model of the machine until then"},
    {"tvmc run small.tar --device cuda", 4, "Error: --device cuda is refused: models are compiled for CPUs only (only 'cpu' is accepted)"},
    {"tvmc run small.tar --rpc-key k", 4,
     "Error: --rpc-key is refused: models run on this machine only: copy the artifact to the other machine and run it there"},
    // Outputs.
    {"broach compile small.onnx -o x.zip", 4, "Error: the output 'x.zip' ends in none of .tar, .so, .a and .graph, which say what to write"},
    {"broach compile small.onnx -o none/x.tar", 4, "Error: cannot write 'none/x.tar': there is no folder 'none'"},
    {"broach compile small.onnx -o folder.tar", 4, "Error: cannot write 'folder.tar': it is a directory"},
    {"broach compile small.onnx -o /proc/x.tar", 4, "Error: cannot write '/proc/x.tar': No such file or directory"},
    // Running.
    {"broach run none.tar", 4, "Error: none.tar does not exist"},
    {"broach run .", 4, "Error: . is a directory; expected an artifact: a .tar or .so file"},
    {"broach run empty.onnx", 4, "Error: empty.onnx is empty: compile the model again"},
    {"broach run small.onnx", 4, "Error: small.onnx is not a Broach artifact (a .tar or .so): it looks like an ONNX model: compile it first"},
    {"broach run small.tar --repeat 3", 4, "Error: --repeat is refused: it has no effect without --print-time"},
    {"broach run small.tar --crop 16", 4, "Error: --crop is refused: it has no effect without --image"},
    {"broach run small.tar --inputs none.npz", 4, "Error: there is no file 'none.npz'"},
    {"broach run small.tar --inputs text.txt", 4, "Error: 'text.txt' is not an .npz of numpy, or is damaged"},
    {"broach run small.tar --outputs none/o.npz", 4, "Error: cannot write 'none/o.npz': No such file or directory"},
    {"broach run small.tar --image none.png", 4, "Error: there is no file 'none.png'"},
    {"broach run small.tar --image text.txt", 4,
     "Error: 'text.txt' is not a picture that can be read: expected PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC or PNM"},
    {"broach run small.tar --labels text.txt", 4, "Error: 'text.txt' holds 1 labels, but output 'scores' has 5 classes"},
    {"broach inspect small.a", 4, "Error: 'small.a' is a static archive, which carries no description; inspect a .tar or .so of the model"},
    {"broach inspect cut.so", 4, nullptr},
    {"broach inspect small.tar --input-shapes image:[1,3,16,16]", 4, "Error: --input-shapes is refused: it has no effect on an artifact"},
    {"broach verify small.tar other.onnx", 4,
     "Error: 'small.tar' was not compiled from 'other.onnx' by this version on such a machine: compile it again, or give the --input-shapes that it "
     "was compiled with"},
};

// One workplace for all: none of the commands may leave a file there.
class Errors : public testing::TestWithParam<Wrong> {
 protected:
  static void SetUpTestSuite() {
    place = new Workplace;
    std::filesystem::create_directory(place->folder() / "folder.onnx");
    std::filesystem::create_directory(place->folder() / "folder.tar");
    place->write("empty.onnx", "");
    place->write("text.onnx", "no model\n");
    place->write("text.txt", "no model\n");
    place->succeed("broach compile small.onnx -o small.tar && broach compile small.onnx -o small.so");
    place->write("cut.so", place->read("small.so").substr(0, 5000));
    // Another seed of the same network: all shapes agree.
    std::string other = place->read("small.onnx");
    other.replace(other.find("stem_relu_node"), 4, "STEM");
    place->write("other.onnx", other);
  }
  static void TearDownTestSuite() { delete place; }
  static inline Workplace* place = nullptr;
};

TEST_P(Errors, AreOneLine) {
  std::vector<std::string> before = place->files();
  Result result = place->run(GetParam().command);
  EXPECT_EQ(result.code, GetParam().code) << GetParam().command;
  EXPECT_EQ(result.out, "");
  if (GetParam().message) {
    EXPECT_EQ(result.err, GetParam().message + std::string("\n"));
  } else {
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
  EXPECT_EQ(place->files(), before);
}

INSTANTIATE_TEST_SUITE_P(All, Errors, testing::ValuesIn(wrong_commands));

TEST(Errors, UnsupportedOperatorsAreListedAtOnce) {
  Workplace place;
  std::string model = place.read("small.onnx");
  for (const auto& [from, to] : {std::pair("MaxPool", "MaxPoor"), {"Softmax", "Hardmax"}})
    for (size_t at = 0; (at = model.find(from, at)) != std::string::npos;) model.replace(at, 7, to);
  place.write("odd.onnx", model);
  Result result = place.run("broach check odd.onnx");
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.out, "MaxPoor x1: no such operator (pool_node)\nHardmax x1: no such operator (scores_node)\n");
  EXPECT_EQ(result.err, "Error: 'odd.onnx' cannot be compiled: 2 of its 10 nodes are not supported\n");
  result = place.run("broach compile odd.onnx");
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(
      result.err,
      "Error: model 'odd.onnx': the model has operators that are not supported: MaxPoor (1 node: 'pool_node'), Hardmax (1 node: 'scores_node')\n");
  EXPECT_EQ(place.files(), (std::vector<std::string>{"odd.onnx", "small.onnx"}));
}

}  // namespace
}  // namespace broach::test
