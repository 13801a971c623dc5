// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Every row of the table of protocols against scripted servers: the right answer, at once and byte
// by byte, wrong ones, and servers that break off or never end.
#include "probe/protocols.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "probe/protocol_samples.h"
#include "support/raw_server.h"

namespace tocsin {

namespace {

RowFilling filling_of(const ProtocolSample& sample) {
  return {"127.0.0.1", Secret(sample.more.empty() ? "" : "hunter22")};
}

enum class Manner { at_once, slowly, close, reset };

// Plays a server: answers each message of the client's dialogue with the next of the answers; then
// waits, or ends where the next answer would come.
RawServer::Script play(const Protocol& protocol, const ProtocolSample& sample,
                       const std::vector<RowSend>& answers, Manner manner) {
  const auto dialogue = std::make_shared<Dialogue>(dialogue_of(protocol, filling_of(sample)));
  return [=](RawConnection& connection) {
    Nonce nonce{};
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Outgoing& message = dialogue->steps.at(i).send;
      const std::size_t size = message.on_the_wire(nonce).size();
      const std::string sent = connection.read_exactly(size);
      if (sent.size() < size) return;
      const Nonce learnt = learn_nonce(message, sent);
      if (i == 0 || learnt != Nonce{}) nonce = learnt;
      const std::string bytes = answer_bytes(answers[i], nonce);
      if (manner == Manner::slowly) {
        connection.send_slowly(bytes);
      } else {
        connection.send(bytes);
      }
    }
    if (manner == Manner::reset) connection.reset();
    if (manner == Manner::at_once || manner == Manner::slowly) connection.hold();
  };
}

std::string keys(const ProtocolSample& sample, const RawServer& server,
                 const std::string& timeout = "10s") {
  return "timeout: " + timeout + ", tcp: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
         ", protocol: " + std::string(sample.protocol) +
         (sample.more.empty() ? "" : ", " + sample.more) + "}";
}

std::string_view words_of(const Protocol& protocol, std::size_t step) {
  return protocol.steps.at(step).words;
}

template <typename Each>
void for_each_tcp(Each each) {
  for (const ProtocolSample& sample : protocol_samples()) {
    if (sample.transport != Transport::tcp) continue;
    INFO(sample.protocol);
    each(sample, *find_protocol(sample.protocol, Transport::tcp));
  }
}

}  // namespace

TEST_CASE("protocols: the table is sorted, and each row is well written", "[probe]") {
  const auto rows = protocols();
  CHECK(rows.size() >= 25);
  CHECK(std::is_sorted(rows.begin(), rows.end(), [](const Protocol& a, const Protocol& b) {
    return std::pair(a.name, a.transport) < std::pair(b.name, b.transport);
  }));
  const RowFilling filling{"localhost", Secret("hunter22")};
  for (const Protocol& row : rows) {
    INFO(row.name);
    const Dialogue dialogue = dialogue_of(row, filling);
    REQUIRE_FALSE(dialogue.steps.empty());
    for (const Step& step : dialogue.steps) {
      CHECK_FALSE(step.expect.empty());
      CHECK_FALSE(step.expect.wanted().empty());
      CHECK(step.expect.fits("", {}).fit == Fit::not_yet);
    }
    CHECK((row.port != 0 || !row.unix_socket.empty()));
  }
}

TEST_CASE("protocols: each row has answers to be tested with, right and wrong", "[probe]") {
  CHECK(protocol_samples().size() == protocols().size());
  const RowFilling filling{"localhost", Secret("hunter22")};
  for (const Protocol& row : protocols()) {
    INFO(row.name);
    const auto& samples = protocol_samples();
    const auto sample = std::find_if(samples.begin(), samples.end(), [&](const auto& each) {
      return each.protocol == row.name && each.transport == row.transport;
    });
    REQUIRE(sample != samples.end());
    CHECK(sample->right.size() == dialogue_of(row, filling).steps.size());
    CHECK_FALSE(sample->wrong.empty());
  }
}

TEST_CASE("protocols: the right answers are up, at once and byte by byte", "[probe]") {
  for_each_tcp([](const ProtocolSample& sample, const Protocol& protocol) {
    for (const Manner manner : {Manner::at_once, Manner::slowly}) {
      const RawServer server(play(protocol, sample, sample.right, manner));
      const Result result = probe(keys(sample, server));
      CHECK(result.reason == "");
      CHECK(result.verdict == Verdict::up);
    }
  });
}

TEST_CASE("protocols: a wrong answer is down as soon as it is there, in its words", "[probe]") {
  for_each_tcp([](const ProtocolSample& sample, const Protocol& protocol) {
    auto all = sample.wrong;
    all.push_back({say("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html></html>")});
    for (const auto& answers : all) {
      // What has no end of its own is only known to be wrong when the server has ended.
      const auto& want = protocol.steps.at(answers.size() - 1).want;
      const bool has_gap =
          want.wanted.find('*') != std::string_view::npos && want.kind == RowWant::Kind::bytes;
      const bool may_wait = has_gap || want.kind == RowWant::Kind::until;
      const RawServer server(
          play(protocol, sample, answers, may_wait ? Manner::close : Manner::at_once));
      const Result result = probe(keys(sample, server));
      INFO(answers.back().text);
      CHECK(result.verdict == Verdict::down);
      CHECK(result.reason.find("timed out") == std::string::npos);
      const std::string wanted = "expected " + std::string(words_of(protocol, answers.size() - 1));
      INFO(result.reason);
      CHECK(result.reason.find(wanted + ", got ") != std::string::npos);
      CHECK(result.reason.find("hunter22") == std::string::npos);
    }
  });
}

TEST_CASE("protocols: a server that breaks off is down at every point", "[probe]") {
  for_each_tcp([](const ProtocolSample& sample, const Protocol& protocol) {
    for (std::size_t come = 0; come < sample.right.size(); ++come) {
      const std::vector<RowSend> answers(sample.right.begin(),
                                         sample.right.begin() + static_cast<std::ptrdiff_t>(come));
      const RawServer server(play(protocol, sample, answers, Manner::reset));
      const Result result = probe(keys(sample, server));
      INFO(result.reason);
      CHECK(result.verdict == Verdict::down);
      CHECK(result.reason.find("closed the connection") != std::string::npos);
    }
  });
}

TEST_CASE("protocols: a server that never ends is cut off", "[probe]") {
  const std::string endless(std::size_t{1} << 16, '2');
  const RawServer server([&endless](RawConnection& connection) {
    while (connection.send(endless)) {
    }
  });
  for_each_tcp([&](const ProtocolSample& sample, const Protocol&) {
    const Result result = probe(keys(sample, server));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.find("timed out") == std::string::npos);
    CHECK(result.reason.size() < 400);
  });
}

}  // namespace tocsin
