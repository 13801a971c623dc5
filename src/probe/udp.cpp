// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// udp: sends datagrams and judges what comes back, by the keys of its own or by the name of a
// protocol. A network may lose a datagram on an ordinary day: only when all of `retries` stayed
// without an answer is it the target's fault.
#include <utility>

#include "net/datagram.h"
#include "probe/dialogue_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "probe/udp_talk.h"

namespace tocsin {
namespace {

constexpr int kRetries = 2;
constexpr int kMostRetries = 20;

struct UdpSettings {
  StreamTarget target;
  std::string_view protocol;  // of a table; empty: none
  Dialogue dialogue;
  int retries = kRetries;
  Millis response_time{0};  // no limit
};

class UdpProber final : public Prober {
 public:
  explicit UdpProber(UdpSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<StreamStatus> converse(Datagram& socket, const ProbeContext& context,
                                         Result& result) const;

  const UdpSettings settings_;
};

asio::awaitable<Result> UdpProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  Datagram socket(context.resolver, result.phases);
  const StreamStatus status = co_await converse(socket, context, result);
  result.took = micros_between(begun, context.clock.steady());
  if (!status) set_failure(result, status.error, status.text);
  judge_response_time(result, settings_.response_time);
  co_return result;
}

asio::awaitable<StreamStatus> UdpProber::converse(Datagram& socket, const ProbeContext& context,
                                                  Result& result) const {
  std::vector<std::string>& notes = result.notes;
  if (context.explain) {
    notes.push_back("host: " + show(settings_.target));
    if (!settings_.protocol.empty()) {
      notes.push_back("protocol: " + std::string(settings_.protocol));
    }
  }
  StreamStatus status = co_await socket.find(settings_.target, context.deadline);
  if (!status) co_return status;
  const UdpPatience patience{settings_.retries, context.deadline};
  Talk said = co_await talk(socket, settings_.dialogue, context.explain, patience);
  notes.insert(notes.end(), said.notes.begin(), said.notes.end());
  result.address = said.address;
  co_return std::move(said.status);
}

// Nobody knows whether a datagram without an answer has arrived.
void check_dialogue(Settings& settings, const Dialogue& dialogue) {
  bool expects = false;
  for (const Step& step : dialogue.steps) expects = expects || !step.expect.empty();
  if (!expects) {
    settings.error("nothing is expected: say 'protocol', or what to 'send' and 'expect'");
  } else if (dialogue.steps.front().send.empty()) {
    settings.error("nothing is sent: by UDP, the other side speaks when it is spoken to");
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  UdpSettings udp;
  const Protocol* protocol = parse_protocol(settings, Transport::udp);
  TargetDefaults defaults;
  if (protocol != nullptr) defaults.port = protocol->port;
  udp.target = parse_target(settings, defaults);
  DialogueKeys keys{protocol, udp.target.host};
  keys.has_read_limit = false;
  udp.dialogue = parse_dialogue(settings, keys);
  check_dialogue(settings, udp.dialogue);
  udp.retries = static_cast<int>(settings.integer("retries", kRetries, {0, kMostRetries}));
  udp.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  if (protocol != nullptr) udp.protocol = protocol->name;
  std::string target = show(udp.target);
  return {std::make_shared<UdpProber>(std::move(udp)), std::move(target)};
}

}  // namespace

const CheckType kUdpCheck{
    .name = "udp",
    .short_key = "address",
    .summary = "sends datagrams and expects an answer; or speaks a named protocol",
    .parse = parse,
};

}  // namespace tocsin
