// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The getters. Each marks its key as known, resolves references, refuses what it cannot take with a
// message at the value's place, and gives the fallback then. A message quotes a value as it is
// written in the file, so that what a reference brought is never in one; values of keys that may
// hold secrets are not quoted at all.
#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>

#include "config/address.h"
#include "config/section.h"
#include "util/duration.h"
#include "util/pattern.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kNoSecretHere =
    "a secret from ${file:} or ${credential:} cannot be used here, since this value is shown";
constexpr std::string_view kNoSecretArgument =
    "a secret from ${file:} or ${credential:} cannot be an argument, since everybody on the "
    "machine sees arguments (ps); give it in 'environment' or 'stdin' if the program takes it "
    "there";
constexpr std::string_view kUnresolvedHost = "://unresolved.invalid/";

bool is_flag(std::string_view text) {
  return text == "true" || text == "false";
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string between(const std::string& least, const std::string& most) {
  return "must be between " + least + " and " + most;
}

std::string write_size(std::uint64_t bytes) {
  for (const auto& [factor, name] : {std::pair{1ULL << 30U, "GiB"}, std::pair{1ULL << 20U, "MiB"},
                                     std::pair{1ULL << 10U, "KiB"}}) {
    if (bytes > 0 && bytes % factor == 0) return std::to_string(bytes / factor) + name;
  }
  return std::to_string(bytes);
}

std::string_view describe(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a text";
    case Node::Kind::sequence: return "a list";
    case Node::Kind::mapping: return "a mapping";
  }
  return "";
}

// Whether a value under this name (a header's, mostly) lets somebody in.
bool carries_credentials(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const std::string_view whole : {"authorization", "proxy-authorization", "cookie",
                                       "set-cookie", "token", "secret", "password", "apikey"}) {
    if (lower == whole) return true;
  }
  for (const std::string_view end : {"-token", "-secret", "-password", "-key", "-signature"}) {
    if (lower.ends_with(end)) return true;
  }
  return false;
}

Text text_of(Resolved&& resolved) {
  if (resolved.shown == resolved.value) return Text(std::move(resolved.value));
  return {std::move(resolved.value), std::move(resolved.shown)};
}

}  // namespace

// The value as the file has it, for a message.
std::string Section::written(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr || !entry->value->is(Node::Kind::scalar)) return {};
  return in_quotes(hide_userinfo(entry->value->text()));
}

// "… expected; got a …" at the value's place. Quotes nothing: who writes a text where a mapping
// belongs may have written a secret.
void Section::wrong(std::string_view key, std::string_view expected) {
  const Entry* entry = find(key);
  if (entry == nullptr) return;
  const bool nothing = entry->value->is(Node::Kind::null);
  fail(key, place(key),
       nothing ? "no value given; " + std::string(expected) + " expected, or remove the key"
               : std::string(expected) + " expected; got " + std::string(describe(*entry->value)));
}

// The scalar under the key; null if it is absent or something else, which is reported.
const Node* Section::scalar(std::string_view key, std::string_view expected) {
  const Node* value = node(key);
  if (value == nullptr || value->is(Node::Kind::scalar)) return value;
  wrong(key, expected);
  return nullptr;
}

bool Section::resolve(std::string_view key, const Node& node, Resolved& into) {
  std::vector<std::string> errors;
  const bool fine =
      loading_->secrets.resolve(node.text(), loading_->folder(node.place().file), into, errors);
  for (std::string& error : errors) fail(key, node.place(), std::move(error));
  if (into.unresolved) mute(key);
  return fine;
}

// A text with all that hangs on it; false if there is none to be used.
bool Section::read(std::string_view key, std::string_view expected, Resolved& into) {
  const Node* value = scalar(key, expected);
  return value != nullptr && resolve(key, *value, into);
}

// A text without secrets; false if there is none, or with --no-secrets none yet.
bool Section::read_plain(std::string_view key, std::string_view expected, std::string& into) {
  const Node* value = scalar(key, expected);
  if (value == nullptr) return false;
  if (value->text().find('$') == std::string_view::npos) {
    into = value->text();
    return true;
  }
  Resolved resolved;
  if (!resolve(key, *value, resolved)) return false;
  if (resolved.secret) {
    fail(key, value->place(), std::string(kNoSecretHere));
    return false;
  }
  into = std::move(resolved.value);
  if (resolved.unresolved) show(key, Shown::of(std::move(resolved.printed)));
  return !resolved.unresolved;
}

std::string Section::text(std::string_view key, std::string_view fallback) {
  std::string value;
  const bool usable = read_plain(key, "text", value);
  if (usable) show(key, Shown::of(escape_dollars(hide_userinfo(value))));
  if (usable || !value.empty()) return value;  // an unresolved text stays as it is
  if (find(key) == nullptr) show(key, Shown::of(escape_dollars(fallback)));
  return std::string(fallback);
}

Text Section::text_with_secrets(std::string_view key) {
  Resolved resolved;
  if (!read(key, "text", resolved)) return {};
  resolved.shown = hide_userinfo(resolved.shown);
  show(key, Shown::of(resolved.printed));
  return text_of(std::move(resolved));
}

Secret Section::secret(std::string_view key) {
  const Node* value = node(key);
  if (value == nullptr) return {};
  Resolved resolved;
  if (!value->is(Node::Kind::scalar)) {
    wrong(key, "text");
    return {};
  }
  if (!resolve(key, *value, resolved)) return {};
  show(key, Shown::of(resolved.references ? resolved.printed : "***"));
  return Secret(std::move(resolved.value));
}

Text Section::url(std::string_view key, std::vector<std::string_view> schemes) {
  const Node* value = node(key);
  if (value == nullptr) return {};
  Resolved resolved;
  if (!value->is(Node::Kind::scalar)) {
    wrong(key, "URL");
    return {};
  }
  if (!resolve(key, *value, resolved)) return {};
  show(key, Shown::of(resolved.printed));
  if (resolved.unresolved) {
    // A URL that any type accepts stands in: only whether the rest is right is asked for.
    const std::string_view scheme = schemes.empty() ? "https" : schemes.front();
    return {std::string(scheme) + std::string(kUnresolvedHost), std::move(resolved.shown)};
  }
  std::string mistake = url_mistake(resolved.value, schemes);
  if (mistake.empty()) return text_of(std::move(resolved));
  fail(key, place(key), std::move(mistake));
  return {};
}

bool Section::flag(std::string_view key, bool fallback) {
  std::string value;
  if (read_plain(key, "true or false", value)) {
    if (!is_flag(value)) fail(key, place(key), "true or false expected; got " + written(key));
    show(key, Shown::of(value));
    return is_flag(value) ? value == "true" : fallback;
  }
  if (find(key) == nullptr) show(key, Shown::of(fallback ? "true" : "false"));
  return fallback;
}

std::int64_t Section::integer(std::string_view key, std::int64_t fallback,
                              Range<std::int64_t> range) {
  std::string value;
  if (!read_plain(key, "whole number", value)) {
    const bool shown = find(key) == nullptr && fallback >= range.least && fallback <= range.most;
    if (shown) show(key, Shown::of(std::to_string(fallback)));
    return fallback;
  }
  const auto number = parse_integer(value);
  if (!number) {
    fail(key, place(key), "whole number expected; got " + written(key));
  } else if (*number < range.least || *number > range.most) {
    const bool open = range.most == std::numeric_limits<std::int64_t>::max();
    const std::string least = std::to_string(range.least);
    fail(key, place(key),
         (open ? "must be at least " + least : between(least, std::to_string(range.most))) +
             "; got " + written(key));
  } else {
    show(key, Shown::of(value));
    return *number;
  }
  return fallback;
}

Millis Section::duration(std::string_view key, Millis fallback, Range<Millis> range) {
  constexpr std::string_view kExpected = "duration";
  std::string value;
  if (!read_plain(key, kExpected, value)) {
    const bool shown = find(key) == nullptr && fallback >= range.least && fallback <= range.most;
    if (shown) show(key, Shown::of(write_duration(fallback)));
    return fallback;
  }
  const auto time = parse_duration(value);
  if (!time) {
    fail(key, place(key), "duration expected, such as 30s or 5m; got " + written(key));
  } else if (*time < range.least || *time > range.most) {
    fail(
        key, place(key),
        between(write_duration(range.least), write_duration(range.most)) + "; got " + written(key));
  } else {
    show(key, Shown::of(write_duration(*time)));
    return *time;
  }
  return fallback;
}

std::uint64_t Section::size(std::string_view key, std::uint64_t fallback,
                            Range<std::uint64_t> range) {
  std::string value;
  if (!read_plain(key, "size", value)) {
    const bool shown = find(key) == nullptr && fallback >= range.least && fallback <= range.most;
    if (shown) show(key, Shown::of(write_size(fallback)));
    return fallback;
  }
  const auto bytes = parse_size(value);
  if (!bytes) {
    fail(key, place(key), "size expected, such as 64KiB or 1MiB; got " + written(key));
  } else if (*bytes < range.least || *bytes > range.most) {
    fail(key, place(key),
         between(write_size(range.least), write_size(range.most)) + "; got " + written(key));
  } else {
    show(key, Shown::of(write_size(*bytes)));
    return *bytes;
  }
  return fallback;
}

std::string Section::choice(std::string_view key, std::vector<std::string_view> words,
                            std::string_view fallback) {
  std::string expected = "one of ";
  for (std::size_t i = 0; i < words.size(); ++i)
    expected += (i > 0 ? ", " : "") + std::string(words[i]);
  std::string value;
  if (!read_plain(key, expected, value)) {
    if (find(key) == nullptr) show(key, Shown::of(std::string(fallback)));
    return std::string(fallback);
  }
  if (std::find(words.begin(), words.end(), value) != words.end()) {
    show(key, Shown::of(value));
    return value;
  }
  const std::string_view meant = nearest(value, words);
  const std::string hint =
      meant.empty() ? std::string() : "; did you mean \"" + std::string(meant) + "\"?";
  fail(key, place(key), expected + " expected; got " + written(key) + hint);
  return std::string(fallback);
}

std::string Section::pattern(std::string_view key) {
  std::string value;
  if (!read_plain(key, "pattern", value)) return {};
  show(key, Shown::of(escape_dollars(value)));
  try {
    const Pattern checked(value);
    return value;
  } catch (const std::runtime_error& error) {
    // RE2 names the piece it stumbled over, which a reference may have brought: not that.
    const std::string reason = error.what();
    fail(key, place(key),
         "RE2 pattern expected; got " + written(key) + ": " +
             printable(reason.substr(0, reason.find(": ")), 100));
    return {};
  }
}

bool Section::take_item(std::string_view key, const Node& item, std::vector<PlacedText>& into) {
  if (!item.is(Node::Kind::scalar)) {
    fail(key, item.place(), "text expected in this list; got " + std::string(describe(item)));
    return false;
  }
  Resolved resolved;
  if (!resolve(key, item, resolved)) return false;
  if (resolved.secret) {
    fail(key, item.place(),
         std::string(no_secret_in_list_.empty() ? kNoSecretHere : no_secret_in_list_));
    return false;
  }
  into.push_back({std::move(resolved.value), item.place(), resolved.unresolved});
  return true;
}

std::vector<PlacedText> Section::texts(std::string_view key) {
  const Node* value = node(key);
  std::vector<PlacedText> out;
  if (value == nullptr) return out;
  if (value->is(Node::Kind::scalar)) {
    take_item(key, *value, out);
  } else if (value->is(Node::Kind::sequence)) {
    for (const Node* item : value->items()) take_item(key, *item, out);
  } else {
    wrong(key, "list of texts");
  }
  if (!loading_->record) return out;
  Shown shown;
  shown.kind = Shown::Kind::list;
  for (const PlacedText& item : out) {
    shown.list.push_back(
        Shown::of(item.unresolved ? item.text : escape_dollars(hide_userinfo(item.text))));
  }
  show(key, std::move(shown));
  return out;
}

std::vector<std::string> Section::list(std::string_view key) {
  std::vector<std::string> out;
  for (PlacedText& item : texts(key)) out.push_back(std::move(item.text));
  return out;
}

std::vector<std::string> Section::arguments(std::string_view key) {
  no_secret_in_list_ = kNoSecretArgument;
  std::vector<std::string> out = list(key);
  no_secret_in_list_ = {};
  return out;
}

std::vector<std::pair<std::string, Text>> Section::map(std::string_view key) {
  const Node* value = node(key);
  std::vector<std::pair<std::string, Text>> out;
  if (value == nullptr || value->is(Node::Kind::null)) return out;
  if (!value->is(Node::Kind::mapping)) {
    wrong(key, "mapping");
    return out;
  }
  Shown shown = Shown::mapping();
  for (const Entry& entry : value->entries()) {
    const Node& item = *entry.value;
    Resolved resolved;
    if (!item.is(Node::Kind::scalar) && !item.is(Node::Kind::null)) {
      fail(key, item.place(),
           "text expected for " + in_quotes(entry.key) + "; got " + std::string(describe(item)));
    } else if (resolve(key, item, resolved)) {
      if (!resolved.references && carries_credentials(entry.key)) {
        resolved.shown = "***";
        resolved.printed = "***";
      }
      if (loading_->record) shown.map.emplace_back(entry.key, Shown::of(resolved.printed));
      out.emplace_back(entry.key, text_of(std::move(resolved)));
    }
  }
  show(key, std::move(shown));
  return out;
}

}  // namespace tocsin
