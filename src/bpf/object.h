// BpfObject: programs, maps and event layouts as plain values. What the generator makes; the
// kernel door loads it, an interpreter in the tests runs it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/copies.h"
#include "base/format.h"
#include "base/type.h"

namespace gotap::bpf {

/// One instruction as the kernel has it (struct bpf_insn). A 16-byte ld_imm64 is two of them.
/// In an unloaded object a map reference (ld_imm64 with src = kPseudoMapFd or
/// kPseudoMapValue) carries the index into BpfObject::maps in `imm`.
struct Insn {
  uint8_t code = 0;
  uint8_t dst : 4 = 0;
  uint8_t src : 4 = 0;
  int16_t off = 0;
  int32_t imm = 0;
};
static_assert(sizeof(Insn) == 8);
constexpr uint8_t kPseudoMapFd = 1;
constexpr uint8_t kPseudoMapValue = 2;  ///< address of the array map's element 0, plus imm of
                                        ///< the second half

enum class MapType : uint8_t { Hash, PerCpuHash, Array, PerCpuArray, RingBuffer };

struct MapSpec {
  std::string name;  ///< at most 15 characters of [A-Za-z0-9_.]
  MapType type = MapType::Hash;
  uint32_t key_size = 0, value_size = 0, max_entries = 0;
  bool no_prealloc = false;
};

enum class ProgramKind : uint8_t {
  Uprobe,         ///< KPROBE type; attached to the sites of plan program `plan_program`
  RawTracepoint,  ///< run by BPF_PROG_TEST_RUN for timer `timer` of the plan
};

struct Program {
  std::string name;  ///< at most 15 characters, for bpftool
  ProgramKind kind = ProgramKind::Uprobe;
  uint32_t plan_program = 0;
  uint32_t timer = 0;
  /// Made to be attached by an event of uprobe_events: it finds its site by itself.
  bool by_event = false;
  std::vector<Insn> insns;
};

/// What the programs and user space share: the one element of the array map `kGlobals`.
/// Counters only grow, by atomic adds.
struct Globals {
  uint64_t tgid = 0;           ///< only hits of this process count; 0: all (the link filters)
  uint64_t start_ns = 0;       ///< CLOCK_BOOTTIME at start, for `elapsed`
  uint64_t fsbase_offset = 0;  ///< of task_struct.thread.fsbase, from the kernel's BTF
  uint64_t ncpus = 0;          ///< possible CPUs
  uint64_t exiting = 0;        ///< set by exit(), and when the run ends: later hits do nothing
  // Counters.
  uint64_t ring_full = 0;       ///< events lost: the ring buffer was full
  uint64_t frames_full = 0;     ///< calls not timed: the frame map was full
  uint64_t frames_missing = 0;  ///< returns of calls begun before we attached (or not recorded)
  uint64_t unwound = 0;         ///< frames thrown away by a panic or Goexit
  uint64_t undecided = 0;       ///< statements and predicates skipped on an unknown value
  uint64_t no_goroutine = 0;    ///< hits where g could not be read
  uint64_t scratch_busy = 0;    ///< hits lost: all scratch slots of the CPU in use
  uint64_t contended = 0;       ///< min/max updates given up after repeated races
  uint64_t loops_cut = 0;       ///< loops ended after the most rounds a program may make
  uint64_t unknown_site = 0;    ///< hits lost: the kernel did not tell which probe it was
  uint64_t unwind_cut = 0;      ///< more calls at once had been thrown away than one hit takes out
  uint64_t saved_full = 0;      ///< calls whose arguments were not kept: the map was full
  /// Byte offsets in the kernel's structures, from its BTF, along which a by_event program finds
  /// the file offset of the probe that was hit.
  uint64_t task_utask = 0;    ///< task_struct.utask
  uint64_t utask_vaddr = 0;   ///< uprobe_task.vaddr: the address of an uprobe_dispatch_data
  uint64_t probe_offset = 0;  ///< trace_uprobe.offset
  /// Followed by one u64 a user map: updates lost because the map was full.
};

/// A call in flight: key and value of the map `kFrames`. k = stack.hi - SP (DESIGN rule 7).
struct FrameKey {
  uint64_t process;    ///< tgid
  uint64_t goroutine;  ///< goid; on g0 (goid 0) the g pointer
  uint32_t function;   ///< index into Plan::functions
  uint32_t k;
};
struct FrameValue {
  uint64_t start_ns;         ///< bpf_ktime_get_ns at entry
  uint32_t parent_k;         ///< the goroutine's next outer open frame: its k and function;
  uint32_t parent_function;  ///< kNoFunction: none
};
/// Per goroutine, its innermost open frame: key and value of the map `kTops`.
struct TopKey {
  uint64_t process;
  uint64_t goroutine;
};
struct TopValue {
  uint32_t k;
  uint32_t function;
};
/// Key of the map of sites: a probe's place in the file and the plan program it is for.
constexpr uint64_t site_key(uint32_t plan_program, uint64_t file_offset) {
  return uint64_t{plan_program} << 48 | file_offset;
}
constexpr uint32_t kNoFunction = 0xffffffff;
/// What the map `kSaved` keeps of a call begins with its FrameValue::start_ns, so that it is never
/// taken for another call's. Then follow the values of the clauses that look at the call: a u64,
/// the UnknownReason, and the value as its Type has it in memory.
constexpr uint32_t kSavedValues = 8;

/// What a flag byte at Field::unknown_offset says: 0: the value is known, else why it is not.
/// From kFirstReason on, BpfObject::unknown_reasons[code - kFirstReason].
enum class UnknownReason : uint8_t {
  Known = 0,
  Default = 1,  ///< Field::unknown_reason
  NotReadable = 2,
  Nil = 3,         ///< a nil pointer on the way
  OutOfRange = 4,  ///< an index beyond the length
  OtherType = 5,   ///< an interface holds another type than the script says
  NotKept = 6,     ///< of a call whose begin kept no arguments
  kFirstReason = 16,
};

/// A whole Go value in an event: where it was is what is known before the hit.
struct WholeRoot {
  std::string name;     ///< of the parameter, result or field
  uint32_t target = 0;  ///< index into Plan::targets
  uint32_t type = 0;    ///< a TypeId of that target's
  /// Scalars that cannot be had, by offset in the value, and why.
  std::vector<std::pair<uint32_t, std::string>> missing;
  /// Not empty: only the scalars that begin in `known` can be had, and this is why.
  std::string missing_rest;
  std::vector<uint32_t> known;
};

/// A value inside an event record or a map's key.
struct Field {
  Type type;
  uint32_t offset = 0;
  /// Offset of a byte, an UnknownReason, that is nonzero when the value is unknown; -1: always
  /// known.
  int32_t unknown_offset = -1;
  std::string unknown_reason = "not readable";  ///< why it is unknown then
  /// GoWhole: at `offset` a word for each of them (CopyLog::kReasonShift), the log at `log`.
  std::vector<WholeRoot> roots{};
  bool is_list = false;  ///< they are all parameters, or all results
  uint32_t log = 0;
  /// Bytes it takes in the record.
  uint32_t memory_size() const {
    return type.kind == Type::Kind::GoWhole ? static_cast<uint32_t>(8 * roots.size())
                                            : type.memory_size();
  }
};

/// One kind of record in the ring buffer. Each begins with a u32 index into
/// BpfObject::events, then a u32 that is 0.
struct EventLayout {
  enum class Kind : uint8_t {
    Printf,
    PrintValue,
    PrintMap,
    PrintMapValue,
    Clear,
    Zero,
    Exit,
    Time,
    Join,
    Cat,
    System
  };
  Kind kind = Kind::Printf;
  Format format;              ///< Printf, Time, Cat, System; Join: `text` is the delimiter
  uint32_t map = 0;           ///< PrintMap, PrintMapValue, Clear, Zero: index into user_maps
  int64_t top = 0, div = 0;   ///< PrintMap: 0 = not given
  std::vector<Field> fields;  ///< Printf: arguments. PrintValue: one. PrintMapValue: the keys,
                              ///< then the value, but for aggregates, which user space reads
                              ///< from the map. Exit: the code.
  uint32_t size = 8;          ///< of the whole record; of one with a log, of what is before it
};

/// A script's map: how to read its keys and values.
struct UserMap {
  std::string name;         ///< with `@`
  uint32_t map = 0;         ///< index into BpfObject::maps
  std::vector<Field> keys;  ///< empty: a scalar, whose BPF map has one u32 key, 0
  Type value;
  bool per_cpu = false;
  uint32_t hist_bits = 0;
  int64_t lhist_min = 0, lhist_max = 0, lhist_step = 0;
};
// Values in memory, by Type::Kind (per CPU where per_cpu, to be summed or merged):
//   Int, Bool, Pointer, Probe, Func   u64
//   String                            StringLayout
//   Count, Sum                        u64
//   Time, Username, Errno, Signal, Wait  u64
//   Buffer                            StringLayout
//   Tuple                             its parts, one behind the other
//   Avg, Stats                        u64 total, u64 count
//   Min, Max                          u64 m, u64 n: n values seen; m is the maximum of the
//                                     values made monotone (signed: ^ 1<<63; Min: then ~)
//   Hist                              u64[hist_buckets(bits)], bucket as in codegen/hist.h
//   Lhist                             u64[(max - min) / step + 2]: below, the steps, above

struct BpfObject {
  static constexpr uint32_t kGlobals = 0;  ///< the maps every object has, by index;
  static constexpr uint32_t kRing = 1;     ///< those a script does not need have
  static constexpr uint32_t kFrames = 2;   ///< max_entries 0 and are not created
  static constexpr uint32_t kTops = 3;
  static constexpr uint32_t kScratch = 4;
  static constexpr uint32_t kSaved = 5;  ///< FrameKey to the values kept when a call begins
  static constexpr uint32_t kFirstUserMap = 6;

  std::vector<MapSpec> maps;
  std::vector<Program> programs;
  std::vector<EventLayout> events;
  std::vector<UserMap> user_maps;
  std::vector<std::string> time_formats;     ///< strftime()'s, by Type::detail
  std::vector<std::string> unknown_reasons;  ///< UnknownReason::kFirstReason and up
  /// Names of constants by value, by Type::detail - 1 of an Int.
  std::vector<std::map<int64_t, std::string>> constants;
  bool needs_fsbase = false;  ///< some program reads Globals::fsbase_offset
  /// Maps that only some ways of attaching need, as indices into `maps`; -1: none.
  int32_t sites = -1;                    ///< site_key() to cookie, u64: filled by the session
  ValueLimits values;                    ///< how much of whole values is copied and shown
  std::vector<std::string> error_texts;  ///< TypedProgram::error_texts
  CopyTable copies;                      ///< of what; the session fills it into these maps:
  int32_t copy_table = -1;               ///< one element: the types, then the slots
  int32_t copy_dynamic = -1;             ///< CopyTable::dynamic, u64 to u64
  int32_t tgids = -1;  ///< u32 keys, the processes whose hits count: made and filled by the session
  int32_t cgroups = -1;  ///< u64 keys, ids of cgroups whose hits count: filled by the session
};

/// Number of buckets of a hist() map. Bucket 0: negative; 1: zero; then, for bits = 0,
/// 2 + floor(log2(v)); for more bits each power of two has 2^bits equal sub-buckets, and
/// values below 2^bits have one bucket each (as bpftrace's hist()).
uint32_t hist_buckets(uint32_t bits);

/// The stage's printer, `--dump=bpf`: maps, event layouts, and a listing of each program.
std::string dump(const BpfObject& object);

}  // namespace gotap::bpf
