// Every number that differs between Go versions, in one place. Entry points: version_facts(),
// pclntab_layouts(), type_layout(), poll_layout().
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "go/image.h"

namespace gotap::go {

constexpr int kOldestMinor = 15;  ///< the oldest version whose tables and code are known
constexpr int kNewestMinor = 27;  ///< the newest

/// Shape of runtime.inlinedCall.
struct InlinedCallLayout {
  uint8_t size = 0;
  uint8_t name = 0;       ///< offset of the i32 offset of the function's name
  uint8_t parent_pc = 0;  ///< offset of the i32 offset from the entry of an instruction at the call
};

/// What holds for go1.<minor>.
struct VersionFacts {
  int minor = 0;
  int32_t goid_offset = 0;     ///< of g.goid; 0: not known
  uint8_t wrapper_id = 0;      ///< FuncID of compiler-made wrappers
  bool assembly_flag = false;  ///< the pclntab marks assembly functions
  Abi abi = Abi::GoRegisters;  ///< of functions written in Go
  /// Numbers of FUNCDATA tables: runtime.inlinedCall records; where open-coded defers are.
  uint8_t inline_tree = 0, open_defers = 0;
  InlinedCallLayout inlined_call;
  int32_t labels_offset = 0;  ///< of g.labels (pprof); 0: not known
  int32_t gopc_offset = 0;    ///< of g.gopc; 0: not known
};

/// From this version on g.labels points to a slice of labels, before it to a map.
constexpr int kLabelListMinor = 24;

/// The facts of go1.<minor>; beyond the known range those of the nearest known version, but no
/// goid_offset and labels_offset: they have moved already.
VersionFacts version_facts(int minor);

/// Shape of the pclntab, told by its magic. Offsets of header fields are from its start; -1: the
/// field is not there.
struct PclntabLayout {
  uint32_t magic = 0;
  int first_minor = 0;      ///< written by go1.<first_minor> and later, until the next layout
  uint32_t entry_size = 0;  ///< bytes of a functab word and of _func.entry: 8 absolute, 4 offset
  int32_t text_start = -1;  ///< u64 header fields ...
  int32_t funcname = -1;
  int32_t cutab = -1;
  int32_t filetab = -1;
  int32_t pctab = -1;
  int32_t functab = -1;      ///< (1.15: the functab itself stands here)
  uint32_t func_id = 0;      ///< offset of _func.funcID behind _func.entry; the flag byte follows
  int32_t module_text = -1;  ///< offset of moduledata.text
  int32_t module_minpc = -1;
};

std::span<const PclntabLayout> pclntab_layouts();

/// Where runtime.moduledata says what a module's types are, and what of their descriptors differs.
/// Offsets of words in moduledata; -1: it is not there.
struct TypeLayout {
  int first_minor = 0;        ///< of go1.<first_minor> and later, until the next layout
  int32_t text = 0;           ///< where offsets of methods count from
  int32_t types = 0;          ///< begin of the types; offsets of names and types count from it
  int32_t etypes = 0;         ///< their end
  int32_t descriptors = -1;   ///< bytes from `types` in which descriptors stand side by side
  int32_t text_sections = 0;  ///< slice of {vaddr, end, baseaddr}
  int32_t typelinks = -1;     ///< slice of int32 offsets of types
  int32_t itablinks = -1;     ///< slice of pointers to itabs
  int32_t gofunc = -1;        ///< where offsets of funcdata count from; -1: they are addresses
  bool varint_names = true;   ///< lengths of names; else two bytes, the higher first
  bool embedded_bit = false;  ///< a field's offset is doubled, its lowest bit says "embedded"
  uint32_t map_size = 88;     ///< bytes of a map's descriptor
};

/// Nothing for a version whose descriptors are not known.
std::optional<TypeLayout> type_layout(int minor);

/// Where runtime.pollDesc says which goroutines wait for a file descriptor: offsets of rg and wg,
/// each a pointer to a g or a number below 3.
struct PollLayout {
  int32_t reader = 0, writer = 0;
};

/// Nothing for a version whose layout is not known.
std::optional<PollLayout> poll_layout(int minor);

/// From go1.<this> an interface holds every value of one pointer word in its data word itself;
/// before, a struct or array of exactly one such thing (cmd/compile/internal/types, IsDirectIface).
constexpr int kDirectBySizeMinor = 26;

/// From go1.<this> on maps are Swiss tables (internal/runtime/maps).
constexpr int kSwissMapMinor = 24;

/// PCDATA table that says which inlined call an instruction belongs to (all versions).
constexpr uint32_t kInlineIndexTable = 2;

/// From go1.20 on the dictionary of a generic method is behind the receiver, before that the first.
constexpr int kDictionaryBehindMinor = 20;

/// Since go1.<this> the compiler may run a call's inline mark although the call is not made
/// (cmd/compile/internal/ssa/branchelim.go, canSpeculativelyExecute; go.dev/issue/74915).
constexpr int kSpeculatesInlineMarks = 26;

/// FuncFlag bit of assembly functions.
constexpr uint8_t kFlagAssembly = 1 << 2;

}  // namespace gotap::go
