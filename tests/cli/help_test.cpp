// Help, version, and the line that says that a command is missing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "broach/runtime.h"
#include "cli/workplace.h"

namespace broach::test {
namespace {

std::string stored(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class Help : public testing::TestWithParam<const char*> {};

TEST_P(Help, IsWhatIsStored) {
  std::string verb = GetParam(), path = BROACH_SOURCE_DIR "/tests/cli/help/" + (verb.empty() ? "broach" : verb) + ".txt";
  std::string text = Workplace().succeed("broach " + verb + " --help");
  if (std::getenv("BROACH_UPDATE_HELP")) std::ofstream(path) << text;
  EXPECT_EQ(text, stored(path));
}

INSTANTIATE_TEST_SUITE_P(Verbs, Help, testing::Values("", "compile", "run", "inspect", "check", "verify"));

TEST(Program, SaysItsVersionUnderBothNames) {
  Workplace place;
  EXPECT_EQ(place.succeed("broach --version"), std::string("broach ") + broach_runtime_version() + "\n");
  EXPECT_EQ(place.succeed("tvmc --version"), std::string("tvmc ") + broach_runtime_version() + "\n");
}

TEST(Program, WithoutACommandPrintsItsHelpAsAnError) {
  Workplace place;
  Result result = place.run("broach");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, place.succeed("broach --help") + "\n");
}

TEST(Program, HelpOfTvmcSpeaksOfTvmc) { EXPECT_EQ(Workplace().succeed("tvmc run -h").substr(0, 31), "usage: tvmc run [options] FILE\n"); }

// Every option is in docs/cli.md, as the program writes it.
TEST(Program, WritesItsPage) {
  Workplace place;
  std::string page = place.succeed("broach docs");
  for (const char* verb : {"compile", "run", "inspect", "check", "verify"}) {
    EXPECT_NE(page.find("## broach " + std::string(verb)), std::string::npos);
    std::istringstream help(place.succeed(std::string("broach ") + verb + " --help"));
    for (std::string word; help >> word;) {
      if (word.starts_with("--") && word.size() > 3 && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos) {
        EXPECT_NE(page.find(word), std::string::npos) << word;
      }
    }
  }
}

}  // namespace
}  // namespace broach::test
