#include "go/image_types.h"

#include <algorithm>

#include "base/text.h"
#include "go/argument_info.h"
#include "go/signature_text.h"
#include "go/versions.h"

namespace gotap::go {

const DwarfTypes* ImageTypes::dwarf() const {
  if (!looked_for_dwarf_) dwarf_ = DwarfTypes::open(elf_, minor_);
  looked_for_dwarf_ = true;
  return dwarf_.get();
}

const Rtypes* ImageTypes::rtypes() const {
  if (!looked_for_rtypes_ && pclntab_) rtypes_ = Rtypes::open(elf_, *pclntab_, minor_);
  looked_for_rtypes_ = true;
  return rtypes_.get();
}

const DwarfTypes* ImageTypes::described() const {
  if (dwarf()) return dwarf();
  return debug_ ? &debug_->dwarf() : nullptr;
}

Result<void> ImageTypes::add(const TypeSources& sources) {
  if (!sources.is_given()) return {};
  if (!pclntab_)
    return Error{"signatures and debug binaries are for Go programs, which this is not", ""};
  if (!sources.debug_binary.empty()) {
    TRY(debug, DebugBinary::open(sources.debug_binary, elf_, *pclntab_, minor_));
    debug_ = std::move(debug);
  }
  for (const std::string& text : sources.signatures) TRY_DO(add_signature(text));
  return {};
}

Result<void> ImageTypes::add_signature(const std::string& text) {
  const std::string_view name = function_of(text);
  std::vector<size_t> functions;
  for (size_t i = 0; i < functions_.size(); i++)
    if (functions_[i].is_go && functions_[i].name == name) functions.push_back(i);
  if (functions.empty() && !name.empty()) {
    std::vector<std::string_view> names;
    for (const Function& function : functions_) names.push_back(function.name);
    const auto nearest = nearest_names(name, names, 3);
    return Error{"a signature is given for " + std::string(name) + ", which the program has not",
                 nearest.empty() ? "" : "did you mean " + join_words(nearest, "or") + "?"};
  }
  TRY(written, parse_signature(text, *this, types_, [this] {
        return rtypes() ? rtypes()->type_names() : std::vector<std::string>();
      }));
  for (size_t index : functions) {
    TRY_DO(check(written.signature, index));
    written_.insert_or_assign(index, written.signature);
  }
  return {};
}

/// Held against what the binary has: the size of all arguments, and their first scalars.
Result<void> ImageTypes::check(const Signature& signature, size_t index) const {
  const Function& function = functions_[index];
  const Placement placement = place(types_, signature, function.abi);
  const std::string text = to_string(types_, signature, function.name);
  if (placement.stack_bytes && function.argument_bytes) {
    const uint32_t bytes = *placement.stack_bytes + placement.spill_bytes;
    if (bytes != *function.argument_bytes)
      return Error{text + " is not its signature: that has " + std::to_string(bytes) +
                       " bytes of arguments, the program has " +
                       std::to_string(*function.argument_bytes),
                   ""};
  }
  const auto has = written_arguments(index);
  const auto expected = expected_argument_info(types_, signature, function.abi, function.name);
  if (has && expected && *has != *expected)
    return Error{text + " is not its signature: that has arguments of " +
                     describe_argument_info(*expected) + ", the program has " +
                     describe_argument_info(*has),
                 ""};
  return {};
}

std::optional<uint64_t> ImageTypes::gofunc() const {
  const auto layout = type_layout(minor_);
  const auto module = pclntab_->module_data();
  if (!layout || layout->gofunc < 0 || !module) return std::nullopt;
  return elf_.word(*module + static_cast<uint64_t>(layout->gofunc));
}

std::optional<std::vector<uint8_t>> ImageTypes::written_arguments(size_t index) const {
  const auto gofunc = this->gofunc();
  if (minor_ < kArgumentInfoMinor || !gofunc) return std::nullopt;
  auto table = pclntab_->funcdata(rows_[index], kArgumentInfoTable, *gofunc);
  return table ? argument_info(elf_.from(*table)) : std::nullopt;
}

/// The user's word goes first, then the one who knows most.
Result<Signature> ImageTypes::signature(uint32_t index) const {
  if (index >= functions_.size() && !function_name(index).empty()) {
    if (!described()) return Error{"signature unknown: stripped", ""};
    if (auto found = described()->inlined_signature(function_name(index), types_)) return *found;
    return Error{"signature unknown: not described by DWARF", ""};
  }
  if (index >= functions_.size() || !functions_[index].is_go)
    return Error{"signature unknown: not a Go function", ""};
  const Function& function = functions_[index];
  if (auto written = written_.find(index); written != written_.end()) return written->second;
  std::optional<Error> reason;
  if (dwarf()) {
    auto found = dwarf()->signature(function, types_);
    if (found) return found;
    reason = found.error();
  }
  if (debug_) {
    auto found = debug_->dwarf().signature(function, types_);
    if (found) {
      found->source = Signature::Source::DebugBinary;
      return found;
    }
    if (!reason) reason = found.error();
  }
  if (rtypes())
    if (auto method = rtypes()->method(function.entry, types_)) return *method;
  if (reason) return *reason;
  if (!rtypes())
    return Error{"signature unknown: no type data of Go 1." + std::to_string(minor_), ""};
  return Error{"signature unknown: stripped", ""};
}

Abi ImageTypes::abi(uint32_t index) const {
  return index < functions_.size() ? functions_[index].abi : Abi::C;
}

std::string_view ImageTypes::function_name(uint32_t index) const {
  if (index < functions_.size()) return functions_[index].name;
  const size_t inlined = index - functions_.size();
  return inlined < inlined_functions_.size() ? inlined_functions_[inlined] : std::string_view();
}

uint32_t ImageTypes::inlined_function(std::string_view name) const {
  auto found = std::find(inlined_functions_.begin(), inlined_functions_.end(), name);
  if (found == inlined_functions_.end()) found = inlined_functions_.emplace(found, name);
  return static_cast<uint32_t>(functions_.size() +
                               static_cast<size_t>(found - inlined_functions_.begin()));
}

/// Of the function that `address` lies in; null: there is none.
const InlinedValues* ImageTypes::values_in(uint64_t address) const {
  const auto at = [this](uint64_t wanted) {
    return std::upper_bound(functions_.begin(), functions_.end(), wanted,
                            [](uint64_t a, const Function& f) { return a < f.entry; });
  };
  const auto after = at(address);
  if (after == functions_.begin() || !(after - 1)->is_go || address >= (after - 1)->end)
    return nullptr;
  const auto index = static_cast<size_t>(after - 1 - functions_.begin());
  if (host_ == index) return host_values_ ? &*host_values_ : nullptr;
  host_ = index;
  host_values_.reset();
  const Function& function = functions_[index];
  const auto code = elf_.at(function.entry, function.end - function.entry);
  if (!code) return nullptr;
  // What these change is the compiler's business: their calls are instructions of its own, of which
  // it knows the registers (cmd/compile/internal/ssa/_gen/AMD64Ops.go, clobbers).
  const auto keeps_registers = [&](uint64_t target) {
    const auto callee = at(target);
    return callee != functions_.begin() && (callee - 1)->name.starts_with("runtime.gcWriteBarrier");
  };
  CodeLines lines{pclntab_->lines(rows_[index]), {}, minor_};
  const VersionFacts facts = version_facts(minor_);
  lines.inlined = InlineTables(elf_, *pclntab_, facts, gofunc().value_or(0)).read(rows_[index]);
  host_values_.emplace(*code, function.entry, pclntab_->stack_depths(rows_[index]), keeps_registers,
                       lines);
  return &*host_values_;
}

Result<ValueLocation> ImageTypes::inlined_place(const InlinedCallSite& call, uint32_t function,
                                                const Parameter& parameter) const {
  if (!described()) return Error{"inlined: not known without DWARF", ""};
  const Error unknown{"inlined: not known here", ""};
  const std::vector<InlinedCall> calls = described()->inlined_calls(call.body, types_);
  const InlinedValues* values = values_in(call.address);
  if (!values || call.depth >= calls.size() || parameter.name.empty() ||
      calls[call.depth].function != function_name(function))
    return unknown;
  const std::vector<InlinedParameter>& params = calls[call.depth].params;
  const auto found = std::find_if(params.begin(), params.end(), [&](const InlinedParameter& it) {
    return !it.is_result && it.name == parameter.name;
  });
  // The compiler lists those of which something is left.
  if (found == params.end()) return Error{"inlined: optimized out", ""};
  // Another instance of a generic function.
  if (found->type != parameter.type) return unknown;
  return values->place(types_, calls[call.depth], *found, call.address);
}

/// Where the caller puts the parameter; nothing: it is none, or that is not known.
std::optional<ValueLocation> ImageTypes::passed(uint32_t function,
                                                const LocalVariable& variable) const {
  if (!variable.is_parameter || variable.is_result) return std::nullopt;
  const auto signature = this->signature(function);
  if (!signature) return std::nullopt;
  const Placement placement = place(types_, *signature, abi(function));
  for (size_t i = 0; i < signature->params.size() && i < placement.params.size(); i++)
    if (signature->params[i].name == variable.name) return placement.params[i];
  return std::nullopt;
}

Result<Local> ImageTypes::local(uint32_t function, const LinePoint& point,
                                std::string_view name) const {
  if (!described())
    return Error{"variables are not known: the program has no DWARF",
                 "name a build of the same source that has: --debug-binary FILE"};
  using State = LocalVariable::State;
  const std::vector<LocalVariable> all = described()->locals(point.address, point.line, types_);
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const LocalVariable& it) { return it.name == name; });
  std::vector<std::string_view> visible;
  for (const LocalVariable& it : all)
    if (it.state != State::Later) visible.push_back(it.name);
  if (found == all.end()) {
    const auto nearest = nearest_names(name, visible, 3);
    std::string hint;
    if (!nearest.empty()) hint = "did you mean " + join_words(nearest, "or") + "?";
    return Error{
        "there is no variable " + std::string(name) + " on line " + std::to_string(point.line),
        hint.empty() && visible.empty() ? "no variable is known there" : hint};
  }
  if (found->state == State::Later)
    return Error{std::string(name) + " is not declared yet before line " +
                     std::to_string(point.line) + " runs",
                 "log one of the lines behind its declaration"};
  Local out{found->name, found->type, {}, found->escaped, ""};
  if (found->escaped) out.type = types_.at(found->type).elem;
  const InlinedValues* values = values_in(point.address);
  if (found->state == State::Gone) {
    out.unknown = "optimized out";
  } else if (found->state == State::Ambiguous || !values) {
    out.unknown = "not known here";
  } else {
    auto place = values->place_local(types_, *found, passed(function, *found), point);
    if (place)
      out.place = *place;
    else
      out.unknown = place.error().message;
  }
  return out;
}

std::vector<Local> ImageTypes::locals(const LinePoint& point) const {
  std::vector<Local> out;
  if (!described()) return out;
  for (const LocalVariable& it : described()->locals(point.address, point.line, types_))
    if (it.state != LocalVariable::State::Later)
      out.push_back({it.name, it.escaped ? types_.at(it.type).elem : it.type, {}, it.escaped, ""});
  return out;
}

std::vector<TypeId> ImageTypes::find_types(std::string_view name) const {
  std::vector<TypeId> found;
  if (const DwarfTypes* it = described())
    for (uint64_t key : it->find_types(name)) found.push_back(types_.reference(*it, key));
  if (found.empty() && rtypes())
    for (uint64_t key : rtypes()->find_types(name))
      found.push_back(types_.reference(*rtypes_, key));
  return found;
}

std::optional<TypeId> ImageTypes::type_at(uint64_t address) const {
  if (!rtypes() || !rtypes()->is_type(address)) return std::nullopt;
  return types_.reference(*rtypes_, address);
}

uint64_t ImageTypes::runtime_address(TypeId type) const {
  const GoType& known = types_.at(type);
  if (known.runtime_address != 0 || !rtypes()) return known.runtime_address;
  const std::vector<uint64_t> found = rtypes()->find_types(known.name);
  return found.size() == 1 ? found.front() : 0;
}

Result<Global> ImageTypes::global(std::string_view name) const {
  if (!described())
    return Error{"package variables are not known: the program has no DWARF",
                 "name a build of the same source that has: --debug-binary FILE"};
  if (auto found = described()->global(name, types_)) {
    if (dwarf()) return *found;
    auto address = debug_->in_program(found->address, types_.at(found->type).size);
    if (address) return Global{*address, found->type};
    return Error{
        "where the program has " + std::string(name) +
            " is not known: in the debug binary its data lies elsewhere, and no code tells",
        "build both with -trimpath, or strip a copy of the debug binary"};
  }
  const std::vector<std::string> names = described()->global_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto nearest = nearest_names(name, views, 3);
  return Error{"there is no package variable " + std::string(name),
               nearest.empty() ? "" : "did you mean " + join_words(nearest) + "?"};
}

std::vector<Constant> ImageTypes::constants(TypeId type) const {
  return described() ? described()->constants(types_.at(type).name) : std::vector<Constant>();
}

std::vector<std::string> ImageTypes::warnings() const {
  std::vector<std::string> all;
  if (dwarf_) all = dwarf_->warnings();
  if (debug_)
    for (std::string& warning : debug_->dwarf().warnings()) all.push_back(std::move(warning));
  if (rtypes_)
    for (std::string& warning : rtypes_->warnings()) all.push_back(std::move(warning));
  return all;
}

}  // namespace gotap::go
