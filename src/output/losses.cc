// Entry points: loss_sentences, loss_counts.
#include "output/losses.h"

namespace gotap::output {

namespace {

struct Row {
  uint64_t Losses::*counter;
  const char* name;
  const char *one, *many;  // what follows the number
};

constexpr Row kRows[] = {
    {&Losses::ring_full, "lost_events", "event was lost: the ring buffer was full",
     "events were lost: the ring buffer was full"},
    {&Losses::scratch_busy, "lost_hits", "hit was lost: all scratch memory of its CPU was in use",
     "hits were lost: all scratch memory of their CPU was in use"},
    {&Losses::unknown_site, "unknown_site",
     "hit was lost: the kernel did not tell which probe it was",
     "hits were lost: the kernel did not tell which probe it was"},
    {&Losses::no_goroutine, "no_goroutine", "hit was skipped: its goroutine could not be read",
     "hits were skipped: their goroutine could not be read"},
    {&Losses::frames_full, "not_timed", "call was not timed: too many calls were in flight",
     "calls were not timed: too many calls were in flight"},
    {&Losses::saved_full, "not_kept",
     "call's arguments were not kept: too many calls were in flight",
     "calls' arguments were not kept: too many calls were in flight"},
    {&Losses::frames_missing, "no_duration",
     "return has no duration: its call was not seen to begin",
     "returns have no duration: their calls were not seen to begin"},
    {&Losses::undecided, "undecided",
     "statement or predicate was skipped (undecided): a value in it is unknown",
     "statements or predicates were skipped (undecided): a value in them is unknown"},
    {&Losses::contended, "contended", "min() or max() update was given up after repeated races",
     "min() or max() updates were given up after repeated races"},
    {&Losses::loops_cut, "loops_cut",
     "loop was ended early: a program may make only so many rounds",
     "loops were ended early: a program may make only so many rounds"},
    {&Losses::unwound, "never_returned",
     "call never returned: a panic, runtime.Goexit or a switch of stacks ended it",
     "calls never returned: a panic, runtime.Goexit or a switch of stacks ended them"},
    {&Losses::in_flight, "in_flight", "call had not returned when tracing ended",
     "calls had not returned when tracing ended"},
    {&Losses::unwind_cut, "deep_unwinds",
     "time more than 512 nested calls were ended at once: some may be among those that had not "
     "returned",
     "times more than 512 nested calls were ended at once: some may be among those that had not "
     "returned"},
};

}  // namespace

std::vector<std::string> loss_sentences(const Losses& losses) {
  std::vector<std::string> sentences;
  for (const Row& row : kRows) {
    uint64_t count = losses.*row.counter;
    if (count == 0) continue;
    std::string sentence = std::to_string(count) + " " + (count == 1 ? row.one : row.many);
    if (row.counter == &Losses::unwound && losses.kernel_returns)
      sentence +=
          "; of C functions also longjmp, or more than 64 deep, which is as far as the kernel "
          "follows";
    sentences.push_back(sentence);
  }
  for (const auto& [map, lost] : losses.map_full) {
    if (lost == 0) continue;
    sentences.push_back(map + " is full: " + std::to_string(lost) +
                        (lost == 1 ? " update was lost" : " updates were lost") +
                        "; BPFTRACE_MAX_MAP_KEYS sets how many keys a map may have");
  }
  return sentences;
}

std::vector<std::pair<std::string, uint64_t>> loss_counts(const Losses& losses) {
  std::vector<std::pair<std::string, uint64_t>> counts;
  for (const Row& row : kRows)
    if (uint64_t count = losses.*row.counter) counts.emplace_back(row.name, count);
  return counts;
}

}  // namespace gotap::output
