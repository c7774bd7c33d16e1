#include "trace/containers.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"

namespace gotap::trace {

namespace {

namespace fs = std::filesystem;

// Of "cri-containerd-0123abcd.scope" the id, "0123abcd"; empty: no container's, or that of the
// process which watches it (conmon).
std::string container_id(std::string_view name) {
  if (name.ends_with(".scope")) name.remove_suffix(6);
  const size_t dash = name.rfind('-');
  if (dash != std::string_view::npos) {
    if (name.substr(0, dash).ends_with("conmon")) return {};
    name.remove_prefix(dash + 1);
  }
  // An id has 64 digits; who gives his own gives hardly less than 12.
  const bool is_id =
      name.size() >= 12 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_id ? std::string(name) : std::string();
}

// Of "kubepods-burstable-pod01234567_89ab.slice" and "pod01234567-89ab" the UID; empty: no pod's.
std::string pod_uid(std::string_view name) {
  if (name.ends_with(".slice")) name.remove_suffix(6);
  const size_t dash = name.rfind('-');
  if (name.starts_with("kubepods") && dash != std::string_view::npos) name.remove_prefix(dash + 1);
  if (!name.starts_with("pod") || name.size() < 4) return {};
  std::string uid(name.substr(3));
  std::replace(uid.begin(), uid.end(), '_', '-');
  return uid;
}

// Calls `visit(folder, name, level)` for every cgroup; its `true` leaves out what is below.
template <class Visit>
void walk(const std::string& folder, uint32_t level, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code unknown;
    if (!it->is_directory(unknown) || it->is_symlink(unknown)) continue;
    const std::string path = it->path().string(), name = it->path().filename().string();
    if (!visit(path, name, level)) walk(path, level + 1, visit);
  }
}

Result<Cgroup> cgroup_at(const std::string& folder, uint32_t level) {
  struct stat st;
  if (::stat(folder.c_str(), &st) != 0) return Error{"the cgroup " + folder + " is gone", ""};
  return Cgroup{st.st_ino, level, folder};  // kernfs: a node's id is its inode number
}

std::string shortened(const std::string& id) { return id.substr(0, 12); }

// "web1, web2 and 3 more", safe on a terminal.
std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, names.size()); i++)
    text += (i ? ", " : "") + escape_controls(names[i]);
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

Result<std::vector<Cgroup>> find_by_id(const CgroupTree::Mount& mount, const std::string& wanted) {
  std::map<std::string, std::vector<Cgroup>> found;  // by id
  std::vector<std::string> others;
  walk(mount.point, 1, [&](const std::string& folder, const std::string& name, uint32_t level) {
    const std::string id = container_id(name);
    // What a container has below its own cgroup is its own business.
    const bool named = name == wanted || name == wanted + ".scope" || name == wanted + ".service";
    if (!named && (id.empty() || !id.starts_with(wanted))) {
      if (!id.empty()) others.push_back(shortened(id));
      return false;
    }
    if (auto group = cgroup_at(folder, level); group.ok())
      found[named ? wanted : id].push_back(*group);
    return true;
  });
  if (found.size() == 1) return std::move(found.begin()->second);
  std::vector<std::string> ids;
  ids.reserve(found.size());
  for (const auto& [id, groups] : found) ids.push_back(shortened(id));
  if (found.size() > 1)
    return Error{"several containers have an id that begins with " + escape_controls(wanted) +
                     ": " + some_of(ids),
                 "give more of it"};
  return Error{"no container " + escape_controls(wanted) + " runs on this node",
               others.empty() ? "no cgroup here is a container's; by process: -p PID"
                              : "there are " + some_of(others)};
}

Result<std::vector<Cgroup>> find_pod(const Node& node, const std::string& wanted) {
  const size_t slash = wanted.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == wanted.size())
    return Error{"a pod is NAMESPACE/NAME, as in default/web-0", ""};
  std::vector<std::string> uids, others;
  std::error_code error;
  for (fs::directory_iterator it(node.pod_logs, error), end; !error && it != end;
       it.increment(error)) {
    // NAMESPACE_NAME_UID, none of which has an underscore.
    const std::string name = it->path().filename().string();
    const size_t first = name.find('_'), last = name.rfind('_');
    if (first == std::string::npos || first == last) continue;
    const std::string pod = name.substr(0, first) + "/" + name.substr(first + 1, last - first - 1);
    (pod == wanted ? uids : others).push_back(pod == wanted ? name.substr(last + 1) : pod);
  }
  if (uids.empty()) {
    const std::vector<std::string> near = nearest_names(wanted, {others.begin(), others.end()}, 1);
    return Error{"no pod " + escape_controls(wanted) + " on this node",
                 others.empty()  ? node.pod_logs + " has no pods: is this the node?"
                 : !near.empty() ? "did you mean " + escape_controls(near[0]) + "?"
                                 : "there are " + some_of(others)};
  }
  std::vector<Cgroup> found;
  walk(node.cgroups.unified.point, 1,
       [&](const std::string& folder, const std::string& name, uint32_t level) {
         const std::string uid = pod_uid(name);
         if (uid.empty() || std::find(uids.begin(), uids.end(), uid) == uids.end()) return false;
         if (auto group = cgroup_at(folder, level); group.ok()) found.push_back(*group);
         return true;
       });
  if (found.empty())
    return Error{"the pod " + escape_controls(wanted) + " has no cgroup now: it does not run", ""};
  return found;
}

}  // namespace

Result<std::vector<Cgroup>> find_containers(const Node& node, const ContainerName& name) {
  const CgroupTree::Mount& mount = node.cgroups.unified;
  if (mount.point.empty())
    return Error{
        "containers are found by the unified cgroup hierarchy (version 2), which is not "
        "mounted here",
        "by process: -p PID"};
  // How deep a cgroup is counts from the real top.
  if (mount.root != "/")
    return Error{
        "gotap runs in a cgroup namespace of its own, from which containers cannot be told",
        "start it on the node itself, or by process: -p PID"};
  return name.pod.empty() ? find_by_id(mount, name.container) : find_pod(node, name.pod);
}

std::vector<int> processes_in(const std::vector<Cgroup>& cgroups) {
  std::vector<int> pids;
  const auto add = [&](const std::string& folder) {
    std::ifstream file(folder + "/cgroup.procs");
    int pid = 0;
    while (file >> pid)
      if (pid > 0) pids.push_back(pid);  // 0: of another PID namespace
  };
  for (const Cgroup& group : cgroups) {
    add(group.folder);
    walk(group.folder, 0, [&](const std::string& folder, const std::string&, uint32_t) {
      add(folder);
      return false;
    });
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

}  // namespace gotap::trace
