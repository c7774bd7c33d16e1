#include "base/text.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace gotap {

namespace {

// A `*` right after `(` belongs to a Go receiver: (*T).M.
bool is_star(std::string_view pattern, size_t i) {
  return pattern[i] == '*' && !(i > 0 && pattern[i - 1] == '(');
}

std::string_view last_component(std::string_view name) {
  size_t dot = name.find_last_of("./");
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

// The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
size_t utf8_length(std::string_view text, size_t i) {
  auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char lead = byte(i);
  size_t length = lead < 0x80                   ? 1
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; k++)
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && byte(i + 1) < 0xa0) return 0;
  if (lead == 0xed && byte(i + 1) >= 0xa0) return 0;
  if (lead == 0xf0 && byte(i + 1) < 0x90) return 0;
  if (lead == 0xf4 && byte(i + 1) >= 0x90) return 0;
  return length;
}

bool has_wildcard(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); i++)
    if (is_star(pattern, i)) return true;
  return false;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  // Greedy with one backtrack point: on a mismatch the last star takes one more character.
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && is_star(pattern, p)) {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && is_star(pattern, p)) p++;
  return p == pattern.size();
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > limit) return limit + 1;
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    next[0] = i;
    size_t best = i;
    for (size_t j = 1; j <= b.size(); j++) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
      best = std::min(best, next[j]);
    }
    if (best > limit) return limit + 1;
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string_view>& candidates,
                                       size_t limit) {
  size_t worst = std::max<size_t>(name.size() / 2, 1);
  std::string_view tail = last_component(name);
  std::vector<std::pair<size_t, std::string_view>> ranked;
  for (std::string_view candidate : candidates) {
    if (candidate.empty()) continue;
    size_t distance = edit_distance(name, candidate, worst);
    // What holds the whole word, or ends in the same method name, is likelier meant than
    // what merely has similar letters.
    if (!name.empty() && candidate.find(name) != std::string_view::npos)
      distance = std::min<size_t>(distance, 1);
    else if (tail.size() > 2 && last_component(candidate) == tail)
      distance = std::min<size_t>(distance, 2);
    if (distance <= worst) ranked.emplace_back(distance, candidate);
  }
  std::sort(ranked.begin(), ranked.end(), [](const auto& x, const auto& y) {
    if (x.first != y.first) return x.first < y.first;
    if (x.second.size() != y.second.size()) return x.second.size() < y.second.size();
    return x.second < y.second;
  });
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : ranked) {
    if (names.size() == limit) break;
    if (names.empty() || names.back() != candidate) names.emplace_back(candidate);
  }
  return names;
}

std::string right_aligned(const std::string& text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    size_t length = utf8_length(text, i);
    // U+0080..U+009F are control characters too: terminals act on them.
    if (length == 2 && c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) length = 0;
    if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
      i++;
    } else if (length == 0 || c < 0x20 || c == 0x7f) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\x%02x", c);
      out += buffer;
      i++;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
  return out;
}

std::string join_words(const std::vector<std::string>& words, std::string_view last) {
  std::string out;
  for (size_t i = 0; i < words.size(); i++) {
    if (i > 0) {
      bool final_word = i + 1 == words.size();
      out += final_word ? " " + std::string(last) + " " : std::string(", ");
    }
    out += words[i];
  }
  return out;
}

std::string count_of(size_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

std::string wrapped(std::string_view text, size_t indent, size_t width) {
  std::string out;
  size_t column = indent;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const size_t length = end - at;
    if (column > indent && column + 1 + length > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += " ";
      column++;
    }
    out += text.substr(at, length);
    column += length;
    at = end + 1;
  }
  return out + "\n";
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string hex(uint64_t value) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(value));
  return buffer;
}

}  // namespace gotap
