#include "cli/listed.h"

#include "base/text.h"
#include "go/type_info.h"
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

void add_fields(output::JsonText& record, const Listed& row) {
  record.text("name", row.name);
  if (row.address) record.text("address", hex(row.address));
  if (row.inlined) record.number("copies", row.inlined);
  record.text_if("signature", row.signature).text_if("signature_unknown", row.unknown);
  record.text_if("no_uprobe", row.no_uprobe).text_if("no_uretprobe", row.no_uretprobe);
}

}  // namespace gotap::cli
