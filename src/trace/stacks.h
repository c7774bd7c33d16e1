// Stacks: the addresses that a program gathered, as functions and lines. All is looked up in the
// files the plan was made from, so it works after the traced process has ended. Entry point:
// StackNames::decode().
//
// Facts: StackLayout (base/type.h); a return address belongs to the instruction before it
// (runtime/traceback.go, symPC).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/type.h"
#include "output/value.h"
#include "plan/plan.h"

namespace gotap::trace {

class StackNames {
 public:
  /// `plan` must outlive this.
  explicit StackNames(const plan::Plan& plan) : plan_(plan) {}

  /// The stack of type `type` at `offset`. Unknown if it is none, or if the caller was asked for
  /// and could not be read.
  output::Value decode(const Type& type, Bytes memory, uint64_t offset) const;

 private:
  struct Stack;
  struct Frame {
    std::string function;       ///< safe to print
    std::string line;           ///< "store.go:142"; empty where there is none
    std::string offset;         ///< "+25"; of what is inlined " [inlined]"
    std::string place() const;  ///< the line in parentheses
    std::string text() const;
  };
  struct Entry;
  std::optional<Stack> read(const Type& type, Bytes memory, uint64_t offset) const;
  std::optional<uint64_t> load_bias(const Stack& stack) const;
  bool is_goroutine_end(const Stack& stack, uint64_t address) const;
  std::vector<Frame> first(const Stack& stack) const;
  std::vector<Frame> frames(const Stack& stack, uint64_t address, bool is_return) const;
  std::vector<Entry> entries(const Stack& stack, bool& is_damaged) const;
  std::string created_by(const Stack& stack) const;
  std::vector<Frame> at(const go::Image& image, uint64_t address, bool is_return) const;

  const plan::Plan& plan_;
  /// Addresses of the sites of each function of the plan, found when they are first needed.
  mutable std::map<uint32_t, std::vector<uint64_t>> sites_;
};

}  // namespace gotap::trace
