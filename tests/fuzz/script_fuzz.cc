// Fuzzes the language: any bytes are parsed, checked, printed, and every message rendered.
// Entry point: LLVMFuzzerTestOneInput. Seeds: corpus/script/.
//
// What must hold beyond not crashing: a script without errors is one the printers can print,
// and what render() says is safe for a terminal.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "lang/check.h"
#include "lang/parser.h"
#include "support/go_demo.h"

namespace {

using namespace gotap;
using namespace gotap::lang;

// Binaries of all kinds, told apart by the last letter of their path.
std::optional<TargetFacts> facts(const ProbeSpec& spec) {
  switch (spec.path.empty() ? 0 : spec.path.back() % 4) {
    case 0: return TargetFacts{};
    case 1: return TargetFacts{true, go::Abi::GoStack, "1.15.9"};
    case 2: return std::nullopt;
    default: break;
  }
  static const std::unique_ptr<const go::FakeTypeInfo> demo = go::demo();
  TargetFacts facts{true, go::Abi::GoRegisters, "1.24.4"};
  facts.types = demo.get();
  for (uint32_t i = 0; i < demo->functions.size(); i++)
    if (glob_match(spec.function, demo->functions[i].name)) facts.functions.push_back(i);
  return facts;
}

void require(bool good) {
  if (!good) std::abort();
}

void require_safe(const std::string& text) {
  for (char c : text) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Source source{"fuzz", std::string(reinterpret_cast<const char*>(data), size)};
  Parsed parsed = parse(source);
  require(parsed.diagnostics.size() <= kMaxDiagnostics);
  require_safe(render(parsed.diagnostics, source));
  ast::dump(parsed.script);
  Checked checked = check(parsed.script, facts);
  require_safe(render(checked.diagnostics, source));
  if (has_errors(checked.diagnostics)) return 0;
  // What the next stages rely on.
  for (const MapDecl& map : checked.program.maps) {
    require(map.value.kind != Type::Kind::Void);
    for (const Type& key : map.keys) require(key.kind != Type::Kind::Void);
  }
  for (const Clause& clause : checked.program.clauses)
    for (const Variable& variable : clause.variables)
      require(variable.type.kind != Type::Kind::Void && !variable.type.is_aggregate());
  dump(checked.program);
  return 0;
}
