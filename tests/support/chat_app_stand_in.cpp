// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_app_stand_in.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "support/chat_schema.h"

namespace tocsin {
namespace {

const std::string kTokenPath = "/token";

HttpReply not_authenticated() {
  HttpReply reply;
  reply.status = 401;
  reply.body = ChatSpace::envelope(401, "UNAUTHENTICATED",
                                   "Request had invalid authentication credentials. Expected "
                                   "OAuth 2 access token, login cookie or other valid "
                                   "authentication credential.");
  return reply;
}

std::string parameter(const std::string& target, const std::string& name) {
  const std::string all = "&" + target.substr(std::min(target.find('?') + 1, target.size()));
  const auto at = all.find("&" + name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return all.substr(begin, all.find('&', begin) - begin);
}

}  // namespace

std::size_t ChatAppStandIn::Seen::invalid() const {
  const auto count = std::count_if(refused.begin(), refused.end(),
                                   [](const ChatRefusal& refusal) { return refusal.invalid; });
  return static_cast<std::size_t>(count);
}

std::vector<std::string> ChatAppStandIn::Seen::texts(const std::string& thread) const {
  std::vector<std::string> out;
  for (const ChatMessage& message : messages) {
    if (message.thread == thread) out.push_back(message.text);
  }
  return out;
}

// One lock over all of it; the server's threads come in by the judge.
class ChatAppStandIn::Service {
 public:
  explicit Service(ChatSpace::Rules rules)
      : space(std::move(rules), ChatSchema::load()),
        http({{}, [this](const HttpAsked& asked) { return whole(asked); }}) {}

  Seen seen() const {
    return {space.messages(), refused, tokens.refused(), calls, bodies, tokens.given()};
  }
  std::string token_uri() const { return http.base_url() + kTokenPath; }

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  ChatSpace space;
  ChatTokenDesk tokens;
  std::deque<ChatStep> script;
  std::deque<ChatStep> token_script;
  std::vector<std::string> spaces;
  std::vector<std::string> members;
  std::size_t most_a_page = 100;
  std::vector<ChatRefusal> refused;
  std::vector<std::string> calls;
  std::vector<std::string> bodies;
  HttpStandIn http;  // the last: its threads stop before the rest goes

 private:
  static std::optional<ChatStep> next(std::deque<ChatStep>& from) {
    if (from.empty()) return std::nullopt;
    ChatStep step = from.front();
    from.pop_front();
    return step;
  }

  HttpReply whole(const HttpAsked& asked) {
    const std::lock_guard lock(mutex);
    const bool for_token = asked.target == kTokenPath;
    if (!for_token) {
      calls.push_back(asked.method + " " + asked.target);
      bodies.push_back(asked.body);
    }
    const auto step = next(for_token ? token_script : script);
    HttpReply reply = step && !step->take ? step->reply : judged(asked, for_token);
    if (step && step->take) {
      reply.way = step->reply.way;
      reply.delay = step->reply.delay;
    }
    changed.notify_all();
    return reply;
  }

  HttpReply judged(const HttpAsked& asked, bool for_token) {
    if (for_token) return tokens.post(asked, token_uri());
    if (asked.target.find("key=") != std::string::npos) return by_webhook(asked);
    if (!tokens.knows(asked.header("Authorization"))) return not_authenticated();
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    if (path == "/v1/spaces") return list(asked, "spaces", "spaces.list", spaces);
    if (path == "/v1/spaces/" + space.rules().space + "/members") {
      return list(asked, "memberships", "spaces.members.list", members);
    }
    return kept(space.as_app(asked, ChatTokenDesk::kEmail));
  }

  HttpReply by_webhook(const HttpAsked& asked) { return kept(space.post(asked)); }

  HttpReply kept(const ChatSpace::Verdict& verdict) {
    if (verdict.refusal) refused.push_back(*verdict.refusal);
    return verdict.reply;
  }

  HttpReply refuse(const HttpAsked& asked, int status, const std::string& why) {
    refused.push_back({status, why, true, asked.at});
    HttpReply reply;
    reply.status = status;
    reply.body = ChatSpace::envelope(status, ChatSpace::status_word(status), why);
    return reply;
  }

  // A page's token is the number of its first item.
  HttpReply list(const HttpAsked& asked, const std::string& field, const std::string& method,
                 const std::vector<std::string>& items) {
    if (!space.rules().app_is_enabled) return refuse(asked, 404, "Google Chat app not found.");
    const auto schema = ChatSchema::load();
    for (const std::string name : {"pageSize", "pageToken"}) {
      const std::string problem =
          schema->problem_of_parameter(name, parameter(asked.target, name), method);
      if (!problem.empty()) return refuse(asked, 400, problem);
    }
    const std::string size = parameter(asked.target, "pageSize");
    const std::string token = parameter(asked.target, "pageToken");
    const std::size_t asked_for = size.empty() ? 100 : std::stoul(size);
    std::size_t at = token.empty() ? 0 : std::stoul(token.substr(token.find('-') + 1));
    std::string body = "{\"" + field + "\": [";
    const std::size_t end = std::min(items.size(), at + std::min(asked_for, most_a_page));
    for (const std::size_t begin = at; at < end; ++at) {
      body += (at == begin ? "" : ", ") + items[at];
    }
    const std::string more = ", \"nextPageToken\": \"page-" + std::to_string(end) + "\"";
    HttpReply reply;
    reply.body = body + "]" + (end < items.size() ? more : "") + "}";
    return reply;
  }
};

ChatAppStandIn::ChatAppStandIn(ChatSpace::Rules rules)
    : service_(std::make_unique<Service>(std::move(rules))) {}
ChatAppStandIn::~ChatAppStandIn() = default;

std::string ChatAppStandIn::key_file() const {
  const std::lock_guard lock(service_->mutex);
  return service_->tokens.key_file(service_->token_uri());
}
std::string ChatAppStandIn::api_url() const {
  return service_->http.base_url();
}
std::string ChatAppStandIn::space() const {
  return "spaces/" + rules().space;
}
std::string ChatAppStandIn::webhook_url() const {
  const ChatSpace::Rules its = rules();
  return api_url() + "/v1/spaces/" + its.space + "/messages?key=" + its.key +
         "&token=" + its.tokens.front();
}
std::string ChatAppStandIn::settings(const std::string& more) const {
  // A JSON text is a YAML text between single quotes, where only these are doubled.
  std::string key = key_file();
  for (auto at = key.find('\''); at != std::string::npos; at = key.find('\'', at + 2)) {
    key.insert(at, 1, '\'');
  }
  return "{service_account: '" + key + "', space: " + space() + ", api_url: \"" + api_url() + "\"" +
         more + "}";
}
void ChatAppStandIn::script(const ChatStep& step, std::size_t times) {
  const std::lock_guard lock(service_->mutex);
  service_->script.insert(service_->script.end(), times, step);
}
void ChatAppStandIn::script_tokens(const ChatStep& step, std::size_t times) {
  const std::lock_guard lock(service_->mutex);
  service_->token_script.insert(service_->token_script.end(), times, step);
}
void ChatAppStandIn::set_rules(const ChatSpace::Rules& rules) {
  const std::lock_guard lock(service_->mutex);
  service_->space.set_rules(rules);
}
ChatSpace::Rules ChatAppStandIn::rules() const {
  const std::lock_guard lock(service_->mutex);
  return service_->space.rules();
}
void ChatAppStandIn::at_tokens(const std::function<void(ChatTokenDesk&)>& change) {
  const std::lock_guard lock(service_->mutex);
  change(service_->tokens);
}
void ChatAppStandIn::delete_thread(const std::string& name) {
  const std::lock_guard lock(service_->mutex);
  service_->space.delete_thread(name);
}
void ChatAppStandIn::delete_message(const std::string& name) {
  const std::lock_guard lock(service_->mutex);
  service_->space.delete_message(name);
}
void ChatAppStandIn::set_lists(std::vector<std::string> spaces, std::vector<std::string> members,
                               std::size_t most_a_page) {
  const std::lock_guard lock(service_->mutex);
  service_->spaces = std::move(spaces);
  service_->members = std::move(members);
  service_->most_a_page = most_a_page;
}
ChatAppStandIn::Seen ChatAppStandIn::seen() const {
  const std::lock_guard lock(service_->mutex);
  return service_->seen();
}
bool ChatAppStandIn::wait_until(const std::function<bool(const Seen&)>& predicate,
                                Millis timeout) const {
  std::unique_lock lock(service_->mutex);
  return service_->changed.wait_for(lock, timeout, [&] { return predicate(service_->seen()); });
}
void ChatAppStandIn::stop() {
  service_->http.stop();
}
void ChatAppStandIn::start() {
  service_->http.start();
}

}  // namespace tocsin
