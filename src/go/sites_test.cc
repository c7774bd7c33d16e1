// find_sites() on the prologues and bodies of every Go version, as objdump shows them.
#include "go/sites.h"

#include <gtest/gtest.h>

#include <string>

namespace gotap::go {
namespace {

constexpr uint64_t kEntry = 0x401000;

std::vector<uint8_t> unhex(const std::string& text) {
  std::vector<uint8_t> bytes;
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

/// What was found, in one line: "post+6 emulated r14 | ret+9 | jump+5>401100".
std::string describe(const FunctionSites& sites) {
  auto offset = [](uint64_t address) { return "+" + std::to_string(address - kEntry); };
  std::string out;
  if (sites.entry) {
    const char* forms[] = {"post", "check", "start"};
    const char* sources[] = {"none", "r14", "rcx", "tls"};
    out = forms[static_cast<int>(sites.entry->form)] + offset(sites.entry->address) +
          (sites.entry->emulated ? " emulated " : " stepped ") +
          sources[static_cast<int>(sites.entry->g)];
  } else {
    out = "(" + sites.entry_refused + ")";
  }
  for (const RetSite& ret : sites.rets) out += " ret" + offset(ret.address);
  for (const TailJump& jump : sites.tail_jumps)
    out += " jump" + offset(jump.address) + ">" + std::to_string(jump.target - kEntry);
  for (uint64_t address : sites.indirect_jumps) out += " jump" + offset(address) + ">?";
  if (!sites.rets_refused.empty()) out += " (" + sites.rets_refused + ")";
  if (sites.has_loop_to_start) out += " loop";
  return out;
}

struct Case {
  const char* name;
  const char* code;
  const char* expected;
};

FunctionSites find(const std::string& code, bool is_go, std::vector<PcRange> depths) {
  std::vector<uint8_t> bytes = unhex(code);
  SiteInput input{Bytes(bytes.data(), bytes.size()), kEntry, is_go,
                  is_go ? GSource::Tls : GSource::None, std::move(depths)};
  return find_sites(input);
}

const std::vector<PcRange> kFlat = {{kEntry, kEntry + 4096, 0}};

const Case kGo[] = {
    {"1.24 small: cmp jbe push mov sub add pop ret; call morestack; jmp entry; padding",
     "493b6610 7611 55 4889e5 4883ec08 4883c408 5d c3 90 90 90 e8 00100000 ebe2 cc cc cc",
     "post+6 emulated r14 ret+19"},
    {"1.19 small: the branch, as sub would be stepped",
     "493b6610 7609 4883ec08 4883c408 c3 e8 00100000 ebea", "check+4 emulated r14 ret+14"},
    {"1.15 small: g from TLS into rcx",
     "64488b0c25f8ffffff 483b6110 7609 4883ec08 4883c408 c3 e8 00100000 ebe1",
     "check+13 emulated rcx ret+23"},
    {"1.15 PIE: the offset comes from a register",
     "48c7c1f8ffffff 64488b09 483b6110 7609 4883ec08 4883c408 c3 e8 00100000 ebdf",
     "check+15 emulated rcx ret+25"},
    {"1.15 big frame: lea, cmp, jbe",
     "64488b0c25f8ffffff 488d8424 00ffffff 483b4110 7602 90 c3 e8 00100000 ebe0",
     "post+23 emulated rcx ret+24"},
    {"1.15 huge frame: je and jbe; the last jump ends in a byte that looks like padding",
     "64488b0c25f8ffffff 488b7110 4881fedefaffff 7417 488d842480030000 4829f0 483d00000100 7604"
     " 4889e5 c3 e8 00100000 ebcc",
     "check+39 emulated rcx ret+44"},
    {"1.24 huge frame: jb and jbe",
     "4989e4 4981ec00000100 720c 4d3b6610 7606 55 4889e5 5d c3 e8 00100000 ebe1",
     "post+18 emulated r14 ret+23"},
    {"1.24 huge frame, half a check only",
     "4989e4 4981ec00000100 7206 55 4889e5 5d c3 e8 00100000 ebe7",
     "(its stack check has a shape that is not known) ret+17"},
    {"go:systemstack: stackguard1", "493b6618 7602 55 c3 e8 00100000 ebf1",
     "post+6 emulated r14 ret+7"},
    {"no check: its start", "488d0403 c3", "start+0 stepped tls ret+4"},
    {"empty function: entry and RET are one", "c3 cc cc cc", "start+0 stepped tls ret+0"},
    {"no check, a loop to the start", "48ffc8 75fb c3",
     "(it has no stack check and one of its own branches goes to its start) ret+5 loop"},
    {"cmp with the guard, but the branch goes elsewhere: no check", "493b6610 7601 90 c3",
     "start+0 stepped tls ret+7"},
    {"something jumps to post", "493b6610 7605 55 90 ebfc c3 e8 00100000 ebee",
     "(its branch at +0x8 goes to the instruction behind the stack check) ret+10"},
    {"promoted-method wrapper: tail jump", "488b4008 e9 f7000000",
     "start+0 stepped tls jump+4>256"},
    {"tail jump through a pointer", "488b4818 ffe1", "start+0 stepped tls jump+4>?"},
    {"jump table stays inside", "ff24c1 c3", "start+0 stepped tls ret+3"},
    {"undecodable byte", "55 06 5d c3",
     "(its code at +0x1 cannot be decoded) (its code at +0x1 cannot be decoded)"},
    {"branch into an instruction", "eb01 b8c3c3c3c3 c3",
     "(its branch at +0x0 goes into the middle of an instruction) (its branch at +0x0 goes into "
     "the middle of an instruction)"},
    {"C3 inside an immediate is no RET", "b8c3c3c3c3 c3", "start+0 stepped tls ret+5"},
    {"cut off inside an instruction", "55 e80000",
     "(its code at +0x1 cannot be decoded) (its code at +0x1 cannot be decoded)"},
    {"a lone int3", "cc cc cc cc",
     "(its first instruction is of a kind on which no kernel probe works)"},
    {"xchg %r8,%rax, as in gcWriteBarrierR8", "4990 e800000000 4990 c3",
     "(its first instruction is of a kind on which no kernel probe works) ret+9"},
    {"no code", "", "(it has no code) (it has no code)"},
};

TEST(Sites, Go) {
  for (const Case& c : kGo) EXPECT_EQ(describe(find(c.code, true, kFlat)), c.expected) << c.name;
}

TEST(Sites, NoEntryWhereCallsBeginElsewhere) {
  const std::vector<uint8_t> code = {0x90, 0x90, 0xc3};
  SiteInput input{Bytes(code.data(), code.size()), kEntry, true, GSource::Tls, kFlat, true};
  const FunctionSites sites = find_sites(input);
  EXPECT_FALSE(sites.entry);
  EXPECT_EQ(sites.entry_refused, "its callers enter it behind its first instruction");
  EXPECT_EQ(sites.rets.size(), 1u);
}

TEST(Sites, AReturnAtAnotherDepthRefusesAll) {
  const std::vector<PcRange> depths = {{kEntry, kEntry + 1, 0}, {kEntry + 1, kEntry + 3, 8}};
  FunctionSites sites = find("c3 90 c3", true, depths);
  EXPECT_TRUE(sites.rets.empty());
  EXPECT_EQ(sites.rets_refused, "the RET at +0x2 is reached with the stack pointer moved");
  EXPECT_TRUE(sites.entry);
}

TEST(Sites, AReturnWithoutADepthRefusesAll) {
  FunctionSites sites = find("90 c3", true, {});
  EXPECT_TRUE(sites.rets.empty());
  EXPECT_EQ(sites.rets_refused, "the RET at +0x1 has no known stack depth");
}

const Case kC[] = {
    {"plain", "55 4889e5 5d c3", "start+0 emulated none ret+5"},
    {"endbr64 is skipped for a push", "f30f1efa 55 5d c3", "start+4 emulated none ret+6"},
    {"but not if something jumps there", "f30f1efa 55 ebfd c3", "start+0 stepped none ret+7"},
    {"nor for what is stepped as well", "f30f1efa 4883ec08 c3", "start+0 stepped none ret+8"},
    {"undecodable code: the entry stands", "55 06 c3",
     "start+0 emulated none (its code at +0x1 cannot be decoded)"},
};

TEST(Sites, C) {
  for (const Case& c : kC) EXPECT_EQ(describe(find(c.code, false, {})), c.expected) << c.name;
}

TEST(DecodeFunction, Boundaries) {
  std::vector<uint8_t> code = unhex("55 4889e5 e800000000 5d c3 cc cc 00 00 00");
  // Filler of two kinds: only the last run is padding, int3 before it is an instruction.
  DecodedFunction function = decode_function(Bytes(code.data(), code.size()), kEntry);
  EXPECT_EQ(function.problem, "");
  ASSERT_EQ(function.insns.size(), 7u);
  EXPECT_EQ(function.index_of(kEntry + 4), 2u);
  EXPECT_EQ(function.index_of(kEntry + 5), function.insns.size());
  EXPECT_EQ(function.index_of(kEntry + 100), function.insns.size());
}

}  // namespace
}  // namespace gotap::go
