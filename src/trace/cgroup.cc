#include "trace/cgroup.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.h"

// Macros of <sys/sysmacros.h>, which are names elsewhere.
#undef major
#undef minor

namespace gotap::trace {

namespace {

// The files of one version of the controller.
struct Files {
  const char *limit, *soft_limit, *usage, *idle_cache;
};
constexpr Files kUnified = {"memory.max", "memory.high", "memory.current", "inactive_file"};
// Version 1 has no limit that slows down instead.
constexpr Files kVersion1 = {"memory.limit_in_bytes", nullptr, "memory.usage_in_bytes",
                             "total_inactive_file"};

std::optional<uint64_t> number(const std::string& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;  // "max"
  return value;
}

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return number(word);
}

// The value of a line "name value" in memory.stat.
uint64_t read_stat(const std::string& group, const char* name) {
  std::ifstream file(group + "/memory.stat");
  std::string word, value;
  while (file >> word >> value)
    if (word == name) return number(value).value_or(0);
  return 0;
}

struct Group {
  std::string folder, name;
  const Files* files = nullptr;
};

// The folder of `path`, as /proc/PID/cgroup names it, below a mount; nothing if it lies outside.
std::optional<std::string> folder_of(const CgroupTree::Mount& mount, std::string path) {
  if (mount.point.empty()) return std::nullopt;
  if (mount.root != "/" && !mount.root.empty()) {
    if (!path.starts_with(mount.root)) return std::nullopt;
    path = path.substr(mount.root.size());
  }
  if (path.find("/..") != std::string::npos) return std::nullopt;
  while (!path.empty() && path.back() == '/') path.pop_back();
  return mount.point + path;
}

// The memory groups of a process, from its own up to the top.
std::vector<Group> groups_of(const CgroupTree& tree, int pid) {
  std::vector<Group> groups;
  std::ifstream file(tree.proc + "/" + std::to_string(pid) + "/cgroup");
  std::string line;
  while (std::getline(file, line)) {  // hierarchy:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = line.starts_with("0::");
    if (!unified && controllers.find(",memory,") == std::string::npos) continue;
    const CgroupTree::Mount& mount = unified ? tree.unified : tree.memory_v1;
    auto folder = folder_of(mount, line.substr(second + 1));
    if (!folder) continue;
    while (folder->size() > mount.point.size()) {
      groups.push_back(
          {*folder, folder->substr(mount.point.size()), unified ? &kUnified : &kVersion1});
      folder->resize(folder->rfind('/'));
    }
    // The top of a container's own hierarchy has limits as well.
    groups.push_back({mount.point, "/", unified ? &kUnified : &kVersion1});
  }
  return groups;
}

// Nothing: the group limits nothing.
std::optional<Headroom> headroom_of(const Group& group) {
  const Files& files = *group.files;
  auto limit = read_number(group.folder + "/" + files.limit);
  if (files.soft_limit)
    if (auto soft = read_number(group.folder + "/" + files.soft_limit))
      limit = std::min(limit.value_or(*soft), *soft);
  const auto usage = read_number(group.folder + "/" + files.usage);
  // Version 1 writes the largest number of bytes in whole pages for none.
  if (!limit || *limit > INT64_MAX - (1 << 20) || !usage) return std::nullopt;
  const uint64_t used = *usage - std::min(*usage, read_stat(group.folder, files.idle_cache));
  return Headroom{escape_controls(group.name), *limit - std::min(*limit, used), *limit};
}

// Whether what is mounted there, by its device ("0:37"), can be seen: no other mount hides it.
bool is_visible(const std::string& point, const std::string& device) {
  struct stat st;
  return ::stat(point.c_str(), &st) == 0 && std::to_string(gnu_dev_major(st.st_dev)) + ":" +
                                                    std::to_string(gnu_dev_minor(st.st_dev)) ==
                                                device;
}

}  // namespace

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

CgroupTree find_cgroups() {
  CgroupTree tree;
  std::ifstream mounts("/proc/self/mountinfo");
  std::string line;
  while (std::getline(mounts, line)) {
    // 36 35 98:0 /root /point options tags - type source super-options
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream head(line), tail(line.substr(dash + 3));
    std::string id, parent, device, root, point, type, source, options;
    head >> id >> parent >> device >> root >> point;
    tail >> type >> source >> options;
    if (!type.starts_with("cgroup") || !is_visible(point, device)) continue;
    if (type == "cgroup2" && tree.unified.point.empty())
      tree.unified = {point, root};
    else if (type == "cgroup" && ("," + options + ",").find(",memory,") != std::string::npos &&
             tree.memory_v1.point.empty())
      tree.memory_v1 = {point, root};
  }
  return tree;
}

std::optional<Headroom> headroom(const CgroupTree& tree, int pid) {
  std::optional<Headroom> least;
  for (const Group& group : groups_of(tree, pid))
    if (auto it = headroom_of(group); it && (!least || it->room < least->room)) least = it;
  return least;
}

Result<void> check_memory(const CgroupTree& tree, const std::map<int, uint64_t>& bytes) {
  struct Need {
    Group group;
    uint64_t bytes = 0;
  };
  std::map<std::string, Need> needs;  // by folder: processes of one group add up
  for (const auto& [pid, need] : bytes)
    for (const Group& group : groups_of(tree, pid)) {
      Need& all = needs[group.folder];
      all.group = group;
      all.bytes += need;
    }
  for (const auto& [folder, need] : needs) {
    const auto left = headroom_of(need.group);
    if (!left || need.bytes <= left->room / 2) continue;
    return Error{
        "the probes would take " + megabytes(need.bytes) +
            " of the traced program's memory (a copy of each page of code that has one), " +
            "and its cgroup " + left->group + " has only " + megabytes(left->room) + " left of " +
            megabytes(left->limit),
        "name fewer functions, or raise the group's limit"};
  }
  return {};
}

}  // namespace gotap::trace
