// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/wording.h"

#include <algorithm>
#include <utility>

#include "notify/text.h"
#include "notify/text_parts.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestTitle = 1300;  // as long as a built-in one can be
constexpr std::size_t kLongestZone = 60;

// Digests, tests of old and what the daemon says of itself have no check's facts to fill in.
bool has_facts(const Message& message) noexcept {
  const bool of_itself =
      message.kind == Kind::digest || message.kind == Kind::daemon || message.kind == Kind::test;
  return !of_itself && !message.check.empty();
}

bool is_link(const std::string& text) {
  const bool web = text.starts_with("https://") || text.starts_with("http://");
  return web && text.find(' ') == text.npos && printable(text, text.size()) == text;
}

MessageTemplate parse_template(Settings& settings, std::string_view key, const std::string& text) {
  ParsedTemplate parsed = MessageTemplate::parse(text);
  for (std::string& mistake : parsed.mistakes) settings.error(key, std::move(mistake));
  return std::move(parsed.value);
}

TitleAndText parse_pair(Settings& settings, std::string& title, std::string& text) {
  title = settings.text("title");
  text = settings.text("text");
  TitleAndText out;
  out.title = parse_template(settings, "title", std::string(trim(title)));
  if (out.title.line_count() > 1) settings.error("title", "a title is a single line");
  out.text = parse_template(settings, "text", text);
  return out;
}

bool is_empty(const TitleAndText& pair) noexcept {
  return pair.title.empty() && pair.text.empty();
}

void parse_templates(Settings& settings, Wording& into) {
  const auto section = settings.short_section("template", "text");
  WordingTemplates templates;
  templates.all = parse_pair(*section, into.title, into.text);
  for (const Kind kind : kKinds) {
    if (kind == Kind::digest || kind == Kind::daemon || kind == Kind::test) continue;
    const auto of_kind = section->short_section(to_string(kind), "text");
    std::string title;
    std::string text;
    TitleAndText pair = parse_pair(*of_kind, title, text);
    if (!is_empty(pair)) templates.of_kind.emplace(kind, std::move(pair));
  }
  if (is_empty(templates.all) && templates.of_kind.empty()) return;
  into.templates = std::make_shared<const WordingTemplates>(std::move(templates));
}

void parse_zone(Settings& settings, Wording& into) {
  into.time_zone = settings.text("time_zone");
  if (into.time_zone.empty()) return;
  if (const auto zone = TimeZone::find(into.time_zone)) {
    into.locale.time_zone = *zone;
  } else {
    settings.error("time_zone", "no time zone is called \"" +
                                    printable(into.time_zone, kLongestZone) +
                                    "\"; one is called Europe/Berlin");
  }
}

void parse_language(Settings& settings, Wording& into) {
  std::vector<std::string_view> codes;
  for (const Language* language : languages()) codes.push_back(language->code);
  into.language = settings.choice("language", codes, english().code);
  if (const Language* const chosen = find_language(into.language)) into.locale.language = chosen;
}

const MessageTemplate& chosen(const Wording& wording, Kind kind,
                              MessageTemplate TitleAndText::*which) {
  const auto of_kind = wording.templates->of_kind.find(kind);
  const bool has_own =
      of_kind != wording.templates->of_kind.end() && !(of_kind->second.*which).empty();
  return has_own ? of_kind->second.*which : wording.templates->all.*which;
}

std::string filled_title(const MessageTemplate& title, const MessageFacts& facts) {
  std::string line;
  for (const std::string& part : title.fill(facts)) line += (line.empty() ? "" : " ") + part;
  return line.size() > kLongestTitle ? printable(line, kLongestTitle) : line;
}

bool says_nothing_of(const Words& words, std::string_view what) {
  const auto has_it = [&](const std::string& line) { return line.find(what) != line.npos; };
  return !has_it(words.title) && std::none_of(words.lines.begin(), words.lines.end(), has_it);
}

// Why it is told now, or to these people, has its place above all else.
void add_unsaid_note(Words& words, const MessageFacts& facts) {
  std::vector<std::string> note =
      note_lines(facts.notification.message->note, *facts.locale.language);
  std::erase_if(note, [&](const std::string& line) { return !says_nothing_of(words, line); });
  words.lines.insert(words.lines.begin(), note.begin(), note.end());
}

// What nobody may leave out.
void add_unsaid(Words& words, const MessageFacts& facts) {
  const Message& message = *facts.notification.message;
  const Language& language = *facts.locale.language;
  add_unsaid_note(words, facts);
  const auto add = [&](const std::string& line) {
    if (!line.empty() && says_nothing_of(words, line)) words.lines.push_back(line);
  };
  add(value_of(Placeholder::late, {}, facts));
  if (!message.durable) add(say(language, Phrase::not_durable));
  if (message.type == kTestType && says_nothing_of(words, message.reason)) {
    add(say(language, Phrase::a_test));
  }
}

// What was over before it could be told names both states in its first line.
std::string with_both_words(std::string title, const MessageFacts& facts) {
  const Message& message = *facts.notification.message;
  const std::string_view worst = word(worst_of(message));
  if (message.kind != Kind::over || title.find(worst) != title.npos) return title;
  return title + " (" + say(*facts.locale.language, Phrase::was, {{"state", worst}}) + ")";
}

Words built_in(const MessageFacts& facts) {
  const Notification& notification = facts.notification;
  const auto late = late_by(notification, facts.now, facts.late);
  Words out;
  out.title = first_line(*notification.message, *facts.locale.language);
  out.lines = body_lines(*notification.message, facts.now, late, facts.locale);
  return out;
}

void apply_templates(Words& words, const Wording& wording, const MessageFacts& facts) {
  const Kind kind = facts.notification.message->kind;
  const MessageTemplate& text = chosen(wording, kind, &TitleAndText::text);
  std::string title = filled_title(chosen(wording, kind, &TitleAndText::title), facts);
  if (!title.empty()) words.title = with_both_words(std::move(title), facts);
  if (!text.empty()) words.lines = text.fill(facts);
  add_unsaid(words, facts);
}

}  // namespace

Wording parse_wording(Settings& settings) {
  Wording out;
  parse_templates(settings, out);
  parse_zone(settings, out);
  parse_language(settings, out);
  return out;
}

Words words_of(const Delivery& delivery, const Wording& wording) {
  const Message& message = *delivery.notification.message;
  const MessageFacts facts{delivery.notification, delivery.clock.wall(), delivery.late,
                           wording.locale};
  Words out = built_in(facts);
  if (wording.templates && has_facts(message)) apply_templates(out, wording, facts);
  if (is_link(message.runbook)) out.link = message.runbook;
  if (delivery.said != nullptr) *delivery.said = out;
  return out;
}

std::string joined(const Words& words) {
  std::string out = words.title;
  for (const std::string& line : words.lines) out += "\n" + line;
  return out;
}

std::string human_time(const Wording& wording, WallTime time) {
  return time_text(wording.locale, time);
}

std::string duration_text(const Wording& wording, Millis duration) {
  return duration_text(*wording.locale.language, duration);
}

}  // namespace tocsin
