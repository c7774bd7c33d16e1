// Containers and pods, in cgroup trees made for the test.
#include "trace/containers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gotap::trace {
namespace {

namespace fs = std::filesystem;

const std::string kFirstId(64, 'a'), kSecondId = "ab" + std::string(62, '0');
constexpr const char* kUid = "0a1b2c3d-1111-2222-3333-444455556666";

class ContainersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-containers-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
    node_.cgroups.unified = {root_ + "/v2", "/"};
    node_.pod_logs = root_ + "/pods";
    fs::create_directories(root_ + "/v2/user.slice");
    fs::create_directories(node_.pod_logs);
  }
  void TearDown() override { fs::remove_all(root_); }

  void cgroup(const std::string& path, const std::string& processes = "") {
    fs::create_directories(root_ + "/v2" + path);
    std::ofstream(root_ + "/v2" + path + "/cgroup.procs") << processes;
  }
  // "FOLDER LEVEL, ..." of what is found, or the error.
  std::string find(const ContainerName& name) {
    auto found = find_containers(node_, name);
    if (!found.ok()) return found.error().message + " | " + found.error().hint;
    std::string text;
    for (const Cgroup& group : *found) {
      struct stat st;
      EXPECT_EQ(::stat(group.folder.c_str(), &st), 0);
      EXPECT_EQ(group.id, st.st_ino);
      text += (text.empty() ? "" : ", ") + group.folder.substr((root_ + "/v2").size()) + " " +
              std::to_string(group.level);
    }
    return text;
  }
  std::string container(const std::string& id) { return find({id, ""}); }
  std::string pod(const std::string& name) { return find({"", name}); }

  std::string root_;
  Node node_;
};

TEST_F(ContainersTest, EveryRuntimesNameOfACgroupIsFound) {
  for (const std::string path :
       {"/system.slice/docker-ID.scope", "/docker/ID", "/machine.slice/libpod-ID.scope",
        "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope", "/a/b/c/d/crio-ID.scope"}) {
    std::string made = path;
    made.replace(made.find("ID"), 2, kFirstId);
    cgroup(made);
    const auto level = std::to_string(std::count(made.begin(), made.end(), '/'));
    EXPECT_EQ(container(kFirstId), made + " " + level);
    EXPECT_EQ(container("aaaa"), made + " " + level);
    fs::remove_all(root_ + "/v2" + made.substr(0, made.find('/', 1)));
  }
}

TEST_F(ContainersTest, TheProcessThatWatchesAContainerIsNone) {
  cgroup("/machine.slice/libpod-conmon-" + kFirstId + ".scope", "7\n");
  EXPECT_EQ(container("aaaa"),
            "no container aaaa runs on this node | no cgroup here is a container's; by process: -p "
            "PID");
}

TEST_F(ContainersTest, WhatAContainerHasBelowIsItsOwn) {
  cgroup("/docker/" + kFirstId, "12\n7\n");
  cgroup("/docker/" + kFirstId + "/init/docker/" + kSecondId, "3\n0\n");
  EXPECT_EQ(container("a"), "/docker/" + kFirstId + " 2");
  auto found = find_containers(node_, {"aa", ""});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(processes_in(*found), (std::vector<int>{3, 7, 12}));
}

TEST_F(ContainersTest, SeveralOrNoneAreSaid) {
  cgroup("/docker/" + kFirstId);
  cgroup("/docker/" + kSecondId);
  EXPECT_EQ(container("ab"), "/docker/" + kSecondId + " 2");
  EXPECT_EQ(container("a"),
            "several containers have an id that begins with a: aaaaaaaaaaaa, ab0000000000 | give "
            "more of it");
  const std::string none = container("c0ffee");
  EXPECT_TRUE(none.starts_with("no container c0ffee runs on this node | there are ")) << none;
  EXPECT_NE(none.find("aaaaaaaaaaaa"), std::string::npos) << none;
}

TEST_F(ContainersTest, ACgroupsOwnNameWillDo) {
  cgroup("/system.slice/etcd.service");
  cgroup("/nomad.slice/web.scope");
  EXPECT_EQ(container("etcd"), "/system.slice/etcd.service 2");
  EXPECT_EQ(container("etcd.service"), "/system.slice/etcd.service 2");
  EXPECT_EQ(container("web"), "/nomad.slice/web.scope 2");
}

TEST_F(ContainersTest, APodIsFoundByTheKubeletsLogs) {
  fs::create_directories(node_.pod_logs + "/prod_web-0_" + kUid);
  fs::create_directories(node_.pod_logs + "/prod_web-1_ffff");
  fs::create_directories(node_.pod_logs + "/stray");
  EXPECT_EQ(pod("prod/web-0"), "the pod prod/web-0 has no cgroup now: it does not run | ");
  cgroup(
      "/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice/cri-containerd-" +
      kFirstId + ".scope");
  EXPECT_EQ(pod("prod/web-0"),
            "/kubepods.slice/kubepods-burstable.slice/"
            "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice 3");
  fs::remove_all(root_ + "/v2/kubepods.slice");
  cgroup(std::string("/kubepods/besteffort/pod") + kUid + "/" + kFirstId);
  EXPECT_EQ(pod("prod/web-0"), std::string("/kubepods/besteffort/pod") + kUid + " 3");
  EXPECT_EQ(pod("prod/web-2"), "no pod prod/web-2 on this node | did you mean prod/web-0?");
  EXPECT_EQ(pod("web-0"), "a pod is NAMESPACE/NAME, as in default/web-0 | ");
}

TEST_F(ContainersTest, WhereTheyCannotBeToldItIsSaid) {
  EXPECT_NE(pod("a/b").find("has no pods: is this the node?"), std::string::npos);
  node_.cgroups.unified.root = "/docker/x";
  EXPECT_NE(container("a").find("cgroup namespace of its own"), std::string::npos);
  node_.cgroups.unified.point = "";
  EXPECT_NE(container("a").find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace gotap::trace
