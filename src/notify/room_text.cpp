// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/room_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "notify/sink_json.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kZeroWidthSpace = "\xE2\x80\x8B";
constexpr std::size_t kMostPeople = 20;
constexpr std::size_t kHashLength = 8;

std::string hash_of(std::string_view text) {
  char hex[kHashLength + 1];
  std::snprintf(hex, sizeof hex, "%08x", static_cast<unsigned>(spread_hash(text) & 0xFFFFFFFFU));
  return hex;
}

bool begins_with_mark(std::string_view text, std::span<const std::string_view> marks) noexcept {
  return std::any_of(marks.begin(), marks.end(),
                     [&](std::string_view mark) { return text.starts_with(mark); });
}

}  // namespace

bool calls_people(const Message& message) noexcept {
  return message.kind == Kind::down || (message.kind == Kind::digest && message.to == State::down);
}

std::vector<std::string> parse_people(Settings& settings, std::string_view key) {
  std::vector<std::string> who = settings.list(key);
  if (who.size() > kMostPeople) {
    settings.error(key, std::string(key) + " names more than 20; a group may serve better");
    who.clear();
  }
  return who;
}

std::string parse_at_names(Settings& settings, std::string_view kinds) {
  std::string mention;
  for (const std::string& entry : parse_people(settings, "mention")) {
    const std::string who = entry.starts_with('@') ? entry.substr(1) : entry;
    if (!is_plain_ref(who, ".-_", 64)) {
      settings.error("mention", "mention takes " + std::string(kinds));
      continue;
    }
    mention += (mention.empty() ? "@" : " @") + who;
  }
  return mention;
}

std::string broken_up(std::string_view text, std::span<const std::string_view> marks) {
  std::string out;
  out.reserve(text.size());
  for (; !text.empty(); text.remove_prefix(1)) {
    out += text[0];
    if (begins_with_mark(text, marks)) out += kZeroWidthSpace;
  }
  return out;
}

std::string room_text(const Words& words, std::string_view call, const RoomMarkup& markup) {
  const std::string suffix = call.empty() ? std::string() : " " + std::string(call);
  const std::size_t room = markup.most - std::min(units(suffix, markup.unit), markup.most / 2);
  FittedText title(room, markup.unit, markup.escape);
  title.add(broken_up(words.title, markup.marks));
  std::string text = title.text() + suffix;
  const std::size_t used = units(text, markup.unit);
  // A line break and an ellipsis must fit, or there is no point in more.
  const std::size_t least = 1 + units("…", markup.unit);
  if (used + least > markup.most) return text;
  FittedText body(markup.most - used, markup.unit, markup.escape);
  for (const std::string& line : words.lines) {
    body.add_markup("\n");
    body.add(broken_up(line, markup.marks));
  }
  return text + body.text();
}

std::string room_name(std::string_view thread_key, std::size_t most) {
  const std::string name = printable(thread_key, most * 4);
  FittedText fitted(most, TextUnit::utf16);
  fitted.add(name.empty() ? std::string_view("tocsin") : std::string_view(name));
  return fitted.text();
}

std::string bound_ref(std::string_view destination, std::string_view ref) {
  return ref.empty() ? std::string() : std::string(ref) + "~" + hash_of(destination);
}

std::string ref_bound_to(std::string_view destination, std::string_view bound) {
  const std::string end = "~" + hash_of(destination);
  return bound.ends_with(end) ? std::string(bound.substr(0, bound.size() - end.size()))
                              : std::string();
}

RefPair split_ref(std::string_view ref, char by) {
  const auto at = ref.find(by);
  if (at == std::string_view::npos || at == 0 || at + 1 == ref.size()) return {};
  return {std::string(ref.substr(0, at)), std::string(ref.substr(at + 1))};
}

std::string id_text(std::optional<double> number) {
  constexpr double kMost = 9'007'199'254'740'991;  // beyond, doubles have gaps
  if (!number || std::abs(*number) > kMost || *number != std::trunc(*number)) return {};
  return std::to_string(static_cast<long long>(*number));
}

void add_bearer(HttpRequest& request, const std::string& token) {
  request.headers.emplace_back("Authorization", "Bearer " + token);
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace tocsin
