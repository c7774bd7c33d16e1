// A Go program that is not there: what the tests of go/ and lang/ take their types and
// signatures from. Entry points: FakeTypeInfo, a TypeInfo to be filled; demo(), one that is.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "go/type_info.h"

namespace gotap::go {

class FakeTypeInfo final : public TypeInfo {
 public:
  struct Function {
    std::string name;
    Signature signature;
    Abi abi = Abi::GoRegisters;
    std::string unknown;  ///< not empty: why there is no signature
  };
  std::vector<Function> functions;
  std::map<std::string, Global, std::less<>> globals;
  std::map<TypeId, std::vector<Constant>> constants_of;
  std::map<TypeId, uint64_t> addresses;
  /// Where parameters are at inlined calls, by the site's address and the name.
  std::map<std::pair<uint64_t, std::string>, ValueLocation> inlined;
  int go_minor = 24;

  const Types& types() const override { return types_; }
  Result<Signature> signature(uint32_t index) const override {
    if (!functions.at(index).unknown.empty()) return Error{functions[index].unknown, ""};
    return functions[index].signature;
  }
  Abi abi(uint32_t index) const override { return functions.at(index).abi; }
  std::string_view function_name(uint32_t index) const override { return functions.at(index).name; }
  int minor() const override { return go_minor; }
  uint32_t inlined_function(std::string_view) const override { return ~0u; }
  Result<ValueLocation> inlined_place(const InlinedCallSite& call, uint32_t,
                                      const Parameter& parameter) const override {
    auto found = inlined.find({call.address, parameter.name});
    if (found == inlined.end()) return Error{"inlined: optimized out", ""};
    return found->second;
  }
  /// Variables at lines, by the instruction's address and the name.
  std::map<std::pair<uint64_t, std::string>, Local> variables;
  Result<Local> local(uint32_t, const LinePoint& point, std::string_view name) const override {
    auto found = variables.find({point.address, std::string(name)});
    if (found == variables.end())
      return Error{
          "there is no variable " + std::string(name) + " on line " + std::to_string(point.line),
          ""};
    return found->second;
  }
  std::vector<Local> locals(const LinePoint&) const override { return {}; }
  std::vector<TypeId> find_types(std::string_view name) const override {
    std::vector<TypeId> found;
    for (TypeId id = 1; id < types_.size(); id++)
      if (types_.at(id).name == name || short_name(types_.at(id).name) == name) found.push_back(id);
    return found;
  }
  std::optional<TypeId> type_at(uint64_t address) const override {
    for (const auto& [id, at] : addresses)
      if (at == address) return id;
    return std::nullopt;
  }
  uint64_t runtime_address(TypeId type) const override {
    auto found = addresses.find(type);
    return found == addresses.end() ? 0 : found->second;
  }
  Result<Global> global(std::string_view name) const override {
    auto found = globals.find(name);
    if (found == globals.end())
      return Error{"there is no package variable " + std::string(name), ""};
    return found->second;
  }
  std::vector<Constant> constants(TypeId type) const override {
    auto found = constants_of.find(type);
    return found == constants_of.end() ? std::vector<Constant>() : found->second;
  }
  std::vector<uint64_t> descriptors() const override {
    std::vector<uint64_t> all;
    for (const auto& [id, at] : addresses) all.push_back(at);
    std::sort(all.begin(), all.end());
    return all;
  }
  std::vector<std::string> warnings() const override { return {}; }

  // Types. `address` is of the descriptor; 0: there is none.
  TypeId scalar(TypeKind kind, const std::string& name, uint64_t size) {
    return add({kind, name, size, size});
  }
  TypeId words(TypeKind kind, const std::string& name, uint64_t count, TypeId elem = kNoType) {
    return add({kind, name, 8 * count, 8, elem});
  }
  TypeId pointer(TypeId elem, uint64_t address = 0) {
    return with(words(TypeKind::Pointer, "*" + types_.at(elem).name, 1, elem), address);
  }
  TypeId slice(TypeId elem) { return words(TypeKind::Slice, "[]" + types_.at(elem).name, 3, elem); }
  TypeId array(TypeId elem, uint64_t length) {
    const GoType& of = types_.at(elem);
    Made made{TypeKind::Array, "[" + std::to_string(length) + "]" + of.name, of.size * length,
              of.align, elem};
    made.length = length;
    return add(made);
  }
  TypeId interface(const std::string& name, bool methods) {
    Made made{TypeKind::Interface, name, 16, 8};
    made.has_methods = methods;
    return add(made);
  }
  /// Offsets as Go lays them out. An embedded field's name begins with a `+`.
  TypeId structure(const std::string& name, const std::vector<std::pair<std::string, TypeId>>& of,
                   uint64_t address = 0) {
    GoType made;
    made.kind = TypeKind::Struct;
    made.name = name;
    for (const auto& [field, type] : of) {
      const GoType& at = types_.at(type);
      made.size = (made.size + at.align - 1) / at.align * at.align;
      const bool embedded = field[0] == '+';
      made.fields.push_back({embedded ? field.substr(1) : field, made.size, type, embedded});
      made.size += at.size;
      made.align = std::max(made.align, at.align);
    }
    made.size = (made.size + made.align - 1) / made.align * made.align;
    return with(types_.add(std::move(made)), address);
  }
  TypeId with(TypeId id, uint64_t address) {
    if (address) addresses[id] = address;
    return id;
  }

 private:
  struct Made {
    TypeKind kind;
    std::string name;
    uint64_t size = 0, align = 1;
    TypeId elem = kNoType;
    uint64_t length = 0;
    bool has_methods = true;
  };
  TypeId add(const Made& made) {
    GoType type;
    type.kind = made.kind;
    type.name = made.name;
    type.size = made.size;
    type.align = static_cast<uint32_t>(made.align);
    type.elem = made.elem;
    type.length = made.length;
    type.has_methods = made.has_methods;
    return types_.add(std::move(type));
  }

  Types types_;
};

/// Its functions, by index.
enum DemoFunction : uint32_t {
  kHandle,    ///< (req *Request, key string, n int32, ok bool, ratio float64) (res int, err error)
  kPair,      ///< (p Pair, color Color, list []*Request, ctx context.Context) Pair
  kUnknown,   ///< stripped
  kClosure,   ///< () , captures count int64 by reference and name string
  kOne,       ///< () *Request
  kStack,     ///< as kHandle, by the stack's ABI
  kNameless,  ///< (*Request, string) without names
  kBytes,     ///< (key []uint8, n uint16, err error, any interface {}) float32
  kWide,      ///< (key string, n int64, p *int16, fp func(), ptr uintptr, small [1]int64) string
  kDemoFunctions,
};

/// Address of an instruction with which a line of kHandle begins, where its variables are known.
constexpr uint64_t kDemoLine = 0x1000;

inline std::unique_ptr<FakeTypeInfo> demo() {
  auto made = std::make_unique<FakeTypeInfo>();
  FakeTypeInfo& info = *made;
  const TypeId boolean = info.scalar(TypeKind::Bool, "bool", 1);
  const TypeId integer = info.scalar(TypeKind::Int, "int", 8);
  const TypeId int64 = info.scalar(TypeKind::Int, "int64", 8);
  const TypeId int32 = info.scalar(TypeKind::Int, "int32", 4);
  const TypeId int16 = info.scalar(TypeKind::Int, "int16", 2);
  const TypeId uint16 = info.scalar(TypeKind::Uint, "uint16", 2);
  const TypeId uintptr = info.scalar(TypeKind::Uint, "uintptr", 8);
  const TypeId float64 = info.scalar(TypeKind::Float, "float64", 8);
  const TypeId float32 = info.scalar(TypeKind::Float, "float32", 4);
  const TypeId text = info.words(TypeKind::String, "string", 2);
  const TypeId error = info.interface("error", true);
  const TypeId any = info.interface("interface {}", false);
  const TypeId context = info.interface("context.Context", true);
  const TypeId bytes = info.slice(kByteType);
  const TypeId color = info.scalar(TypeKind::Int, "main.Color", 8);
  info.constants_of[color] = {{"main.Red", 1}, {"main.Green", 2}};

  const TypeId inner =
      info.structure("main.Inner", {{"Deep", int64}, {"Name", text}, {"Twice", int64}}, 0x1000);
  const TypeId base = info.structure("main.Base", {{"ID", int32}, {"Twice", int64}});
  const TypeId next = info.words(TypeKind::Pointer, "*main.Node", 1,
                                 info.structure("main.Node", {{"Value", int64}}));
  const TypeId request = info.structure(
      "main.Request", {{"Key", text},                                                  // 0
                       {"Value", bytes},                                               // 16
                       {"Size", int32},                                                // 40
                       {"Next", next},                                                 // 48
                       {"+Inner", inner},                                              // 56
                       {"+Base", info.pointer(base)},                                  // 88
                       {"Tags", info.array(text, 3)},                                  // 96
                       {"Hash", info.array(kByteType, 16)},                            // 144
                       {"Labels", info.words(TypeKind::Map, "map[string]string", 1)},  // 160
                       {"Queue", info.words(TypeKind::Chan, "chan int", 1, integer)},  // 168
                       {"Err", error},                                                 // 176
                       {"Any", any},                                                   // 192
                       {"Ratio", float64},                                             // 208
                       {"Z", info.scalar(TypeKind::Complex, "complex128", 16)}});      // 216
  const TypeId request_pointer = info.pointer(request, 0x2000);
  const TypeId pair = info.structure("main.Pair", {{"Name", text}, {"N", int32}, {"F", float64}});

  // Errors.
  const TypeId error_string = info.structure("errors.errorString", {{"s", text}});
  info.pointer(error_string, 0x3000);
  info.pointer(info.structure("fmt.wrapError", {{"msg", text}, {"err", error}}), 0x3100);
  info.pointer(info.structure("errors.joinError", {{"errs", info.slice(error)}}), 0x3200);
  info.pointer(info.structure("io/fs.PathError", {{"Op", text}, {"Path", text}, {"Err", error}}),
               0x3300);
  info.pointer(info.structure("os.SyscallError", {{"Syscall", text}, {"Err", error}}), 0x3400);
  info.with(info.scalar(TypeKind::Uint, "syscall.Errno", 8), 0x3500);
  info.pointer(info.structure("main.MyError", {{"Code", int64}, {"Msg", text}}), 0x3600);
  info.with(info.words(TypeKind::String, "main.TextError", 2), 0x3700);
  info.structure("a/x.T", {{"A", int64}}, 0x3800);
  info.structure("b/x.T", {{"B", int64}}, 0x3900);
  info.structure("main.Box", {{"P", info.pointer(inner)}}, 0x3a00);
  info.structure("main.Padded", {{"_", info.structure("struct {}", {})}, {"P", next}}, 0x3b00);
  info.structure("main.NoDescriptor", {{"A", int64}});

  const auto function = [&](const std::string& name, std::vector<Parameter> params,
                            std::vector<Parameter> results) {
    FakeTypeInfo::Function added;
    added.name = name;
    added.signature.params = std::move(params);
    added.signature.results = std::move(results);
    info.functions.push_back(std::move(added));
  };
  const std::vector<Parameter> handle{
      {"req", request_pointer}, {"key", text}, {"n", int32}, {"ok", boolean}, {"ratio", float64}};
  const std::vector<Parameter> results{{"res", integer}, {"err", error}};
  function("main.handle", handle, results);
  function("main.pair",
           {{"p", pair}, {"color", color}, {"list", info.slice(request_pointer)}, {"ctx", context}},
           {{"~r0", pair}});
  function("main.unknown", {}, {});
  info.functions.back().unknown = "signature unknown: stripped";
  function("main.closure.func1", {}, {});
  info.functions.back().signature.captured = {{"count", int64, 8, true}, {"name", text, 16, false}};
  function("main.one", {}, {{"~r0", request_pointer}});
  function("main.stack", handle, results);
  info.functions.back().abi = Abi::GoStack;
  function("main.nameless", {{"", request_pointer}, {"", text}}, {});
  info.functions.back().signature.source = Signature::Source::Runtime;
  function("main.bytes", {{"key", bytes}, {"n", uint16}, {"err", error}, {"any", any}},
           {{"~r0", float32}});
  function("main.wide",
           {{"key", text},
            {"n", int64},
            {"p", info.pointer(int16)},
            {"fp", info.words(TypeKind::Func, "func()", 1)},
            {"ptr", uintptr},
            {"small", info.array(int64, 1)}},
           {{"~r0", text}});
  const auto variable = [&](const std::string& name, TypeId type, std::vector<Piece> pieces) {
    Local& it = info.variables[{kDemoLine, name}];
    it.name = name;
    it.type = type;
    it.place.pieces = std::move(pieces);
    return &it;
  };
  using In = Piece::In;
  variable("req", request_pointer, {{In::AnyRegister, 40, 0, 8, 0}});
  variable("n", int32, {{In::Stack, 0, 0, 4, 24}});
  variable("key", text, {{In::Stack, 0, 0, 8, 32}, {In::AnyRegister, 80, 8, 8, 0}});
  variable("gone", int32, {})->unknown = "optimized out";
  variable("shared", int64, {{In::Stack, 0, 0, 8, 48}})->escaped = true;
  info.globals["main.config"] = {0x500000, request_pointer};
  info.globals["main.count"] = {0x500100, int64};
  return made;
}

}  // namespace gotap::go
