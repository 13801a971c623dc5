// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_card.h"

#include <Poco/JSON/Object.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "notify/sink_text.h"
#include "util/text.h"

// Widgets are a small HTML: <b>, <a href>, <font>, <br> and entities. So & < > of every value
// become entities, and the only markup is our own <br>. A header's title is plain text by the
// description; since nobody says what becomes of an entity or a tag in it, it gets neither: angle
// brackets turn into their single guillemets.
//
// A line "target: db-01" becomes a fact with the label "target", whatever language it is in; lines
// without a label stand together in one paragraph. A section needs a widget, a text may not be
// empty, and of more than 100 widgets the rest is ignored: all three are seen to here.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::string_view kDash = " — ";
constexpr std::size_t kLongestTitle = 200;
constexpr std::size_t kLongestLabel = 24;
constexpr std::size_t kLongestLink = 1000;
constexpr std::size_t kMostFacts = 30;

std::string_view as_html(std::string_view point) {
  if (point == "&") return "&amp;";
  if (point == "<") return "&lt;";
  if (point == ">") return "&gt;";
  return point;
}

std::string_view as_plain(std::string_view point) {
  if (point == "<") return "‹";
  if (point == ">") return "›";
  return point;
}

// A fact; without a label, a paragraph.
struct Fact {
  std::string label;
  std::vector<std::string> lines;
};

// "target" of "target: db-01"; nothing in "🔴 DOWN db-01: refused".
std::string label_in(const std::string& line) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string::npos || colon == 0 || colon > kLongestLabel) return {};
  const std::string label = line.substr(0, colon);
  const bool is_word = std::none_of(label.begin(), label.end(), [](char c) {
    return c == ' ' || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'';
  });
  return is_word ? label : std::string{};
}

std::vector<Fact> facts_in(const Words& words) {
  std::vector<Fact> facts;
  for (const std::string& line : words.lines) {
    std::string label = facts.size() < kMostFacts ? label_in(line) : std::string{};
    if (!label.empty()) {
      std::string value = line.substr(label.size() + 2);
      // The button stands for it.
      if (value == words.link && is_button_link(words.link)) continue;
      facts.push_back({std::move(label), {std::move(value)}});
    } else if (!facts.empty() && facts.back().label.empty()) {
      facts.back().lines.push_back(line);
    } else {
      facts.push_back({{}, {line}});
    }
  }
  return facts;
}

Object widget_of(const Fact& fact, std::size_t& room) {
  FittedText text(room, TextUnit::byte, as_html);
  for (const std::string& line : fact.lines) {
    if (&line != &fact.lines.front()) text.add_markup("<br>");
    text.add(line);
  }
  room -= std::min(room, text.full() ? room : text.text().size() + fact.label.size());
  Object widget;
  Object inner;
  inner.set("text", text.text().empty() ? std::string("…") : text.text());
  if (fact.label.empty()) {
    widget.set("textParagraph", inner);
    return widget;
  }
  inner.set("topLabel", fact.label);
  inner.set("wrapText", true);
  widget.set("decoratedText", inner);
  return widget;
}

Object button_to(const std::string& link) {
  Object open;
  open.set("url", link);
  Object click;
  click.set("openLink", open);
  Object button;
  button.set("text", "Runbook");
  button.set("onClick", click);
  Array buttons;
  buttons.add(button);
  Object list;
  list.set("buttons", buttons);
  Object widget;
  widget.set("buttonList", list);
  return widget;
}

// The first line up to its dash; of a template's, all of it.
std::string header_of(const Words& words) {
  const std::string_view title(words.title);
  FittedText header(kLongestTitle, TextUnit::code_point, as_plain);
  header.add(title.substr(0, title.find(kDash)));
  return header.text().empty() ? std::string("Tocsin") : header.text();
}

Array widgets_of(const Words& words) {
  Array widgets;
  std::size_t room = kChatCardBytes;
  for (const Fact& fact : facts_in(words)) {
    widgets.add(widget_of(fact, room));
    if (room == 0) break;
  }
  if (is_button_link(words.link)) widgets.add(button_to(words.link));
  // A section without a widget would not do.
  if (widgets.size() == 0) widgets.add(widget_of({{}, {words.title}}, room));
  return widgets;
}

bool is_host_character(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-.:[]").find(c) != std::string_view::npos;
}

}  // namespace

bool is_button_link(std::string_view url) noexcept {
  constexpr std::string_view kBegin = "https://";
  if (!url.starts_with(kBegin) || url.size() > kLongestLink) return false;
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) {
    return c > ' ' && c < '\x7f' &&
           std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  });
  url.remove_prefix(kBegin.size());
  const std::string_view host = url.substr(0, url.find_first_of("/?#"));
  return plain && !host.empty() && std::all_of(host.begin(), host.end(), is_host_character);
}

Array::Ptr chat_cards(const Words& words) {
  Object header;
  header.set("title", header_of(words));
  Object section;
  section.set("widgets", widgets_of(words));
  Array sections;
  sections.add(section);
  Object card;
  card.set("header", header);
  card.set("sections", sections);
  Object with_id;
  with_id.set("cardId", "tocsin");
  with_id.set("card", card);
  Array::Ptr cards(new Array);
  cards->add(with_id);
  return cards;
}

}  // namespace tocsin
