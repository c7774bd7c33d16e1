// Entry points: FrameSweeper::sweep, count.
// Facts: FrameKey, FrameValue, TopKey, TopValue in bpf/object.h; DESIGN rule 7.
#include "trace/frames.h"

#include <cstring>
#include <set>

namespace gotap::trace {

namespace {

using Buffer = std::vector<uint8_t>;

// FrameKey as bytes, for sets and for the kernel. It has no padding.
static_assert(sizeof(bpf::FrameKey) == 24);
Buffer key_bytes(const bpf::FrameKey& key) {
  Buffer bytes(sizeof key);
  std::memcpy(bytes.data(), &key, sizeof key);
  return bytes;
}

template <class T>
std::optional<T> as(const Buffer& buffer) {
  return Bytes(buffer.data(), buffer.size()).read<T>(0);
}

}  // namespace

struct FrameSweeper::View {
  std::map<Buffer, bpf::FrameValue> frames;
  std::set<Buffer> reached;
};

Result<FrameSweeper::View> FrameSweeper::look() const {
  using bpf::BpfObject;
  View view;
  // Not one moment: while programs run, a chain may seem broken here that is whole. What
  // this finds unreached is only suspected, and looked at again frame by frame.
  TRY(frame_keys, maps_.keys(BpfObject::kFrames));
  for (const Buffer& key : frame_keys) {
    TRY(value, maps_.value(BpfObject::kFrames, key));
    if (!value) continue;
    if (auto frame = as<bpf::FrameValue>(*value)) view.frames.emplace(key, *frame);
  }
  TRY(top_keys, maps_.keys(BpfObject::kTops));
  for (const Buffer& top_key : top_keys) {
    TRY(value, maps_.value(BpfObject::kTops, top_key));
    if (!value) continue;
    auto goroutine = as<bpf::TopKey>(top_key);
    auto top = as<bpf::TopValue>(*value);
    if (!goroutine || !top) continue;
    uint32_t k = top->k, function = top->function;
    while (function != bpf::kNoFunction) {
      Buffer key = key_bytes({goroutine->process, goroutine->goroutine, function, k});
      auto frame = view.frames.find(key);
      // The second condition ends a chain that bites its tail.
      if (frame == view.frames.end() || !view.reached.insert(key).second) break;
      k = frame->second.parent_k;
      function = frame->second.parent_function;
    }
  }
  return view;
}

// Walks the goroutine's chain as it is at this moment. A frame that is open all the while is
// below every frame of the chain that is deeper, so the walk comes to it whatever else the
// goroutine does meanwhile; a link that is missing means only that it did something.
Result<bool> FrameSweeper::is_dead(const Buffer& key, uint64_t start_ns, size_t limit) const {
  auto frame_key = as<bpf::FrameKey>(key);
  if (!frame_key) return false;
  const bpf::TopKey goroutine{frame_key->process, frame_key->goroutine};
  Buffer top_key(sizeof goroutine);
  std::memcpy(top_key.data(), &goroutine, sizeof goroutine);
  TRY(top_value, maps_.value(bpf::BpfObject::kTops, top_key));
  if (top_value) {
    auto top = as<bpf::TopValue>(*top_value);
    if (!top) return false;
    Buffer at = key_bytes({goroutine.process, goroutine.goroutine, top->function, top->k});
    for (size_t depth = 0;; depth++) {
      if (at == key || depth == limit) return false;  // a chain that long bites its tail
      TRY(value, maps_.value(bpf::BpfObject::kFrames, at));
      auto frame = value ? as<bpf::FrameValue>(*value) : std::nullopt;
      if (!frame) return false;
      if (frame->parent_function == bpf::kNoFunction) break;
      at = key_bytes(
          {goroutine.process, goroutine.goroutine, frame->parent_function, frame->parent_k});
    }
  }
  // Still the same call? The goroutine may have come by here again just now.
  TRY(value, maps_.value(bpf::BpfObject::kFrames, key));
  auto now = value ? as<bpf::FrameValue>(*value) : std::nullopt;
  return now && now->start_ns == start_ns;
}

Result<FrameCensus> FrameSweeper::sweep() {
  TRY(view, look());
  FrameCensus census;
  census.in_flight = view.reached.size();
  std::map<Buffer, uint64_t> suspects;
  for (const auto& [key, frame] : view.frames) {
    if (view.reached.contains(key)) continue;
    auto before = suspects_.find(key);
    if (before == suspects_.end() || before->second != frame.start_ns) {
      suspects.emplace(key, frame.start_ns);
      continue;
    }
    TRY(dead, is_dead(key, frame.start_ns, 2 * view.frames.size() + 64));
    if (!dead) continue;
    TRY(deleted, kernel_.map_delete(fds_[bpf::BpfObject::kFrames], key.data()));
    if (deleted) census.unwound++;
    if (keeps_values()) {
      // Its program is long gone: whoever finds nothing here has had it deleted already.
      TRY(kept, kernel_.map_delete(fds_[bpf::BpfObject::kSaved], key.data()));
      (void)kept;
    }
  }
  suspects_ = std::move(suspects);
  TRY_DO(sweep_saved(view));
  return census;
}

bool FrameSweeper::keeps_values() const {
  constexpr uint32_t kSaved = bpf::BpfObject::kSaved;
  return kSaved < fds_.size() && fds_[kSaved] >= 0;
}

// A program keeps values after it has pushed the frame and deletes them after it has popped it,
// so between the two a look may find them alone.
Result<void> FrameSweeper::sweep_saved(const View& view) {
  using bpf::BpfObject;
  if (!keeps_values()) return {};
  std::map<Buffer, uint64_t> suspects;
  TRY(keys, maps_.keys(BpfObject::kSaved));
  for (const Buffer& key : keys) {
    if (view.frames.contains(key)) continue;
    TRY(value, maps_.value(BpfObject::kSaved, key));
    auto start_ns = value ? as<uint64_t>(*value) : std::nullopt;
    if (!start_ns) continue;
    auto before = saved_suspects_.find(key);
    if (before == saved_suspects_.end() || before->second != *start_ns) {
      suspects.emplace(key, *start_ns);
      continue;
    }
    TRY(frame, maps_.value(BpfObject::kFrames, key));
    if (frame) continue;
    TRY(deleted, kernel_.map_delete(fds_[BpfObject::kSaved], key.data()));
    (void)deleted;
  }
  saved_suspects_ = std::move(suspects);
  return {};
}

Result<FrameCensus> FrameSweeper::count() {
  TRY(view, look());
  FrameCensus census{view.reached.size(), view.frames.size() - view.reached.size(), {}};
  for (const Buffer& key : view.reached)
    if (const auto frame = as<bpf::FrameKey>(key)) census.in_flight_of[frame->function]++;
  return census;
}

}  // namespace gotap::trace
