// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/server.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/ThreadPool.h>
#include <fcntl.h>

#include <array>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "util/log.h"
#include "util/text.h"
#include "web/handlers.h"
#include "web/listen.h"
#include "web/lobby.h"

// Threads and limits.
//
// Poco's HTTPServer gives each connection a thread of its pool for as long as the connection lasts,
// with a timeout for each receive and send but none for the whole: a client that sends a byte every
// few seconds, or reads one, keeps its thread. Sixteen such clients stop Poco's default pool; sixty
// stop a pool of sixty. So no thread waits for a client here:
//
//   * Poco's accepting thread polls and accepts on a ServerSocketImpl of ours that is a Lobby
//     (lobby.cpp). A connection is handed to Poco only when its request's head has arrived whole,
//     so that Poco's blocking read of it returns at once.
//   * Poco parses, and a thread of the pool (up to 16, made on demand, gone after 10 s of idleness)
//     runs the handler and sends what the socket takes. What is left is the lobby's again.
//   * A body is read only after the request was found to be allowed: whoever can hold a thread by a
//     slow body holds the admin token or a check's secret, and 5 s at the most.
//   * One request a connection. Keep-alive would save loopback clients little and would need the
//     lobby to take connections back from Poco.
//
// The limits: head 16 KiB (431) within 10 s (408), at most 100 header fields of 8 KiB (Poco, 400),
// path and query 8 KiB (414), body 64 KiB (413), an answer within 30 s of its first byte, 1,024
// waiting connections and 64 MiB of unsent answers (beyond, who waits longest is dropped), 1,024
// requests queued for a thread (beyond, closed). Stopping takes up to a quarter of a second for
// Poco to notice, a quarter for threads that wait for their next request (Poco 1.11's stop() wakes
// one of them only: pocoproject/poco #3797), and a second more at the most for answers under way.
//
// Handlers see values only (http.h); everything of Poco's that is about serving stays in this file.

namespace tocsin {
namespace {

namespace pn = Poco::Net;

constexpr int kMostThreads = 16;
constexpr int kThreadIdleSeconds = 10;
constexpr Millis kWaitForNext{250};
constexpr int kStackSize = 1 << 20;  // reserved, not touched
constexpr int kMostQueued = 1024;    // all jobs of a site begin on the full hour
constexpr Millis kBodyTime{5'000};
constexpr Millis kStopTime{1'000};
constexpr std::size_t kMostLog = 16U << 20U;

SteadyTime steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

// The answer as it goes over the wire. HEAD: the same without its body.
std::string wire(pn::HTTPResponse& out, const Response& response, bool with_body) {
  out.setStatusAndReason(static_cast<pn::HTTPResponse::HTTPStatus>(response.status),
                         std::string(status_title(response.status)));
  for (const auto& [name, value] : response.headers) out.set(name, value);
  if (!response.content_type.empty()) out.setContentType(response.content_type);
  if (response.status != 304) {
    out.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
  }
  out.setKeepAlive(false);
  std::ostringstream head;
  out.write(head);
  std::string bytes = std::move(head).str();
  if (with_body) bytes += response.body;
  return bytes;
}

std::string whole_refusal(int status, std::string_view detail) {
  Response response = problem(status, detail);
  finish(response, Request{});
  pn::HTTPResponse out;
  out.setVersion(pn::HTTPMessage::HTTP_1_1);
  return wire(out, response, true);
}

Lobby::Refusals refusals() {
  return {whole_refusal(400, "this is no HTTP/1.x request"),
          whole_refusal(408, "the request did not arrive in time"),
          whole_refusal(431, "the request line and the headers may have 16 KiB together")};
}

// What Poco's accepting thread polls and accepts on: connections whose request's head has come.
class LobbySocket final : public pn::ServerSocketImpl {
 public:
  explicit LobbySocket(Lobby& lobby) : lobby_(lobby) {}

  void open(const pn::SocketAddress& address, SocketFile* file) {
    // Poco would set SO_REUSEPORT too, and a second daemon would silently share the port.
    bind(address, true, false);
    ::fcntl(sockfd(), F_SETFD, FD_CLOEXEC);
    if (file != nullptr) file->bound();
    listen(kMostQueued);
    lobby_.listen_on(sockfd());
  }
  bool poll(const Poco::Timespan& timeout, int) override {
    return lobby_.wait(Millis{timeout.totalMilliseconds()});
  }
  pn::SocketImpl* acceptConnection(pn::SocketAddress&) override {
    const int socket = lobby_.take();
    if (socket < 0) throw Poco::TimeoutException();
    return new pn::StreamSocketImpl(socket);
  }

 private:
  Lobby& lobby_;
};

// ServerSocket takes an implementation by a protected constructor only.
class ServerSocket final : public pn::ServerSocket {
 public:
  explicit ServerSocket(LobbySocket* implementation) : pn::ServerSocket(implementation, true) {}
};

Request read_head(const pn::HTTPServerRequest& in, int socket) {
  Request request;
  request.method = in.getMethod();
  request.target = in.getURI();
  for (const auto& [name, value] : in) request.headers.emplace_back(to_lower(name), value);
  request.peer = peer_of(socket);
  return request;
}

// False if it did not come whole in time.
bool read_body(std::istream& in, std::size_t size, std::string& body) {
  const SteadyTime until = steady_now() + kBodyTime;
  body.reserve(size);
  // peek() receives once; then what is buffered is taken without receiving again.
  while (body.size() < size && in.peek() != std::char_traits<char>::eof()) {
    if (steady_now() > until) return false;
    const auto buffered = static_cast<std::size_t>(in.rdbuf()->in_avail());
    const std::size_t count = std::min(buffered, size - body.size());
    const std::size_t before = body.size();
    body.resize(before + count);
    in.read(body.data() + before, static_cast<std::streamsize>(count));
  }
  return body.size() == size;
}

// What a job sends along, the end of it if it is long; false if there is more than was waited for.
// A body that announces neither its length nor chunks (curl -X POST without data) is none.
bool read_tail(std::istream& in, Request& request) {
  const bool announced =
      request.count_of("content-length") > 0 || request.count_of("transfer-encoding") > 0;
  if (!announced) return true;
  const SteadyTime until = steady_now() + kBodyTime;
  std::size_t total = 0;
  while (in.peek() != std::char_traits<char>::eof()) {
    if (steady_now() > until || total > kMostLog) return false;
    std::array<char, 4096> part;
    const std::streamsize count = in.readsome(part.data(), part.size());
    total += static_cast<std::size_t>(count);
    request.body.append(part.data(), static_cast<std::size_t>(count));
    if (request.body.size() > 2 * kMostBody) request.body.erase(0, request.body.size() - kMostBody);
  }
  return true;
}

class Handler final : public pn::HTTPRequestHandler {
 public:
  Handler(const Router& router, Lobby& lobby) : router_(router), lobby_(lobby) {}

  void handleRequest(pn::HTTPServerRequest& in, pn::HTTPServerResponse& out) override {
    try {
      serve(in, out);
    } catch (const std::exception& error) {
      // Nothing can be answered any more; Poco closes the connection.
      log(LogLevel::error, "web_request_failed", "reason", error.what());
    }
  }

 private:
  void serve(pn::HTTPServerRequest& in, pn::HTTPServerResponse& out) {
    const int socket = static_cast<pn::HTTPServerRequestImpl&>(in).socket().impl()->sockfd();
    Request request = read_head(in, socket);
    const bool has_body = announced_length(request).value_or(0) > 0 ||
                          request.count_of("content-length") > 1 ||
                          request.count_of("transfer-encoding") > 0;
    bool body_left = has_body;
    Response response = answer(request, in, body_left);
    finish(response, request);
    log(LogLevel::debug, "web_request", "method", request.method, "path", request.path, "status",
        response.status);
    lobby_.send(socket, wire(out, response, request.method != "HEAD"), body_left);
  }

  Response answer(Request& request, pn::HTTPServerRequest& in, bool& body_left) const {
    Router::Admission admission = router_.admit(request);
    if (admission.refusal) return std::move(*admission.refusal);
    if (admission.route->access == Access::secret) {
      body_left = !read_tail(in.stream(), request);
    } else if (admission.route->method == "POST") {
      if (!read_body(in.stream(), announced_length(request).value_or(0), request.body)) {
        return problem(408, "the body did not arrive whole in time");
      }
      body_left = false;
    }
    return router_.run(*admission.route, request);
  }

  const Router& router_;
  Lobby& lobby_;
};

class HandlerFactory final : public pn::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(const Router& router, Lobby& lobby) : router_(router), lobby_(lobby) {}
  pn::HTTPRequestHandler* createRequestHandler(const pn::HTTPServerRequest&) override {
    return new Handler(router_, lobby_);
  }

 private:
  const Router& router_;
  Lobby& lobby_;
};

pn::HTTPServerParams::Ptr parameters() {
  pn::HTTPServerParams::Ptr out = new pn::HTTPServerParams;
  out->setKeepAlive(false);
  out->setTimeout(Poco::Timespan(kBodyTime.count() * 1000));
  out->setMaxThreads(kMostThreads);
  out->setMaxQueued(kMostQueued);
  out->setThreadIdleTime(Poco::Timespan(kWaitForNext.count() * 1000));
  return out;
}

pn::SocketAddress resolve(const ListenAddress& listen) {
  if (listen.is_unix()) return {pn::SocketAddress::UNIX_LOCAL, listen.socket_path};
  return {listen.host, listen.port};
}

std::string in_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

}  // namespace

class WebServer::Impl {
 public:
  Impl(const WebSettings& settings, std::span<const Route> routes, Services services)
      : listen_(parse_listen(settings.listen)),
        lobby_(Lobby::Limits{}, refusals()),
        pool_("web", 1, kMostThreads, kThreadIdleSeconds, kStackSize) {
    if (listen_.is_unix()) file_.emplace(listen_.socket_path);
    open();
    router_.emplace(routes, Guard(guard_settings(settings)), services);
    server_.emplace(new HandlerFactory(*router_, lobby_), pool_, socket_, parameters());
    server_->start();
  }

  ~Impl() {
    server_->stop();
    pool_.joinAll();
    lobby_.stop_listening();
    const SteadyTime until = steady_now() + kStopTime;
    while (lobby_.unfinished_answers() > 0 && steady_now() < until && !lobby_.wait(Millis{50})) {
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string address() const {
    if (listen_.is_unix()) return "unix:" + listen_.socket_path;
    return "http://" + in_brackets(listen_.host) + ":" + std::to_string(bound_.port());
  }

 private:
  void open() {
    try {
      implementation_->open(resolve(listen_), file_ ? &*file_ : nullptr);
      bound_ = socket_.address();
    } catch (const Poco::Exception& error) {
      const std::string place =
          listen_.is_unix() ? "unix:" + listen_.socket_path
                            : in_brackets(listen_.host) + ":" + std::to_string(listen_.port);
      throw std::runtime_error("web: cannot listen on " + place + ": " + error.displayText());
    }
  }

  GuardSettings guard_settings(const WebSettings& settings) const {
    GuardSettings out;
    out.host = listen_.host;
    out.read_token = settings.read_token;
    out.admin_token = settings.admin_token;
    if (listen_.is_unix()) {
      out.where = GuardSettings::Where::unix_socket;
    } else {
      out.port = bound_.port();
      if (!bound_.host().isLoopback()) out.where = GuardSettings::Where::elsewhere;
    }
    return out;
  }

  const ListenAddress listen_;
  Lobby lobby_;
  Poco::ThreadPool pool_;
  std::optional<SocketFile> file_;
  LobbySocket* implementation_ = new LobbySocket(lobby_);  // owned by socket_
  ServerSocket socket_{implementation_};
  pn::SocketAddress bound_;
  std::optional<Router> router_;
  std::optional<pn::HTTPServer> server_;
};

WebServer::WebServer(const WebSettings& settings, Control& control, Store& store,
                     HeartbeatDoor& heartbeats)
    : WebServer(settings, control, store, heartbeats, web_routes()) {}

WebServer::WebServer(const WebSettings& settings, Control& control, Store& store,
                     HeartbeatDoor& heartbeats, std::span<const Route> routes)
    : impl_(std::make_unique<Impl>(settings, routes, Services{control, store, heartbeats})) {}

WebServer::~WebServer() = default;

std::string WebServer::address() const {
  return impl_->address();
}

}  // namespace tocsin
