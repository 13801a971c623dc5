// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// tcp: connects; perhaps speaks TLS, at once or after STARTTLS; perhaps holds a dialogue, of its
// keys or by the name of a protocol. Copy this file to begin a new network check: settings, parse,
// prober, and the type at the end.
#include <unistd.h>

#include <optional>
#include <utility>

#include "net/stream.h"
#include "probe/dialogue_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/starttls.h"
#include "probe/types.h"

namespace tocsin {
namespace {

struct TcpSettings {
  StreamTarget target;
  std::optional<TlsSettings> tls;
  std::optional<StartTls> starttls;  // on the way to TLS
  int certificate_days = -1;         // none wanted
  std::string_view protocol;         // of a table; empty: none
  Dialogue dialogue;
  Millis response_time{0};  // no limit
};

// --- parsing
// ----------------------------------------------------------------------------------------

void parse_tls(Settings& settings, TcpSettings& tcp) {
  TlsSettings tls;
  const bool at_once = settings.flag("tls", false);
  auto names = StartTls::names();
  names.push_back("none");
  const std::string starttls = settings.choice("starttls", std::move(names), "none");
  tls.server_name = settings.text("server_name");
  tls.verify = settings.flag("verify", true);
  tls.ca_file = settings.text("ca_file");
  tcp.certificate_days = static_cast<int>(settings.integer("certificate_days", -1, {0, 3650}));
  const bool wanted = at_once || starttls != "none";
  if (wanted) tcp.tls = tls;
  if (starttls != "none") tcp.starttls.emplace(starttls, "");
  if (at_once && tcp.starttls) {
    settings.error("starttls", "it begins in plain text; leave it out, or 'tls: true'");
  }
  for (const char* key : {"server_name", "verify", "ca_file", "certificate_days"}) {
    if (!wanted && settings.has(key)) settings.error(key, "it needs 'tls: true' or 'starttls'");
  }
  if (!tls.server_name.empty() && !is_host(tls.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
  if (!tls.ca_file.empty() && access(tls.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
}

// What is known of the target by the protocols alone.
TargetDefaults defaults_of(const TcpSettings& tcp, const Protocol* protocol) {
  TargetDefaults out;
  out.unix_allowed = true;
  if (protocol != nullptr) {
    const bool at_once = tcp.tls && !tcp.starttls;
    out.port = at_once && protocol->tls_port != 0 ? protocol->tls_port : protocol->port;
    out.unix_socket = protocol->unix_socket;
  } else if (tcp.starttls) {
    out.port = tcp.starttls->port();
  }
  return out;
}

void check_starttls(Settings& settings, const TcpSettings& tcp, const Protocol* protocol) {
  if (!tcp.starttls || protocol == nullptr) return;
  const std::string name(protocol->name);
  if (name != tcp.starttls->name()) {
    settings.error("starttls", "it is not that of 'protocol: " + name + "'");
  } else if (!tcp.starttls->goes_on()) {
    settings.error("starttls", "no more can be asked of " + name + " then; leave out 'protocol'");
  }
}

// --- probing
// ----------------------------------------------------------------------------------------

class TcpProber final : public Prober {
 public:
  explicit TcpProber(TcpSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<StreamStatus> converse(Stream& stream, const ProbeContext& context,
                                         std::vector<std::string>& notes) const;
  asio::awaitable<StreamStatus> secure(Stream& stream, const ProbeContext& context,
                                       std::vector<std::string>& notes) const;

  const TcpSettings settings_;
};

asio::awaitable<Result> TcpProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  Stream stream(context.resolver, result.phases);
  const StreamStatus status = co_await converse(stream, context, result.notes);
  result.took = micros_between(begun, context.clock.steady());
  result.address = stream.address();
  result.certificate_days = stream.certificate_days();
  if (!status) set_failure(result, status.error, status.text);
  judge_certificate(result, settings_.certificate_days);
  judge_response_time(result, settings_.response_time);
  co_return result;
}

asio::awaitable<StreamStatus> TcpProber::converse(Stream& stream, const ProbeContext& context,
                                                  std::vector<std::string>& notes) const {
  if (context.explain) {
    notes.push_back("host: " + show(settings_.target));
    if (!settings_.protocol.empty())
      notes.push_back("protocol: " + std::string(settings_.protocol));
  }
  StreamStatus status = co_await stream.connect(settings_.target, context.deadline);
  if (status && settings_.tls) status = co_await secure(stream, context, notes);
  if (!status || settings_.dialogue.steps.empty()) co_return status;

  Talk said = co_await talk(stream, settings_.dialogue, context.explain, context.deadline);
  notes.insert(notes.end(), said.notes.begin(), said.notes.end());
  co_return std::move(said.status);
}

asio::awaitable<StreamStatus> TcpProber::secure(Stream& stream, const ProbeContext& context,
                                                std::vector<std::string>& notes) const {
  StreamStatus status;
  if (settings_.starttls) {
    status = co_await start_tls_as(*settings_.starttls, stream, *settings_.tls, context.deadline,
                                   context.explain ? &notes : nullptr);
  } else {
    status = co_await stream.start_tls(*settings_.tls, context.deadline);
  }
  if (context.explain && status) notes.push_back("tls: " + stream.tls_version());
  co_return status;
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  TcpSettings tcp;
  const Protocol* protocol = parse_protocol(settings, Transport::tcp);
  parse_tls(settings, tcp);
  check_starttls(settings, tcp, protocol);
  tcp.target = parse_target(settings, defaults_of(tcp, protocol));
  const bool named = tcp.tls && !tcp.tls->server_name.empty();
  const std::string host = named ? tcp.tls->server_name : tcp.target.host;
  if (tcp.starttls) tcp.starttls.emplace(tcp.starttls->name(), host);

  DialogueKeys keys{protocol, host};
  keys.greeted = tcp.starttls && !tcp.starttls->greets_again();
  tcp.dialogue = parse_dialogue(settings, keys);
  tcp.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  if (protocol != nullptr) tcp.protocol = protocol->name;
  std::string target = show(tcp.target);
  return {std::make_shared<TcpProber>(std::move(tcp)), std::move(target)};
}

}  // namespace

const CheckType kTcpCheck{
    .name = "tcp",
    .short_key = "address",
    .summary = "connects to a port; may speak TLS, STARTTLS, a dialogue or a named protocol",
    .parse = parse,
};

}  // namespace tocsin
