// Entry point: btf_struct_offsets.
// Facts: Documentation/bpf/btf.rst; anonymous members are searched through, as C does.
#include "bpf/linux_btf.h"

#include <bpf/btf.h>

#include <memory>
#include <optional>
#include <string_view>

namespace gotap::bpf {

namespace {

struct FreeBtf {
  void operator()(btf* b) const { btf__free(b); }
};

struct Found {
  uint32_t bits = 0;  // from the start of the structure
  uint32_t type = 0;  // of the member
};

constexpr int kMaxDepth = 16;  // of anonymous members: BTF from the kernel nests far less

const btf_type* structure(const btf* types, uint32_t id) {
  const btf_type* type = btf__type_by_id(types, id);
  for (int i = 0; type && i < 64 && (btf_is_mod(type) || btf_is_typedef(type)); i++)
    type = btf__type_by_id(types, type->type);
  return type && btf_is_composite(type) ? type : nullptr;
}

std::optional<Found> find_member(const btf* types, uint32_t id, std::string_view name, int depth) {
  const btf_type* type = structure(types, id);
  if (!type || depth > kMaxDepth) return std::nullopt;
  const btf_member* members = btf_members(type);
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    const char* member_name = btf__name_by_offset(types, members[i].name_off);
    uint32_t bits = btf_member_bit_offset(type, i);
    if (member_name && *member_name) {
      if (name == member_name) return Found{bits, members[i].type};
      continue;
    }
    if (auto inner = find_member(types, members[i].type, name, depth + 1))
      return Found{bits + inner->bits, inner->type};
  }
  return std::nullopt;
}

Result<uint32_t> offset_of(const btf* types, const StructMember& what) {
  int id = btf__find_by_name_kind(types, what.type.c_str(), BTF_KIND_STRUCT);
  if (id < 0) return Error{"the kernel's type information has no struct " + what.type, ""};
  Found at{0, static_cast<uint32_t>(id)};
  for (std::string_view rest = what.member; !rest.empty();) {
    size_t dot = rest.find('.');
    auto found = find_member(types, at.type, rest.substr(0, dot), 0);
    if (!found)
      return Error{"the kernel's struct " + what.type + " has no member " + what.member, ""};
    at = {at.bits + found->bits, found->type};
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  if (at.bits % 8 != 0)
    return Error{"the kernel's " + what.type + "." + what.member + " is a bit field", ""};
  return at.bits / 8;
}

}  // namespace

Result<std::vector<uint32_t>> btf_struct_offsets(std::span<const StructMember> members) {
  std::unique_ptr<btf, FreeBtf> types(btf__load_vmlinux_btf());
  if (!types)
    return Error{"cannot read the kernel's type information in /sys/kernel/btf/vmlinux",
                 "the kernel must be built with CONFIG_DEBUG_INFO_BTF, and /sys be mounted"};
  std::vector<uint32_t> offsets;
  for (const StructMember& member : members) {
    TRY(offset, offset_of(types.get(), member));
    offsets.push_back(offset);
  }
  return offsets;
}

}  // namespace gotap::bpf
