// DwarfTypes on a unit made by hand: what Go leaves out, moves or says twice, and damage. Real
// programs of all versions: tests/e2e/dwarf-signatures.sh.
#include "go/dwarf_types.h"

#include <gtest/gtest.h>

#include <map>

#include "elf/dwarf.h"
#include "support/sections.h"

namespace gotap::go {
namespace {

using testing::Writer;

constexpr uint64_t kEntry = 0x1000;

enum Code : uint8_t {
  kEnd,
  kUnit,
  kBase,
  kPointer,
  kTypedef,
  kStruct,
  kMember,
  kFunction,
  kParameter,
  kAbstract,
  kAbstractParameter,
  kConcrete,
  kConcreteParameter,
  kCaptured,
  kInlined,
};

/// Writes a unit of DWARF 4. Types are referred to by their labels, before or after they come.
class Unit {
 public:
  Unit() {
    abbrev(kUnit, elf::DW_TAG_compile_unit, true, {{0x13, 0x0b}, {0x11, 0x01}, {0x12, 0x07}});
    abbrev(kBase, elf::DW_TAG_base_type, false, {{0x03, 0x08}, {0x0b, 0x0b}, {0x2900, 0x0b}});
    abbrev(kPointer, elf::DW_TAG_pointer_type, false, {{0x03, 0x08}, {0x49, 0x13}, {0x2900, 0x0b}});
    abbrev(kTypedef, elf::DW_TAG_typedef, false, {{0x03, 0x08}, {0x49, 0x13}});
    abbrev(kStruct, elf::DW_TAG_structure_type, true, {{0x03, 0x08}, {0x0b, 0x0b}, {0x2900, 0x0b}});
    abbrev(kMember, elf::DW_TAG_member, false,
           {{0x03, 0x08}, {0x49, 0x13}, {0x38, 0x0b}, {0x2903, 0x0c}});
    abbrev(kFunction, elf::DW_TAG_subprogram, true, {{0x03, 0x08}, {0x11, 0x01}, {0x12, 0x07}});
    abbrev(kParameter, elf::DW_TAG_formal_parameter, false,
           {{0x03, 0x08}, {0x4b, 0x0c}, {0x49, 0x13}, {0x02, 0x0a}});
    abbrev(kAbstract, elf::DW_TAG_subprogram, true, {{0x03, 0x08}, {0x20, 0x0b}});
    abbrev(kAbstractParameter, elf::DW_TAG_formal_parameter, false,
           {{0x03, 0x08}, {0x4b, 0x0c}, {0x49, 0x13}});
    abbrev(kConcrete, elf::DW_TAG_subprogram, true, {{0x31, 0x13}, {0x11, 0x01}, {0x12, 0x07}});
    abbrev(kConcreteParameter, elf::DW_TAG_formal_parameter, false, {{0x31, 0x13}, {0x02, 0x0a}});
    abbrev(kCaptured, elf::DW_TAG_variable, false, {{0x03, 0x08}, {0x49, 0x13}, {0x2907, 0x0b}});
    abbrev(kInlined, elf::DW_TAG_inlined_subroutine, true,
           {{0x31, 0x13}, {0x11, 0x01}, {0x12, 0x07}});
    u8(kUnit).u8(elf::DW_LANG_Go).u64(kEntry).u64(0x1000);
    base("int", 8, 2).base("bool", 1, 1).base("float64", 8, 14).base("string", 16, 24);
    pointer("*int", "int").pointer("*main.T", "main.T");
    type("main.T", "T struct");
    label("T struct").u8(kStruct).text("main.T").u8(32).u8(25);
    member("n", "int", 0).member("main.Inner", "main.Inner", 8, true).member("next", "*main.T", 24);
    u8(kEnd);
    type("main.Inner", "Inner struct");
    label("Inner struct").u8(kStruct).text("main.Inner").u8(16).u8(25);
    member("ok", "bool", 0).member("f", "float64", 8).u8(kEnd);
  }

  Unit& u8(uint8_t value) { return put(value); }
  Unit& u64(uint64_t value) { return put(value); }
  Unit& text(const std::string& value) {
    info_ += value;
    return u8(0);
  }
  Unit& label(const std::string& name) {
    labels_[name] = kHeader + info_.size();
    return *this;
  }
  Unit& refer(const std::string& name) {
    references_.emplace_back(info_.size(), name);
    info_ += std::string(4, '\0');
    return *this;
  }
  Unit& base(const std::string& name, uint8_t size, uint8_t kind) {
    return label(name).u8(kBase).text(name).u8(size).u8(kind);
  }
  Unit& pointer(const std::string& name, const std::string& elem) {
    return label(name).u8(kPointer).text(name).refer(elem).u8(22);
  }
  Unit& type(const std::string& name, const std::string& target) {
    return label(name).u8(kTypedef).text(name).refer(target);
  }
  Unit& member(const std::string& name, const std::string& type, uint8_t offset,
               bool embedded = false) {
    return u8(kMember).text(name).refer(type).u8(offset).u8(embedded);
  }
  Unit& function(const std::string& name, uint64_t entry = kEntry) {
    return u8(kFunction).text(name).u64(entry).u64(0x100);
  }
  Unit& param(const std::string& name, const std::string& type, const std::string& location = "") {
    return parameter(name, type, false, location);
  }
  Unit& result(const std::string& name, const std::string& type, const std::string& location = "") {
    return parameter(name, type, true, location);
  }
  Unit& captured(const std::string& name, const std::string& type, uint8_t offset) {
    return u8(kCaptured).text(name).refer(type).u8(offset);
  }
  Unit& abstract(const std::string& name) { return label(name).u8(kAbstract).text(name).u8(1); }
  Unit& abstract_param(const std::string& name, const std::string& type, bool is_result = false) {
    return label("param " + name).u8(kAbstractParameter).text(name).u8(is_result).refer(type);
  }
  Unit& concrete(const std::string& name) {
    return u8(kConcrete).refer(name).u64(kEntry).u64(0x100);
  }
  Unit& concrete_param(const std::string& name, const std::string& location = "") {
    return u8(kConcreteParameter).refer("param " + name).block(location);
  }
  Unit& inlined(const std::string& name, uint64_t begin, uint64_t size) {
    return u8(kInlined).refer(name).u64(begin).u64(size);
  }
  Unit& end() { return u8(kEnd); }

  std::vector<uint8_t> file() const {
    std::string info = info_ + '\0';
    for (const auto& [at, name] : references_) {
      const uint32_t offset = labels_.at(name);
      std::memcpy(&info[at], &offset, 4);
    }
    const std::string unit = Writer().u32(7 + info.size()).u16(4).u32(0).u8(8).raw(info).bytes();
    return testing::file_with(
        {{".debug_info", unit}, {".debug_abbrev", abbrev_.bytes() + std::string(1, '\0')}});
  }
  uint64_t offset(const std::string& name) const { return labels_.at(name); }

 private:
  static constexpr uint32_t kHeader = 11;

  template <class T>
  Unit& put(T value) {
    info_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Unit& block(const std::string& location) {
    u8(location.size());
    info_ += location;
    return *this;
  }
  Unit& parameter(const std::string& name, const std::string& type, bool is_result,
                  const std::string& location) {
    return u8(kParameter).text(name).u8(is_result).refer(type).block(location);
  }
  void abbrev(Code code, uint16_t tag, bool children,
              const std::vector<std::pair<uint16_t, uint8_t>>& attributes) {
    abbrev_.u8(code).u8(tag).u8(children);
    for (const auto& [name, form] : attributes) {
      if (name > 0x7f) abbrev_.u8(0x80 | (name & 0x7f)).u8(name >> 7);
      if (name <= 0x7f) abbrev_.u8(name);
      abbrev_.u8(form);
    }
    abbrev_.u16(0);
  }

  Writer abbrev_;
  std::string info_;
  std::map<std::string, uint32_t> labels_;
  std::vector<std::pair<size_t, std::string>> references_;
};

struct Opened {
  Opened(const Unit& unit, int minor) : bytes(unit.file()) {
    auto parsed = elf::Elf::parse(Bytes(bytes.data(), bytes.size()));
    elf = std::make_unique<elf::Elf>(std::move(*parsed));
    dwarf = DwarfTypes::open(*elf, minor);
  }
  Result<Signature> signature(std::optional<uint32_t> argument_bytes, Abi abi) {
    Function function;
    function.entry = kEntry;
    function.is_go = true;
    function.abi = abi;
    function.argument_bytes = argument_bytes;
    return dwarf->signature(function, types);
  }
  std::string text(std::optional<uint32_t> argument_bytes = {}, Abi abi = Abi::GoRegisters) {
    const auto found = signature(argument_bytes, abi);
    if (!found) return found.error().message;
    return (found->has_receiver ? "method " : "") + to_string(types, *found, "");
  }
  std::vector<uint8_t> bytes;
  std::unique_ptr<elf::Elf> elf;
  std::unique_ptr<DwarfTypes> dwarf;
  Types types;
};

// Registers of the first three integer arguments, and a place on the stack.
const std::string kRax = "\x50", kRbx = "\x53", kRcx = "\x52", kXmm0 = "\x61";
std::string frame(uint8_t offset) { return offset ? std::string("\x91") + char(offset) : "\x9c"; }

const std::string kUnsure21 =
    "signature unknown: DWARF of Go 1.21 leaves out unnamed parameters here";
const std::string kUnsure19 =
    "signature unknown: DWARF of Go 1.19 leaves out unnamed parameters here";
const std::string kUnsure15 =
    "signature unknown: DWARF of Go 1.15 leaves out unnamed parameters here";

TEST(DwarfSignature, AsDwarfHasIt) {
  Unit unit;
  unit.function("main.(*T).Put").param("t", "*main.T").param("key", "string").param("~p2", "int");
  unit.result("~r0", "int").result("err", "bool").end();
  EXPECT_EQ(Opened(unit, 24).text(), "method (t *main.T, key string, _ int) (_ int, err bool)");
  EXPECT_EQ(Opened(unit, 24).text(32), "method (t *main.T, key string, _ int) (_ int, err bool)");
}

TEST(DwarfSignature, SizeOfTheFunctionTableIsTheJudge) {
  Unit unit;
  unit.function("main.f").param("a", "int").end();
  EXPECT_EQ(Opened(unit, 24).text(16),
            "signature unknown: DWARF of Go 1.24 leaves out parameters here");
  EXPECT_EQ(Opened(unit, 24).text(8), "(a int)");
}

TEST(DwarfSignature, NumbersOutOfPlace) {
  Unit unit;
  unit.function("main.f").param("~p1", "int").param("a", "int").end();
  EXPECT_EQ(Opened(unit, 24).text(),
            "signature unknown: DWARF of Go 1.24 leaves out parameters here");
}

TEST(DwarfSignature, ClosuresHaveNoReceiver) {
  Unit unit;
  unit.function("main.T.func1").param("t", "*main.T").captured("n", "int", 16);
  unit.captured("&total", "*int", 8).captured(".dict", "int", 24).end();
  Opened it(unit, 24);
  EXPECT_EQ(it.text(), "(t *main.T)");
  const Signature found = *it.signature({}, Abi::GoRegisters);
  ASSERT_EQ(found.captured.size(), 2u);
  EXPECT_EQ(found.captured[0].name, "total");
  EXPECT_TRUE(found.captured[0].by_reference);
  EXPECT_EQ(it.types.at(found.captured[0].type).name, "int");
  EXPECT_EQ(found.captured[1].offset, 16u);
  EXPECT_FALSE(found.captured[1].by_reference);
}

TEST(DwarfSignature, MethodCalledLikeAClosure) {
  Unit unit;
  unit.function("main.T.func1").param("t", "main.T").end();
  EXPECT_EQ(Opened(unit, 24).text(), "method (t main.T)");
}

TEST(DwarfSignature, Dictionaries) {
  const auto dictionary = [](const std::string& name, int minor, bool shown) {
    Unit unit;
    unit.function(name);
    if (shown) unit.param(".dict", "int");
    unit.param("a", "int", kRbx).end();
    Opened it(unit, minor);
    const auto found = it.signature({}, Abi::GoRegisters);
    EXPECT_TRUE(found) << name << ": " << found.error().message;
    if (!found) return Dictionary::None;
    EXPECT_EQ(found->params.size(), 1u);
    return found->dictionary;
  };
  EXPECT_EQ(dictionary("main.F[go.shape.int]", 24, false), Dictionary::First);
  EXPECT_EQ(dictionary("main.F[go.shape.int]", 27, true), Dictionary::First);
  EXPECT_EQ(dictionary("main.F[go.shape.int_0]", 19, false), Dictionary::First);
  EXPECT_EQ(dictionary("main.F[go.shape.int].func1", 24, false), Dictionary::None);
  EXPECT_EQ(dictionary("main.F[int]", 24, false), Dictionary::None);
}

TEST(DwarfSignature, DictionaryOfMethods) {
  const auto dictionary = [](int minor) {
    Unit unit;
    unit.pointer("*main.L[go.shape.int]", "int");
    unit.function("main.(*L[go.shape.int]).M");
    unit.param("l", "*main.L[go.shape.int]", minor < 20 ? kRbx : kRax).end();
    Opened it(unit, minor);
    const auto found = it.signature(16, Abi::GoRegisters);
    return found && found->has_receiver ? found->dictionary : Dictionary::None;
  };
  EXPECT_EQ(dictionary(19), Dictionary::First);
  EXPECT_EQ(dictionary(20), Dictionary::AfterReceiver);
  EXPECT_EQ(dictionary(24), Dictionary::AfterReceiver);
}

TEST(DwarfSignature, ResultsThatAreThereTwice) {
  Unit unit;
  unit.function("main.f").result("r", "int").result("err", "bool").result("r", "int").end();
  EXPECT_EQ(Opened(unit, 22).text(), "() (r int, err bool)");
}

TEST(DwarfSignature, OutOfLineCopyOfAnInlinedFunction) {
  Unit unit;
  unit.abstract("main.f").abstract_param("a", "int").abstract_param("s", "string").end();
  unit.concrete("main.f").param("~p0", "bool").concrete_param("a").concrete_param("s");
  unit.result("~r0", "int").end();
  EXPECT_EQ(Opened(unit, 24).text(), "(_ bool, a int, s string) int");
}

TEST(DwarfSignature, CopyThatLacksAParameterIsDamage) {
  Unit unit;
  unit.abstract("main.f").abstract_param("a", "int").abstract_param("s", "string").end();
  unit.concrete("main.f").concrete_param("s").end();
  EXPECT_EQ(Opened(unit, 24).text(), "signature unknown: its description in DWARF is damaged");
}

TEST(DwarfSignature, Assembly) {
  Unit unit;
  unit.function("main.f").end();
  Opened it(unit, 24);
  Function function;
  function.entry = kEntry;
  function.assembly = true;
  EXPECT_EQ(it.dwarf->signature(function, it.types).error().message,
            "signature unknown: written in assembly");
  function.assembly = false;
  function.entry = kEntry + 1;
  EXPECT_EQ(it.dwarf->signature(function, it.types).error().message,
            "signature unknown: not described by DWARF");
}

// Go <= 1.21: func (*T) M(n int)
TEST(DwarfOmissions, ReceiverWithoutAName) {
  Unit unit;
  unit.function("main.(*T).M").param("n", "int", kRbx).end();
  EXPECT_EQ(Opened(unit, 21).text(), "method (_ *main.T, n int)");
  EXPECT_EQ(Opened(unit, 21).text(16), "method (_ *main.T, n int)");
}

// func (*T) M(t *T) and func (t *T) M(*T) look the same but for the place.
TEST(DwarfOmissions, ParameterOfTheReceiversType) {
  const auto text = [](const std::string& location, std::optional<uint32_t> bytes) {
    Unit unit;
    unit.function("main.(*T).M").param("t", "*main.T", location).end();
    return Opened(unit, 21).text(bytes);
  };
  EXPECT_EQ(text(kRbx, 16), "method (_ *main.T, t *main.T)");
  EXPECT_EQ(text(kRax, 8), "method (t *main.T)");
  EXPECT_EQ(text(kRax, 16), "method (t *main.T, _ ?)");
  EXPECT_EQ(text("", 16), kUnsure21);
}

TEST(DwarfOmissions, FirstOrMiddleParameter) {
  const auto text = [](const std::string& a, const std::string& b, uint32_t bytes) {
    Unit unit;
    unit.function("main.f").param("a", "int", a).param("b", "int", b).end();
    return Opened(unit, 21).text(bytes);
  };
  EXPECT_EQ(text(kRax, kRbx, 16), "(a int, b int)");
  EXPECT_EQ(text("", "", 16), "(a int, b int)");
  EXPECT_EQ(text("", kRbx, 24), "(a int, b int, _ ?)");
  EXPECT_EQ(text(kRbx, kRcx, 24), kUnsure21);
  EXPECT_EQ(text(kRax, kRcx, 24), kUnsure21);
  EXPECT_EQ(text(kRax, "", 24), kUnsure21);
}

// func f(_ bool, b bool) has the size of func f(b bool).
TEST(DwarfOmissions, HiddenInPadding) {
  const auto text = [](const std::string& location) {
    Unit unit;
    unit.function("main.f").param("b", "bool", location).end();
    return Opened(unit, 21).text(8);
  };
  EXPECT_EQ(text(kRax), "(b bool)");
  EXPECT_EQ(text(kRbx), kUnsure21);
  EXPECT_EQ(text(""), kUnsure21);
}

// func f(b bool, s string); Go up to 1.20 may have the first word of s twice.
TEST(DwarfOmissions, WordThatIsThereTwice) {
  const auto text = [](const std::string& b, const std::string& first, const std::string& last) {
    Unit unit;
    unit.function("main.f").param("b", "bool", b);
    unit.param("s", "string", first + "\x93\x08" + first + "\x93\x08" + last + "\x93\x08").end();
    return Opened(unit, 19).text(24);
  };
  EXPECT_EQ(text(kRax, kRbx, kRcx), "(b bool, s string)");
  EXPECT_EQ(text("", kRbx, kRcx), "(b bool, s string)");
  EXPECT_EQ(text("", kRcx, "\x55"), kUnsure19);
  // Nothing is left of it.
  EXPECT_EQ(text("", kRbx, kRbx), kUnsure19);
}

// What is left out and what is not need not be in the same kind of register.
TEST(DwarfOmissions, KindsOfRegisters) {
  Unit unit;
  unit.function("main.f").param("a", "float64", kXmm0).param("b", "int", "");
  unit.param("c", "float64", "\x62").end();
  EXPECT_EQ(Opened(unit, 21).text(), kUnsure21);
}

TEST(DwarfOmissions, OnTheStack) {
  Unit unit;
  unit.function("main.f").param("a", "int", frame(0)).param("b", "int", frame(8));
  unit.result("r", "int", frame(16)).end();
  EXPECT_EQ(Opened(unit, 15).text({}, Abi::GoStack), "(a int, b int) (r int)");
  Unit shifted;
  shifted.function("main.f").param("a", "int", frame(0)).result("r", "int", frame(16)).end();
  EXPECT_EQ(Opened(shifted, 15).text({}, Abi::GoStack), kUnsure15);
}

TEST(DwarfOmissions, ResultsCountOn) {
  const auto text = [](const std::string& result) {
    Unit unit;
    unit.function("main.(*T).M")
        .param("t", "*main.T")
        .param("n", "int")
        .result(result, "int")
        .end();
    return Opened(unit, 15).text({}, Abi::GoStack);
  };
  EXPECT_EQ(text("~r1"), "method (t *main.T, n int) int");
  EXPECT_EQ(text("~r2"), kUnsure15);
}

TEST(DwarfTypes, Layout) {
  Unit unit;
  Opened it(unit, 24);
  const auto found = it.dwarf->find_types("main.T");
  ASSERT_EQ(found, std::vector<uint64_t>{unit.offset("main.T")});
  const TypeId id = it.types.reference(*it.dwarf, found[0]);
  EXPECT_EQ(dump(it.types, id),
            "main.T struct{n int @0; Inner embedded main.Inner @8; next *main.T @24} 32");
  EXPECT_EQ(it.types.at(id).align, 8u);
  EXPECT_EQ(it.dwarf->find_types("bool").size(), 1u);
  EXPECT_TRUE(it.dwarf->find_types("main.None").empty());
}

TEST(DwarfTypes, OfGenericPointersTheTargetIsNotKnown) {
  Unit unit;
  for (const char* name : {"go.shape.*uint8", "go.shape.*uint8_0", "go.shape.*main.T"})
    unit.pointer(name, "int");
  Opened it(unit, 24);
  const auto shown = [&](const char* name) {
    return dump(it.types, it.types.reference(*it.dwarf, unit.offset(name)));
  };
  EXPECT_EQ(shown("go.shape.*uint8"), "go.shape.*uint8 pointer 8");
  EXPECT_EQ(shown("go.shape.*uint8_0"), "go.shape.*uint8_0 pointer 8");
  EXPECT_EQ(shown("go.shape.*main.T"), "go.shape.*main.T pointer elem=int 8");
}

TEST(DwarfTypes, TypesThatContainThemselvesEnd) {
  Unit unit;
  unit.type("main.Loop", "main.Loop").type("main.A", "main.B").type("main.B", "main.A");
  unit.label("main.S").u8(kStruct).text("main.S").u8(8).u8(25);
  unit.member("s", "main.S", 0).member("t", "main.S", 0).end();
  Opened it(unit, 24);
  for (const char* name : {"main.Loop", "main.A", "main.B", "main.S"}) {
    const TypeId id = it.types.reference(*it.dwarf, unit.offset(name));
    EXPECT_EQ(it.types.at(id).name, name);
    EXPECT_GE(it.types.at(id).align, 1u);
  }
  (void)it.dwarf->find_types("main.A");
}

TEST(DwarfInlined, PlacesAtOneInstruction) {
  Unit unit;
  unit.abstract("main.g").abstract_param("a", "int").abstract_param("s", "string").end();
  unit.abstract("main.h").abstract_param("x", "bool").end();
  unit.function("main.f").inlined("main.g", 0x1010, 0x20);
  unit.concrete_param("a", frame(8)).concrete_param("s", kRax + "\x93\x08" + "\x93\x08");
  unit.inlined("main.h", 0x1018, 4).concrete_param("x", "\x30\x9f").end().end().end();
  Opened it(unit, 24);
  EXPECT_TRUE(it.dwarf->inlined_calls(0x1000, it.types).empty());
  const auto calls = it.dwarf->inlined_calls(0x1019, it.types);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].function, "main.g");
  ASSERT_EQ(calls[0].params.size(), 2u);
  using In = LocatedPiece::In;
  EXPECT_EQ(calls[0].params[0].places.at(0).pieces,
            (std::vector<LocatedPiece>{{.in = In::Frame, .frame_offset = 8, .size = 8}}));
  // The pointer is in a register, the length nowhere.
  EXPECT_EQ(calls[0].params[1].places.at(0).pieces,
            (std::vector<LocatedPiece>{{.in = In::Register, .reg = 0, .size = 8}}));
  EXPECT_EQ(calls[1].function, "main.h");
  EXPECT_TRUE(calls[1].params[0].places.at(0).pieces.empty());  // computed: not understood
  EXPECT_EQ(it.dwarf->inlined_calls(0x1010, it.types).size(), 1u);
}

TEST(DwarfInlined, SignatureByName) {
  Unit unit;
  unit.abstract("main.(*T).g").abstract_param("t", "*main.T").abstract_param("s", "string");
  unit.abstract_param("~r0", "int", true).end();
  unit.function("main.f").end();
  Opened it(unit, 24);
  const auto signature = it.dwarf->inlined_signature("main.(*T).g", it.types);
  ASSERT_TRUE(signature);
  EXPECT_EQ(to_string(it.types, *signature, "main.(*T).g"), "main.(*T).g(t *main.T, s string) int");
  EXPECT_TRUE(signature->has_receiver);
  EXPECT_TRUE(signature->named_only);
  EXPECT_FALSE(it.dwarf->inlined_signature("main.f", it.types)) << "it has code of its own";
}

}  // namespace
}  // namespace gotap::go
