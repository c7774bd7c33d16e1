// Test support: a Kernel in memory. Records what is asked of it, fails where it is told to,
// and hands out real descriptors (of /dev/null), so that a leak can be counted.
// Not part of the program.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bpf/kernel.h"

namespace gotap::bpf {

class FakeKernel : public Kernel {
 public:
  using Buffer = std::vector<uint8_t>;
  struct FakeMap {
    MapSpec spec;
    std::map<Buffer, Buffer> entries;
  };
  struct Attach {
    std::string program;
    std::vector<uint64_t> offsets, cookies;
    bool on_return;
    std::vector<int> pids;
    bool by_event = false;
  };

  // What the test sets.
  int fail_call = 0;               ///< this call (from 1) fails; 0: none
  Error failure{"no memory", ""};  ///< with this
  std::set<uint64_t> bad_offsets;  ///< sites that the kernel refuses to probe
  std::set<uint64_t> uprobes;      ///< offsets where somebody has a uprobe already
  bool survives_seccomp = true;
  uint32_t cpus = 1;
  bool uprobe_multi = true, pid_filter = true;
  uint32_t member_offset = 0x40;
  std::function<void(const std::string& program)> on_run;  ///< run_program: what it does
  std::function<void(const Attach&)> on_attach;            ///< after a link was made
  std::function<void(FakeMap&)> on_lookup;                 ///< before a value is looked up

  // What the test reads.
  int calls = 0;
  std::vector<std::string> log;  ///< "create @c", "load name", "attach name", "run name" ...
  std::vector<Attach> attaches;
  std::map<int, FakeMap> maps;  ///< by descriptor
  std::deque<Buffer> ring;

  FakeMap* map_named(const std::string& name) {
    for (auto& [fd, map] : maps)
      if (map.spec.name == name) return &map;
    return nullptr;
  }
  template <class T>
  static Buffer bytes_of(const T& value) {
    Buffer buffer(sizeof value);
    std::memcpy(buffer.data(), &value, sizeof value);
    return buffer;
  }
  /// A ring record of u64 words behind the two u32 of its head.
  void send(uint32_t event, std::vector<uint64_t> words = {}) {
    Buffer record(8 + words.size() * 8);
    std::memcpy(record.data(), &event, 4);
    if (!words.empty()) std::memcpy(record.data() + 8, words.data(), words.size() * 8);
    ring.push_back(std::move(record));
  }

  Result<Fd> create_map(const MapSpec& spec) override {
    if (failing("create " + spec.name)) return failure;
    Fd fd = descriptor();
    FakeMap map{spec, {}};
    const bool array = spec.type == MapType::Array || spec.type == MapType::PerCpuArray;
    for (uint32_t i = 0; array && i < spec.max_entries; i++)
      map.entries[bytes_of(i)] = Buffer(value_bytes(spec));
    maps[fd.get()] = std::move(map);
    return fd;
  }
  Result<Fd> load_program(const Program& program, std::span<const int>) override {
    if (failing("load " + program.name)) return failure;
    Fd fd = descriptor();
    programs_[fd.get()] = program.name;
    return fd;
  }
  Result<Attachment> attach_uprobes(const AttachRequest& request) override {
    if (failing("attach " + programs_[request.program_fd])) return failure;
    Attachment out;
    Attach made{programs_[request.program_fd],
                {},
                {},
                request.on_return,
                {request.pids.begin(), request.pids.end()},
                request.by_event};
    for (size_t i = 0; i < request.offsets.size(); i++) {
      if (bad_offsets.contains(request.offsets[i])) {
        out.refused.push_back(i);
        continue;
      }
      made.offsets.push_back(request.offsets[i]);
      made.cookies.push_back(request.cookies[i]);
    }
    if (made.offsets.empty()) return out;
    out.links.push_back(std::make_unique<FakeLink>(descriptor()));
    attaches.push_back(std::move(made));
    if (on_attach) on_attach(attaches.back());
    return out;
  }
  Result<void> run_program(int program_fd) override {
    if (failing("run " + programs_[program_fd])) return failure;
    if (on_run) on_run(programs_[program_fd]);
    return {};
  }
  Result<void> map_update(int map_fd, const void* key, const void* value) override {
    FakeMap& map = maps.at(map_fd);
    if (failing("update " + map.spec.name)) return failure;
    map.entries[key_of(map, key)] = value_of(map, value);
    return {};
  }
  Result<bool> map_lookup(int map_fd, const void* key, void* value) override {
    FakeMap& map = maps.at(map_fd);
    if (failing("lookup " + map.spec.name)) return failure;
    if (on_lookup) on_lookup(map);
    auto found = map.entries.find(key_of(map, key));
    if (found == map.entries.end()) return false;
    std::memcpy(value, found->second.data(), found->second.size());
    return true;
  }
  Result<bool> map_delete(int map_fd, const void* key) override {
    FakeMap& map = maps.at(map_fd);
    if (failing("delete " + map.spec.name)) return failure;
    return map.entries.erase(key_of(map, key)) > 0;
  }
  Result<bool> map_next_key(int map_fd, const void* key, void* next) override {
    FakeMap& map = maps.at(map_fd);
    if (failing("next " + map.spec.name)) return failure;
    auto at = map.entries.begin();
    // As the kernel: after a key that is gone the walk starts over.
    if (key)
      if (auto found = map.entries.find(key_of(map, key)); found != map.entries.end())
        at = std::next(found);
    if (at == map.entries.end()) return false;
    std::memcpy(next, at->first.data(), at->first.size());
    return true;
  }
  Result<std::unique_ptr<Ring>> open_ring(int) override {
    if (failing("open ring")) return failure;
    return std::unique_ptr<Ring>(std::make_unique<FakeRing>(*this));
  }
  Result<uint32_t> cpu_count() override {
    if (failing("cpus")) return failure;
    return cpus;
  }
  Result<uint32_t> struct_offset(const std::string& type, const std::string& member) override {
    if (failing("offset " + type + "." + member)) return failure;
    return member_offset;
  }
  Result<bool> has_uprobe_multi() override {
    if (failing("uprobe_multi")) return failure;
    return uprobe_multi;
  }
  Result<bool> pid_filter_works() override {
    if (failing("pid filter")) return failure;
    return pid_filter;
  }
  Result<bool> has_uprobe(int, uint64_t offset) override {
    if (failing("has uprobe")) return failure;
    return uprobes.contains(offset);
  }
  Result<bool> uretprobe_survives_seccomp() override {
    if (failing("seccomp trial")) return failure;
    return survives_seccomp;
  }

 private:
  class FakeLink : public Link {
   public:
    explicit FakeLink(Fd fd) : fd_(std::move(fd)) {}

   private:
    Fd fd_;
  };
  class FakeRing : public Ring {
   public:
    explicit FakeRing(FakeKernel& kernel) : kernel_(kernel) {}
    Result<uint64_t> drain(const std::function<void(Bytes)>& handle) override {
      if (kernel_.failing("drain")) return kernel_.failure;
      uint64_t records = 0;
      for (; !kernel_.ring.empty(); records++) {
        const Buffer record = std::move(kernel_.ring.front());
        kernel_.ring.pop_front();
        handle(Bytes(record.data(), record.size()));
      }
      return records;
    }

   private:
    FakeKernel& kernel_;
  };

  bool failing(const std::string& call) {
    log.push_back(call);
    return ++calls == fail_call;
  }
  static Fd descriptor() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  size_t value_bytes(const MapSpec& spec) const {
    const bool per_cpu = spec.type == MapType::PerCpuHash || spec.type == MapType::PerCpuArray;
    return per_cpu ? (size_t{spec.value_size} + 7) / 8 * 8 * cpus : spec.value_size;
  }
  static Buffer key_of(const FakeMap& map, const void* key) {
    auto bytes = static_cast<const uint8_t*>(key);
    return Buffer(bytes, bytes + map.spec.key_size);
  }
  Buffer value_of(const FakeMap& map, const void* value) const {
    auto bytes = static_cast<const uint8_t*>(value);
    return Buffer(bytes, bytes + value_bytes(map.spec));
  }

  std::map<int, std::string> programs_;
};

}  // namespace gotap::bpf
