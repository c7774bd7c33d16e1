// Fields of structs, those of embedded ones among them; see access_walk.h. Fact: the Go
// specification, "Selectors".
#include <set>

#include "base/text.h"
#include "go/access_walk.h"

namespace gotap::go {

namespace {

// A struct of a damaged file may embed without end.
constexpr size_t kMaxStructs = 1000;
constexpr size_t kMaxNames = 12;

}  // namespace

std::vector<FieldPath> find_field(const Types& types, TypeId struct_type, const std::string& name) {
  struct Level {
    TypeId type;
    FieldPath path;
  };
  std::vector<FieldPath> found;
  std::set<TypeId> seen;
  std::vector<Level> level{{struct_type, {}}};
  size_t looked_at = 0;
  while (!level.empty() && found.empty() && name != "_") {
    std::vector<Level> deeper;
    for (const Level& at : level) seen.insert(at.type);
    for (const Level& at : level) {
      if (++looked_at > kMaxStructs) return found;
      for (const TypeField& field : types.at(at.type).fields) {
        FieldPath path = at.path;
        path.push_back(&field);
        if (field.name == name) {
          found.push_back(std::move(path));
          continue;
        }
        if (!field.embedded) continue;
        const GoType& embedded = types.at(field.type);
        const TypeId inner = embedded.kind == TypeKind::Pointer ? embedded.elem : field.type;
        if (types.at(inner).kind == TypeKind::Struct && !seen.count(inner))
          deeper.push_back({inner, std::move(path)});
      }
    }
    level = std::move(deeper);
  }
  return found;
}

std::string field_names(const Types& types, const GoType& type) {
  std::vector<std::string> names;
  size_t left = 0;
  for (const TypeField& field : type.fields) {
    if (field.name == "_" || types.at(field.type).size == 0) continue;
    if (names.size() < kMaxNames)
      names.push_back(field.name);
    else
      left++;
  }
  if (names.empty()) return "it has no fields";
  if (left) names.push_back(std::to_string(left) + " more");
  return (type.fields.size() == 1 ? "its field is " : "its fields are ") + join_words(names);
}

}  // namespace gotap::go
