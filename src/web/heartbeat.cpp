// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// /heartbeat/SECRET[/WORD]: what a job tells. The router has opened the door by then: the request
// names a check, and the secret is in it no more. Whatever else is odd about a request that has the
// right secret, a heartbeat that was sent counts, since one that does not wakes somebody up: of a
// log the end is kept, unknown parameters are overlooked. But a word that means nothing is refused,
// or "/$?" of a shell that has no such variable would be a success.
#include <algorithm>
#include <charconv>

#include "tocsin/result.h"
#include "util/text.h"
#include "web/handlers.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostRunId = 64;
constexpr std::string_view kCut = "…\n";

std::optional<Heartbeat> read_word(std::string_view word) {
  using Event = Heartbeat::Event;
  if (word.empty() || word == "success") return Heartbeat{Event::success, {}, {}, {}, {}};
  if (word == "fail") return Heartbeat{Event::fail, {}, {}, {}, {}};
  if (word == "start") return Heartbeat{Event::start, {}, {}, {}, {}};
  if (word == "log") return Heartbeat{Event::log, {}, {}, {}, {}};
  int code = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, code);
  if (error != std::errc{} || stop != end || code < 0 || code > 255) return std::nullopt;
  return Heartbeat{code == 0 ? Event::success : Event::fail, code, {}, {}, {}};
}

// The end of what was sent, as lines that people can read.
std::string read_log(std::string_view body) {
  std::string log = printable_lines(body, body.size() * 3 + 3);  // U+FFFD takes three bytes
  while (!log.empty() && log.back() == '\n') log.pop_back();
  if (log.size() <= Result::kMostDetails) return log;
  std::size_t from = log.size() - (Result::kMostDetails - kCut.size());
  while (from < log.size() && (static_cast<unsigned char>(log[from]) & 0xC0U) == 0x80U) ++from;
  return std::string(kCut) + log.substr(from);
}

std::string read_run(const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (name == "rid") return printable(value, kMostRunId);
  }
  return {};
}

Response said(std::string_view text) {
  return {200, "text/plain; charset=utf-8", std::string(text) + '\n', {}};
}

Response answer(HeartbeatFate fate) {
  switch (fate) {
    case HeartbeatFate::durable: return said("OK");
    // It counts, and the daemon's disk is not the job's fault; who looks after the daemon is told.
    case HeartbeatFate::memory: return said("OK, noted in memory: the disk refuses it at present");
    case HeartbeatFate::disabled: return said("OK, not noted: the check is disabled");
    case HeartbeatFate::late: break;
  }
  Response response = problem(503, "the daemon is too busy to note it; tell it again");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace

Response take_heartbeat(const Request& request, const Services& services) {
  auto heartbeat = read_word(request.parameter);
  if (!heartbeat) {
    return problem(400,
                   "behind the secret may stand /start, /success, /fail, /log, or an exit code "
                   "from /0 to /255");
  }
  heartbeat->run = read_run(request);
  heartbeat->address = request.peer.address;
  heartbeat->log = read_log(request.body);
  return answer(services.control.note_heartbeat(request.check, std::move(*heartbeat)));
}

}  // namespace tocsin
