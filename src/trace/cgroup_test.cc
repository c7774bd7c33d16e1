// The memory limits of control groups, in trees made for the test.
#include "trace/cgroup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gotap::trace {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMegabyte = 1 << 20;

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-cgroup-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
    tree_.proc = root_ + "/proc";
    tree_.unified = {root_ + "/v2", "/"};
    tree_.memory_v1 = {root_ + "/v1", "/"};
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void process(int pid, const std::string& cgroup) {
    write("/proc/" + std::to_string(pid) + "/cgroup", cgroup);
  }
  void unified(const std::string& group, const std::string& limit, uint64_t used,
               uint64_t idle = 0) {
    write("/v2" + group + "/memory.max", limit + "\n");
    write("/v2" + group + "/memory.current", std::to_string(used) + "\n");
    write("/v2" + group + "/memory.stat",
          "anon 1\nfile 2\ninactive_file " + std::to_string(idle) + "\n");
  }
  std::string refusal(const std::map<int, uint64_t>& bytes) {
    auto checked = check_memory(tree_, bytes);
    return checked.ok() ? "" : checked.error().message;
  }

  std::string root_;
  CgroupTree tree_;
};

std::string mb(uint64_t n) { return std::to_string(n * kMegabyte); }

TEST_F(CgroupTest, HalfOfWhatIsLeftMayBeTaken) {
  process(7, "0::/a/b\n");
  unified("/a/b", mb(100), 80 * kMegabyte);
  EXPECT_EQ(refusal({{7, 10 * kMegabyte}}), "");
  const std::string text = refusal({{7, 11 * kMegabyte}});
  EXPECT_NE(text.find("would take 11.0 MB"), std::string::npos) << text;
  EXPECT_NE(text.find("cgroup /a/b has only 20.0 MB left of 100.0 MB"), std::string::npos) << text;
}

TEST_F(CgroupTest, HeadroomIsTheLeastOfAllGroups) {
  process(7, "0::/a/b\n");
  EXPECT_FALSE(headroom(tree_, 7));
  unified("/a/b", mb(100), 20 * kMegabyte);
  unified("/a", mb(200), 170 * kMegabyte, 10 * kMegabyte);
  const auto left = headroom(tree_, 7);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->group, "/a");
  EXPECT_EQ(left->room, 40 * kMegabyte);
  EXPECT_EQ(left->limit, 200 * kMegabyte);
}

TEST_F(CgroupTest, IdleCacheIsRoom) {
  process(7, "0::/a\n");
  unified("/a", mb(100), 100 * kMegabyte, 40 * kMegabyte);
  EXPECT_EQ(refusal({{7, 20 * kMegabyte}}), "");
  EXPECT_NE(refusal({{7, 21 * kMegabyte}}), "");
}

TEST_F(CgroupTest, TheGroupsAboveCountAndProcessesAddUp) {
  process(7, "0::/a/b\n");
  process(8, "0::/a/c\n");
  unified("/a/b", "max", 1);
  unified("/a/c", "max", 1);
  unified("/a", mb(100), 80 * kMegabyte);
  EXPECT_EQ(refusal({{7, 8 * kMegabyte}}), "");
  EXPECT_EQ(refusal({{8, 8 * kMegabyte}}), "");
  EXPECT_NE(refusal({{7, 8 * kMegabyte}, {8, 8 * kMegabyte}}).find("16.0 MB"), std::string::npos);
}

TEST_F(CgroupTest, TheLimitThatSlowsDownCountsToo) {
  process(7, "0::/a\n");
  unified("/a", "max", 80 * kMegabyte);
  EXPECT_EQ(refusal({{7, 11 * kMegabyte}}), "");
  write("/v2/a/memory.high", mb(100));
  EXPECT_NE(refusal({{7, 11 * kMegabyte}}), "");
}

TEST_F(CgroupTest, TheTopOfAContainersOwnHierarchyHasALimit) {
  process(7, "0::/\n");
  unified("", mb(100), 99 * kMegabyte);
  EXPECT_NE(refusal({{7, kMegabyte}}).find("cgroup / has"), std::string::npos);
}

TEST_F(CgroupTest, Version1) {
  process(7, "5:cpu,cpuacct:/x\n4:memory:/a/b\n0::/\n");
  write("/v1/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  write("/v1/a/b/memory.usage_in_bytes", mb(1));
  write("/v1/a/memory.limit_in_bytes", mb(50));
  write("/v1/a/memory.usage_in_bytes", mb(40));
  write("/v1/a/memory.stat", "inactive_file 1\ntotal_inactive_file " + mb(6) + "\n");
  EXPECT_EQ(refusal({{7, 8 * kMegabyte}}), "");
  EXPECT_NE(refusal({{7, 9 * kMegabyte}}).find("cgroup /a has only 16.0 MB"), std::string::npos);
  EXPECT_EQ(headroom(tree_, 7)->group, "/a");
  write("/v1/a/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(headroom(tree_, 7));
}

TEST_F(CgroupTest, WhatCannotBeReadLimitsNothing) {
  EXPECT_EQ(refusal({{7, 1ull << 40}}), "");  // no such process
  process(7, "0::/a\n");
  EXPECT_EQ(refusal({{7, 1ull << 40}}), "");  // no such group
  process(7, "0::/../b\n");                   // outside of our namespace
  EXPECT_EQ(refusal({{7, 1ull << 40}}), "");
  process(7, "0::/pod/a\n");
  unified("/a", mb(1), 0);
  tree_.unified.root = "/pod";  // only a part of the hierarchy is mounted
  EXPECT_NE(refusal({{7, kMegabyte}}).find("cgroup /a"), std::string::npos);
  tree_.unified = {};
  EXPECT_EQ(refusal({{7, 1ull << 40}}), "");
}

TEST(Cgroup, TheTreeOfThisMachineCanBeRead) {
  EXPECT_TRUE(check_memory(find_cgroups(), {{::getpid(), 4096}}).ok());
}

}  // namespace
}  // namespace gotap::trace
