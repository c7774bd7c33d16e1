// The list behind functions.h.
//
// Facts: abi.FuncFlag (internal/abi/symtab.go); ABI wrappers and how they load g
// (cmd/compile/internal/ssagen/abi.go; amd64/ssa.go, getgFromTLS); -8(FS) and its relocations
// (cmd/internal/obj/x86/obj6.go, CanUse1InsnTLS).
#include "go/functions.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "arch/x86_64.h"

namespace gotap::go {
namespace {

constexpr size_t kMaxWrapperScan = 512;  // bytes of a wrapper that are looked through

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether a compiler-made wrapper takes its arguments on the stack: such a one is called from
/// assembly and loads g into R14 before it calls a function with register arguments. (One with
/// register arguments loads g behind a call of assembly, which may have changed R14.)
bool loads_g(Bytes code, uint64_t address) {
  const std::string_view text(reinterpret_cast<const char*>(code.data()),
                              std::min(code.size(), kMaxWrapperScan));
  if (text.find("\x64\x4c\x8b\x34\x25") == text.npos &&  // mov %fs:disp, %r14
      text.find("\x64\x4d\x8b\x36") == text.npos)        // mov %fs:(%r14), %r14
    return false;
  using Kind = arch::PrologueOp::Kind;
  for (uint64_t at = 0; at < text.size();) {
    const Bytes rest = code.from(at);
    const auto instruction = arch::decode(rest, address + at);
    if (!instruction || instruction->flow == arch::Flow::Call ||
        instruction->flow == arch::Flow::IndirectCall)
      return false;
    const arch::PrologueOp op = arch::decode_prologue(rest, address + at);
    if (op.dest == arch::CheckRegister::R14 &&
        (op.kind == Kind::TlsLoad || op.kind == Kind::TlsLoadIndirect))
      return true;
    at += instruction->length;
  }
  return false;
}

/// The Go linker's own marks in the symbol table and, since 1.25, in the pclntab: no functions.
bool is_marker(std::string_view name) {
  return name == "runtime.etext" || name == "runtime.text" || name == "go:buildid" ||
         name == "go.buildid" || name == "go:textfipsstart" || name == "go:textfipsend";
}

/// Functions whose first instruction is not where their calls begin: Duff's devices are entered
/// where as much is left as there is to do, goexit+1 is what a goroutine's first function
/// returns to.
bool is_entered_inside(std::string_view name) {
  return name == "runtime.duffzero" || name == "runtime.duffcopy" || name == "runtime.goexit";
}

uint64_t symbol_end(const elf::Elf& elf, const std::vector<elf::Symbol>& symbols, size_t i) {
  const elf::Symbol& symbol = symbols[i];
  if (symbol.size != 0) return symbol.address + symbol.size;
  // Assembly without .size: up to the next symbol, or the section's end.
  const elf::Section* section = elf.code_section(symbol.address);
  uint64_t end = section ? section->address + section->size : symbol.address;
  for (size_t next = i + 1; next < symbols.size(); next++)
    if (symbols[next].address > symbol.address) return std::min(end, symbols[next].address);
  return end;
}

}  // namespace

Result<std::vector<Function>> make_go_functions(const elf::Elf& elf, const Pclntab& pclntab,
                                                std::vector<PclnFunction>& rows,
                                                const VersionFacts& facts) {
  std::vector<Function> functions;
  functions.reserve(rows.size());
  size_t kept = 0;
  for (const PclnFunction row : rows) {
    auto name = pclntab.name(row);
    if (!name) return Error{"its table of Go functions is damaged", "is the file complete?"};
    if (is_marker(*name)) continue;
    rows[kept++] = row;
    Function function;
    function.name = *name;
    function.entry = row.entry;
    function.end = row.end;
    function.is_go = pclntab.is_go(row);
    if (!function.is_go) {
      functions.push_back(function);
      continue;
    }
    function.argument_bytes = pclntab.argument_bytes(row);
    function.entered_inside = is_entered_inside(*name);
    function.wrapper = pclntab.func_id(row) == facts.wrapper_id;
    function.assembly = facts.assembly_flag ? (pclntab.flags(row) & kFlagAssembly) != 0
                                            : ends_with(pclntab.first_file(row), ".s");
    function.abi = facts.abi;
    if (facts.abi == Abi::GoRegisters) {
      auto code = function.wrapper ? elf.at(row.entry, row.end - row.entry) : std::nullopt;
      if (function.assembly || (code && loads_g(*code, row.entry))) function.abi = Abi::GoStack;
    }
    functions.push_back(function);
  }
  rows.resize(kept);
  return functions;
}

void add_symbol_functions(const elf::Elf& elf, bool is_go, std::vector<Function>* functions,
                          std::vector<PclnFunction>* rows) {
  std::vector<elf::Symbol> symbols = elf.function_symbols();
  std::stable_sort(symbols.begin(), symbols.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
  const size_t go_count = functions->size();
  auto in_go_code = [&](uint64_t address) {
    auto end = functions->begin() + static_cast<ptrdiff_t>(go_count);
    auto it = std::upper_bound(functions->begin(), end, address,
                               [](uint64_t a, const Function& f) { return a < f.entry; });
    return it != functions->begin() && address < std::prev(it)->end;
  };
  for (size_t i = 0; i < symbols.size(); i++) {
    const elf::Symbol& symbol = symbols[i];
    if (!elf.is_executable(symbol.address) || in_go_code(symbol.address)) continue;
    if (is_go && (symbol.size == 0 || is_marker(symbol.name))) continue;
    // .dynsym repeats .symtab.
    bool repeated = false;
    for (size_t back = functions->size(); back > go_count && !repeated; back--) {
      const Function& earlier = (*functions)[back - 1];
      if (earlier.entry != symbol.address) break;
      repeated = earlier.name == symbol.name;
    }
    if (repeated) continue;
    Function function;
    function.name = symbol.name;
    function.entry = symbol.address;
    function.end = std::max(symbol_end(elf, symbols, i), symbol.address);
    functions->push_back(function);
  }
  rows->resize(functions->size());
  if (functions->size() == go_count || go_count == 0) return;
  std::vector<uint32_t> order(functions->size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return (*functions)[a].entry < (*functions)[b].entry;
  });
  std::vector<Function> sorted_functions;
  std::vector<PclnFunction> sorted_rows;
  sorted_functions.reserve(order.size());
  sorted_rows.reserve(order.size());
  for (uint32_t i : order) {
    sorted_functions.push_back((*functions)[i]);
    sorted_rows.push_back((*rows)[i]);
  }
  *functions = std::move(sorted_functions);
  *rows = std::move(sorted_rows);
}

namespace {

/// The offset from fsbase that `setup` put into a register, through which g is loaded next.
std::optional<int64_t> indirect_offset(const elf::Elf& elf, const arch::PrologueOp& setup) {
  using Kind = arch::PrologueOp::Kind;
  if (setup.kind == Kind::Constant) return setup.value;
  if (setup.kind != Kind::GotLoad) return std::nullopt;
  const uint64_t slot = static_cast<uint64_t>(setup.value);
  for (const elf::Relocation& r : elf.relocations())
    if (r.tls && r.address == slot) return elf.tls_offset(r.addend);
  auto word = elf.word(slot);
  return word && *word != 0 ? std::optional(static_cast<int64_t>(*word)) : std::nullopt;
}

std::optional<int64_t> tls_offset_in(const elf::Elf& elf, const Function& function) {
  constexpr unsigned kMaxInstructions = 24;
  auto code = elf.at(function.entry, function.end - function.entry);
  if (!code) return std::nullopt;
  arch::PrologueOp last;
  uint64_t at = 0;
  for (unsigned i = 0; i < kMaxInstructions && at < code->size(); i++) {
    const Bytes rest = code->from(at);
    auto insn = arch::decode(rest, function.entry + at);
    if (!insn) return std::nullopt;
    if (auto offset = arch::tls_displacement(rest)) return offset;
    const arch::PrologueOp op = arch::decode_prologue(rest, function.entry + at);
    if (op.kind == arch::PrologueOp::Kind::TlsLoadIndirect && op.base == last.dest)
      return indirect_offset(elf, last);
    last = op;
    at += insn->length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int32_t> find_tls_offset(const elf::Elf& elf,
                                       const std::vector<Function>& functions) {
  constexpr unsigned kMaxFunctions = 400;
  unsigned tried = 0;
  for (const Function& function : functions) {
    if (!function.is_go || function.abi != Abi::GoStack) continue;
    if (++tried > kMaxFunctions) break;
    auto offset = tls_offset_in(elf, function);
    if (offset && *offset < 0 && *offset > -(1 << 20) && *offset % 8 == 0)
      return static_cast<int32_t>(*offset);
  }
  return std::nullopt;
}

}  // namespace gotap::go
