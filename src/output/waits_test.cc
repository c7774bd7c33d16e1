// The sink of `gotap waits`.
#include "output/waits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace gotap::output {
namespace {

MapEntry row(std::vector<std::string> keys, uint64_t number) {
  MapEntry entry{{}, Value{number}};
  for (std::string& key : keys) entry.keys.push_back({std::move(key)});
  return entry;
}

std::string shown(const std::vector<MapDump>& maps, uint32_t limit = 0) {
  std::FILE* file = std::tmpfile();
  {
    WaitsSink sink({::fileno(file), ::fileno(file), true}, limit);
    sink.end();
    for (const MapDump& map : maps) sink.map(map);
    sink.flush();
  }
  std::string text(4096, '\0');
  const ssize_t bytes = ::pread(::fileno(file), text.data(), text.size(), 0);
  std::fclose(file);
  text.resize(bytes > 0 ? static_cast<size_t>(bytes) : 0);
  // Behind the empty lines that a script's end prints.
  const size_t begin = text.find_first_not_of('\n');
  return begin == std::string::npos ? "" : text.substr(begin);
}

const std::vector<MapDump> kTwo{
    {"@calls", {row({"main.f"}, 2), row({"main.g"}, 1)}},
    {"@kinds", {row({"7"}, 1)}},
    {"@longest",
     {row({"main.f", "sleep"}, 1'500'000), row({"main.f", "running"}, 400'000),
      row({"main.f", "IO wait"}, 10), row({"main.g", "syscall fsync"}, 90'000'000)}},
    {"@spent",
     {row({"main.f", "sleep"}, 2'000'000), row({"main.f", "running"}, 499'990),
      row({"main.f", "IO wait"}, 10), row({"main.g", "syscall fsync"}, 90'000'000)}},
    {"@waits",
     {row({"main.f", "sleep"}, 3), row({"main.f", "IO wait"}, 1),
      row({"main.g", "syscall fsync"}, 1)}}};

TEST(WaitsSink, TheMostTimeFirst) {
  EXPECT_EQ(shown(kTwo),
            "main.g\n"
            "  1 call, 90.0ms in all, 90.0ms each\n"
            "      time   share      times   most a call\n"
            "    90.0ms  100.0%          1        90.0ms  system call fsync\n"
            "\n"
            "main.f\n"
            "  2 calls, 2.50ms in all, 1.25ms each\n"
            "      time   share      times   most a call\n"
            "    2.00ms   80.0%          3        1.50ms  sleep\n"
            "     500us   20.0%                    400us  running\n"
            "      10ns    0.0%          1          10ns  network or pipe (IO wait)\n");
}

TEST(WaitsSink, OfMoreThanTheLimitOnlyHowMany) {
  const std::string text = shown(kTwo, 1);
  EXPECT_EQ(text.find("main.f"), std::string::npos);
  EXPECT_NE(text.find("\n1 more function with less time\n"), std::string::npos) << text;
}

TEST(WaitsSink, WhatIsMissingIsSaid) {
  EXPECT_EQ(shown({{"@calls", {}}, {"@waits", {}}}), "no such call has returned\n");
  std::vector<MapDump> maps = kTwo;
  maps.insert(maps.begin() + 1, MapDump{"@left_out", {row({}, 2)}});
  EXPECT_NE(shown(maps).find("\n2 calls left out: not all of their waits were seen\n"),
            std::string::npos);
}

}  // namespace
}  // namespace gotap::output
