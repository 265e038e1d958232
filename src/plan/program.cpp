#include "plan/program.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace broach {
namespace {

constexpr const char* kind_names[] = {"input", "output", "constant", "arena"};

std::string tensor_line(const char* what, const ProgramTensor& tensor) {
  return fmt::format("{} {} {}\n", what, to_string(TensorType{tensor.dtype, tensor.shape, {}}), tensor.name);
}

std::string step_line(const char* what, const ProgramStep& step, const LoweredProgram& program) {
  return fmt::format("{} {} ({}){}{} # {}\n", what, program.functions[size_t(step.function)].name, fmt::join(step.arguments, " "),
                     step.barrier ? " barrier" : "", step.serial ? " serial" : "", fmt::join(step.origin, "\t"));
}

// "f32[1, 3] name with spaces"
ProgramTensor parse_tensor(const std::string& rest) {
  size_t bracket = rest.find('['), end = rest.find(']');
  if (bracket == rest.npos || end == rest.npos || end < bracket) throw_error("'{}' is not a type and a name", rest);
  ProgramTensor tensor;
  auto dtype = parse_dtype(rest.substr(0, bracket));
  if (!dtype) throw_error("'{}' is not a type", rest.substr(0, bracket));
  tensor.dtype = *dtype;
  std::string numbers = rest.substr(bracket + 1, end - bracket - 1);
  std::replace(numbers.begin(), numbers.end(), ',', ' ');
  std::istringstream stream(numbers);
  for (int64_t extent; stream >> extent;) tensor.shape.push_back(extent);
  tensor.name = end + 2 <= rest.size() ? rest.substr(end + 2) : "";
  return tensor;
}

ProgramStep parse_step(const std::string& rest, const LoweredProgram& program) {
  ProgramStep step;
  size_t open = rest.find(" ("), close = rest.find(')', open), hash = rest.find(" # ", close);
  if (open == rest.npos || close == rest.npos || hash == rest.npos) throw_error("'{}' is not a step", rest);
  std::string name = rest.substr(0, open);
  auto found = std::find_if(program.functions.begin(), program.functions.end(), [&](const PrimFunc& f) { return f.name == name; });
  if (found == program.functions.end()) throw_error("the step calls '{}', which is not defined", name);
  step.function = int(found - program.functions.begin());
  std::istringstream arguments(rest.substr(open + 2, close - open - 2));
  for (int argument; arguments >> argument;) step.arguments.push_back(argument);
  std::string flags = rest.substr(close + 1, hash - close - 1);
  step.barrier = flags.find(" barrier") != flags.npos;
  step.serial = flags.find(" serial") != flags.npos;
  std::istringstream origin(rest.substr(hash + 3));
  for (std::string part; std::getline(origin, part, '\t');) step.origin.push_back(part);
  return step;
}

ProgramBuffer parse_buffer(const std::string& rest) {
  std::istringstream stream(rest);
  std::string kind;
  ProgramBuffer buffer;
  stream >> kind >> buffer.index >> buffer.offset >> buffer.bytes;
  auto found = std::find(std::begin(kind_names), std::end(kind_names), kind);
  if (!stream || found == std::end(kind_names)) throw_error("'{}' is not a buffer", rest);
  buffer.kind = BufferKind(found - std::begin(kind_names));
  return buffer;
}

void check_step(const LoweredProgram& program, const ProgramStep& step, size_t limit) {
  BROACH_CHECK(step.function >= 0 && size_t(step.function) < program.functions.size(), "a step calls function {}", step.function);
  const PrimFunc& function = program.functions[size_t(step.function)];
  BROACH_CHECK(step.arguments.size() == function.params.size(), "{} takes {} arguments, the step has {}", function.name, function.params.size(),
               step.arguments.size());
  for (int argument : step.arguments) BROACH_CHECK(argument >= 0 && size_t(argument) < limit, "argument {} of {}", argument, function.name);
}

int64_t bytes_of(const ProgramTensor& tensor) { return element_count(tensor.shape) * byte_size(tensor.dtype); }

void check_buffer(const LoweredProgram& program, const ProgramBuffer& b) {
  BROACH_CHECK(b.offset >= 0 && b.bytes >= 0 && b.index >= 0, "a buffer at {} of {} bytes", b.offset, b.bytes);
  auto within = [&](size_t count, auto bytes_of_index) {
    BROACH_CHECK(size_t(b.index) < count, "a buffer of {} {}, there are {}", kind_names[int(b.kind)], b.index, count);
    int64_t bytes = bytes_of_index(size_t(b.index));
    BROACH_CHECK(b.offset + b.bytes <= bytes, "a buffer ends at {}, {} {} has {}", b.offset + b.bytes, kind_names[int(b.kind)], b.index, bytes);
  };
  switch (b.kind) {
    case BufferKind::input: return within(program.inputs.size(), [&](size_t i) { return bytes_of(program.inputs[i]); });
    case BufferKind::output: return within(program.outputs.size(), [&](size_t i) { return bytes_of(program.outputs[i]); });
    case BufferKind::constant: return within(program.constants.size(), [&](size_t i) { return program.constants[i].bytes(); });
    case BufferKind::arena: return within(INT32_MAX, [&](size_t) { return program.arena_bytes; });
  }
}

void check_arguments(const LoweredProgram& program, const ProgramStep& step) {
  const PrimFunc& function = program.functions[size_t(step.function)];
  for (size_t i = 0; i < step.arguments.size(); ++i) {
    const Buffer& param = function.params[i];
    const ProgramBuffer& buffer = program.buffers[size_t(step.arguments[i])];
    int64_t needed = param->elements * byte_size(param->dtype);
    BROACH_CHECK(needed <= buffer.bytes, "{} needs {} bytes for {}, buffer {} has {}", function.name, needed, param->name, step.arguments[i],
                 buffer.bytes);
    BROACH_CHECK(!param->written || (buffer.kind != BufferKind::constant && buffer.kind != BufferKind::input), "{} writes {}", function.name,
                 kind_names[int(buffer.kind)]);
  }
}

bool overlap(const ProgramBuffer& a, const ProgramBuffer& b) {
  return a.kind == b.kind && a.index == b.index && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

// A step reads nothing that a step since the last barrier wrote.
void check_barriers(const LoweredProgram& program) {
  std::vector<const ProgramBuffer*> written;
  for (const ProgramStep& step : program.steps) {
    if (step.barrier) written.clear();
    const PrimFunc& function = program.functions[size_t(step.function)];
    for (size_t i = 0; i < step.arguments.size(); ++i) {
      const ProgramBuffer& buffer = program.buffers[size_t(step.arguments[i])];
      if (function.params[i]->written) continue;
      for (const ProgramBuffer* w : written)
        BROACH_CHECK(!overlap(*w, buffer), "{} reads buffer {} without a barrier after the step that wrote it", function.name, step.arguments[i]);
    }
    for (size_t i = 0; i < step.arguments.size(); ++i)
      if (function.params[i]->written) written.push_back(&program.buffers[size_t(step.arguments[i])]);
  }
}

// Memory of one allocation, as its buffers show it, and when it is in use, counted in barriers.
struct Allocation {
  int64_t begin = 0, end = 0;
  int first = 0, last = 0;
};

void check_allocations(const LoweredProgram& program) {
  std::map<int, Allocation> allocations;
  int interval = 0;
  for (const ProgramStep& step : program.steps) {
    interval += step.barrier;
    for (int argument : step.arguments) {
      const ProgramBuffer& b = program.buffers[size_t(argument)];
      if (b.kind != BufferKind::arena) continue;
      auto [entry, fresh] = allocations.try_emplace(b.index, Allocation{b.offset, b.offset + b.bytes, interval, interval});
      Allocation& a = entry->second;
      a = {std::min(a.begin, b.offset), std::max(a.end, b.offset + b.bytes), a.first, interval};
    }
  }
  for (auto a = allocations.begin(); a != allocations.end(); ++a)
    for (auto b = std::next(a); b != allocations.end(); ++b) {
      const Allocation &x = a->second, &y = b->second;
      bool apart = x.end <= y.begin || y.end <= x.begin || x.last < y.first || y.last < x.first;
      BROACH_CHECK(apart, "allocations {} and {} of the arena overlap and are in use at the same time", a->first, b->first);
    }
}

}  // namespace

std::string to_string(const LoweredProgram& program) {
  std::string text = fmt::format("program {}\narena {}\n", program.name, program.arena_bytes);
  for (const ProgramTensor& tensor : program.inputs) text += tensor_line("input", tensor);
  for (const ProgramTensor& tensor : program.outputs) text += tensor_line("output", tensor);
  for (const ProgramConstant& constant : program.constants) text += tensor_line("constant", {constant.name, constant.dtype, {constant.elements}});
  for (const ProgramBuffer& b : program.buffers) text += fmt::format("buffer {} {} {} {}\n", kind_names[int(b.kind)], b.index, b.offset, b.bytes);
  for (const PrimFunc& function : program.functions) text += to_string(function) + "end\n";
  for (const ProgramStep& step : program.prologue) text += step_line("prologue", step, program);
  for (const ProgramStep& step : program.steps) text += step_line("step", step, program);
  return text;
}

LoweredProgram parse_program(std::string_view text) {
  LoweredProgram program;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    size_t space = line.find(' ');
    std::string word = line.substr(0, space), rest = space == line.npos ? "" : line.substr(space + 1);
    try {
      if (word == "program")
        program.name = rest;
      else if (word == "arena")
        program.arena_bytes = std::stoll(rest);
      else if (word == "input")
        program.inputs.push_back(parse_tensor(rest));
      else if (word == "output")
        program.outputs.push_back(parse_tensor(rest));
      else if (word == "buffer")
        program.buffers.push_back(parse_buffer(rest));
      else if (word == "step")
        program.steps.push_back(parse_step(rest, program));
      else if (word == "prologue")
        program.prologue.push_back(parse_step(rest, program));
      else if (word == "constant") {
        ProgramTensor tensor = parse_tensor(rest);
        if (tensor.shape.size() != 1) throw_error("a constant has one extent");
        program.constants.push_back({tensor.name, tensor.dtype, tensor.shape[0], {}});
      } else if (word == "func") {
        std::string body = line + "\n";
        while (std::getline(lines, line) && line != "end") body += line + "\n", ++number;
        program.functions.push_back(parse_prim_func(body));
        ++number;
      } else if (!line.empty()) {
        throw_error("'{}' begins no line of a program", word);
      }
    } catch (const std::logic_error& error) {
      throw_error("program text, line {}: {}", number, error.what());
    } catch (const Error& error) {
      throw_error("program text, line {}: {}", number, error.what());
    }
  }
  return program;
}

void verify(const LoweredProgram& program) {
  for (const ProgramStep& step : program.steps) check_step(program, step, program.buffers.size());
  for (const ProgramStep& step : program.prologue) check_step(program, step, program.constants.size());
  for (const ProgramBuffer& buffer : program.buffers) check_buffer(program, buffer);
  for (const ProgramStep& step : program.steps) check_arguments(program, step);
  check_barriers(program);
  check_allocations(program);
}

}  // namespace broach
