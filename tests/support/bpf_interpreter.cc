#include "support/bpf_interpreter.h"

#include <cstring>

#include "bpf/insn.h"

namespace gotap::testing {

using bpf::Alu;
using bpf::Atomic;
using bpf::Helper;
using bpf::Insn;
using bpf::Jump;
using bpf::MapType;

namespace {

constexpr size_t kStackSize = 512;
constexpr uint64_t kMaxSteps = 1'000'000;
constexpr uint64_t kMapTag = 0xfffa000000000000;  // a map as a helper's argument
constexpr uint64_t kEfault = static_cast<uint64_t>(-14), kEexist = static_cast<uint64_t>(-17),
                   kE2big = static_cast<uint64_t>(-7), kEnoent = static_cast<uint64_t>(-2),
                   kEinval = static_cast<uint64_t>(-22);

size_t width(uint8_t code) {
  switch (code & 0x18) {
    case 0x10: return 1;
    case 0x08: return 2;
    case 0x00: return 4;
    default: return 8;
  }
}

}  // namespace

void FakeProcess::put(uint64_t address, const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < size; i++) user[address + i] = bytes[i];
}

void FakeProcess::put_string(uint64_t address, const std::string& text, bool with_nul) {
  put(address, text.c_str(), text.size() + (with_nul ? 1 : 0));
}

BpfInterpreter::BpfInterpreter(const bpf::BpfObject& object)
    : object_(object), maps_(object.maps.size()) {
  for (uint32_t i = 0; i < object.maps.size(); i++) {
    if (!is_array(i) || object.maps[i].type == MapType::RingBuffer) continue;
    for (uint32_t index = 0; index < object.maps[i].max_entries; index++) {
      Buffer key(4);
      std::memcpy(key.data(), &index, 4);
      maps_[i].elements[key] = new_element(i);
    }
  }
}

bool BpfInterpreter::is_array(uint32_t map) const {
  MapType type = object_.maps[map].type;
  return type == MapType::Array || type == MapType::PerCpuArray;
}

bool BpfInterpreter::per_cpu(uint32_t map) const {
  MapType type = object_.maps[map].type;
  return type == MapType::PerCpuHash || type == MapType::PerCpuArray;
}

uint32_t BpfInterpreter::stride(uint32_t map) const {
  return (object_.maps[map].value_size + 7) / 8 * 8;
}

std::shared_ptr<BpfInterpreter::Buffer> BpfInterpreter::new_element(uint32_t map) const {
  return std::make_shared<Buffer>(size_t{stride(map)} * (per_cpu(map) ? kCpus : 1), uint8_t{0});
}

std::optional<BpfInterpreter::Buffer> BpfInterpreter::lookup(uint32_t map, const Buffer& key,
                                                             uint32_t cpu) const {
  auto found = maps_[map].elements.find(key);
  if (found == maps_[map].elements.end()) return std::nullopt;
  auto from = found->second->begin() + static_cast<ptrdiff_t>(per_cpu(map) ? cpu * stride(map) : 0);
  return Buffer(from, from + object_.maps[map].value_size);
}

void BpfInterpreter::update(uint32_t map, const Buffer& key, const Buffer& value) {
  auto& element = maps_[map].elements[key];
  if (!element) element = new_element(map);
  std::memcpy(element->data(), value.data(), std::min(value.size(), element->size()));
}

std::vector<BpfInterpreter::Buffer> BpfInterpreter::keys(uint32_t map) const {
  std::vector<Buffer> out;
  for (const auto& [key, value] : maps_[map].elements) out.push_back(key);
  return out;
}

bpf::Globals BpfInterpreter::globals() const {
  bpf::Globals out;
  auto value = lookup(bpf::BpfObject::kGlobals, Buffer(4));
  if (value) std::memcpy(&out, value->data(), sizeof out);
  return out;
}

void BpfInterpreter::set_globals(const bpf::Globals& globals) {
  Buffer value = lookup(bpf::BpfObject::kGlobals, Buffer(4)).value_or(Buffer());
  std::memcpy(value.data(), &globals, sizeof globals);
  update(bpf::BpfObject::kGlobals, Buffer(4), value);
}

uint64_t BpfInterpreter::map_full(uint32_t index) const {
  uint64_t out = 0;
  auto value = lookup(bpf::BpfObject::kGlobals, Buffer(4));
  if (value) std::memcpy(&out, value->data() + sizeof(bpf::Globals) + 8 * index, 8);
  return out;
}

void BpfInterpreter::fail(const std::string& message) {
  if (error_.empty()) error_ = "at " + std::to_string(pc_) + ": " + message;
}

uint64_t BpfInterpreter::add_region(Region region) {
  regions_.push_back(std::move(region));
  return regions_.size() * kRegionSize;  // 0 is no address
}

// A pointer is its region's number and an offset. Negative offsets land in the region before,
// which is caught as the regions are far smaller than their numbers' distance.
uint8_t* BpfInterpreter::access(uint64_t address, size_t size, bool write, const char* what) {
  uint64_t number = address / kRegionSize, offset = address % kRegionSize;
  if (number == 0 || number > regions_.size()) {
    fail(std::string(what) + ": not a pointer");
    return nullptr;
  }
  Region& region = regions_[number - 1];
  if (offset > region.size || size > region.size - offset) {
    fail(std::string(what) + ": outside " + region.name + ", offset " + std::to_string(offset) +
         " size " + std::to_string(size) + " of " + std::to_string(region.size));
    return nullptr;
  }
  if (write && !region.writable) {
    fail(std::string(what) + ": " + region.name + " is read-only");
    return nullptr;
  }
  if (region.initialised) {
    for (size_t i = offset; i < offset + size; i++) {
      if (write) (*region.initialised)[i] = true;
      if (!write && !(*region.initialised)[i]) {
        fail(std::string(what) + ": stack byte never written");
        return nullptr;
      }
    }
  }
  return region.data + offset;
}

std::optional<BpfInterpreter::Buffer> BpfInterpreter::read_bytes(uint64_t address, size_t size,
                                                                 const char* what) {
  uint8_t* data = access(address, size, false, what);
  if (!data) return std::nullopt;
  return Buffer(data, data + size);
}

Result<void> BpfInterpreter::run(const bpf::Program& program, FakeProcess& process) {
  process_ = &process;
  error_.clear();
  regions_.clear();
  alive_.clear();
  reserved_.clear();
  regs_.fill(0xdeadbeefdeadbeef);
  Buffer stack(kStackSize, 0xee);
  std::vector<bool> initialised(kStackSize, false);
  // The context comes first, so that what is below the stack's start is caught.
  bool uprobe = program.kind == bpf::ProgramKind::Uprobe;
  regs_[1] = add_region({"the context", reinterpret_cast<uint8_t*>(process.regs.data()),
                         uprobe ? sizeof process.regs : 0, false, nullptr});
  regs_[10] =
      add_region({"the stack", stack.data(), stack.size(), true, &initialised}) + kStackSize;
  uint64_t limit = steps + kMaxSteps;
  for (pc_ = 0; error_.empty();) {
    if (pc_ >= program.insns.size()) fail("ran off the end");
    if (steps++ > limit) fail("does not end");
    if (!error_.empty()) break;
    if (program.insns[pc_].code == bpf::kExit) break;
    step(program);
  }
  if (error_.empty() && !reserved_.empty()) fail("a ring record was never submitted");
  if (!error_.empty()) return Error{program.name + " " + error_, ""};
  return {};
}

void BpfInterpreter::step(const bpf::Program& program) {
  const Insn& insn = program.insns[pc_];
  switch (insn.code & 7) {
    case bpf::kClassLd:
      if (insn.code != bpf::kLdImm64 || pc_ + 1 >= program.insns.size())
        return fail("unknown instruction");
      load_imm64(insn, program.insns[pc_ + 1]);
      pc_ += 2;
      return;
    case bpf::kClassLdx:
    case bpf::kClassSt:
    case bpf::kClassStx: memory(insn); break;
    case bpf::kClassAlu32: alu(insn, false); break;
    case bpf::kClassAlu64: alu(insn, true); break;
    default:
      if (insn.code == bpf::kCall) {
        call(insn.imm);
      } else if (condition(insn)) {
        pc_ = static_cast<size_t>(static_cast<int64_t>(pc_) + 1 + insn.off);
        return;
      }
  }
  pc_++;
}

void BpfInterpreter::load_imm64(const Insn& low, const Insn& high) {
  auto index = static_cast<uint32_t>(low.imm);
  if (low.src == 0) {
    regs_[low.dst] = index | static_cast<uint64_t>(high.imm) << 32;
    return;
  }
  if (index >= maps_.size() || object_.maps[index].max_entries == 0)
    return fail("reference to a map that is not there");
  if (low.src == bpf::kPseudoMapFd) {
    regs_[low.dst] = kMapTag + index;
    return;
  }
  if (object_.maps[index].type != MapType::Array) return fail("map value of a map not an array");
  regs_[low.dst] = element_address(index, maps_[index].elements.begin()->second) +
                   static_cast<uint32_t>(high.imm);
}

uint64_t BpfInterpreter::element_address(uint32_t map, const std::shared_ptr<Buffer>& element) {
  alive_.push_back(element);
  size_t offset = per_cpu(map) ? size_t{process_->cpu} * stride(map) : 0;
  return add_region({"a value of " + object_.maps[map].name, element->data() + offset,
                     object_.maps[map].value_size, true, nullptr});
}

void BpfInterpreter::alu(const Insn& insn, bool wide) {
  uint64_t a = regs_[insn.dst];
  uint64_t b = insn.code & bpf::kSourceReg ? regs_[insn.src]
                                           : static_cast<uint64_t>(static_cast<int64_t>(insn.imm));
  if (!wide) {
    a &= 0xffffffff;
    b &= 0xffffffff;
  }
  uint64_t mask = wide ? 63 : 31, out = 0;
  switch (static_cast<Alu>(insn.code & 0xf0)) {
    case Alu::Add: out = a + b; break;
    case Alu::Sub: out = a - b; break;
    case Alu::Mul: out = a * b; break;
    case Alu::Div: out = b ? a / b : 0; break;
    case Alu::Mod: out = b ? a % b : a; break;
    case Alu::Or: out = a | b; break;
    case Alu::And: out = a & b; break;
    case Alu::Xor: out = a ^ b; break;
    case Alu::Lsh: out = a << (b & mask); break;
    case Alu::Rsh: out = a >> (b & mask); break;
    case Alu::Neg: out = 0 - a; break;
    case Alu::Mov: out = b; break;
    case Alu::Arsh:
      out = wide ? static_cast<uint64_t>(static_cast<int64_t>(a) >> (b & mask))
                 : static_cast<uint32_t>(static_cast<int32_t>(a) >> (b & mask));
      break;
    default: return fail("unknown operation");
  }
  if (!(insn.code & bpf::kSourceReg) && insn.imm > static_cast<int32_t>(mask) &&
      ((insn.code & 0xf0) == 0x60 || (insn.code & 0xf0) == 0x70 || (insn.code & 0xf0) == 0xc0))
    fail("shift by a constant that the verifier refuses");
  if (insn.dst == 10) fail("writes the frame pointer");
  regs_[insn.dst] = wide ? out : out & 0xffffffff;
}

void BpfInterpreter::memory(const Insn& insn) {
  size_t size = width(insn.code);
  if ((insn.code & 0xe0) == bpf::kModeAtomic) return atomic(insn);
  if ((insn.code & 0xe0) != bpf::kModeMem) return fail("unknown addressing mode");
  if ((insn.code & 7) == bpf::kClassLdx) {
    uint8_t* from =
        access(regs_[insn.src] + static_cast<uint64_t>(int64_t{insn.off}), size, false, "load");
    regs_[insn.dst] = 0;
    if (from) std::memcpy(&regs_[insn.dst], from, size);
    return;
  }
  uint64_t value = (insn.code & 7) == bpf::kClassStx
                       ? regs_[insn.src]
                       : static_cast<uint64_t>(static_cast<int64_t>(insn.imm));
  uint8_t* to =
      access(regs_[insn.dst] + static_cast<uint64_t>(int64_t{insn.off}), size, true, "store");
  if (to) std::memcpy(to, &value, size);
}

void BpfInterpreter::atomic(const Insn& insn) {
  if (width(insn.code) != 8) return fail("atomic of an unused width");
  uint64_t address = regs_[insn.dst] + static_cast<uint64_t>(int64_t{insn.off});
  uint8_t* at = access(address, 8, false, "atomic");
  if (!at || !access(address, 8, true, "atomic")) return;
  if (reinterpret_cast<uintptr_t>(at) % 8 != 0) return fail("atomic: not aligned");
  uint64_t old = 0, operand = regs_[insn.src], next = 0;
  if (static_cast<Atomic>(insn.imm) == Atomic::CmpXchg && !race_values.empty()) {
    std::memcpy(at, &race_values.back(), 8);  // another CPU was faster
    race_values.pop_back();
  }
  std::memcpy(&old, at, 8);
  switch (static_cast<Atomic>(insn.imm)) {
    case Atomic::Add:
    case Atomic::FetchAdd: next = old + operand; break;
    case Atomic::FetchOr: next = old | operand; break;
    case Atomic::FetchAnd: next = old & operand; break;
    case Atomic::CmpXchg: next = old == regs_[0] ? operand : old; break;
    default: return fail("unknown atomic operation");
  }
  std::memcpy(at, &next, 8);
  if (static_cast<Atomic>(insn.imm) == Atomic::CmpXchg)
    regs_[0] = old;
  else if (insn.imm & 1)
    regs_[insn.src] = old;
}

bool BpfInterpreter::condition(const Insn& insn) const {
  uint64_t a = regs_[insn.dst];
  uint64_t b = insn.code & bpf::kSourceReg ? regs_[insn.src]
                                           : static_cast<uint64_t>(static_cast<int64_t>(insn.imm));
  auto sa = static_cast<int64_t>(a), sb = static_cast<int64_t>(b);
  if ((insn.code & 7) == bpf::kClassJmp32) {
    a &= 0xffffffff;
    b &= 0xffffffff;
    sa = static_cast<int32_t>(a);
    sb = static_cast<int32_t>(b);
  }
  switch (static_cast<Jump>(insn.code & 0xf0)) {
    case Jump::Always: return true;
    case Jump::Eq: return a == b;
    case Jump::Ne: return a != b;
    case Jump::Gt: return a > b;
    case Jump::Ge: return a >= b;
    case Jump::Lt: return a < b;
    case Jump::Le: return a <= b;
    case Jump::Set: return (a & b) != 0;
    case Jump::SGt: return sa > sb;
    case Jump::SGe: return sa >= sb;
    case Jump::SLt: return sa < sb;
    case Jump::SLe: return sa <= sb;
  }
  return false;
}

void BpfInterpreter::call(int32_t helper) {
  uint64_t result = 0;
  switch (static_cast<Helper>(helper)) {
    case Helper::MapLookup: result = map_lookup_elem(); break;
    case Helper::MapUpdate: result = map_update_elem(); break;
    case Helper::MapDelete: result = map_delete_elem(); break;
    case Helper::KtimeGetNs:
      result = process_->ktime_ns;
      process_->ktime_ns += process_->ktime_step;
      break;
    case Helper::KtimeGetBootNs: result = process_->boot_ns; break;
    case Helper::GetPrandomU32: result = 0x12345678; break;
    case Helper::GetNumaNodeId: result = 3; break;
    case Helper::GetCurrentCgroupId: result = 77; break;
    case Helper::GetCurrentAncestorCgroupId:
      result = regs_[1] < process_->cgroups.size() ? process_->cgroups[regs_[1]] : 0;
      break;
    case Helper::Jiffies64: result = 4321; break;
    case Helper::KtimeGetTaiNs: result = process_->ktime_ns + 37; break;
    case Helper::GetSmpProcessorId: result = process_->cpu; break;
    case Helper::GetCurrentPidTgid: result = process_->tgid << 32 | process_->tid; break;
    case Helper::GetCurrentUidGid: result = process_->gid << 32 | process_->uid; break;
    case Helper::GetCurrentTask: result = process_->task; break;
    case Helper::GetAttachCookie: result = process_->cookie; break;
    case Helper::GetCurrentComm: {
      uint8_t* to = access(regs_[1], regs_[2], true, "get_current_comm");
      if (!to) break;
      std::memset(to, 0, regs_[2]);
      std::memcpy(to, process_->comm.data(), std::min<size_t>(process_->comm.size(), regs_[2] - 1));
      break;
    }
    case Helper::ProbeReadUser: result = probe_read(process_->user, true); break;
    case Helper::ProbeReadKernel: result = probe_read(process_->kernel, false); break;
    case Helper::ProbeReadUserStr: result = probe_read_str(); break;
    case Helper::RingbufReserve: result = ringbuf_reserve(); break;
    case Helper::RingbufOutput: result = ringbuf_output(); break;
    case Helper::RingbufSubmit: result = ringbuf_submit(true); break;
    case Helper::RingbufDiscard: result = ringbuf_submit(false); break;
    default: return fail("unknown helper " + std::to_string(helper));
  }
  regs_[0] = result;
  for (int i = 1; i <= 5; i++) regs_[static_cast<size_t>(i)] = 0xdeadbeefdeadbeef;
}

uint64_t BpfInterpreter::probe_read(const std::map<uint64_t, uint8_t>& memory, bool user) {
  size_t size = regs_[2];
  uint8_t* to = access(regs_[1], size, true, "probe_read");
  if (!to) return 0;
  // Our own memory is kernel memory.
  uint64_t number = regs_[3] / kRegionSize;
  if (!user && number >= 1 && number <= regions_.size()) {
    auto bytes = read_bytes(regs_[3], size, "probe_read_kernel");
    if (bytes) std::memcpy(to, bytes->data(), size);
    return 0;
  }
  Buffer bytes;
  for (size_t i = 0; i < size; i++) {
    auto found = memory.find(regs_[3] + i);
    if (found == memory.end()) {
      std::memset(to, 0, size);
      return kEfault;
    }
    bytes.push_back(found->second);
  }
  if (size) std::memcpy(to, bytes.data(), size);
  return 0;
}

uint64_t BpfInterpreter::probe_read_str() {
  size_t size = regs_[2];
  uint8_t* to = access(regs_[1], size, true, "probe_read_user_str");
  if (!to || size == 0) return 0;
  for (size_t i = 0; i < size; i++) {
    auto found = process_->user.find(regs_[3] + i);
    if (found == process_->user.end()) {
      std::memset(to, 0, size);
      return kEfault;
    }
    to[i] = found->second;
    if (to[i] == 0) return i + 1;
  }
  to[size - 1] = 0;
  return size;
}

std::optional<uint32_t> BpfInterpreter::map_argument(uint64_t value) {
  if (value < kMapTag || value - kMapTag >= maps_.size()) {
    fail("not a map");
    return std::nullopt;
  }
  return static_cast<uint32_t>(value - kMapTag);
}

uint64_t BpfInterpreter::map_lookup_elem() {
  auto map = map_argument(regs_[1]);
  if (!map) return 0;
  auto key = read_bytes(regs_[2], object_.maps[*map].key_size, "map key");
  if (!key) return 0;
  auto found = maps_[*map].elements.find(*key);
  return found == maps_[*map].elements.end() ? 0 : element_address(*map, found->second);
}

uint64_t BpfInterpreter::map_update_elem() {
  auto map = map_argument(regs_[1]);
  if (!map) return 0;
  const bpf::MapSpec& spec = object_.maps[*map];
  auto key = read_bytes(regs_[2], spec.key_size, "map key");
  auto value = read_bytes(regs_[3], spec.value_size, "map value");
  if (!key || !value) return 0;
  auto& elements = maps_[*map].elements;
  bool exists = elements.count(*key) != 0;
  if (regs_[4] == 1 && exists) return kEexist;
  if (!exists && (is_array(*map) || elements.size() >= spec.max_entries)) return kE2big;
  // A new element, as in the kernel: pointers to the old one keep seeing the old value.
  auto element = per_cpu(*map) && exists ? elements[*key] : new_element(*map);
  size_t offset = per_cpu(*map) ? size_t{process_->cpu} * stride(*map) : 0;
  std::memcpy(element->data() + offset, value->data(), value->size());
  elements[*key] = element;
  return 0;
}

uint64_t BpfInterpreter::map_delete_elem() {
  auto map = map_argument(regs_[1]);
  if (!map) return 0;
  auto key = read_bytes(regs_[2], object_.maps[*map].key_size, "map key");
  if (!key) return 0;
  if (is_array(*map)) return kEinval;
  return maps_[*map].elements.erase(*key) ? 0 : kEnoent;
}

uint64_t BpfInterpreter::ringbuf_reserve() {
  auto map = map_argument(regs_[1]);
  if (!map || object_.maps[*map].type != MapType::RingBuffer) {
    fail("reserve: not a ring buffer");
    return 0;
  }
  if (reserved_count_ >= ring_capacity) return 0;
  reserved_count_++;
  // Stale bytes, as a ring has.
  auto record = std::make_shared<Buffer>(regs_[2], uint8_t{0xaa});
  ring_.push_back(record);
  uint64_t address = add_region({"a ring record", record->data(), record->size(), true, nullptr});
  reserved_.insert(address);
  return address;
}

uint64_t BpfInterpreter::ringbuf_output() {
  auto map = map_argument(regs_[1]);
  if (!map || object_.maps[*map].type != MapType::RingBuffer) {
    fail("output: not a ring buffer");
    return 0;
  }
  if (regs_[4] != 1) fail("output wakes user space up");
  auto record = read_bytes(regs_[2], regs_[3], "output");
  if (!record) return 0;
  if (reserved_count_ >= ring_capacity) return static_cast<uint64_t>(-11);  // EAGAIN
  reserved_count_++;
  records.push_back(std::move(*record));
  return 0;
}

uint64_t BpfInterpreter::ringbuf_submit(bool keep) {
  if (!reserved_.erase(regs_[1])) {
    fail("submit: not a reserved record");
    return 0;
  }
  if (keep && regs_[2] != 1) fail("submit wakes user space up");
  Region& region = regions_[regs_[1] / kRegionSize - 1];
  if (keep) records.emplace_back(region.data, region.data + region.size);
  region.size = 0;  // no longer ours
  return 0;
}

}  // namespace gotap::testing
