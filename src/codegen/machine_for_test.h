// A machine for generated programs: the BPF interpreter with its maps, and a process to hit. Used
// by codegen_test.cc and go_values_test.cc. Entry point: Machine.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "arch/registers.h"
#include "base/text.h"
#include "support/bpf_interpreter.h"
#include "support/script_compiler.h"

namespace gotap::codegen {

using testing::BpfInterpreter;
using testing::CompiledScript;
using testing::FakeProcess;
using Buffer = BpfInterpreter::Buffer;

constexpr uint64_t kG = 0x500000, kStackHi = 0x700000, kFsbase = 0x600000;
constexpr int32_t kFsbaseOffset = 0x1000;

inline uint64_t u64_at(const Buffer& buffer, size_t at) {
  uint64_t value = 0;
  if (at + 8 <= buffer.size()) std::memcpy(&value, buffer.data() + at, 8);
  return value;
}

inline std::string text_at(const Buffer& buffer, size_t at, uint32_t capacity) {
  uint64_t header = u64_at(buffer, at);
  auto length = static_cast<uint32_t>(header), state = static_cast<uint32_t>(header >> 32);
  if (state == 2) return length == 0 ? "<not readable>" : "<broken>";
  if (length > capacity || state > 2) return "<broken>";
  std::string text(reinterpret_cast<const char*>(buffer.data()) + at + 8, length);
  return escape_controls(text) + (state == 1 ? ".." : "");
}

/// `<unknown>`, or with the UnknownReason where there is a better one.
inline std::string unknown_text(uint8_t reason) {
  return reason == 1 ? "<unknown>" : "<unknown " + std::to_string(reason) + ">";
}

inline std::string field_text(const bpf::Field& field, const Buffer& buffer) {
  if (field.unknown_offset >= 0 && buffer[static_cast<size_t>(field.unknown_offset)] != 0)
    return unknown_text(buffer[static_cast<size_t>(field.unknown_offset)]);
  if (field.type.kind == Type::Kind::String)
    return text_at(buffer, field.offset, field.type.capacity);
  uint64_t value = u64_at(buffer, field.offset);
  return field.type.is_signed ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
}

/// A script, the interpreter with its maps, and a process to hit.
struct Machine {
  CompiledScript script;
  BpfInterpreter bpf;
  FakeProcess process;

  explicit Machine(CompiledScript compiled) : script(std::move(compiled)), bpf(script.object) {
    bpf::Globals globals = bpf.globals();
    globals.fsbase_offset = kFsbaseOffset;
    globals.start_ns = 500'000;
    bpf.set_globals(globals);
    goroutine(7);
    sp(0x6ff000);
    process.set_reg(arch::PtRegs::r14, kG);
    process.set_reg(arch::PtRegs::cx, kG);
    uint64_t fsbase = kFsbase;
    for (int i = 0; i < 8; i++)
      process.kernel[process.task + kFsbaseOffset + static_cast<uint64_t>(i)] =
          static_cast<uint8_t>(fsbase >> (8 * i));
    process.put_u64(kFsbase - 8, kG);
  }
  void goroutine(uint64_t goid) {
    for (uint64_t at = 0; at < 200; at += 8) process.put_u64(kG + at, 0);
    process.put_u64(kG + 8, kStackHi);
    process.put_u64(kG + testing::kTestGoidOffset, goid);
  }
  void sp(uint64_t value) { process.set_reg(arch::PtRegs::sp, value); }

  /// Runs plan program `index`; for timers, the index goes on behind them.
  void hit(size_t index) {
    const bpf::Program& program = script.object.programs.at(index);
    if (program.kind == bpf::ProgramKind::Uprobe)
      process.cookie = script.plan.programs[program.plan_program].sites[0].cookie;
    auto ran = bpf.run(program, process);
    EXPECT_TRUE(ran.ok()) << ran.error().message;
  }
  std::string events() {
    std::string out;
    for (const Buffer& record : bpf.records) {
      const bpf::EventLayout& layout = script.object.events.at(u64_at(record, 0));
      EXPECT_EQ(record.size(), layout.size);
      for (const bpf::Field& field : layout.fields) out += field_text(field, record) + " ";
      out += "| ";
    }
    return out;
  }
  Buffer key_of(std::initializer_list<uint64_t> parts) {
    Buffer key(std::max<size_t>(8 * parts.size(), 4));
    size_t at = 0;
    for (uint64_t part : parts) {
      std::memcpy(key.data() + at, &part, 8);
      at += 8;
    }
    return key;
  }
  /// Sum over the CPUs of word `word` of the map's value.
  std::optional<uint64_t> value(const std::string& name, std::initializer_list<uint64_t> key = {},
                                size_t word = 0) {
    for (const bpf::UserMap& map : script.object.user_maps) {
      if (map.name != name) continue;
      uint64_t sum = 0;
      for (uint32_t cpu = 0; cpu < (map.per_cpu ? BpfInterpreter::kCpus : 1); cpu++) {
        auto memory = bpf.lookup(map.map, key_of(key), cpu);
        if (!memory) return std::nullopt;
        sum += u64_at(*memory, 8 * word);
      }
      return sum;
    }
    ADD_FAILURE() << "no map " << name;
    return std::nullopt;
  }
  size_t entries(const std::string& name) {
    for (const bpf::UserMap& map : script.object.user_maps)
      if (map.name == name) return bpf.entries(map.map);
    return 0;
  }
};

}  // namespace gotap::codegen
