// The table of built-ins, and what each row checks beyond what checker.h checks for all (the
// probes it may stand in, the number of arguments). Names and usage follow bpftrace's reference
// (release 0.27; sargN from before); goid, duration and recovered are gotap's. What argN means on
// Go is the internal ABI's order of integer registers (go/image.h, Abi).
#include "lang/builtins.h"

#include <algorithm>
#include <array>

#include "arch/registers.h"
#include "base/text.h"
#include "lang/checker.h"
#include "lang/format.h"

namespace gotap::lang {

namespace {

using Kind = Expr::Kind;
constexpr uint64_t kMaxArgument = 999;

Typed call(const ast::Expr& e, const BuiltinRow& row, Type type) {
  Typed out;
  out.expr.kind = Kind::Call;
  out.expr.builtin = row.id;
  out.expr.type = std::move(type);
  out.expr.location = e.location;
  return out;
}

// --- values

template <uint8_t kBytes>
Typed check_unsigned(Checker&, const ast::Expr& e, const BuiltinRow& row) {
  return call(e, row, Type::integer(kBytes, false));
}

Typed check_comm(Checker&, const ast::Expr& e, const BuiltinRow& row) {
  return call(e, row, Type::string(16));  // TASK_COMM_LEN
}

Typed check_func(Checker&, const ast::Expr& e, const BuiltinRow& row) {
  return call(e, row, Type::of(Type::Kind::Func));
}

Typed check_probe(Checker&, const ast::Expr& e, const BuiltinRow& row) {
  return call(e, row, Type::of(Type::Kind::Probe));
}

const ProbeSpec* first_not_go(Checker& checker) {
  for (size_t i = 0; i < checker.facts().size(); i++)
    if (checker.facts()[i] && !checker.facts()[i]->is_go) return &checker.probes()[i];
  return nullptr;
}

Typed check_goid(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (const ProbeSpec* spec = first_not_go(checker)) {
    return checker.error(e.location,
                         "goid: " + spec->path + " is not a Go program: it has no goroutines",
                         "threads are told apart by tid");
  }
  for (size_t i = 0; i < checker.facts().size(); i++) {
    const auto& facts = checker.facts()[i];
    if (!facts || facts->no_goid.empty()) continue;
    return checker.error(e.location, "goid: " + checker.probes()[i].path + " " + facts->no_goid,
                         "calls and durations can be had all the same");
  }
  Typed out = call(e, row, Type::u64());
  if (e.kids.empty()) return out;
  Typed g = checker.number(e.kids[0], "the argument of goid()");
  out.usable = g.usable;
  out.expr.kids.push_back(checker.coerce(std::move(g), Type::u64()).expr);
  return out;
}

Typed check_duration(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  checker.clause().uses_duration = true;
  return call(e, row, Type::u64());
}

// outermost, depth: where the call is among others.
Typed check_frame(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  for (const ProbeSpec& spec : checker.probes())
    if (spec.offset || spec.address || !spec.file.empty())
      return checker.error(e.location,
                           std::string(row.name) + ": no call begins or returns at " + spec.text,
                           "it is for uprobe:FILE:FUNCTION and uretprobe:FILE:FUNCTION");
  if (row.id == Builtin::Depth) return call(e, row, Type::u64());
  checker.clause().uses_duration = true;
  return call(e, row, Type::of(Type::Kind::Bool));
}

Typed check_recovered(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  for (size_t i = 0; i < checker.facts().size(); i++) {
    const auto& facts = checker.facts()[i];
    if (!facts || facts->is_go) continue;
    return checker.error(e.location,
                         "recovered: " + checker.probes()[i].path +
                             " is not a Go program there: its functions do not recover");
  }
  return call(e, row, Type::of(Type::Kind::Bool));
}

// ustack, ustack(frames), ustack(mode), ustack(mode, frames)
Typed check_ustack(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  constexpr int64_t kMostFrames = 127;  // as in bpftrace
  constexpr std::array<std::string_view, 3> kModes{"bpftrace", "perf", "raw"};
  Typed out = call(e, row, Type::of(Type::Kind::Stack));
  out.expr.type.detail = static_cast<uint32_t>(checker.options().settings.stack_mode);
  int64_t frames = kMostFrames;
  size_t next = 0;
  if (!e.kids.empty() && e.kids[0].kind == ast::Expr::Kind::Name) {
    auto found = std::find(kModes.begin(), kModes.end(), e.kids[0].text);
    if (found == kModes.end())
      return checker.error(e.kids[0].location, "ustack() knows no way '" + e.kids[0].text + "'",
                           "it shows stacks as bpftrace, perf or raw");
    out.expr.type.detail = static_cast<uint32_t>(found - kModes.begin());
    next = 1;
  }
  if (next < e.kids.size()) {
    auto given = checker.literal(e.kids[next], "the number of frames", 1, kMostFrames);
    if (!given) return Checker::unusable();
    frames = *given;
    next++;
  }
  if (next < e.kids.size())
    return checker.error(e.kids[next].location, "ustack() takes a way to show it and a number",
                         "as in ustack(perf, 8)");
  out.expr.type.capacity = static_cast<uint32_t>(frames);
  return checker.stack(std::move(out), row.name);
}

Typed check_caller(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::of(Type::Kind::Stack));
  out.expr.type.detail = static_cast<uint32_t>(StackMode::Caller);
  out.expr.type.capacity = 2;
  return checker.stack(std::move(out), row.name);
}

Typed check_retval(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (checker.is_go(e)) return checker.go_value(e);
  for (size_t i = 0; i < checker.facts().size(); i++) {
    const auto& facts = checker.facts()[i];
    if (!facts || facts->abi != go::Abi::GoStack) continue;
    return checker.error(e.location,
                         "retval: " + checker.probes()[i].path + " was built by Go " +
                             facts->version + ", which returns results on the stack",
                         "they lie behind the arguments: *(reg(\"sp\")+8), "
                         "*(reg(\"sp\")+16), ... are the arguments' words, then the results'");
  }
  return call(e, row, Type::u64());
}

Typed check_arg(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::u64());
  find_builtin(e.text, &out.expr.integer);
  uint64_t n = out.expr.integer;
  if (n > kMaxArgument) return checker.error(e.location, "no function has so many arguments");
  if (row.id == Builtin::Sarg) return out;
  for (size_t i = 0; i < checker.facts().size(); i++) {
    const auto& facts = checker.facts()[i];
    if (!facts || facts->abi == go::Abi::GoStack) continue;
    bool is_go = facts->abi == go::Abi::GoRegisters;
    unsigned index = static_cast<unsigned>(n);
    if (is_go ? arch::go_argument_register(index) : arch::c_argument_register(index)) continue;
    return checker.error(e.location,
                         e.text + ": " + (is_go ? "Go passes 9" : "C passes 6") +
                             " words in registers, arg0 to " + (is_go ? "arg8" : "arg5"),
                         "words on the stack are sarg0, sarg1, ...");
  }
  return out;
}

Typed check_reg(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  const ast::Expr& arg = e.kids[0];
  if (arg.kind != ast::Expr::Kind::String)
    return checker.error(arg.location, "reg() takes a register's name in quotes",
                         "as in reg(\"ax\")");
  auto offset = arch::register_offset(arg.text);
  if (!offset) {
    auto nearest = nearest_names(arg.text, arch::register_names(), 1);
    return checker.error(arg.location, "unknown register '" + arg.text + "'",
                         nearest.empty()
                             ? "registers are ax bx cx dx si di bp sp ip r8 to r15 flags"
                             : "did you mean \"" + nearest[0] + "\"?");
  }
  Typed out = call(e, row, Type::u64());
  out.expr.integer = *offset;
  return out;
}

Typed check_nsecs(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::u64());
  if (e.kids.empty()) return out;
  const ast::Expr& mode = e.kids[0];
  constexpr std::array<std::string_view, 3> kModes{"boot", "monotonic", "tai"};
  auto found = std::find(kModes.begin(), kModes.end(), mode.text);
  if (mode.kind != ast::Expr::Kind::Name || found == kModes.end())
    return checker.error(mode.location, "nsecs() takes the name of a clock",
                         "clocks are boot, monotonic and tai");
  out.expr.integer = static_cast<uint64_t>(found - kModes.begin());
  return out;
}

template <uint8_t kBytes>
Typed check_text(Checker&, const ast::Expr& e, const BuiltinRow& row) {
  return call(e, row, Type::string(kBytes));
}

template <Type::Kind kKind>
Typed check_shown(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::of(kKind));
  if (e.kids.empty()) return out;
  Typed number = checker.number(e.kids[0], "the argument");
  out.usable = number.usable;
  out.expr.kids.push_back(checker.coerce(std::move(number), Type::i64()).expr);
  return out;
}

// A string as argument `index`.
Typed string_argument(Checker& checker, const ast::Expr& e, size_t index) {
  Typed text = checker.value(e.kids[index]);
  if (!text.usable || text.expr.type.kind == Type::Kind::String) return text;
  return checker.error(e.kids[index].location,
                       e.text + "() takes a string, not " + a(text.expr.type),
                       "text at an address is str(address)");
}

Typed check_strlen(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::u64());
  Typed text = string_argument(checker, e, 0);
  out.usable = text.usable;
  out.expr.kids.push_back(std::move(text.expr));
  return out;
}

// strcontains() and strstr(), whose cost is that of every place times the length of what is
// looked for: the kernel bounds the instructions of a program.
Typed check_find(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, row.id == Builtin::Strstr ? Type::i64() : Type::of(Type::Kind::Bool));
  Typed text = string_argument(checker, e, 0), wanted = string_argument(checker, e, 1);
  if (!text.usable || !wanted.usable) return Checker::unusable();
  constexpr uint64_t kMaxSteps = 8 * 1024;
  uint64_t steps = uint64_t{text.expr.type.capacity} * wanted.expr.type.capacity;
  if (steps > kMaxSteps)
    return checker.error(e.location,
                         e.text + "() would take too long for the kernel: up to " +
                             std::to_string(steps) + " steps, " + std::to_string(kMaxSteps) +
                             " are allowed",
                         "use shorter strings: str(p, n) with a constant n");
  out.expr.kids.push_back(std::move(text.expr));
  out.expr.kids.push_back(std::move(wanted.expr));
  return out;
}

Typed check_strncmp(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::integer(1, true));
  Typed left = string_argument(checker, e, 0), right = string_argument(checker, e, 1);
  auto length = checker.literal(e.kids[2], "the length of strncmp()", 0, 4096);
  if (!left.usable || !right.usable || !length) return Checker::unusable();
  out.expr.integer = static_cast<uint64_t>(*length);
  out.expr.kids.push_back(std::move(left.expr));
  out.expr.kids.push_back(std::move(right.expr));
  return out;
}

Typed check_bswap(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed number = checker.number(e.kids[0], "the argument of bswap()");
  if (!number.usable) return number;
  if (number.expr.type.kind != Type::Kind::Int)
    return checker.error(e.location, "bswap() takes an integer, not " + a(number.expr.type));
  Typed out = call(e, row, Type::integer(number.expr.type.size, false));
  out.expr.kids.push_back(std::move(number.expr));
  return out;
}

Typed check_strftime(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (e.kids[0].kind != ast::Expr::Kind::String)
    return checker.error(e.kids[0].location,
                         "the format of strftime() must be written out in quotes",
                         "as in strftime(\"%H:%M:%S\", nsecs)");
  Typed out = call(e, row, Type::of(Type::Kind::Time));
  out.expr.type.detail = checker.add_time_format(e.kids[0].text);
  Typed when = checker.number(e.kids[1], "the time of strftime()");
  out.usable = when.usable;
  out.expr.kids.push_back(checker.coerce(std::move(when), Type::u64()).expr);
  return out;
}

Typed check_len(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  const ast::Expr& map = e.kids[0];
  if (checker.can_only_be_go(map))
    return checker.go_value(map, go::Aspect::Len, Checker::GoUse::Value, &e);
  if (map.kind != ast::Expr::Kind::Map || map.indexed)
    return checker.error(map.location, "len() takes a whole map or a value of a Go program",
                         "as in len(@m), len(args.x); the length of a string is strlen(text)");
  Typed ref = checker.map_ref(map);
  Typed out = call(e, row, Type::of(Type::Kind::Length));
  out.usable = ref.usable;
  out.expr.type.detail = ref.expr.slot;
  return out;
}

Typed check_address(Checker& checker, const ast::Expr& e, size_t index) {
  Typed address = checker.value(e.kids[index]);
  if (!address.usable) return address;
  const Type& type = address.expr.type;
  if (type.kind == Type::Kind::Pointer || (type.kind == Type::Kind::Int && type.size == 8))
    return address;
  return checker.error(e.kids[index].location, e.text + "() takes an address, not " + a(type));
}

// str() and buf() of a Go string or slice of bytes, of which a length is the part [:length].
Typed go_text(Checker& checker, const ast::Expr& e, Checker::GoUse use) {
  Typed whole = checker.go_value(e.kids[0], go::Aspect::Value, use);
  if (!whole.usable || !whole.expr.type.has_bytes() || e.kids.size() < 2) return whole;
  Typed length = checker.number(e.kids[1], "the length");
  if (!length.usable) return length;
  if (!is_literal(length.expr) || literal_value(length.expr) < 0)
    return checker.error(e.kids[1].location,
                         "the length of a Go value must be a number written in the script",
                         "its own length is kept");
  ast::Expr part;
  part.kind = ast::Expr::Kind::Slice;
  part.location = e.location;
  part.step = e.kids[1].location;
  part.high = length.expr.integer;
  part.kids.push_back(e.kids[0]);
  return checker.go_value(part, go::Aspect::Value, use);
}

// buf(address, length) and buf(text[, length])
Typed check_buf(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (checker.is_go(e.kids[0])) {
    Typed bytes = go_text(checker, e, Checker::GoUse::Bytes);
    if (!bytes.usable || bytes.expr.type.has_bytes()) return bytes;
  }
  Typed source = checker.value(e.kids[0]);
  if (!source.usable) return source;
  bool is_text = source.expr.type.has_bytes();
  if (!is_text) source = check_address(checker, e, 0);
  if (!is_text && e.kids.size() < 2)
    return checker.error(e.location, "buf() needs the number of bytes", "as in buf(arg0, 16)");
  std::optional<Typed> length;
  if (e.kids.size() == 2) {
    length = checker.number(e.kids[1], "the length of buf()");
    if (!length->usable) return Checker::unusable();
  }
  if (!source.usable) return Checker::unusable();
  if (is_text && length) {
    Expr& text = source.expr;
    if (text.kind != Kind::String || !is_literal(length->expr))
      return checker.error(e.kids[1].location, "the buf() of a string is the whole string",
                           "buf(text)");
    text.string.resize(std::min<uint64_t>(text.string.size(), length->expr.integer));
    length.reset();
  }
  uint32_t capacity = is_text ? source.expr.type.capacity : checker.options().settings.max_strlen;
  if (length && is_literal(length->expr)) {
    __int128 n = literal_value(length->expr);
    if (n < 0) return checker.error(e.kids[1].location, "the length of a buffer is not negative");
    if (n > capacity && !is_text)
      checker.warning(e.kids[1].location,
                      "buffers are cut at " + std::to_string(capacity) + " bytes",
                      "BPFTRACE_MAX_STRLEN sets the limit");
    else if (n <= capacity)
      capacity = std::max<uint32_t>(static_cast<uint32_t>(n), 1);
  }
  Typed out = call(e, row, Type::buffer(capacity));
  out.expr.kids.push_back(std::move(source.expr));
  if (length) out.expr.kids.push_back(checker.coerce(std::move(*length), Type::u64()).expr);
  return out;
}

Typed check_join(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  Typed address = check_address(checker, e, 0);
  out.usable = address.usable;
  out.expr.kids.push_back(std::move(address.expr));
  out.expr.string = " ";
  if (e.kids.size() < 2) return out;
  if (e.kids[1].kind != ast::Expr::Kind::String)
    return checker.error(e.kids[1].location,
                         "the delimiter of join() must be written out in quotes",
                         "as in join(arg1, \",\")");
  out.expr.string = e.kids[1].text;
  return out;
}

Typed check_str(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (checker.is_go(e.kids[0])) {
    Typed text = go_text(checker, e, Checker::GoUse::Text);
    if (!text.usable || text.expr.type.has_bytes()) return text;
  }
  Typed address = checker.value(e.kids[0]);
  std::optional<Typed> length;
  if (e.kids.size() == 2) length = checker.number(e.kids[1], "the length of str()");
  if (!address.usable || (length && !length->usable)) return Checker::unusable();
  const Type& type = address.expr.type;
  if (type.kind == Type::Kind::String)
    return checker.error(e.location, "this is a string already", "str() takes an address");
  if (type.kind != Type::Kind::Pointer && !(type.kind == Type::Kind::Int && type.size == 8))
    return checker.error(e.kids[0].location, "str() takes an address, not " + a(type));
  uint32_t capacity = checker.options().settings.max_strlen;
  if (length && is_literal(length->expr)) {
    __int128 n = literal_value(length->expr);
    if (n < 0) return checker.error(e.kids[1].location, "the length of a string is not negative");
    if (n > capacity) {
      checker.warning(e.kids[1].location,
                      "strings are cut at " + std::to_string(capacity) + " bytes",
                      "BPFTRACE_MAX_STRLEN sets the limit");
    } else {
      capacity = std::max<uint32_t>(static_cast<uint32_t>(n), 1);
    }
  }
  Typed out = call(e, row, Type::string(capacity));
  out.expr.kids.push_back(checker.coerce(std::move(address), Type::u64()).expr);
  if (length) out.expr.kids.push_back(checker.coerce(std::move(*length), Type::u64()).expr);
  return out;
}

Typed check_label(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  if (const ProbeSpec* spec = first_not_go(checker))
    return checker.error(e.location,
                         "label(): " + spec->path + " is not a Go program: it has no labels");
  const ast::Expr& key = e.kids[0];
  if (key.kind != ast::Expr::Kind::String)
    return checker.error(key.location, "the key of label() must be written out in quotes",
                         "as in label(\"endpoint\")");
  Typed out = call(e, row, Type::string(checker.options().settings.max_strlen));
  out.expr.string = key.text;
  return out;
}

// Words that are parts of Go values.
Typed check_part(Checker& checker, const ast::Expr& e, const BuiltinRow&) {
  return checker.go_value(e);
}

// --- actions

// Whether a value of `type` can stand for a conversion; else what it wants.
const char* mismatch(char conversion, const Type& type) {
  bool is_text = type.has_bytes() || type.kind == Type::Kind::Probe ||
                 (type.kind >= Type::Kind::Func && type.kind < Type::Kind::Count);
  // As in bpftrace, %s shows a number as print() does. An address is almost surely a forgotten
  // str(), and so is refused.
  bool shows = is_text || type.kind == Type::Kind::Bool || type.kind == Type::Kind::Int;
  if (conversion == 'v' && !type.is_aggregate() && type.kind != Type::Kind::Void) return nullptr;
  if (conversion == 's') return shows ? nullptr : "a string";
  if (conversion == 'r') return type.kind == Type::Kind::Buffer ? nullptr : "a buf()";
  const bool is_float = type.kind == Type::Kind::Float;
  if (std::string_view("fFeEgG").find(conversion) != std::string_view::npos)
    return is_float ? nullptr : "a floating point number";
  if (type.kind == Type::Kind::Length) return nullptr;
  return type.is_number() ? nullptr : "a number";
}

// Whether a conversion without a length shows all 64 bits of `expr`. A machine word may be a C
// int with anything above it, so there the conversion's 32 bits decide, as in bpftrace; so they
// do for a literal and a script's own pointers. A time, a Go value, a sum or a map's value is what
// it is.
bool is_wide(const Expr& expr) {
  if (expr.kind == Expr::Kind::Integer || expr.kind == Expr::Kind::Deref) return false;
  if (expr.kind == Expr::Kind::Call)
    for (Builtin word : {Builtin::Arg, Builtin::Sarg, Builtin::Reg, Builtin::Retval})
      if (expr.builtin == word) return false;
  return expr.kind == Expr::Kind::GoValue ||
         (expr.type.kind == Type::Kind::Int && expr.type.size == 8);
}

// The conversion that each argument of a format is for.
std::string conversions(const Format& format) {
  std::string all;
  for (const FormatPiece& piece : format.pieces) {
    if (piece.star_width) all += '*';
    if (piece.conversion) all += piece.conversion;
  }
  return all;
}

// printf(), cat(), system()
Typed check_printf(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  const ast::Expr& text = e.kids[0];
  std::string name = row.name;
  if (row.id == Builtin::System && !checker.options().allow_unsafe)
    return checker.error(e.location, "system() runs commands on this machine, and so is unsafe",
                         "--unsafe allows it");
  if (text.kind != ast::Expr::Kind::String)
    return checker.error(text.location,
                         "the format of " + name + "() must be written out in quotes",
                         "as in " + name + "(\"%d\\n\", pid)");
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  auto format = parse_format(text.text);
  const std::string all = format ? conversions(*format) : "";
  for (size_t i = 1; i < e.kids.size(); i++) {
    const bool whole = i <= all.size() && all[i - 1] == 'v';
    if (whole && row.id != Builtin::Printf)
      return checker.error(e.kids[i].location, name + "() takes no whole values (%v)",
                           "pick a part of it: args.x.Key");
    Typed arg = whole ? checker.whole(e.kids[i]) : checker.printable(e.kids[i]);
    out.usable = out.usable && arg.usable;
    out.expr.kids.push_back(std::move(arg.expr));
  }
  if (!format) return checker.error(text.location, format.error().message, format.error().hint);
  size_t wanted = argument_count(*format), given = e.kids.size() - 1;
  if (wanted != given) {
    return checker.error(e.location, std::string(given < wanted ? "not enough" : "too many") +
                                         " arguments for format string (" + std::to_string(given) +
                                         " supplied, " + std::to_string(wanted) + " expected)");
  }
  if (!out.usable) return out;
  size_t i = 0;
  for (FormatPiece& piece : format->pieces) {
    if (piece.conversion == 0) continue;
    piece.wide = piece.length.empty() && is_wide(out.expr.kids[i + (piece.star_width ? 1 : 0)]);
    for (char conversion : {piece.star_width ? '*' : '\0', piece.conversion}) {
      if (conversion == 0) continue;
      const Type& type = out.expr.kids[i].type;
      const char* want = mismatch(conversion, type);
      std::string spec = conversion == '*' ? "%*" : std::string("%") + conversion;
      i++;
      if (!want) continue;
      std::string hint;
      if (conversion == 's' && type.is_number())
        hint = "text at an address is str(address), the address itself %p";
      if (conversion != 's' && !type.is_number()) hint = "strings are %s";
      if (type.kind == Type::Kind::Float) hint = "floating point numbers are %f, %e, %g";
      if (type.kind == Type::Kind::GoError) hint = "errors are %s";
      if (conversion == 'r') hint = "as in printf(\"%r\", buf(arg0, 16))";
      return checker.error(
          e.kids[i].location,
          name + ": " + spec + " expects " + want + " (" + describe(type) + " supplied)", hint);
    }
  }
  out.expr.format = checker.add_format(std::move(*format));
  return out;
}

Typed check_time(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  Format format;
  format.text = "%H:%M:%S\n";
  if (!e.kids.empty()) {
    if (e.kids[0].kind != ast::Expr::Kind::String)
      return checker.error(e.kids[0].location, "the format of time() must be written out in quotes",
                           "as in time(\"%H:%M:%S\\n\")");
    format.text = e.kids[0].text;
  }
  FormatPiece piece;
  piece.literal = format.text;
  format.pieces.push_back(std::move(piece));
  out.expr.format = checker.add_format(std::move(format));
  return out;
}

Typed check_print(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  const ast::Expr& what = e.kids[0];
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  bool whole_map = what.kind == ast::Expr::Kind::Map && !what.indexed;
  if (e.kids.size() > 1 && !whole_map)
    return checker.error(e.kids[1].location, "print() takes top and div for a whole map only",
                         "as in print(@m, 10)");
  Typed printed = whole_map                           ? checker.map_ref(what)
                  : what.kind == ast::Expr::Kind::Map ? checker.map_entry(what)
                                                      : checker.printed(what);
  out.usable = printed.usable;
  out.expr.kids.push_back(std::move(printed.expr));
  for (size_t i = 1; i < e.kids.size(); i++) {
    const char* what_it_is = i == 1 ? "the top of print()" : "the div of print()";
    auto n = checker.literal(e.kids[i], what_it_is, 0, INT64_MAX);
    if (!n) return Checker::unusable();
    out.expr.kids.push_back(make_literal(*n, e.kids[i].location).expr);
  }
  return out;
}

// clear(@m), zero(@m)
Typed check_whole_map(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  const ast::Expr& map = e.kids[0];
  if (map.kind != ast::Expr::Kind::Map || map.indexed) {
    return checker.error(map.location, std::string(row.name) + "() takes a whole map",
                         map.indexed ? "one entry is removed by delete(" + map.text + ", key)"
                                     : std::string("as in ") + row.usage);
  }
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  Typed ref = checker.map_ref(map);
  out.usable = ref.usable;
  out.expr.kids.push_back(std::move(ref.expr));
  return out;
}

// delete(@m), delete(@m[k]), delete(@m, k), delete(@m, (k1, k2)); has_key(@m, k)
Typed check_delete(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  ast::Expr map = e.kids[0];
  const bool asks = row.id == Builtin::HasKey;
  if (map.kind != ast::Expr::Kind::Map || (asks && map.indexed))
    return checker.error(map.location, std::string(row.name) + "() takes a map and a key",
                         std::string("as in ") + row.usage);
  if (e.kids.size() > 1) {
    // As a statement of its own it has been taken apart before (expression_statement).
    if (map.indexed) {
      return checker.error(e.kids[1].location, "delete() removes one entry at a time here",
                           "a delete() of its own for each");
    }
    if (e.kids[1].kind == ast::Expr::Kind::Tuple)
      map.kids = e.kids[1].kids;
    else
      map.kids.assign(e.kids.begin() + 1, e.kids.end());
    map.indexed = true;
  }
  Typed entry = checker.map_entry(map);
  Typed out = call(e, row, Type::of(asks ? Type::Kind::Bool : Type::Kind::Void));
  out.usable = entry.usable;
  out.expr.kids.push_back(std::move(entry.expr));
  return out;
}

Typed check_exit(Checker& checker, const ast::Expr& e, const BuiltinRow& row) {
  Typed out = call(e, row, Type::of(Type::Kind::Void));
  if (e.kids.empty()) return out;
  Typed code = checker.number(e.kids[0], "the exit code");
  out.usable = code.usable;
  out.expr.kids.push_back(checker.coerce(std::move(code), Type::i64()).expr);
  return out;
}

// Aggregations are checked where they are assigned (Checker::aggregate).
Typed check_aggregation(Checker&, const ast::Expr&, const BuiltinRow&) {
  return Checker::unusable();
}

std::vector<BuiltinRow> make_rows() {
  using C = Category;
  using W = Where;
  return {
      {Builtin::Pid, "pid", "pid", "process id of the traced program", C::Value, W::Anywhere, 0, 0,
       check_unsigned<4>},
      {Builtin::Tid, "tid", "tid", "thread id", C::Value, W::Anywhere, 0, 0, check_unsigned<4>},
      {Builtin::Comm, "comm", "comm", "name of the thread", C::Value, W::Anywhere, 0, 0,
       check_comm},
      {Builtin::Cpu, "cpu", "cpu", "number of the CPU it runs on", C::Value, W::Anywhere, 0, 0,
       check_unsigned<4>},
      {Builtin::Uid, "uid", "uid", "user id", C::Value, W::Anywhere, 0, 0, check_unsigned<4>},
      {Builtin::Gid, "gid", "gid", "group id", C::Value, W::Anywhere, 0, 0, check_unsigned<4>},
      {Builtin::Nsecs, "nsecs", "nsecs", "time since boot in nanoseconds", C::Value, W::Anywhere, 0,
       1, check_nsecs},
      {Builtin::Elapsed, "elapsed", "elapsed", "nanoseconds since tracing began", C::Value,
       W::Anywhere, 0, 0, check_unsigned<8>},
      {Builtin::Rand, "rand", "rand", "random number of 32 bits", C::Value, W::Anywhere, 0, 0,
       check_unsigned<4>},
      {Builtin::Username, "username", "username", "name of the user", C::Value, W::Anywhere, 0, 0,
       check_shown<Type::Kind::Username>},
      {Builtin::Ncpus, "ncpus", "ncpus", "number of CPUs", C::Value, W::Anywhere, 0, 0,
       check_unsigned<8>},
      {Builtin::Cgroup, "cgroup", "cgroup", "id of the cgroup", C::Value, W::Anywhere, 0, 0,
       check_unsigned<8>},
      {Builtin::Numaid, "numaid", "numaid", "number of the NUMA node", C::Value, W::Anywhere, 0, 0,
       check_unsigned<4>},
      {Builtin::Jiffies, "jiffies", "jiffies", "ticks of the kernel's clock", C::Value, W::Anywhere,
       0, 0, check_unsigned<8>},
      {Builtin::Usermode, "usermode", "usermode", "1: the CPU was in user mode", C::Value,
       W::InFunctions, 0, 0, check_unsigned<1>},
      {Builtin::Probetype, "probetype", "probetype", "kind of the probe: uprobe, interval",
       C::Value, W::Anywhere, 0, 0, check_text<16>},
      {Builtin::Func, "func", "func", "name of the traced function", C::Value, W::InFunctions, 0, 0,
       check_func},
      {Builtin::Probe, "probe", "probe", "the probe, with the one function it stands for here",
       C::Value, W::Anywhere, 0, 0, check_probe},
      {Builtin::Goid, "goid", "goid, goid(g)",
       "goroutine id; of the runtime's g at an address (Go programs)", C::Value, W::InFunctions, 0,
       1, check_goid},
      {Builtin::Duration, "duration", "duration", "nanoseconds the call took", C::Value,
       W::AtReturn, 0, 0, check_duration},
      {Builtin::Retval, "retval", "retval, retval.NAME, retval.N",
       "result; where its type is not known, its first word", C::Value, W::AtReturn, 0, 0,
       check_retval},
      {Builtin::Arg, "arg", "arg0, arg1, ...",
       "N-th word of the arguments in registers; on Go before 1.17 on the stack", C::Value,
       W::InFunctions, 0, 0, check_arg},
      {Builtin::Sarg, "sarg", "sarg0, sarg1, ...", "N-th word of the arguments on the stack",
       C::Value, W::InFunctions, 0, 0, check_arg},
      {Builtin::Reg, "reg", "reg(\"ax\")", "a register at the probed instruction", C::Function,
       W::InFunctions, 1, 1, check_reg},
      {Builtin::Str, "str", "str(address[, length])",
       "text in the program's memory: up to a NUL, or exactly length bytes", C::Function,
       W::Anywhere, 1, 2, check_str},
      {Builtin::Buf, "buf", "buf(address, length)", "bytes in the program's memory", C::Function,
       W::Anywhere, 1, 2, check_buf},
      {Builtin::Strftime, "strftime", "strftime(\"%H:%M:%S.%f\", nsecs)",
       "a time as text; %f: microseconds", C::Function, W::Anywhere, 2, 2, check_strftime},
      {Builtin::Strlen, "strlen", "strlen(text)", "number of bytes of a string", C::Function,
       W::Anywhere, 1, 1, check_strlen},
      {Builtin::Strncmp, "strncmp", "strncmp(text, text, length)",
       "0 if the strings begin with the same bytes", C::Function, W::Anywhere, 3, 3, check_strncmp},
      {Builtin::Strcontains, "strcontains", "strcontains(text, wanted)",
       "whether a string holds another", C::Function, W::Anywhere, 2, 2, check_find},
      {Builtin::Strstr, "strstr", "strstr(text, wanted)",
       "where a string holds another; negative: nowhere", C::Function, W::Anywhere, 2, 2,
       check_find},
      {Builtin::Strerror, "strerror", "strerror(n)", "text of an error number", C::Function,
       W::Anywhere, 1, 1, check_shown<Type::Kind::Errno>},
      {Builtin::SignalName, "signal_name", "signal_name(n)", "text of a signal's number",
       C::Function, W::Anywhere, 1, 1, check_shown<Type::Kind::Signal>},
      {Builtin::WaitName, "wait_name", "wait_name(n)",
       "what a goroutine does: 0 running, 1 runnable, 2 C or a system call, 0x100 + a waitReason "
       "of its runtime, 0x1000 + the number of a system call",
       C::Function, W::Anywhere, 1, 1, check_shown<Type::Kind::Wait>},
      {Builtin::Bswap, "bswap", "bswap(n)", "the bytes of a number in reverse order", C::Function,
       W::Anywhere, 1, 1, check_bswap},
      {Builtin::HasKey, "has_key", "has_key(@m, key)", "whether a map has an entry", C::Function,
       W::Anywhere, 2, 255, check_delete},
      {Builtin::Len, "len", "len(args.x), len(@m)",
       "length of a Go value; number of entries of a map, to be printed", C::Function, W::Anywhere,
       1, 1, check_len},
      {Builtin::Label, "label", "label(\"key\")", "pprof label of the goroutine (Go programs)",
       C::Function, W::InFunctions, 1, 1, check_label},
      {Builtin::Recovered, "recovered", "recovered",
       "whether the call returns because it recovered from a panic (Go programs)", C::Value,
       W::AtReturn, 0, 0, check_recovered},
      {Builtin::Outermost, "outermost", "outermost",
       "whether the call is in no other of its goroutine that the script follows: of functions "
       "with "
       "duration or outermost",
       C::Value, W::InFunctions, 0, 0, check_frame},
      {Builtin::Depth, "depth", "depth",
       "bytes of the stack above the call: the same when it begins and when it returns, more in "
       "calls "
       "that it makes",
       C::Value, W::InFunctions, 0, 0, check_frame},
      {Builtin::Ustack, "ustack", "ustack, ustack([mode, ][frames])",
       "stack: functions, lines, who made the goroutine; modes: bpftrace, perf, raw", C::Value,
       W::InFunctions, 0, 2, check_ustack},
      {Builtin::Caller, "caller", "caller", "function and line that the call comes from", C::Value,
       W::InFunctions, 0, 0, check_caller},
      {Builtin::Printf, "printf", "printf(\"format\", ...)", "print values", C::Action, W::Anywhere,
       1, 255, check_printf},
      {Builtin::Print, "print", "print(value), print(@m[, top[, div]])",
       "print a value, a map, or the largest entries of a map", C::Action, W::Anywhere, 1, 3,
       check_print},
      {Builtin::Clear, "clear", "clear(@m)", "remove all entries of a map", C::Action, W::Anywhere,
       1, 1, check_whole_map},
      {Builtin::Zero, "zero", "zero(@m)", "set all values of a map to zero", C::Action, W::Anywhere,
       1, 1, check_whole_map},
      {Builtin::Delete, "delete", "delete(@m, key)", "remove an entry of a map", C::Action,
       W::Anywhere, 1, 255, check_delete},
      {Builtin::Exit, "exit", "exit([code])", "end tracing", C::Action, W::Anywhere, 0, 1,
       check_exit},
      {Builtin::Time, "time", "time([\"format\"])", "print the time of day, as strftime does",
       C::Action, W::Anywhere, 0, 1, check_time},
      {Builtin::Join, "join", "join(argv[, \"delimiter\"])",
       "print the strings of an array that ends with a null pointer", C::Action, W::Anywhere, 1, 2,
       check_join},
      {Builtin::Cat, "cat", "cat(\"format\", ...)", "print the file of this name", C::Action,
       W::Anywhere, 1, 255, check_printf},
      {Builtin::System, "system", "system(\"format\", ...)",
       "run a command, print what it prints (--unsafe)", C::Action, W::Anywhere, 1, 255,
       check_printf},
      {Builtin::Count, "count", "@m = count()", "number of times", C::Aggregation, W::Anywhere, 0,
       0, check_aggregation},
      {Builtin::Sum, "sum", "@m = sum(n)", "sum of values", C::Aggregation, W::Anywhere, 1, 1,
       check_aggregation},
      {Builtin::Avg, "avg", "@m = avg(n)", "average of values", C::Aggregation, W::Anywhere, 1, 1,
       check_aggregation},
      {Builtin::Stats, "stats", "@m = stats(n)", "count, average and sum of values", C::Aggregation,
       W::Anywhere, 1, 1, check_aggregation},
      {Builtin::Min, "min", "@m = min(n)", "smallest value", C::Aggregation, W::Anywhere, 1, 1,
       check_aggregation},
      {Builtin::Max, "max", "@m = max(n)", "largest value", C::Aggregation, W::Anywhere, 1, 1,
       check_aggregation},
      {Builtin::Hist, "hist", "@m = hist(n[, bits])",
       "histogram by powers of two, each in 2^bits rows", C::Aggregation, W::Anywhere, 1, 2,
       check_aggregation},
      {Builtin::Lhist, "lhist", "@m = lhist(n, min, max, step)",
       "histogram with rows of equal width", C::Aggregation, W::Anywhere, 4, 4, check_aggregation},
      {Builtin::Args, "args", "args.NAME, args.N",
       "argument of a Go function and what it leads to: args.req.Key, args.list[0]", C::Value,
       W::InFunctions, 0, 0, check_part},
      {Builtin::Captured, "captured", "captured.NAME", "variable that a Go closure captures",
       C::Value, W::InFunctions, 0, 0, check_part},
      {Builtin::Global, "global", "global(\"pkg.name\")", "package variable of a Go program",
       C::Function, W::InFunctions, 1, 1, check_part},
      {Builtin::Cap, "cap", "cap(args.x)", "capacity of a Go slice or channel", C::Function,
       W::InFunctions, 1, 1, check_part},
      {Builtin::Typeof, "typeof", "typeof(args.err)", "type of what a Go interface holds",
       C::Function, W::InFunctions, 1, 1, check_part},
      {Builtin::TraceId, "trace_id", "trace_id(args.ctx)",
       "OpenTelemetry trace of a context.Context", C::Function, W::InFunctions, 0, 1, check_part},
      {Builtin::SpanId, "span_id", "span_id(args.ctx)", "OpenTelemetry span of a context.Context",
       C::Function, W::InFunctions, 0, 1, check_part},
      {Builtin::Local, "local", "local.NAME",
       "parameter or variable at a line of Go source: uprobe:PROGRAM@FILE:LINE", C::Value,
       W::InFunctions, 0, 0, check_part},
  };
}

constexpr std::array<std::string_view, 55> kForeign{
    "kstack",        "dw_ustack",     "usym",
    "ksym",          "signal",        "signal_thread",
    "find",          "uaddr",         "tseries",
    "curtask",       "ctx",           "ppid",
    "pcomm",         "leader_tid",    "leader_comm",
    "cpid",          "has_cpid",      "macaddr",
    "ntop",          "pton",          "kaddr",
    "percpu_kaddr",  "override",      "unwatch",
    "write_user",    "sizeof",        "offsetof",
    "container_of",  "memcmp",        "errorf",
    "warnf",         "uptr",          "kptr",
    "strcap",        "str_concat",    "syscall_name",
    "path",          "socket_cookie", "skboutput",
    "cgroupid",      "cgroup_path",   "is_err",
    "kfunc_exist",   "kfunc_allowed", "assert",
    "static_assert", "fail",          "getopt",
    "is_literal",    "is_ptr",        "is_str",
    "is_array",      "is_integer",    "is_unsigned_integer",
    "typeinfo"};

struct NamedType {
  std::string_view name;
  Type type;
};
const std::vector<NamedType>& named_types() {
  static const std::vector<NamedType> types{
      {"int8", Type::integer(1, true)},     {"int16", Type::integer(2, true)},
      {"int32", Type::integer(4, true)},    {"int64", Type::integer(8, true)},
      {"uint8", Type::integer(1, false)},   {"uint16", Type::integer(2, false)},
      {"uint32", Type::integer(4, false)},  {"uint64", Type::integer(8, false)},
      {"bool", Type::of(Type::Kind::Bool)}, {"string", Type::string(8)},
  };
  return types;
}

// N of `argN`; nothing if `name` is not `prefix` and digits.
std::optional<uint64_t> numbered(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix || name.size() == prefix.size()) return std::nullopt;
  uint64_t value = 0;
  for (char c : name.substr(prefix.size())) {
    if (c < '0' || c > '9') return std::nullopt;
    if (value <= kMaxArgument) value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

const std::vector<BuiltinRow>& builtin_rows() {
  static const std::vector<BuiltinRow> rows = make_rows();
  return rows;
}

const BuiltinRow* find_builtin(std::string_view name, uint64_t* number) {
  for (const BuiltinRow& row : builtin_rows()) {
    if (row.id == Builtin::Arg || row.id == Builtin::Sarg) {
      auto n = numbered(name, row.name);
      if (!n) continue;
      if (number) *number = *n;
      return &row;
    }
    if (name == row.name) return &row;
  }
  return nullptr;
}

std::optional<Type> find_type(std::string_view name) {
  for (const NamedType& known : named_types())
    if (known.name == name) return known.type;
  return std::nullopt;
}

const std::vector<std::string_view>& type_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const NamedType& known : named_types()) out.push_back(known.name);
    return out;
  }();
  return names;
}

bool is_foreign_builtin(std::string_view name) {
  return std::find(kForeign.begin(), kForeign.end(), name) != kForeign.end();
}

}  // namespace gotap::lang
