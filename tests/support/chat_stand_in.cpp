// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_stand_in.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace tocsin {

ChatStep ChatStep::error(int code, std::optional<std::string> retry_after,
                         const std::string& message) {
  ChatStep step;
  step.reply.status = code;
  step.reply.body = ChatSpace::envelope(code, ChatSpace::status_word(code), message);
  if (retry_after) step.reply.headers.emplace_back("Retry-After", *retry_after);
  return step;
}

ChatStep ChatStep::slow(Millis delay) {
  ChatStep step;
  step.take = true;
  step.reply.body.clear();  // the service's own answer, later
  step.reply.delay = delay;
  return step;
}

std::size_t ChatStandIn::Seen::invalid() const {
  const auto count = std::count_if(refused.begin(), refused.end(),
                                   [](const ChatRefusal& refusal) { return refusal.invalid; });
  return static_cast<std::size_t>(count);
}

std::vector<std::string> ChatStandIn::Seen::texts(const std::string& thread_key) const {
  std::vector<std::string> out;
  for (const ChatMessage& message : messages) {
    if (message.thread_key == thread_key) out.push_back(message.text);
  }
  return out;
}

std::vector<std::string> ChatStandIn::Seen::threads(const std::string& thread_key) const {
  std::vector<std::string> out;
  for (const ChatMessage& message : messages) {
    const bool known = std::find(out.begin(), out.end(), message.thread) != out.end();
    if (message.thread_key == thread_key && !known) out.push_back(message.thread);
  }
  return out;
}

// One lock over the space, the script and the records; the server's threads come in by the judge.
class ChatStandIn::Service {
 public:
  explicit Service(Rules rules)
      : space_(std::move(rules), ChatSchema::load()),
        http_({[this](const HttpAsked& asked) { return head(asked); },
               [this](const HttpAsked& asked) { return whole(asked); }}) {}

  void script(const ChatStep& step, std::size_t times) {
    const std::lock_guard lock(mutex_);
    script_.insert(script_.end(), times, step);
  }
  void always(std::optional<ChatStep> step) {
    const std::lock_guard lock(mutex_);
    always_ = std::move(step);
  }
  void set_rules(Rules rules) {
    const std::lock_guard lock(mutex_);
    space_.set_rules(std::move(rules));
  }
  Rules rules() const {
    const std::lock_guard lock(mutex_);
    return space_.rules();
  }
  Seen seen() const {
    const std::lock_guard lock(mutex_);
    return seen_locked();
  }
  bool wait_until(const std::function<bool(const Seen&)>& predicate, Millis timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return predicate(seen_locked()); });
  }

  HttpStandIn& http() noexcept { return http_; }

 private:
  Seen seen_locked() const { return {space_.messages(), refused_, requests_}; }

  const ChatStep* next_step() const {
    if (!script_.empty()) return &script_.front();
    return always_ ? &*always_ : nullptr;
  }

  std::optional<HttpReply> head(const HttpAsked&) {
    const std::lock_guard lock(mutex_);
    const ChatStep* step = next_step();
    if (step == nullptr || !step->unread) return std::nullopt;
    ++requests_;
    changed_.notify_all();
    HttpReply reply = step->reply;
    if (!script_.empty()) script_.pop_front();
    return reply;
  }

  HttpReply whole(const HttpAsked& asked) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    changed_.notify_all();
    const ChatStep* next = next_step();
    if (next == nullptr) return judged(asked);
    const ChatStep step = *next;
    if (!script_.empty()) script_.pop_front();
    if (!step.take) return step.reply;
    HttpReply real = judged(asked);
    HttpReply reply = step.reply;
    if (reply.body.empty()) {
      reply.status = real.status;
      reply.body = std::move(real.body);
    }
    return reply;
  }

  HttpReply judged(const HttpAsked& asked) {
    ChatSpace::Verdict verdict = space_.post(asked);
    if (verdict.refusal) refused_.push_back(*verdict.refusal);
    return verdict.reply;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  ChatSpace space_;
  std::deque<ChatStep> script_;
  std::optional<ChatStep> always_;
  std::vector<ChatRefusal> refused_;
  std::size_t requests_ = 0;
  HttpStandIn http_;  // the last: its threads stop before the rest goes
};

ChatStandIn::ChatStandIn(Rules rules) : service_(std::make_unique<Service>(std::move(rules))) {}
ChatStandIn::~ChatStandIn() = default;

std::uint16_t ChatStandIn::port() const noexcept {
  return service_->http().port();
}
std::string ChatStandIn::webhook_url(std::size_t token) const {
  const Rules rules = service_->rules();
  return service_->http().base_url() + "/v1/spaces/" + rules.space + "/messages?key=" + rules.key +
         "&token=" + rules.tokens.at(token);
}
void ChatStandIn::script(const ChatStep& step, std::size_t times) {
  service_->script(step, times);
}
void ChatStandIn::always(std::optional<ChatStep> step) {
  service_->always(std::move(step));
}
void ChatStandIn::set_rules(Rules rules) {
  service_->set_rules(std::move(rules));
}
ChatStandIn::Seen ChatStandIn::seen() const {
  return service_->seen();
}
bool ChatStandIn::wait_for(std::size_t messages, Millis timeout) const {
  const auto enough = [&](const Seen& seen) { return seen.messages.size() >= messages; };
  return wait_until(enough, timeout);
}
bool ChatStandIn::wait_until(const std::function<bool(const Seen&)>& predicate,
                             Millis timeout) const {
  return service_->wait_until(predicate, timeout);
}
void ChatStandIn::stop() {
  service_->http().stop();
}
void ChatStandIn::start() {
  service_->http().start();
}

}  // namespace tocsin
