// go::Image: one executable file, as everything above this room sees it: its functions and,
// per function, where a call begins and where it returns. The facade over elf/, arch/ and the
// readers of Go's own tables beside it. A program that is not Go's is an Image too, with the
// functions of its ELF symbol table, so that scripts on C programs go the same way.
//
// Facts: docs of Go's internal ABI (src/cmd/compile/abi-internal.md), runtime/symtab.go,
// cmd/link/internal/ld/pcln.go; measured shapes per version stand in go/versions.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace gotap::go {

class TypeInfo;

/// How a function receives its arguments.
enum class Abi : uint8_t {
  C,            ///< System V: RDI RSI RDX RCX R8 R9, result in RAX
  GoStack,      ///< ABI0, all of Go <= 1.16: [SP+8..]; results behind the arguments
  GoRegisters,  ///< ABIInternal, Go >= 1.17: RAX RBX RCX RDI RSI R8 R9 R10 R11
};

/// Where the g pointer is at a site.
enum class GSource : uint8_t {
  None,  ///< not a Go function: no goroutine
  R14,   ///< Go >= 1.17, not in assembly functions
  Rcx,   ///< Go <= 1.16 right after the stack check
  Tls,   ///< *(fsbase + Image::tls_offset)
};

struct Function {
  std::string_view name;  ///< as the pclntab (Go) or the symbol table (C) has it
  uint64_t entry = 0;     ///< virtual address in the file
  uint64_t end = 0;       ///< first address behind it (padding included)
  bool is_go = false;
  bool assembly = false;        ///< Go: written in assembly (pclntab flag; <= 1.17: by file name)
  bool wrapper = false;         ///< Go: funcID_wrapper
  bool entered_inside = false;  ///< Go: calls do not begin at its first instruction (duffzero)
  /// In a GoRegisters program assembly functions, and the wrappers that assembly calls, are
  /// GoStack (ABI0).
  Abi abi = Abi::C;
  /// Go: of arguments and results on the stack and what is reserved for those in registers, as
  /// the pclntab has it (Placement::stack_bytes + spill_bytes); nothing: not known.
  std::optional<uint32_t> argument_bytes;
};

/// As dumps write them: "go-registers", "r14".
const char* name(Abi abi);
const char* name(GSource source);

/// Where g is in `function`, at instructions of which no stack check says better: R14 belongs to
/// it in code that the compiler made for register arguments; elsewhere only the thread's own
/// storage is sure.
GSource g_source(const Function& function);

/// How a call is seen to begin.
enum class EntryForm : uint8_t {
  Post,         ///< first instruction after the last stack-check branch: once per call
  CheckBranch,  ///< the `jbe` itself: a call unless CF or ZF says it is taken (stack growth)
  Start,        ///< +0 of a function that has no stack check
};

struct EntrySite {
  uint64_t address = 0;
  EntryForm form = EntryForm::Start;
  bool emulated = false;  ///< the kernel emulates the instruction: no single-step
  GSource g = GSource::None;
};

/// Whether calls that return at a RET are those that recovered from a panic.
enum class Recovery : uint8_t {
  No,       ///< none of them
  Yes,      ///< all of them
  Unknown,  ///< both kinds may return there: the function's defers are not open-coded
};

struct RetSite {
  uint64_t address = 0;
  GSource g = GSource::None;
  Recovery recovery = Recovery::No;
};

/// A jump out of the function: its caller's call returns where the target returns.
struct TailJump {
  uint64_t address = 0;
  uint64_t target = 0;  ///< entry of another function
};

/// What complete decoding of one function found. Facts only; the plan draws conclusions.
struct FunctionSites {
  std::optional<EntrySite> entry;
  std::string entry_refused;  ///< why `entry` is empty, in the user's words
  std::vector<RetSite> rets;  ///< by address
  std::vector<TailJump> tail_jumps;
  /// Jumps out through a register or pointer, whose target is not known: calls that leave there
  /// return where we do not see it.
  std::vector<uint64_t> indirect_jumps;
  std::string rets_refused;  ///< why no return site may be used although there are some
                             ///< (undecodable byte, RET at a nonzero pcsp); rets is then empty
  bool has_loop_to_start = false;  ///< one of its own branches, other than a stack check's way
                                   ///< back, goes to +0 ("branch to +0")
};

/// Calls of one function that the compiler replaced by its body, in one function.
struct InlinedCopies {
  uint32_t name = 0;      ///< index into the names asked for
  uint32_t function = 0;  ///< they lie in: index into Image::functions()
  uint32_t count = 0;
};

/// A function of which there are inlined calls.
struct InlinedFunction {
  std::string_view name;
  uint32_t calls = 0;      ///< that were inlined
  uint32_t functions = 0;  ///< that these lie in
};

/// Which of the inlined calls one is, and where it begins.
struct InlinedCallSite {
  uint64_t address = 0;  ///< of the instruction that runs exactly once a call
  uint64_t body = 0;     ///< of some instruction that is the call's
  uint32_t depth = 0;    ///< how many inlined calls the call itself is within
};

/// Where such calls begin. Facts at find_inlined_sites().
struct InlinedSites {
  std::vector<EntrySite> sites;
  std::vector<InlinedCallSite> calls;  ///< parallel to `sites`
  std::vector<std::string> refused;    ///< a reason for each call that has none
};

struct SourceLine {
  std::string file;
  uint32_t line = 0;
};

/// An instruction with which the code of a line begins.
struct LineSite {
  uint64_t address = 0;
  uint32_t function = 0;  ///< it lies in: index into Image::functions()
};

/// Where a line of source has code; rules at find_line_sites().
struct LineSites {
  /// The program's source files whose path ends so, each once. Of several nothing else is said.
  std::vector<std::string> files;
  std::vector<LineSite> sites;       ///< by address
  std::vector<std::string> refused;  ///< "main.f: why" of code of the line that cannot be probed
  /// The line has no code: the nearest before and behind it that have.
  std::vector<uint32_t> nearest;
};

/// What is known of a program's types beside what its file says.
struct TypeSources {
  std::string debug_binary;             ///< path of the same program, not stripped; empty: none
  std::vector<std::string> signatures;  ///< of functions, in Go's syntax (go/signature_text.h)
  bool is_given() const { return !debug_binary.empty() || !signatures.empty(); }
};

/// A function that runs at an instruction: the one whose code it is, or one inlined into that.
struct SourceFrame {
  std::string_view name;
  SourceLine line;       ///< empty where there is none
  bool inlined = false;  ///< the function is part of the next frame's code
};

class Image {
 public:
  /// Opens and reads `path`. Errors: no such file, not ELF, 32-bit, not x86-64, truncated.
  /// A Go program whose tables cannot be read is an error too, never silently "not Go".
  /// Of `sources`: what does not belong to the program (another build, a signature that its
  /// function cannot have).
  static Result<std::shared_ptr<const Image>> open(const std::string& path,
                                                   const TypeSources& sources = {});
  /// The same for bytes in memory (tests, fuzzers); fd() is -1.
  static Result<std::shared_ptr<const Image>> from_bytes(Bytes bytes, std::string name);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  const std::string& path() const;
  int fd() const;  ///< the very file that was read, for attaching
  /// Whether nobody has written to the file since it was opened. Bytes in memory never change.
  bool is_unchanged() const;

  bool is_go() const;
  const std::string& go_version() const;  ///< "1.24.4" as in "go1.24.4"; empty if not Go
  /// Minor version: 24 for go1.24.4; 0 if not Go.
  int go_minor() const;
  const std::string& main_module() const;  ///< path of the main module, from build info
  const std::string& build_id() const;     ///< GNU build id, else Go build id; printable
  bool is_pie() const;
  bool stripped() const;  ///< no .symtab
  /// Go's conventions for its own (non-assembly) functions in this file; C if not Go.
  Abi abi() const;
  /// A sentence when the Go version is not one of those we know; empty otherwise.
  const std::string& version_warning() const;

  /// Of g.goid; 0: not known, because the Go version is not.
  int32_t goid_offset() const;
  /// Of g.labels; 0: not known.
  int32_t labels_offset() const;
  /// Of g.gopc, the address behind the call of the go statement that made a goroutine; 0: not
  /// known.
  int32_t gopc_offset() const;
  /// Whether g.labels points to a slice of labels, not to a map.
  bool has_label_list() const;
  /// What goroutines wait for, by the waitReason of its runtime (find_wait_reasons()).
  std::vector<std::string> wait_reasons() const;
  /// Of g relative to fsbase: -8 unless the code says otherwise; 0: not known, in a shared library.
  int32_t tls_offset() const;

  /// All functions, by entry address: Go's from the pclntab, C's from the symbol tables.
  const std::vector<Function>& functions() const;
  /// Indices of the functions with exactly this name. Names of the symbol table that the
  /// pclntab lacks (`main.Asm.abi0`, `main.GSum[go.shape.int_0]`) are found too.
  std::vector<uint32_t> find(std::string_view name) const;
  /// The function that holds `address`.
  std::optional<uint32_t> function_at(uint64_t address) const;

  /// Decodes function `index` whole.
  FunctionSites sites(uint32_t index) const;
  /// Where each instruction of function `index` begins, from decoding at its entry; an error
  /// when its decoding is not to be trusted (a byte that is no instruction, a branch into one).
  Result<std::vector<uint64_t>> boundaries(uint32_t index) const;
  /// Inlined calls of the functions `names`, by function. Calls of which the compiler left no
  /// instruction are in no table.
  std::vector<InlinedCopies> inlined_copies(const std::vector<std::string_view>& names) const;
  /// Functions without code of their own, as all calls of theirs were inlined; by name.
  std::vector<InlinedFunction> only_inlined() const;
  /// Where the calls of `name` that were inlined into function `index` begin.
  InlinedSites inlined_sites(uint32_t index, std::string_view name) const;
  /// Whether function `index` is one that the compiler made to call another (a method wrapper, a
  /// method value, a deferred call), and to which functions it leads by direct calls and jumps;
  /// empty if it is none.
  std::vector<uint32_t> wrapped_by(uint32_t index) const;
  /// Source position of `address` from the pclntab; nothing where there is none.
  std::optional<SourceLine> line(uint64_t address) const;
  /// Who runs at `address`, innermost first: the calls that were inlined there, each with the line
  /// it has got to, then the function itself. Empty outside of functions.
  std::vector<SourceFrame> source_frames(uint64_t address) const;
  /// How far SP is below the return address at an instruction of a Go function; nothing where the
  /// pclntab does not say (C functions, instructions of a damaged table).
  std::optional<int32_t> stack_depth(uint64_t address) const;
  /// Whether a call instruction ends at `address`, which is inside of a function.
  bool is_return_address(uint64_t address) const;

  /// Where line `line` of the file whose path ends in `file` ("checkout.go", "cart/checkout.go")
  /// has code, inlined copies included. What was asked for once is known at once.
  const LineSites& line_sites(std::string_view file, uint32_t line) const;

  /// File offset of a mapped address; nothing outside executable segments.
  std::optional<uint64_t> file_offset(uint64_t address) const;
  /// The file's bytes at a mapped address.
  std::optional<Bytes> bytes_at(uint64_t address, uint64_t length) const;

  /// What is known of its Go types; of a program that is not Go's, nothing is.
  const TypeInfo& type_info() const;

  /// One line a function: what was found. Stage printer and golden format.
  std::string dump(uint32_t index) const;

 private:
  struct Impl;
  explicit Image(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gotap::go
