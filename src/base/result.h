// Result<T>: a value or an Error, and TRY to pass errors up.
//
// No exceptions cross rooms. A function that can fail for a reason the user must hear
// returns Result<T>; only cli/ prints the message and chooses the exit code.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace gotap {

/// What went wrong, in the user's words: never a raw errno or a verifier log.
struct Error {
  std::string message;  ///< one sentence, no trailing newline
  std::string hint;     ///< what to do next; may be empty
};

/// A T, or the Error that prevented it. Ignoring one is a compiler warning.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or the Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

#define GOTAP_CONCAT_(a, b) a##b
#define GOTAP_CONCAT(a, b) GOTAP_CONCAT_(a, b)

/// TRY(name, expr): declares `name` as the value of `expr`, or returns its Error.
#define TRY(name, ...)                                                                          \
  auto GOTAP_CONCAT(name, _result) = (__VA_ARGS__);                                             \
  if (!GOTAP_CONCAT(name, _result).ok()) return std::move(GOTAP_CONCAT(name, _result).error()); \
  auto name = std::move(GOTAP_CONCAT(name, _result)).value()

/// TRY_DO(expr): runs a Result<void>, or returns its Error.
#define TRY_DO(...)                                               \
  do {                                                            \
    auto try_result_ = (__VA_ARGS__);                             \
    if (!try_result_.ok()) return std::move(try_result_.error()); \
  } while (0)

}  // namespace gotap
