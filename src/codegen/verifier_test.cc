// Loads what the generator makes into the running kernel, so that the verifier judges it.
// Skipped without the privilege to load BPF programs.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bpf/kernel.h"
#include "codegen/load_for_test.h"
#include "codegen/scripts_for_test.h"
#include "support/script_compiler.h"

namespace gotap::codegen {

namespace {

using testing::compile_script;

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
  auto loaded = load_object(*kernel_, compiled->object);
  EXPECT_TRUE(loaded.ok()) << GetParam() << "\n"
                           << loaded.error().message << "\n"
                           << loaded.error().hint;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Verifier, ::testing::ValuesIn(kScripts));

}  // namespace

}  // namespace gotap::codegen
