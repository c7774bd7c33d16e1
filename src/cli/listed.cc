#include "cli/listed.h"

#include <utility>

#include "base/text.h"
#include "go/type_info.h"
#include "output/json.h"
#include "plan/plan.h"

namespace gotap::cli {

namespace {

void add_signature(const go::TypeInfo& info, uint32_t index, Listed& row) {
  const auto signature = info.signature(index);
  if (!signature)
    row.unknown = signature.error().message;
  else if (signature->named_only)
    row.unknown =
        "only its named parameters are known: " + go::to_string(info.types(), *signature, "");
  else
    row.signature = go::to_string(info.types(), *signature, row.name);
}

}  // namespace

Listed listed(const go::Image& image, const go::InlinedFunction& function) {
  Listed row;
  row.name = function.name;
  row.inlined = function.calls;
  const go::TypeInfo& info = image.type_info();
  add_signature(info, info.inlined_function(function.name), row);
  return row;
}

Listed listed(const go::Image& image, uint32_t index) {
  const go::Function& function = image.functions()[index];
  Listed row;
  row.name = function.name;
  row.address = function.entry;
  if (function.is_go) add_signature(image.type_info(), index, row);
  const go::FunctionSites sites = image.sites(index);
  if (!sites.entry) row.no_uprobe = sites.entry_refused;
  row.no_uretprobe = plan::unseen_returns(sites);
  return row;
}

std::string record_fields(const Listed& row) {
  std::string fields = "\"name\": ";
  output::append_json_string(fields, row.name);
  if (row.address) fields += ", \"address\": \"" + hex(row.address) + "\"";
  if (row.inlined) fields += ", \"copies\": " + std::to_string(row.inlined);
  const std::pair<const char*, const std::string&> rest[] = {{"signature", row.signature},
                                                             {"signature_unknown", row.unknown},
                                                             {"no_uprobe", row.no_uprobe},
                                                             {"no_uretprobe", row.no_uretprobe}};
  for (const auto& [key, value] : rest) {
    if (value.empty()) continue;
    fields += std::string(", \"") + key + "\": ";
    output::append_json_string(fields, value);
  }
  return fields;
}

}  // namespace gotap::cli
