// Access: how one part of an argument, a result or a global is reached at a site, in steps a
// program can do: `args.req.Header.Key` becomes registers, loads and offsets. Entry points:
// resolve(), Path.
//
// DESIGN rules 9 and 10: placed by the ABI from the types; what cannot be had says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "go/type_info.h"

namespace gotap::go {

/// What is asked for, as written: a root and steps from it.
struct PathRoot {
  enum class Kind : uint8_t {
    Parameter,  ///< args.NAME, args.N
    Result,     ///< retval.NAME, retval.N, or retval itself
    Captured,   ///< captured.NAME, of a closure
    Global,     ///< global("pkg.name")
    Local,      ///< local.NAME, at a line of source
    Context,    ///< made by the checker: any parameter of type context.Context, the first one
  };
  Kind kind = Kind::Parameter;
  std::string name;                ///< empty if `number` says which
  std::optional<uint32_t> number;  ///< args.N: the receiver is 0, as argN has it
  auto operator<=>(const PathRoot&) const = default;
};
struct PathStep {
  enum class Kind : uint8_t {
    Field,   ///< .name; through a pointer, or a promoted one
    Index,   ///< [i] of a slice, an array, a string
    Slice,   ///< [low:high] of a string or slice: what it has of it
    Assert,  ///< .(T)
    Deref,   ///< * of a pointer
  };
  Kind kind = Kind::Field;
  std::string name;                   ///< Field; Assert: the type as written
  std::optional<uint64_t> index;      ///< Index: known now; else the next of the dynamic ones
  std::optional<uint64_t> low, high;  ///< Slice
  auto operator<=>(const PathStep&) const = default;
};
struct Path {
  PathRoot root;
  std::vector<PathStep> steps;
  std::string text() const;  ///< as one would write it
  auto operator<=>(const Path&) const = default;
};

/// What of the value at the end of a path is meant.
enum class Aspect : uint8_t {
  Value,    ///< itself: a number, a string, an error's text
  Len,      ///< len(): of a string, slice, array, map, channel
  Cap,      ///< cap(): of a slice, array, channel
  Word,     ///< its first word: what == nil looks at
  TypeOf,   ///< typeof(): the dynamic type of an interface
  TraceId,  ///< trace_id(): of the OpenTelemetry span in a context.Context
  SpanId,
  Whole,  ///< %v: everything, with what it leads to
};

/// A machine word, or less, of a value.
struct Word {
  enum class In : uint8_t {
    Register,     ///< `offset` is the number of an integer register, as in Piece
    AnyRegister,  ///< `offset` is that of the register in struct pt_regs
    Stack,        ///< at SP + offset
    Context,      ///< RDX itself: the closure's context
    Base,         ///< at the base address + offset
    Address,      ///< the base address + offset itself: where an array lies
    Constant,     ///< `offset` itself
  };
  In in = In::Constant;
  uint8_t size = 8;        ///< 1, 2, 4, 8
  bool is_signed = false;  ///< extend it so
  int64_t offset = 0;
  auto operator<=>(const Word&) const = default;
};

/// One step on the way. There is one base address, which each of them sets or moves.
struct AccessStep {
  enum class Kind : uint8_t {
    Pointer,    ///< base = first; nil: unknown (UnknownReason::Nil)
    StackBase,  ///< base = SP + number
    Global,     ///< base = load bias + number
    Add,        ///< base += number
    Index,      ///< base = first + i * number, if i < second; else unknown (OutOfRange). `second`
                ///< may be a Constant (an array, whose `first` is ArrayBase: base itself)
    Assert,     ///< first is an interface's first word: its type must be the one at `number`
                ///< (load bias added); else unknown (OtherType; nil: Nil). Leaves base alone.
  };
  Kind kind = Kind::Pointer;
  Word first, second;
  int64_t number = 0;
  std::optional<uint64_t> index;  ///< Index: known now; else the next of the dynamic ones
  bool in_place = false;          ///< Index of an array: base += i * number
  bool has_methods = true;        ///< Assert: first is an itab, the type is its second word
  bool nil_is_zero = false;       ///< Pointer: nil ends the way, the value is 0 (len of a nil map)
  auto operator<=>(const AccessStep&) const = default;
};

/// How an error's (or any interface's) text is had, by its dynamic type.
struct ErrorForm {
  enum class Kind : uint8_t {
    Text,    ///< a string at `offset` of what the data word points to
    Number,  ///< syscall.Errno: the number, `size` bytes, behind the data word
    /// *fs.PathError: strings at `offset` and `second`, each of which may be kNone, an error at
    /// `next`: "OP TEXT: NEXT", "TEXT: NEXT" (*os.SyscallError) or "NEXT".
    Path,
    Join,  ///< *errors.joinError: a slice of errors at `offset`
  };
  static constexpr uint32_t kNone = ~0u;
  uint64_t type_address = 0;  ///< of the dynamic type's descriptor in the file
  Kind kind = Kind::Text;
  uint32_t offset = 0, second = 0, next = 0, size = 8;
  auto operator<=>(const ErrorForm&) const = default;
};

/// The ways a context.Context chain goes on, and where a span keeps its ids.
struct ContextForms {
  struct Link {  ///< a context type: the parent's interface stands at `parent`
    uint64_t type_address = 0;
    uint32_t parent = 0;
    bool is_value = false;  ///< *context.valueCtx: key at `key`, val at `value`
    uint32_t key = 0, value = 0;
    auto operator<=>(const Link&) const = default;
  };
  struct Span {  ///< a span type: its SpanContext's ids at these places behind the data word
    uint64_t type_address = 0;
    uint32_t trace_id = 0, span_id = 0;
    auto operator<=>(const Span&) const = default;
  };
  uint64_t key_type = 0;  ///< descriptor of OpenTelemetry's context key
  std::vector<Link> links;
  std::vector<Span> spans;
  /// Context types without a parent: the chain has no span. At a type that is nowhere here it is
  /// not known whether there is one.
  std::vector<uint64_t> ends;
  auto operator<=>(const ContextForms&) const = default;
};

/// A whole value at a site, to be copied: in memory, or in parts.
struct Whole {
  struct Part {
    uint32_t at = 0;  ///< offset in the value
    Word word;
    auto operator<=>(const Part&) const = default;
  };
  struct Missing {
    uint32_t at = 0;
    std::string reason;  ///< "in XMM0"
    auto operator<=>(const Missing&) const = default;
  };
  std::string name;  ///< what it is called where it stands: a parameter's, a field's name
  TypeId type = kNoType;
  Word::In in = Word::In::Constant;  ///< Stack, Base; else it is in `parts`
  int64_t offset = 0;
  std::vector<Part> parts;
  std::vector<Missing> missing;  ///< scalars that cannot be had
  std::string missing_rest;      ///< why no other scalar that is no part can; empty: there is none
  std::string unknown;           ///< not empty: nothing of it can be had
  uint32_t copy = 0;             ///< its type in the plan's CopyTable
  auto operator<=>(const Whole&) const = default;
};

struct Access {
  std::vector<AccessStep> steps;
  /// The scalars of the value, by offset: one of a number, (pointer, length) of a string,
  /// (pointer, length, capacity) of a slice, (type, data) of an interface.
  std::vector<Word> words;
  TypeId type = kNoType;              ///< of the value at the end of the path
  std::optional<uint64_t> low, high;  ///< a string's or slice's part that is meant
  std::vector<ErrorForm> errors;      ///< of an interface whose text is asked for
  ContextForms contexts;              ///< Aspect::TraceId, SpanId
  std::vector<Whole> wholes;          ///< Aspect::Whole
  bool is_list = false;               ///< `wholes` are all parameters, or all results
  /// Not empty: the value cannot be had, and this is why, as it is shown: "in XMM0",
  /// "signature unknown: stripped". Everything else is then empty, but for `type` where it is
  /// known.
  std::string unknown;
  bool needs_bias = false;  ///< some address of the file is compared with one of the process
  auto operator<=>(const Access&) const = default;
};

/// Why a path leads nowhere, for the user: `step` is the PathStep that is wrong, or -1 for the
/// root.
struct PathError {
  std::string message, hint;
  int step = -1;
};

struct Resolved {
  Access access;
  std::optional<PathError> error;  ///< then `access` means nothing
};

/// An instruction within a function's code; at most one of both.
struct Spot {
  const InlinedCallSite* inlined = nullptr;  ///< where a call of the function, inlined, begins
  std::optional<LinePoint> line;             ///< where code of a line begins
};

/// Whether the program has the error type and string that a text of the user names.
bool knows_error_text(const TypeInfo& info, const std::string& text);

/// The text of errors that have but one, by the full name of their type; empty: it has none.
std::string_view constant_error_text(std::string_view type_name);

/// "a []uint8", "an error": a type's name with its article.
std::string with_article(const std::string& name);

/// Where `path` leads in function `function`, whose values are looked at at a call's begin
/// (parameters, captured variables) or at a RET (results). `error_texts` are the error types of
/// the user, each with the string that is its text: "*main.E.Msg"; one that is not there counts
/// for nothing. `at`: where it is looked at, if that is no call's begin and no RET.
Resolved resolve(const TypeInfo& info, uint32_t function, const Path& path, Aspect aspect,
                 const std::vector<std::string>& error_texts = {}, const Spot& at = {});

/// The offset in struct pt_regs of the register that the word is in, if it is in one.
std::optional<uint16_t> register_of(const Word& word);

/// The stage's printer: `base=r0:8; words [base+16]:8 [base+24]:8`.
std::string dump(const Access& access);

}  // namespace gotap::go
