// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "probe/probe_fixture.h"
#include "probe/prober.h"
#include "probe/probe_tools.h"
#include "support/dns_server.h"
#include "support/on_loop.h"
#include "support/raw_server.h"

namespace tocsin {

// The keys of a check of this URL, the further ones of `http` in flow style.
inline std::string http(const std::string& url, const std::string& more = "",
                        const std::string& timeout = "5s") {
  return "timeout: " + timeout + ", http: {url: '" + url + "'" + (more.empty() ? "" : ", ") + more +
         "}";
}

inline Result look(const std::string& url, const std::string& more = "") {
  return probe(http(url, more));
}

// A server that gives this answer to whoever asks.
struct Answers {
  explicit Answers(const std::string& status, const std::string& headers = "",
                   const std::string& body = "")
      : server(answer_with(http_answer(status, headers, body))) {}

  // The verdict and the reason of a look that expects this.
  std::string look_for(const std::string& expect) const {
    const Result result = look(server.url("/"), "redirects: 0, expect: {" + expect + "}");
    return std::string(to_string(result.verdict)) + ": " + result.reason;
  }
  std::string down(const std::string& reason) const {
    return "down: " + reason + " (" + server.address() + ")";
  }

  RawServer server;
};

inline const std::string kUp = "up: ";

inline std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// A server that remembers what it was asked, and answers by the path.
class Site {
 public:
  explicit Site(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {}

  void add(const std::string& path, std::string answer) {
    const std::scoped_lock lock(mutex_);
    answers_[path] = std::move(answer);
  }
  std::string url(const std::string& path) const { return server_.url(path); }
  std::string address() const { return server_.address(); }
  // The heads of the requests so far, in order.
  std::vector<std::string> asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  void serve(RawConnection& connection) {
    const std::string head = connection.read_head();
    const auto at = head.find("Content-Length: ");
    std::string body;
    if (at != std::string::npos) body = connection.read_exactly(std::stoul(head.substr(at + 16)));
    std::unique_lock lock(mutex_);
    asked_.push_back(head + body);
    const auto begin = head.find(' ') + 1;
    const auto found = answers_.find(head.substr(begin, head.find(' ', begin) - begin));
    const std::string answer =
        found == answers_.end() ? http_answer("404 Not Found", "", "") : found->second;
    lock.unlock();
    connection.send(answer);
  }

  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> asked_;
  RawServer server_{[this](RawConnection& connection) { serve(connection); }};
};

inline std::string redirect(const std::string& status, const std::string& to) {
  return http_answer(status, "Location: " + to + "\r\n", "");
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// One look with a resolver that asks the DNS server given.
inline Result look_with(const DnsServer& dns, const TempDir& dir, const std::string& keys,
                        Millis timeout = std::chrono::seconds{5}) {
  const CheckPtr check = make_check(keys);
  ProbeTools tools([](std::uint32_t) {}, dns.sources(dir));
  const SystemClock clock;
  ProbeContext context = tools.context(clock, clock.steady() + timeout);
  context.explain = true;
  return on_loop(tools.loop(), check->prober->probe(context));
}

}  // namespace tocsin
