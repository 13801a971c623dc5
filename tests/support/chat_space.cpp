// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_space.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>

#include "support/chat_card_rules.h"
#include "support/chat_space_parts.h"
#include "util/text.h"

// The order of refusals is the service's as far as it is known: who asks (key, token), then the
// query, then the body, then the quota, then threads. Codes and words are FACTS 2.6's where it has
// them; the other words are in the same manner.
//
// Where the documents contradict each other, the API's own description is followed:
// REPLY_MESSAGE_OR_FAIL makes a thread for a new key.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kMostBytes = 32'000;
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostKey = 4000;
constexpr std::string_view kFallback = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
constexpr std::string_view kOrFail = "REPLY_MESSAGE_OR_FAIL";

// Characters as Java counts them: UTF-16 units.
std::size_t characters(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) count += byte >= 0xF0 ? 2 : 1;
  }
  return count;
}

std::string text_of(const Object& object, const std::string& key) {
  const auto value = object.get(key);
  return value.isString() ? value.extract<std::string>() : std::string{};
}

bool is_client_id(const std::string& id) {
  return id.starts_with("client-") && id.size() <= 63 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

std::vector<std::pair<std::string, std::string>> parameters(std::string query) {
  std::vector<std::pair<std::string, std::string>> out;
  query += '&';
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = query.find('&', at);
    const std::string pair = query.substr(at, end - at);
    at = end + 1;
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  return out;
}

std::string decoded(const std::string& text) {
  std::string out;
  return percent_decode(text, out) ? out : text;
}

std::string pad(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

}  // namespace

ChatSpace::ChatSpace(Rules rules, std::shared_ptr<const ChatSchema> schema)
    : rules_(std::move(rules)), schema_(std::move(schema)) {}

std::string ChatSpace::status_word(int code) {
  switch (code) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 409: return "ALREADY_EXISTS";
    case 429: return "RESOURCE_EXHAUSTED";
    case 500: return "INTERNAL";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return "UNKNOWN";
  }
}

std::string ChatSpace::envelope(int code, const std::string& status, const std::string& message) {
  Object error;
  error.set("code", code);
  error.set("message", message);
  error.set("status", status);
  Object out;
  out.set("error", error);
  std::ostringstream text;
  out.stringify(text, 2);
  return text.str();
}

ChatSpace::Verdict ChatSpace::post(const HttpAsked& asked) {
  return judged(asked, [&]() -> ChatMessage& { return create(read(asked), asked.at); });
}

ChatSpace::Verdict ChatSpace::judged(const HttpAsked& asked,
                                     const std::function<ChatMessage&()>& work) const {
  Verdict verdict;
  try {
    const ChatMessage& message = work();
    Object thread;
    thread.set("name", message.thread);
    if (!message.thread_key.empty()) thread.set("threadKey", message.thread_key);
    Object answer;
    answer.set("name", message.name);
    answer.set("thread", thread);
    answer.set("text", message.text);
    if (!message.client_id.empty()) answer.set("clientAssignedMessageId", message.client_id);
    std::ostringstream body;
    answer.stringify(body, 2);
    verdict.reply.body = body.str();
  } catch (const Refuse& refuse) {
    verdict.refusal = ChatRefusal{refuse.status, refuse.message, refuse.invalid, asked.at};
    verdict.reply.status = refuse.status;
    verdict.reply.body = envelope(refuse.status, status_word(refuse.status), refuse.message);
  }
  return verdict;
}

ChatMessage& ChatSpace::create(const Draft& draft, SteadyTime at) {
  if (ChatMessage* const message = already(draft)) {
    ++message->repeats;
    return *message;
  }
  hold_to_quota(at);
  return make(draft, at);
}

ChatSpace::Draft ChatSpace::read(const HttpAsked& asked) const {
  const std::size_t question = std::min(asked.target.find('?'), asked.target.size());
  const std::string path = asked.target.substr(0, question);
  if (asked.method != "POST" || path != "/v1/spaces/" + rules_.space + "/messages") {
    throw Refuse{404, "The requested URL " + path + " was not found on this server."};
  }
  Draft draft;
  auto given = read_query(asked.target.substr(std::min(question + 1, asked.target.size())));
  read_credentials(given, draft);
  check_query(std::move(given), "spaces.messages.create", draft);
  read_body(asked, draft);
  return draft;
}

std::map<std::string, std::string> ChatSpace::read_query(const std::string& query) const {
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : parameters(query)) {
    if (given.contains(name)) throw Refuse{400, "The parameter " + name + " is given twice."};
    given[name] = value;
  }
  return given;
}

void ChatSpace::read_credentials(std::map<std::string, std::string>& given, Draft& into) const {
  if (!given.contains("key")) {
    throw Refuse{403,
                 "Method doesn't allow unregistered callers (callers without established "
                 "identity). Please use API Key or other form of API consumer identity."};
  }
  if (decoded(given["key"]) != decoded(rules_.key)) {
    throw Refuse{400, "API key not valid. Please pass a valid API key."};
  }
  const auto is_token = [&](const std::string& token) {
    return decoded(token) == decoded(given["token"]);
  };
  if (std::none_of(rules_.tokens.begin(), rules_.tokens.end(), is_token)) {
    throw Refuse{403, "The API is called without a valid token."};
  }
  into.token = decoded(given["token"]);
  given.erase("token");  // a webhook's own; no parameter of the method
}

void ChatSpace::check_query(std::map<std::string, std::string> given, const std::string& method,
                            Draft& into) const {
  for (auto& [name, value] : given) {
    value = decoded(value);
    const std::string problem = schema_->problem_of_parameter(name, value, method);
    if (!problem.empty()) throw Refuse{400, problem};
  }
  into.option = given["messageReplyOption"];
  into.request_id = given["requestId"];
  into.message_id = given["messageId"];
  into.thread_key = given["threadKey"];
  into.update_mask = given["updateMask"];
  if (!into.message_id.empty() && !is_client_id(into.message_id)) {
    throw Refuse{400, "Invalid message_id: it begins with client-, up to 63 of [a-z0-9-]."};
  }
}

void ChatSpace::read_body(const HttpAsked& asked, Draft& into) const {
  const std::string type = to_lower(asked.header("Content-Type"));
  if (type.substr(0, type.find(';')) != "application/json") {
    throw Refuse{400, "Content-Type is not application/json: " + type};
  }
  if (asked.body.size() > kMostBytes) throw Refuse{400, "Message is longer than 32000 bytes."};
  const auto problems = schema_->problems(asked.body);
  if (!problems.empty()) throw Refuse{400, problems.front()};

  const auto message = Poco::JSON::Parser().parse(asked.body).extract<Object::Ptr>();
  for (const auto& [name, value] : *message) {
    if (schema_->types().at("Message").at(name).starts_with("out ")) into.ignored.push_back(name);
  }
  for (const std::string needs_app : {"accessoryWidgets", "privateMessageViewer", "attachment"}) {
    if (message->has(needs_app) && !into.as_app)
      throw Refuse{403, needs_app + " is not for webhooks."};
  }
  into.text = text_of(*message, "text");
  if (characters(into.text) > kMostText) {
    throw Refuse{400, "Message is longer than 4096 characters."};
  }
  const Array::Ptr cards = message->getArray("cardsV2");
  if (into.text.empty() && (!cards || cards->empty()) && !message->has("cards")) {
    throw Refuse{400, "Message cannot be empty."};
  }
  if (cards) {
    const auto wrong = card_problems(*cards);
    if (!wrong.empty()) throw Refuse{400, wrong.front()};
    if (!rules_.takes_cards) throw Refuse{400, "Invalid card."};
    std::ostringstream out;
    cards->stringify(out);
    into.cards = out.str();
  }
  if (const Object::Ptr thread = message->getObject("thread")) {
    if (thread->has("threadKey")) into.thread_key = text_of(*thread, "threadKey");
    into.thread_name = text_of(*thread, "name");
  }
  if (characters(into.thread_key) > kMostKey) throw Refuse{400, "thread_key is too long."};
  const bool threaded = !into.thread_key.empty() || !into.thread_name.empty();
  const bool replies = into.option == kFallback || into.option == kOrFail;
  if (replies && !threaded) {
    throw Refuse{400, "message_reply_option is set, but there is no thread to reply to."};
  }
}

ChatMessage* ChatSpace::already(const Draft& draft) {
  if (rules_.request_ids && !draft.request_id.empty()) {
    const auto found = requests_.find({draft.token, draft.request_id});
    if (found != requests_.end()) return &messages_.at(found->second);
  }
  if (client_ids_.contains(draft.message_id)) {
    throw Refuse{409, "The message " + draft.message_id + " is there already.", false};
  }
  return nullptr;
}

// Only writes that are taken use the quota up.
void ChatSpace::hold_to_quota(SteadyTime at) {
  if (rules_.quota && last_write_ && at - *last_write_ < rules_.write_spacing) {
    throw Refuse{429, "Resource has been exhausted (e.g. check quota).", false};
  }
  last_write_ = std::max(at, last_write_.value_or(at));
}

// The thread's name; empty and `is_new` where there is none yet.
std::string ChatSpace::find_thread(const Draft& draft, bool& is_new) const {
  is_new = true;
  if (draft.option != kFallback && draft.option != kOrFail) return {};
  if (!draft.thread_name.empty()) {
    const auto is_there = [&](const ChatMessage& m) { return m.thread == draft.thread_name; };
    if (std::none_of(messages_.begin(), messages_.end(), is_there) ||
        deleted_threads_.contains(draft.thread_name)) {
      throw Refuse{rules_.lost_thread, "invalid thread resource name", false};
    }
    is_new = false;
    return draft.thread_name;
  }
  const auto found = threads_.find({draft.token, draft.thread_key});
  if (found == threads_.end()) return {};
  is_new = false;
  return found->second;
}

ChatMessage& ChatSpace::make(const Draft& draft, SteadyTime at) {
  bool is_new = true;
  ChatMessage message;
  message.thread = find_thread(draft, is_new);
  if (is_new) {
    message.thread = "spaces/" + rules_.space + "/threads/T" + pad(++last_thread_);
    // Unspecified: a thread of its own, whatever key is given.
    const bool keyed = draft.option == kFallback || draft.option == kOrFail;
    if (keyed) threads_[{draft.token, draft.thread_key}] = message.thread;
  }
  const std::size_t index = messages_.size();
  message.name = "spaces/" + rules_.space + "/messages/T" + pad(last_thread_) + ".M" + pad(index);
  message.thread_key = draft.thread_key;
  message.text = draft.text;
  message.request_id = draft.request_id;
  message.token = draft.token;
  message.client_id = draft.message_id;
  message.cards = draft.cards;
  message.reply = !is_new;
  message.at = at;
  message.ignored = draft.ignored;
  if (!draft.request_id.empty()) requests_[{draft.token, draft.request_id}] = index;
  if (!draft.message_id.empty()) client_ids_[draft.message_id] = index;
  return messages_.emplace_back(std::move(message));
}

}  // namespace tocsin
