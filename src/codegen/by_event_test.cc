// Programs that are attached without cookies, and those for several processes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "arch/registers.h"
#include "bpf/kernel.h"
#include "codegen/codegen.h"
#include "support/bpf_interpreter.h"
#include "support/script_compiler.h"

namespace gotap::codegen {
namespace {

using bpf::BpfObject;
using testing::BpfInterpreter;
using testing::CompiledScript;
using testing::FakeProcess;
using Buffer = BpfInterpreter::Buffer;

constexpr uint64_t kUtask = 0xffff888000100000, kDispatch = 0xffff888000200000,
                   kProbe = 0xffff888000300000, kIp = 0x401000;
constexpr uint64_t kTaskUtask = 0x900, kUtaskVaddr = 0x18, kProbeOffset = 0x70;

template <class T>
Buffer bytes_of(T value) {
  Buffer buffer(sizeof value);
  std::memcpy(buffer.data(), &value, sizeof value);
  return buffer;
}

CompiledScript compile(const char* text, const Options& options) {
  auto compiled = testing::compile_script(text);
  EXPECT_TRUE(compiled.ok()) << (compiled.ok() ? "" : compiled.error().message);
  auto object = generate(compiled->program, compiled->plan, options);
  EXPECT_TRUE(object.ok()) << (object.ok() ? "" : object.error().message);
  compiled->object = std::move(*object);
  return std::move(*compiled);
}

/// The kernel's structures as they stand while a probe's handler runs.
class ByEvent : public ::testing::Test {
 protected:
  ByEvent()
      : script_(compile("uprobe:go:\"f\" { @[func] = count(); } uprobe:go:\"g\" { @[func] = "
                        "count(); }",
                        {.by_event = true})),
        bpf_(script_.object) {
    bpf::Globals globals = bpf_.globals();
    globals.task_utask = kTaskUtask;
    globals.utask_vaddr = kUtaskVaddr;
    globals.probe_offset = kProbeOffset;
    bpf_.set_globals(globals);
    for (uint32_t i = 0; i < script_.plan.programs.size(); i++)
      for (const plan::Site& site : script_.plan.programs[i].sites)
        bpf_.update(static_cast<uint32_t>(script_.object.sites),
                    bytes_of(bpf::site_key(i, site.file_offset)), bytes_of(site.cookie));
    process_.cookie = 0xdead;  // what must not be looked at
    process_.set_reg(arch::PtRegs::ip, kIp);
    kernel(process_.task + kTaskUtask, kUtask);
    kernel(kUtask + kUtaskVaddr, kDispatch);
    kernel(kDispatch, kProbe);
    kernel(kDispatch + 8, kIp);
    kernel(kProbe + kProbeOffset, script_.plan.programs[0].sites[0].file_offset);
  }
  void kernel(uint64_t address, uint64_t value) {
    for (int i = 0; i < 8; i++)
      process_.kernel[address + static_cast<uint64_t>(i)] = static_cast<uint8_t>(value >> (8 * i));
  }
  void hit(size_t program) {
    auto ran = bpf_.run(script_.object.programs[program], process_);
    EXPECT_TRUE(ran.ok()) << ran.error().message;
  }
  uint64_t calls(uint64_t function) {
    uint64_t sum = 0;
    for (uint32_t cpu = 0; cpu < BpfInterpreter::kCpus; cpu++)
      if (auto value = bpf_.lookup(script_.object.user_maps[0].map, bytes_of(function), cpu)) {
        uint64_t count;
        std::memcpy(&count, value->data(), 8);
        sum += count;
      }
    return sum;
  }

  CompiledScript script_;
  BpfInterpreter bpf_;
  FakeProcess process_;
};

TEST_F(ByEvent, TheSiteIsTheProbesPlaceInTheFile) {
  // Both functions' sites have one file offset: the program tells them apart.
  ASSERT_EQ(script_.plan.programs[0].sites[0].file_offset,
            script_.plan.programs[1].sites[0].file_offset);
  hit(0);
  hit(1);
  hit(1);
  EXPECT_EQ(calls(0), 1u);
  EXPECT_EQ(calls(1), 2u);
  EXPECT_EQ(bpf_.globals().unknown_site, 0u);
}

TEST_F(ByEvent, ASiteThatIsNotKnownIsCountedAndNothingElse) {
  kernel(kProbe + kProbeOffset, 0x7777);
  hit(0);
  EXPECT_EQ(bpf_.globals().unknown_site, 1u);
  EXPECT_EQ(calls(0), 0u);
}

TEST_F(ByEvent, WhatSpeaksOfAnotherInstructionIsNotBelieved) {
  kernel(kDispatch + 8, kIp + 1);
  hit(0);
  process_.kernel.erase(kUtask + kUtaskVaddr);  // nor is what cannot be read
  hit(0);
  EXPECT_EQ(bpf_.globals().unknown_site, 2u);
  EXPECT_EQ(calls(0), 0u);
}

// What the script's only map, a count, has on all CPUs.
uint64_t counted(const CompiledScript& script, BpfInterpreter& bpf) {
  uint64_t hits = 0;
  for (uint32_t cpu = 0; cpu < BpfInterpreter::kCpus; cpu++) {
    uint64_t count;
    std::memcpy(&count, bpf.lookup(script.object.user_maps[0].map, Buffer(4), cpu)->data(), 8);
    hits += count;
  }
  return hits;
}

TEST(SeveralProcesses, OnlyThoseOfTheSetCount) {
  CompiledScript script = compile("uprobe:go:\"f\" { @ = count(); }", {.several_tgids = true});
  BpfInterpreter bpf(script.object);
  FakeProcess process;
  for (uint64_t tgid : {100, 200, 300, 200}) {
    process.tgid = tgid;
    ASSERT_TRUE(bpf.run(script.object.programs[0], process).ok());
    // The set holds one: as many as the session makes room for.
    bpf.update(static_cast<uint32_t>(script.object.tgids), bytes_of(uint32_t{200}),
               bytes_of(uint32_t{1}));
  }
  EXPECT_EQ(counted(script, bpf), 2u);  // the second and the fourth
}

TEST(Cgroups, OnlyProcessesBelowThoseOfTheSetCount) {
  CompiledScript script = compile("uprobe:go:\"f\" { @ = count(); }", {.cgroup_level = 3});
  BpfInterpreter bpf(script.object);
  FakeProcess process;
  bpf.update(static_cast<uint32_t>(script.object.cgroups), bytes_of(uint64_t{77}),
             bytes_of(uint32_t{1}));
  for (const std::vector<uint64_t>& groups :
       {std::vector<uint64_t>{1, 5, 6, 77}, {1, 5, 6, 77, 9}, {1, 5, 77}, {1, 77, 6, 8}, {}}) {
    process.cgroups = groups;
    ASSERT_TRUE(bpf.run(script.object.programs[0], process).ok());
  }
  EXPECT_EQ(counted(script, bpf), 2u);  // the first and the second
}

TEST(SeveralProcesses, TheVerifierTakesWhatTheWaysOfAttachingAsk) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  auto kernel = bpf::linux_kernel();
  CompiledScript script = compile(
      "uprobe:go:\"f\" { @[func, str(arg0)] = count(); } "
      "uretprobe:go:\"f\" { @us[func] = hist(duration); }",
      {.by_event = true, .several_tgids = true});
  std::vector<Fd> maps;
  std::vector<int> fds;
  for (const bpf::MapSpec& spec : script.object.maps) {
    fds.push_back(-1);
    if (spec.max_entries == 0) continue;
    auto map = kernel->create_map(spec);
    ASSERT_TRUE(map.ok()) << map.error().message;
    fds.back() = map->get();
    maps.push_back(std::move(*map));
  }
  for (const bpf::Program& program : script.object.programs) {
    auto loaded = kernel->load_program(program, fds);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().hint;
  }
}

}  // namespace
}  // namespace gotap::codegen
