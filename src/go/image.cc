// The facade behind image.h: opens a file, joins what elf/, the pclntab and the build
// information say, and hands single functions to sites.cc.
#include "go/image.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

#include "arch/x86_64.h"
#include "base/fd.h"
#include "base/text.h"
#include "elf/elf.h"
#include "go/buildinfo.h"
#include "go/functions.h"
#include "go/image_types.h"
#include "go/inline_tree.h"
#include "go/line_sites.h"
#include "go/pclntab.h"
#include "go/sites.h"
#include "go/versions.h"
#include "go/wait_reasons.h"

namespace gotap::go {
namespace {

constexpr int32_t kUsualTlsOffset = -8;  // cmd/link/internal/ld/sym.go, Tlsoffset

}  // namespace

struct Image::Impl {
  std::string path;
  MappedFile file;
  Bytes bytes;
  elf::Elf elf;
  std::optional<Pclntab> pclntab;
  std::vector<Function> functions;
  std::vector<PclnFunction> rows;  ///< parallel to functions; record 0: not from the pclntab
  bool is_go = false, stripped = false;
  BuildInfo build;
  VersionFacts facts;
  std::string build_id, warning;
  std::unique_ptr<ImageTypes> types;
  int32_t tls_offset = kUsualTlsOffset;
  uint64_t gofunc = 0;  ///< moduledata.gofunc, from 1.18
  mutable std::map<std::pair<std::string, uint32_t>, LineSites> lines;  ///< asked for before

  Result<void> read();
  Result<void> read_go();
  void find_version();
  /// The numbers of tables that no header tells are those of its version.
  bool knows_version() const { return warning.empty(); }
  /// Of a Go program.
  InlineTables inline_tables() const { return {elf, *pclntab, facts, gofunc}; }
  const Function* function(uint32_t index) const {
    return index < functions.size() ? &functions[index] : nullptr;
  }
};

const char* name(Abi abi) {
  switch (abi) {
    case Abi::C: return "c";
    case Abi::GoStack: return "go-stack";
    case Abi::GoRegisters: return "go-registers";
  }
  return "?";
}

const char* name(GSource source) {
  switch (source) {
    case GSource::None: return "none";
    case GSource::R14: return "r14";
    case GSource::Rcx: return "rcx";
    case GSource::Tls: return "tls";
  }
  return "?";
}

GSource g_source(const Function& function) {
  if (!function.is_go) return GSource::None;
  return function.abi == Abi::GoRegisters ? GSource::R14 : GSource::Tls;
}

Result<void> Image::Impl::read() {
  TRY(parsed, elf::Elf::parse(bytes));
  elf = std::move(parsed);
  build_id = elf.build_id();
  stripped = !elf.has_symbol_table();
  TRY_DO(read_go());
  add_symbol_functions(elf, is_go, &functions, &rows);
  types = std::make_unique<ImageTypes>(elf, pclntab ? &*pclntab : nullptr, functions, rows,
                                       build.minor);
  return {};
}

Result<void> Image::Impl::read_go() {
  const std::optional<BuildInfo> info = read_build_info(elf);
  const bool marked = info || elf.section(".go.buildinfo") || elf.section(".note.go.buildid") ||
                      elf.section(".gopclntab");
  // A C program has no such mark; only where there are no section headers is it worth a search.
  if (!marked && !elf.sections().empty()) return {};
  TRY(table, Pclntab::open(elf));
  if (!table) {
    if (!marked) return {};
    return Error{"a Go program, but its table of functions (pclntab) cannot be found",
                 "is the file packed or damaged?"};
  }
  is_go = true;
  pclntab = table;
  if (info) build = *info;
  find_version();
  TRY(go_rows, pclntab->functions());
  rows = std::move(go_rows);
  TRY(go_functions, make_go_functions(elf, *pclntab, rows, facts));
  functions = std::move(go_functions);
  if (const auto layout = type_layout(build.minor); layout && layout->gofunc >= 0)
    if (auto module = pclntab->module_data())
      gofunc = elf.word(*module + static_cast<uint64_t>(layout->gofunc)).value_or(0);
  tls_offset = find_tls_offset(elf, functions).value_or(kUsualTlsOffset);
  if (elf.is_shared_library()) tls_offset = 0;  // the program that loads it decides
  return {};
}

/// Entries and returns are proven by decoding, whatever the version. What is taken from another
/// version is said; where goroutines keep their ids is never taken from another.
void Image::Impl::find_version() {
  const int minor = build.minor;
  if (minor == 0) build.minor = std::max(pclntab->layout().first_minor, kOldestMinor);
  facts = version_facts(build.minor);
  if (minor >= kOldestMinor && minor <= kNewestMinor) return;
  if (minor != 0) {
    const bool newer = minor > kNewestMinor;
    warning = "built by Go 1." + std::to_string(minor) + ", " + (newer ? "newer" : "older") +
              " than what is known here (1." + std::to_string(newer ? kNewestMinor : kOldestMinor) +
              ")";
  } else {
    warning = "its Go version is not known";
    facts.goid_offset = facts.labels_offset = facts.gopc_offset = 0;
  }
  warning += ": there is no goid, and argN and retval are taken from where Go 1." +
             std::to_string(std::clamp(build.minor, kOldestMinor, kNewestMinor)) + " has them";
}

Image::Image(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Image::~Image() = default;

Result<std::shared_ptr<const Image>> Image::open(const std::string& path,
                                                 const TypeSources& sources) {
  TRY(file, MappedFile::open(path));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->file = std::move(file);
  impl->bytes = impl->file.bytes();
  if (auto read = impl->read(); !read)
    return Error{path + ": " + read.error().message, read.error().hint};
  TRY_DO(impl->types->add(sources));
  return std::shared_ptr<const Image>(new Image(std::move(impl)));
}

Result<std::shared_ptr<const Image>> Image::from_bytes(Bytes bytes, std::string name) {
  auto impl = std::make_unique<Impl>();
  impl->path = std::move(name);
  impl->bytes = bytes;
  if (auto read = impl->read(); !read)
    return Error{impl->path + ": " + read.error().message, read.error().hint};
  return std::shared_ptr<const Image>(new Image(std::move(impl)));
}

const std::string& Image::path() const { return impl_->path; }
int Image::fd() const { return impl_->file.fd(); }
bool Image::is_unchanged() const { return fd() < 0 || impl_->file.is_unchanged(); }
bool Image::is_go() const { return impl_->is_go; }
const std::string& Image::go_version() const { return impl_->build.version; }
int Image::go_minor() const { return impl_->build.minor; }
const std::string& Image::main_module() const { return impl_->build.main_module; }
const std::string& Image::build_id() const { return impl_->build_id; }
bool Image::is_pie() const { return impl_->elf.is_pie(); }
bool Image::stripped() const { return impl_->stripped; }
Abi Image::abi() const { return impl_->is_go ? impl_->facts.abi : Abi::C; }
const std::string& Image::version_warning() const { return impl_->warning; }
int32_t Image::goid_offset() const { return impl_->facts.goid_offset; }
int32_t Image::labels_offset() const { return impl_->facts.labels_offset; }
int32_t Image::gopc_offset() const { return impl_->facts.gopc_offset; }
bool Image::has_label_list() const { return impl_->facts.minor >= kLabelListMinor; }
std::vector<std::string> Image::wait_reasons() const { return find_wait_reasons(impl_->elf); }
int32_t Image::tls_offset() const { return impl_->tls_offset; }
const std::vector<Function>& Image::functions() const { return impl_->functions; }

std::vector<uint32_t> Image::find(std::string_view name) const {
  std::vector<uint32_t> found;
  const std::vector<Function>& functions = impl_->functions;
  for (uint32_t i = 0; i < functions.size(); i++)
    if (functions[i].name == name) found.push_back(i);
  if (!found.empty() || !impl_->is_go) return found;
  for (const elf::Symbol& symbol : impl_->elf.function_symbols()) {
    if (symbol.name != name) continue;
    auto index = function_at(symbol.address);
    if (index && functions[*index].entry == symbol.address &&
        std::find(found.begin(), found.end(), *index) == found.end())
      found.push_back(*index);
  }
  return found;
}

std::optional<uint32_t> Image::function_at(uint64_t address) const {
  const std::vector<Function>& functions = impl_->functions;
  auto it = std::upper_bound(functions.begin(), functions.end(), address,
                             [](uint64_t a, const Function& f) { return a < f.entry; });
  // Symbols of C may nest or share an address: the nearest one before that reaches this far.
  constexpr int kLookBack = 64;
  for (int i = 0; i < kLookBack && it != functions.begin(); i++) {
    --it;
    if (address < it->end) return static_cast<uint32_t>(it - functions.begin());
    if (it->is_go) break;
  }
  return std::nullopt;
}

FunctionSites Image::sites(uint32_t index) const {
  const Function* function = impl_->function(index);
  FunctionSites refused;
  if (!function) {
    refused.entry_refused = refused.rets_refused = "there is no such function";
    return refused;
  }
  auto code = impl_->elf.at(function->entry, function->end - function->entry);
  if (!code || !impl_->elf.is_executable(function->entry)) {
    refused.entry_refused = refused.rets_refused = "its code is not in the file";
    return refused;
  }
  SiteInput input{*code, function->entry,         function->is_go, g_source(*function),
                  {},    function->entered_inside};
  if (function->is_go) {
    const PclnFunction& row = impl_->rows[index];
    input.stack_depths = impl_->pclntab->stack_depths(row);
    input.deferreturn = impl_->pclntab->deferreturn(row);
    input.open_defers =
        impl_->knows_version() &&
        impl_->pclntab->funcdata(row, impl_->facts.open_defers, impl_->gofunc).has_value();
  }
  return find_sites(input);
}

Result<std::vector<uint64_t>> Image::boundaries(uint32_t index) const {
  const Function* function = impl_->function(index);
  if (!function) return Error{"there is no such function", ""};
  auto code = impl_->elf.at(function->entry, function->end - function->entry);
  if (!code) return Error{std::string(function->name) + ": its code is not in the file", ""};
  const DecodedFunction decoded = decode_function(*code, function->entry);
  if (!decoded.problem.empty())
    return Error{std::string(function->name) + ": " + decoded.problem,
                 "instruction boundaries are not known for sure in this function"};
  std::vector<uint64_t> addresses;
  for (const Decoded& at : decoded.insns) addresses.push_back(at.address);
  return addresses;
}

std::vector<InlinedCopies> Image::inlined_copies(const std::vector<std::string_view>& names) const {
  if (!impl_->pclntab || !impl_->knows_version() || names.empty()) return {};
  return impl_->inline_tables().copies(impl_->rows, names);
}

std::vector<InlinedFunction> Image::only_inlined() const {
  if (!impl_->pclntab || !impl_->knows_version()) return {};
  std::unordered_set<std::string_view> names;
  for (const Function& function : functions()) names.insert(function.name);
  std::vector<InlinedFunction> found = impl_->inline_tables().inlined(impl_->rows);
  std::erase_if(found, [&](const InlinedFunction& it) { return names.count(it.name) > 0; });
  return found;
}

InlinedSites Image::inlined_sites(uint32_t index, std::string_view name) const {
  const Function* function = impl_->function(index);
  if (!function || !function->is_go || !impl_->knows_version()) return {};
  auto code = impl_->elf.at(function->entry, function->end - function->entry);
  if (!code || !impl_->elf.is_executable(function->entry)) return {};
  const PclnFunction& row = impl_->rows[index];
  const InlineTables tables = impl_->inline_tables();
  return find_inlined_sites({*code, function->entry, g_source(*function), impl_->build.minor,
                             tables.read(row), impl_->pclntab->lines(row)},
                            name);
}

// Method wrappers made by the compiler have a place of their own for source; in Go 1.24 some
// (promoted methods) lack the funcID. Functions for comparing and hashing have that place, too,
// but the names of types, and `init` has no receiver. One into which what it calls was inlined has
// only that one's calls.
std::vector<uint32_t> Image::wrapped_by(uint32_t index) const {
  const Function* function = impl_->function(index);
  if (!function || !function->is_go || function->assembly || !impl_->knows_version()) return {};
  if (!function->wrapper) {
    const std::string_view name = function->name.substr(function->name.rfind('/') + 1);
    const size_t dot = name.find('.');
    const bool is_method = dot != name.npos && name.find('.', dot + 1) != name.npos;
    if (!is_method || name.starts_with("type.") || name.starts_with("type:") ||
        impl_->pclntab->first_file(impl_->rows[index]) != "<autogenerated>")
      return {};
  }
  auto code = impl_->elf.at(function->entry, function->end - function->entry);
  if (!code) return {};
  const InlineTables tables = impl_->inline_tables();
  if (!tables.read(impl_->rows[index]).calls.empty()) return {};
  auto is_helper = [](std::string_view name) {
    for (std::string_view helper : {"runtime.morestack", "runtime.panic", "runtime.gcWriteBarrier",
                                    "runtime.duff", "runtime.deferreturn"})
      if (name.starts_with(helper)) return true;
    return false;
  };
  std::vector<uint32_t> callees;
  for (const Decoded& at : decode_function(*code, function->entry).insns) {
    using arch::Flow;
    if (at.insn.flow != Flow::Call && at.insn.flow != Flow::Jump) continue;
    auto to = function_at(at.insn.target);
    if (to && *to != index && impl_->functions[*to].entry == at.insn.target &&
        !is_helper(impl_->functions[*to].name))
      callees.push_back(*to);
  }
  return callees;
}

std::optional<SourceLine> Image::line(uint64_t address) const {
  auto index = function_at(address);
  if (!index || !impl_->functions[*index].is_go) return std::nullopt;
  return impl_->pclntab->line(impl_->rows[*index], address);
}

std::vector<SourceFrame> Image::source_frames(uint64_t address) const {
  auto index = function_at(address);
  if (!index) return {};
  const Function& function = impl_->functions[*index];
  if (!function.is_go) return {{function.name, {}, false}};
  const PclnFunction& row = impl_->rows[*index];
  InlineTree tree;
  if (impl_->knows_version()) tree = impl_->inline_tables().read(row);
  std::vector<SourceFrame> frames;
  auto line = [&](uint64_t at) { return impl_->pclntab->line(row, at).value_or(SourceLine{}); };
  for (int32_t call = tree.at(address); call >= 0 && frames.size() < tree.calls.size();) {
    const InlineRecord& record = tree.calls[static_cast<size_t>(call)];
    frames.push_back({record.name, line(address), true});
    address = record.mark;
    call = record.parent;
  }
  frames.push_back({function.name, line(address), false});
  return frames;
}

std::optional<int32_t> Image::stack_depth(uint64_t address) const {
  auto index = function_at(address);
  if (!index || !impl_->functions[*index].is_go) return std::nullopt;
  const auto depth = value_at(impl_->pclntab->stack_depths(impl_->rows[*index]), address);
  return depth && *depth >= 0 ? depth : std::nullopt;
}

// Of the lengths a call instruction may have, one must decode to a call that ends there.
bool Image::is_return_address(uint64_t address) const {
  constexpr uint64_t kShortest = 2, kLongest = 8;
  auto index = function_at(address - 1);
  if (!index) return false;
  for (uint64_t length = kShortest; length <= kLongest; length++) {
    auto code = impl_->elf.at(address - length, length);
    if (!code || !impl_->elf.is_executable(address - length)) continue;
    auto insn = arch::decode(*code, address - length);
    if (!insn || insn->length != length) continue;
    if (insn->flow == arch::Flow::Call || insn->flow == arch::Flow::IndirectCall) return true;
  }
  return false;
}

const LineSites& Image::line_sites(std::string_view file, uint32_t line) const {
  auto [known, fresh] = impl_->lines.try_emplace({std::string(file), line});
  if (!fresh || !impl_->pclntab) return known->second;
  const InlineTables tables = impl_->inline_tables();
  known->second =
      find_line_sites({impl_->elf, *impl_->pclntab, impl_->functions, impl_->rows,
                       impl_->knows_version() ? &tables : nullptr, impl_->types->source_rows(file)},
                      file, line);
  return known->second;
}

std::optional<uint64_t> Image::file_offset(uint64_t address) const {
  return impl_->elf.file_offset(address);
}

std::optional<Bytes> Image::bytes_at(uint64_t address, uint64_t length) const {
  return impl_->elf.at(address, length);
}

const TypeInfo& Image::type_info() const { return *impl_->types; }

std::string Image::dump(uint32_t index) const {
  const Function* function = impl_->function(index);
  if (!function) return {};
  constexpr std::array kForms = {"post", "check", "start"};
  const FunctionSites found = sites(index);
  std::string out = hex(function->entry) + "-" + hex(function->end) + " " +
                    std::string(function->name) + " " + name(function->abi);
  auto at = [function](uint64_t address) { return "+" + hex(address - function->entry); };
  if (function->assembly) out += " assembly";
  if (function->wrapper) out += " wrapper";
  if (found.entry)
    out += std::string(" ") + kForms[static_cast<size_t>(found.entry->form)] + "=" +
           at(found.entry->address) + (found.entry->emulated ? "" : "(stepped)") +
           " g=" + name(found.entry->g);
  for (const RetSite& ret : found.rets)
    out += " ret=" + at(ret.address) +
           (ret.recovery == Recovery::Yes       ? "(recovered)"
            : ret.recovery == Recovery::Unknown ? "(recovered?)"
                                                : "");
  for (const TailJump& jump : found.tail_jumps)
    out += " jump=" + at(jump.address) + ">" + hex(jump.target);
  for (uint64_t address : found.indirect_jumps) out += " jump=" + at(address) + ">?";
  if (found.has_loop_to_start) out += " loop-to-start";
  if (!found.entry_refused.empty()) out += " [no entry: " + found.entry_refused + "]";
  if (!found.rets_refused.empty()) out += " [no returns: " + found.rets_refused + "]";
  return out;
}

}  // namespace gotap::go
