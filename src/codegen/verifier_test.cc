// Loads what the generator makes into the running kernel, so that the verifier judges it.
// Skipped without the privilege to load BPF programs.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bpf/kernel.h"
#include "codegen/scripts_for_test.h"
#include "support/script_compiler.h"

namespace gotap::codegen {

namespace {

using testing::compile_script;

/// Creates the maps and loads all programs; the first error.
Result<void> load(bpf::Kernel& kernel, const bpf::BpfObject& object) {
  std::vector<Fd> maps(object.maps.size());
  std::vector<int> fds(object.maps.size(), -1);
  for (size_t i = 0; i < object.maps.size(); i++) {
    if (object.maps[i].max_entries == 0) continue;
    TRY(fd, kernel.create_map(object.maps[i]));
    maps[i] = std::move(fd);
    fds[i] = maps[i].get();
  }
  for (const bpf::Program& program : object.programs) {
    TRY(fd, kernel.load_program(program, fds));
    EXPECT_GE(fd.get(), 0);
  }
  return {};
}

class Verifier : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  }
  std::unique_ptr<bpf::Kernel> kernel_ = bpf::linux_kernel();
};

TEST_P(Verifier, AcceptsProgram) {
  auto compiled = compile_script(GetParam());
  ASSERT_TRUE(compiled.ok()) << GetParam() << "\n" << compiled.error().message;
  auto loaded = load(*kernel_, compiled->object);
  EXPECT_TRUE(loaded.ok()) << GetParam() << "\n"
                           << loaded.error().message << "\n"
                           << loaded.error().hint;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Verifier, ::testing::ValuesIn(kScripts));

}  // namespace

}  // namespace gotap::codegen
