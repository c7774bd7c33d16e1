// `gotap show`: one function as a page: what it takes and gives, in which registers and where on
// the stack, the instructions that are probed for it, its inlined copies, its callers.
//
// Facts: src/cmd/compile/abi-internal.md. What each part of the page says is what the other stages
// go by: go::place(), Image::sites().
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/registers.h"
#include "arch/x86_64.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/functions.h"
#include "cli/report.h"
#include "cli/show.h"
#include "go/type_info.h"
#include "plan/plan.h"

namespace gotap::cli {

namespace {

using go::TypeKind;

void say(const std::string& line) { std::puts(escape_controls(line).c_str()); }

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string place_text(const go::Types& types, const ShownValue& row) {
  const go::ValueLocation& place = row.place;
  if (!place.known) return "not known";
  if (place.on_stack) return "[RSP+" + std::to_string(place.stack_offset) + "]";
  if (place.pieces.empty()) return "has no size";
  std::string text;
  for (const go::Piece& piece : place.pieces) {
    text += (text.empty() ? "" : ", ") + register_of(piece);
    if (place.pieces.size() > 1) text += part_name(types, row.id, piece.offset);
  }
  return text;
}

// The registers in Go's order, and what each holds.
void say_registers(const go::Types& types, const std::vector<ShownValue>& rows) {
  std::map<std::pair<bool, unsigned>, std::pair<std::string, std::string>> holds;
  for (const ShownValue& row : rows)
    for (const go::Piece& piece : row.place.pieces)
      holds[{piece.in == go::Piece::In::FloatRegister, piece.number}] = {
          register_of(piece), row.script + part_name(types, row.id, piece.offset)};
  for (const auto& [number, held] : holds) say("    " + padded(held.first, 5) + held.second);
}

// The frame from its return address on.
void say_stack(const std::vector<ShownValue>& rows) {
  std::map<int32_t, std::string> holds;
  for (const ShownValue& row : rows)
    if (row.place.known && row.place.on_stack)
      holds[row.place.stack_offset] = row.script + " (" + row.type + ")";
  if (holds.empty()) return;
  say("    [RSP]     return address");
  for (const auto& [offset, held] : holds)
    say("    " + padded("[RSP+" + std::to_string(offset) + "]", 10) + held);
}

void say_values(const char* title, const go::Types& types, const std::vector<ShownValue>& rows) {
  say("");
  say(title);
  if (rows.empty()) say("  none");
  size_t wide = 0, wide_type = 0;
  for (const ShownValue& row : rows) {
    wide = std::max(wide, row.script.size());
    wide_type = std::max(wide_type, std::min<size_t>(row.type.size(), 30));
  }
  bool registers = false, stack = false;
  for (const ShownValue& row : rows) {
    say("  " + padded(row.script, wide + 2) + padded(row.type, wide_type + 2) +
        place_text(types, row));
    registers |= !row.place.pieces.empty();
    stack |= row.place.known && row.place.on_stack;
  }
  if (registers || stack) say("");
  say_registers(types, rows);
  say_stack(rows);
}

void say_counted(const std::vector<Counted>& rows) {
  constexpr size_t kShown = 20;
  for (size_t i = 0; i < std::min(rows.size(), kShown); i++)
    say("  " + std::string(rows[i].first) + "  " + std::to_string(rows[i].second));
  if (rows.size() > kShown) say("  and " + std::to_string(rows.size() - kShown) + " more");
}

void say_signature(const ShownFunction& shown) {
  const go::TypeInfo& info = shown.image->type_info();
  const go::Types& types = info.types();
  if (!shown.signature) {
    say("  " + shown.signature.error().message);
    say("  arg0, arg1 ... are the integer words of its arguments, as they come");
    return;
  }
  constexpr const char* kSources[] = {"DWARF", "the runtime's type data", "--signature",
                                      "--debug-binary"};
  const go::Signature& signature = *shown.signature;
  say(std::string("  types from ") + kSources[static_cast<size_t>(signature.source)]);
  say_values("AT ENTRY", types, shown.arguments);
  if (signature.dictionary != go::Dictionary::None)
    say("    (and the dictionary of type parameters, " +
        std::string(signature.dictionary == go::Dictionary::First ? "before them"
                                                                  : "behind the receiver") +
        ")");
  for (const go::Captured& it : signature.captured)
    say("  captured." + it.name + "  " + go::short_name(types.at(it.type).name) + "  [RDX+" +
        std::to_string(it.offset) + "]" + (it.by_reference ? ", its address" : ""));
  say_values("AT RETURN", types, shown.results);
  const bool several =
      std::any_of(shown.arguments.begin(), shown.arguments.end(),
                  [](const ShownValue& row) { return row.place.pieces.size() > 1; });
  if (!several) return;
  say("");
  say("  Go deals words, not arguments, to RAX RBX RCX RDI RSI R8 R9 R10 R11: a string is two");
  say("  (data, len), a slice three, an interface two, so that what follows is that much later.");
}

void say_sites(const ShownFunction& shown) {
  say("");
  say("WHAT IS PROBED");
  if (!shown.sites.entry) say("  no uprobe: " + shown.sites.entry_refused);
  for (const ShownInstruction& it : shown.instructions) {
    const std::string text =
        it.cost.empty() || it.kind.empty() ? it.text : padded(it.text, 36) + it.cost;
    say("  " + hex(it.address) +
        padded("  +" + std::to_string(it.address - shown.function()->entry), 8) +
        padded(it.kind, 7) + text + it.more);
    if (it.kind != "entry") continue;
    switch (shown.sites.entry->form) {
      case go::EntryForm::Post:
        say("    behind the stack check, which runs again when the stack has grown: once a call");
        break;
      case go::EntryForm::CheckBranch:
        say("    the branch of the stack check: a call, unless its flags say that the stack grows");
        break;
      case go::EntryForm::Start: say("    its first instruction: it has no stack check"); break;
    }
  }
  if (const std::string why = plan::unseen_returns(shown.sites); !why.empty())
    say("  no uretprobe: " + why);
  say("  An emulated instruction costs the kernel one trap, a single-stepped one two.");
}

void say_copies(const std::vector<Counted>& copies) {
  if (copies.empty()) return;
  size_t all = 0;
  for (const Counted& copy : copies) all += copy.second;
  say("");
  say("INLINED: " + count_of(all, "call") + " in " + count_of(copies.size(), "function") +
      ", which a probe on the function does not see (config = { probe_inline = 1 } in a script "
      "probes those that it can)");
  say_counted(copies);
}

void say_callers(const std::vector<Counted>& callers) {
  say("");
  if (callers.empty()) {
    say("CALLERS: none calls it directly (a method of an interface, a closure, a goroutine)");
    return;
  }
  say("CALLERS: " + count_of(callers.size(), "function"));
  say_counted(callers);
}

const char* abi_text(go::Abi abi) {
  switch (abi) {
    case go::Abi::C: return "C";
    case go::Abi::GoStack: return "on the stack";
    case go::Abi::GoRegisters: return "in registers";
  }
  return "";
}

void say_page(const ShownFunction& shown, const std::string& path) {
  const go::Image& image = *shown.image;
  const std::string name(shown.name);
  if (!shown.function()) {
    say(name);
    say("  " + path + "  go" + image.go_version() +
        ", no code of its own: it is inlined everywhere");
    if (shown.signature)
      say("  only its named parameters are known: " +
          go::to_string(image.type_info().types(), *shown.signature, ""));
    return say_copies(shown.copies);
  }
  say(shown.signature ? go::to_string(image.type_info().types(), *shown.signature, name) : name);
  const go::Function& function = *shown.function();
  std::string where = "  " + path + "  " + hex(function.entry) + ", " +
                      count_of(function.end - function.entry, "byte");
  if (const auto line = image.line(function.entry))
    where += "  " + line->file + ":" + std::to_string(line->line);
  say(where);
  if (function.is_go)
    say("  go" + image.go_version() + ", arguments " + abi_text(function.abi) +
        (function.assembly ? ", written in assembly" : "") +
        (function.wrapper ? ", a wrapper that the compiler made" : ""));
  if (function.is_go) say_signature(shown);
  say_sites(shown);
  say_copies(shown.copies);
  say_callers(shown.callers);
}

// How scripts name them, what they are, where they are.
void add_values(const go::TypeInfo& info, uint32_t function, ShownFunction& out) {
  const go::Types& types = info.types();
  const go::Signature& signature = *out.signature;
  const go::Placement placement = go::place(types, signature, info.abi(function));
  for (size_t i = 0; i < signature.params.size(); i++) {
    const go::Parameter& it = signature.params[i];
    const std::string name =
        it.name.empty() || it.name == "_" || it.name[0] == '~' ? std::to_string(i) : it.name;
    out.arguments.push_back(
        {"args." + name, go::short_name(types.at(it.type).name), it.type, placement.params[i]});
  }
  for (size_t i = 0; i < signature.results.size(); i++) {
    const go::Parameter& it = signature.results[i];
    out.results.push_back({signature.results.size() == 1 ? "retval" : "retval." + std::to_string(i),
                           go::short_name(types.at(it.type).name), it.type, placement.results[i]});
  }
}

ShownInstruction instruction_at(const go::Image& image, const go::Function& function,
                                uint64_t address, const char* kind, std::string more = {}) {
  const uint64_t left = std::min<uint64_t>(function.end - address, arch::kMaxInstructionLength);
  const auto bytes = image.bytes_at(address, left);
  const auto instruction = bytes ? arch::decode(*bytes, address) : std::nullopt;
  return {address, kind, bytes ? arch::disassemble(*bytes, address) : "?",
          !instruction            ? ""
          : instruction->emulated ? "emulated"
                                  : "single-stepped",
          std::move(more)};
}

void add_instructions(ShownFunction& out) {
  const go::Image& image = *out.image;
  const go::Function& function = *out.function();
  const auto add = [&](uint64_t address, const char* kind, std::string more = {}) {
    out.instructions.push_back(instruction_at(image, function, address, kind, std::move(more)));
  };
  if (out.sites.entry) {
    constexpr size_t kShown = 12;  // a stack check has fewer
    const auto boundaries = image.boundaries(*out.index);
    size_t shown = 0;
    if (boundaries)
      for (const uint64_t at : *boundaries)
        if (at < out.sites.entry->address && shown++ < kShown) add(at, "");
    add(out.sites.entry->address, "entry");
  }
  for (const go::RetSite& ret : out.sites.rets)
    add(ret.address, "RET",
        ret.recovery == go::Recovery::Yes ? ", after a panic was recovered" : "");
  for (const go::TailJump& jump : out.sites.tail_jumps) {
    const auto target = image.function_at(jump.target);
    add(jump.address, "jump",
        ": returns where " +
            (target ? std::string(image.functions()[*target].name) : hex(jump.target)) + " does");
  }
}

void add_copies(ShownFunction& out) {
  for (const go::InlinedCopies& copy : out.image->inlined_copies({out.name}))
    out.copies.emplace_back(out.image->functions()[copy.function].name, copy.count);
}

// The functions that call or jump to `entry` directly, and how often that stands in their code.
std::map<std::string_view, size_t> callers(const go::Image& image, uint64_t entry) {
  std::map<std::string_view, size_t> found;
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    const go::Function& function = image.functions()[i];
    const auto code = image.bytes_at(function.entry, function.end - function.entry);
    if (!code || entry - function.entry < function.end - function.entry) continue;
    std::vector<uint64_t> sites;
    for (uint64_t at = 0; at + kDirectBytes <= code->size(); at++)
      if (direct_target(*code, at, function.entry) == entry) sites.push_back(function.entry + at);
    if (sites.empty()) continue;
    // Such bytes may stand inside another instruction.
    const auto boundaries = image.boundaries(i);
    if (!boundaries) continue;
    for (const uint64_t site : sites)
      if (std::binary_search(boundaries->begin(), boundaries->end(), site)) found[function.name]++;
  }
  return found;
}

}  // namespace

// What the part at `offset` of a value is: " data" of a string, ".Header.Key data" of a struct with
// it; nothing for a value that is one word.
std::string part_name(const go::Types& types, go::TypeId id, uint64_t offset) {
  const go::GoType& type = types.at(id);
  const uint64_t word = offset / go::kWord;
  switch (type.kind) {
    case TypeKind::String: return word == 0 ? " data" : " len";
    case TypeKind::Slice: return word == 0 ? " data" : word == 1 ? " len" : " cap";
    case TypeKind::Interface: return word == 1 ? " data" : type.has_methods ? " itab" : " type";
    case TypeKind::Complex: return offset == 0 ? " real" : " imag";
    case TypeKind::Array: {
      const uint64_t size = types.at(type.elem).size;
      if (size == 0) return "";
      return "[" + std::to_string(offset / size) + "]" + part_name(types, type.elem, offset % size);
    }
    case TypeKind::Struct: {
      const go::TypeField* last = nullptr;
      for (const go::TypeField& field : type.fields)
        if (field.offset <= offset && types.at(field.type).size > 0) last = &field;
      if (!last) return "";
      return "." + last->name + part_name(types, last->type, offset - last->offset);
    }
    default: return "";
  }
}

std::string register_of(const go::Piece& piece) {
  if (piece.in == go::Piece::In::FloatRegister) return "XMM" + std::to_string(piece.number);
  const auto at = arch::go_argument_register(piece.number);
  std::string name(at ? arch::register_name(*at) : "?");
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name.size() == 2 && name[0] != 'R' ? "R" + name : name;
}

ShownFunction shown_inlined(const go::Image& image, std::string_view name) {
  ShownFunction out;
  out.image = &image;
  out.name = name;
  out.signature = image.type_info().signature(image.type_info().inlined_function(name));
  add_copies(out);
  return out;
}

ShownFunction shown_function(const go::Image& image, uint32_t index) {
  ShownFunction out;
  out.image = &image;
  out.index = index;
  out.name = out.function()->name;
  const go::TypeInfo& info = image.type_info();
  out.signature = info.signature(index);
  if (out.signature) add_values(info, index, out);
  out.sites = image.sites(index);
  add_instructions(out);
  add_copies(out);
  const auto found = callers(image, out.function()->entry);
  out.callers.assign(found.begin(), found.end());
  return out;
}

int show_function(const Command& command) {
  Command program = command;
  program.functions.clear();
  const auto traced = open_traced(program);
  if (!traced) return kFailed;
  const go::Image& image = *traced->image;
  const auto found = find_all_functions(image, command.functions, {});
  if (!found.ok()) {
    print_error(found.error());
    return kFailed;
  }
  const size_t count = found->functions.size() + found->only_inlined.size();
  if (count != 1) {
    print_error(
        {count_of(count, "function") + " match, and show is about one", "gotap list shows many"});
    return kFailed;
  }
  const ShownFunction shown = found->functions.empty()
                                  ? shown_inlined(image, found->only_inlined.front().name)
                                  : shown_function(image, found->functions.front());
  if (command.run.json)
    std::fputs((json_head(command) + show_record(shown) + "\n").c_str(), stdout);
  else
    say_page(shown, traced->path);
  return 0;
}

}  // namespace gotap::cli
