// Entry points: find_container, open_target.
// Facts: proc(5): exe, root, map_files; openat2(2), RESOLVE_IN_ROOT, as links of another root must
// not be followed into ours.
#include "cli/targets.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/progress.h"
#include "trace/process.h"

namespace gotap::cli {

namespace {

Result<std::string> resolve_program(const std::string& path) {
  if (path.find('/') != std::string::npos) return path;
  if (auto found = find_in_path(path)) return *found;
  std::string hint;
  if (::access(path.c_str(), R_OK) == 0) hint = "did you mean ./" + path + "?";
  return Error{"no program " + path + " in PATH", hint};
}

/// What a process knows by a name of the script.
struct Found {
  std::string file;  ///< to be opened
  std::string note;
  struct stat stat {};
  Fd holder;  ///< what `file` speaks of, if it is a descriptor of ours
};

/// Looks for what one process runs by the name `path`.
class ProcessView {
 public:
  ProcessView(int pid, const std::string& path) : pid_(pid), path_(path) {
    // As the kernel names it: absolute, the folder's links followed; the file may be gone.
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    const auto folder = std::filesystem::weakly_canonical(absolute.parent_path(), error);
    kernel_path_ = error ? path : (folder / absolute.filename()).string();
  }

  /// The file by that name that the process runs; nothing if there is none.
  std::optional<Found> running() const {
    if (auto found = in_own_root(); found && trace::runs_file(pid_, found->stat)) return found;
    return replaced();
  }

  /// The file by that name where the process sees other files than we do.
  std::optional<Found> in_own_root() const {
    struct stat ours, theirs;
    if (path_.empty() || path_[0] != '/') return std::nullopt;
    const std::string root = folder() + "/root";
    Fd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fstat(fd.get(), &theirs) != 0 || ::stat("/", &ours) != 0) return std::nullopt;
    if (trace::is_same_file(ours, theirs) &&
        link_target(folder() + "/ns/mnt") == link_target("/proc/self/ns/mnt"))
      return std::nullopt;
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_IN_ROOT;
    Fd file(static_cast<int>(::syscall(SYS_openat2, fd.get(), path_.c_str(), &how, sizeof how)));
    if (!file) return std::nullopt;
    Found found;
    found.file = "/proc/self/fd/" + std::to_string(file.get());
    found.note = path_ + " is taken as " + trace::process_name(pid_) + " sees it";
    if (::fstat(file.get(), &found.stat) != 0) return std::nullopt;
    found.holder = std::move(file);
    return found;
  }

 private:
  std::string folder() const { return "/proc/" + std::to_string(pid_); }

  /// What stood under the name when the process opened it.
  std::optional<Found> replaced() const {
    const std::string exe = folder() + "/exe";
    if (is_replaced(link_target(exe))) return make(exe);
    auto mappings = trace::code_mappings(pid_);
    if (!mappings.ok()) return std::nullopt;
    for (const trace::Mapping& mapping : *mappings)
      if (is_replaced(mapping.path)) return make(folder() + "/map_files/" + mapping.range);
    return std::nullopt;
  }

  // In a root of its own that we can see, the kernel names the file from ours.
  bool is_replaced(const std::string& name) const {
    if (name == kernel_path_ + trace::kDeleted) return true;
    const std::string root = link_target(folder() + "/root");
    return root != "/" && name == root + path_ + trace::kDeleted;
  }

  std::optional<Found> make(const std::string& file) const {
    Found found;
    found.file = file;
    found.note = path_ + " was replaced or deleted since " + trace::process_name(pid_) +
                 " started: probing the file it runs";
    if (::stat(file.c_str(), &found.stat) != 0) return std::nullopt;
    return found;
  }

  int pid_;
  const std::string& path_;
  std::string kernel_path_;
};

/// `ours`: where the name leads us, if anywhere.
Result<std::optional<Found>> find_for(const std::vector<int>& pids, const std::string& path,
                                      const std::string& ours) {
  std::optional<Found> chosen, possible;
  int chooser = 0;
  for (const int pid : pids) {
    struct stat file;
    const std::string& name = ours.empty() ? path : ours;
    const ProcessView view(pid, name);
    std::optional<Found> found;
    if (!ours.empty() && ::stat(ours.c_str(), &file) == 0 && trace::runs_file(pid, file)) {
      found.emplace();
      found->file = ours;
      found->stat = file;
    } else {
      found = view.running();
    }
    if (!found) {
      if (!possible) possible = view.in_own_root();
      continue;
    }
    if (chosen && !trace::is_same_file(chosen->stat, found->stat))
      return Error{trace::process_name(chooser) + " and " + trace::process_name(pid) +
                       " run different files as " + path,
                   "trace them one by one"};
    if (!chosen) {
      chosen = std::move(found);
      chooser = pid;
    }
  }
  // A library that is loaded later will be the process's own.
  return chosen ? std::move(chosen) : std::move(possible);
}

}  // namespace

Result<void> find_container(Options& options) {
  if (!options.container.is_given()) return {};
  TRY(cgroups, trace::find_containers({trace::find_cgroups()}, options.container));
  options.cgroup_level = cgroups[0].level;
  options.inside = trace::processes_in(cgroups);
  if (!options.inside.empty()) return {};
  return Error{"nothing runs in this container that can be seen from here",
               "start gotap on the node itself"};
}

Result<plan::Target> open_target(const std::string& path, const Options& options,
                                 std::string& note) {
  const Stage stage("reading " + escape_controls(path));
  auto ours = resolve_program(path);
  TRY(found,
      find_for(options.pids.empty() ? options.inside : options.pids, path, ours.ok() ? *ours : ""));
  if (found) {
    note = escape_controls(found->note);
    TRY(image, go::Image::open(found->file, options.types));
    return plan::Target{path, image};
  }
  if (!ours.ok()) return std::move(ours.error());
  TRY(image, go::Image::open(*ours, options.types));
  return plan::Target{path, image};
}

}  // namespace gotap::cli
