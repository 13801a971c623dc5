// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "notify/rigs.h"
#include "support/http_stand_in.h"

namespace tocsin {

// A sink that answers everything alike and keeps what it was asked.
class RigSink {
 public:
  explicit RigSink(const Rig& rig)
      : rig_(rig), http_({{}, [this](const HttpAsked& asked) { return keep(asked); }}) {}
  void reply(HttpReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }
  // The answer's body is the request's own target, as an unkind service would quote it.
  void echo(int status) {
    const std::lock_guard lock(mutex_);
    echo_ = true;
    reply_.status = status;
  }
  // From now on, threads that are there are deleted.
  void delete_threads() {
    const std::lock_guard lock(mutex_);
    for (const SinkExchange& it : messages()) deleted_.insert(rig_.thread_of(it));
  }
  // The messages among what was asked.
  std::vector<SinkExchange> asked() const {
    const std::lock_guard lock(mutex_);
    return messages();
  }
  std::string base_url() const { return http_.base_url(); }
  HttpStandIn& http() { return http_; }

 private:
  static bool is_plain(const HttpReply& reply) {
    return reply.status == 200 && reply.body == "{}" && reply.headers.empty() &&
           reply.way == HttpReply::Way::answer && reply.delay == Millis{0};
  }
  HttpReply keep(const HttpAsked& asked) {
    const std::lock_guard lock(mutex_);
    SinkExchange it;
    static_cast<HttpAsked&>(it) = asked;
    it.number = static_cast<int>(asked_.size()) + 1;
    it.reply = reply_;
    const bool token = rig_.is_message != nullptr && !rig_.is_message(asked);
    if (rig_.taken != nullptr && (token || is_plain(reply_)))
      it.reply = rig_.taken(asked, it.number);
    const std::string status = std::to_string(it.reply.status);
    if (echo_ && !token) {
      it.reply.body = R"({"error": {"code": )" + status + R"(, "message": "no such thing: )" +
                      asked.target + R"(", "status": "NOT_FOUND"}})";
    }
    if (!deleted_.empty() && deleted_.contains(rig_.thread_of(it)))
      it.reply = rig_.no_such_thread();
    asked_.push_back(it);
    return it.reply;
  }
  std::vector<SinkExchange> messages() const {
    std::vector<SinkExchange> out;
    for (const SinkExchange& it : asked_) {
      if (rig_.is_message == nullptr || rig_.is_message(it)) out.push_back(it);
    }
    return out;
  }

  const Rig& rig_;
  mutable std::mutex mutex_;
  std::vector<SinkExchange> asked_;
  std::set<std::string> deleted_;
  HttpReply reply_;
  bool echo_ = false;
  HttpStandIn http_;
};

}  // namespace tocsin
