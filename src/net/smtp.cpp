// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One mail is one libcurl transfer of its own, run to its end on a worker's thread: mails are few,
// and a mail server may take its time. The session owns all that it uses, since its thread may
// outlive who waits for it.
#include "net/smtp.h"

#include <functional>
#include <memory>

#include "net/curl_error.h"
#include "net/errno_text.h"
#include "net/resolver.h"
#include "net/smtp_session.h"
#include "net/workers.h"

namespace tocsin {
namespace {

Millis left_until(SteadyTime deadline) noexcept {
  return std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now());
}

std::string entry_for(const asio::ip::address& address) {
  // Host and port it stands for (both: any), then the address and the port (the same).
  return address.is_v6() ? "::[" + address.to_string() + "]:" : "::" + address.to_string() + ":";
}

SmtpAnswer failure(NetError error, std::string text) {
  SmtpAnswer answer;
  answer.error = error;
  answer.error_text = std::move(text);
  return answer;
}

// What there is to say of a session that was given up, or never begun.
SmtpAnswer of_unfinished(Worked worked, const std::string& address, Millis limit) {
  if (worked == Worked::no_worker) {
    return failure(NetError::out_of_resources, "every worker thread is held by something else");
  }
  SmtpAnswer answer =
      failure(NetError::timeout, with_address("no answer within " + show_limit(limit), address));
  answer.in_doubt = true;  // its thread may still hand the mail over
  return answer;
}

bool is_about_connecting(NetError error) noexcept {
  return error == NetError::refused || error == NetError::unreachable ||
         error == NetError::connect_timeout;
}

}  // namespace

asio::awaitable<SmtpAnswer> send_mail(SmtpServer server, SmtpMail mail, SmtpMeans means,
                                      SteadyTime deadline) {
  const Millis limit = Millis{(left_until(deadline).count() + 5) / 10 * 10};
  const Resolver::Answer found = co_await means.resolver.resolve(server.host, deadline);
  if (found.error != NetError::none) co_return failure(found.error, found.error_text);
  const bool literal =
      found.addresses.size() == 1 && found.addresses.front().to_string() == server.host;
  // libcurl ends at the deadline by itself; a little more is for its telling.
  const SteadyTime last = deadline + Millis{500};
  SmtpAnswer answer = failure(NetError::timeout, "no time was left for it");
  std::string failures;
  for (std::size_t i = 0; i < found.addresses.size() && left_until(deadline) > Millis{0}; ++i) {
    const auto session = std::make_shared<SmtpSession>();
    session->server = server;
    session->mail = mail;
    session->address = show_address(found.addresses[i], server.port);
    if (!literal) session->connect_to = entry_for(found.addresses[i]);
    session->deadline = deadline;
    session->limit = limit;
    const auto rest = static_cast<Millis::rep>(found.addresses.size() - i);
    if (rest > 1) session->connect_limit = left_until(deadline) / rest;
    std::function<void()> job = [session] { session->run(); };
    const Worked worked = co_await means.workers.run(0, job, last);
    const bool done = worked == Worked::done || session->answered.load(std::memory_order_acquire);
    answer = done ? session->answer : of_unfinished(worked, session->address, limit);
    if (!done || answer.how != SmtpAnswer::How::failed) co_return answer;
    if (session->connected || !is_about_connecting(answer.error)) co_return answer;
    failures += (failures.empty() ? "" : "; ") + answer.error_text;
  }
  if (!failures.empty()) answer.error_text = failures;
  co_return answer;
}

}  // namespace tocsin
