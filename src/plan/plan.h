// Plan: which instruction of which function gets which program. Made from the typed program
// and the images, without privilege; the same file and script give the same plan anywhere.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/copies.h"
#include "base/result.h"
#include "go/image.h"
#include "lang/program.h"

namespace gotap::plan {

/// What a clause sees at a site.
enum class Moment : uint8_t {
  Entry,        ///< the call begins (uprobe:F), on Go after the stack check
  Return,       ///< the call returns (uretprobe:F)
  Instruction,  ///< exactly this instruction (uprobe:F+N, uprobe:0xN)
};

/// Which function of the site's cookie an action speaks of.
enum class Role : uint8_t { Self = 0, Wrapper1 = 1, Wrapper2 = 2 };

/// One clause to run at a site. Actions of a site run in the script's order.
struct Action {
  uint32_t clause = 0;  ///< index into TypedProgram::clauses
  uint32_t spec = 0;    ///< index into Plan::specs: what `probe` prints
  Moment moment = Moment::Instruction;
  /// At the RETs of a tail jump's target the wrapper's clause runs if the wrapper's frame is
  /// there (same goroutine and k); `func`, `probe` and the frame are then the wrapper's.
  Role role = Role::Self;
  /// Index into Plan::layouts; kNoLayout: the clause has no Go values.
  uint32_t layout = kNoLayout;
  static constexpr uint32_t kNoLayout = ~0u;
  auto operator<=>(const Action&) const = default;
};

/// The attach cookie: which functions a site belongs to, as indices into Plan::functions.
/// The kernel hands it to the program, which has no other way to tell its sites apart.
struct Cookie {
  static constexpr uint64_t kBits = 20, kNone = (1u << kBits) - 1;
  uint64_t self = kNone;      ///< the function the site lies in
  uint64_t wrapper1 = kNone;  ///< functions that tail-jump into `self` and have probes
  uint64_t wrapper2 = kNone;
  /// The function that an action of this role speaks of.
  uint64_t of(Role role) const {
    return role == Role::Self ? self : role == Role::Wrapper1 ? wrapper1 : wrapper2;
  }
  uint64_t pack() const { return self | wrapper1 << kBits | wrapper2 << (2 * kBits); }
  static Cookie unpack(uint64_t cookie) {
    return {cookie & kNone, cookie >> kBits & kNone, cookie >> (2 * kBits) & kNone};
  }
};

/// Where the Go values of a clause are in one function, or in all that have them in the same
/// places: parallel to Clause::go_values.
struct Layout {
  uint32_t target = 0;  ///< index into Plan::targets
  uint32_t clause = 0;
  std::vector<go::Access> values;
  auto operator<=>(const Layout&) const = default;
};

/// Everything that changes a program's instructions. Sites with equal shape share a program.
struct Shape {
  uint32_t target = 0;            ///< index into Plan::targets
  std::vector<Action> actions;    ///< may be empty where frames are pushed or popped
  bool kernel_uretprobe = false;  ///< the kernel's own return probe (functions that are not Go)
  bool check_branch = false;      ///< on a `jbe`: Entry moments only if CF and ZF are clear
  bool push_frame = false;        ///< record the call of `self` (an Entry moment)
  bool pop_frame = false;         ///< end the call of `self` (a Return moment)
  bool pop_wrappers = false;      ///< end the calls of the wrappers too
  /// Where an inlined call begins: no argument is where the ABI has it, no frame begins.
  bool inlined = false;
  bool end_goroutine = false;  ///< the goroutine ends: its open calls never return
  bool unwinds = false;        ///< calls as deep as this place or deeper are not open any more
  /// Layouts whose `at_entry` values are kept with the frame that is pushed.
  std::vector<uint32_t> saves;
  /// Address in the file of the program's only site, where the load bias must be known: the
  /// instruction pointer less this. 0: it need not.
  uint64_t bias_address = 0;
  /// Set only where a clause asks: whether calls that return here recovered from a panic.
  go::Recovery recovery = go::Recovery::No;
  go::GSource g = go::GSource::None;
  go::Abi abi = go::Abi::C;
  int32_t goid_offset = 0;
  int32_t labels_offset = 0;     ///< of g.labels; 0: not known
  bool labels_are_list = false;  ///< of {key, value}; else a map
  int32_t tls_offset = 0;
  /// Set only where a clause asks for stacks: how far SP is below the return address, -1: not
  /// known; g.gopc, 0: not known.
  int32_t stack_depth = -1, gopc_offset = 0;
  auto operator<=>(const Shape&) const = default;
};

/// The bytes of one instruction. In place: there are hundreds of thousands of sites.
class SiteBytes {
 public:
  SiteBytes() = default;
  SiteBytes(std::initializer_list<uint8_t> bytes) : SiteBytes(bytes.begin(), bytes.end()) {}
  SiteBytes(const std::vector<uint8_t>& bytes) : SiteBytes(bytes.begin(), bytes.end()) {}
  template <class Iterator>
  SiteBytes(Iterator from, Iterator to) {
    for (; from != to && size_ < bytes_.size(); ++from) bytes_[size_++] = *from;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const uint8_t* data() const { return bytes_.data(); }
  const uint8_t* begin() const { return data(); }
  const uint8_t* end() const { return data() + size_; }
  uint8_t operator[](size_t i) const { return bytes_[i]; }
  uint8_t& operator[](size_t i) { return bytes_[i]; }
  operator std::vector<uint8_t>() const { return {begin(), end()}; }
  friend bool operator==(const SiteBytes& a, const std::vector<uint8_t>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  uint8_t size_ = 0;
  std::array<uint8_t, 15> bytes_{};
};

struct Site {
  uint64_t address = 0;      ///< virtual address in the file
  uint64_t file_offset = 0;  ///< what the kernel attaches to
  uint32_t program = 0;      ///< index into Plan::programs
  uint64_t cookie = 0;       ///< Cookie::pack()
  SiteBytes bytes;           ///< the instruction, checked again right before attaching
};

/// One BPF program and its sites, no two at one address: one uprobe_multi link.
struct Program {
  Shape shape;
  std::vector<Site> sites;  ///< by address
};

/// A traced function; the index is what cookies and `func` carry. Functions of a target that
/// share a name (instances of a generic one) share an index, as their names are map keys.
struct TracedFunction {
  uint32_t target = 0;
  /// Index into Image::functions() of the first of that name; kNone: it is inlined everywhere.
  uint32_t function = 0;
  static constexpr uint32_t kNone = ~0u;
  std::string name;
};

/// A binary that is probed.
struct Target {
  std::string path;  ///< as written in the script
  std::shared_ptr<const go::Image> image;
};

/// BEGIN, END and interval clauses: run by user space, not by a breakpoint.
struct Timer {
  lang::ProbeKind kind = lang::ProbeKind::Begin;
  uint32_t clause = 0;
  uint32_t spec = 0;
  uint64_t interval_ns = 0;
};

/// What became of the script's probes: "uretprobe on Go: 5 RET sites of main.f".
struct Note {
  std::string text;
  bool for_scripts = false;  ///< it matters to who writes scripts: how uretprobes are made, what
                             ///< can be configured
  bool operator==(const Note&) const = default;
};

struct Plan {
  std::vector<Target> targets;
  std::vector<TracedFunction> functions;
  std::vector<std::string> specs;  ///< "uprobe:./swapper:" etc.: `probe` prints spec + function
                                   ///< (+ suffix); what does not end in a colon stands whole:
                                   ///< begin, interval:s:1, uprobe:./swapper:4198694
  std::vector<std::string> spec_suffixes;  ///< "+40" or empty, parallel to specs
  std::vector<Program> programs;
  std::vector<Layout> layouts;
  CopyTable copies;                   ///< of the types of whole values in `layouts`
  std::vector<Timer> timers;          ///< in the script's order
  std::vector<Note> notes;            ///< said once at attach
  std::vector<std::string> warnings;  ///< what could not be probed and why, in few lines
  std::vector<std::string> skipped;   ///< each function that could not: "name: why"
  uint64_t probe_count = 0;           ///< probes as bpftrace counts them: specs x functions
  bool uses_frames = false;
};

/// Why a probe of the script cannot be placed.
struct Problem {
  lang::Location location;
  std::string message;
  std::string hint;
};

struct Planned {
  Plan plan;
  std::vector<Problem> problems;  ///< not empty: nothing may be attached
};

/// Finds every site. `targets` holds an image per distinct path of the script.
/// Problems: a function not found (with nearest names), an offset inside an instruction (with
/// its neighbours), a probe of which nothing is left. Single functions of a wildcard that
/// cannot be probed are only warnings.
Planned make_plan(const lang::TypedProgram& program, const std::vector<Target>& targets);

/// Why returns of a Go function cannot all be seen, in the user's words; empty if they can.
std::string unseen_returns(const go::FunctionSites& sites);

/// Why line `line` of `file` of the program at `path` cannot be probed, of what Image::line_sites()
/// found; nothing: it can.
std::optional<Error> line_problem(const go::LineSites& found, const std::string& path,
                                  const std::string& file, uint32_t line);

/// Indices of the functions `spec` names: exact matches first, a glob only when there is none. The
/// linker's wrappers that only change the calling convention have the name of their function,
/// where their calls are seen too: they are left out.
std::vector<uint32_t> match_functions(const lang::ProbeSpec& spec, const go::Image& image);

/// `probe` and `func` as printed.
std::string probe_name(const Plan& plan, uint64_t value);
std::string func_name(const Plan& plan, uint64_t value);

/// The image of target `index` (Plan::targets); nullptr: the plan has no such target.
const go::Image* image_of(const Plan& plan, uint64_t index);

/// The stage's printer: `--dump=plan`.
std::string dump(const Plan& plan);

}  // namespace gotap::plan
