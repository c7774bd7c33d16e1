// The sinks of `gotap latency` and `gotap count`.
#include "output/latency.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "output/count.h"

namespace gotap::output {
namespace {

TEST(Duration, HasThreeDigits) {
  const std::pair<uint64_t, const char*> rows[] = {{0, "0ns"},
                                                   {1, "1ns"},
                                                   {999, "999ns"},
                                                   {1000, "1.00us"},
                                                   {1234, "1.23us"},
                                                   {12345, "12.3us"},
                                                   {99949, "99.9us"},
                                                   {99951, "100us"},
                                                   {999499, "999us"},
                                                   {999500, "1.00ms"},
                                                   {45100000, "45.1ms"},
                                                   {999600000, "1.00s"},
                                                   {61000000000, "61.0s"},
                                                   {~uint64_t{0}, "18446744074s"}};
  for (const auto& [ns, text] : rows) EXPECT_EQ(duration_text(ns), text) << ns;
}

Histogram histogram_of(const std::vector<std::pair<int64_t, uint64_t>>& lows) {
  Histogram out;
  for (const auto& [low, count] : lows)
    out.buckets.push_back({low, low + low / 4, false, false, count});
  return out;
}

// No call of the part took as long.
TEST(Percentile, IsTheEndOfTheBucket) {
  const Histogram histogram =
      histogram_of({{1000, 50}, {1250, 0}, {2000, 40}, {4000, 9}, {8000, 1}});
  EXPECT_EQ(percentile(histogram, 0.5), 1250u);
  EXPECT_EQ(percentile(histogram, 0.51), 2500u);
  EXPECT_EQ(percentile(histogram, 0.9), 2500u);
  EXPECT_EQ(percentile(histogram, 0.99), 5000u);
  EXPECT_EQ(percentile(histogram, 0.999), 10000u);
  EXPECT_EQ(percentile({}, 0.5), 0u);
}

// What a sink writes.
template <class AnySink>
std::string written(const std::vector<MapDump>& maps) {
  std::FILE* file = std::tmpfile();
  {
    AnySink sink({::fileno(file), ::fileno(file), true});
    sink.end();
    for (const MapDump& map : maps) sink.map(map);
    sink.flush();
  }
  std::string text(4096, '\0');
  text.resize(static_cast<size_t>(
      std::max<ssize_t>(::pread(::fileno(file), text.data(), text.size(), 0), 0)));
  std::fclose(file);
  return text;
}

TEST(LatencySink, ShowsPartsAndRows) {
  const MapDump longest{"@max", {{{{std::string("main.f")}}, Value{uint64_t{9100}}}}};
  const MapDump ns{"@ns",
                   {{{{std::string("main.f")}}, histogram_of({{1024, 3}, {2048, 0}, {8192, 1}})}}};
  EXPECT_EQ(written<LatencySink>({longest, ns}),
            "\nmain.f\n"
            "  calls 4  p50 < 1.28us  p90 < 10.2us  p99 < 10.2us  p99.9 < 10.2us  max 9.10us\n"
            "  [1.02us, 2.05us)           3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
            "  [2.05us, 4.10us)           0 |\n"
            "  [4.10us, 8.19us)           0 |\n"
            "  [8.19us, 16.4us)           1 |@@@@@@@@@@@@@\n");
  EXPECT_EQ(written<LatencySink>({{"@max", {}}, {"@ns", {}}}), "\nno call has returned\n");
}

TEST(CountSink, IsATableOfTheMostFrequent) {
  const MapDump calls{"@calls",
                      {{{{std::string("main.g")}}, Value{int64_t{2}}},
                       {{{std::string("main.f")}}, Value{int64_t{7}}}}};
  const std::string text = written<CountSink>({calls});
  const size_t f = text.find("main.f\n"), g = text.find("main.g\n"), all = text.find("in all\n");
  ASSERT_NE(all, std::string::npos) << text;
  EXPECT_LT(f, g);
  EXPECT_LT(g, all);
  EXPECT_TRUE(text.starts_with("\n       calls       per s\n")) << text;
  EXPECT_NE(text.find("\n           9 "), std::string::npos) << text;
}

class TopTwo : public CountSink {
 public:
  explicit TopTwo(const SinkOptions& options) : CountSink(options, 2) {}
};

TEST(CountSink, OfMoreThanTheLimitTheOthersAreOneRow) {
  MapDump calls{"@calls", {}};
  for (int64_t i = 1; i <= 5; i++)
    calls.entries.push_back({{{std::string(1, static_cast<char>('a' + i))}}, Value{i}});
  const std::string text = written<TopTwo>({calls});
  EXPECT_NE(text.find("\n           5 "), std::string::npos) << text;
  EXPECT_NE(text.find("  f\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  e\n           6 "), std::string::npos) << text;
  EXPECT_NE(text.find("in 3 more\n          15 "), std::string::npos) << text;
}

}  // namespace
}  // namespace gotap::output
