// Signatures in Go's syntax: what they are read as, what is said of those that are wrong.
#include "go/signature_text.h"

#include <gtest/gtest.h>

namespace gotap::go {
namespace {

/// A program with a few types and no functions.
class FakeInfo final : public TypeInfo {
 public:
  FakeInfo() {
    for (const char* name : {"context.Context", "error"})
      types_.add({.kind = TypeKind::Interface, .name = name, .size = 16, .align = 8});
    for (const char* name : {"main.Store", "net/http.Request", "a/p.T", "b/p.T",
                             "main.List[go.shape.int]", "main.Pair[string,int]"})
      types_.add({.kind = TypeKind::Struct, .name = name, .size = 24, .align = 8});
  }
  const Types& types() const override { return types_; }
  Types& types() { return types_; }
  Result<Signature> signature(uint32_t) const override { return Error{"none", ""}; }
  Abi abi(uint32_t) const override { return Abi::GoRegisters; }
  std::string_view function_name(uint32_t) const override { return {}; }
  int minor() const override { return 24; }
  uint32_t inlined_function(std::string_view) const override { return 0; }
  Result<ValueLocation> inlined_place(const InlinedCallSite&, uint32_t,
                                      const Parameter&) const override {
    return Error{"not known", ""};
  }
  Result<Local> local(uint32_t, const LinePoint&, std::string_view) const override {
    return Error{"none", ""};
  }
  std::vector<Local> locals(const LinePoint&) const override { return {}; }
  std::vector<TypeId> find_types(std::string_view name) const override {
    std::vector<TypeId> full, by_short_name;
    for (TypeId id = 1; id < types_.size(); id++) {
      if (types_.at(id).name == name) full.push_back(id);
      if (short_name(types_.at(id).name) == name) by_short_name.push_back(id);
    }
    return full.empty() ? by_short_name : full;
  }
  std::optional<TypeId> type_at(uint64_t) const override { return {}; }
  uint64_t runtime_address(TypeId) const override { return 0; }
  Result<Global> global(std::string_view) const override { return Error{"none", ""}; }
  std::vector<Constant> constants(TypeId) const override { return {}; }
  std::vector<std::string> warnings() const override { return {}; }

 private:
  Types types_;
};

std::string parsed(const std::string& text) {
  FakeInfo info;
  auto found = parse_signature(text, info, info.types(), [] {
    return std::vector<std::string>{"main.Store", "net/http.Request"};
  });
  if (!found) return "! " + found.error().message + " | " + found.error().hint;
  std::string out = to_string(info.types(), found->signature, found->function);
  if (found->signature.has_receiver) out += " receiver";
  if (found->signature.dictionary == Dictionary::First) out += " dictionary first";
  if (found->signature.dictionary == Dictionary::AfterReceiver) out += " dictionary behind";
  return out;
}

TEST(SignatureText, IsReadAsGo) {
  const std::pair<const char*, const char*> cases[] = {
      {"main.f()", "main.f()"},
      {"main.f(int)", "main.f(int)"},
      {"main.f(a, b int, c string) error", "main.f(a int, b int, c string) error"},
      {"main.f(byte, rune, any)", "main.f(uint8, int32, interface {})"},
      {"main.(*Store).Put(ctx context.Context, key string, n ...int) (rev int64, err error)",
       "main.(*Store).Put(_ *main.Store, ctx context.Context, key string, n ...int) (rev int64, "
       "err "
       "error) receiver"},
      {"main.Store.Get([]byte, [4]*http.Request) (int, error)",
       "main.Store.Get(main.Store, []uint8, [4]*net/http.Request) (int, error) receiver"},
      {"main.f(m map[string][]Store, c chan<- <-chan int, d chan (<-chan bool))",
       "main.f(m map[string][]main.Store, c chan<- <-chan int, d chan (<-chan bool))"},
      {"main.f(g func(a, b int) (string, error), h func(...int), i interface{ M(int) error })",
       "main.f(g func(int, int) (string, error), h func(...int), i interface { M(int) error })"},
      {"main.f(struct{}, interface{}, unsafe.Pointer)",
       "main.f(struct {}, interface {}, unsafe.Pointer)"},
      {"main.(*Store).Put.func1(x int)", "main.(*Store).Put.func1(x int)"},
      {"main.(*List[go.shape.int]).Push(x int)",
       "main.(*List[go.shape.int]).Push(_ *main.List[go.shape.int], x int) receiver dictionary "
       "behind"},
      {"main.F[go.shape.int](x int) Pair[string, int]",
       "main.F[go.shape.int](x int) main.Pair[string,int] dictionary first"},
      {"main.(*Gone).M(int)", "main.(*Gone).M(*main.Gone, int) receiver"},
      {"a.b/c.d.f(x int)", "a.b/c.d.f(x int)"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parsed(text), expected) << text;
}

TEST(SignatureText, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"main.f", "the name of a function"},
      {"main.f(", "has its end where a type should be"},
      {"main.f(int", "\",\" or \")\" should be"},
      {"main.f(a int, b)", "a type should be"},
      {"main.f(x p.T)", "several types are called p.T: a/p.T and b/p.T"},
      {"main.f(x Stor)", "the program has no type Stor | did you mean main.Store?"},
      {"main.f(x ...int, y int)", "only the last parameter can be variadic"},
      {"main.f() int string", "\"string\" where the end should be"},
      {"main.f([99999999999]int)", "the length of an array"},
      {"main.f(struct{ a int })", "a struct without a name"},
      {"main.f(x map[string)", "should be"},
      {"", "the name of a function"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_NE(parsed(text).find(expected), std::string::npos) << text << ": " << parsed(text);
  EXPECT_EQ(parsed("main.f(" + std::string(10000, '*') + "int)"),
            "! the signature is nested too deeply | ");
  EXPECT_EQ(parsed("main.f(" + std::string(10000, '(')).substr(0, 2), "! ");
}

}  // namespace
}  // namespace gotap::go
