#pragma once
// Where values live: which share a buffer (views, concatenations), which buffers have a rim.
#include <algorithm>
#include <map>

#include "plan/groups.h"
#include "schedule/tensor_buffer.h"

namespace broach {

// Memory of its own. Several values may lie in it.
struct Root {
  enum class Kind : uint8_t { input, output, constant, arena } kind = Kind::arena;
  int index = 0;           // which graph input or output
  const Value* value = nullptr;  // the value that fills it
  TensorBuffer buffer;
};

struct Place {
  int root = -1;
  int64_t offset = 0;  // bytes
  TensorBuffer buffer;
};

class Placement {
 public:
  // Decides views; `groups` are all groups but those of concatenations, which `concats` lists.
  Placement(const Graph& graph, const std::vector<GroupExpressions>& groups);

  const Place& place(const Value* value) const { return places_.at(value); }
  const std::vector<Root>& roots() const { return roots_; }
  // Pairs (from, to) of one concatenation or graph output that must be copied because they could not share memory: the copy runs after
  // `from` exists. `to` is the place to write.
  struct Copy {
    const Value* from;
    Place to;
    const Value* completes;  // the value that is whole once its copies are done; null: a graph output
    Origin origin;
  };
  const std::vector<Copy>& copies() const { return copies_; }
  bool is_placed_concat(const Node* node) const { return std::find(concats_.begin(), concats_.end(), node) != concats_.end(); }

 private:
  struct Member {
    const Value* parent = nullptr;  // the value it is a view of
    int64_t first_channel = 0;      // of the parent, for a part of a concatenation
    bool alias = false;             // the same elements with another shape
  };
  void find_views(const Graph& graph);
  bool can_join(const Graph& graph, const Value* part, const Node* concat) const;
  const Value* top(const Value* value) const;
  void make_roots(const Graph& graph);
  void add_rims(const std::vector<GroupExpressions>& groups);
  void place_values(const Graph& graph);
  void copy_to_outputs(const Graph& graph);

  std::map<const Value*, Member> members_;
  std::map<const Value*, int> root_of_;  // tops only
  std::vector<Root> roots_;
  std::map<const Value*, Place> places_;
  std::vector<Copy> copies_;
  std::vector<const Node*> concats_;
};

}  // namespace broach
