// The running Linux kernel as the one door to its tracing. Entry point: linux_kernel().
// Over libbpf's thin wrappers of bpf(2); no libbpf object files, no skeletons.
//
// Facts: bpf(2); libbpf 1.1's bpf.h; BPF_PROG_TEST_RUN of raw tracepoint programs exists since
// Linux 5.10, of kprobe programs not at all, hence the two program kinds.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <optional>

#include "bpf/insn.h"
#include "bpf/kernel.h"
#include "bpf/linux_attach.h"
#include "bpf/linux_btf.h"
#include "bpf/linux_errors.h"
#include "bpf/linux_events.h"
#include "bpf/linux_uprobe_query.h"
#include "bpf/ringbuf.h"
#include "bpf/uapi/uprobe_multi.h"

namespace gotap::bpf {

namespace {

bpf_map_type map_type(MapType type) {
  switch (type) {
    case MapType::Hash: return BPF_MAP_TYPE_HASH;
    case MapType::PerCpuHash: return BPF_MAP_TYPE_PERCPU_HASH;
    case MapType::Array: return BPF_MAP_TYPE_ARRAY;
    case MapType::PerCpuArray: return BPF_MAP_TYPE_PERCPU_ARRAY;
    case MapType::RingBuffer: return BPF_MAP_TYPE_RINGBUF;
  }
  return BPF_MAP_TYPE_UNSPEC;
}

// What the kernel accepts as an object's name: [A-Za-z0-9_.], at most 15 of them.
std::string object_name(const std::string& name) {
  std::string out;
  for (char c : name) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '.';
    if (out.size() < 15) out += plain ? c : '_';
  }
  return out;
}

// In an unloaded object a map reference holds the map's index; the kernel wants its fd.
Result<std::vector<Insn>> with_map_fds(const Program& program, std::span<const int> map_fds) {
  std::vector<Insn> insns = program.insns;
  for (size_t i = 0; i < insns.size(); i++) {
    if (insns[i].code != kLdImm64) continue;
    if (insns[i].src == kPseudoMapFd || insns[i].src == kPseudoMapValue) {
      const uint32_t index = static_cast<uint32_t>(insns[i].imm);
      if (index >= map_fds.size() || map_fds[index] < 0)
        return Error{"internal error: " + program.name + " uses map " + std::to_string(index) +
                         ", which was not created",
                     ""};
      insns[i].imm = map_fds[index];
    }
    i++;  // its second half
  }
  return insns;
}

// User-space access to a hash bucket that a program holds at this moment answers EBUSY.
template <class Call>
int retry_busy(Call call) {
  int result = call();
  for (int i = 0; i < 100 && result == -EBUSY; i++) result = call();
  return result;
}

class LinuxKernel : public Kernel {
 public:
  LinuxKernel() {
    libbpf_set_print(nullptr);  // its messages are not for the user; we say what failed
  }

  Result<Fd> create_map(const MapSpec& spec) override {
    LIBBPF_OPTS(bpf_map_create_opts, opts);
    const bool hash = spec.type == MapType::Hash || spec.type == MapType::PerCpuHash;
    if (hash && spec.no_prealloc) opts.map_flags = BPF_F_NO_PREALLOC;
    int fd = bpf_map_create(map_type(spec.type), object_name(spec.name).c_str(), spec.key_size,
                            spec.value_size, spec.max_entries, &opts);
    if (fd < 0) {
      if (fd == -E2BIG || fd == -EINVAL)
        return Error{"cannot create the map " + spec.name + ": the kernel refuses keys of " +
                         std::to_string(spec.key_size) + " bytes, values of " +
                         std::to_string(spec.value_size) + " bytes, " +
                         std::to_string(spec.max_entries) + " entries",
                     "use shorter strings as keys, or fewer entries"};
      return kernel_error("create the map " + spec.name, -fd);
    }
    return Fd(fd);
  }

  Result<Fd> load_program(const Program& program, std::span<const int> map_fds) override {
    TRY(insns, with_map_fds(program, map_fds));
    int fd = load(program, insns, {});
    if (fd >= 0) return Fd(fd);
    if (fd == -EPERM || fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE || fd == -ENOSYS)
      return kernel_error("load BPF programs", -fd);
    // Once more for the log. It is only asked for now: writing it costs more than loading.
    std::string log(kLogBytes, '\0');
    int again = load(program, insns, log);
    if (again >= 0) return Fd(again);  // a passing shortage, gone meanwhile
    log.resize(log.find_last_not_of('\0') + 1);
    return verifier_error(program, log, -fd);
  }

  Result<Attachment> attach_uprobes(const AttachRequest& request) override {
    if (!request.by_event) return attach_uprobe_multi(request);
    if (!tracefs_) {
      TRY(tracefs, Tracefs::open());
      tracefs_ = std::move(tracefs);
    }
    return attach_uprobe_event(tracefs_, request);
  }

  Result<void> run_program(int program_fd) override {
    LIBBPF_OPTS(bpf_test_run_opts, opts);
    int result = bpf_prog_test_run_opts(program_fd, &opts);
    if (result < 0) return kernel_error("run a BPF program", -result);
    return {};
  }

  Result<void> map_update(int map_fd, const void* key, const void* value) override {
    int result = retry_busy([&] { return bpf_map_update_elem(map_fd, key, value, BPF_ANY); });
    if (result < 0) return kernel_error("write to a BPF map", -result);
    return {};
  }

  Result<bool> map_lookup(int map_fd, const void* key, void* value) override {
    return found(retry_busy([&] { return bpf_map_lookup_elem(map_fd, key, value); }), "read");
  }

  Result<bool> map_delete(int map_fd, const void* key) override {
    return found(retry_busy([&] { return bpf_map_delete_elem(map_fd, key); }), "delete from");
  }

  Result<bool> map_next_key(int map_fd, const void* key, void* next) override {
    return found(retry_busy([&] { return bpf_map_get_next_key(map_fd, key, next); }), "read");
  }

  Result<std::unique_ptr<Ring>> open_ring(int map_fd) override {
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (int result = bpf_obj_get_info_by_fd(map_fd, &info, &size); result < 0)
      return kernel_error("ask for the size of the ring buffer", -result);
    return open_ringbuf(map_fd, info.max_entries);
  }

  Result<uint32_t> cpu_count() override {
    int count = libbpf_num_possible_cpus();
    if (count == -EMFILE || count == -ENFILE || count == -ENOMEM)
      return kernel_error("count the CPUs", -count);
    if (count <= 0)
      return Error{"cannot tell the number of CPUs from /sys/devices/system/cpu/possible",
                   "/sys must be mounted"};
    return static_cast<uint32_t>(count);
  }

  Result<uint32_t> struct_offset(const std::string& type, const std::string& member) override {
    const StructMember at{type, member};
    TRY(offsets, btf_struct_offsets({&at, 1}));
    return offsets[0];
  }

  Result<std::vector<uint32_t>> struct_offsets(std::span<const StructMember> members) override {
    return btf_struct_offsets(members);
  }

  Result<bool> has_uprobe_multi() override {
    TRY_DO(try_uprobe_multi());
    return *uprobe_multi_;
  }

  Result<bool> pid_filter_works() override {
    TRY_DO(try_uprobe_multi());
    return *pid_filter_;
  }

  Result<bool> has_uprobe(int file_fd, uint64_t offset) override {
    return is_uprobed(file_fd, offset);
  }

  Result<bool> uretprobe_survives_seccomp() override { return bpf::uretprobe_survives_seccomp(); }

 private:
  // What libbpf calls the largest log that every kernel takes.
  static constexpr uint32_t kLogBytes = UINT32_MAX >> 8;

  Result<void> try_uprobe_multi() {
    if (pid_filter_) return {};
    const Program nothing{
        .name = "gotap_trial", .kind = ProgramKind::Uprobe, .insns = idle_program()};
    TRY(fd, load_program(nothing, {}));
    uprobe_multi_ = bpf::has_uprobe_multi(fd.get());
    pid_filter_ = *uprobe_multi_ && pid_filter_is_by_process(fd.get());
    return {};
  }

  int load(const Program& program, const std::vector<Insn>& insns, std::span<char> log) {
    const bool uprobe = program.kind == ProgramKind::Uprobe;
    LIBBPF_OPTS(bpf_prog_load_opts, opts);
    if (uprobe && !program.by_event)
      opts.expected_attach_type = static_cast<bpf_attach_type>(uapi::kAttachUprobeMulti);
    if (!log.empty()) {
      opts.log_level = 1;
      opts.log_buf = log.data();
      opts.log_size = static_cast<uint32_t>(log.size());
    }
    // The helpers that read user memory are for programs that declare a GPL-compatible licence
    // to the kernel; what is loaded here is generated, and declared so.
    return bpf_prog_load(uprobe ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_RAW_TRACEPOINT,
                         object_name(program.name).c_str(), "GPL",
                         reinterpret_cast<const bpf_insn*>(insns.data()), insns.size(), &opts);
  }

  static Result<bool> found(int result, const char* doing) {
    if (result == 0) return true;
    if (result == -ENOENT) return false;
    return kernel_error(std::string(doing) + " a BPF map", -result);
  }

  std::optional<bool> uprobe_multi_, pid_filter_;
  std::shared_ptr<Tracefs> tracefs_;  ///< opened when it is needed
};

}  // namespace

std::unique_ptr<Kernel> linux_kernel() { return std::make_unique<LinuxKernel>(); }

}  // namespace gotap::bpf
