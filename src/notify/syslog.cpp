// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// syslog: the daemon on this machine by /dev/log, or one elsewhere by UDP (RFC 5426), TCP (RFC
// 6587, with octet counting) or TLS (RFC 5425). Each message is one line; the thread key is in its
// structured data (RFC 5424). What listens at /dev/log reads the older form only, in which the line
// begins with the check anyway.
//
// None of these ways has an answer. A message counts as sent when it has been handed over: by UDP
// it may be lost without a trace, by TCP and TLS with the other side's memory.
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "net/datagram.h"
#include "net/local_datagram.h"
#include "net/stream.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/syslog_message.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

namespace tocsin {
namespace {

// What every receiver should take (RFC 5424, 6.1; RFC 5426, 3.2), and what rsyslog and syslog-ng
// take by default where the way has no limit of its own.
constexpr std::size_t kMostByUdp = 2048;
constexpr std::size_t kMost = 8000;
constexpr std::size_t kLongestWords = 200;

enum class By : std::uint8_t { local, udp, tcp, tls };

struct SyslogSettings {
  By by = By::local;
  std::string path;
  StreamTarget target;
  bool is_rfc5424 = false;
  unsigned facility = 3;
  std::string tag;
  std::string data_id;
  TlsSettings tls;
  Millis timeout{};
  Wording wording;
};

Outcome sent() {
  Outcome outcome;
  outcome.what = Outcome::What::sent;
  return outcome;
}

Outcome later(const std::string& why, bool in_doubt) {
  Outcome outcome;
  outcome.reason = printable(why, kLongestWords);
  outcome.in_doubt = in_doubt;
  return outcome;
}

class Syslog final : public Notifier {
 public:
  explicit Syslog(SyslogSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    std::string text = message_text(delivery);
    switch (settings_.by) {
      case By::local: co_return by_local(text);
      case By::udp: co_return co_await by_udp(delivery, std::move(text));
      case By::tcp:
      case By::tls: break;
    }
    co_return co_await by_stream(delivery, std::move(text));
  }

  Pace pace() const override { return {"syslog:" + sink(), Millis{0}, false, false}; }
  std::string sink() const override {
    switch (settings_.by) {
      case By::local: return "unix:" + settings_.path;
      case By::udp: return "udp:" + show(settings_.target);
      case By::tcp: return "tcp:" + show(settings_.target);
      case By::tls: break;
    }
    return "tls:" + show(settings_.target);
  }

 private:
  std::string message_text(const Delivery& delivery) const;
  Outcome by_local(const std::string& text) const;
  asio::awaitable<Outcome> by_udp(const Delivery& delivery, std::string text) const;
  asio::awaitable<Outcome> by_stream(const Delivery& delivery, std::string text) const;

  SyslogSettings settings_;
};

std::string Syslog::message_text(const Delivery& delivery) const {
  const Notification& notification = delivery.notification;
  const Message& message = *notification.message;
  const Words words = words_of(delivery, settings_.wording);
  SyslogMessage out;
  out.facility = settings_.facility;
  out.severity = severity_of(message);
  out.time = delivery.clock.wall();
  out.host = message.instance;
  out.tag = settings_.tag;
  out.pid = ::getpid();
  out.kind = std::string(to_string(message.kind));
  out.data_id = settings_.data_id;
  out.data = {{"thread", notification.thread_key},
              {"check", message.check},
              {"state", std::string(to_string(message.to))},
              {"incident", message.incident == 0 ? "" : std::to_string(message.incident)},
              {"id", notification.uid}};
  out.text = words.title;
  for (const std::string& line : words.lines) out.text += " | " + line;
  const std::size_t most = settings_.by == By::udp ? kMostByUdp : kMost;
  return settings_.is_rfc5424 ? write_rfc5424(out, most) : write_local_syslog(out, most);
}

Outcome Syslog::by_local(const std::string& text) const {
  const LocalSent done = send_local(settings_.path, text, false);
  if (done.error == 0) return sent();
  const bool nobody = done.error == ENOENT || done.error == ECONNREFUSED;
  Outcome outcome = later(done.text + (nobody ? ": does a syslog daemon run here?" : ""), false);
  if (done.error == EACCES || done.error == EPERM || done.error == EPROTOTYPE) {
    outcome.what = Outcome::What::rejected;
  }
  return outcome;
}

asio::awaitable<Outcome> Syslog::by_udp(const Delivery& delivery, std::string text) const {
  const SteadyTime deadline = delivery.clock.steady() + settings_.timeout;
  Phases phases;
  Datagram socket(delivery.resolver, phases);
  StreamTarget target = settings_.target;
  StreamStatus status = co_await socket.find(std::move(target), deadline);
  // The first address that takes it: there is no answer to tell a better one by.
  for (std::size_t i = 0; status && i < socket.addresses(); ++i) {
    status = socket.use(i);
    if (status) status = co_await socket.send(text, deadline);
    if (status) co_return sent();
    if (i + 1 < socket.addresses()) status = {};
  }
  co_return later(status.text, false);
}

asio::awaitable<Outcome> Syslog::by_stream(const Delivery& delivery, std::string text) const {
  const SteadyTime deadline = delivery.clock.steady() + settings_.timeout;
  Phases phases;
  Stream stream(delivery.resolver, phases);
  StreamTarget target = settings_.target;
  StreamStatus status = co_await stream.connect(std::move(target), deadline);
  if (status && settings_.by == By::tls) {
    TlsSettings tls = settings_.tls;
    status = co_await stream.start_tls(std::move(tls), deadline);
  }
  if (!status) co_return later(status.text, false);
  const std::string framed = std::to_string(text.size()) + " " + text;
  status = co_await stream.write(framed, deadline);
  if (!status) co_return later(status.text, true);
  co_return sent();
}

// --- settings
// ------------------------------------------------------------------------------------

void parse_address(Settings& settings, SyslogSettings& syslog) {
  const std::string address = settings.text("address", "unix:/dev/log");
  const auto colon = address.find(':');
  const std::string scheme = address.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : address.substr(colon + 1);
  const auto wrong = [&] {
    settings.error("address",
                   "address is unix:/PATH, udp:HOST:PORT, tcp:HOST:PORT or "
                   "tls:HOST:PORT");
  };
  if (scheme == "unix") {
    if (!parse_unix_target(address)) return wrong();
    syslog.path = rest;
    return;
  }
  const auto target = parse_stream_target(rest);
  if (!target || (scheme != "udp" && scheme != "tcp" && scheme != "tls")) return wrong();
  syslog.target = *target;
  syslog.by = scheme == "udp" ? By::udp : scheme == "tcp" ? By::tcp : By::tls;
}

bool is_word(const std::string& text, std::size_t most, std::string_view forbidden) {
  return !text.empty() && text.size() <= most &&
         text.find_first_of(forbidden) == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::shared_ptr<const Notifier> parse_syslog(Settings& settings) {
  SyslogSettings syslog;
  parse_address(settings, syslog);
  const char* const usual = syslog.by == By::local ? "local" : "rfc5424";
  syslog.is_rfc5424 = settings.choice("format", {"local", "rfc5424"}, usual) == "rfc5424";
  syslog.facility = syslog_facility(settings.choice("facility", syslog_facilities(), "daemon"));
  syslog.tag = settings.text("tag", "tocsin");
  if (!is_word(syslog.tag, 32, "[]:")) {
    settings.error("tag", "tag is a word of at most 32 ASCII characters without [ ] :");
  }
  // RFC 5424, 6.3.2: a name of one's own has an enterprise's number behind the @.
  syslog.data_id = settings.text("data_id", "tocsin@32473");
  if (!is_word(syslog.data_id, 32, "=]\"")) {
    settings.error("data_id", "data_id is a word of at most 32 ASCII characters without = ] \"");
  }
  syslog.tls.ca_file = settings.text("ca_file");
  if (!syslog.tls.ca_file.empty() && ::access(syslog.tls.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  syslog.timeout = settings.duration("timeout", std::chrono::seconds{10},
                                     {std::chrono::seconds{1}, std::chrono::minutes{1}});
  syslog.wording = parse_wording(settings);
  return std::make_shared<Syslog>(std::move(syslog));
}

}  // namespace

const NotifierType kSyslogNotifier{
    "syslog", "", "syslog, on this machine or elsewhere: the thread key is in the structured data",
    parse_syslog};

}  // namespace tocsin
