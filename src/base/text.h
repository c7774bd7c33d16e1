// Small text helpers shared by all rooms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gotap {

/// Whether `text` matches `pattern`, where `*` stands for any run of characters. As Go names
/// are full of them, `(*` is literal, and so are `[` and `?`.
bool glob_match(std::string_view pattern, std::string_view text);

/// Whether `pattern` has a `*` that glob_match takes as a wildcard.
bool has_wildcard(std::string_view pattern);

/// At most `limit` of `candidates` nearest to `name`, best first: those that contain it or
/// share its last component, then by edit distance. Never farther than half of `name`.
std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string_view>& candidates,
                                       size_t limit);

/// Edit distance of two words, counting a swap of neighbours as one; at most `limit` + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

/// `text` with blanks before it up to `width` bytes.
std::string right_aligned(const std::string& text, size_t width);

/// `text` with control bytes and invalid UTF-8 as \n, \t, \xNN: safe on a terminal.
std::string escape_controls(std::string_view text);

/// The length of the valid UTF-8 sequence at text[i], or 0.
size_t utf8_length(std::string_view text, size_t i);

/// "a, b and c".
std::string join_words(const std::vector<std::string>& words, std::string_view last = "and");

/// "1 probe", "2 probes".
std::string count_of(size_t n, const std::string& one);

/// `text` from column `indent` on, broken at blanks into lines of at most `width` columns (a longer
/// word stays whole), ending in a newline. The first line is not indented.
std::string wrapped(std::string_view text, size_t indent, size_t width);

/// `text` with the capital letters of ASCII as small ones.
std::string to_lower(std::string_view text);

/// 0x-prefixed hexadecimal.
std::string hex(uint64_t value);

}  // namespace gotap
