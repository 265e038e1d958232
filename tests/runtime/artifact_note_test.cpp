#include "runtime/artifact_note.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/cpu.h"
#include "runtime/toy.h"

namespace {

using broach::runtime::internal::Artifact;
using broach::runtime::internal::check_artifact;
using broach::runtime::internal::read_artifact;
using toy::Bytes;

Artifact read(const Bytes& library) {
  Artifact artifact;
  EXPECT_EQ(read_artifact(library.data(), library.size(), "toy.so", artifact), BROACH_STATUS_OK) << broach_error_message();
  return artifact;
}

broach_status check(const Bytes& library) {
  Artifact artifact;
  if (auto status = read_artifact(library.data(), library.size(), "toy.so", artifact)) return status;
  return check_artifact(artifact);
}

TEST(ArtifactNote, SealFillsTheVariableFields) {
  const Bytes library = toy::sealed();
  const broach_note note = read(library).note;
  EXPECT_EQ(note.file_bytes, library.size());
  EXPECT_EQ(note.constants_offset, toy::constants_offset(library));
  EXPECT_EQ(note.constants_bytes, toy::params().size());
  EXPECT_STREQ(note.symbol, "broach_program_toy");
  EXPECT_STREQ(note.cpu, "toycpu");
  EXPECT_EQ(check(library), BROACH_STATUS_OK) << broach_error_message();
}

TEST(ArtifactNote, SealingIsRepeatable) {
  const Bytes once = toy::sealed();
  EXPECT_EQ(toy::seal_again(once), once);
}

TEST(ArtifactNote, SealRefusesWhatItCannotSeal) {
  char error[256];
  Bytes text = {'h', 'i'};
  EXPECT_FALSE(broach::runtime::seal_artifact(text.data(), text.size(), 0, nullptr, 0, error, sizeof error));
  EXPECT_NE(std::string(error).find("not a Broach artifact"), std::string::npos) << error;
  Bytes library = toy::linked();
  EXPECT_FALSE(broach::runtime::seal_artifact(library.data(), library.size(), library.size() - 8, nullptr, 64, error, sizeof error));
  EXPECT_STREQ(error, "the constants lie outside the linked library");
  const uint64_t note = read(library).note_offset;
  EXPECT_FALSE(broach::runtime::seal_artifact(library.data(), library.size(), note, nullptr, 64, error, sizeof error));
  EXPECT_STREQ(error, "the constants overlap the linked library's Broach note");
}

// Every byte outside the constants is covered by the checksum, or is the checksum.
TEST(ArtifactNote, EveryChangedByteIsRefused) {
  const Bytes library = toy::sealed();
  const uint64_t begin = toy::constants_offset(library), end = begin + toy::params().size();
  for (uint64_t i = 0; i < library.size(); ++i) {
    Bytes mutant = library;
    mutant[i] ^= static_cast<uint8_t>(1u << (i % 8));
    if (i >= begin && i < end)
      EXPECT_EQ(check(mutant), BROACH_STATUS_OK) << "constant byte " << i;
    else
      EXPECT_NE(check(mutant), BROACH_STATUS_OK) << "byte " << i;
  }
}

TEST(ArtifactNote, EveryTruncationIsRefused) {
  const Bytes library = toy::sealed();
  for (uint64_t size = 0; size < library.size(); size += size < 1024 ? 1 : 61) {
    const Bytes cut(library.begin(), library.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(check(cut), BROACH_STATUS_FORMAT) << size;
  }
  Bytes longer = library;
  longer.push_back(0);
  EXPECT_EQ(check(longer), BROACH_STATUS_FORMAT);
}

// Headers that lie must not lead a read outside the bytes; AddressSanitizer watches.
TEST(ArtifactNote, WildHeadersStayInBounds) {
  const Bytes library = toy::sealed();
  const uint64_t wild[] = {0, 1, 7, 0x7fffffff, 0xffffffff, UINT64_MAX, UINT64_MAX - 63, library.size(), library.size() - 1};
  for (uint64_t at = 0; at + 8 <= 1024; at += 4)
    for (uint64_t value : wild) {
      Bytes mutant = library;
      std::memcpy(mutant.data() + at, &value, sizeof value);
      EXPECT_TRUE(check(mutant) != BROACH_STATUS_OK || mutant == library) << at;
      uint64_t offset, bytes;
      broach::runtime::find_section(mutant.data(), mutant.size(), "broach_constants", &offset, &bytes);
    }
}

TEST(ArtifactNote, NamesTheOtherVersion) {
  EXPECT_EQ(check(toy::sealed("-DMAJOR=2")), BROACH_STATUS_VERSION);
  const std::string message = broach_error_message();
  EXPECT_NE(message.find("toy.so has format version 2.0, this runtime"), std::string::npos) << message;
  EXPECT_NE(message.find("reads version 1: compile the model again"), std::string::npos) << message;
}

TEST(ArtifactNote, NamesTheOtherArchitecture) {
  Bytes library = toy::sealed();
  const uint16_t machine = EM_RISCV;
  std::memcpy(library.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  EXPECT_EQ(check(toy::seal_again(library)), BROACH_STATUS_CPU);
  EXPECT_NE(std::string(broach_error_message()).find("toy.so was built for RISC-V, this machine is "), std::string::npos) << broach_error_message();
}

TEST(ArtifactNote, ForeignLibraries) {
  Bytes library = toy::sealed();
  Artifact artifact = read(library);
  library[artifact.note_offset - 8] = 'b';  // the owner is no longer "Broach"
  EXPECT_EQ(check(library), BROACH_STATUS_FORMAT);
  EXPECT_NE(std::string(broach_error_message()).find("that Broach did not make"), std::string::npos) << broach_error_message();
  library = toy::sealed();
  library[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(check(library), BROACH_STATUS_FORMAT);
  EXPECT_NE(std::string(broach_error_message()).find("32-bit"), std::string::npos);
  library = toy::sealed();
  library[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_EQ(check(library), BROACH_STATUS_FORMAT);
  EXPECT_NE(std::string(broach_error_message()).find("not a shared library"), std::string::npos);
}

std::string feature_error(uint64_t needed, uint64_t host, uint64_t other = 0) {
  const uint64_t words[8] = {needed, other};
  return broach::runtime::internal::check_features(words, host, "sapphirerapids", "toy.so") ? broach_error_message() : "";
}

TEST(Features, MissingOnesAreNamedWithARemedy) {
  EXPECT_EQ(feature_error(BROACH_X86_AVX2, BROACH_X86_AVX2 | BROACH_X86_FMA), "");
  const std::string message = feature_error(BROACH_X86_AVX2 | BROACH_X86_AVX512F | BROACH_X86_AVX512VNNI, BROACH_X86_AVX2);
  EXPECT_NE(message.find("toy.so was built for a CPU with AVX-512F, AVX-512VNNI (sapphirerapids), which this machine lacks: "
                         "compile with --target \"llvm -m"),
            std::string::npos)
      << message;
}

TEST(Features, UnknownOnesAreRefused) {
  EXPECT_NE(feature_error(uint64_t{1} << 60, UINT64_MAX).find("does not know"), std::string::npos);
  EXPECT_NE(feature_error(0, UINT64_MAX, 1).find("does not know"), std::string::npos);
}

#if defined(__x86_64__)
TEST(Features, RemedyIsTheBestLevelOfTheHost) {
  const uint64_t v3 = BROACH_X86_SSE42 | BROACH_X86_AVX | BROACH_X86_F16C | BROACH_X86_FMA | BROACH_X86_AVX2 | BROACH_X86_BMI2;
  EXPECT_NE(feature_error(BROACH_X86_AVX512F, v3).find("-mcpu=x86-64-v3\""), std::string::npos);
  EXPECT_NE(feature_error(BROACH_X86_AVX512F, BROACH_X86_SSE42).find("-mcpu=x86-64-v2\""), std::string::npos);
  EXPECT_NE(feature_error(BROACH_X86_AVX512F, 0).find("-mcpu=x86-64\""), std::string::npos);
}

TEST(Features, HostAgreesWithTheCompiler) {
  const uint64_t host = broach::runtime::internal::host_features();
  EXPECT_EQ((host & BROACH_X86_AVX2) != 0, __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ((host & BROACH_X86_FMA) != 0, __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ((host & BROACH_X86_BMI2) != 0, __builtin_cpu_supports("bmi2") != 0);
  EXPECT_EQ((host & BROACH_X86_AVX512F) != 0, __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ((host & BROACH_X86_AVX512VNNI) != 0, __builtin_cpu_supports("avx512vnni") != 0);
}
#endif

TEST(Features, AreCheckedBeforeLoading) {
  const std::string message = toy::open_error(toy::sealed("'-DFEATURES=BROACH_ARM_SVE|BROACH_X86_SSE42'"), BROACH_STATUS_CPU);
  EXPECT_NE(message.find("(toycpu)"), std::string::npos) << message;
}

}  // namespace
