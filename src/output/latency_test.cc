// The sinks of `gotap latency` and `gotap count`.
#include "output/latency.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "output/count.h"
#include "output/map_text.h"

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
  EXPECT_EQ(written<LatencySink>({{"@max", {}}, {"@ns", {}}}), "\nno such call has returned\n");
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

// `@lost` stands for the calls that were thrown away.
class OfPanics : public CountSink {
 public:
  explicit OfPanics(const SinkOptions& options)
      : CountSink(options, {.limit = 2, .panics = true}) {}
  void map(const MapDump& map) override {
    if (map.name != "@lost") return CountSink::map(map);
    Losses lost;
    lost.unwound = number_in(map.entries[0]);
    losses(lost);
  }
};

TEST(CountSink, PanicsAreTheCallsThatDidNotReturn) {
  const auto of = [](const std::string& map, const std::vector<std::pair<std::string, int>>& all) {
    MapDump dump{map, {}};
    for (const auto& [name, n] : all) dump.entries.push_back({{{name}}, Value{int64_t{n}}});
    return dump;
  };
  const MapDump calls = of("@calls", {{"main.a", 9}, {"main.f", 7}, {"main.g", 8}, {"main.h", 4}}),
                returned = of("@returned", {{"main.a", 9}, {"main.f", 6}, {"main.g", 6}});
  // Four of h, two of g, one of f.
  const std::string known = written<OfPanics>({returned, calls, of("@lost", {{"", 7}})});
  EXPECT_EQ(known.substr(0, known.find("WARNING")),
            "\n      panics       calls     share\n"
            "           4           4    100.0%  main.h\n"
            "           2           8     25.0%  main.g\n"
            "           1           7            in 1 more\n"
            "           7          19            in all\n");
  // Some of them may still run.
  for (const std::vector<MapDump>& maps :
       {std::vector{returned, calls, of("@lost", {{"", 6}})}, std::vector{returned, calls}})
    EXPECT_NE(written<OfPanics>(maps).find("         <=4           4  <=100.0%  main.h\n"),
              std::string::npos);
}

TEST(LatencySink, ToldApartFromTheProbesIsThreeTimesTheirCostAndTheEndOfABucket) {
  EXPECT_EQ(told_apart_from(0), 0u);
  EXPECT_EQ(told_apart_from(1), 3u);
  EXPECT_EQ(told_apart_from(21), 63u);
  EXPECT_EQ(told_apart_from(1000), 3008u);  // parts of 64 from 2048 on
  EXPECT_EQ(told_apart_from(1024), 3072u);
  EXPECT_EQ(told_apart_from(21'000'000), 63'963'136u);
}

class WithFloor : public LatencySink {
 public:
  explicit WithFloor(const SinkOptions& options) : LatencySink(options, false, 1024) {}
};

TEST(LatencySink, WhatIsBelowTheFloorIsNotShownInNumbers) {
  Histogram histogram;
  for (const auto& [low, count] : std::vector<std::pair<int64_t, uint64_t>>{
           {1024, 3}, {3008, 2}, {3072, 4}, {4096, 0}, {8192, 1}})
    histogram.buckets.push_back({low, low + (low < 4096 ? 64 : 256), false, false, count});
  const MapDump ns{"@ns", {{{{std::string("main.f")}}, histogram}}};
  const auto longest = [](uint64_t ns) {
    return MapDump{"@max", {{{{std::string("main.f")}}, Value{ns}}}};
  };
  EXPECT_EQ(written<WithFloor>({longest(8300), ns}),
            "\nfloor 1.02us, taken by the probes alone; what is below 3.07us shows as < floor\n"
            "\nmain.f\n"
            "  calls 10  p50 < floor  p90 < 3.14us  p99 < 8.45us  p99.9 < 8.45us  max 8.30us\n"
            "  < floor                    5 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
            "  [3.07us, 4.10us)           4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
            "  [4.10us, 8.19us)           0 |\n"
            "  [8.19us, 16.4us)           1 |@@@@@@@@\n");
  histogram.buckets.resize(2);
  const MapDump below{"@ns", {{{{std::string("main.f")}}, histogram}}};
  const std::string text = written<WithFloor>({longest(3071), below});
  EXPECT_NE(text.find("p50 < floor  p90 < floor  p99 < floor  p99.9 < floor  max < floor\n"
                      "  < floor                    5 |@"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("  ["), std::string::npos) << text;
}

class TopTwo : public CountSink {
 public:
  explicit TopTwo(const SinkOptions& options) : CountSink(options, {.limit = 2}) {}
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

TEST(CountSink, AStackStandsBelowItsRow) {
  const Stack stack{{"main.f", "main.main"},
                    "\n    main.f+4 (main.go:7)\n    main.main+9 (main.go:3)\n"};
  const MapDump calls{"@calls", {{{{std::string("main.f")}, Value{stack}}, Value{int64_t{7}}}}};
  const std::string text = written<CountSink>({calls});
  EXPECT_NE(text.find("  main.f\n                          main.f+4 (main.go:7)\n"
                      "                          main.main+9 (main.go:3)\n           7 "),
            std::string::npos)
      << text;
}

class WithShares : public CountSink {
 public:
  explicit WithShares(const SinkOptions& options)
      : CountSink(options, {.share = true, .with_errors = {"main.f"}}) {}
};

// What a sink shows of the maps of --share at the end, without the rates.
std::string shares(uint64_t unwound, const std::map<std::string, uint64_t>& in_flight = {}) {
  const auto dump = [](const char* map, const std::vector<std::pair<const char*, int64_t>>& rows) {
    MapDump out{.name = map};
    for (const auto& [name, n] : rows) out.entries.push_back({{{std::string(name)}}, Value{n}});
    return out;
  };
  std::FILE* file = std::tmpfile();
  {
    WithShares sink({::fileno(file), ::open("/dev/null", O_WRONLY), true});
    sink.end();
    sink.map(dump("@calls", {{"main.f", 8}, {"main.g", 3}, {"main.h", 1}}));
    sink.map(dump("@errors", {{"main.f", 2}}));
    sink.map(dump("@returned", {{"main.f", 6}, {"main.g", 3}}));
    Losses losses;
    losses.unwound = unwound;
    losses.in_flight_of = in_flight;
    sink.losses(losses);
    sink.flush();
  }
  std::string text(4096, '\0');
  text.resize(static_cast<size_t>(
      std::max<ssize_t>(::pread(::fileno(file), text.data(), text.size(), 0), 0)));
  std::fclose(file);
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    if (line.size() > 24) plain += line.substr(0, 12) + line.substr(24) + "\n";
    at = end + 1;
  }
  return plain;
}

TEST(CountSink, SharesOfErrorsAndPanics) {
  EXPECT_EQ(shares(3),
            "       calls    errors    panics\n"
            "           8     25.0%     25.0%  main.f\n"
            "           3         -      0.0%  main.g\n"
            "           1         -    100.0%  main.h\n"
            "          12                      in all\n");
  // One of main.f is still on its way.
  EXPECT_EQ(shares(2, {{"main.f", 1}}),
            "       calls    errors    panics\n"
            "           8     25.0%     12.5%  main.f\n"
            "           3         -      0.0%  main.g\n"
            "           1         -    100.0%  main.h\n"
            "          12                      in all\n");
  // One is, and it is not known which.
  EXPECT_EQ(shares(2),
            "       calls    errors    panics\n"
            "           8     25.0%   <=25.0%  main.f\n"
            "           3         -      0.0%  main.g\n"
            "           1         -  <=100.0%  main.h\n"
            "          12                      in all\n");
}

}  // namespace
}  // namespace gotap::output
