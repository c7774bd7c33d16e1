// The kernel's uprobe_multi link ABI (Linux >= 6.6), which is newer than Debian 12's headers.
//
// Facts: include/uapi/linux/bpf.h of Linux 6.6 and later: enum bpf_attach_type, and the
// `link_create` member of union bpf_attr with its `uprobe_multi` arm.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gotap::bpf::uapi {

constexpr uint32_t kAttachUprobeMulti = 48;    ///< BPF_TRACE_UPROBE_MULTI
constexpr uint32_t kUprobeMultiReturn = 1;     ///< BPF_F_UPROBE_MULTI_RETURN
constexpr uint32_t kMaxUprobeMulti = 1 << 20;  ///< MAX_UPROBE_MULTI_CNT: sites of one link
/// ENOTSUPP of the kernel's own errno.h: it leaks out where an instruction cannot be probed.
constexpr int kEnotsupp = 524;

/// union bpf_attr as BPF_LINK_CREATE reads it for an uprobe_multi program.
struct LinkCreateUprobeMulti {
  uint32_t prog_fd;
  uint32_t target_fd;  ///< unused: 0
  uint32_t attach_type;
  uint32_t flags;            ///< unused: 0
  uint64_t path;             ///< address of the file's path
  uint64_t offsets;          ///< address of u64[cnt], file offsets
  uint64_t ref_ctr_offsets;  ///< 0: none
  uint64_t cookies;          ///< address of u64[cnt], or 0
  uint32_t cnt;
  uint32_t uprobe_flags;
  uint32_t pid;  ///< thread group id, 0: all
  uint32_t padding;
};
static_assert(offsetof(LinkCreateUprobeMulti, path) == 16);
static_assert(offsetof(LinkCreateUprobeMulti, pid) == 56);
static_assert(sizeof(LinkCreateUprobeMulti) == 64);

}  // namespace gotap::bpf::uapi
