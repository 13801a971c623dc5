// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One socket a question, on a port that the kernel chose, connected, so that only that server's
// packets come in and "port unreachable" is heard. What comes in with another number or another
// question is passed over: a late answer to somebody else, or a forgery. So much of it is, and no
// more, that a flood cannot keep the loop busy up to the deadline.
//
// The timer is only an alarm: what is due then, another packet or the end, is decided by the time.
#include "net/dns_exchange.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "net/errno_text.h"
#include "net/stream.h"

namespace tocsin {
namespace {

using asio::ip::udp;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kAskAgain{1};  // doubled each time
constexpr int kMostStrangers = 100;
constexpr std::size_t kLargest = 65535;

std::uint16_t random_id() noexcept {
  std::uint16_t id = 0;
  // Two bytes are there at once as soon as the machine has booted.
  if (getrandom(&id, sizeof id, 0) != sizeof id)
    id = static_cast<std::uint16_t>(steady_clock::now().time_since_epoch().count());
  return id;
}

DnsReply failed(NetError error, std::string text, const std::string& address) {
  DnsReply out;
  out.error = error;
  out.text = std::move(text);
  out.address = address;
  return out;
}

// A server that cannot make sense of the question need not repeat it.
bool belongs(const DnsMessage& message, const DnsQuestion& question, std::uint16_t id) {
  if (message.id != id || !message.response) return false;
  if (!message.has_question) return message.rcode != dns::kNoError || !message.problem.empty();
  return message.question_type == question.type &&
         canonical_dns_name(message.question) == canonical_dns_name(question.name);
}

DnsReply judged(DnsMessage message, std::size_t size, const std::string& address) {
  DnsReply out;
  out.address = address;
  out.size = size;
  if (!message.problem.empty()) {
    out.error = NetError::protocol;
    out.text = with_address("malformed answer: " + std::string(message.problem), address);
  }
  out.message = std::move(message);
  return out;
}

// A question that is being asked by UDP: its socket, and the alarm, which must not outlive it.
struct Asking {
  Asking(const asio::any_io_executor& loop, Resolver::Server server)
      : socket(loop), timer(loop), address(show_address(server.address, server.port)) {}

  // Sends it if it is time to, and twice as long after that once more.
  asio::error_code send_if_due(SteadyTime now) {
    asio::error_code error;
    if (now < again) return error;
    socket.send(asio::buffer(query), 0, error);
    ++packets;
    again = now + pause;
    pause *= 2;
    return error;
  }

  // Cancels whatever the socket waits for then.
  static void alarm(const std::shared_ptr<Asking>& self, SteadyTime at) {
    self->timer.expires_at(at);
    self->timer.async_wait([weak = std::weak_ptr(self)](const asio::error_code& error) {
      const auto alive = weak.lock();
      asio::error_code ignored;  // nothing to cancel is fine
      if (!error && alive) alive->socket.cancel(ignored);
    });
  }

  DnsReply late(SteadyTime deadline) const {
    const auto waited = std::chrono::round<Millis>(deadline - begun);
    return failed(NetError::timeout, net_text(NetError::timeout, address, waited), address);
  }

  udp::socket socket;
  asio::steady_timer timer;
  std::string address;
  std::string query;
  SteadyTime begun = steady_clock::now();
  SteadyTime again = begun;
  steady_clock::duration pause = kAskAgain;
  int packets = 0;
  std::array<char, kLargest> buffer;
};

// Waits for one packet, or for the alarm: no message then. Sends anew when it is time to.
asio::awaitable<std::optional<DnsMessage>> next_message(std::shared_ptr<Asking> asking,
                                                        SteadyTime deadline,
                                                        asio::error_code& error,
                                                        std::size_t& size) {
  error = asking->send_if_due(steady_clock::now());
  if (error) co_return std::nullopt;
  Asking::alarm(asking, std::min(asking->again, deadline));
  auto done = asio::redirect_error(asio::use_awaitable, error);
  size = co_await asking->socket.async_receive(asio::buffer(asking->buffer), done);
  if (error == asio::error::operation_aborted) {
    error.clear();
    co_return std::nullopt;
  }
  if (error) co_return std::nullopt;
  co_return parse_dns_message(std::string_view(asking->buffer.data(), size));
}

}  // namespace

asio::awaitable<DnsReply> DnsExchange::ask_udp(Resolver::Server server, DnsQuestion question,
                                               SteadyTime deadline) {
  const asio::any_io_executor loop = co_await asio::this_coro::executor;
  const auto asking = std::make_shared<Asking>(loop, server);
  const std::string& address = asking->address;
  const udp::endpoint to(server.address, server.port);
  asio::error_code error;
  asking->socket.open(to.protocol(), error);
  if (!error) asking->socket.connect(to, error);

  const std::uint16_t id = random_id();
  asking->query = make_dns_query(question, id);
  DnsReply reply =
      failed(NetError::protocol,
             with_address("what comes back does not belong to the question", address), address);
  for (int strangers = 0; !error && strangers < kMostStrangers;) {
    if (steady_clock::now() >= deadline) {
      reply = asking->late(deadline);
      break;
    }
    std::size_t size = 0;
    std::optional<DnsMessage> message = co_await next_message(asking, deadline, error, size);
    if (message && belongs(*message, question, id)) {
      reply = judged(std::move(*message), size, address);
      phases_.add(Phase::first_byte, micros_between(asking->begun, steady_clock::now()));
      break;
    }
    if (message) ++strangers;
  }
  if (error) {
    reply = failed(net_error_of(error.value()), errno_text(error.value(), address), address);
  }
  reply.packets = asking->packets;
  co_return reply;
}

asio::awaitable<DnsReply> DnsExchange::ask_tcp(Resolver::Server server, DnsQuestion question,
                                               SteadyTime deadline) {
  Stream stream(resolver_, phases_);
  const std::uint16_t id = random_id();
  std::string query = make_dns_query(question, id);
  const std::size_t query_size = query.size();
  query.insert(0, std::string{static_cast<char>(query_size >> 8), static_cast<char>(query_size)});
  const StreamTarget target{server.address.to_string(), server.port};
  StreamStatus status = co_await stream.connect(target, deadline);
  if (status) status = co_await stream.write(query, deadline);
  std::string came;
  std::size_t wanted = 2;
  while (status && came.size() < wanted) {
    status = co_await stream.read(came, wanted - came.size(), deadline);
    if (came.size() < 2) continue;
    wanted = 2 + (static_cast<std::size_t>(static_cast<unsigned char>(came[0])) << 8 |
                  static_cast<unsigned char>(came[1]));
  }
  const std::string address = stream.address();
  if (!status) co_return failed(status.error, status.text, address);
  DnsMessage message = parse_dns_message(std::string_view(came).substr(2));
  // By TCP nothing but an answer to this can come.
  if (!belongs(message, question, id) && message.problem.empty()) {
    message.problem = "it does not belong to the question";
  }
  DnsReply reply = judged(std::move(message), came.size() - 2, address);
  reply.over_tcp = true;
  co_return reply;
}

asio::awaitable<DnsReply> DnsExchange::ask(Resolver::Server server, DnsQuestion question, bool tcp,
                                           SteadyTime deadline) {
  DnsReply reply;
  if (tcp) {
    reply = co_await ask_tcp(server, question, deadline);
  } else {
    reply = co_await ask_udp(server, question, deadline);
  }
  // RFC 6891 section 7: who does not know EDNS says that the format is wrong.
  const DnsMessage& message = reply.message;
  if (question.edns && message.rcode == dns::kFormErr && !message.edns) {
    question.edns = false;
    co_return co_await ask(server, question, tcp, deadline);
  }
  if (tcp || !message.truncated) co_return reply;
  const int packets = reply.packets;
  reply = co_await ask(server, question, true, deadline);
  reply.packets = packets;
  co_return reply;
}

}  // namespace tocsin
