#include "codegen/llvm/kernel_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

namespace broach {
namespace {

struct Instruction {
  std::string name, operands;
};

struct Function {
  std::string name;
  std::vector<Instruction> code;
  std::map<std::string, size_t> labels;  // to the index of the next instruction
  bool has_frame = false;                // rbp or x29 holds the frame's address
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

// Comments begin with # on x86 and with // on aarch64, where # opens an immediate.
std::string without_comment(const std::string& line, bool arm) {
  size_t at = line.find(arm ? "//" : "#");
  return trim(at == std::string::npos ? line : line.substr(0, at));
}

bool is_frame_setup(const Instruction& i) {
  return (i.name == "movq" && i.operands == "%rsp, %rbp") || ((i.name == "mov" || i.name == "add") && i.operands.starts_with("x29, sp"));
}

// A function is a label that does not begin with a dot; local labels follow it.
std::vector<Function> split_functions(const std::string& assembly, bool arm) {
  std::vector<Function> functions;
  std::istringstream lines(assembly);
  for (std::string line; std::getline(lines, line);) {
    line = without_comment(line, arm);
    if (line.empty()) continue;
    if (line.back() == ':') {
      line.pop_back();
      if (line[0] != '.')
        functions.push_back({line, {}, {}});
      else if (!functions.empty())
        functions.back().labels[line] = functions.back().code.size();
      continue;
    }
    if (line[0] == '.' || functions.empty()) continue;
    size_t space = line.find_first_of(" \t");
    Instruction i{line.substr(0, space), space == std::string::npos ? "" : trim(line.substr(space))};
    functions.back().has_frame |= is_frame_setup(i);
    functions.back().code.push_back(std::move(i));
  }
  return functions;
}

bool touches_stack(const Function& f, const Instruction& i, bool arm) {
  if (arm) return contains(i.operands, "[sp") || (f.has_frame && contains(i.operands, "[x29"));
  return !i.name.starts_with("lea") && (contains(i.operands, "(%rsp") || (f.has_frame && contains(i.operands, "(%rbp")));
}

void count_x86(const Instruction& i, LoopReport& loop) {
  bool memory = contains(i.operands, "("), vector = contains(i.operands, "%xmm") || contains(i.operands, "%ymm") || contains(i.operands, "%zmm");
  bool fused = i.name.starts_with("vfmadd") || i.name.starts_with("vfmsub") || i.name.starts_with("vfnm");
  bool move = i.name.starts_with("vmov") || i.name.starts_with("mova") || i.name.starts_with("movu");
  bool to_memory = memory && i.operands.back() == ')';
  if (fused) ++loop.fma;
  if (i.name.starts_with("vbroadcast") || i.name.starts_with("vpbroadcast"))
    ++loop.broadcasts;
  else if (i.name.starts_with("prefetch"))
    ++loop.prefetches;
  else if (vector && move && to_memory)
    ++loop.stores;
  else if (vector && move && memory)
    ++loop.loads;
  else if (vector && memory)
    ++loop.folded_loads;
}

void count_arm(const Instruction& i, LoopReport& loop) {
  char bank = i.operands.empty() ? ' ' : i.operands[0];
  bool vector = bank == 'q' || bank == 'v' || bank == '{' || bank == 'd' || bank == 's';
  if (i.name.starts_with("fmla") || i.name.starts_with("fmls") || i.name == "fmadd")
    ++loop.fma;
  else if (i.name == "dup" || i.name.starts_with("ld1r"))
    ++loop.broadcasts;
  else if (i.name.starts_with("prf"))
    ++loop.prefetches;
  else if (vector && i.name.starts_with("ldp"))
    loop.loads += 2;
  else if (vector && i.name.starts_with("ld"))
    ++loop.loads;
  else if (vector && i.name.starts_with("stp"))
    loop.stores += 2;
  else if (vector && i.name.starts_with("st"))
    ++loop.stores;
}

bool is_branch(const Instruction& i, bool arm) {
  if (arm) return i.name == "b" || i.name.starts_with("b.") || i.name.starts_with("cb") || i.name.starts_with("tb");
  return i.name[0] == 'j';
}

struct Range {
  size_t begin, end;  // both included
  std::string label;
};

// Code between a label and a branch back to it. Innermost: holds no other such range.
std::vector<Range> innermost_loops(const Function& f, bool arm) {
  std::vector<Range> ranges;
  for (size_t at = 0; at < f.code.size(); ++at) {
    if (!is_branch(f.code[at], arm)) continue;
    const std::string& operands = f.code[at].operands;
    size_t comma = operands.rfind(',');
    std::string label = trim(comma == std::string::npos ? operands : operands.substr(comma + 1));
    auto it = f.labels.find(label);
    if (it != f.labels.end() && it->second <= at) ranges.push_back({it->second, at, label});
  }
  std::vector<Range> innermost;
  for (const Range& r : ranges) {
    bool holds_other = std::ranges::any_of(
        ranges, [&](const Range& other) { return other.begin >= r.begin && other.end <= r.end && (other.begin != r.begin || other.end != r.end); });
    if (!holds_other) innermost.push_back(r);
  }
  return innermost;
}

KernelReport report(const Function& f, bool arm) {
  KernelReport result{f.name, int(f.code.size()), 0, {}};
  for (const Instruction& i : f.code) result.stack += touches_stack(f, i, arm);
  for (const Range& range : innermost_loops(f, arm)) {
    LoopReport loop;
    loop.label = range.label;
    for (size_t at = range.begin; at <= range.end; ++at) {
      ++loop.instructions;
      loop.stack += touches_stack(f, f.code[at], arm);
      arm ? count_arm(f.code[at], loop) : count_x86(f.code[at], loop);
    }
    result.innermost.push_back(std::move(loop));
  }
  return result;
}

}  // namespace

const LoopReport* KernelReport::hottest() const {
  auto it = std::ranges::max_element(innermost, {}, &LoopReport::fma);
  return it == innermost.end() ? nullptr : &*it;
}

std::vector<KernelReport> report_kernels(const std::string& assembly) {
  bool arm = !contains(assembly, "%rsp") && !contains(assembly, "%rdi") && !contains(assembly, "%rsi") && !contains(assembly, "%eax");
  std::vector<KernelReport> reports;
  for (const Function& f : split_functions(assembly, arm)) reports.push_back(report(f, arm));
  return reports;
}

std::string to_string(const LoopReport& loop) {
  return fmt::format("{}: {} instructions, {} fma, {} loads, {} broadcasts, {} folded loads, {} stores, {} prefetches, {} on the stack", loop.label,
                     loop.instructions, loop.fma, loop.loads, loop.broadcasts, loop.folded_loads, loop.stores, loop.prefetches, loop.stack);
}

}  // namespace broach
