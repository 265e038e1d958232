#include "driver/external_linker.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <sstream>

#include "codegen/llvm/temporary_folder.h"
#include "support/files.h"

extern char** environ;

namespace broach {
namespace {

Bytes bytes_of(const std::string& text) {
  auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(begin, begin + text.size());
}

// Runs a program with its output going to a file; its status as waitpid gives it. Signals reach it although we may hold them back.
int run_program(const std::vector<std::string>& words, const std::string& output) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  int error = posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) throw_error("the cross compiler '{}' cannot be run: {}", words[0], std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string first_line(const std::string& text) { return text.empty() ? "it does not say why" : text.substr(0, text.find('\n')); }

}  // namespace

std::function<Bytes(std::span<const Bytes>, const std::string&)> external_linker(const std::string& program, const std::string& options) {
  return [program, options](std::span<const Bytes> objects, const std::string& exported) {
    TemporaryFolder folder;
    std::string script = folder.write("exports", bytes_of(fmt::format("{{ global: {}; local: *; }};\n", exported)));
    std::vector<std::string> words = {program,
                                      "-shared",
                                      "-nostartfiles",
                                      "-o",
                                      folder.file("library.so"),
                                      "-Wl,--version-script=" + script,
                                      "-Wl,--build-id=none",
                                      "-Wl,--gc-sections",
                                      "-Wl,--undefined=" + exported,
                                      "-Wl,-soname," + exported + ".so",
                                      "-Wl,-z,relro,-z,now,-z,noexecstack,-z,defs"};
    for (size_t i = 0; i < objects.size(); ++i) words.push_back(folder.write(fmt::format("{}.o", i), objects[i]));
    std::istringstream more(options);
    for (std::string word; more >> word;) words.push_back(word);
    words.push_back("-lm");
    std::string said = folder.file("said");
    if (run_program(words, said) != 0) throw_error("the cross compiler '{}' failed to link: {}", program, first_line(read_file(said)));
    return folder.read("library.so");
  };
}

}  // namespace broach
