// Test support: BPF programs written by hand, and places in the test binary to attach them to.
// Not part of the program.
//
// Facts: Documentation/bpf/standardization/instruction-set.rst; helper numbers of
// include/uapi/linux/bpf.h.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "bpf/kernel.h"

// Of a function to probe: called as it stands, never inlined, cloned or specialised.
#ifdef __clang__
#define GOTAP_PROBED extern "C" __attribute__((noinline, optnone))
#else
#define GOTAP_PROBED extern "C" __attribute__((noipa))
#endif

namespace gotap::bpf::testing {

using Code = std::vector<Insn>;

inline void append(Code& code, std::initializer_list<Insn> insns) {
  code.insert(code.end(), insns);
}
inline Insn mov(uint8_t dst, uint8_t src) { return {.code = 0xbf, .dst = dst, .src = src}; }
inline Insn mov_imm(uint8_t dst, int32_t imm) { return {.code = 0xb7, .dst = dst, .imm = imm}; }
inline Insn call(int32_t helper) { return {.code = 0x85, .imm = helper}; }
inline Insn leave() { return {.code = 0x95}; }
inline Insn jump_zero(uint8_t dst, int16_t off) { return {.code = 0x15, .dst = dst, .off = off}; }
inline Insn store32_imm(uint8_t dst, int16_t off, int32_t imm) {
  return {.code = 0x62, .dst = dst, .off = off, .imm = imm};
}
inline Insn store64(uint8_t dst, int16_t off, uint8_t src) {
  return {.code = 0x7b, .dst = dst, .src = src, .off = off};
}
inline Insn load64(uint8_t dst, uint8_t src, int16_t off) {
  return {.code = 0x79, .dst = dst, .src = src, .off = off};
}
inline Insn atomic_add64(uint8_t dst, int16_t off, uint8_t src) {
  return {.code = 0xdb, .dst = dst, .src = src, .off = off};
}
inline void map_fd(Code& code, uint8_t dst, int32_t index) {
  append(code, {{.code = 0x18, .dst = dst, .src = kPseudoMapFd, .imm = index}, {}});
}
inline void map_value(Code& code, uint8_t dst, int32_t index, int32_t offset) {
  append(code, {{.code = 0x18, .dst = dst, .src = kPseudoMapValue, .imm = index}, {.imm = offset}});
}
constexpr int32_t kRingReserve = 131, kRingSubmit = 132, kGetCookie = 174;

/// `map[0].u64[offset] += 1`, map being an array.
inline void add_count(Code& code, int32_t map, int32_t offset) {
  map_value(code, 1, map, offset);
  append(code, {mov_imm(2, 1), atomic_add64(1, 0, 2)});
}

/// Submits a 16-byte record {u32 event, u32 0, u64 r8}; if the ring is full, counts at
/// `globals[0]` + `full_offset`.
inline void submit_r8(Code& code, int32_t event, int32_t ring, int32_t globals,
                      int32_t full_offset) {
  map_fd(code, 1, ring);
  append(code, {mov_imm(2, 16), mov_imm(3, 0), call(kRingReserve), jump_zero(0, 7)});
  append(code, {store32_imm(0, 0, event), store32_imm(0, 4, 0), store64(0, 8, 8), mov(1, 0),
                mov_imm(2, 1), call(kRingSubmit)});
  append(code, {{.code = 0x05, .off = 4}});  // over add_count
  add_count(code, globals, full_offset);
}

/// Why BPF cannot be used here; empty if it can. For GTEST_SKIP.
inline std::string no_bpf_reason() {
  auto kernel = linux_kernel();
  auto map = kernel->create_map({"probe", MapType::Array, 4, 8, 1});
  if (!map.ok()) return map.error().message;
  auto works = kernel->pid_filter_works();
  if (!works.ok()) return works.error().message;
  return "";
}

}  // namespace gotap::bpf::testing
