// Maps and variables: what they hold is found out from all their uses; see checker.h.
#include <algorithm>

#include "base/text.h"
#include "lang/checker.h"

namespace gotap::lang {

namespace {

// hist(n, bits) and lhist() print one row a bucket; more is no histogram.
constexpr int64_t kMaxLhistBuckets = 1000;

}  // namespace

/// Widens `slot` to hold `typed` too. False: they do not go together.
bool Checker::merge(Slot& slot, const Typed& typed) {
  Type type = typed.expr.type;
  // A narrow unsigned number is a small positive one: like a literal, it goes with either sign.
  bool soft = typed.soft || (type.kind == Type::Kind::Int && type.size < 8 && !type.is_signed);
  if (type.kind == Type::Kind::Int) type.size = 8;
  Slot before = slot;
  if (!slot.known) {
    slot.known = true;
    slot.soft = soft;
    slot.type = type;
  } else if (slot.type.kind != type.kind) {
    return false;
  } else if (type.kind == Type::Kind::Int) {
    // Among other numbers the names of a type's constants would be wrong.
    if (!typed.soft && slot.type.detail != type.detail) slot.type.detail = type.detail = 0;
    if (slot.soft && !soft) {
      slot.soft = false;
      slot.type = type;
    } else if (!soft) {
      // Values of both signs: negative ones occur, ones of 2^63 and more hardly.
      slot.type.is_signed = slot.type.is_signed || type.is_signed;
    }
  } else if (type.has_bytes()) {
    slot.type.capacity = std::max(slot.type.capacity, type.capacity);
  } else if (type.kind == Type::Kind::Tuple || type.kind == Type::Kind::Stack) {
    if (!merge_type(slot.type, type)) return false;
  } else if (type.is_aggregate()) {
    slot.type.is_signed = slot.type.is_signed || type.is_signed;
  } else if (slot.type != type) {
    return false;
  }
  if (slot.known != before.known || slot.soft != before.soft || slot.type != before.type)
    learned_ = true;
  return true;
}

/// The same for a part of a tuple.
bool Checker::merge_type(Type& into, const Type& type) {
  if (into.kind != type.kind) return false;
  if (into.has_bytes()) {
    into.capacity = std::max(into.capacity, type.capacity);
    return true;
  }
  if (into.kind == Type::Kind::Int) {
    into.is_signed = into.is_signed || type.is_signed;
    return true;
  }
  if (into.kind == Type::Kind::Stack && into.detail == type.detail) {
    into.capacity = std::max(into.capacity, type.capacity);
    return true;
  }
  if (into.kind != Type::Kind::Tuple) return into == type;
  if (into.parts.size() != type.parts.size()) return false;
  for (size_t i = 0; i < into.parts.size(); i++)
    if (!merge_type(into.parts[i], type.parts[i])) return false;
  return true;
}

uint32_t Checker::map_index(const ast::Expr& e) {
  auto found = map_by_name_.find(e.text);
  if (found != map_by_name_.end()) return found->second;
  uint32_t index = static_cast<uint32_t>(maps_.size());
  MapInfo map;
  map.name = e.text;
  map.first = e.location;
  maps_.push_back(std::move(map));
  map_by_name_.emplace(e.text, index);
  return index;
}

bool Checker::map_keys(const ast::Expr& e, MapInfo& map, std::vector<Expr>& keys) {
  // Evaluating a key may meet other maps, so `map` may move: it is found again by name.
  std::string name = map.name;
  std::vector<Typed> typed;
  for (const ast::Expr& kid : e.kids) typed.push_back(value(kid));
  // A tuple as the key is the key of several parts.
  if (typed.size() == 1 && typed[0].usable && typed[0].expr.type.kind == Type::Kind::Tuple) {
    Typed whole = std::move(typed[0]);
    typed.clear();
    for (size_t i = 0; i < whole.expr.type.parts.size(); i++)
      typed.push_back(field(whole, i, whole.expr.location));
  }
  const bool waits = typed.size() == 1 && !typed[0].usable;  // it may turn out to be a tuple
  MapInfo& info = maps_[map_by_name_.find(name)->second];
  if (waits && (!info.keys_known || info.keys.size() != 1)) return false;
  if (!info.keys_known) {
    info.keys_known = true;
    info.keys.resize(typed.size());
    learned_ = true;
  }
  if (info.keys.size() != typed.size()) {
    auto count = [](size_t n) {
      return n == 0 ? std::string("no key") : std::to_string(n) + (n == 1 ? " key" : " keys");
    };
    error(e.location, name + " has " + count(info.keys.size()) + " elsewhere, but " +
                          count(typed.size()) + " here");
    return false;
  }
  bool good = true;
  for (size_t i = 0; i < typed.size(); i++) {
    if (!typed[i].usable) {
      good = false;
      continue;
    }
    if (!merge(info.keys[i], typed[i])) {
      error(e.kids[std::min(i, e.kids.size() - 1)].location,
            "type mismatch for " + name + ": the key is '" + describe(typed[i].expr.type) +
                "' here and '" + describe(info.keys[i].type) + "' elsewhere");
      good = false;
      continue;
    }
    keys.push_back(coerce(std::move(typed[i]), info.keys[i].type).expr);
  }
  return good;
}

void Checker::undefined_map(MapInfo& map, const Location& where) {
  if (map.reported) return;
  map.reported = true;
  std::vector<std::string_view> names;
  for (const MapInfo& other : maps_)
    if (other.written) names.push_back(other.name);
  auto nearest = nearest_names(map.name, names, 1);
  error(where, "undefined map: " + map.name,
        nearest.empty() ? "nothing in the script writes to it, as " + map.name + " = ... would"
                        : "did you mean " + nearest[0] + "?");
}

bool Checker::map_known(MapInfo& map, const Location& where) {
  if (map.value.known) return true;
  // In the rounds before the last, a clause further down may still write to it.
  if (final_ && !map.written) undefined_map(map, where);
  return false;
}

Typed Checker::map_entry(const ast::Expr& e) {
  uint32_t slot = map_index(e);
  Typed out;
  bool keys_good = map_keys(e, maps_[slot], out.expr.kids);
  MapInfo& map = maps_[slot];
  if (!map_known(map, e.location) || !keys_good) return unusable();
  out.expr.kind = Expr::Kind::Map;
  out.expr.slot = slot;
  out.expr.type = map.value.type;
  out.expr.location = e.location;
  out.soft = map.value.soft;
  return out;
}

Typed Checker::map_ref(const ast::Expr& e) {
  uint32_t slot = map_index(e);
  MapInfo& map = maps_[slot];
  if (!map_known(map, e.location)) return unusable();
  Typed out;
  out.expr.kind = Expr::Kind::MapRef;
  out.expr.slot = slot;
  out.expr.type = map.value.type;
  out.expr.location = e.location;
  return out;
}

Typed Checker::map_value(const ast::Expr& e) {
  Typed out = map_entry(e);
  if (out.usable && out.expr.type.counts()) {
    out.expr.type =
        Type::integer(8, out.expr.type.kind == Type::Kind::Count || out.expr.type.is_signed);
    out.soft = false;
    return out;
  }
  if (out.usable && out.expr.type.is_aggregate()) {
    std::string entry = e.indexed ? e.text + "[...]" : e.text;
    return error(e.location,
                 e.text + " holds an aggregation (" + out.expr.type.name() +
                     "), which has no value to compute with",
                 "print(" + entry + ") prints it");
  }
  return out;
}

std::optional<uint32_t> Checker::find_variable(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    for (const auto& [known, slot] : *scope)
      if (known == name) return slot;
  return std::nullopt;
}

Typed Checker::variable(const ast::Expr& e) {
  std::optional<uint32_t> slot = find_variable(e.text);
  if (!slot) {
    if (std::find(ended_.begin(), ended_.end(), e.text) != ended_.end())
      return error(e.location, "undefined variable: " + e.text,
                   "the block it belongs to is over: assign to it before that block too");
    std::vector<std::string_view> names;
    for (const Scope& scope : scopes_)
      for (const auto& entry : scope) names.push_back(entry.first);
    auto nearest = nearest_names(e.text, names, 1);
    return error(e.location, "undefined variable: " + e.text,
                 nearest.empty() ? "a variable lives in one block only; maps (@x) are shared"
                                 : "did you mean " + nearest[0] + "?");
  }
  const Slot& known = variables_[declared_at_[*slot]];
  if (!known.known) return unusable();
  Typed out;
  out.expr.kind = Expr::Kind::Variable;
  out.expr.slot = *slot;
  out.expr.type = known.type;
  out.expr.location = e.location;
  out.soft = known.soft;
  return out;
}

uint32_t Checker::declare(const ast::Expr& target) {
  uint32_t slot = static_cast<uint32_t>(declared_at_.size());
  declared_at_.push_back(target.location.begin);
  clause_->variables.push_back({target.text, {}});
  scopes_.back().emplace_back(target.text, slot);
  return slot;
}

/// ++ and --.
Typed Checker::step(const ast::Expr& e) {
  const ast::Expr& target = e.kids[0];
  bool up = e.integer == 1;
  // What is counted down may become negative.
  Typed one = make_literal(up ? 1 : -1, e.location);
  Typed place;
  if (target.kind == ast::Expr::Kind::Map) {
    uint32_t slot = map_index(target);
    maps_[slot].written = true;
    if (!maps_[slot].value.known) merge(maps_[slot].value, one);
    place = map_entry(target);
  } else {
    place = variable(target);
  }
  if (!place.usable) return place;
  if (place.expr.type.is_aggregate())
    return error(e.location, target.text + " holds an aggregation (" + place.expr.type.name() +
                                 "): it cannot be a counter too");
  if (place.expr.type.kind != Type::Kind::Int)
    return error(e.location, std::string("only integers have ") + (up ? "++" : "--") + ", " +
                                 target.text + " is " + a(place.expr.type));
  Slot& slot = target.kind == ast::Expr::Kind::Map ? maps_[place.expr.slot].value
                                                   : variables_[declared_at_[place.expr.slot]];
  if (slot.declared && slot.declared->size < 8)
    return error(e.location,
                 target.text + " was declared as " + slot.declared->name() +
                     ": only 64-bit variables have " + (up ? "++" : "--"),
                 "declare it as int64 or uint64");
  merge(slot, one);
  Typed out;
  out.expr.kind = Expr::Kind::IncDec;
  out.expr.type = slot.type;
  out.expr.integer = e.integer;
  out.expr.postfix = e.postfix;
  out.expr.location = e.location;
  out.soft = slot.soft;
  out.expr.kids.push_back(std::move(place.expr));
  return out;
}

/// The arguments of `@m = f(...)`: the value gathered, and what shapes a histogram.
bool Checker::aggregate_arguments(const ast::Expr& call, const BuiltinRow& row, MapInfo& map,
                                  std::optional<Expr>& argument) {
  std::string usage = std::string("as in ") + row.usage;
  if (call.kids.size() < row.min_args || call.kids.size() > row.max_args) {
    error(call.location,
          call.text + "() takes " +
              (row.min_args == row.max_args
                   ? std::to_string(row.min_args)
                   : std::to_string(row.min_args) + " or " + std::to_string(row.max_args)) +
              (row.max_args == 1 ? " argument" : " arguments"),
          usage);
    return false;
  }
  Type type = Type::of(Type::Kind::Count);
  std::string name = map.name;
  MapInfo shape;
  if (row.id != Builtin::Count) {
    Typed typed = number(call.kids[0], "what is aggregated");
    if (!typed.usable) return false;
    bool is_signed = typed.expr.type.kind == Type::Kind::Bool || typed.expr.type.is_signed;
    Type as = is_signed ? Type::i64() : Type::u64();
    argument = coerce(std::move(typed), as).expr;
    type.is_signed = is_signed;
  }
  switch (row.id) {
    case Builtin::Sum: type.kind = Type::Kind::Sum; break;
    case Builtin::Avg: type.kind = Type::Kind::Avg; break;
    case Builtin::Stats: type.kind = Type::Kind::Stats; break;
    case Builtin::Min: type.kind = Type::Kind::Min; break;
    case Builtin::Max: type.kind = Type::Kind::Max; break;
    case Builtin::Hist: {
      type = Type::of(Type::Kind::Hist);
      if (call.kids.size() < 2) break;
      auto bits = literal(call.kids[1], "the bits of hist()", 0, 5);
      if (!bits) return false;
      shape.hist_bits = static_cast<uint32_t>(*bits);
      break;
    }
    case Builtin::Lhist: {
      type = Type::of(Type::Kind::Lhist);
      auto min = literal(call.kids[1], "the minimum of lhist()", INT64_MIN, INT64_MAX);
      auto max = literal(call.kids[2], "the maximum of lhist()", INT64_MIN, INT64_MAX);
      auto step = literal(call.kids[3], "the step of lhist()", 1, INT64_MAX);
      if (!min || !max || !step) return false;
      if (*min >= *max) {
        error(call.location, "the minimum of lhist() must be less than its maximum", usage);
        return false;
      }
      __int128 range = static_cast<__int128>(*max) - *min;
      if (range / *step > kMaxLhistBuckets) {
        error(call.location,
              "this lhist() has too many buckets: at most " + std::to_string(kMaxLhistBuckets),
              "a larger step");
        return false;
      }
      if (range < *step) {
        error(call.location, "the step of lhist() is larger than its range", usage);
        return false;
      }
      int64_t last = static_cast<int64_t>(*min + range / *step * *step);
      if (last != *max) {
        warning(call.location,
                "the range of lhist() is no multiple of its step: its last bucket "
                "ends at " +
                    std::to_string(last));
      }
      shape.lhist_min = *min;
      shape.lhist_max = last;
      shape.lhist_step = *step;
      break;
    }
    default: break;
  }
  MapInfo& info = maps_[map_by_name_.find(name)->second];
  bool first = !info.value.known;
  Typed typed;
  typed.expr.type = type;
  if (!merge(info.value, typed)) {
    error(call.location, "type mismatch for " + name + ": it holds '" + describe(info.value.type) +
                             "' elsewhere and '" + type.name() + "' here");
    return false;
  }
  if (first) {
    info.hist_bits = shape.hist_bits;
    info.lhist_min = shape.lhist_min;
    info.lhist_max = shape.lhist_max;
    info.lhist_step = shape.lhist_step;
  } else if (info.hist_bits != shape.hist_bits || info.lhist_min != shape.lhist_min ||
             info.lhist_max != shape.lhist_max || info.lhist_step != shape.lhist_step) {
    error(call.location, "the histogram " + name + " has other buckets elsewhere");
    return false;
  }
  return true;
}

}  // namespace gotap::lang
