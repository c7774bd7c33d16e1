// Entry point: open_ringbuf; then Ring::drain.
//
// Our own consumer rather than libbpf's: libbpf's goes on for as long as the target keeps
// producing, so that a busy target would keep us from timers and signals; and it sets up an
// epoll that nobody here waits on.
//
// Facts: kernel/bpf/ringbuf.c and Documentation/bpf/ringbuf.rst. Layout of the mapping: one
// page with the consumer position (writable), one with the producer position, then the data
// twice in a row, so that a record that wraps around is contiguous. A record is an 8-byte
// header (u32 length with two flag bits, u32 page offset) and the data, padded to 8.
#include "bpf/ringbuf.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace gotap::bpf {

namespace {

constexpr uint32_t kBusy = 1u << 31, kDiscard = 1u << 30, kHeader = 8;

class MappedRing : public Ring {
 public:
  MappedRing(uint8_t* consumer, uint8_t* producer, uint64_t size, uint64_t page)
      : consumer_(consumer), producer_(producer), size_(size), page_(page) {}
  ~MappedRing() override {
    ::munmap(consumer_, page_);
    ::munmap(producer_, page_ + 2 * size_);
  }

  Result<uint64_t> drain(const std::function<void(Bytes)>& handle) override {
    auto& consumer_pos = *reinterpret_cast<uint64_t*>(consumer_);
    auto& producer_pos = *reinterpret_cast<uint64_t*>(producer_);
    std::atomic_ref<uint64_t> consumer_ref(consumer_pos);
    // Only up to what is there now: the target may produce faster than we print.
    const uint64_t end = std::atomic_ref<uint64_t>(producer_pos).load(std::memory_order_acquire);
    uint64_t at = consumer_ref.load(std::memory_order_relaxed);
    uint64_t records = 0;
    while (at < end) {
      uint8_t* header = producer_ + page_ + (at & (size_ - 1));
      auto& length_word = *reinterpret_cast<uint32_t*>(header);
      uint32_t word = std::atomic_ref<uint32_t>(length_word).load(std::memory_order_acquire);
      // Reserved and not yet submitted: its program runs at this moment, or was preempted.
      // Records keep their order, so those behind it wait for the next drain.
      if (word & kBusy) break;
      const uint64_t length = word & ~(kBusy | kDiscard);
      if (length > size_ - kHeader)
        return Error{"internal error: a ring buffer record larger than the ring", ""};
      if (!(word & kDiscard)) {
        handle(Bytes(header + kHeader, length));
        records++;
      }
      at += (length + kHeader + 7) / 8 * 8;
      consumer_ref.store(at, std::memory_order_release);
    }
    return records;
  }

 private:
  uint8_t* consumer_;
  uint8_t* producer_;
  uint64_t size_, page_;
};

}  // namespace

Result<std::unique_ptr<Ring>> open_ringbuf(int map_fd, uint32_t size) {
  const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  auto fail = [] {
    return Error{std::string("cannot map the ring buffer: ") + std::strerror(errno), ""};
  };
  void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return fail();
  void* producer =
      ::mmap(nullptr, page + 2ull * size, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    Error error = fail();
    ::munmap(consumer, page);
    return error;
  }
  return std::unique_ptr<Ring>(std::make_unique<MappedRing>(
      static_cast<uint8_t*>(consumer), static_cast<uint8_t*>(producer), size, page));
}

}  // namespace gotap::bpf
