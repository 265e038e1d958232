#include "cli/arguments.h"

#include <algorithm>

#include "support/errors.h"
#include "support/nearest.h"

namespace broach {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }
std::string long_name(const CLI::Option& option) { return option.get_lnames().front(); }

class Expander {
 public:
  Expander(const CLI::App& root, const std::vector<std::string>& words, Arguments& result) : root_(root), words_(words), result_(result) {}

  void expand() {
    while (at_ < words_.size()) {
      std::string word = words_[at_++];
      if (word == "--") {
        result_.words.push_back(word);
        while (at_ < words_.size()) result_.words.push_back(words_[at_++]);
      } else if (word.starts_with("--")) {
        expand_long(word);
      } else if (word.starts_with("-mcpu=") || word.starts_with("-mattr=") || word.starts_with("-mtriple=")) {
        expand_long("--target-llvm-" + word.substr(1));
      } else if (word.size() > 1 && word[0] == '-') {
        expand_short(word);
      } else if (!verb_) {
        take_verb(word);
      } else {
        result_.words.push_back(word);
      }
    }
    // The verb comes first: options before it are the program's own, and the parser finds those from inside a verb.
    if (verb_) result_.words.insert(result_.words.begin(), result_.verb);
  }

 private:
  std::vector<const CLI::Option*> options() const {
    auto found = root_.get_options();
    if (verb_) {
      auto own = verb_->get_options();
      found.insert(found.begin(), own.begin(), own.end());
    }
    std::erase_if(found, [](const CLI::Option* option) { return option->get_lnames().empty(); });
    return found;
  }

  [[noreturn]] void fail(const std::string& message) const { throw UsageError(message); }

  void take_verb(const std::string& word) {
    if (word == "tune") throw_error("tuning comes in a later version: compile chooses its schedules by a model of the machine until then");
    std::vector<std::string> known;
    for (const CLI::App* verb : root_.get_subcommands({})) {
      if (!verb->get_group().empty()) known.push_back(verb->get_name());
      if (verb->get_name() == word) verb_ = verb;
    }
    if (!verb_) fail(fmt::format("unknown command '{}'{}; the commands are {}", word, did_you_mean(word, known), fmt::join(known, ", ")));
    result_.verb = word;
  }

  // The option of exactly this name, or the only one that begins with it.
  const CLI::Option& find(const std::string& name) const {
    std::vector<const CLI::Option*> matches;
    std::vector<std::string> known, candidates;
    for (const CLI::Option* option : options()) {
      bool first = true;
      for (const std::string& known_name : option->get_lnames()) {
        if (known_name == name) return *option;
        if (!option->get_group().empty()) known.push_back("--" + known_name);
        if (!known_name.starts_with(name) || name.empty()) continue;
        if (first) matches.push_back(option);
        first = false;
        candidates.push_back("--" + known_name);
      }
    }
    if (matches.size() == 1) return *matches[0];
    if (matches.empty()) fail_unknown(name, known);
    fail(fmt::format("option --{} is ambiguous: it could be {}", name, fmt::join(candidates, ", ")));
  }

  [[noreturn]] void fail_unknown(const std::string& name, const std::vector<std::string>& known) const {
    if (!verb_) fail(fmt::format("unknown option --{}{}; options of a command come after the command", name, did_you_mean("--" + name, known)));
    // tvmc makes an option --target-KIND-NAME for everything that any of its targets knows.
    if (name.starts_with("target-") && std::ranges::count(name, '-') > 1) {
      std::string kind = name.substr(7, name.find('-', 7) - 7);
      if (kind != "llvm") throw_error("--{} belongs to target kind '{}', which is not built in; the only kind is llvm", name, kind);
      throw_error("--{} has no effect here; the options of target llvm are --target-llvm-mcpu, --target-llvm-mattr and --target-llvm-mtriple", name);
    }
    fail(fmt::format("unknown option --{}{}", name, did_you_mean("--" + name, known)));
  }

  void expand_long(const std::string& word) {
    size_t equals = word.find('=');
    const CLI::Option& option = find(word.substr(2, equals == std::string::npos ? equals : equals - 2));
    if (equals == std::string::npos) return take(option);
    if (!takes_value(option)) fail(fmt::format("option --{} takes no value", long_name(option)));
    push(option, word.substr(equals + 1));
  }

  // "-o file", "-ofile", "-O3", "-vv".
  void expand_short(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      auto all = options();
      auto found = std::ranges::find_if(all, [&](const CLI::Option* option) { return option->check_sname(std::string(1, word[i])); });
      if (found == all.end()) fail(fmt::format("unknown option {}", i == 1 ? word : fmt::format("-{} in {}", word[i], word)));
      if (!takes_value(**found) || i + 1 == word.size()) {
        take(**found);
        continue;
      }
      return push(**found, word.substr(word[i + 1] == '=' ? i + 2 : i + 1));
    }
  }

  // An option whose value, if it takes one, is the next word.
  void take(const CLI::Option& option) {
    if (!takes_value(option)) return push(option);
    if (at_ == words_.size() || is_known_option(words_[at_])) fail(fmt::format("option --{} expects a value", long_name(option)));
    push(option, words_[at_++]);
  }

  bool is_known_option(const std::string& word) const {
    if (!word.starts_with("--") || word.size() < 3) return false;
    std::string name = word.substr(2, word.find('=') - 2);
    return std::ranges::any_of(options(), [&](const CLI::Option* option) { return option->check_lname(name); });
  }

  void push(const CLI::Option& option) {
    result_.words.push_back("--" + long_name(option));
    result_.given.insert(long_name(option));
  }
  void push(const CLI::Option& option, const std::string& value) {
    push(option);
    result_.words.push_back(value);
  }

  const CLI::App& root_;
  const std::vector<std::string>& words_;
  size_t at_ = 0;
  const CLI::App* verb_ = nullptr;
  Arguments& result_;
};

}  // namespace

void expand_arguments(const CLI::App& root, const std::vector<std::string>& words, Arguments& result) { Expander(root, words, result).expand(); }

}  // namespace broach
