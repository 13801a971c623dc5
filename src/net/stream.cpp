// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One coroutine a probe waits here, one operation at a time, and one timer cuts whatever it waits
// for: the timer's handler cancels the socket, and the operation then ends with an error that
// `failure` turns into a timeout because `cut_` is set. The timer is armed when the deadline
// differs from the armed one, so a probe that gives every call its own deadline arms it once, and
// more only where several addresses share the time. The handler may be queued already when the
// stream goes: it holds the engine weakly.
//
// OpenSSL refuses a certificate deep inside the handshake. What was wrong with it is noted down in
// the verify callback, and so is the day it ends: after a failed handshake nobody could ask any
// more.
#include "net/stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <asio/connect.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "net/errno_text.h"
#include "net/stream_find.h"
#include "net/tls_contexts.h"
#include "net/tls_text.h"
#include "util/system_clock.h"

namespace tocsin {
namespace {

using Tcp = asio::ip::tcp;
using Socket = asio::generic::stream_protocol::socket;  // TCP or unix
using Endpoint = asio::generic::stream_protocol::endpoint;
using TlsSocket = asio::ssl::stream<Socket&>;
using std::chrono::steady_clock;

constexpr std::size_t kReadAtOnce = 16 * 1024;  // a TLS record

}  // namespace

class Stream::Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(Resolver& resolver, Phases& phases) : resolver_(resolver), phases_(phases) {}

  asio::awaitable<StreamStatus> connect(StreamTarget target, SteadyTime deadline);
  asio::awaitable<StreamStatus> start_tls(TlsSettings tls, SteadyTime deadline);
  asio::awaitable<StreamStatus> write(std::string_view data, SteadyTime deadline);
  asio::awaitable<StreamStatus> read(std::string& into, std::size_t most, SteadyTime deadline);

  const std::string& address() const noexcept { return address_; }
  std::optional<int> certificate_days() const noexcept { return certificate_days_; }
  std::string tls_version() const;
  const TlsPeer& peer() const noexcept { return peer_; }

 private:
  asio::awaitable<StreamStatus> try_addresses(Resolver::Answer found, std::uint16_t port,
                                              SteadyTime deadline);
  asio::awaitable<StreamStatus> try_unix(std::string path, SteadyTime deadline);
  asio::awaitable<StreamStatus> try_endpoint(Endpoint endpoint, SteadyTime deadline);
  StreamStatus set_up_tls(const TlsSettings& tls);
  bool note_certificate(bool fine, X509_STORE_CTX* context);
  StreamStatus handshake_failure(const asio::error_code& error) const;
  StreamStatus failure(const asio::error_code& error, NetError late) const;
  StreamStatus not_connected() const;

  void arm(SteadyTime deadline);
  void time(Phase phase, SteadyTime from) { phases_.add(phase, micros_between(from, now())); }
  static SteadyTime now() noexcept { return steady_clock::now(); }

  Resolver& resolver_;
  Phases& phases_;
  std::optional<Socket> socket_;
  std::unique_ptr<TlsSocket> tls_;  // uses socket_: below it
  std::optional<asio::steady_timer> timer_;
  SteadyTime armed_for_{};
  bool cut_ = false;  // the deadline has passed
  bool is_unix_ = false;

  SteadyTime first_use_{};
  SteadyTime begun_{};          // of the call that runs
  SteadyTime waiting_since_{};  // for the first byte
  bool first_byte_seen_ = false;
  std::string host_;
  std::string address_;
  std::string tls_name_;
  std::optional<CertificateProblem> problem_;
  std::optional<int> certificate_days_;
  bool examines_ = false;
  TlsPeer peer_;
};

// --- deadlines and failures
// -------------------------------------------------------------------------

void Stream::Engine::arm(SteadyTime deadline) {
  begun_ = now();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  cut_ = false;
  timer_->expires_at(deadline);
  timer_->async_wait([weak = weak_from_this(), deadline](const asio::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->armed_for_ != deadline) return;
    self->cut_ = true;
    asio::error_code ignored;  // a socket that is closed already has nothing to cancel
    self->socket_->cancel(ignored);
  });
}

StreamStatus Stream::Engine::failure(const asio::error_code& error, NetError late) const {
  if (cut_) return {late, net_text(late, address_, waited_for_people(armed_for_ - first_use_))};
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return {NetError::closed, net_text(NetError::closed, address_)};
  }
  if (error.category() == asio::error::get_ssl_category()) {
    return {NetError::tls,
            with_address(handshake_text(static_cast<unsigned long>(error.value())), address_)};
  }
  // What Asio makes of connect(2)'s EAGAIN on a unix socket.
  if (error == asio::error::no_buffer_space && is_unix_) {
    return {NetError::refused, with_address("connection refused: its queue is full", address_)};
  }
  NetError kind = net_error_of(error.value());
  if (kind != NetError::connect_timeout) return {kind, errno_text(error.value(), address_)};
  return {late, net_text(late, address_)};  // the kernel gave up before we did
}

StreamStatus Stream::Engine::not_connected() const {
  return {NetError::closed, net_text(NetError::closed, address_)};
}

// --- connect
// ----------------------------------------------------------------------------------------

asio::awaitable<StreamStatus> Stream::Engine::connect(StreamTarget target, SteadyTime deadline) {
  const asio::any_io_executor loop = co_await asio::this_coro::executor;
  socket_.emplace(loop);
  timer_.emplace(loop);
  host_ = target.host;
  first_use_ = now();
  if (!target.unix_socket.empty()) co_return co_await try_unix(target.unix_socket, deadline);
  Resolver::Answer found =
      co_await find_addresses(resolver_, target.host, target.family, phases_, deadline);
  if (found.error != NetError::none) co_return StreamStatus{found.error, found.error_text};
  co_return co_await try_addresses(std::move(found), target.port, deadline);
}

asio::awaitable<StreamStatus> Stream::Engine::try_addresses(Resolver::Answer found,
                                                            std::uint16_t port,
                                                            SteadyTime deadline) {
  const SteadyTime begun = now();
  StreamStatus worst{NetError::no_such_host, "no such host: " + host_};
  std::string worst_address;
  for (std::size_t i = 0; i < found.addresses.size(); ++i) {
    const SteadyTime share = share_of(deadline, now(), found.addresses.size() - i);
    const Tcp::endpoint endpoint(found.addresses[i], port);
    address_ = show_address(endpoint.address(), endpoint.port());
    StreamStatus status = co_await try_endpoint(endpoint, share);
    if (status) {
      time(Phase::connect, begun);
      waiting_since_ = now();
      co_return status;
    }
    if (worst_address.empty() || weight_of(status.error) > weight_of(worst.error)) {
      worst = std::move(status);
      worst_address = address_;
    }
  }
  time(Phase::connect, begun);
  address_ = worst_address;
  co_return worst;
}

asio::awaitable<StreamStatus> Stream::Engine::try_unix(std::string path, SteadyTime deadline) {
  const SteadyTime begun = now();
  address_ = "unix:" + path;
  is_unix_ = true;
  const asio::local::stream_protocol::endpoint endpoint(path);
  StreamStatus status = co_await try_endpoint(endpoint, deadline);
  time(Phase::connect, begun);
  waiting_since_ = now();
  co_return status;
}

asio::awaitable<StreamStatus> Stream::Engine::try_endpoint(Endpoint endpoint, SteadyTime deadline) {
  asio::error_code error;
  socket_->close(error);
  socket_->open(endpoint.protocol(), error);
  if (error) co_return failure(error, NetError::connect_timeout);
  arm(deadline);
  if (cut_) co_return failure(error, NetError::connect_timeout);
  co_await socket_->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure(error, NetError::connect_timeout);
  co_return StreamStatus{};
}

// --- TLS
// --------------------------------------------------------------------------------------------

bool Stream::Engine::note_certificate(bool fine, X509_STORE_CTX* context) {
  if (!certificate_days_) {
    const CertificateFacts own = certificate_facts(X509_STORE_CTX_get0_cert(context));
    certificate_days_ = days_left(own.not_after, SystemClock().wall());
  }
  if (examines_) note_chain(context, peer_);
  if (!fine && !problem_ && !examines_) problem_ = certificate_problem(context);
  return fine;
}

StreamStatus Stream::Engine::set_up_tls(const TlsSettings& tls) {
  std::shared_ptr<SSL_CTX> context;
  try {
    auto& contexts = asio::use_service<TlsContexts>(socket_->get_executor().context());
    context = contexts.get(tls.ca_file);
  } catch (const std::exception& error) {
    return {NetError::out_of_resources, error.what()};
  }
  SSL* ssl = SSL_new(context.get());
  if (ssl == nullptr) return {NetError::out_of_resources, "OpenSSL is out of memory"};
  tls_ = std::make_unique<TlsSocket>(*socket_, ssl);  // owns ssl from here on

  tls_name_ = tls.server_name.empty() ? host_ : tls.server_name;
  // OpenSSL takes every certificate for an empty name.
  if (tls_name_.empty()) tls_name_ = "localhost";
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_literal_address(tls_name_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls_name_.c_str());
  } else {
    // What OpenSSL's macro does, without its C cast.
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, tls_name_.data());
    SSL_set1_host(ssl, tls_name_.c_str());
  }
  examines_ = tls.examine;
  if (examines_) prepare_to_examine(ssl, tls.most_tls, peer_);
  asio::error_code error;
  const bool verify = tls.verify && !examines_;
  tls_->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
  tls_->set_verify_callback(
      [this](bool fine, asio::ssl::verify_context& found) {
        return note_certificate(fine, found.native_handle());
      },
      error);
  return {};
}

StreamStatus Stream::Engine::handshake_failure(const asio::error_code& error) const {
  if (cut_) return failure(error, NetError::timeout);
  if (problem_ && error.category() == asio::error::get_ssl_category()) {
    const std::string text = certificate_text(*problem_, tls_name_, SystemClock().wall());
    return {NetError::tls, with_address(text, address_)};
  }
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return {NetError::tls,
            with_address("the other side closed during the TLS handshake", address_)};
  }
  return failure(error, NetError::timeout);
}

asio::awaitable<StreamStatus> Stream::Engine::start_tls(TlsSettings tls, SteadyTime deadline) {
  if (!socket_ || !socket_->is_open()) co_return not_connected();
  StreamStatus ready = set_up_tls(tls);
  if (!ready) co_return ready;
  arm(deadline);
  asio::error_code error;
  if (!cut_) {
    co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                   asio::redirect_error(asio::use_awaitable, error));
  }
  time(Phase::tls, begun_);
  waiting_since_ = now();
  if (error || cut_) co_return handshake_failure(error);
  if (examines_) note_staple(tls_->native_handle(), peer_);
  co_return StreamStatus{};
}

std::string Stream::Engine::tls_version() const {
  if (!tls_) return {};
  SSL* ssl = tls_->native_handle();
  return std::string(SSL_get_version(ssl)) + " " + SSL_get_cipher_name(ssl);
}

// --- data
// -------------------------------------------------------------------------------------------

asio::awaitable<StreamStatus> Stream::Engine::write(std::string_view data, SteadyTime deadline) {
  if (!socket_ || !socket_->is_open()) co_return not_connected();
  arm(deadline);
  waiting_since_ = begun_;
  asio::error_code error;
  const auto bytes = asio::buffer(data.data(), data.size());
  auto done = asio::redirect_error(asio::use_awaitable, error);
  if (cut_) co_return failure(error, NetError::timeout);
  if (tls_) {
    co_await asio::async_write(*tls_, bytes, done);
  } else {
    co_await asio::async_write(*socket_, bytes, done);
  }
  if (error) co_return failure(error, NetError::timeout);
  co_return StreamStatus{};
}

asio::awaitable<StreamStatus> Stream::Engine::read(std::string& into, std::size_t most,
                                                   SteadyTime deadline) {
  if (!socket_ || !socket_->is_open()) co_return not_connected();
  arm(deadline);
  asio::error_code error;
  const std::size_t had = into.size();
  if (cut_) co_return failure(error, NetError::timeout);
  into.resize(had + std::min(most, kReadAtOnce));
  const auto room = asio::buffer(into.data() + had, into.size() - had);
  auto done = asio::redirect_error(asio::use_awaitable, error);
  std::size_t came = 0;
  if (tls_) {
    came = co_await tls_->async_read_some(room, done);
  } else {
    came = co_await socket_->async_read_some(room, done);
  }
  into.resize(had + came);
  time(first_byte_seen_ ? Phase::transfer : Phase::first_byte,
       first_byte_seen_ ? begun_ : waiting_since_);
  first_byte_seen_ = first_byte_seen_ || came > 0;
  if (error && came == 0) co_return failure(error, NetError::timeout);
  co_return StreamStatus{};
}

// --- Stream
// -----------------------------------------------------------------------------------------

Stream::Stream(Resolver& resolver, Phases& phases)
    : engine_(std::make_shared<Engine>(resolver, phases)) {}
Stream::~Stream() = default;

asio::awaitable<StreamStatus> Stream::connect(StreamTarget target, SteadyTime deadline) {
  return engine_->connect(std::move(target), deadline);
}

asio::awaitable<StreamStatus> Stream::start_tls(TlsSettings tls, SteadyTime deadline) {
  return engine_->start_tls(std::move(tls), deadline);
}

asio::awaitable<StreamStatus> Stream::write(std::string_view data, SteadyTime deadline) {
  return engine_->write(data, deadline);
}

asio::awaitable<StreamStatus> Stream::read(std::string& into, std::size_t most,
                                           SteadyTime deadline) {
  return engine_->read(into, most, deadline);
}

const std::string& Stream::address() const noexcept {
  return engine_->address();
}

std::optional<int> Stream::certificate_days() const noexcept {
  return engine_->certificate_days();
}

std::string Stream::tls_version() const {
  return engine_->tls_version();
}

const TlsPeer& Stream::peer() const noexcept {
  return engine_->peer();
}

}  // namespace tocsin
