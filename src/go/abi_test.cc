// place() and to_string(): a table of signatures, a row or more for each rule of Go's calling
// conventions. What is expected was written by hand from src/cmd/compile/abi-internal.md; rows
// marked "measured" were seen so in running programs of Go 1.19 and 1.27.
#include <gtest/gtest.h>

#include "go/signature.h"

namespace gotap::go {
namespace {

// Go's types by the names the table uses, with sizes and alignments of amd64.
class World {
 public:
  World() {
    basic("bool", TypeKind::Bool, 1);
    basic("int8", TypeKind::Int, 1);
    basic("int16", TypeKind::Int, 2);
    basic("int32", TypeKind::Int, 4);
    basic("int", TypeKind::Int, 8);
    basic("uint8", TypeKind::Uint, 1);
    basic("uint16", TypeKind::Uint, 2);
    basic("uintptr", TypeKind::Uint, 8);
    basic("float32", TypeKind::Float, 4);
    basic("float64", TypeKind::Float, 8);
    basic("complex64", TypeKind::Complex, 8, 4);
    basic("complex128", TypeKind::Complex, 16, 8);
    basic("string", TypeKind::String, 16, 8);
    basic("error", TypeKind::Interface, 16, 8);
    basic("any", TypeKind::Interface, 16, 8);
    basic("[]int", TypeKind::Slice, 24, 8);
    basic("*int", TypeKind::Pointer, 8);
    basic("map", TypeKind::Map, 8);
    basic("chan", TypeKind::Chan, 8);
    basic("func", TypeKind::Func, 8);
    basic("unsafe.Pointer", TypeKind::UnsafePointer, 8);
    basic("unknown", TypeKind::Unknown, 0);
    basic("odd", TypeKind::Int, 3);              // no integer of Go's
    basic("short-string", TypeKind::String, 8);  // of a damaged file
    array("[0]int", "int", 0);
    array("[1]int", "int", 1);
    array("[1]string", "string", 1);
    array("[2]int", "int", 2);
    array("[4]int", "int", 4);
    array("[20]int", "int", 20);
    array("[2]uintptr", "uintptr", 2);
    array("[3]uint8", "uint8", 3);
    structure("E", {});
    array("[2]E", "E", 2);
    structure("Z", {"E", "int"});
    structure("ZA", {"[0]int", "uint8"});
    structure("Tail", {"int", "E"});  // padded: its last field has no size
    structure("TwoNone", {"[2]E", "int"});
    structure("S2", {"int", "string"});
    structure("S5", {"int", "float64", "uint8", "string", "*int"});
    structure("Nest", {"uint8", "S2", "[1]string", "bool"});
    structure("Narrow", {"bool", "int16", "uint8", "int32"});
    structure("XY", {"uintptr", "[2]uintptr"});
    structure("F2", {"float32", "float64"});
    structure("C1", {"complex64", "int"});
    structure("Ten", std::vector<std::string>(10, "int"));
    structure("Open", {"int", "unknown"});
    structure("OpenArray", {"unknown", "[2]int"});
    structure("simd/archsimd.v128", {"[0]int"});
    structure("Vector", {"simd/archsimd.v128", "[2]int"});
    GoType loop{.kind = TypeKind::Struct, .name = "Loop", .size = 8, .align = 8};
    loop.fields.push_back({"self", 0, static_cast<TypeId>(types_.size())});
    add(loop);
    GoType huge{.kind = TypeKind::Array, .name = "huge", .size = 1ULL << 62, .align = 8};
    huge.elem = id("int");
    huge.length = 1ULL << 59;
    add(huge);
    add({.kind = TypeKind::Struct,
         .name = "short-struct",
         .size = 4,
         .align = 4,
         .fields = {{"a", 0, id("int")}}});
    add({.kind = TypeKind::Array,
         .name = "short-array",
         .size = 4,
         .align = 4,
         .elem = id("int"),
         .length = 1});
  }

  const Types& types() const { return types_; }
  TypeId id(const std::string& name) const {
    auto found = ids_.find(name);
    EXPECT_NE(found, ids_.end()) << name;
    return found == ids_.end() ? kNoType : found->second;
  }
  std::vector<Parameter> parameters(const std::vector<std::string>& names) const {
    std::vector<Parameter> all;
    for (const std::string& name : names) all.push_back({"", id(name)});
    return all;
  }

 private:
  void add(GoType type) {
    const std::string name = type.name;
    ids_[name] = types_.add(std::move(type));
  }
  void basic(const std::string& name, TypeKind kind, uint64_t size, uint32_t align = 0) {
    add({.kind = kind,
         .name = name,
         .size = size,
         .align = align ? align : static_cast<uint32_t>(size ? size : 1)});
  }
  void array(const std::string& name, const std::string& elem, uint64_t length) {
    const GoType& of = types_.at(id(elem));
    add({.kind = TypeKind::Array,
         .name = name,
         .size = of.size * length,
         .align = of.align,
         .elem = id(elem),
         .length = length});
  }
  void structure(const std::string& name, const std::vector<std::string>& fields) {
    GoType type{.kind = TypeKind::Struct, .name = name};
    for (const std::string& field : fields) {
      const GoType& of = types_.at(id(field));
      const uint64_t offset = (type.size + of.align - 1) / of.align * of.align;
      type.fields.push_back({"_", offset, id(field)});
      type.size = offset + of.size;
      type.align = std::max(type.align, of.align);
    }
    if (!fields.empty() && type.size && types_.at(id(fields.back())).size == 0) type.size++;
    type.size = (type.size + type.align - 1) / type.align * type.align;
    add(type);
  }

  Types types_;
  std::map<std::string, TypeId> ids_;
};

std::string text(const std::vector<ValueLocation>& locations) {
  std::string out;
  for (const ValueLocation& location : locations) out += (out.empty() ? "" : " ") + dump(location);
  return out;
}

struct Row {
  std::vector<std::string> params, results;
  std::string param_places, result_places;
  int stack = 0, spill = 0;  // -1: not known
  Dictionary dictionary = Dictionary::None;
  bool has_receiver = false;
};

void check(const World& world, const std::vector<Row>& rows, Abi abi) {
  for (const Row& row : rows) {
    Signature signature;
    signature.params = world.parameters(row.params);
    signature.results = world.parameters(row.results);
    signature.dictionary = row.dictionary;
    signature.has_receiver = row.has_receiver;
    const std::string what = to_string(world.types(), signature, "f");
    const Placement placement = place(world.types(), signature, abi);
    EXPECT_EQ(text(placement.params), row.param_places) << what;
    EXPECT_EQ(text(placement.results), row.result_places) << what;
    EXPECT_EQ(placement.stack_bytes ? static_cast<int>(*placement.stack_bytes) : -1, row.stack)
        << what;
    if (row.stack < 0) continue;
    EXPECT_EQ(placement.spill_bytes, static_cast<uint32_t>(row.spill)) << what;
  }
}

const std::string kString0 = "I0:8@0+I1:8@8";

TEST(Place, RegistersByKind) {
  check(
      World(),
      {
          {{}, {}, "", ""},
          {{"int"}, {"int"}, "I0:8@0", "I0:8@0", 0, 8},                                 // measured
          {{"string"}, {"string"}, kString0, kString0, 0, 16},                          // measured
          {{"[]int"}, {"[]int"}, kString0 + "+I2:8@16", kString0 + "+I2:8@16", 0, 24},  // measured
          {{}, {"error"}, "", kString0},                                                // measured
          {{}, {"string", "error"}, "", kString0 + " I2:8@0+I3:8@8"},                   // measured
          {{"bool", "int8", "uint16", "int32"},
           {"bool"},
           "I0:1@0 I1:1@0 I2:2@0 I3:4@0",
           "I0:1@0",
           0,
           8},
          {{"map", "chan", "func", "unsafe.Pointer", "*int"},
           {"any"},
           "I0:8@0 I1:8@0 I2:8@0 I3:8@0 I4:8@0",
           kString0,
           0,
           40},
          {{"float32", "int", "float64"},
           {"float64", "float32"},
           "F0:4@0 I0:8@0 F1:8@0",
           "F0:8@0 F1:4@0",
           0,
           24},
          {{"complex64", "complex128"},
           {"complex128"},
           "F0:4@0+F1:4@4 F2:8@0+F3:8@8",
           "F0:8@0+F1:8@8",
           0,
           24},
      },
      Abi::GoRegisters);
}

TEST(Place, StructsAndArraysInRegisters) {
  check(World(),
        {
            {{"S2"}, {"S2"}, "I0:8@0+I1:8@8+I2:8@16", "I0:8@0+I1:8@8+I2:8@16", 0, 24},  // measured
            {{}, {"S5"}, "", "I0:8@0+F0:8@8+I1:1@16+I2:8@24+I3:8@32+I4:8@40"},          // measured
            {{"Narrow"}, {}, "I0:1@0+I1:2@2+I2:1@4+I3:4@8", "", 0, 16},
            {{"Nest", "bool"},
             {},
             "I0:1@0+I1:8@8+I2:8@16+I3:8@24+I4:8@32+I5:8@40+I6:1@48 I7:1@0",
             "",
             0,
             64},
            {{"F2"}, {"C1"}, "F0:4@0+F1:8@8", "F0:4@0+F1:4@4+I0:8@8", 0, 16},
            {{"[1]int", "[1]string"}, {}, "I0:8@0 I1:8@0+I2:8@8", "", 0, 24},
            // The document's own example.
            {{"uint8", "[2]uintptr", "uint8"},
             {"XY", "string"},
             "I0:1@0 S8 I1:1@0",
             "S24 " + kString0,
             40,
             8},
            {{}, {"[4]int"}, "", "S8", 32},                 // measured
            {{"[20]int"}, {"[20]int"}, "S8", "S168", 320},  // measured, the result alone
            {{"Vector", "float64"}, {}, "F0:16@0 F1:8@0", "", 0, 24},
        },
        Abi::GoRegisters);
}

TEST(Place, ValuesOfNoSize) {
  check(World(),
        {
            {{"E", "int"}, {"E", "int"}, "- I0:8@0", "- I0:8@0", 0, 8},  // measured
            {{"Z"}, {"Z"}, "I0:8@0", "I0:8@0", 0, 8},                    // measured
            {{"[0]int", "int"}, {}, "- I0:8@0", "", 0, 8},               // measured
            {{"ZA"}, {}, "I0:1@0", "", 0, 8},
            {{"Tail", "bool"}, {"Tail"}, "I0:8@0 I1:1@0", "I0:8@0", 0, 24},
            // Arrays are refused by their length, whatever they hold (types/size.go).
            {{"TwoNone", "int"}, {}, "S8 I0:8@0", "", 8, 8},
            {{"[2]E", "int"}, {}, "- I0:8@0", "", 0, 8},
            // On the stack they align what follows: [0]int between bytes.
            {{"[3]uint8", "[0]int", "[3]uint8"}, {}, "S8 - S16", "", 16, 0},
        },
        Abi::GoRegisters);
}

TEST(Place, WholeValuesSpill) {
  const std::vector<std::string> eight(8, "int"), nine(9, "int"), twelve(12, "int");
  const std::string eight_places = "I0:8@0 I1:8@0 I2:8@0 I3:8@0 I4:8@0 I5:8@0 I6:8@0 I7:8@0";
  std::vector<std::string> then_string = eight, floats(16, "float64"), ints_floats = nine;
  then_string.insert(then_string.end(), {"string", "int"});
  ints_floats.insert(ints_floats.end(), {"S5", "float32"});
  std::string float_places = "F0:8@0";
  for (int i = 1; i < 15; i++) float_places += " F" + std::to_string(i) + ":8@0";
  check(World(),
        {
            // Measured: the string does not fit in one register, the int after it does.
            {then_string, {"string"}, eight_places + " S8 I8:8@0", kString0, 16, 72},
            // Measured: 12 results are 9 registers and three words behind the arguments.
            {{"[2]int"}, twelve, "S8", eight_places + " I8:8@0 S24 S32 S40", 40, 0},
            {twelve, {}, eight_places + " I8:8@0 S8 S16 S24", "", 24, 72},
            {floats, {}, float_places + " S8", "", 8, 120},
            // A struct gives the float registers back, too, when its integers do not fit.
            {ints_floats, {}, eight_places + " I8:8@0 S8 F0:4@0", "", 48, 80},
            {{"Ten", "bool"}, {"Ten"}, "S8 I0:1@0", "S88", 160, 8},
            // Natural alignment on the stack, results on a word.
            {{"[3]uint8", "[2]int", "[3]uint8"}, {"[3]uint8"}, "S8 S16 S32", "S40", 40, 0},
        },
        Abi::GoRegisters);
}

TEST(Place, Dictionary) {
  check(World(),
        {
            // Measured: functions, and methods of Go 1.18 to 1.20, have it first.
            {{"int"}, {"int"}, "I1:8@0", "I0:8@0", 0, 16, Dictionary::First},
            {{"*int", "int"}, {}, "I1:8@0 I2:8@0", "", 0, 24, Dictionary::First, true},
            {{"*int", "int"}, {}, "I0:8@0 I2:8@0", "", 0, 24, Dictionary::AfterReceiver, true},
            {{"S2", "int"},
             {},
             "I0:8@0+I1:8@8+I2:8@16 I4:8@0",
             "",
             0,
             40,
             Dictionary::AfterReceiver,
             true},
            {{"Ten", "int"}, {}, "S8 I1:8@0", "", 80, 16, Dictionary::AfterReceiver, true},
            {{}, {"int"}, "", "I0:8@0", 0, 8, Dictionary::First},
            {{"*int"}, {}, "I0:8@0", "", 0, 16, Dictionary::AfterReceiver, true},
        },
        Abi::GoRegisters);
}

TEST(Place, Stack) {
  check(World(),
        {
            {{}, {}, "", ""},
            {{"int"}, {"int"}, "S8", "S16", 16},
            {{"bool", "int16", "uint8", "int32"}, {"bool", "int"}, "S8 S10 S12 S16", "S24 S32", 32},
            {{"string", "error"}, {"[]int"}, "S8 S24", "S40", 56},
            {{"uint8", "uint8"}, {"uint8"}, "S8 S9", "S16", 16},
            {{"float32", "complex64", "complex128"}, {"float64"}, "S8 S12 S24", "S40", 40},
            {{"[2]int", "Ten"}, {"S5"}, "S8 S24", "S104", 144},
            {{"uint8", "E", "uint8", "[0]int", "uint8"},
             {"E", "uint8"},
             "S8 - S9 - S16",
             "- S24",
             24},
            {{"Tail", "uint8"}, {}, "S8 S24", "", 24},
            {{"int"}, {"int"}, "S16", "S24", 24, 0, Dictionary::First},
        },
        Abi::GoStack);
}

// Behind what is not known nothing is said, but the registers of results begin anew.
TEST(Place, Unknown) {
  check(World(),
        {
            {{"int", "unknown", "int"}, {"int", "[2]int"}, "I0:8@0 ? ?", "I0:8@0 ?", -1},
            {{"Open"}, {"int", "unknown", "int"}, "?", "I0:8@0 ? ?", -1},
            {{"int", "unknown", "E"}, {}, "I0:8@0 ? -", "", -1},
            // It has an array of two, whatever the rest of it.
            {{"OpenArray", "int"}, {}, "S8 I0:8@0", "", 16, 8},
            {{"[2]int", "Loop"}, {}, "S8 ?", "", -1},
            {{"odd"}, {"short-string"}, "?", "?", -1},
            {{"short-struct"}, {"short-array"}, "?", "?", -1},
            {{"huge", "int"}, {"int"}, "? ?", "I0:8@0", -1},
        },
        Abi::GoRegisters);
  check(World(),
        {
            {{"int", "unknown", "int"}, {"int"}, "S8 ? ?", "?", -1},
            {{"Open", "int"}, {}, "S8 S24", "", 24},  // its size is known
            {{"huge"}, {"int"}, "?", "?", -1},
        },
        Abi::GoStack);
  check(World(), {{{"int", "E"}, {"int"}, "? ?", "?", -1}}, Abi::C);
}

// A struct that holds itself many times over is given up, not followed for ever.
TEST(Place, DamagedTypesEnd) {
  Types types;
  GoType tree{.kind = TypeKind::Struct, .name = "Tree", .size = 8, .align = 8};
  tree.fields.assign(50, {"x", 0, static_cast<TypeId>(types.size())});
  Signature signature;
  signature.params = {{"x", types.add(tree)}, {"y", 12345}};
  const Placement placement = place(types, signature, Abi::GoRegisters);
  EXPECT_EQ(text(placement.params), "? ?");
}

TEST(SignatureText, LooksLikeGo) {
  const World world;
  Signature signature;
  EXPECT_EQ(to_string(world.types(), signature, "main.f"), "main.f()");
  signature.has_receiver = true;
  signature.params = {{"t", world.id("*int")}, {"_", world.id("string")}, {"n", world.id("[]int")}};
  signature.results = {{"", world.id("error")}};
  EXPECT_EQ(to_string(world.types(), signature, "main.(*T).Put"),
            "main.(*T).Put(t *int, _ string, n []int) error");
  signature.variadic = true;
  Types types;
  const TypeId of_int = types.add({.kind = TypeKind::Int, .name = "int", .size = 8});
  const TypeId slice =
      types.add({.kind = TypeKind::Slice, .name = "[]int", .size = 24, .elem = of_int});
  signature.params = {{"", of_int}, {"", slice}};
  signature.results = {{"", of_int}, {"", kNoType}};
  EXPECT_EQ(to_string(types, signature, "f"), "f(int, ...int) (int, ?)");
  signature.results = {{"n", of_int}};
  EXPECT_EQ(to_string(types, signature, "f"), "f(int, ...int) (n int)");
}

}  // namespace
}  // namespace gotap::go
