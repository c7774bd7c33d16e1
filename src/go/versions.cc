// The tables behind versions.h.
//
// goid_offset: offsetof(struct g, goid) in runtime/runtime2.go; 160 where g.syscallbp was added
//   (1.23) until gobuf.ret went (1.25). Checked against the DWARF of each version's binaries,
//   but for 1.16-1.18 and 1.20, whose struct g is that of their neighbours.
// labels_offset, gopc_offset: of g.labels and g.gopc, from the DWARF of each version's binaries; 0
//   where no compiler of that version was at hand.
// wrapper_id: FuncID_wrapper in cmd/internal/objabi/funcid.go (<= 1.20), abi.FuncIDWrapper in
//   internal/abi/symtab.go (>= 1.21): its place in the list, which gained and lost members.
// assembly_flag: funcFlag_ASM, runtime/symtab.go, since 1.18.
// abi: register arguments since 1.17 (src/cmd/compile/abi-internal.md).
// inline_tree, open_defers: FUNCDATA_InlTree, FUNCDATA_OpenCodedDeferInfo in
//   cmd/internal/objabi/funcdata.go, internal/abi/symtab.go: 1.16 dropped FUNCDATA_RegPointerMaps.
// inlined_call: genInlTreeSym, cmd/link/internal/ld/pcln.go; runtime/symtabinl.go.
// Layouts: debug/gosym/pclntab.go; struct pcHeader and _func, runtime/symtab.go and
//   runtime2.go; struct moduledata, runtime/symtab.go.
// Types: struct moduledata, runtime/symtab.go: 1.16 put the pclntab's parts before, 1.18 rodata and
//   gofunc between, 1.20 covctrs before, 1.26 epclntab between, 1.27 typedesclen and the itabs'
//   place between, while typelinks and itablinks went. Names: reflect/type.go, varint since 1.17.
//   embedded_bit: structField.offsetEmbed, reflect/type.go, until 1.18. map_size: sizeof maptype
//   (runtime/type.go), abi.MapType (internal/abi/map*.go); with Swiss maps 1.24, again 1.27.
// poll_layout: struct pollDesc (runtime/netpoll.go), from the DWARF of each version's binaries; of
//   1.16 to 1.18 and 1.20 none was at hand.
#include "go/versions.h"

#include <algorithm>

namespace gotap::go {
namespace {

constexpr InlinedCallLayout kOldInlinedCall = {20, 12, 16}, kInlinedCall = {16, 4, 8};

constexpr VersionFacts kVersions[] = {
    {15, 152, 22, false, Abi::GoStack, 4, 5, kOldInlinedCall, 344, 280},
    {16, 152, 22, false, Abi::GoStack, 3, 4, kOldInlinedCall, 0, 0},
    {17, 152, 22, false, Abi::GoRegisters, 3, 4, kOldInlinedCall, 0, 0},
    {18, 152, 21, true, Abi::GoRegisters, 3, 4, kOldInlinedCall, 0, 0},
    {19, 152, 21, true, Abi::GoRegisters, 3, 4, kOldInlinedCall, 360, 296},
    {20, 152, 21, true, Abi::GoRegisters, 3, 4, kInlinedCall, 0, 0},
    {21, 152, 21, true, Abi::GoRegisters, 3, 4, kInlinedCall, 344, 280},
    {22, 152, 22, true, Abi::GoRegisters, 3, 4, kInlinedCall, 344, 280},
    {23, 160, 22, true, Abi::GoRegisters, 3, 4, kInlinedCall, 352, 288},
    {24, 160, 22, true, Abi::GoRegisters, 3, 4, kInlinedCall, 352, 288},
    {25, 152, 23, true, Abi::GoRegisters, 3, 4, kInlinedCall, 344, 280},
    {26, 152, 23, true, Abi::GoRegisters, 3, 4, kInlinedCall, 352, 288},
    {27, 152, 23, true, Abi::GoRegisters, 3, 4, kInlinedCall, 352, 288},
};
static_assert(std::size(kVersions) == kNewestMinor - kOldestMinor + 1);

constexpr PclntabLayout kLayouts[] = {
    // 1.2 .. 1.15: all offsets are from the pclntab's start; moduledata is not needed.
    {.magic = 0xfffffffb, .first_minor = 2, .entry_size = 8, .functab = 16, .func_id = 28},
    {.magic = 0xfffffffa,
     .first_minor = 16,
     .entry_size = 8,
     .funcname = 24,
     .cutab = 32,
     .filetab = 40,
     .pctab = 48,
     .functab = 56,
     .func_id = 32},
    {.magic = 0xfffffff0,
     .first_minor = 18,
     .entry_size = 4,
     .text_start = 24,
     .funcname = 32,
     .cutab = 40,
     .filetab = 48,
     .pctab = 56,
     .functab = 64,
     .func_id = 32,
     .module_text = 176,
     .module_minpc = 160},
    // 1.20 put startLine before funcID.
    {.magic = 0xfffffff1,
     .first_minor = 20,
     .entry_size = 4,
     .text_start = 24,
     .funcname = 32,
     .cutab = 40,
     .filetab = 48,
     .pctab = 56,
     .functab = 64,
     .func_id = 36,
     .module_text = 176,
     .module_minpc = 160},
};

constexpr TypeLayout kTypeLayouts[] = {
    {.first_minor = 15,
     .text = 96,
     .types = 200,
     .etypes = 208,
     .text_sections = 216,
     .typelinks = 240,
     .itablinks = 264,
     .varint_names = false,
     .embedded_bit = true},
    {.first_minor = 16,
     .text = 176,
     .types = 280,
     .etypes = 288,
     .text_sections = 296,
     .typelinks = 320,
     .itablinks = 344,
     .varint_names = false,
     .embedded_bit = true},
    {.first_minor = 17,
     .text = 176,
     .types = 280,
     .etypes = 288,
     .text_sections = 296,
     .typelinks = 320,
     .itablinks = 344,
     .embedded_bit = true},
    {.first_minor = 18,
     .text = 176,
     .types = 280,
     .etypes = 288,
     .text_sections = 312,
     .typelinks = 336,
     .itablinks = 360,
     .gofunc = 304,
     .embedded_bit = true},
    {.first_minor = 19,
     .text = 176,
     .types = 280,
     .etypes = 288,
     .text_sections = 312,
     .typelinks = 336,
     .itablinks = 360,
     .gofunc = 304},
    {.first_minor = 20,
     .text = 176,
     .types = 296,
     .etypes = 304,
     .text_sections = 328,
     .typelinks = 352,
     .itablinks = 376,
     .gofunc = 320},
    {.first_minor = 24,
     .text = 176,
     .types = 296,
     .etypes = 304,
     .text_sections = 328,
     .typelinks = 352,
     .itablinks = 376,
     .gofunc = 320,
     .map_size = 112},
    {.first_minor = 26,
     .text = 176,
     .types = 296,
     .etypes = 304,
     .text_sections = 336,
     .typelinks = 360,
     .itablinks = 384,
     .gofunc = 320,
     .map_size = 112},
    {.first_minor = 27,
     .text = 176,
     .types = 296,
     .etypes = 312,
     .descriptors = 304,
     .text_sections = 360,
     .gofunc = 344,
     .map_size = 136},
};

}  // namespace

VersionFacts version_facts(int minor) {
  VersionFacts facts = kVersions[std::clamp(minor, kOldestMinor, kNewestMinor) - kOldestMinor];
  if (minor < kOldestMinor || minor > kNewestMinor)
    facts.goid_offset = facts.labels_offset = facts.gopc_offset = 0;
  return facts;
}

std::span<const PclntabLayout> pclntab_layouts() { return kLayouts; }

std::optional<TypeLayout> type_layout(int minor) {
  if (minor < kOldestMinor || minor > kNewestMinor) return std::nullopt;
  std::optional<TypeLayout> found;
  for (const TypeLayout& layout : kTypeLayouts)
    if (layout.first_minor <= minor) found = layout;
  return found;
}

std::optional<PollLayout> poll_layout(int minor) {
  if (minor == 15) return PollLayout{40, 136};
  if (minor == 19) return PollLayout{24, 32};
  if (minor >= 21 && minor <= kNewestMinor) return PollLayout{32, 40};
  return std::nullopt;
}

}  // namespace gotap::go
