// Containers and pods of this node, as the kernel knows them: by their cgroups.
// Entry points: find_containers, processes_in.
//
// Facts: cgroups(7); Documentation/admin-guide/cgroup-v2.rst. How runtimes name a container's
// cgroup: `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope` with
// systemd, `ID` without. The kubelet (pkg/kubelet/cm/pod_container_manager_linux.go) calls a
// pod's `podUID`, with systemd `kubepods-...-podUID.slice` with `_` for `-`; beside it
// /var/log/pods/NAMESPACE_NAME_UID says which pod that is (pkg/kubelet/kuberuntime/helpers.go).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/cgroup.h"

namespace gotap::trace {

/// What the user calls it; one of both.
struct ContainerName {
  std::string container;  ///< an id, the beginning of one, or the name of a cgroup
  std::string pod;        ///< NAMESPACE/NAME

  bool is_given() const { return !container.empty() || !pod.empty(); }
};

/// A cgroup of the unified hierarchy.
struct Cgroup {
  uint64_t id = 0;     ///< what bpf_get_current_ancestor_cgroup_id() returns of it
  uint32_t level = 0;  ///< cgroups above it
  std::string folder;
};

/// Where to look; tests have a node of their own.
struct Node {
  CgroupTree cgroups;
  std::string pod_logs = "/var/log/pods";
};

/// The cgroup of a container, those of a pod (one, but for moments of a new start). Their
/// processes are those below, too. Errors: there is none of that name, with what there is; several
/// containers begin so; no unified hierarchy here, or only a part of it to be seen.
Result<std::vector<Cgroup>> find_containers(const Node& node, const ContainerName& name);

/// The processes in these cgroups and below, in ascending order, as this PID namespace knows them.
std::vector<int> processes_in(const std::vector<Cgroup>& cgroups);

}  // namespace gotap::trace
