// Go values in scripts; see checker.h.
#include "lang/checker.h"

namespace gotap::lang {

Typed Checker::go_value(const ast::Expr& e) {
  return error(e.location, "parts of Go values are not supported");
}

}  // namespace gotap::lang
