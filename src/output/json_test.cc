// JSON of values built by hand; expected text is what bpftrace 0.27 printed for the scripts
// json-*.bt and others of tests/golden/bpftrace, and what json.h says where ours is not its.
#include "output/json.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>

#include "base/fd.h"
#include "output/fields.h"
#include "output/test_files.h"

namespace gotap::output {
namespace {

using testing::contents;

struct Written {
  std::string data, messages;
};

Written write(SinkOptions options, const std::function<void(JsonSink&)>& use) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  options.data_fd = data.get();
  options.message_fd = messages.get();
  {
    JsonSink sink(options);
    use(sink);
    sink.flush();
    EXPECT_TRUE(sink.ok());
  }  // what was never said to be attached is written all the same
  return {contents(data.get()), contents(messages.get())};
}

std::string data_of(const std::function<void(JsonSink&)>& use) {
  Written written = write({}, use);
  EXPECT_EQ(written.messages, "");
  return written.data;
}

std::string value_of(const Value& value) {
  return data_of([&](JsonSink& sink) { sink.value(value); });
}

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, Escapes) {
  EXPECT_EQ(quoted("quote \" backslash \\ tab \t return \r newline \n"),
            R"("quote \" backslash \\ tab \t return \r newline \n")");
  EXPECT_EQ(quoted(std::string("\x01\x1f\x7f/\0", 5)), "\"\\u0001\\u001f\x7f/\\u0000\"");
}

TEST(JsonString, Utf8StaysAndOtherBytesAreShownAsBpftraceDoes) {
  EXPECT_EQ(quoted("é€😀"), "\"é€😀\"");
  EXPECT_EQ(quoted("\xff"), R"("\uffffffff")");
  EXPECT_EQ(quoted("a\xc3"), R"("a\uffffffc3")");
  EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\uffffffed\uffffffa0\uffffff80")");  // a surrogate
  EXPECT_EQ(quoted("\xc0\xaf"), R"("\uffffffc0\uffffffaf")");                // an overlong /
}

TEST(JsonValue, NumbersThatADoubleCannotHoldAreStrings) {
  auto data = [](const Value& value) { return value_of(value); };
  EXPECT_EQ(data({int64_t{9007199254740992}}),
            "{\"type\": \"value\", \"data\": 9007199254740992}\n");
  EXPECT_EQ(data({int64_t{9007199254740993}}),
            "{\"type\": \"value\", \"data\": \"9007199254740993\"}\n");
  EXPECT_EQ(data({int64_t{-9007199254740993}}),
            "{\"type\": \"value\", \"data\": \"-9007199254740993\"}\n");
  EXPECT_EQ(data({INT64_MIN}), "{\"type\": \"value\", \"data\": -9223372036854775808}\n");
  EXPECT_EQ(data({INT64_MAX}), "{\"type\": \"value\", \"data\": \"9223372036854775807\"}\n");
  EXPECT_EQ(data({UINT64_MAX}), "{\"type\": \"value\", \"data\": \"18446744073709551615\"}\n");
  EXPECT_EQ(data({uint64_t{0}}), "{\"type\": \"value\", \"data\": 0}\n");
}

TEST(JsonValue, EveryKind) {
  EXPECT_EQ(value_of({true}), "{\"type\": \"value\", \"data\": true}\n");
  EXPECT_EQ(value_of({std::string("s\t")}), "{\"type\": \"value\", \"data\": \"s\\t\"}\n");
  EXPECT_EQ(value_of({Buffer{"a\xff"}}), "{\"type\": \"value\", \"data\": [97,-1]}\n");
  EXPECT_EQ(value_of({Trusted{"2026"}}), "{\"type\": \"value\", \"data\": \"2026\"}\n");
  EXPECT_EQ(value_of({Unknown{"not readable"}}),
            "{\"type\": \"value\", \"data\": \"<not readable>\"}\n");
  Value inner{Tuple{{{int64_t{2}}, {std::string("x y")}}}};
  EXPECT_EQ(value_of({Tuple{{{int64_t{1}}, inner, {true}}}}),
            "{\"type\": \"value\", \"data\": [1,[2,\"x y\"],true]}\n");
}

TEST(JsonMap, ScalarsKeysAndTypes) {
  auto map = [](const MapDump& dump) { return data_of([&](JsonSink& sink) { sink.map(dump); }); };
  EXPECT_EQ(map({"@empty", {}}), "");
  EXPECT_EQ(map({"@c", {{{}, Value{int64_t{1}}}}}), "{\"type\": \"map\", \"data\": {\"@c\": 1}}\n");
  EXPECT_EQ(map({"@k", {{{{int64_t{1}}, {std::string("x")}}, Value{int64_t{-2}}}}}),
            "{\"type\": \"map\", \"data\": {\"@k\": {\"1,x\": -2}}}\n");
  EXPECT_EQ(map({"@av", {{{}, Average{true, 15, 2}}}}),
            "{\"type\": \"stats\", \"data\": {\"@av\": 7}}\n");
  EXPECT_EQ(map({"@st", {{{{int64_t{3}}}, Stats{{true, static_cast<uint64_t>(-5), 1}}}}}),
            "{\"type\": \"stats\", \"data\": {\"@st\": {\"3\": {\"count\": 1, \"average\": -5, "
            "\"total\": -5}}}}\n");
}

TEST(JsonMap, KeysLoseTheirBlanksUnlessTwoBecameOne) {
  auto text = [](const char* s) { return std::vector<Value>{{std::string(s)}}; };
  auto one = Value{int64_t{1}}, two = Value{int64_t{2}};
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@", {{text("a b"), one}}});
            }),
            "{\"type\": \"map\", \"data\": {\"@\": {\"ab\": 1}}}\n");
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@", {{text("(x)"), one}}});
            }),
            "{\"type\": \"map\", \"data\": {\"@\": {\"x\": 1}}}\n");
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@", {{text("a b"), one}, {text("ab"), two}}});
            }),
            "{\"type\": \"map\", \"data\": {\"@\": {\"a b\": 1, \"ab\": 2}}}\n");
}

TEST(JsonMap, HistogramsHaveClosedBuckets) {
  Histogram histogram;
  histogram.linear = true;
  histogram.buckets = {{0, 0, true, false, 1}, {0, 1, false, false, 4}, {4, 8, false, true, 2}};
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@h", {{{}, histogram}}});
            }),
            "{\"type\": \"hist\", \"data\": {\"@h\": [{\"max\": -1, \"count\": 1},"
            "{\"min\": 0, \"max\": 0, \"count\": 4},{\"min\": 4, \"count\": 2}]}}\n");
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@h", {{{}, Histogram{}}}});
            }),
            "{\"type\": \"hist\", \"data\": {\"@h\": []}}\n");
}

TEST(JsonMap, TheLastBucketOfHistEndsWithTheLargestNumber) {
  Histogram histogram;
  histogram.buckets = {{int64_t{1} << 62, 0, false, true, 1}};
  EXPECT_EQ(data_of([&](JsonSink& sink) {
              sink.map({"@h", {{{}, histogram}}});
            }),
            "{\"type\": \"hist\", \"data\": {\"@h\": [{\"min\": 4611686018427387904, \"max\": "
            "\"9223372036854775807\", \"count\": 1}]}}\n");
}

TEST(JsonRecords, Actions) {
  EXPECT_EQ(data_of([](JsonSink& sink) {
              sink.attached(2);
              sink.join({{std::string("a")}, {std::string("b")}}, "-");
              sink.cat("x\n");
              sink.system("hi\n");
              sink.end();
            }),
            "{\"type\": \"attached_probes\", \"count\": 2, \"data\": {\"probes\": 2}}\n"
            "{\"type\": \"join\", \"data\": \"a-b\"}\n"
            "{\"type\": \"cat\", \"data\": \"x\\n\"}\n"
            "{\"type\": \"syscall\", \"data\": \"hi\\n\"}\n");
}

TEST(JsonRecords, TheNumberOfProbesComesFirst) {
  EXPECT_EQ(data_of([](JsonSink& sink) {
              sink.value(Value{int64_t{1}});
              sink.flush();
              sink.attached(1);
              sink.value(Value{int64_t{2}});
            }),
            "{\"type\": \"attached_probes\", \"count\": 1, \"data\": {\"probes\": 1}}\n"
            "{\"type\": \"value\", \"data\": 1}\n{\"type\": \"value\", \"data\": 2}\n");
}

TEST(JsonRecords, LossesAreRecordsOfTheirOwn) {
  Losses losses;
  EXPECT_EQ(data_of([&](JsonSink& sink) { sink.losses(losses); }), "");
  losses.ring_full = 3;
  losses.undecided = 2;
  losses.map_full = {{"@a", 0}, {"@m", 7}};
  EXPECT_EQ(data_of([&](JsonSink& sink) { sink.losses(losses); }),
            "{\"type\": \"lost_events\", \"count\": 3, \"data\": {\"events\": 3}}\n"
            "{\"type\": \"losses\", \"data\": {\"undecided\": 2, \"map_full\": {\"@m\": 7}}}\n");
  Losses maps;
  maps.map_full = {{"@m", 1}};
  EXPECT_EQ(data_of([&](JsonSink& sink) { sink.losses(maps); }),
            "{\"type\": \"losses\", \"data\": {\"map_full\": {\"@m\": 1}}}\n");
}

TEST(JsonRecords, QuietKeepsDataAndComplaints) {
  Written written = write({.quiet = true}, [](JsonSink& sink) {
    sink.attached(1);
    sink.message("a note");
    sink.complain("no such file");
    sink.value(Value{int64_t{1}});
  });
  EXPECT_EQ(written.data, "{\"type\": \"value\", \"data\": 1}\n");
  EXPECT_EQ(written.messages, "no such file\n");
}

// A printf() of named fields, a tab between two.
TEST(Fields, AreARecord) {
  const auto literal = [](std::string text) { return FormatPiece{.literal = std::move(text)}; };
  const FormatPiece text{.conversion = 's'}, number{.conversion = 'd'}, hex{.conversion = 'x'};
  const Format format{
      "",
      {literal("time="), text, literal("\tid="), number, literal("\targs.a="), text,
       literal("\targs.p=0x"), hex, literal("\tresults[]="), number, literal("\tresults[]=x("),
       number, literal(")\twhat=all of it\tstack="), text, literal("\n")}};
  const std::vector<Value> values{{std::string("now")},
                                  {int64_t{7}},
                                  {std::string("a\tb=\"c\"")},
                                  {uint64_t{255}},
                                  {Unknown{"nil"}},
                                  {int64_t{2}},
                                  {Stack{{"f", "g"}, "\n    f+1 (a.go:2)\n    g\n"}}};
  Fd data(::memfd_create("data", MFD_CLOEXEC));
  {
    FieldsSink sink(SinkOptions{.data_fd = data.get()}, "{head}\n", "call", 2);
    sink.attached(0);
    for (int i = 0; i < 3; i++) sink.print(format, values);
    sink.map({.name = "@lines", .entries = {{{}, Value{int64_t{3}}}}});
    sink.flush();
  }
  const std::string record =
      "{\"type\": \"call\", \"data\": {\"time\": \"now\", \"id\": 7, \"args\": {\"a\": "
      "\"a\\tb=\\\"c\\\"\", \"p\": \"0xff\"}, \"results\": [\"<nil>\", \"x(2)\"], \"what\": "
      "\"all of it\", \"stack\": [\"f+1 (a.go:2)\", \"g\"]}}\n";
  EXPECT_EQ(contents(data.get()),
            "{head}\n{\"type\": \"attached_probes\", \"count\": 0, \"data\": {\"probes\": 0}}\n" +
                record + record);
}

// The user's text between what every line has; a value that stands in it twice is one.
TEST(Fields, OfALineOfText) {
  const auto literal = [](std::string text) { return FormatPiece{.literal = std::move(text)}; };
  const FormatPiece text{.conversion = 's'}, number{.conversion = 'd'};
  const Format format{"",
                      {text, number, text, literal("a=\t"), number, literal(" "), text,
                       literal(" "), number, text}};
  const std::vector<Value> values{{std::string("now")},
                                  {int64_t{7}},
                                  {std::string("4bf9")},
                                  {int64_t{-3}},
                                  {true},
                                  {int64_t{-3}},
                                  {Stack{{"f"}, "\n    f+1 (a.go:2)\n"}}};
  Fd data(::memfd_create("data", MFD_CLOEXEC));
  {
    LogSink sink(SinkOptions{.data_fd = data.get()}, "", {true, true, {"n", "n == 3", "n"}}, 1);
    sink.attached(0);
    for (int i = 0; i < 2; i++) sink.print(format, values);
    sink.flush();
  }
  EXPECT_EQ(
      contents(data.get()),
      "{\"type\": \"attached_probes\", \"count\": 0, \"data\": {\"probes\": 0}}\n"
      "{\"type\": \"log\", \"data\": {\"time\": \"now\", \"goroutine\": 7, \"trace\": \"4bf9\", "
      "\"text\": \"a=\\t-3 true -3\", \"values\": {\"n\": -3, \"n == 3\": true}, \"stack\": "
      "[\"f+1 (a.go:2)\"]}}\n");
}

// What of three events is there before and after flush(), by the mode.
TEST(Buffering, DecidesWhenDataIsWritten) {
  auto lengths = [](Buffering mode) {
    Fd data(::memfd_create("data", MFD_CLOEXEC));
    Writer writer(SinkOptions{data.get(), 2, false, mode});
    auto length = [&] { return contents(data.get()).size(); };
    std::vector<size_t> seen;
    writer.data() += "ab\nc";
    writer.written();
    seen.push_back(length());
    writer.flush();
    seen.push_back(length());
    writer.ending();
    writer.flush();
    seen.push_back(length());
    return seen;
  };
  EXPECT_EQ(lengths(Buffering::Gathered), (std::vector<size_t>{0, 4, 4}));
  EXPECT_EQ(lengths(Buffering::Line), (std::vector<size_t>{3, 4, 4}));
  EXPECT_EQ(lengths(Buffering::None), (std::vector<size_t>{4, 4, 4}));
  EXPECT_EQ(lengths(Buffering::Full), (std::vector<size_t>{0, 0, 4}));
}

TEST(Notify, SaysThatProbesAreAttached) {
  Fd told(::memfd_create("told", MFD_CLOEXEC));
  Written written =
      write({.quiet = true, .notify_fd = told.get()}, [](JsonSink& sink) { sink.attached(1); });
  EXPECT_EQ(written.data, "");
  EXPECT_EQ(contents(told.get()), "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n");
}

}  // namespace
}  // namespace gotap::output
