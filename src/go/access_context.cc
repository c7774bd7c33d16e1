// Where the OpenTelemetry span of a context.Context is: the types that contexts are chained of, and
// those of spans; see access_walk.h. They are found by their names and read by the names of their
// fields: context/context.go, go.opentelemetry.io/otel (trace/context.go, trace/noop.go,
// trace/noop/noop.go, trace/auto.go, internal/global/trace.go, sdk/trace/span.go).
#include <array>

#include "go/access_walk.h"

namespace gotap::go {

namespace {

constexpr std::string_view kKeyType = "go.opentelemetry.io/otel/trace.traceContextKeyType";

// Types that an interface may hold as they are, or by pointer.
constexpr std::array<std::string_view, 6> kContexts{
    "context.valueCtx",         "context.cancelCtx",    "context.timerCtx",
    "context.withoutCancelCtx", "context.afterFuncCtx", "context.stopCtx"};
constexpr std::array<std::string_view, 3> kRoots{"context.emptyCtx", "context.backgroundCtx",
                                                 "context.todoCtx"};

struct SpanRow {
  std::string_view type;
  std::string_view field;  ///< its trace.SpanContext; a type without it has no ids
};
constexpr std::array<SpanRow, 7> kSpans{{
    {"go.opentelemetry.io/otel/sdk/trace.recordingSpan", "spanContext"},
    {"go.opentelemetry.io/otel/sdk/trace.nonRecordingSpan", "sc"},
    {"go.opentelemetry.io/otel/trace.nonRecordingSpan", "sc"},
    {"go.opentelemetry.io/otel/trace.autoSpan", "spanContext"},
    {"go.opentelemetry.io/otel/trace.noopSpan", "sc"},
    {"go.opentelemetry.io/otel/trace/noop.Span", "sc"},
    {"go.opentelemetry.io/otel/internal/global.nonRecordingSpan", "sc"},
}};

/// A type as interfaces hold it, and the struct behind the data word.
struct Held {
  uint64_t type_address = 0;
  TypeId behind = kNoType;
};

class ContextWalk {
 public:
  explicit ContextWalk(const TypeInfo& info) : info_(info), types_(info.types()) {}
  Result<ContextForms> run();

 private:
  std::vector<Held> held(std::string_view name) const;
  std::optional<uint64_t> offset(TypeId in, const std::string& field, TypeId* type = nullptr) const;
  std::optional<uint64_t> parent(TypeId in) const;
  void link(const Held& held, bool is_value);
  void span(const Held& held, const std::string& field);

  const TypeInfo& info_;
  const Types& types_;
  ContextForms forms_;
};

std::vector<Held> ContextWalk::held(std::string_view name) const {
  std::vector<Held> all;
  for (const std::string& spelled : {std::string(name), "*" + std::string(name)}) {
    for (TypeId id : info_.find_types(spelled)) {
      // A vendored copy has a longer path.
      if (!types_.at(id).name.ends_with(name)) continue;
      const uint64_t address = info_.runtime_address(id);
      const bool pointer = types_.at(id).kind == TypeKind::Pointer;
      if (address == 0 || (!pointer && is_direct(types_, id, info_.minor()))) continue;
      all.push_back({address, pointer ? types_.at(id).elem : id});
    }
  }
  return all;
}

// Of a field that lies in the struct itself, embedded ones included.
std::optional<uint64_t> ContextWalk::offset(TypeId in, const std::string& field,
                                            TypeId* type) const {
  const std::vector<FieldPath> found = find_field(types_, in, field);
  if (found.size() != 1) return std::nullopt;
  uint64_t offset = 0;
  TypeId at = in;
  for (const TypeField* step : found.front()) {
    if (types_.at(at).kind == TypeKind::Pointer) return std::nullopt;
    offset += step->offset;
    at = step->type;
  }
  if (type) *type = at;
  return offset;
}

std::optional<uint64_t> ContextWalk::parent(TypeId in) const {
  for (const char* name : {"Context", "c"}) {
    TypeId type = kNoType;
    const auto at = offset(in, name, &type);
    if (at && types_.at(type).name == "context.Context") return at;
  }
  return std::nullopt;
}

void ContextWalk::link(const Held& held, bool is_value) {
  const auto at = parent(held.behind);
  if (!at) return;
  ContextForms::Link link;
  link.type_address = held.type_address;
  link.parent = static_cast<uint32_t>(*at);
  link.is_value = is_value;
  if (is_value) {
    const auto key = offset(held.behind, "key"), value = offset(held.behind, "val");
    if (!key || !value) return;
    link.key = static_cast<uint32_t>(*key);
    link.value = static_cast<uint32_t>(*value);
  }
  forms_.links.push_back(link);
}

void ContextWalk::span(const Held& held, const std::string& field) {
  TypeId ids = kNoType;
  const auto at = offset(held.behind, field, &ids);
  if (!at) {
    forms_.ends.push_back(held.type_address);
    return;
  }
  TypeId trace_type = kNoType, span_type = kNoType;
  const auto trace = offset(ids, "traceID", &trace_type), span = offset(ids, "spanID", &span_type);
  if (!trace || !span || types_.at(trace_type).size != 16 || types_.at(span_type).size != 8) return;
  forms_.spans.push_back(
      {held.type_address, static_cast<uint32_t>(*at + *trace), static_cast<uint32_t>(*at + *span)});
}

Result<ContextForms> ContextWalk::run() {
  for (TypeId id : info_.find_types("trace.traceContextKeyType"))
    if (types_.at(id).name.ends_with(kKeyType)) forms_.key_type = info_.runtime_address(id);
  if (forms_.key_type == 0)
    return Error{"this program has no OpenTelemetry: no spans are in its contexts",
                 "the packages looked for are go.opentelemetry.io/otel/..."};
  for (std::string_view name : kContexts)
    for (const Held& known : held(name)) link(known, name == kContexts.front());
  for (std::string_view name : kRoots)
    for (const Held& known : held(name)) forms_.ends.push_back(known.type_address);
  for (const SpanRow& row : kSpans)
    for (const Held& known : held(row.type)) span(known, std::string(row.field));
  if (forms_.links.empty() || forms_.spans.empty())
    return Error{"how contexts and spans are made in this program is not known", ""};
  return std::move(forms_);
}

}  // namespace

Result<ContextForms> context_forms(const TypeInfo& info) { return ContextWalk(info).run(); }

}  // namespace gotap::go
