// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// ping: sends a few ICMP echoes and judges how many came back, and how soon. The addresses of a
// name are tried in order, each with its share of the time that is left; the first that answers at
// all is the one that is judged.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "net/errno_text.h"
#include "net/icmp.h"
#include "net/icmp_packet.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/threshold.h"
#include "probe/types.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr unsigned kCount = 3;
constexpr unsigned kMostCount = 100;
constexpr Millis kSpacing{200};
constexpr Millis kLeastSpacing{10};
constexpr Millis kWait{2'000};
constexpr std::size_t kSize = 56;
constexpr int kTtl = 64;
// Some loss is the network's right; most of it, three times in a row, is not.
constexpr double kDegradedLoss = 50;

constexpr LimitKind kLossKind{Quantity::percent};
constexpr LimitKind kRoundTripKind{Quantity::seconds};

struct PingSettings {
  std::string host;
  IpFamily family = IpFamily::any;
  PingPlan plan;
  Threshold loss;
  Threshold round_trip;
};

// --- words
// ------------------------------------------------------------------------------------------

std::string milliseconds(double seconds) {
  const double value = seconds * 1000;
  return human_number(value, value < 10 ? 3 : 1) + " ms";
}

std::string packets(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " packet" : " packets");
}

const char* name_of(IpFamily family) noexcept {
  return family == IpFamily::v4 ? "IPv4" : "IPv6";
}

// --- figures
// ----------------------------------------------------------------------------------------

struct RoundTrips {
  double least = 0;  // seconds
  double mean = 0;
  double most = 0;
};

RoundTrips round_trips_of(const PingTally& tally) {
  RoundTrips out;
  for (const PingTally::Packet& packet : tally.packets) {
    if (!packet.round_trip) continue;
    const double seconds = std::chrono::duration<double>(*packet.round_trip).count();
    if (out.mean == 0 || seconds < out.least) out.least = seconds;
    out.most = std::max(out.most, seconds);
    out.mean += seconds;
  }
  if (tally.received > 0) out.mean /= tally.received;
  return out;
}

double loss_of(const PingTally& tally) noexcept {
  const auto sent = static_cast<double>(tally.packets.size());
  return sent == 0 ? 100 : 100 * (sent - tally.received) / sent;
}

// What was said last of packets that were lost; empty if nobody said anything.
std::string trouble_of(const PingTally& tally) {
  std::string out;
  for (const PingTally::Packet& packet : tally.packets) {
    if (!packet.round_trip && !packet.trouble.empty()) out = packet.trouble;
  }
  return out;
}

// --- probing
// ----------------------------------------------------------------------------------------

class PingProber final : public Prober {
 public:
  explicit PingProber(PingSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<std::vector<asio::ip::address>> resolve(ProbeContext& context,
                                                          Result& result) const;
  asio::awaitable<void> try_each(ProbeContext& context, std::vector<asio::ip::address> addresses,
                                 Result& result) const;
  void judge_tally(Result& result, const PingTally& tally, std::size_t others) const;
  void judge_loss(Findings& findings, const PingTally& tally) const;
  void judge_round_trip(Findings& findings, const RoundTrips& times) const;
  void measure(Result& result, const PingTally& tally, const RoundTrips& times) const;
  void explain(Result& result, const PingTally& tally) const;

  const PingSettings settings_;
};

asio::awaitable<Result> PingProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  const std::vector<asio::ip::address> addresses = co_await resolve(context, result);
  if (!addresses.empty()) co_await try_each(context, addresses, result);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

// The addresses of the wanted family; with none, the result says why.
asio::awaitable<std::vector<asio::ip::address>> PingProber::resolve(ProbeContext& context,
                                                                    Result& result) const {
  const SteadyTime begun = context.clock.steady();
  Resolver::Answer answer = co_await context.resolver.resolve(settings_.host, context.deadline);
  result.phases.set(Phase::name, micros_between(begun, context.clock.steady()));
  if (answer.error != NetError::none) {
    set_failure(result, answer.error, answer.error_text);
    co_return std::vector<asio::ip::address>();
  }
  if (settings_.family != IpFamily::any) {
    std::erase_if(answer.addresses, [this](const asio::ip::address& address) {
      return address.is_v4() != (settings_.family == IpFamily::v4);
    });
  }
  if (answer.addresses.empty()) {
    set_down(result, "the name has no " + std::string(name_of(settings_.family)) + " address");
  }
  co_return std::move(answer.addresses);
}

asio::awaitable<void> PingProber::try_each(ProbeContext& context,
                                           std::vector<asio::ip::address> addresses,
                                           Result& result) const {
  PingTally tally;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const SteadyTime now = context.clock.steady();
    const auto left = static_cast<SteadyTime::rep>(addresses.size() - i);
    PingPlan plan = settings_.plan;
    plan.address = addresses[i];
    plan.deadline = now + (context.deadline - now) / left;
    result.address = plan.address.to_string();
    tally = co_await context.icmp.ping(plan);
    if (context.explain) explain(result, tally);
    if (tally.received > 0 || verdict_of(tally.error) == Verdict::unknown) break;
  }
  judge_tally(result, tally, addresses.size() - 1);
}

void PingProber::judge_tally(Result& result, const PingTally& tally, std::size_t others) const {
  if (tally.error != NetError::none) {
    set_failure(result, tally.error, tally.error_text);
    return;
  }
  const RoundTrips times = round_trips_of(tally);
  measure(result, tally, times);
  if (tally.received > 0) {
    Findings findings;
    judge_loss(findings, tally);
    judge_round_trip(findings, times);
    findings.tell(result);
    if (!result.reason.empty()) result.reason = with_address(result.reason, result.address);
    return;
  }
  const std::string trouble = trouble_of(tally);
  std::string reason = "no reply to " + packets(tally.packets.size());
  if (!trouble.empty()) reason += ": " + trouble;
  if (others > 0) reason += ", nor from " + std::to_string(others) + " other addresses";
  set_down(result, with_address(std::move(reason), result.address));
}

void PingProber::judge_loss(Findings& findings, const PingTally& tally) const {
  const double loss = loss_of(tally);
  const auto bad = beyond(settings_.loss, {"", loss, 0, ""});
  if (!bad) return;
  std::string text = std::to_string(tally.packets.size() - tally.received) + " of " +
                     packets(tally.packets.size()) + " lost (" + human_number(loss, 0) + " %), " +
                     wanted(settings_.loss, bad->limit);
  const std::string trouble = trouble_of(tally);
  if (!trouble.empty()) text += ": " + trouble;
  findings.add(bad->verdict, std::move(text));
}

void PingProber::judge_round_trip(Findings& findings, const RoundTrips& times) const {
  const auto bad = beyond(settings_.round_trip, {"", times.mean, 0, ""});
  if (!bad) return;
  findings.add(bad->verdict, "slow: round trip " + milliseconds(times.mean) + ", wanted at most " +
                                 milliseconds(bad->limit.value));
}

void PingProber::measure(Result& result, const PingTally& tally, const RoundTrips& times) const {
  result.metrics.push_back(metric_of("loss", settings_.loss, {"", loss_of(tally), 0, ""}));
  if (tally.received == 0) return;
  result.phases.set(Phase::first_byte, Micros{static_cast<Micros::rep>(times.mean * 1e6)});
  result.metrics.push_back(metric_of("round_trip_min", Quantity::seconds, times.least));
  result.metrics.push_back(
      metric_of("round_trip_mean", settings_.round_trip, {"", times.mean, 0, ""}));
  result.metrics.push_back(metric_of("round_trip_max", Quantity::seconds, times.most));
}

void PingProber::explain(Result& result, const PingTally& tally) const {
  result.notes.push_back("asked: " + result.address);
  if (tally.error != NetError::none) {
    result.notes.push_back("failed: " + tally.error_text);
    return;
  }
  result.notes.push_back("sent: " + packets(tally.packets.size()) + " with " +
                         std::to_string(settings_.plan.size) + " bytes by " +
                         (tally.raw ? "a raw" : "an unprivileged") + " socket, id " +
                         std::to_string(tally.id));
  for (std::size_t i = 0; i < tally.packets.size(); ++i) {
    const PingTally::Packet& packet = tally.packets[i];
    std::string fate = packet.trouble.empty() ? "no reply" : packet.trouble;
    if (packet.round_trip) {
      fate = milliseconds(std::chrono::duration<double>(*packet.round_trip).count());
    }
    result.notes.push_back("packet " + std::to_string(i + 1) + ": " + fate);
  }
  const RoundTrips times = round_trips_of(tally);
  std::string sum = "loss " + human_number(loss_of(tally), 1) + " %";
  if (tally.received > 0) {
    sum += ", round trip " + milliseconds(times.least) + " at least, " + milliseconds(times.mean) +
           " on average, " + milliseconds(times.most) + " at most";
  }
  result.notes.push_back(std::move(sum));
  if (tally.duplicates > 0) {
    result.notes.push_back("duplicates: " + std::to_string(tally.duplicates));
  }
  if (tally.late > 0) {
    result.notes.push_back("late: " + std::to_string(tally.late) + " came after " +
                           human_duration(settings_.plan.wait));
  }
  if (tally.wrong > 0) {
    result.notes.push_back("wrong: " + std::to_string(tally.wrong) +
                           " had another payload than was sent");
  }
}

// --- parsing
// ----------------------------------------------------------------------------------------

void parse_host(Settings& settings, PingSettings& ping) {
  ping.host = settings.text("host");
  const std::string family = settings.choice("family", {"any", "ipv4", "ipv6"}, "any");
  if (family != "any") ping.family = family == "ipv4" ? IpFamily::v4 : IpFamily::v6;
  if (!settings.has("host")) {
    settings.error("'host' is missing");
    return;
  }
  if (!is_host(ping.host)) {
    settings.error("host", "not a host's name or an address (an IPv6 one without brackets): \"" +
                               printable(ping.host, 100) + '"');
    return;
  }
  asio::error_code no_address;
  const auto address = asio::ip::make_address(ping.host, no_address);
  const bool other = !no_address && ping.family != IpFamily::any &&
                     address.is_v4() != (ping.family == IpFamily::v4);
  if (other) settings.error("family", "the host is an address of the other family");
}

void parse_packets(Settings& settings, PingPlan& plan, Millis timeout) {
  plan.count = static_cast<unsigned>(settings.integer("count", kCount, {1, kMostCount}));
  plan.spacing = settings.duration("spacing", kSpacing, {kLeastSpacing, std::chrono::minutes{1}});
  plan.wait = settings.duration("wait", std::min(kWait, timeout), {kLeastSpacing, timeout});
  plan.size = settings.size("size", kSize, {0, kMostEchoPayload});
  plan.ttl = static_cast<int>(settings.integer("ttl", kTtl, {1, 255}));
  plan.dont_fragment = settings.flag("dont_fragment", false);
  if ((plan.count - 1) * plan.spacing >= timeout) {
    settings.error(settings.has("count") ? "count" : "spacing",
                   packets(plan.count) + ", " + write_duration(plan.spacing) +
                       " apart, do not fit in the timeout of " + write_duration(timeout));
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  PingSettings ping;
  parse_host(settings, ping);
  parse_packets(settings, ping.plan, timeout);
  ping.loss = parse_threshold(settings, "loss", kLossKind);
  if (!settings.has("loss")) ping.loss.degraded = Limit{kDegradedLoss, true};
  ping.round_trip = parse_threshold(settings, "round_trip", kRoundTripKind);
  std::string target = printable(ping.host, 255);
  return {std::make_shared<PingProber>(std::move(ping)), std::move(target)};
}

}  // namespace

const CheckType kPingCheck{
    .name = "ping",
    .short_key = "host",
    .summary = "ICMP echo, IPv4 and IPv6: several packets, loss and round-trip time",
    .parse = parse,
};

}  // namespace tocsin
