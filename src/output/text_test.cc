// The sink with values built by hand; expected text is what bpftrace 0.27 printed for the script
// of the same name in tests/golden/bpftrace.
#include "output/text.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include "base/fd.h"
#include "output/local_time.h"
#include "output/losses.h"
#include "output/test_files.h"

namespace gotap::output {
namespace {

using testing::contents;

Value num(int64_t n) { return {n}; }
Value unum(uint64_t n) { return {n}; }
Value str(const std::string& s) { return {s}; }

// What `use` makes the sink write to its data descriptor.
std::string data_of(const std::function<void(TextSink&)>& use) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  {
    TextSink sink({data.get(), messages.get()});
    use(sink);
    sink.flush();
    EXPECT_TRUE(sink.ok());
  }
  EXPECT_EQ(contents(messages.get()), "");
  return contents(data.get());
}

std::string messages_of(bool quiet, const std::function<void(TextSink&)>& use) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  TextSink sink({data.get(), messages.get(), quiet});
  use(sink);
  return contents(messages.get());
}

std::string golden(const std::string& name) {
  std::ifstream file(std::string(GOTAP_SOURCE_DIR) + "/tests/golden/bpftrace/" + name + ".out");
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// One conversion as the checker would take it apart: %-05d and so on.
FormatPiece piece(const std::string& conversion) {
  FormatPiece p;
  size_t i = 1;
  while (conversion.find_first_of("-+ #0", i) == i) p.flags += conversion[i++];
  if (conversion[i] == '*') p.star_width = true, i++;
  while (std::isdigit(conversion[i])) p.width = std::max(p.width, 0) * 10 + (conversion[i++] - '0');
  if (conversion[i] == '.')
    for (p.precision = 0, i++; std::isdigit(conversion[i]); i++)
      p.precision = p.precision * 10 + (conversion[i] - '0');
  while (std::string("hlzjtL").find(conversion[i]) != std::string::npos)
    p.length += conversion[i++];
  p.conversion = conversion[i];
  return p;
}

std::string show(const std::string& conversion, const Value& value) {
  std::string out;
  append_printf(out, Format{conversion, {piece(conversion)}}, {value}, Untrusted::Raw);
  return out;
}

TEST(Printf, Conversions) {
  // Rows from printf-*.out.
  struct {
    const char* conversion;
    Value value;
    const char* text;
  } rows[] = {
      {"%d", num(1), "1"},
      {"%5d", num(2), "    2"},
      {"%-5d", num(3), "3    "},
      {"%05d", num(4), "00004"},
      {"%+d", num(5), "+5"},
      {"% d", num(6), "6"},
      {"%i", num(-3), "-3"},
      {"%05d", num(-42), "00-42"},
      {"%-05d", num(42), "42000"},
      {"%#05x", num(42), "00x2a"},
      {"%05s", str("ab"), "000ab"},
      {"%05c", num(65), "0000A"},
      {"%05p", num(5), "000x5"},
      {"%u", num(-1), "4294967295"},
      {"%lu", num(-1), "18446744073709551615"},
      {"%hu", num(-1), "65535"},
      {"%hhu", num(-1), "255"},
      {"%hhd", num(300), "44"},
      {"%hd", num(65537), "1"},
      {"%x", num(255), "ff"},
      {"%X", num(255), "FF"},
      {"%#x", num(255), "0xff"},
      {"%#X", num(255), "0XFF"},
      {"%#x", num(0), "0"},
      {"%#o", num(0), "0"},
      {"%#o", num(8), "010"},
      {"%lo", num(-1), "1777777777777777777777"},
      {"%d", num(5000000000), "705032704"},
      {"%ld", num(5000000000), "5000000000"},
      {"%d", unum(0xfffffffb), "-5"},
      {"%ld", unum(UINT64_MAX), "-1"},
      {"%jx", num(-1), "ffffffffffffffff"},
      {"%c", num(72), "H"},
      {"%p", num(4096), "0x1000"},
      {"%p", num(0), "0"},
      {"%12p", num(255), "        0xff"},
      {"%s", num(-7), "-7"},
      {"%+s", num(5), "+5"},
      {"%s", Value{true}, "true"},
      {"%6s", Value{false}, " false"},
      {"%d", Value{true}, "1"},
      {"%.2s", str("abc"), "abc"},
      {"%.3d", num(7), "7"},
      {"%-6s|", str("abc"), "abc   "},
      {"%d", Value{Unknown{"not readable"}}, "<not readable>"},
      {"%16s", Value{Unknown{"not readable"}}, "  <not readable>"},
      {"%+u", num(7), "7"},
      {"%+d", num(0), "+0"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(show(row.conversion, row.value), row.text) << row.conversion;
}

// What is known to have 64 bits is never cut to a wrong number.
// As Go's fmt has %v, %f, %e and %g.
TEST(Printf, FloatingPoint) {
  auto real = [](double value) { return Value{Real{value, false}}; };
  struct {
    const char* conversion;
    Value value;
    const char* text;
  } rows[] = {
      {"%f", real(2.5), "2.500000"},
      {"%.2f", real(-2.346), "-2.35"},
      {"%8.1f", real(3.14), "     3.1"},
      {"%-8.1f", real(3.14), "3.1     "},
      {"%08.1f", real(-3.14), "-00003.1"},
      {"%e", real(123456.0), "1.234560e+05"},
      {"%G", real(1e-10), "1E-10"},
      {"%g", real(0.5), "0.5"},
      {"%f", real(std::numeric_limits<double>::quiet_NaN()), "NaN"},
      {"%f", real(-std::numeric_limits<double>::infinity()), "-Inf"},
      {"%s", real(0.1), "0.1"},
      {"%s", real(123456.5), "123456.5"},
      {"%s", real(1234567), "1.234567e+06"},
      {"%s", real(1e21), "1e+21"},
      {"%s", real(0.0001), "0.0001"},
      {"%s", real(0.00001), "1e-05"},
      {"%s", real(-0.0), "-0"},
      {"%s", Value{Real{static_cast<double>(0.1f), true}}, "0.1"},
      {"%f", Value{Unknown{"in XMM0"}}, "<in XMM0>"},
  };
  for (auto& row : rows) EXPECT_EQ(show(row.conversion, row.value), row.text) << row.conversion;
}

// The name of a constant to print() and %s, its number to the rest.
TEST(Printf, Constants) {
  Value red = num(2);
  red.name = "main.Red";
  EXPECT_EQ(show("%s", red), "main.Red");
  EXPECT_EQ(show("%d", red), "2");
  EXPECT_EQ(show("%x", red), "2");
}

TEST(Printf, WideArguments) {
  struct {
    const char* conversion;
    Value value;
    const char* text;
  } rows[] = {
      {"%d", num(5000000000), "5000000000"},
      {"%d", num(-5000000000), "-5000000000"},
      {"%d", num(0xfffffffb), "4294967291"},
      {"%d", num(-5), "-5"},
      {"%u", unum(5000000000), "5000000000"},
      {"%u", num(-1), "4294967295"},
      {"%x", unum(0x7f0012345678), "7f0012345678"},
      {"%x", num(-1), "ffffffff"},
      {"%hd", num(65537), "1"},
  };
  for (const auto& row : rows) {
    FormatPiece wide = piece(row.conversion);
    wide.wide = true;
    std::string out;
    append_printf(out, Format{"", {wide}}, {row.value}, Untrusted::Raw);
    EXPECT_EQ(out, row.text) << row.conversion;
  }
}

TEST(Printf, StarWidthAndMissingArguments) {
  Format format{"", {piece("%*d"), FormatPiece{"|"}, piece("%s")}};
  std::string out;
  append_printf(out, format, {num(5), num(42), str("x")}, Untrusted::Raw);
  EXPECT_EQ(out, "   42|x");
  out.clear();
  append_printf(out, format, {num(-5), num(42)}, Untrusted::Raw);
  EXPECT_EQ(out, "42   |<missing>");
  out.clear();
  append_printf(out, format, {num(INT32_MIN), num(1), str("")}, Untrusted::Raw);
  EXPECT_EQ(out.size(), 65536 + 1u);
}

TEST(Printf, ControlBytesAreEscapedOnlyWhenAsked) {
  Format format{"", {FormatPiece{"\n"}, piece("%s"), piece("%c")}};
  std::string raw, escaped;
  append_printf(raw, format, {str("\x1b[2J\t"), num(27)}, Untrusted::Raw);
  append_printf(escaped, format, {str("\x1b[2J\t"), num(27)}, Untrusted::Escaped);
  EXPECT_EQ(raw, "\n\x1b[2J\t\x1b");
  EXPECT_EQ(escaped, "\n\\x1b[2J\\t\\x1b");
}

TEST(Sink, PrintValues) {
  EXPECT_EQ(data_of([](TextSink& sink) {
              sink.value(num(1));
              sink.value(num(-1));
              sink.value(str("text"));
              sink.value(Value{true});
              sink.value(Value{false});
              sink.value(unum(UINT64_MAX));
              sink.value(str("0x1000"));
              sink.value(Value{uint64_t{200}, 1});
              sink.end();
            }),
            golden("print-values"));
}

TEST(Sink, MapValueIsTheValueAlone) {
  EXPECT_EQ(data_of([](TextSink& sink) {
              sink.map_value("@a", {{num(1)}, num(5)});
              sink.map_value("@b", {{str("x"), num(2)}, str("v")});
              sink.map_value("@c", {{str("k")}, num(1)});
              sink.map_value("@s", {{str("k")}, num(-4)});
              sink.end();
            }),
            golden("print-map-value"));
}

TEST(Sink, MapsSortedByValue) {
  EXPECT_EQ(
      data_of([](TextSink& sink) {
        sink.end();
        sink.map(
            {"@a",
             {{{num(1)}, num(30)}, {{num(2)}, num(-5)}, {{num(3)}, num(7)}, {{num(4)}, num(0)}}});
      }),
      golden("map-sorted-by-value"));
  EXPECT_EQ(
      data_of([](TextSink& sink) {
        sink.end();
        sink.map(
            {"@a",
             {{{num(1)}, unum(UINT64_MAX)}, {{num(2)}, unum(1)}, {{num(3)}, unum(1ull << 63)}}});
      }),
      golden("map-unsigned-sorted"));
  EXPECT_EQ(
      data_of([](TextSink& sink) {
        sink.end();
        sink.map({"@n", {{{num(3)}, str("x")}, {{num(-1)}, str("y")}, {{num(20)}, str("z")}}});
        sink.map({"@s", {{{str("b")}, str("1")}, {{str("a")}, str("3")}, {{str("c")}, str("2")}}});
      }),
      golden("map-string-values"));
}

TEST(Sink, TiesAreSortedByKey) {
  EXPECT_EQ(data_of([](TextSink& sink) {
              sink.map({"@",
                        {{{str("b"), num(1)}, num(1)},
                         {{Value{Unknown{"not readable"}}, num(0)}, num(1)},
                         {{str("a"), num(10)}, num(1)},
                         {{str("a"), num(-2)}, num(1)}}});
            }),
            "@[<not readable>, 0]: 1\n@[a, -2]: 1\n@[a, 10]: 1\n@[b, 1]: 1\n");
}

TEST(Sink, TopAndDiv) {
  MapDump a{"@a", {{{str("a")}, num(1000)}, {{str("b")}, num(2500)}, {{str("c")}, num(-1999)}}};
  EXPECT_EQ(data_of([&](TextSink& sink) {
              a.top = 2, a.div = 1000;
              sink.map(a);
              a.top = 0;
              sink.map(a);
              sink.end();
            }),
            golden("print-top-div"));
  MapDump v{"@a",
            {{{str("x")}, Average{true, 10, 1}},
             {{str("y")}, Average{true, 21, 1}},
             {{str("z")}, Average{true, static_cast<uint64_t>(-7), 1}}}};
  EXPECT_EQ(data_of([&](TextSink& sink) {
              v.top = 2;
              sink.map(v);
              v.top = 0, v.div = 2;
              sink.map(v);
              sink.end();
            }),
            golden("print-avg-top-div"));
}

TEST(Sink, DivisionNeverTraps) {
  MapDump m{"@", {{{}, num(INT64_MIN)}}};
  m.div = -1;
  EXPECT_EQ(data_of([&](TextSink& sink) { sink.map(m); }), "@: -9223372036854775808\n");
  MapDump none{"@", {{{}, Average{true, 5, 0}}}};
  EXPECT_EQ(data_of([&](TextSink& sink) { sink.map(none); }), "@: 0\n");
}

Bucket log2(int power, uint64_t count) {
  return {int64_t{1} << power, int64_t{1} << (power + 1), false, false, count};
}

TEST(Sink, Histogram) {
  Histogram bars{false, 0, {{1, 2, false, false, 1}, log2(1, 2), log2(2, 3), log2(3, 7)}};
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@h", {{{}, bars}}});
            }),
            golden("hist-bars"));
  Histogram gap;
  for (int power = 9; power < 20; power++)
    gap.buckets.push_back(log2(power, power == 9 ? 1 : power == 19 ? 3 : 0));
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@h", {{{}, gap}}});
            }),
            golden("hist-gap"));
  Histogram largest{false, 0, {{int64_t{1} << 62, 0, false, true, 1}}};
  Histogram below{false, 0, {log2(61, 1)}};
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@a", {{{}, largest}}});
              sink.map({"@b", {{{}, largest}}});
              sink.map({"@c", {{{}, below}}});
            }),
            golden("hist-largest"));
}

TEST(Sink, HistogramWithParts) {
  // Two bits: 6, 7, [8, 10), nothing up to [896, 1024), and [4K, 5K) last.
  Histogram h{false, 0, {{6, 7, false, false, 1}, {7, 8, false, false, 1}}};
  for (int64_t base = 8; base <= 4096; base *= 2)
    for (int64_t part = 0; part < 4; part++) {
      int64_t low = base + part * base / 4;
      if (low > 4096) break;
      uint64_t count = low == 8 || low == 896 || low == 4096 ? 1 : 0;
      h.buckets.push_back({low, low + base / 4, false, false, count});
    }
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@h", {{{}, h}}});
            }),
            golden("hist-bits-2"));
}

TEST(Sink, LinearHistogram) {
  auto edges = [] {
    Histogram h{true, 2, {{0, 0, true, false, 1}}};
    for (int64_t low = 0; low < 10; low += 2)
      h.buckets.push_back({low, low + 2, false, false, low == 0 || low == 8 ? 1u : 0u});
    h.buckets.push_back({10, 0, false, true, 2});
    return h;
  }();
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@l", {{{}, edges}}});
            }),
            golden("lhist-edges"));
  Histogram k{true, 1024, {{4096, 5120, false, false, 1}}};
  Histogram l{true, 262144, {}};
  for (int64_t i = 0; i < 4; i++)
    l.buckets.push_back({i * 262144, (i + 1) * 262144, false, false, i < 2 ? 1u : 0u});
  l.buckets.push_back({1048576, 0, false, true, 1});
  Histogram m{true, 2000, {{3000, 5000, false, false, 1}}};
  EXPECT_EQ(data_of([&](TextSink& sink) {
              sink.end();
              sink.map({"@k", {{{}, k}}});
              sink.map({"@l", {{{}, l}}});
              sink.map({"@m", {{{}, m}}});
            }),
            golden("lhist-kilo"));
}

TEST(Sink, EmptyHistogramAndDivisorAboveEveryCount) {
  EXPECT_EQ(data_of([](TextSink& sink) {
              sink.map({"@h", {MapEntry{{}, Histogram{}}}});
            }),
            "@h:\n\n");
  std::string rows = data_of([](TextSink& sink) {
    sink.map({"@h", {{{}, Histogram{false, 0, {log2(3, 1)}}}}, 0, 10});
  });
  EXPECT_EQ(rows, "@h:\n[8, 16)                0 |" + std::string(52, ' ') + "|\n\n");
}

TEST(Sink, Time) {
  EXPECT_EQ(data_of([](TextSink& sink) {
              sink.time("%%|%n|constant\n");
              sink.time("no newline");
              sink.time("\n");
              sink.time("");
              sink.end();
            }),
            golden("time-constant"));
}

// %:z is the zone as RFC 3339 has it.
TEST(LocalTime, HasMicrosecondsAndAZone) {
  const char* before = ::getenv("TZ");
  const std::string zone = before ? before : "";
  ::setenv("TZ", "XXX-05:30", 1);
  ::tzset();
  EXPECT_EQ(local_time("%Y-%m-%dT%H:%M:%S.%f%:z", 1'500'000), "1970-01-01T05:30:00.001500+05:30");
  EXPECT_EQ(local_time("%%:z|%z|%:", 0), "%:z|+0530|%:");
  before ? ::setenv("TZ", zone.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

TEST(Sink, Messages) {
  EXPECT_EQ(messages_of(false, [](TextSink& s) { s.attached(1), s.attached(2), s.message("n"); }),
            "Attached 1 probe\nAttached 2 probes\nn\n");
  EXPECT_EQ(messages_of(true, [](TextSink& s) { s.attached(1), s.message("n"); }), "");
  // -q never hides a loss.
  EXPECT_EQ(messages_of(true,
                        [](TextSink& sink) {
                          Losses lost;
                          lost.ring_full = 3;
                          lost.map_full = {{"@m", 1}, {"@n", 0}};
                          sink.losses(lost);
                        }),
            "WARNING: 3 events were lost: the ring buffer was full\nWARNING: @m is full: 1 update "
            "was lost; BPFTRACE_MAX_MAP_KEYS sets how many keys a map may have\n");
}

TEST(Losses, EveryCounterHasASentence) {
  EXPECT_TRUE(loss_sentences({}).empty());
  for (auto counter :
       {&Losses::ring_full, &Losses::frames_full, &Losses::frames_missing, &Losses::unwound,
        &Losses::undecided, &Losses::no_goroutine, &Losses::scratch_busy, &Losses::contended,
        &Losses::saved_full, &Losses::in_flight}) {
    Losses one, many;
    one.*counter = 1;
    many.*counter = 12;
    ASSERT_EQ(loss_sentences(one).size(), 1u);
    EXPECT_EQ(loss_sentences(one)[0].substr(0, 2), "1 ");
    EXPECT_EQ(loss_sentences(many)[0].substr(0, 3), "12 ");
  }
}

TEST(Sink, ClosedPipeIsSaidOnceAndKillsNobody) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  Fd data(ends[1]), messages(::memfd_create("messages", MFD_CLOEXEC));
  TextSink sink({data.get(), messages.get()});
  sink.value(num(1));
  EXPECT_TRUE(sink.ok());  // nothing has been tried yet
  sink.flush();
  EXPECT_FALSE(sink.ok());
  sink.value(num(2));
  sink.flush();
  EXPECT_EQ(contents(messages.get()),
            "ERROR: the output cannot be written, what followed is lost: Broken pipe\n");
}

TEST(Sink, FullDiskIsSaid) {
  Fd data(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!data) GTEST_SKIP() << "no /dev/full here";
  Fd messages(::memfd_create("messages", MFD_CLOEXEC));
  TextSink sink({data.get(), messages.get()});
  sink.value(num(1));
  sink.flush();
  EXPECT_FALSE(sink.ok());
  EXPECT_NE(contents(messages.get()).find("No space left on device"), std::string::npos);
}

TEST(Sink, MuchDataIsWrittenBeforeTheFlush) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  TextSink sink({data.get(), messages.get()});
  for (int i = 0; i < 1000; i++) sink.value(str(std::string(100, 'x')));
  EXPECT_GT(contents(data.get()).size(), 60000u);
}

}  // namespace
}  // namespace gotap::output
