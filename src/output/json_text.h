// An object or array of JSON, put together part by part.
//
// Entry point: JsonText.
#pragma once

#include <cstdint>
#include <string>

#include "output/json.h"

namespace gotap::output {

class JsonText {
 public:
  /// `open`: '{' or '['.
  explicit JsonText(char open) : text_(1, open) {}
  // Each adds a field of an object; in an array the name is empty.
  JsonText& text(const std::string& name, const std::string& value) {
    append_json_string(begin(name), value);
    return *this;
  }
  /// Nothing if the text is empty.
  JsonText& text_if(const std::string& name, const std::string& value) {
    return value.empty() ? *this : text(name, value);
  }
  JsonText& number(const std::string& name, uint64_t value) {
    begin(name) += std::to_string(value);
    return *this;
  }
  JsonText& truth(const std::string& name, bool value) {
    begin(name) += value ? "true" : "false";
    return *this;
  }
  JsonText& value(const std::string& name, const Value& value) {
    append_json_value(begin(name), value);
    return *this;
  }
  /// An object, an array, or other JSON that is made already.
  JsonText& add(const std::string& name, const JsonText& value) { return add(name, value.done()); }
  JsonText& add(const std::string& name, const std::string& json) {
    begin(name) += json;
    return *this;
  }
  std::string done() const { return text_ + (text_[0] == '{' ? '}' : ']'); }

 private:
  std::string& begin(const std::string& name) {
    if (text_.size() > 1) text_ += ", ";
    if (name.empty()) return text_;
    append_json_string(text_, name);
    return text_ += ": ";
  }

  std::string text_;
};

/// {"type": TYPE, "data": DATA}
inline std::string json_record(const char* type, const JsonText& data) {
  return JsonText('{').text("type", type).add("data", data).done();
}

}  // namespace gotap::output
