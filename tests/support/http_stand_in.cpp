// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/http_stand_in.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/String.h>
#include <Poco/ThreadPool.h>

#include <condition_variable>
#include <istream>
#include <iterator>
#include <mutex>

namespace tocsin {
namespace {

namespace net = Poco::Net;

constexpr std::size_t kMostBody = 4 << 20;
constexpr int kMostThreads = 64;
constexpr Millis kLook{20};  // how often a hanging reply looks whether the client has gone

// Told to all that wait when the server stops. Thread-safe.
class Stop {
 public:
  void set(bool stopped) {
    const std::lock_guard lock(mutex_);
    stopped_ = stopped;
    changed_.notify_all();
  }
  // True once stopped; waits at the most so long.
  bool wait(Millis most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return stopped_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

HttpAsked head_of(const net::HTTPServerRequest& request) {
  HttpAsked asked;
  asked.at = std::chrono::steady_clock::now();
  asked.peer_port = request.clientAddress().port();
  asked.method = request.getMethod();
  asked.target = request.getURI();
  for (const auto& [name, value] : request) asked.headers.emplace_back(name, value);
  return asked;
}

std::string body_of(net::HTTPServerRequest& request) {
  std::string body;
  std::istream& in = request.stream();
  char buffer[16384];
  while (body.size() < kMostBody && (in.read(buffer, sizeof buffer) || in.gcount() > 0)) {
    body.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  return body;
}

bool client_has_gone(net::StreamSocket& socket) {
  return socket.poll(Poco::Timespan(0), net::Socket::SELECT_READ) && socket.available() == 0;
}

class Handler final : public net::HTTPRequestHandler {
 public:
  Handler(const HttpStandIn::Judge& judge, Stop& stop) : judge_(judge), stop_(stop) {}

  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    HttpAsked asked = head_of(request);
    net::StreamSocket& socket = dynamic_cast<net::HTTPServerRequestImpl&>(request).socket();
    std::optional<HttpReply> reply;
    if (judge_.head) reply = judge_.head(asked);
    if (!reply) {
      asked.body = body_of(request);
      reply = judge_.whole(asked);
    }
    const bool gone = !wait(*reply, socket);
    if (gone || reply->way != HttpReply::Way::answer) {
      response.setKeepAlive(false);
      socket.shutdown();
      return;
    }
    answer(*reply, response);
  }

 private:
  // False if the client went or the server stopped meanwhile.
  bool wait(const HttpReply& reply, net::StreamSocket& socket) {
    const SteadyTime end = std::chrono::steady_clock::now() + reply.delay;
    const bool for_ever = reply.way == HttpReply::Way::hang;
    while (for_ever || std::chrono::steady_clock::now() < end) {
      if (client_has_gone(socket) || stop_.wait(kLook)) return false;
    }
    return true;
  }

  static void answer(const HttpReply& reply, net::HTTPServerResponse& response) {
    response.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(reply.status));
    response.setContentType("application/json; charset=UTF-8");
    for (const auto& [name, value] : reply.headers) response.set(name, value);
    response.sendBuffer(reply.body.data(), reply.body.size());
  }

  const HttpStandIn::Judge& judge_;
  Stop& stop_;
};

class Factory final : public net::HTTPRequestHandlerFactory {
 public:
  Factory(const HttpStandIn::Judge& judge, Stop& stop) : judge_(judge), stop_(stop) {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new Handler(judge_, stop_);  // Poco deletes it
  }

 private:
  const HttpStandIn::Judge& judge_;
  Stop& stop_;
};

}  // namespace

std::string_view HttpAsked::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (Poco::icompare(key, std::string(name)) == 0) return value;
  }
  return {};
}

class HttpStandIn::Server {
 public:
  explicit Server(Judge judge) : judge_(std::move(judge)) { start(); }
  ~Server() { stop(); }

  void start() {
    if (server_) return;
    stop_.set(false);
    const net::ServerSocket socket(net::SocketAddress("127.0.0.1", port_), 128);
    port_ = socket.address().port();
    Poco::AutoPtr<net::HTTPServerParams> params = new net::HTTPServerParams;
    params->setMaxThreads(kMostThreads);
    params->setMaxQueued(1024);
    params->setKeepAlive(true);
    params->setKeepAliveTimeout(Poco::Timespan(5, 0));
    server_ = std::make_unique<net::HTTPServer>(new Factory(judge_, stop_), pool_, socket, params);
    server_->start();
  }

  void stop() {
    if (!server_) return;
    stop_.set(true);
    server_->stopAll(true);
    pool_.joinAll();
    server_.reset();
  }

  std::uint16_t port() const noexcept { return port_; }

 private:
  Judge judge_;
  Stop stop_;
  Poco::ThreadPool pool_{2, kMostThreads};
  std::uint16_t port_ = 0;
  std::unique_ptr<net::HTTPServer> server_;
};

HttpStandIn::HttpStandIn(Judge judge) : server_(std::make_unique<Server>(std::move(judge))) {}
HttpStandIn::~HttpStandIn() = default;

std::uint16_t HttpStandIn::port() const noexcept {
  return server_->port();
}
std::string HttpStandIn::base_url() const {
  return "http://127.0.0.1:" + std::to_string(port());
}
void HttpStandIn::stop() {
  server_->stop();
}
void HttpStandIn::start() {
  server_->start();
}

}  // namespace tocsin
