// Whole Go values: what a program copies of made-up memory, and that the kernel's verifier takes
// it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/copies.h"
#include "bpf/kernel.h"
#include "codegen/go_scripts_for_test.h"
#include "codegen/load_for_test.h"
#include "codegen/machine_for_test.h"

namespace gotap::codegen {

namespace {

using go::Word;

constexpr uint64_t kIntType = 0x5000, kNodeType = 0x5100, kItab = 0x9000;

// Types in the table of the tests, by hand.
enum Copy : uint32_t { kByte, kNode, kInt, kMapHeader, kCells, kPair };

CopyTable test_table() {
  CopyTable table;
  // kNode: struct{next *node; name string; list []int; any interface{}; err error}
  table.types.push_back({80, 0, 5, 0});
  table.types.push_back({8, 0, 0, 0});    // kInt
  table.types.push_back({48, 5, 2, 0});   // kMapHeader
  table.types.push_back({144, 7, 1, 0});  // kCells: the chain only
  table.types.push_back({16, 8, 2, 0});   // kPair: a mask
  table.slots = {{0, 8, CopyCount::One, 1, 1, kNode},
                 {8, 16, CopyCount::Length, 0, 32, kByte},
                 {24, 16, CopyCount::Length, 1, 4, kInt},
                 {48, 16, CopyCount::Type, 1, 1, 0},
                 {64, 16, CopyCount::Itab, 1, 1, 0},
                 {16, 8, CopyCount::Log2Before7, 0, 4, kCells},
                 {24, 8, CopyCount::Log2Before15, 0, 4, kCells},
                 {136, 8, CopyCount::One, 0, 1, kCells},
                 {0, 16, CopyCount::Mask, 0, 8, kInt},
                 {0, 16, CopyCount::IfZero, 0, 1, kInt}};
  table.dynamic = {{kIntType, kInt}, {kNodeType, kNode}};
  return table;
}

/// A value of type `copy` that the register RAX points to.
MadeValue behind_rax(uint32_t copy) {
  MadeValue value{Type::of(Type::Kind::GoWhole), {}, go::Aspect::Whole};
  go::AccessStep step;
  step.first = {Word::In::Register, 8, false, 0};
  value.access.steps = {step};
  go::Whole whole;
  whole.in = Word::In::Base;
  whole.copy = copy;
  value.access.wholes = {whole};
  return value;
}

/// Two words in registers: an interface, a pair.
MadeValue in_registers(uint32_t copy) {
  MadeValue value{Type::of(Type::Kind::GoWhole), {}, go::Aspect::Whole};
  go::Whole whole;
  whole.parts = {{0, {Word::In::Register, 8, false, 0}}, {8, {Word::In::Register, 8, false, 1}}};
  whole.copy = copy;
  value.access.wholes = {whole};
  return value;
}

Result<CompiledScript> compile_whole(const std::vector<MadeValue>& values,
                                     uint64_t bias_address = 0, ValueLimits limits = {}) {
  std::string format, arguments;
  for (size_t i = 0; i < values.size(); i++) {
    format += "%v ";
    arguments += ", arg" + std::to_string(i);
  }
  const std::string text = "uprobe:go:main.f { printf(\"" + format + "\"" + arguments + "); }";
  auto change = [&](lang::TypedProgram& program, plan::Plan& plan) {
    plan.copies = test_table();
    program.values = limits;
  };
  return compile_go_script(text, values, bias_address, 1024, change);
}

Machine whole_machine(const std::vector<MadeValue>& values, uint64_t bias_address = 0,
                      ValueLimits limits = {}) {
  auto compiled = compile_whole(values, bias_address, limits);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) std::abort();
  Machine machine(std::move(*compiled));
  const bpf::BpfObject& object = machine.script.object;
  const CopyTable& table = object.copies;
  const auto map = static_cast<uint32_t>(object.copy_table);
  Buffer value(object.maps[map].value_size);
  std::memcpy(value.data(), table.types.data(), table.types.size() * sizeof(CopyType));
  std::memcpy(value.data() + table.types.size() * sizeof(CopyType), table.slots.data(),
              table.slots.size() * sizeof(CopySlot));
  machine.bpf.update(map, Buffer(4), value);
  for (const auto& [reference, type] : table.dynamic) {
    Buffer key(8), behind(8);
    std::memcpy(key.data(), &reference, 8);
    std::memcpy(behind.data(), &type, sizeof type);
    machine.bpf.update(static_cast<uint32_t>(object.copy_dynamic), key, behind);
  }
  return machine;
}

/// `address:bytes` of each chunk behind the roots, `!` if it could not be read; then the reasons of
/// the roots that are unknown.
std::string chunks(const Machine& machine) {
  if (machine.bpf.records.size() != 1) return "no record";
  const Buffer& record = machine.bpf.records[0];
  const bpf::EventLayout& layout = machine.script.object.events.at(u64_at(record, 0));
  std::string out;
  for (size_t at = layout.size + CopyLog::kHeader; at + CopyLog::kData <= record.size();) {
    const auto bytes = static_cast<uint32_t>(u64_at(record, at + CopyLog::kBytes));
    const bool bad = u64_at(record, at + CopyLog::kDepth) >> 32 != 0;
    out += hex(u64_at(record, at)) + ":" + std::to_string(bytes) + (bad ? "! " : " ");
    at = (at + CopyLog::kData + bytes + 7) / 8 * 8;
  }
  for (const bpf::Field& field : layout.fields)
    for (size_t i = 0; i < field.roots.size(); i++)
      if (const uint64_t reason = u64_at(record, field.offset + 8 * i) >> 32)
        out += "unknown " + std::to_string(reason) + " ";
  return out;
}

void put_node(FakeProcess& process, uint64_t at, uint64_t next = 0) {
  for (uint64_t word = 0; word < 80; word += 8) process.put_u64(at + word, 0);
  process.put_u64(at, next);
}

void put_pair(FakeProcess& process, uint64_t at, uint64_t first, uint64_t second) {
  process.put_u64(at, first);
  process.put_u64(at + 8, second);
}

TEST(WholeValues, AreCopiedWithWhatTheyLeadTo) {
  Machine machine = whole_machine({behind_rax(kNode)});
  FakeProcess& process = machine.process;
  put_node(process, 0x10000, 0x20000);
  put_node(process, 0x20000);
  process.put_string(0x30000, "hello");
  put_pair(process, 0x10008, 0x30000, 5);
  for (uint64_t i = 0; i < 9; i++) process.put_u64(0x40000 + 8 * i, i);
  put_pair(process, 0x10018, 0x40000, 9);  // of which four are copied
  process.put_u64(0x50000, 7);
  put_pair(process, 0x10030, kIntType, 0x50000);
  process.put_u64(kItab + 8, kNodeType);
  put_node(process, 0x60000);
  put_pair(process, 0x10040, kItab, 0x60000);
  process.set_reg(arch::PtRegs::ax, 0x10000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine),
            "0x10000:80 0x20000:80 0x30000:5 0x40000:32 0x50000:8 0x9008:8 0x60000:80 ");
}

TEST(WholeValues, DynamicTypesAreWhereTheProgramIsLoaded) {
  constexpr uint64_t kSite = 0x401000, kBias = 0x10000000;
  Machine machine = whole_machine({behind_rax(kNode)}, kSite);
  FakeProcess& process = machine.process;
  put_node(process, 0x10000);
  put_pair(process, 0x10030, kIntType + kBias, 0x50000);
  process.put_u64(0x50000, 7);
  process.set_reg(arch::PtRegs::ax, 0x10000);
  process.set_reg(arch::PtRegs::ip, kSite + kBias);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:80 0x50000:8 ");
  const Buffer& record = machine.bpf.records.at(0);
  EXPECT_EQ(u64_at(record, machine.script.object.events[0].size + CopyLog::kBias), kBias);
}

TEST(WholeValues, EndInCyclesAndDepth) {
  ValueLimits limits;
  limits.depth = 3;
  Machine machine = whole_machine({behind_rax(kNode)}, 0, limits);
  FakeProcess& process = machine.process;
  // One that leads to itself, as the second of a list does to the first.
  put_node(process, 0x10000, 0x20000);
  put_node(process, 0x20000, 0x10000);
  process.set_reg(arch::PtRegs::ax, 0x10000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:80 0x20000:80 ");
  machine.bpf.records.clear();
  for (uint64_t i = 1; i < 9; i++) put_node(process, 0x10000 * i, 0x10000 * (i + 1));
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:80 0x20000:80 0x30000:80 0x40000:80 ");
}

TEST(WholeValues, WhatCannotBeReadIsMarked) {
  Machine machine = whole_machine({behind_rax(kNode), in_registers(kPair)});
  FakeProcess& process = machine.process;
  put_node(process, 0x10000, 0x20000);
  put_pair(process, 0x10008, 0x30000, 5);
  process.put_string(0x30000, "hello");
  process.set_reg(arch::PtRegs::ax, 0x10000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:80 0x0:16 0x20000:0! 0x30000:5 0x10000:8 0x10000:8 ");
  machine.bpf.records.clear();
  process.set_reg(arch::PtRegs::ax, 0);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x0:80! 0x0:16 unknown 3 ");
  machine.bpf.records.clear();
  process.set_reg(arch::PtRegs::ax, 0x77770000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x77770000:80! 0x0:16 0x77770000:0! 0x77770000:0! unknown 2 ");
}

// Then there is no table of what is copied, and no map for it.
TEST(WholeValues, NothingIsFollowedWhereAllIsUnknown) {
  MadeValue value{Type::of(Type::Kind::GoWhole), {}, go::Aspect::Whole};
  value.access.unknown = "optimized out";
  auto compiled = compile_go_script("uprobe:go:main.f { printf(\"%v\", arg0); }", {value}, 0, 1024,
                                    [](lang::TypedProgram&, plan::Plan&) {});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  EXPECT_EQ(compiled->object.copy_table, -1);
  Machine machine(std::move(*compiled));
  machine.hit(0);
  EXPECT_EQ(chunks(machine).substr(0, 16), "0x0:0! unknown 1");
}

TEST(WholeValues, CountsOfMapsAreTheirOwn) {
  Machine machine = whole_machine({behind_rax(kMapHeader)});
  FakeProcess& process = machine.process;
  for (uint64_t word = 0; word < 48; word += 8) process.put_u64(0x10000 + word, 0);
  process.put_u64(0x10008, 1 << 8);  // two buckets
  process.put_u64(0x10010, 0x20000);
  process.put_u64(0x10018, 0x30000);  // and one old one
  for (uint64_t word = 0; word < 288; word += 8) {
    process.put_u64(0x20000 + word, 0);
    process.put_u64(0x30000 + word, 0);
    process.put_u64(0x40000 + word, 0);
  }
  process.put_u64(0x20000 + 144 + 136, 0x40000);  // the second bucket has one behind it
  process.set_reg(arch::PtRegs::ax, 0x10000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:48 0x20000:288 0x30000:144 0x40000:144 ");
}

TEST(WholeValues, AreCutWhereTheRoomEnds) {
  ValueLimits limits;
  limits.size = 256;
  Machine machine = whole_machine({behind_rax(kNode)}, 0, limits);
  FakeProcess& process = machine.process;
  put_node(process, 0x10000, 0x20000);
  put_node(process, 0x20000);
  put_pair(process, 0x10018, 0x40000, 4);
  put_pair(process, 0x10008, 0x30000, 2);
  process.put_string(0x30000, "ab");
  for (uint64_t i = 0; i < 4; i++) process.put_u64(0x40000 + 8 * i, i);
  process.set_reg(arch::PtRegs::ax, 0x10000);
  machine.hit(0);
  EXPECT_EQ(chunks(machine), "0x10000:80 0x20000:80 0x30000:2 ");
}

TEST(WholeValues, LossesAreCounted) {
  Machine machine = whole_machine({in_registers(kPair)});
  machine.bpf.ring_capacity = 0;
  machine.hit(0);
  EXPECT_EQ(machine.bpf.globals().ring_full, 1u);
}

TEST(WholeValues, VerifierAcceptsThem) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  auto kernel = bpf::linux_kernel();
  ValueLimits large;
  large.size = 8192;
  large.depth = 32;
  for (const auto& values :
       {std::vector{behind_rax(kNode)}, {in_registers(kPair), behind_rax(kMapHeader)}})
    for (uint64_t bias_address : {uint64_t{0}, uint64_t{0x401000}}) {
      auto compiled = compile_whole(values, bias_address, large);
      ASSERT_TRUE(compiled.ok()) << compiled.error().message;
      auto loaded = load_object(*kernel, compiled->object);
      EXPECT_TRUE(loaded.ok()) << loaded.error().message << "\n" << loaded.error().hint;
    }
}

}  // namespace

}  // namespace gotap::codegen
