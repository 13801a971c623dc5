// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/udp_talk.h"

#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "net/stream_find.h"
#include "probe/outcome.h"
#include "util/duration.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kFirstWait{1};

class UdpTalker {
 public:
  UdpTalker(Datagram& socket, const Dialogue& dialogue, bool explain, UdpPatience patience)
      : socket_(socket), dialogue_(dialogue), explain_(explain), patience_(patience) {}
  asio::awaitable<Talk> run();

 private:
  asio::awaitable<StreamStatus> speak(SteadyTime deadline);
  asio::awaitable<StreamStatus> step(std::size_t number, SteadyTime deadline);
  asio::awaitable<StreamStatus> await_answer(std::size_t number, SteadyTime deadline);
  SteadyTime end_of_attempt(int attempt, SteadyTime deadline) const;
  StreamStatus judge(std::size_t number, const std::string& answer);
  StreamStatus silent(std::size_t number, steady_clock::duration waited, int asked) const;
  std::string at_step(std::size_t number) const;
  void note(const std::string& what) {
    if (explain_) talk_.notes.push_back(what);
  }

  Datagram& socket_;
  const Dialogue& dialogue_;
  const bool explain_;
  const UdpPatience patience_;
  Nonce nonce_{};
  std::string before_;  // the answer to the step before
  Talk talk_;
};

asio::awaitable<Talk> UdpTalker::run() {
  StreamStatus worst;
  for (std::size_t i = 0; i < socket_.addresses(); ++i) {
    const SteadyTime now = steady_clock::now();
    const SteadyTime share = share_of(patience_.deadline, now, socket_.addresses() - i);
    if (dialogue_.uses_nonce()) nonce_ = random_nonce();
    before_.clear();
    StreamStatus status = socket_.use(i);
    if (status) status = co_await speak(share);
    if (explain_ && socket_.addresses() > 1 && !status) note("failed: " + status.text);
    // Whoever answered is who it is about, however wrong the answer.
    const bool is_final = status || status.error == NetError::protocol;
    if (is_final || weight_of(status.error) > weight_of(worst.error)) {
      worst = std::move(status);
      talk_.address = socket_.address();
    }
    if (is_final) break;
  }
  talk_.status = std::move(worst);
  co_return std::move(talk_);
}

asio::awaitable<StreamStatus> UdpTalker::speak(SteadyTime deadline) {
  StreamStatus status;
  for (std::size_t i = 0; i < dialogue_.steps.size() && status; ++i) {
    status = co_await step(i, deadline);
  }
  if (status && !dialogue_.farewell.empty()) {
    const std::string bytes = dialogue_.farewell.on_the_wire(nonce_);
    co_await socket_.send(bytes, deadline);
  }
  co_return status;
}

SteadyTime UdpTalker::end_of_attempt(int attempt, SteadyTime deadline) const {
  if (attempt >= patience_.retries) return deadline;
  const SteadyTime now = steady_clock::now();
  const auto left = std::max(deadline - now, steady_clock::duration::zero());
  const steady_clock::duration even = left / (patience_.retries + 1 - attempt);
  return now + std::min<steady_clock::duration>(even, kFirstWait * (1 << std::min(attempt, 10)));
}

asio::awaitable<StreamStatus> UdpTalker::step(std::size_t number, SteadyTime deadline) {
  const Step& step = dialogue_.steps[number];
  const std::string message = step.send.on_the_wire(nonce_);
  const SteadyTime begun = steady_clock::now();
  int asked = 0;
  for (int attempt = 0; attempt <= patience_.retries; ++attempt) {
    StreamStatus status;
    if (!step.send.empty()) {
      note("sent: " + (step.send.shown.empty() ? show_bytes(message) : quote(step.send.shown)));
      status = co_await socket_.send(message, deadline);
      ++asked;
    }
    if (!status) co_return StreamStatus{status.error, status.text + at_step(number)};
    if (step.expect.empty()) co_return StreamStatus{};
    const bool again = !step.send.empty();
    const SteadyTime until = again ? end_of_attempt(attempt, deadline) : deadline;
    status = co_await await_answer(number, until);
    if (status.error != NetError::timeout) co_return status;
    if (!again || steady_clock::now() >= deadline) break;
  }
  co_return silent(number, deadline - begun, asked);
}

asio::awaitable<StreamStatus> UdpTalker::await_answer(std::size_t number, SteadyTime deadline) {
  std::string answer;
  for (;;) {
    StreamStatus status = co_await socket_.receive(answer, deadline);
    if (status.error == NetError::timeout) co_return status;
    if (!status) co_return StreamStatus{status.error, status.text + at_step(number)};
    note("received: " + show_bytes(answer));
    const bool is_repeated = number > 0 && answer == before_;
    status = judge(number, answer);
    if (!status && is_repeated) continue;
    before_ = answer;
    co_return status;
  }
}

StreamStatus UdpTalker::judge(std::size_t number, const std::string& answer) {
  const Step& step = dialogue_.steps[number];
  // Line by line a datagram may end without its last line's end.
  Fitting found = step.expect.fits(answer, nonce_);
  if (found.fit == Fit::not_yet && step.expect.lines) {
    found = step.expect.fits(answer + '\n', nonce_);
  }
  if (found.fit == Fit::met) return {};
  const std::string words = step_words(dialogue_, number);
  const std::string text = (words.empty() ? "" : words + ": ") + expected_got(step, answer);
  return {NetError::protocol, with_address(text, socket_.address())};
}

StreamStatus UdpTalker::silent(std::size_t number, steady_clock::duration waited, int asked) const {
  std::string text = "no answer within " + human_duration(waited_for_people(waited));
  if (asked > 1) text += ", asked " + std::to_string(asked) + " times";
  return {NetError::timeout, with_address(text, socket_.address()) + at_step(number)};
}

std::string UdpTalker::at_step(std::size_t number) const {
  const std::string words = step_words(dialogue_, number);
  return words.empty() ? "" : " at " + words;
}

}  // namespace

asio::awaitable<Talk> talk(Datagram& socket, const Dialogue& dialogue, bool explain,
                           UdpPatience patience) {
  UdpTalker talker(socket, dialogue, explain, patience);
  co_return co_await talker.run();
}

}  // namespace tocsin
