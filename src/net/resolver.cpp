// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A monitor must tell "there is no such name" (the target's fault) from "nobody told us" (ours).
// c-ares asks for both families at once and answers when both have ended, which hides two cases:
// one family's question is never answered (a server that drops AAAA), or one failed while the other
// one had no data. So IPv4 is asked for once more by itself when the answer is late, or was "no
// data": only what that says is held against the name.
//
// A changed resolv.conf gives a new channel. Whoever waits for a lookup holds the old one.
#include "net/resolver.h"

#include <ares.h>
#include <sys/stat.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "net/dns_channel.h"
#include "net/errno_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestHost = 253;
// After this long, or after a third of the time there is, IPv4 is asked for by itself.
constexpr Millis kAskAgain{2'000};

// What tells one version of a file from the next.
struct Signature {
  ino_t inode = 0;
  off_t size = 0;
  timespec modified{};
  bool operator==(const Signature& other) const noexcept {
    return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
           modified.tv_nsec == other.modified.tv_nsec;
  }
};

Signature signature_of(const std::string& path) noexcept {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return {};
  return {found.st_ino, found.st_size, found.st_mtim};
}

bool says_there_is_none(int status) noexcept {
  return status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME;
}

// A host name that may go to c-ares, which takes a C string.
bool is_sane(const std::string& host) noexcept {
  const auto bad = [](unsigned char c) { return c <= 0x20 || c == 0x7F; };
  return !host.empty() && host.size() <= kLongestHost + 1 &&
         std::none_of(host.begin(), host.end(), bad);
}

Resolver::Answer no_such_host(const std::string& host) {
  return {NetError::no_such_host, "no such host: " + printable(host, kLongestHost), {}};
}

asio::awaitable<void> settled(std::shared_ptr<DnsWait> wait, SteadyTime until) {
  while (wait->addresses.empty() && wait->open() && std::chrono::steady_clock::now() < until) {
    std::error_code ignored;
    wait->changed.expires_at(until);
    co_await wait->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace

class Resolver::Engine {
 public:
  Engine(asio::io_context& loop, Sources sources) : loop_(loop), sources_(std::move(sources)) {}

  asio::awaitable<Answer> resolve(std::string host, SteadyTime deadline) {
    std::error_code not_literal;
    const auto literal = asio::ip::make_address(host, not_literal);
    if (!not_literal) co_return Answer{NetError::none, {}, {literal}};
    if (!is_sane(host)) co_return no_such_host(host);
    const std::string trouble = refresh();
    if (!channel_) co_return no_channel(host, trouble);

    const auto channel = channel_;
    const auto wait = std::make_shared<DnsWait>(loop_);
    const auto now = std::chrono::steady_clock::now();
    const SteadyTime ask_again =
        now + std::min<SteadyTime::duration>(kAskAgain, (deadline - now) / 3);
    channel->lookup(host, DnsWait::Lookup::both_families, wait);
    co_await settled(wait, ask_again);
    if (wait->addresses.empty() && (wait->open() || wait->both == ARES_ENODATA)) {
      channel->lookup(host, DnsWait::Lookup::ipv4_only, wait);
      co_await settled(wait, deadline);
    }
    co_return answer(host, *channel, *wait);
  }

  std::vector<Server> servers() {
    refresh();
    return channel_ ? channel_->endpoints() : std::vector<Server>();
  }

 private:
  // Makes the channel anew if resolv.conf has changed. Returns why there is none.
  std::string refresh() {
    const auto now = std::chrono::steady_clock::now();
    if (channel_ && now < look_at_) return {};
    look_at_ = now + sources_.look_for_changes;
    const Signature signature = signature_of(sources_.resolv_conf);
    if (channel_ && signature == signature_) return {};
    try {
      channel_ = std::make_shared<DnsChannel>(loop_, sources_);
      signature_ = signature;
    } catch (const std::system_error& error) {
      // The old channel, if there is one, does until the next look.
      lack_ = error.code().value();
      return error.what();
    } catch (const std::runtime_error& error) {
      lack_ = errno;
      return error.what();
    }
    return {};
  }

  Answer no_channel(const std::string& host, const std::string& why) const {
    const NetError kind = net_error_of(lack_);
    if (kind == NetError::out_of_resources) return {kind, errno_text(lack_, {}), {}};
    return {NetError::resolver, "resolver did not answer for " + host + ": " + why, {}};
  }

  static Answer answer(const std::string& host, const DnsChannel& channel, DnsWait& wait) {
    if (!wait.addresses.empty()) return {NetError::none, {}, std::move(wait.addresses)};
    const int status = wait.ipv4 == DnsWait::kNotAsked ? wait.both : wait.ipv4;
    if (says_there_is_none(status) || status == ARES_SUCCESS) return no_such_host(host);
    const int lack = channel.socket_error();
    if (lack != 0 && net_error_of(lack) == NetError::out_of_resources) {
      return {NetError::out_of_resources, errno_text(lack, {}), {}};
    }
    std::string text = "resolver did not answer for " + printable(host, kLongestHost);
    if (status == ARES_ECONNREFUSED) {
      text += ": it failed, refused or is not there";  // c-ares tells these no more apart
    } else if (status != DnsWait::kUnanswered && status != ARES_ETIMEOUT) {
      text += std::string(": ") + ares_strerror(status);
    }
    return {NetError::resolver, with_address(std::move(text), channel.servers()), {}};
  }

  asio::io_context& loop_;
  Sources sources_;
  std::shared_ptr<DnsChannel> channel_;
  Signature signature_;
  SteadyTime look_at_{};
  int lack_ = 0;
};

Resolver::Resolver(asio::io_context& loop) : Resolver(loop, Sources{}) {}

Resolver::Resolver(asio::io_context& loop, Sources sources)
    : engine_(std::make_unique<Engine>(loop, std::move(sources))) {}

Resolver::~Resolver() = default;

asio::awaitable<Resolver::Answer> Resolver::resolve(std::string host, SteadyTime deadline) {
  return engine_->resolve(std::move(host), deadline);
}

std::vector<Resolver::Server> Resolver::servers() {
  return engine_->servers();
}

std::string show_address(const asio::ip::address& address, std::uint16_t port) {
  std::string out = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return out += ":" + std::to_string(port);
}

}  // namespace tocsin
