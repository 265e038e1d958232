// Graphs as files.
#include "graph/save.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "graph/toy_ops.h"
#include "support/files.h"

namespace broach {
namespace {

namespace fs = std::filesystem;

class SavedGraph : public testing::Test {
 protected:
  SavedGraph() {
    folder = fs::temp_directory_path() / fmt::format("broach_save_{}", ::testing::UnitTest::GetInstance()->random_seed() + getpid());
    fs::create_directories(folder);
    path = folder / "x.graph";
  }
  ~SavedGraph() override { fs::remove_all(folder); }

  static Graph example() {
    Graph graph;
    Value* x = graph.add_input("x", {DType::f32, {4}});
    Value* large = graph.add_constant(Constant::of_floats({1, 2, 3, 4, 5, 6, 7, 8, 9}, {9}), "large");
    Value* small = graph.add_constant(Constant::of_ints({7}, {}), "small");
    Value* bytes = graph.add_constant(Constant::filled({DType::u8, {3, 5}}, 200), "bytes");
    graph.add_output(graph.add(toy_join, {x, large, small, bytes}, nullptr, {"n"}, "y")->output(), "y");
    return graph;
  }
  size_t files() const { return size_t(std::distance(fs::directory_iterator(folder), {})); }

  fs::path folder;
  std::string path;
};

TEST_F(SavedGraph, LoadsEqual) {
  Graph graph = example();
  save_graph(graph, path);
  Graph loaded = load_graph(path, find_toy);
  verify(loaded);
  EXPECT_EQ(to_string(loaded), to_string(graph));
  for (size_t i = 0; i < graph.values().size(); ++i) EXPECT_EQ(loaded.values()[i]->constant, graph.values()[i]->constant);
  const Node& join = *loaded.nodes()[0];
  EXPECT_EQ(reinterpret_cast<uintptr_t>(join.input(1)->constant.data()) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(join.input(3)->constant.data()) % 64, 0u);
  EXPECT_EQ(files(), 1u);
}

TEST_F(SavedGraph, TheSameGraphGivesTheSameBytes) {
  save_graph(example(), path);
  std::string first = read_file(path);
  save_graph(example(), path);
  EXPECT_EQ(read_file(path), first);
}

TEST_F(SavedGraph, CutFilesAreRefused) {
  save_graph(example(), path);
  std::string bytes = read_file(path);
  for (size_t size = 0; size < 512 * 4 + 200; size += 37) {
    write_file_atomically(path, std::string_view(bytes).substr(0, size));
    EXPECT_THROW(load_graph(path, find_toy), Error) << size;
  }
}

TEST_F(SavedGraph, ChangedBytesNeverCrash) {
  save_graph(example(), path);
  std::string bytes = read_file(path);
  for (size_t at = 0; at < bytes.size(); at += 11) {
    std::string changed = bytes;
    changed[at] = char(changed[at] ^ 0x15);
    write_file_atomically(path, changed);
    try {
      verify(load_graph(path, find_toy));
    } catch (const Error&) {
    }
  }
}

TEST_F(SavedGraph, ForeignFilesAreRefused) {
  EXPECT_THROW(load_graph(path, find_toy), Error);
  write_file_atomically(path, "not a graph");
  EXPECT_THROW(load_graph(path, find_toy), Error);
  EXPECT_THROW(load_graph(folder, find_toy), Error);
}

TEST_F(SavedGraph, WhatCannotBeWrittenLeavesNoFile) {
  EXPECT_THROW(save_graph(example(), folder / "missing" / "x.graph"), Error);
  EXPECT_THROW(save_graph(example(), folder), Error);
  EXPECT_EQ(files(), 0u);
}

}  // namespace
}  // namespace broach
