#include "cli/user_text.h"

#include <algorithm>
#include <string_view>

#include "cli/compile.h"
#include "cli/report.h"
#include "lang/check.h"
#include "lang/parser.h"

namespace gotap::cli {

void UserExpression::insert(size_t at, const std::string& what) {
  text_.insert(at, what);
  for (auto& [place, size] : inserted_)
    if (place >= at) place += what.size();
  inserted_.emplace_back(at, what.size());
}

// Where what is at `at` was in the user's text.
size_t UserExpression::original(size_t at) const {
  size_t less = 0;
  for (const auto& [place, size] : inserted_)
    if (place < at) less += std::min(size, at - place);
  return at - less;
}

// Warnings are left to the script's run.
bool UserExpression::say(std::vector<lang::Diagnostic> diagnostics) const {
  std::erase_if(diagnostics, [](const lang::Diagnostic& it) {
    return it.severity == lang::Diagnostic::Severity::Warning;
  });
  const lang::LineMap map(written_.source.text);
  for (lang::Diagnostic& it : diagnostics) {
    const auto place = [&](size_t at) {
      const size_t inside = std::min(at - std::min(at, prefix()), text_.size());
      return written_.begin + std::min(original(inside), written_.end - written_.begin);
    };
    // What the script has behind the expression the user has not written.
    constexpr std::string_view kUnexpected = "unexpected '";
    const size_t token = it.message.find(kUnexpected);
    if (it.location.begin >= prefix() + text_.size() && token != std::string::npos)
      if (const size_t end = it.message.find("',", token); end != std::string::npos)
        it.message.replace(token, end + 1 - token, "unexpected end");
    const size_t begin = place(it.location.begin);
    it.location = map.at(begin, std::max(place(it.location.end), begin + 1));
  }
  return report(diagnostics, written_.source);
}

void UserExpression::refuse(const std::string& message, const std::string& hint) const {
  lang::Location all;
  all.begin = static_cast<uint32_t>(prefix());
  all.end = static_cast<uint32_t>(prefix() + text_.size());
  say({error_at(all, message, hint)});
}

std::optional<lang::ast::Script> UserExpression::parse() const {
  lang::Parsed parsed = lang::parse({"", before_ + text_ + behind_});
  if (say(parsed.diagnostics)) return std::nullopt;
  return std::move(parsed.script);
}

std::optional<lang::TypedProgram> UserExpression::check(const lang::ast::Script& script) const {
  const std::vector<plan::Target> targets{{traced_.path, traced_.image}};
  lang::Checked checked =
      lang::check(script, [&](const lang::ProbeSpec& probe) { return facts_of(probe, targets); });
  if (say(checked.diagnostics)) return std::nullopt;
  return std::move(checked.program);
}

bool check_user_expression(const Traced& traced, const std::string& option,
                           const std::string& value, const std::string& before,
                           const std::string& behind) {
  const UserExpression expression(traced, {{option, value}, 0, value.size()}, before, behind);
  const auto script = expression.parse();
  return script && expression.check(*script);
}

}  // namespace gotap::cli
