// Prints paths and accesses; see access.h.
#include "arch/registers.h"
#include "base/text.h"
#include "go/access.h"

namespace gotap::go {

namespace {

std::string number(const std::optional<uint64_t>& value, const char* otherwise) {
  return value ? std::to_string(*value) : otherwise;
}

// "+16", "-8", "".
std::string offset_text(int64_t offset) {
  if (offset == 0) return {};
  return offset < 0 ? std::to_string(offset) : "+" + std::to_string(offset);
}

// Where, then how many bytes; `s`: signed.
std::string to_string(const Word& word) {
  const std::string width = ":" + std::to_string(word.size) + (word.is_signed ? "s" : "");
  switch (word.in) {
    case Word::In::Register: return "r" + std::to_string(word.offset) + width;
    case Word::In::AnyRegister:
      return std::string(arch::register_name(static_cast<uint16_t>(word.offset))) + width;
    case Word::In::Stack: return "[sp" + offset_text(word.offset) + "]" + width;
    case Word::In::Context: return "ctx";
    case Word::In::Base: return "[base" + offset_text(word.offset) + "]" + width;
    case Word::In::Address: return "base" + offset_text(word.offset);
    case Word::In::Constant: return std::to_string(word.offset);
  }
  return "?";
}

std::string to_string(const AccessStep& step) {
  switch (step.kind) {
    case AccessStep::Kind::Pointer:
      return "base=" + to_string(step.first) + (step.nil_is_zero ? " or 0" : "");
    case AccessStep::Kind::StackBase: return "base=sp" + offset_text(step.number);
    case AccessStep::Kind::Global: return "base=global " + hex(static_cast<uint64_t>(step.number));
    case AccessStep::Kind::Add: return "base+=" + std::to_string(step.number);
    case AccessStep::Kind::Index:
      return std::string("base") + (step.in_place ? "+=" : "=" + to_string(step.first) + "+") +
             number(step.index, "?") + "*" + std::to_string(step.number) + " of " +
             to_string(step.second);
    case AccessStep::Kind::Assert:
      return std::string(step.has_methods ? "itab " : "type ") + to_string(step.first) + " is " +
             hex(static_cast<uint64_t>(step.number));
  }
  return "?";
}

std::string to_string(const ErrorForm& form) {
  const std::string type = hex(form.type_address) + " ";
  auto at = [](uint32_t offset) {
    return offset == ErrorForm::kNone ? "-" : "@" + std::to_string(offset);
  };
  switch (form.kind) {
    case ErrorForm::Kind::Text: return type + "text " + at(form.offset);
    case ErrorForm::Kind::Number: return type + "number:" + std::to_string(form.size);
    case ErrorForm::Kind::Path:
      return type + "path " + at(form.offset) + " " + at(form.second) + " " + at(form.next);
    case ErrorForm::Kind::Join: return type + "join " + at(form.offset);
  }
  return "?";
}

std::string to_string(const ContextForms& forms) {
  std::string out = "key " + hex(forms.key_type);
  for (const ContextForms::Link& link : forms.links) {
    out += "; " + hex(link.type_address) + " parent @" + std::to_string(link.parent);
    if (link.is_value)
      out += " key @" + std::to_string(link.key) + " value @" + std::to_string(link.value);
  }
  for (const ContextForms::Span& span : forms.spans)
    out += "; " + hex(span.type_address) + " trace @" + std::to_string(span.trace_id) + " span @" +
           std::to_string(span.span_id);
  for (uint64_t end : forms.ends) out += "; " + hex(end) + " end";
  return out;
}

}  // namespace

std::string Path::text() const {
  std::string out;
  switch (root.kind) {
    case PathRoot::Kind::Parameter: out = "args"; break;
    case PathRoot::Kind::Result: out = "retval"; break;
    case PathRoot::Kind::Captured: out = "captured"; break;
    case PathRoot::Kind::Local: out = "local"; break;
    case PathRoot::Kind::Global: out = "global(\"" + root.name + "\")"; break;
    case PathRoot::Kind::Context: out = "context"; break;
  }
  if (root.number)
    out += "." + std::to_string(*root.number);
  else if (!root.name.empty() && root.kind != PathRoot::Kind::Global)
    out += "." + root.name;
  for (const PathStep& step : steps) {
    switch (step.kind) {
      case PathStep::Kind::Field: out += "." + step.name; break;
      case PathStep::Kind::Index: out += "[" + number(step.index, "?") + "]"; break;
      case PathStep::Kind::Slice:
        out += "[" + number(step.low, "") + ":" + number(step.high, "") + "]";
        break;
      case PathStep::Kind::Assert: out += ".(" + step.name + ")"; break;
      case PathStep::Kind::Deref: out = "(*" + out + ")"; break;
    }
  }
  return out;
}

namespace {

std::string to_string(const Whole& whole) {
  std::string out = " whole " + whole.name;
  if (!whole.unknown.empty()) return out + " unknown: " + whole.unknown;
  if (whole.in != Word::In::Constant)
    out += " " + to_string(Word{Word::In::Address, 8, false, whole.offset}) +
           (whole.in == Word::In::Stack ? " on the stack" : "");
  for (const Whole::Part& part : whole.parts)
    out += " " + std::to_string(part.at) + "=" + to_string(part.word);
  for (const Whole::Missing& missing : whole.missing)
    out += " " + std::to_string(missing.at) + " " + missing.reason;
  return out + ";";
}

}  // namespace

std::string dump(const Access& access) {
  if (!access.unknown.empty()) return "unknown: " + access.unknown;
  std::string out;
  for (const AccessStep& step : access.steps) out += to_string(step) + "; ";
  out += "words";
  for (const Word& word : access.words) out += " " + to_string(word);
  for (const Whole& whole : access.wholes) out += to_string(whole);
  if (access.low || access.high)
    out += " part " + number(access.low, "") + ":" + number(access.high, "");
  for (const ErrorForm& form : access.errors) out += "; error " + to_string(form);
  if (access.contexts != ContextForms{}) out += "; context " + to_string(access.contexts);
  if (access.needs_bias) out += "; bias";
  return out;
}

}  // namespace gotap::go
