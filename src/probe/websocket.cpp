// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// websocket: opens a WebSocket, says what it is told to say, waits for what is expected, pings, and
// closes in order.
//
// A server may send messages at any time, so an expectation is not for the next message but for one
// that meets it by the deadline; those before it are passed over. The end is polite: our close is
// sent, and the server's is waited for shortly, so that it does not log a broken client once a
// minute; unless `close` is asked for, what comes of it judges nothing and is not part of the
// response time.
#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "probe/websocket_settings.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kCloseWait{1000};
constexpr std::size_t kMostNotes = 40;
constexpr std::size_t kLongestNote = 200;

class WebsocketProber final : public Prober {
 public:
  explicit WebsocketProber(WebsocketSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  // One look.
  struct Look {
    WebsocketSession session;
    Result& result;
    SteadyTime deadline;
    bool explain;
  };

  asio::awaitable<StreamStatus> converse(Look& look) const;
  asio::awaitable<StreamStatus> take_step(Look& look, std::size_t index) const;
  asio::awaitable<StreamStatus> await_message(Look& look, const WebsocketStep& step) const;
  asio::awaitable<StreamStatus> ping(Look& look) const;
  asio::awaitable<void> say_goodbye(Look& look) const;
  void judge_ping(Result& result) const;
  void note_request(Look& look) const;
  void note_answer(Look& look) const;
  std::string quoted(const WebsocketEvent& event) const;

  const WebsocketSettings settings_;
};

void note(Result& result, bool explain, std::string text) {
  if (explain && result.notes.size() < kMostNotes) result.notes.push_back(std::move(text));
}

asio::awaitable<Result> WebsocketProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  result.verdict = Verdict::up;
  Look look{{settings_.request, context.resolver, result.phases},
            result,
            context.deadline,
            context.explain};
  if (look.explain) note_request(look);
  const StreamStatus status = co_await converse(look);
  result.took = micros_between(begun, context.clock.steady());
  result.address = look.session.stream().address();
  result.certificate_days = look.session.stream().certificate_days();
  if (!status) set_failure(result, status.error, status.text);
  judge_certificate(result, settings_.certificate_days);
  judge_response_time(result, settings_.response_time);
  judge_ping(result);
  if (status && !settings_.close) co_await say_goodbye(look);
  co_return result;
}

asio::awaitable<StreamStatus> WebsocketProber::converse(Look& look) const {
  StreamStatus status = co_await look.session.open(look.deadline);
  if (look.explain) note_answer(look);
  for (std::size_t i = 0; status && i < settings_.steps.size(); ++i) {
    status = co_await take_step(look, i);
  }
  if (status && settings_.ping) status = co_await ping(look);
  if (status && settings_.close) {
    status = co_await look.session.close(look.deadline);
    if (!status) status.text += ": the server did not answer our close";
    note(look.result, look.explain, status ? "closed: by both sides" : "closed: by us alone");
  }
  co_return status;
}

asio::awaitable<StreamStatus> WebsocketProber::take_step(Look& look, std::size_t index) const {
  const WebsocketStep& step = settings_.steps[index];
  StreamStatus status;
  if (step.sends()) {
    const std::string shown = show_message(step.kind, step.send.shown());
    note(look.result, look.explain, "sent: " + shown);
    status = co_await look.session.send(step.kind, step.send.value(), look.deadline);
  }
  if (status && step.expects()) status = co_await await_message(look, step);
  if (!status && settings_.steps.size() > 1) {
    status.text += " (step " + std::to_string(index + 1) + " of " +
                   std::to_string(settings_.steps.size()) + ")";
  }
  co_return status;
}

asio::awaitable<StreamStatus> WebsocketProber::await_message(Look& look,
                                                             const WebsocketStep& step) const {
  std::string last = "nothing";
  while (true) {
    WebsocketEvent event;
    StreamStatus status = co_await look.session.receive(event, look.deadline);
    if (!status) {
      status.text += ": expected " + step.expected() + ", got " + last;
      co_return status;
    }
    last = quoted(event);
    note(look.result, look.explain, "received: " + last);
    if (step.is_met_by(event.payload)) co_return status;
  }
}

asio::awaitable<StreamStatus> WebsocketProber::ping(Look& look) const {
  Micros took{};
  StreamStatus status = co_await look.session.ping(took, look.deadline);
  if (!status) {
    status.text += ": no answer to our ping";
    co_return status;
  }
  Metric metric;
  metric.name = "ping";
  metric.value = std::chrono::duration<double>(took).count();
  metric.unit = "s";
  look.result.metrics.push_back(std::move(metric));
  note(look.result, look.explain, "pong: after " + std::to_string(took.count()) + " us");
  co_return status;
}

asio::awaitable<void> WebsocketProber::say_goodbye(Look& look) const {
  const SteadyTime bound = std::min(look.deadline, std::chrono::steady_clock::now() + kCloseWait);
  const StreamStatus status = co_await look.session.close(bound);
  note(look.result, look.explain, status ? "closed: by both sides" : "closed: by us alone");
}

void WebsocketProber::judge_ping(Result& result) const {
  if (settings_.ping_time == Millis{0} || result.metrics.empty()) return;
  const double limit = std::chrono::duration<double>(settings_.ping_time).count();
  if (result.metrics.front().value <= limit) return;
  const auto took = static_cast<long>(result.metrics.front().value * 1000);
  const std::string text = "slow pong: " + std::to_string(took) + " ms, wanted within " +
                           std::to_string(settings_.ping_time.count()) + " ms";
  degrade(result, with_address(text, result.address));
}

std::string WebsocketProber::quoted(const WebsocketEvent& event) const {
  if (settings_.request.quotable) return show_message(event.opcode, event.payload);
  return "a message of " + std::to_string(event.payload.size()) + " bytes";
}

void WebsocketProber::note_request(Look& look) const {
  const WebsocketOffer& offer = settings_.request.offer;
  const auto add = [&look](std::string text) { note(look.result, true, std::move(text)); };
  add("request: " + settings_.url.shown());
  for (const auto& [name, value] : settings_.shown_headers) {
    add("sent " + name + ": " + printable(value, kLongestNote));
  }
  if (!offer.origin.empty()) add("sent Origin: " + printable(offer.origin, kLongestNote));
  for (const std::string& name : offer.subprotocols) add("offered subprotocol: " + name);
}

void WebsocketProber::note_answer(Look& look) const {
  const Stream& stream = look.session.stream();
  const auto add = [&look](std::string text) { note(look.result, true, std::move(text)); };
  if (!stream.tls_version().empty()) add("tls: " + stream.tls_version());
  if (stream.certificate_days()) {
    add("certificate: ends in " + std::to_string(*stream.certificate_days()) + " days");
  }
  const auto& head = look.session.head();
  if (!head) return;
  add("answer: " + show_status(*head, settings_.request.quotable) + " from " + stream.address());
  if (!settings_.request.quotable) return;
  for (const char* name : {"Server", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version",
                           "WWW-Authenticate", "Content-Type", "Via", "Retry-After"}) {
    const std::string_view value = head->header(name);
    if (!value.empty()) add(std::string(name) + ": " + printable(value, kLongestNote));
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  WebsocketSettings websocket = parse_websocket(settings, timeout);
  std::string target = websocket.url.shown();
  return {std::make_shared<WebsocketProber>(std::move(websocket)), std::move(target)};
}

}  // namespace

const CheckType kWebsocketCheck{
    .name = "websocket",
    .short_key = "url",
    .summary = "opens a WebSocket; may say something, expect something, ping",
    .parse = parse,
};

}  // namespace tocsin
