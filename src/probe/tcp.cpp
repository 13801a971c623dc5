// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// tcp: connects; perhaps speaks TLS, sends a text, and waits for one. Copy this file to begin a new
// network check: settings, parse, prober, and the type at the end.
#include <unistd.h>

#include <optional>
#include <utility>

#include "net/errno_text.h"
#include "net/stream.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/pattern.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kReadLimit = 64 * 1024;
constexpr std::uint64_t kMostReadLimit = 16 * 1024 * 1024;
// A server that sends byte by byte would have the pattern searched for each: after so much
// searching it is looked for only once more, at the end.
constexpr std::size_t kSearchBudget = 16 * 1024 * 1024;

struct TcpSettings {
  StreamTarget target;
  std::optional<TlsSettings> tls;
  int certificate_days = -1;  // none wanted
  Text send;
  std::string expect;  // as it is
  std::optional<Pattern> expect_matches;
  std::size_t read_limit = kReadLimit;
  Millis response_time{0};  // no limit

  bool expects_something() const noexcept { return !expect.empty() || expect_matches; }
};

// --- parsing
// ----------------------------------------------------------------------------------------

void parse_target(Settings& settings, TcpSettings& tcp) {
  const std::string address = settings.text("address");
  tcp.target.host = settings.text("host");
  tcp.target.port = static_cast<std::uint16_t>(settings.integer("port", 0, {1, 65535}));
  if (settings.has("address")) {
    if (settings.has("host") || settings.has("port")) {
      settings.error("address", "'address' says it all; leave out 'host' and 'port'");
    }
    const auto parsed = parse_stream_target(address);
    if (!parsed) {
      settings.error("address", "not HOST:PORT or [IPv6]:PORT: \"" + printable(address, 100) + '"');
    }
    tcp.target = parsed.value_or(StreamTarget{});
    return;
  }
  if (!settings.has("host")) settings.error("'host' is missing");
  if (!settings.has("port")) settings.error("'port' is missing");
  if (settings.has("host") && !is_host(tcp.target.host)) {
    settings.error("host", "not a host's name or an address (an IPv6 one without brackets): \"" +
                               printable(tcp.target.host, 100) + '"');
  }
}

void parse_tls(Settings& settings, TcpSettings& tcp) {
  TlsSettings tls;
  const bool wanted = settings.flag("tls", false);
  tls.server_name = settings.text("server_name");
  tls.verify = settings.flag("verify", true);
  tls.ca_file = settings.text("ca_file");
  tcp.certificate_days = static_cast<int>(settings.integer("certificate_days", -1, {0, 3650}));
  if (wanted) tcp.tls = tls;
  for (const char* key : {"server_name", "verify", "ca_file", "certificate_days"}) {
    if (!wanted && settings.has(key)) settings.error(key, "it needs 'tls: true'");
  }
  if (!tls.server_name.empty() && !is_host(tls.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
  if (!tls.ca_file.empty() && access(tls.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
}

void parse_exchange(Settings& settings, TcpSettings& tcp, Millis timeout) {
  tcp.send = settings.text_with_secrets("send");
  tcp.expect = settings.text("expect");
  const std::string pattern = settings.pattern("expect_matches");
  tcp.read_limit = settings.size("read_limit", kReadLimit, {1, kMostReadLimit});
  tcp.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  if (!pattern.empty()) tcp.expect_matches.emplace(pattern);
  if (settings.has("read_limit") && !tcp.expects_something()) {
    settings.warn("read_limit", "nothing is read without 'expect' or 'expect_matches'");
  }
  if (tcp.expect.size() > tcp.read_limit) {
    settings.error("expect", "longer than 'read_limit'");
  }
}

// --- probing
// ----------------------------------------------------------------------------------------

class TcpProber final : public Prober {
 public:
  explicit TcpProber(TcpSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<StreamStatus> converse(Stream& stream, SteadyTime deadline,
                                         std::string& answer) const;
  asio::awaitable<StreamStatus> await_answer(Stream& stream, SteadyTime deadline,
                                             std::string& answer) const;
  bool is_expected(std::string_view answer) const;
  std::string expected() const;
  void explain(Result& result, const Stream& stream, std::string_view answer) const;

  const TcpSettings settings_;
};

asio::awaitable<Result> TcpProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  Stream stream(context.resolver, result.phases);
  std::string answer;
  const StreamStatus status = co_await converse(stream, context.deadline, answer);
  result.took = micros_between(begun, context.clock.steady());
  result.address = stream.address();
  result.certificate_days = stream.certificate_days();
  if (!status) set_failure(result, status.error, status.text);
  judge_certificate(result, settings_.certificate_days);
  judge_response_time(result, settings_.response_time);
  if (context.explain) explain(result, stream, answer);
  co_return result;
}

asio::awaitable<StreamStatus> TcpProber::converse(Stream& stream, SteadyTime deadline,
                                                  std::string& answer) const {
  StreamStatus status = co_await stream.connect(settings_.target, deadline);
  if (status && settings_.tls) status = co_await stream.start_tls(*settings_.tls, deadline);
  if (status && !settings_.send.empty()) {
    status = co_await stream.write(settings_.send.value(), deadline);
  }
  if (status && settings_.expects_something()) {
    status = co_await await_answer(stream, deadline, answer);
  }
  co_return status;
}

// Reads until the answer is the expected one, or cannot become it any more.
asio::awaitable<StreamStatus> TcpProber::await_answer(Stream& stream, SteadyTime deadline,
                                                      std::string& answer) const {
  std::size_t searched = 0;
  StreamStatus status;
  while (status && answer.size() < settings_.read_limit) {
    status = co_await stream.read(answer, settings_.read_limit - answer.size(), deadline);
    searched += answer.size();
    if (searched < kSearchBudget && is_expected(answer)) co_return StreamStatus{};
  }
  if (is_expected(answer)) co_return StreamStatus{};
  if (!status) {
    co_return StreamStatus{status.error,
                           status.text + ": expected " + expected() + ", got " + quote(answer)};
  }
  const std::string text = "no " + expected() + " in the first " + std::to_string(answer.size()) +
                           " bytes, which begin " + quote(answer);
  co_return StreamStatus{NetError::protocol, with_address(text, stream.address())};
}

bool TcpProber::is_expected(std::string_view answer) const {
  if (answer.find(settings_.expect) == std::string_view::npos) return false;
  return !settings_.expect_matches || settings_.expect_matches->matches(answer);
}

std::string TcpProber::expected() const {
  std::string out = settings_.expect.empty() ? "" : quote(settings_.expect);
  if (!settings_.expect_matches) return out;
  if (!out.empty()) out += " and ";
  return out + "/" + printable(settings_.expect_matches->source(), 120) + "/";
}

void TcpProber::explain(Result& result, const Stream& stream, std::string_view answer) const {
  result.notes.push_back("host: " + show(settings_.target));
  if (!stream.tls_version().empty()) result.notes.push_back("tls: " + stream.tls_version());
  if (!settings_.send.empty()) {
    result.notes.push_back("sent: " + quote(settings_.send.shown()));
  }
  if (settings_.expects_something()) result.notes.push_back("received: " + quote(answer));
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  TcpSettings tcp;
  parse_target(settings, tcp);
  parse_tls(settings, tcp);
  parse_exchange(settings, tcp, timeout);
  std::string target = show(tcp.target);
  return {std::make_shared<TcpProber>(std::move(tcp)), std::move(target)};
}

}  // namespace

const CheckType kTcpCheck{
    .name = "tcp",
    .short_key = "address",
    .summary = "connects to a port; may speak TLS, send a text and expect one",
    .parse = parse,
};

}  // namespace tocsin
