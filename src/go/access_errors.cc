// Texts of errors by the error's type; see access_walk.h. Each row of the table is what the type's
// Error() does: errors/errors.go, errors/join.go, fmt/errors.go, io/fs/fs.go, os/error.go,
// syscall/syscall_unix.go, and github.com/pkg/errors. Where the fields are is asked of the types.
#include <array>
#include <utility>

#include "go/access_walk.h"

namespace gotap::go {

namespace {

using FormKind = ErrorForm::Kind;

struct ErrorRow {
  std::string_view type;  ///< full name
  FormKind kind;
  // Names of fields; empty: there is none. Text: the text; Join: the errors.
  std::string_view first, second, next;
};

constexpr std::array<ErrorRow, 13> kErrorRows{{
    {"*errors.errorString", FormKind::Text, "s", "", ""},
    {"*fmt.wrapError", FormKind::Text, "msg", "", ""},
    {"*fmt.wrapErrors", FormKind::Text, "msg", "", ""},  // from 1.20 on
    {"*errors.joinError", FormKind::Join, "errs", "", ""},
    {"syscall.Errno", FormKind::Number, "", "", ""},
    {"*io/fs.PathError", FormKind::Path, "Op", "Path", "Err"},
    {"*os.PathError", FormKind::Path, "Op", "Path", "Err"},  // up to 1.15
    {"*os.SyscallError", FormKind::Path, "", "Syscall", "Err"},
    {"*encoding/json.SyntaxError", FormKind::Text, "msg", "", ""},
    {"*github.com/pkg/errors.fundamental", FormKind::Text, "msg", "", ""},
    {"*github.com/pkg/errors.withMessage", FormKind::Path, "", "msg", "cause"},
    {"*github.com/pkg/errors.withStack", FormKind::Path, "", "", "error"},
    {"*net/http.ProtocolError", FormKind::Text, "ErrorString", "", ""},
}};

// What Error() says whatever the value is: context/context.go, internal/poll/fd.go.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kConstant{{
    {"context.deadlineExceededError", "context deadline exceeded"},
    {"*internal/poll.DeadlineExceededError", "i/o timeout"},
    {"internal/poll.errNetClosing", "use of closed network connection"},
}};

// The one field called `name`, of this kind, in memory that the data word points to.
std::optional<uint32_t> offset_of(const Types& types, TypeId id, const std::string& name,
                                  TypeKind kind) {
  const std::vector<FieldPath> found = find_field(types, id, name);
  if (found.size() != 1) return std::nullopt;
  uint64_t offset = 0;
  TypeId at = id;
  for (const TypeField* field : found.front()) {
    if (types.at(at).kind == TypeKind::Pointer) return std::nullopt;
    offset += field->offset;
    at = field->type;
  }
  if (types.at(at).kind != kind || offset >= ErrorForm::kNone) return std::nullopt;
  return static_cast<uint32_t>(offset);
}

class ErrorForms {
 public:
  explicit ErrorForms(const TypeInfo& info) : info_(info), types_(info.types()) {}
  void add(const ErrorRow& row);
  /// "*main.E.Msg", or "main.E", a string itself.
  /// False: the program has no such thing.
  bool add_text(const std::string& text);
  std::vector<ErrorForm> take() { return std::move(forms_); }

 private:
  /// What the data word of an interface with an `id` points to; nothing: the word is the value.
  std::optional<TypeId> behind(TypeId id) const;
  bool add_text(std::string_view type, const std::string& field);

  const TypeInfo& info_;
  const Types& types_;
  std::vector<ErrorForm> forms_;
};

std::optional<TypeId> ErrorForms::behind(TypeId id) const {
  if (types_.at(id).kind == TypeKind::Pointer) return types_.at(id).elem;
  if (is_direct(types_, id, info_.minor())) return std::nullopt;
  return id;
}

void ErrorForms::add(const ErrorRow& row) {
  for (TypeId id : info_.find_types(row.type)) {
    if (types_.at(id).name != row.type) continue;
    const auto target = behind(id);
    ErrorForm form;
    form.type_address = info_.runtime_address(id);
    form.kind = row.kind;
    if (form.type_address == 0 || !target) continue;
    const auto find = [&](std::string_view name, TypeKind kind, uint32_t& offset) {
      if (name.empty()) {
        offset = ErrorForm::kNone;
        return true;
      }
      const auto at = offset_of(types_, *target, std::string(name), kind);
      offset = at.value_or(0);
      return at.has_value();
    };
    bool good = true;
    switch (row.kind) {
      case FormKind::Text: good = find(row.first, TypeKind::String, form.offset); break;
      case FormKind::Join: good = find(row.first, TypeKind::Slice, form.offset); break;
      case FormKind::Number: form.size = static_cast<uint32_t>(types_.at(*target).size); break;
      case FormKind::Path:
        good = find(row.first, TypeKind::String, form.offset) &&
               find(row.second, TypeKind::String, form.second) &&
               find(row.next, TypeKind::Interface, form.next);
        break;
    }
    if (!good) continue;
    forms_.push_back(form);
    return;
  }
}

// False: there is no such type, or it has no such string.
bool ErrorForms::add_text(std::string_view type, const std::string& field) {
  bool added = false;
  for (TypeId id : info_.find_types(type)) {
    const auto target = behind(id);
    ErrorForm form;
    form.type_address = info_.runtime_address(id);
    if (form.type_address == 0 || !target) continue;
    if (!field.empty()) {
      const auto at = offset_of(types_, *target, field, TypeKind::String);
      if (!at) continue;
      form.offset = *at;
    } else if (types_.at(*target).kind != TypeKind::String) {
      continue;
    }
    // The user's word counts more than the table's.
    std::erase_if(forms_,
                  [&](const ErrorForm& known) { return known.type_address == form.type_address; });
    forms_.push_back(form);
    added = true;
  }
  return added;
}

bool ErrorForms::add_text(const std::string& text) {
  if (add_text(text, "")) return true;
  const size_t dot = text.rfind('.');
  return dot != std::string::npos && add_text(text.substr(0, dot), text.substr(dot + 1));
}

}  // namespace

std::vector<ErrorForm> error_forms(const TypeInfo& info, const std::vector<std::string>& texts) {
  ErrorForms forms(info);
  for (const ErrorRow& row : kErrorRows) forms.add(row);
  for (const std::string& text : texts) forms.add_text(text);
  return forms.take();
}

bool knows_error_text(const TypeInfo& info, const std::string& text) {
  return ErrorForms(info).add_text(text);
}

std::string_view constant_error_text(std::string_view type_name) {
  for (const auto& [type, text] : kConstant)
    if (type == type_name) return text;
  return {};
}

}  // namespace gotap::go
