// Every option of compile has an effect that can be seen.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/workplace.h"
#include "small_onnx.h"

namespace broach::test {
namespace {

using testing::Test;
using Names = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Compile : public Test {
 protected:
  // The assembly of small.onnx compiled with these options, whose artifact must compute what the model says.
  std::string assembly(const std::string& options) {
    place.succeed("broach compile small.onnx -o x.so --dump-code asm " + options);
    EXPECT_EQ(place.run("broach verify x.so small.onnx").code, 0) << options;
    return place.read("x.so.asm");
  }
  Workplace place;
};

TEST_F(Compile, WritesModuleTarByDefault) {
  EXPECT_EQ(place.succeed("broach compile small.onnx"), "wrote module.tar\n");
  EXPECT_EQ(place.succeed("tar -tf module.tar"), "mod.so\nmod.json\nmod.params\n");
  EXPECT_EQ(place.files(), (Names{"module.tar", "small.onnx"}));
}

TEST_F(Compile, WritesWhatTheSuffixSays) {
  EXPECT_EQ(place.succeed("broach compile small.onnx -o x.so"), "wrote x.so\n");
  EXPECT_EQ(place.succeed("broach compile small.onnx -ox.a"), "wrote x.a\nwrote x.h\n");
  EXPECT_EQ(place.succeed("broach compile small.onnx --output=x.graph"), "wrote x.graph\n");
  EXPECT_EQ(place.files(), (Names{"small.onnx", "x.a", "x.graph", "x.h", "x.so"}));
  EXPECT_EQ(place.succeed("ldd x.so | grep -v -e vdso -e libc.so -e libm.so -e ld-linux -e 'statically linked'; true"), "");
}

TEST_F(Compile, ASavedGraphGivesTheSameArtifact) {
  for (const char* suffix : {"tar", "so", "a"}) {
    std::string output = std::string("direct.") + suffix, again = std::string("again.") + suffix;
    place.succeed("broach compile small.onnx -o x.graph && broach compile small.onnx -o " + output + " && broach compile x.graph -o " + again);
    EXPECT_TRUE(place.read(output) == place.read(again)) << suffix;
  }
  place.succeed("cp x.graph unknown && broach compile unknown --model-format graph -o third.tar && cmp direct.tar third.tar");
}

TEST_F(Compile, PlainLlvmIsThisMachineAndOthersAreNamed) {
  EXPECT_EQ(place.succeed("broach compile small.onnx -o a.so && broach compile small.onnx -o b.so --target llvm && cmp a.so b.so"),
            "wrote a.so\nwrote b.so\n");
  const char* same[] = {"--target 'llvm -mcpu=x86-64-v2 -mtriple=x86_64-linux-gnu'", "--target 'llvm --mcpu=x86-64-v2 --mtriple=x86_64-linux-gnu'",
                        "--target llvm -mcpu=x86-64-v2 -mtriple=x86_64-linux-gnu",
                        "--target llvm --target-llvm-mcpu x86-64-v2 --target-llvm-mtriple x86_64-linux-gnu",
                        R"(--target '{"kind": "llvm", "mcpu": "x86-64-v2", "mtriple": "x86_64-linux-gnu"}')"};
  place.succeed("broach compile small.onnx -o first.so -mcpu=x86-64-v2 -mtriple=x86_64-linux-gnu");
  EXPECT_TRUE(contains(place.succeed("broach inspect first.so"), "target: llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64-v2\n"));
  for (const char* target : same) {
    place.succeed(std::string("broach compile small.onnx -o other.so ") + target);
    EXPECT_TRUE(place.read("first.so") == place.read("other.so")) << target;
  }
  place.succeed("broach compile small.onnx -o other.so -mtriple=x86_64-linux-gnu -mcpu=haswell --target-llvm-mattr=-fma");
  EXPECT_TRUE(contains(place.succeed("broach inspect other.so"), "-mcpu=haswell -mattr=-fma\n"));
}

TEST_F(Compile, OptionsChangeTheCode) {
  std::string plain = assembly("");
  for (const char* options :
       {"-O 0", "--desired-layout NCHW", "--desired-layout NCHW4c", "--disabled-pass assign_layouts",
        "--disabled-pass canonicalize,fold_batch_norm,unroll_loops", "--pass-config fuse.max_nodes=1", "--pass-config relay.FuseOps.max_depth=1"})
    EXPECT_TRUE(assembly(options) != plain) << options;
}

TEST_F(Compile, EveryLevelLeavesPassesOut) {
  auto passes = [&](int level) {
    std::string text = place.succeed("broach compile small.onnx --print-pass-times -O " + std::to_string(level));
    return std::ranges::count(text.substr(text.find("\noptimising"), text.find("\nlowering") - text.find("\noptimising")), '\n') - 1;
  };
  EXPECT_EQ(passes(3), 11);
  EXPECT_EQ(passes(2), 9);
  EXPECT_EQ(passes(1), 6);
  EXPECT_EQ(passes(0), 6);
  std::string one = assembly("-O1"), none = assembly("-O0");
  EXPECT_TRUE(one != assembly("-O2") && one != none);
  EXPECT_EQ(place.run("broach compile small.onnx -O1 --desired-layout NCHW8c").err,
            "Error: the layout NCHW8c can have no effect: the pass assign_layouts, which gives it, is left out by the level or by name\n");
}

TEST_F(Compile, PassConfigLimitsKernels) {
  auto steps = [&](const std::string& options) {
    place.succeed("broach compile small.onnx -o x.tar " + options);
    std::string text = place.succeed("broach inspect x.tar");
    return std::stoi(text.substr(text.find("\nsteps: ") + 8));
  };
  EXPECT_GT(steps("--pass-config fuse.max_nodes=1"), steps(""));
}

TEST_F(Compile, DumpsEveryStage) {
  EXPECT_EQ(
      place.succeed("broach compile small.onnx -o x.tar --dump-code graph,te,schedule,loop,plan,ll,asm"),
      "wrote x.tar\nwrote x.tar.graph\nwrote x.tar.te\nwrote x.tar.schedule\nwrote x.tar.loop\nwrote x.tar.plan\nwrote x.tar.ll\nwrote x.tar.asm\n");
  const std::pair<const char*, const char*> parts[] = {{"graph", "= conv("}, {"te", "stem_node"}, {"schedule", "# stem_node"}, {"loop", "func conv"},
                                                       {"plan", "step "},    {"ll", "define "},   {"asm", "default_conv"}};
  for (const auto& [stage, part] : parts) EXPECT_TRUE(contains(place.read(std::string("x.tar.") + stage), part)) << stage;
}

TEST_F(Compile, PrintsAroundPasses) {
  std::string before = place.succeed("broach compile small.onnx --print-ir-before canonicalize,share_values");
  EXPECT_TRUE(before.starts_with("# before canonicalize\ngraph \"default\" {\n"));
  EXPECT_TRUE(contains(before, "# before share_values\nfunc "));
  EXPECT_FALSE(contains(before, "# after"));
  std::string after = place.succeed("broach compile small.onnx --print-ir-after '[unroll_loops]'");
  EXPECT_TRUE(after.starts_with("# after unroll_loops\nfunc "));
  EXPECT_FALSE(contains(after, "# after share_values"));
  std::string all = place.succeed("broach compile small.onnx --print-ir-after all");
  for (const char* pass : {"remove_dead", "assign_layouts", "share_values", "hoist_invariants"})
    EXPECT_TRUE(contains(all, std::string("# after ") + pass));
}

TEST_F(Compile, PrintsTheTimesOfPasses) {
  std::string text = place.succeed("broach compile small.onnx --print-pass-times");
  EXPECT_TRUE(text.starts_with("Compilation time breakdown by pass:\nimporting "));
  for (const char* row : {"\n  remove_dead ", "\nlowering ", "\n  unroll_loops ", "\ngenerating code ", "\ntotal "})
    EXPECT_TRUE(contains(text, row)) << row;
  EXPECT_TRUE(text.ends_with("100.00 %\nwrote module.tar\n"));
}

TEST_F(Compile, LinksByACrossCompiler) {
  place.write("linker", "#!/bin/sh\necho \"$@\" > asked\nexec cc \"$@\"\n");
  place.succeed("chmod +x linker && broach compile small.onnx -o x.so --cross-compiler ./linker --cross-compiler-options '-Wl,--no-undefined -g0'");
  EXPECT_TRUE(contains(place.read("asked"), "-Wl,--no-undefined -g0 "));
  EXPECT_EQ(place.succeed("nm -D --defined-only x.so | grep -c ' [A-Z] '"), "1\n");
  place.succeed("broach verify x.so small.onnx");
  EXPECT_EQ(place.run("broach compile small.onnx -o x.so --cross-compiler false").err,
            "Error: the cross compiler 'false' failed to link: it does not say why\n");
}

TEST_F(Compile, ModuleNameIsTheSymbol) {
  place.succeed("broach compile small.onnx -o x.so --module-name two");
  EXPECT_TRUE(contains(place.succeed("nm -D --defined-only x.so"), " broach_program_two\n"));
  EXPECT_TRUE(contains(place.succeed("broach inspect x.so"), "name: two\n"));
}

TEST_F(Compile, ConfigurationsPresetOptions) {
  place.write("preset.json",
              R"({"targets": [{"kind": "llvm", "mcpu": "x86-64-v2", "mtriple": "x86_64-linux-gnu"}], "module_name": "preset", "opt-level": 1})");
  place.succeed("broach compile small.onnx -o a.so --config preset.json");
  place.succeed("broach compile small.onnx -o b.so -mcpu=x86-64-v2 -mtriple=x86_64-linux-gnu --module-name preset -O1 && cmp a.so b.so");
  place.succeed("mkdir d && mv preset.json d && BROACH_CONFIGS_DIR=d broach compile small.onnx -o c.so --config preset && cmp a.so c.so");
  place.succeed("broach compile small.onnx -o e.so --config d/preset.json --module-name mine");
  EXPECT_TRUE(contains(place.succeed("broach inspect e.so"), "name: mine\n"));
  place.write("odd.json", R"({"modul-name": "x"})");
  EXPECT_EQ(place.run("broach compile small.onnx --config odd.json").err,
            "Error: configuration 'odd.json' sets 'modul-name', which is no option of any command (did you mean 'module-name'?)\n");
}

TEST_F(Compile, SaysWhatItDoesWhenAsked) {
  EXPECT_EQ(place.succeed("broach -v compile small.onnx").substr(0, 16), "info: importing\n");
  EXPECT_EQ(place.succeed("broach compile -v small.onnx").substr(0, 16), "info: importing\n");
}

TEST_F(Compile, OpenDimensionsAreGivenByShapes) {
  SmallOnnx open = small_classifier();
  auto& graph = open.graph();
  for (auto* value : {graph.mutable_input(0), graph.mutable_output(0), graph.mutable_output(1)}) {
    auto* batch = value->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0);
    batch->clear_dim_value();
    batch->set_dim_param("batch");
  }
  place.write("open.onnx", open.bytes());
  EXPECT_EQ(place.run("broach compile open.onnx").err,
            "Error: model 'open.onnx': input 'image' has open dims [batch, 3, 16, 16]; give the shape, as in --input-shapes \"image:[1,3,16,16]\"\n");
  place.succeed("tvmc compile open.onnx --input-shapes 'image:[2,3,16,16]'");
  EXPECT_TRUE(contains(place.succeed("broach inspect module.tar"), "  scores float32[2, 5]\n"));
}

}  // namespace
}  // namespace broach::test
