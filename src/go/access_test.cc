// Tests of resolve(): paths in the program of support/go_demo.h and the accesses that they become,
// or what is said of them.
#include "go/access.h"

#include <gtest/gtest.h>

#include "arch/registers.h"
#include "support/go_demo.h"

namespace gotap::go {
namespace {

using Kind = PathStep::Kind;

PathStep field(std::string name) { return {Kind::Field, std::move(name), {}, {}, {}}; }
PathStep index(std::optional<uint64_t> i) { return {Kind::Index, "", i, {}, {}}; }
PathStep part(std::optional<uint64_t> low, std::optional<uint64_t> high) {
  return {Kind::Slice, "", {}, low, high};
}
PathStep is(std::string type) { return {Kind::Assert, std::move(type), {}, {}, {}}; }
PathStep deref() { return {Kind::Deref, "", {}, {}, {}}; }

PathRoot arg(std::string name) { return {PathRoot::Kind::Parameter, std::move(name), {}}; }
PathRoot arg(uint32_t n) { return {PathRoot::Kind::Parameter, "", n}; }
PathRoot result(std::string name) { return {PathRoot::Kind::Result, std::move(name), {}}; }
PathRoot captured(std::string name) { return {PathRoot::Kind::Captured, std::move(name), {}}; }
PathRoot global(std::string name) { return {PathRoot::Kind::Global, std::move(name), {}}; }

std::string shown(const Resolved& resolved) {
  if (!resolved.error) return dump(resolved.access);
  return std::to_string(resolved.error->step) + ": " + resolved.error->message +
         (resolved.error->hint.empty() ? "" : " | " + resolved.error->hint);
}

struct Row {
  DemoFunction function;
  Path path;
  Aspect aspect;
  const char* access;
};

const Aspect V = Aspect::Value;

// clang-format off
const Row kRows[] = {
    // Roots.
    {kHandle, {arg("req"), {}}, V, "words r0:8"},
    {kHandle, {arg("key"), {}}, V, "words r1:8 r2:8"},
    {kHandle, {arg("n"), {}}, V, "words r3:4s"},
    {kHandle, {arg("ok"), {}}, V, "words r4:1"},
    {kHandle, {arg("ratio"), {}}, V, "unknown: in XMM0"},
    {kHandle, {arg(2), {}}, V, "words r3:4s"},
    {kHandle, {result("res"), {}}, V, "words r0:8s"},
    {kHandle, {{PathRoot::Kind::Result, "", 1}, {}}, Aspect::Word, "words r1:8"},
    {kStack, {arg("req"), {}}, V, "words [sp+8]:8"},
    {kStack, {arg("key"), {}}, V, "words [sp+16]:8 [sp+24]:8"},
    {kStack, {arg("n"), {}}, V, "words [sp+32]:4s"},
    {kStack, {arg("ratio"), {}}, V, "words [sp+40]:8"},
    {kStack, {result("res"), {}}, V, "words [sp+48]:8s"},
    {kUnknown, {arg("x"), {}}, V, "unknown: signature unknown: stripped"},
    {kClosure, {captured("name"), {}}, V, "base=ctx; words [base+16]:8 [base+24]:8"},
    {kClosure, {captured("count"), {}}, V, "base=ctx; base=[base+8]:8; words [base]:8s"},
    {kHandle, {global("main.count"), {}}, V, "base=global 0x500100; words [base]:8s; bias"},
    {kHandle, {global("main.config"), {field("Size")}}, V, "base=global 0x500000; base=[base]:8; words [base+40]:4s; bias"},
    // Structs in registers: a static choice of words.
    {kPair, {arg("p"), {field("Name")}}, V, "words r0:8 r1:8"},
    {kPair, {arg("p"), {field("N")}}, V, "words r2:4s"},
    {kPair, {arg("p"), {field("F")}}, V, "unknown: in XMM0"},
    {kPair, {result(""), {field("N")}}, V, "words r2:4s"},
    {kPair, {result("N"), {}}, V, "words r2:4s"},
    {kWide, {arg("small"), {index(0)}}, V, "words r6:8s"},
    // Fields through pointers, promoted ones.
    {kHandle, {arg("req"), {field("Key")}}, V, "base=r0:8; words [base]:8 [base+8]:8"},
    {kHandle, {arg("req"), {field("Next"), field("Value")}}, V, "base=r0:8; base=[base+48]:8; words [base]:8s"},
    {kHandle, {arg("req"), {field("Deep")}}, V, "base=r0:8; words [base+56]:8s"},
    {kHandle, {arg("req"), {field("Inner"), field("Name")}}, V, "base=r0:8; words [base+64]:8 [base+72]:8"},
    {kHandle, {arg("req"), {field("ID")}}, V, "base=r0:8; base=[base+88]:8; words [base]:4s"},
    {kHandle, {arg("req"), {deref(), field("Size")}}, V, "base=r0:8; words [base+40]:4s"},
    {kWide, {arg("p"), {deref()}}, V, "base=r3:8; words [base]:2s"},
    {kOne, {result("Size"), {}}, V, "base=r0:8; words [base+40]:4s"},
    // Elements.
    {kHandle, {arg("key"), {index(2)}}, V, "base=r1:8+2*1 of r2:8; words [base]:1"},
    {kHandle, {arg("key"), {index({})}}, V, "base=r1:8+?*1 of r2:8; words [base]:1"},
    {kHandle, {arg("req"), {field("Value"), index(1)}}, V, "base=r0:8; base=[base+16]:8+1*1 of [base+24]:8; words [base]:1"},
    {kPair, {arg("list"), {index(3), field("Key")}}, V, "base=r4:8+3*8 of r5:8; base=[base]:8; words [base]:8 [base+8]:8"},
    {kHandle, {arg("req"), {field("Tags"), index(2)}}, V, "base=r0:8; words [base+128]:8 [base+136]:8"},
    {kHandle, {arg("req"), {field("Tags"), index({})}}, V, "base=r0:8; base+=96; base+=?*16 of 3; words [base]:8 [base+8]:8"},
    // Parts.
    {kHandle, {arg("key"), {part({}, 3)}}, V, "words r1:8 r2:8 part :3"},
    {kHandle, {arg("req"), {field("Value"), part(1, {})}}, V, "base=r0:8; words [base+16]:8 [base+24]:8 [base+32]:8 part 1:"},
    {kHandle, {arg("req"), {field("Hash"), part(4, 8)}}, V, "base=r0:8; base+=144; words base+4 4 4"},
    // Lengths.
    {kHandle, {arg("key"), {}}, Aspect::Len, "words r2:8s"},
    {kHandle, {arg("req"), {field("Value")}}, Aspect::Cap, "base=r0:8; words [base+32]:8s"},
    {kHandle, {arg("req"), {field("Tags")}}, Aspect::Len, "words 3"},
    {kHandle, {arg("req"), {field("Labels")}}, Aspect::Len, "base=r0:8; base=[base+160]:8 or 0; words [base]:8s"},
    {kHandle, {arg("req"), {field("Queue")}}, Aspect::Len, "base=r0:8; base=[base+168]:8 or 0; words [base]:8s"},
    {kHandle, {arg("req"), {field("Queue")}}, Aspect::Cap, "base=r0:8; base=[base+168]:8 or 0; words [base+8]:8s"},
    // nil, types, what interfaces hold.
    {kPair, {arg("list"), {}}, Aspect::Word, "words r4:8"},
    {kHandle, {result("err"), {}}, Aspect::Word, "words r1:8"},
    {kHandle, {result("err"), {}}, Aspect::TypeOf, "words r1:8; bias"},
    {kHandle, {result("err"), {is("*main.MyError"), field("Msg")}}, V, "itab r1:8 is 0x3600; base=r2:8; words [base+8]:8 [base+16]:8; bias"},
    {kHandle, {result("err"), {is("*fs.PathError"), field("Op")}}, V, "itab r1:8 is 0x3300; base=r2:8; words [base]:8 [base+8]:8; bias"},
    {kHandle, {result("err"), {is("syscall.Errno")}}, V, "itab r1:8 is 0x3500; base=r2:8; words [base]:8; bias"},
    {kHandle, {result("err"), {is("*main.MyError")}}, V, "itab r1:8 is 0x3600; words r2:8; bias"},
    {kHandle, {arg("req"), {field("Any"), is("main.Box"), field("P"), field("Deep")}}, V, "base=r0:8; type [base+192]:8 is 0x3a00; base=[base+200]:8; words [base]:8s; bias"},
    {kHandle, {arg("req"), {field("Any"), is("main.Padded"), field("P")}}, V, "base=r0:8; type [base+192]:8 is 0x3b00; base=[base+200]:8; words [base]:8; bias"},
    // What is wrong.
    {kHandle, {arg("kye"), {}}, V, "-1: main.handle has no parameter kye | did you mean key? main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)"},
    {kHandle, {arg(5), {}}, V, "-1: main.handle has no parameter 5: the last is args.4 | main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)"},
    {kNameless, {arg("key"), {}}, V, "-1: the names of main.nameless's parameters are not known | by number: args.0 of main.nameless(*main.Request, string)"},
    {kNameless, {result(""), {}}, V, "-1: main.nameless has no results | main.nameless(*main.Request, string)"},
    {kHandle, {result(""), {}}, V, "-1: main.handle has several results | as in retval.0: main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)"},
    {kHandle, {arg("req"), {field("Kye")}}, V, "0: main.Request has no field Kye | did you mean Key? its fields are Key, Value, Size, Next, Inner, Base, Tags, Hash, Labels, Queue, Err, Any and 2 more"},
    {kHandle, {arg("req"), {field("Twice")}}, V, "0: main.Request has several fields Twice at the same depth | name the embedded field that it is in"},
    {kHandle, {arg("req"), {field("Tags"), index(3)}}, V, "1: [3]string has 3 elements, there is no [3] | the last is [2]"},
    {kHandle, {arg("n"), {index(0)}}, V, "0: an int32 has no elements"},
    {kHandle, {arg("n"), {field("x")}}, V, "0: an int32 has no fields"},
    {kHandle, {arg("req"), {field("Err"), field("msg")}}, V, "1: an error has no fields | say what it holds: .(*pkg.Type), as typeof() shows it"},
    {kHandle, {arg("req"), {field("Labels"), index(0)}}, V, "1: a map[string]string has no elements | what is in maps cannot be looked up"},
    {kHandle, {arg("req"), {field("Hash"), part(8, 17)}}, V, "1: [16]uint8 has 16 elements"},
    {kHandle, {arg("key"), {part(3, 2)}}, V, "0: the part ends before it begins"},
    {kHandle, {arg("key"), {part({}, 2), index(0)}}, V, "1: a part [low:high] is the last step | take the element first: args.list[2]"},
    {kHandle, {arg("key"), {}}, Aspect::Word, "-1: a string is never nil | an empty string is \"\""},
    {kHandle, {arg("n"), {}}, Aspect::Len, "-1: an int32 has no length | strings, slices, arrays, maps and channels have"},
    {kHandle, {arg("n"), {}}, Aspect::TypeOf, "-1: this is always an int32 | typeof() says what an interface holds"},
    {kHandle, {arg("req"), {deref()}}, V, "0: a main.Request is a struct: pick a part of it | its fields are Key, Value, Size, Next, Inner, Base, Tags, Hash, Labels, Queue, Err, Any and 2 more"},
    {kHandle, {arg("req"), {field("Tags")}}, V, "0: a [3]string is an array: pick a part of it | [0], len(), of bytes buf(...[:])"},
    {kHandle, {arg("req"), {field("Z")}}, V, "0: complex numbers are not supported"},
    {kHandle, {arg("key"), {is("*main.MyError")}}, V, "0: only interfaces hold values of several types, this is a string"},
    {kHandle, {result("err"), {is("main.MyErr")}}, V, "0: the program has no type main.MyErr | types are written with their package, as typeof() shows them: *fs.PathError or *io/fs.PathError"},
    {kHandle, {result("err"), {is("x.T")}}, V, "0: several types are called x.T | they are a/x.T and b/x.T"},
    {kHandle, {result("err"), {is("*main.TextError")}}, V, "0: no value of type *main.TextError is ever in an interface | did you mean main.TextError?"},
    {kHandle, {result("err"), {is("main.NoDescriptor")}}, V, "0: no value of type main.NoDescriptor is ever in an interface | the program has no descriptor of it"},
    {kHandle, {result("err"), {is("context.Context")}}, V, "0: context.Context is an interface | name the type of the value in it"},
    {kHandle, {captured("x"), {}}, V, "-1: main.handle: no captured variables are known | DWARF names those of closures from Go 1.23 on"},
    {kClosure, {captured("x"), {}}, V, "-1: main.closure.func1 captures no x | it captures count and name"},
    {kHandle, {global("main.x"), {}}, V, "-1: there is no package variable main.x"},
    {kPair, {arg("ctx"), {}}, Aspect::TraceId, "-1: this program has no OpenTelemetry: no spans are in its contexts | the packages looked for are go.opentelemetry.io/otel/..."},
    {kHandle, {{PathRoot::Kind::Context, "", {}}, {}}, Aspect::SpanId, "-1: main.handle has no parameter of type context.Context | name where there is one, as in trace_id(args.req.ctx): main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)"},
};
// clang-format on

TEST(Access, EachPath) {
  const auto info = demo();
  for (const Row& row : kRows) {
    SCOPED_TRACE(std::string(info->function_name(row.function)) + " " + row.path.text());
    EXPECT_EQ(shown(resolve(*info, row.function, row.path, row.aspect)), row.access);
  }
}

// From 1.26 on a struct with one pointer and fields of no size is in the data word itself.
TEST(Access, DirectBySize) {
  const auto info = demo();
  info->go_minor = 26;
  const Path path{arg("req"), {field("Any"), is("main.Padded"), field("P")}};
  EXPECT_EQ(shown(resolve(*info, kHandle, path, V)),
            "base=r0:8; type [base+192]:8 is 0x3b00; words [base+200]:8; bias");
}

// Where a call was inlined its arguments are wherever DWARF has them.
TEST(Access, InlinedCalls) {
  const auto info = demo();
  const InlinedCallSite site{0x1234, 0x1234, 0};
  const auto at = [&](std::string name, std::vector<PathStep> steps, Aspect aspect = V) {
    return shown(
        resolve(*info, kHandle, {arg(std::move(name)), std::move(steps)}, aspect, {}, {&site, {}}));
  };
  const auto any = [](uint16_t offset, uint32_t in_value) {
    return Piece{Piece::In::AnyRegister, static_cast<uint8_t>(offset), in_value, 8};
  };
  ValueLocation key{.pieces = {any(arch::PtRegs::r12, 0), {Piece::In::Stack, 0, 8, 8, 24}}};
  info->inlined[{0x1234, "key"}] = key;
  info->inlined[{0x1234, "req"}] = {.pieces = {any(arch::PtRegs::dx, 0)}};
  info->inlined[{0x1234, "n"}] = {.pieces = {{Piece::In::Stack, 0, 0, 4, 40}}};
  info->inlined[{0x1234, "ratio"}] = {.pieces = {{Piece::In::FloatRegister, 7, 0, 8}}};
  EXPECT_EQ(at("key", {}), "words r12:8 [sp+24]:8");
  EXPECT_EQ(at("key", {}, Aspect::Len), "words [sp+24]:8s");
  EXPECT_EQ(at("req", {field("Size")}), "base=dx:8; words [base+40]:4s");
  EXPECT_EQ(at("n", {}), "words [sp+40]:4s");
  EXPECT_EQ(at("ratio", {}), "unknown: in XMM7");
  EXPECT_EQ(at("ok", {}), "unknown: inlined: optimized out");
  EXPECT_EQ(at("none", {}).substr(0, 35), "-1: main.handle has no parameter no");
  key.pieces.pop_back();
  key.missing = "inlined: optimized out";
  info->inlined[{0x1234, "key"}] = key;
  EXPECT_EQ(at("key", {}), "unknown: inlined: optimized out") << "no length";
  EXPECT_EQ(at("key", {}, Aspect::Len), "unknown: inlined: optimized out");
  const Path captures{captured("name"), {}};
  EXPECT_EQ(shown(resolve(*info, kClosure, captures, V, {}, {&site, {}})),
            "unknown: inlined: not known here");
  const Path of_package{global("main.count"), {}};
  EXPECT_EQ(shown(resolve(*info, kHandle, of_package, V, {}, {&site, {}})),
            shown(resolve(*info, kHandle, of_package, V)));
}

TEST(Access, Variables) {
  const auto info = demo();
  const auto at = [&](std::string name, std::vector<PathStep> steps, Aspect aspect = V) {
    const Path path{{PathRoot::Kind::Local, std::move(name), {}}, std::move(steps)};
    return shown(resolve(*info, kHandle, path, aspect, {}, {nullptr, LinePoint{kDemoLine, 7}}));
  };
  EXPECT_EQ(at("req", {field("Size")}), "base=bx:8; words [base+40]:4s");
  EXPECT_EQ(at("key", {}), "words [sp+32]:8 ax:8");
  EXPECT_EQ(at("n", {}), "words [sp+24]:4s");
  EXPECT_EQ(at("gone", {}), "unknown: optimized out");
  // On the heap: its address is in the frame.
  EXPECT_EQ(at("shared", {}), "base=[sp+48]:8; words [base]:8s");
  EXPECT_EQ(at("none", {}), "-1: there is no variable none on line 7");
  const Path alone{{PathRoot::Kind::Local, "n", {}}, {}};
  EXPECT_EQ(shown(resolve(*info, kHandle, alone, V)),
            "-1: local variables are known at lines of source only");
}

// Of a function that is inlined everywhere, DWARF leaves out what has no name.
TEST(Access, NumbersOfNamesAlone) {
  const auto info = demo();
  info->functions[kHandle].signature.named_only = true;
  EXPECT_EQ(
      shown(resolve(*info, kHandle, {arg(1), {}}, V)).substr(0, 85),
      "-1: the numbers of main.handle's parameters are not known: it is inlined everywhere |");
  EXPECT_EQ(shown(resolve(*info, kHandle, {arg("key"), {}}, V)), "words r1:8 r2:8");
}

TEST(Access, UnknownKeepsTheType) {
  const auto info = demo();
  const Resolved resolved = resolve(*info, kHandle, {arg("ratio"), {}}, V);
  EXPECT_EQ(info->types().at(resolved.access.type).name, "float64");
  EXPECT_TRUE(resolved.access.words.empty());
}

TEST(Access, Errors) {
  const auto info = demo();
  EXPECT_EQ(
      shown(resolve(*info, kHandle, {result("err"), {}}, V)),
      "words r1:8 r2:8; error 0x3000 text @0; error 0x3100 text @0; error 0x3200 join @0; "
      "error 0x3500 number:8; error 0x3300 path @0 @16 @32; error 0x3400 path - @0 @16; bias");
  const Resolved more = resolve(*info, kHandle, {result("err"), {}}, V,
                                {"*main.MyError.Msg", "main.TextError", "*main.Gone.Msg"});
  ASSERT_EQ(more.access.errors.size(), 8u);
  EXPECT_EQ(more.access.errors[6].type_address, 0x3600u);
  EXPECT_EQ(more.access.errors[6].offset, 8u);
  EXPECT_EQ(more.access.errors[7].type_address, 0x3700u);
  EXPECT_EQ(more.access.errors[7].offset, 0u);
}

TEST(Access, TextsOfErrors) {
  const auto info = demo();
  EXPECT_TRUE(knows_error_text(*info, "*main.MyError.Msg"));
  EXPECT_TRUE(knows_error_text(*info, "main.TextError"));
  EXPECT_FALSE(knows_error_text(*info, "*main.MyError.Code"));  // no string
  EXPECT_FALSE(knows_error_text(*info, "*main.MyError.None"));
  EXPECT_FALSE(knows_error_text(*info, "Msg"));
  EXPECT_EQ(constant_error_text("context.deadlineExceededError"), "context deadline exceeded");
  EXPECT_EQ(constant_error_text("*errors.errorString"), "");
}

TEST(Access, Contexts) {
  const auto info = demo();
  FakeTypeInfo& program = *info;
  const TypeId context = program.find_types("context.Context").at(0);
  const TypeId any = program.find_types("interface {}").at(0);
  const TypeId text = program.find_types("string").at(0);
  const TypeId cancel =
      program.structure("context.cancelCtx", {{"+Context", context}, {"x", text}});
  program.pointer(cancel, 0x4000);
  program.pointer(program.structure("context.timerCtx", {{"x", text}, {"+cancelCtx", cancel}}),
                  0x4100);
  program.pointer(
      program.structure("context.valueCtx", {{"+Context", context}, {"key", any}, {"val", any}}),
      0x4200);
  program.structure("context.withoutCancelCtx", {{"c", context}}, 0x4300);
  program.structure("context.backgroundCtx", {}, 0x4400);
  const std::string otel = "go.opentelemetry.io/otel/";
  program.with(program.scalar(TypeKind::Int, otel + "trace.traceContextKeyType", 8), 0x4500);
  const TypeId ids = program.structure(
      otel + "trace.SpanContext",
      {{"traceID", program.array(kByteType, 16)}, {"spanID", program.array(kByteType, 8)}});
  program.pointer(
      program.structure(otel + "sdk/trace.recordingSpan", {{"mu", text}, {"spanContext", ids}}),
      0x4600);
  program.structure(otel + "trace.noopSpan", {}, 0x4700);
  const std::string forms =
      "context key 0x4500; 0x4200 parent @0 key @16 value @32; 0x4000 parent @0; 0x4100 parent "
      "@16; "
      "0x4300 parent @0; 0x4600 trace @16 span @32; 0x4400 end; 0x4700 end; bias";
  EXPECT_EQ(shown(resolve(program, kPair, {arg("ctx"), {}}, Aspect::TraceId)),
            "words r7:8 r8:8; " + forms);
  EXPECT_EQ(shown(resolve(program, kPair, {{PathRoot::Kind::Context, "", {}}, {}}, Aspect::SpanId)),
            "words r7:8 r8:8; " + forms);
}

// A generic function's parameter of any pointer type.
TEST(Access, PointersToAnything) {
  FakeTypeInfo info;
  GoType pointer;
  pointer.kind = TypeKind::Pointer;
  pointer.name = "go.shape.*uint8";
  pointer.size = 8;
  const TypeId any = const_cast<Types&>(info.types()).add(pointer);
  info.functions.push_back({"main.f[go.shape.*uint8]", {}, Abi::GoRegisters, ""});
  info.functions[0].signature.params = {{"x", any}};
  const char* unknown =
      "0: what a go.shape.*uint8 points to is not known"
      " | Go compiles a generic function once for all pointers";
  EXPECT_EQ(shown(resolve(info, 0, {arg("x"), {}}, V)), "words r0:8");
  EXPECT_EQ(shown(resolve(info, 0, {arg("x"), {deref()}}, V)), unknown);
  EXPECT_EQ(shown(resolve(info, 0, {arg("x"), {field("N")}}, V)), unknown);
}

// Types that contain themselves, as a damaged file may say.
TEST(Access, EndlessTypes) {
  FakeTypeInfo info;
  GoType loop;
  loop.kind = TypeKind::Struct;
  loop.name = "main.Loop";
  loop.size = 8;
  const auto self = static_cast<TypeId>(info.types().size());
  loop.fields = {{"Loop", 0, self, true}};
  ASSERT_EQ(const_cast<Types&>(info.types()).add(loop), self);
  GoType pointer;
  pointer.kind = TypeKind::Pointer;
  pointer.name = "*main.Loop";
  pointer.size = 8;
  pointer.elem = self;
  const TypeId to = const_cast<Types&>(info.types()).add(pointer);
  info.functions.push_back({"main.f", {}, Abi::GoRegisters, ""});
  info.functions[0].signature.params = {{"x", to}};
  EXPECT_EQ(shown(resolve(info, 0, {arg("x"), {field("none")}}, V)),
            "0: main.Loop has no field none | its field is Loop");
  EXPECT_EQ(shown(resolve(info, 0, {arg("x"), {field("Loop"), field("Loop")}}, Aspect::Len)),
            "1: a main.Loop has no length | strings, slices, arrays, maps and channels have");
}

}  // namespace
}  // namespace gotap::go
