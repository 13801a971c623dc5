// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_card_rules.h"

#include <Poco/JSON/Object.h>

#include <sstream>
#include <utility>

// google/apps/card/v1/card.proto and the troubleshooting page for cards; FACTS 1.3. Where the
// service would show an empty card, or none, and say nothing, this refuses.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kMostWidgets = 100;
constexpr std::size_t kMostBytes = 32 * 1024;

class CardJudge {
 public:
  void card(const Object::Ptr& with_id, bool several) {
    if (several && text(with_id, "cardId").empty()) say("a card without a cardId among several");
    const Object::Ptr card = with_id->getObject("card");
    if (!card) return say("no card");
    std::ostringstream json;
    card->stringify(json);
    if (json.str().size() > kMostBytes) say("a card of more than 32 KB");
    const Object::Ptr header = card->getObject("header");
    if (header && text(header, "title").empty()) say("a header without a title");
    const Array::Ptr sections = card->getArray("sections");
    std::size_t count = 0;
    for (std::size_t i = 0; sections && i < sections->size(); ++i) {
      count += section(sections->getObject(static_cast<unsigned>(i)));
    }
    if (count > kMostWidgets) say("more than 100 widgets");
    if (card->has("fixedFooter")) say("a fixedFooter outside of a dialog");
  }

  std::vector<std::string> found() { return std::move(found_); }

 private:
  std::size_t section(const Object::Ptr& section) {
    const Array::Ptr widgets = section->getArray("widgets");
    if (!widgets || widgets->empty()) {
      say("a section without a widget");
      return 0;
    }
    for (std::size_t i = 0; i < widgets->size(); ++i) {
      widget(widgets->getObject(static_cast<unsigned>(i)));
    }
    return widgets->size();
  }

  void widget(const Object::Ptr& widget) {
    if (widget->size() != 1) return say("a widget that is not one thing");
    if (const Object::Ptr it = widget->getObject("textParagraph")) return filled(it);
    if (const Object::Ptr it = widget->getObject("decoratedText")) return filled(it);
    const Object::Ptr list = widget->getObject("buttonList");
    if (!list) return;
    const Array::Ptr buttons = list->getArray("buttons");
    if (!buttons || buttons->empty()) return say("a buttonList without buttons");
    for (std::size_t i = 0; i < buttons->size(); ++i) {
      button(buttons->getObject(static_cast<unsigned>(i)));
    }
  }

  void filled(const Object::Ptr& widget) {
    if (text(widget, "text").empty()) say("a widget whose text is empty");
  }

  void button(const Object::Ptr& button) {
    if (text(button, "text").empty() && !button->has("icon")) say("a button that shows nothing");
    const Object::Ptr click = button->getObject("onClick");
    if (!click || click->size() != 1) return say("a button without a proper onClick");
    const Object::Ptr link = click->getObject("openLink");
    if (link && !text(link, "url").starts_with("https://")) say("a link that is not https");
  }

  static std::string text(const Object::Ptr& object, const std::string& key) {
    return object->has(key) ? object->getValue<std::string>(key) : std::string();
  }

  void say(const std::string& what) { found_.push_back("Invalid card: " + what + "."); }

  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> card_problems(const Array& cards) {
  CardJudge judge;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    judge.card(cards.getObject(static_cast<unsigned>(i)), cards.size() > 1);
  }
  return judge.found();
}

}  // namespace tocsin
