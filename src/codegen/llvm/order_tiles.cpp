#include "codegen/llvm/order_tiles.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>
#include <llvm/IR/IntrinsicInst.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

namespace broach {
namespace {

using llvm::Instruction;
using llvm::Value;

struct MultiplyAdd {
  Instruction* sum = nullptr;  // the instruction whose value it is
  Value *a = nullptr, *b = nullptr, *addend = nullptr;
  int level = 0;     // how many of the same chain come before it in the block
  int position = 0;  // among all of the block
};

bool match_product(Value* value, MultiplyAdd& m) {
  auto* product = llvm::dyn_cast<Instruction>(value);
  if (!product || product->getOpcode() != Instruction::FMul || !product->hasOneUse() || !product->hasAllowContract()) return false;
  m.a = product->getOperand(0);
  m.b = product->getOperand(1);
  return true;
}

bool match_multiply_add(Instruction& i, MultiplyAdd& m) {
  m.sum = &i;
  if (!i.getType()->isVectorTy()) return false;
  if (auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&i)) {
    if (call->getIntrinsicID() != llvm::Intrinsic::fma && call->getIntrinsicID() != llvm::Intrinsic::fmuladd) return false;
    m.a = call->getArgOperand(0), m.b = call->getArgOperand(1), m.addend = call->getArgOperand(2);
    return true;
  }
  if (i.getOpcode() != Instruction::FAdd || !i.hasAllowContract()) return false;
  for (unsigned side : {0u, 1u}) {
    m.addend = i.getOperand(1 - side);
    if (match_product(i.getOperand(side), m)) return true;
  }
  return false;
}

std::vector<MultiplyAdd> collect(llvm::BasicBlock& block) {
  std::vector<MultiplyAdd> found;
  llvm::DenseMap<Value*, int> levels;
  for (Instruction& i : block) {
    MultiplyAdd m;
    if (!match_multiply_add(i, m)) continue;
    auto it = levels.find(m.addend);
    m.level = it == levels.end() ? 0 : it->second + 1;
    levels[m.sum] = m.level;
    m.position = int(found.size());
    found.push_back(m);
  }
  std::ranges::sort(found, {}, [](const MultiplyAdd& m) { return std::pair(m.level, m.position); });
  return found;
}

using Index = std::map<Value*, int>;  // values numbered by appearance

int number(Index& index, Value* value) { return index.emplace(value, int(index.size())).first->second; }

// Splits the factors of one level into two sets such that every pair of them is multiplied once. The operands of a product come
// in either order, so the first one's decide which set is which. False if there are no such sets.
bool split_factors(std::vector<MultiplyAdd>& level, Index& as, Index& bs) {
  number(as, level[0].a);
  number(bs, level[0].b);
  for (bool changed = true; changed;) {  // a factor is in the set that its partner is not in
    changed = false;
    for (MultiplyAdd& m : level) {
      if (as.contains(m.b) || bs.contains(m.a)) std::swap(m.a, m.b);
      if (as.contains(m.a) == bs.contains(m.b)) continue;
      number(as, m.a);
      number(bs, m.b);
      changed = true;
    }
  }
  for (const MultiplyAdd& m : level)
    if (!as.contains(m.a) || !bs.contains(m.b) || as.contains(m.b) || bs.contains(m.a)) return false;
  return as.size() * bs.size() == level.size() && as.size() > 1 && bs.size() > 1;
}

// Sorts one level; false if it is no tile.
bool order_level(std::vector<MultiplyAdd>& level) {
  Index as, bs;
  if (level.size() < 4 || !split_factors(level, as, bs)) return false;
  bool a_outer = as.size() > bs.size();
  auto key = [&](const MultiplyAdd& m) {
    int a = as.at(m.a), b = bs.at(m.b);
    return a_outer ? std::tuple(a, b, m.position) : std::tuple(b, a, m.position);
  };
  std::ranges::sort(level, {}, key);
  return true;
}

// The end of the level that begins at `begin` of what collect() gives.
size_t level_end(const std::vector<MultiplyAdd>& all, size_t begin) {
  size_t end = begin;
  while (end < all.size() && all[end].level == all[begin].level) ++end;
  return end;
}

// All levels as tiles, one after the other.
bool order_levels(std::vector<MultiplyAdd>& all) {
  std::vector<MultiplyAdd> ordered;
  for (size_t begin = 0, end; begin < all.size(); begin = end) {
    end = level_end(all, begin);
    std::vector<MultiplyAdd> level(all.begin() + std::ptrdiff_t(begin), all.begin() + std::ptrdiff_t(end));
    if (!order_level(level)) return false;
    ordered.insert(ordered.end(), level.begin(), level.end());
  }
  all = std::move(ordered);
  return true;
}

// Makes b the factor that all multiply-adds of a level share: the weight of one tap. False if a level has none.
bool find_taps(std::vector<MultiplyAdd>& all) {
  for (size_t begin = 0, end; begin < all.size(); begin = end) {
    end = level_end(all, begin);
    auto level = std::ranges::subrange(all.begin() + std::ptrdiff_t(begin), all.begin() + std::ptrdiff_t(end));
    auto shares = [&](Value* value) { return std::ranges::all_of(level, [&](const MultiplyAdd& m) { return m.a == value || m.b == value; }); };
    Value* weight = shares(all[begin].b) ? all[begin].b : all[begin].a;
    if (level.size() < 2 || !shares(weight)) return false;
    for (MultiplyAdd& m : level)
      if (m.b != weight) std::swap(m.a, m.b);
  }
  return true;
}

// The inputs in an order in which every sum can take its own, those that appear first preferred; each with its place in it. Some are
// missing if there is no such order.
Index input_order(const std::vector<MultiplyAdd>& all) {
  Index appearance, order;
  std::map<Value*, Value*> input_of;  // of the multiply-add that has this value
  std::map<Value*, std::set<Value*>> before, after;
  for (const MultiplyAdd& m : all) {
    number(appearance, m.a);
    input_of[m.sum] = m.a;
    auto previous = input_of.find(m.addend);
    if (previous == input_of.end() || previous->second == m.a) continue;
    before[m.a].insert(previous->second);
    after[previous->second].insert(m.a);
  }
  std::set<std::pair<int, Value*>> ready;
  for (auto [input, at] : appearance)
    if (!before.contains(input)) ready.emplace(at, input);
  while (!ready.empty()) {
    Value* input = ready.extract(ready.begin()).value().second;
    number(order, input);
    for (Value* next : after[input])
      if (before[next].erase(input) && before[next].empty()) ready.emplace(appearance.at(next), next);
  }
  return order;
}

// A window of taps that slides over inputs.
bool order_window(std::vector<MultiplyAdd>& all) {
  if (!find_taps(all)) return false;
  std::set<Value*> inputs;
  for (const MultiplyAdd& m : all) inputs.insert(m.a);
  Index order = input_order(all);
  if (inputs.size() == all.size() || order.size() != inputs.size()) return false;
  std::ranges::sort(all, {}, [&](const MultiplyAdd& m) { return std::tuple(order.at(m.a), m.level, m.position); });
  return true;
}

// Loads move up to the first multiply-adds, so after a write there may only be loads of what is never written.
bool may_reorder(const llvm::BasicBlock& block) {
  bool writes = false;
  for (const Instruction& i : block) {
    if (writes && i.mayReadFromMemory() && !i.hasMetadata(llvm::LLVMContext::MD_invariant_load)) return false;
    auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&i);
    writes |= i.mayWriteToMemory() && !(intrinsic && intrinsic->getIntrinsicID() == llvm::Intrinsic::prefetch);
  }
  return true;
}

// Puts instructions before the end of the block, each after its operands.
class Placer {
 public:
  explicit Placer(llvm::BasicBlock& block) : block_(block) {}

  void place(Instruction* i) {
    if (i->getParent() != &block_ || llvm::isa<llvm::PHINode>(i) || i->isTerminator() || !placed_.insert(i).second) return;
    for (Value* operand : i->operands())
      if (auto* instruction = llvm::dyn_cast<Instruction>(operand)) place(instruction);
    i->moveBefore(block_.getTerminator()->getIterator());
  }

 private:
  llvm::BasicBlock& block_;
  llvm::DenseSet<Instruction*> placed_;
};

// Returns whether it ordered a window.
bool order_block(llvm::BasicBlock& block) {
  std::vector<MultiplyAdd> all = collect(block);
  if (all.size() < 4 || !may_reorder(block)) return false;
  bool tile = order_levels(all), window = !tile && order_window(all);
  if (!tile && !window) return false;
  std::vector<Instruction*> rest;
  for (Instruction& i : block) rest.push_back(&i);
  Placer placer(block);
  for (const MultiplyAdd& m : all) placer.place(m.sum);
  for (Instruction* i : rest) placer.place(i);
  return window;
}

}  // namespace

bool order_tiles(llvm::Function& f) {
  bool windows = false;
  for (llvm::BasicBlock& block : f) windows |= order_block(block);
  return windows;
}

}  // namespace broach
